//! How fast the tiers are, against what they stand on: each lookup in turn with the bare read of the same store, in the same run.

use std::future::Future;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coordination::Coordination;
use hdrhistogram::Histogram;
use sea_orm::sqlx;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::disk::GET;
use crate::l2::Place;
use crate::tiers::{Backing, Cache};
use crate::{Clock, Key, Latency, Lookup, Settings, Tier, Value};

/// Repetitions before the measured ones.
const WARMING: usize = 200;
/// Entries that lookups by key choose from.
const ENTRIES: u64 = 1_000;
/// The most that a hit in L1 may take on average.
pub const MOST_L1_US: f64 = 5.0;
/// The most that a hit in L2 may take, as a multiple of the bare read.
pub const MOST_L2_RATIO: f64 = 1.3;
/// The 95th percentile of a lookup by meaning.
pub const MOST_RAG_P95_US: f64 = 1_500.0;

/// How long hits in process take.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct L1Speed {
    /// Hits one after the other.
    pub hits: usize,
    /// On average, in nanoseconds, without what the measuring takes.
    pub mean_ns: f64,
}

/// How long hits on disk or in Redis take, against bare reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct L2Speed {
    /// Hits of the second tier, the entry decoded, checked, and put into the first.
    pub hit: Latency,
    /// Reads of the same bytes by the client alone, over the same connections.
    pub bare: Latency,
    /// The median of a hit by the median of a bare read.
    pub ratio: f64,
}

/// How long lookups by meaning take, embedding the question left out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RagSpeed {
    /// Questions in the index.
    pub questions: usize,
    /// Components of their vectors.
    pub dimensions: usize,
    /// Lookups that found a question and gave its value.
    pub hit: Latency,
    /// Lookups that found nothing near enough.
    pub miss: Latency,
}

/// Something of the size of an answer with three citations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    answer: String,
    grounded: bool,
    citations: Vec<Quote>,
    sources: Vec<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Quote {
    document_id: Uuid,
    title: String,
    text: String,
    start: usize,
    end: usize,
    score: f32,
}

impl Value for Sample {
    type Change = Uuid;

    fn altered_by(&self, change: &Uuid) -> Option<&'static str> {
        self.sources.contains(change).then_some("source")
    }

    fn sources(&self) -> &[Uuid] {
        &self.sources
    }

    fn is_negative(&self) -> bool {
        !self.grounded
    }
}

impl Sample {
    fn of(number: u64) -> Self {
        let sources: Vec<Uuid> = (0..3).map(|place| Uuid::from_u64_pair(number % 50, place)).collect();
        let sentence =
            format!("Replacement parts of machine {number} are kept for ten years after the last delivery. ");
        let quote = |(place, document_id): (usize, &Uuid)| Quote {
            document_id: *document_id,
            title: format!("Handbook, part {number}"),
            text: sentence.repeat(2),
            start: 1_000 * place,
            end: 1_000 * place + 2 * sentence.len(),
            score: 0.75,
        };
        let citations = sources.iter().enumerate().map(quote).collect();
        Self { answer: sentence.repeat(4), grounded: true, citations, sources }
    }
}

/// Measures hits in process, one after the other.
pub async fn measure_l1(hits: usize) -> L1Speed {
    let cache = filled(Settings::default(), Backing::None, ENTRIES).await;
    let keys: Vec<Key> = (0..ENTRIES).map(key_of).collect();
    let order: Vec<Key> = numbers(hits).filter_map(|number| keys.get(below(number, keys.len())).copied()).collect();
    let began = Instant::now();
    for key in &order {
        black_box(cache.get(&lookup(*key)).await);
    }
    L1Speed { hits: order.len(), mean_ns: began.elapsed().as_secs_f64() * 1e9 / order.len().max(1) as f64 }
}

/// Measures hits on disk, in an empty directory. `None` when it cannot be used.
pub async fn measure_disk(directory: &Path, repetitions: usize) -> Option<L2Speed> {
    let cache = filled(only_l2(), Backing::Disk(directory.to_owned()), ENTRIES).await;
    let Place::Disk(disk) = cache.0.l2.place() else { return None };
    let pool = disk.reading().ok()?;
    let bare = async |key: Key| {
        let query = sqlx::query_scalar::<_, Vec<u8>>(GET).bind(key.as_bytes().as_slice());
        query.fetch_optional(&pool).await.is_ok_and(|value| value.is_some())
    };
    compare(&cache, bare, repetitions).await
}

/// Measures hits in Redis, of which it fills the cache. `None` when Redis does not answer.
pub async fn measure_redis(coordination: &Coordination, repetitions: usize) -> Option<L2Speed> {
    let cache = filled(only_l2(), Backing::Shared(coordination.clone()), ENTRIES).await;
    let Place::Shared(shared) = cache.0.l2.place() else { return None };
    // The names are written beforehand, as a client would have them.
    let names: std::collections::HashMap<Key, String> =
        (0..ENTRIES).map(key_of).map(|key| (key, key.to_string())).collect();
    let bare = async |key: Key| match names.get(&key) {
        Some(name) => shared.bare(name).await,
        None => false,
    };
    let speed = compare(&cache, bare, repetitions).await;
    cache.clear().await;
    speed
}

/// Measures lookups by meaning among so many questions of one scope, half of which find one.
pub async fn measure_rag(questions: usize, dimensions: usize, repetitions: usize) -> RagSpeed {
    const ROOM: u64 = 4 << 30;
    let settings = Settings {
        l1_bytes: ROOM,
        l1_entries: questions + repetitions + WARMING,
        rag_bytes: ROOM,
        rag_entries: questions,
        ..Settings::default()
    };
    let cache = Cache::<Sample>::open(settings, Backing::None, Clock::system()).await;
    begin(&cache);
    for number in 0..questions as u64 {
        let vector = vector_of(number, dimensions);
        let (question, value) = (format!("question {number}"), Sample::of(number));
        let lookup = Lookup { question: &question, ..lookup(key_of(number)) };
        cache.put(&lookup, "simple", Some(&vector), 0, value).await;
    }
    let (mut hit, mut miss) = (times(), times());
    for (repetition, number) in numbers(repetitions + WARMING).enumerate() {
        let number = below(number, questions) as u64;
        let near: Vec<f32> = vector_of(number, dimensions)
            .iter()
            .zip(vector_of(u64::MAX - repetition as u64, dimensions))
            .map(|(a, b)| a + 0.3 * b)
            .collect();
        let far = vector_of(u64::MAX / 2 - repetition as u64, dimensions);
        for vector in [near, far] {
            let asked = lookup(Key::builder("asked").part("number", &repetition).finish());
            let began = Instant::now();
            let found = cache.get_alike(&asked, &vector, "simple", &|_, _| Ok(())).await;
            let times = if found.is_some() { &mut hit } else { &mut miss };
            if repetition >= WARMING {
                times.saturating_record(nanoseconds(began.elapsed()));
            }
        }
    }
    RagSpeed { questions, dimensions, hit: Latency::of(&hit), miss: Latency::of(&miss) }
}

/// The second tier alone: nothing stays in the first.
fn only_l2() -> Settings {
    Settings { l1_entries: 1, ..Settings::default() }
}

async fn compare(cache: &Cache<Sample>, bare: impl AsyncFn(Key) -> bool, repetitions: usize) -> Option<L2Speed> {
    let (mut hit, mut alone) = (times(), times());
    for (repetition, number) in numbers(repetitions + WARMING).enumerate() {
        // Two neighbours, never the one that the first tier has just been given.
        let number = 2 * (number % (ENTRIES / 2));
        let number = if repetition % 2 == 0 { number } else { number + 1 };
        let key = key_of(number);
        let by_us = async {
            let found = timed(cache.get(&lookup(key))).await;
            found.1.is_some_and(|hit| hit.tier == Tier::L2).then_some(found.0)
        };
        let by_itself = async {
            let (took, found) = timed(bare(key)).await;
            found.then_some(took)
        };
        // In turns, so that what disturbs one disturbs both.
        let (ours, its) = if repetition % 4 < 2 {
            let ours = by_us.await?;
            (ours, by_itself.await?)
        } else {
            let its = by_itself.await?;
            (by_us.await?, its)
        };
        if repetition >= WARMING {
            hit.saturating_record(nanoseconds(ours));
            alone.saturating_record(nanoseconds(its));
        }
    }
    let (hit, bare) = (Latency::of(&hit), Latency::of(&alone));
    Some(L2Speed { hit, bare, ratio: hit.p50_us / bare.p50_us })
}

async fn filled(settings: Settings, backing: Backing, entries: u64) -> Cache<Sample> {
    let cache = Cache::open(settings, backing, Clock::system()).await;
    begin(&cache);
    for number in 0..entries {
        cache.put(&lookup(key_of(number)), "simple", None, 0, Sample::of(number)).await;
    }
    cache
}

fn begin(cache: &Cache<Sample>) {
    // A journal that knows nothing accepts any beginning.
    let _ = cache.journal().extend(1, Vec::<Arc<Uuid>>::new());
}

fn lookup(key: Key) -> Lookup<'static> {
    Lookup { key, scope: Uuid::nil(), question: "How long are replacement parts kept?", present: 0 }
}

fn key_of(number: u64) -> Key {
    Key::builder("measure").part("number", &number).finish()
}

/// A vector of a number, always the same, its components between -1 and 1.
fn vector_of(number: u64, dimensions: usize) -> Vec<f32> {
    let mut state = number;
    (0..dimensions).map(|_| (split_mix(&mut state) >> 40) as f32 / 8_388_608.0 - 1.0).collect()
}

/// Numbers by lot, always the same.
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 1;
    (0..count).map(move |_| split_mix(&mut state))
}

/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn below(number: u64, bound: usize) -> usize {
    usize::try_from(number % (bound.max(1) as u64)).unwrap_or_default()
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let began = Instant::now();
    let result = work.await;
    (began.elapsed(), result)
}

fn times() -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
    Histogram::new_with_bounds(1, nanoseconds(Duration::from_mins(1)), 3).expect("valid bounds")
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
