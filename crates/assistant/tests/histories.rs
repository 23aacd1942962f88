//! Random histories of uploads, edits, deletions, changes of readers, and questions of several people to two gateways: whatever
//! a cache gives is what a fresh computation gives, and nothing private reaches anybody else.
//!
//! `VOICEASSIST_HISTORIES` says how many; `make soak` runs ten thousand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::print_stdout, reason = "a long run says how far it is")]

mod library;

use std::collections::BTreeMap;

use assistant::{Answer, CacheMode, CacheTier};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use store::Visibility;
use uuid::Uuid;

use library::{Library, QUESTIONS, TEXTS};

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    Upload {
        by: usize,
        text: usize,
        shared: bool,
    },
    /// Those that are about a document take one of those that were uploaded, in turn.
    Replace {
        document: usize,
        text: usize,
    },
    Share {
        document: usize,
        shared: bool,
    },
    Rename {
        document: usize,
        title: usize,
    },
    Delete {
        document: usize,
    },
    Ask(Asked),
    /// Questions that are asked while something changes.
    Meanwhile {
        change: Box<Step>,
        asked: Vec<Asked>,
    },
    Wait {
        seconds: i64,
    },
    DropCache {
        gateway: usize,
    },
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    by: usize,
    question: usize,
    gateway: usize,
    refresh: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    // Few questions, so that they repeat.
    (0..3_usize, 0..QUESTIONS.len(), 0..2_usize, prop::bool::weighted(0.05))
        .prop_map(|(by, question, gateway, refresh)| Asked { by, question, gateway, refresh })
}

fn change() -> impl Strategy<Value = Step> {
    let document = 0..4_usize;
    prop_oneof![
        4 => (0..3_usize, 0..TEXTS.len(), any::<bool>()).prop_map(|(by, text, shared)| Step::Upload { by, text, shared }),
        1 => (document.clone(), 0..TEXTS.len()).prop_map(|(document, text)| Step::Replace { document, text }),
        1 => (document.clone(), any::<bool>()).prop_map(|(document, shared)| Step::Share { document, shared }),
        1 => (document.clone(), 0..3_usize).prop_map(|(document, title)| Step::Rename { document, title }),
        2 => document.prop_map(|document| Step::Delete { document }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => asked().prop_map(Step::Ask),
        6 => change(),
        2 => (change(), prop::collection::vec(asked(), 1..5))
            .prop_map(|(change, asked)| Step::Meanwhile { change: Box::new(change), asked }),
        1 => (1..200_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..2_usize).prop_map(|gateway| Step::DropCache { gateway }),
    ]
}

/// How often what was seen, so that a test that sees nothing fails.
#[derive(Debug, Default)]
struct Seen {
    histories: u64,
    computed: u64,
    hits: BTreeMap<&'static str, u64>,
    hits_after_a_change: u64,
}

impl Seen {
    /// Both together.
    fn and(mut self, other: Self) -> Self {
        self.histories += other.histories;
        self.computed += other.computed;
        for (tier, hits) in other.hits {
            *self.hits.entry(tier).or_default() += hits;
        }
        self.hits_after_a_change += other.hits_after_a_change;
        self
    }
}

/// One history on a library that others were played on before, and what it left is gone.
struct History<'a> {
    library: &'a Library,
    seen: &'a mut Seen,
    documents: Vec<Uuid>,
    changes: u64,
    asked_at: BTreeMap<(usize, usize), u64>,
}

impl History<'_> {
    async fn play(&mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            match step {
                Step::Ask(asked) => self.ask(*asked).await?,
                Step::Meanwhile { change, asked } => self.ask_meanwhile(change, asked).await?,
                Step::Wait { seconds } => self.library.wait(*seconds),
                Step::DropCache { gateway } => drop(self.library.gateways[*gateway].clear_cache().await),
                change => {
                    for part in self.parts(change) {
                        self.library.apply(part).await;
                    }
                    self.changes += 1;
                }
            }
        }
        for document in std::mem::take(&mut self.documents) {
            self.library.apply(library::Change::Delete(document)).await;
        }
        Ok(())
    }

    /// A change in the parts of which each is one number further.
    fn parts(&mut self, change: &Step) -> Vec<library::Change> {
        let number = self.documents.len();
        let of = |document: usize| self.documents.get(document % number.max(1)).copied();
        match *change {
            Step::Upload { by, text, shared } => {
                // Who may not share keeps it private.
                let visibility = if shared && by == 0 { Visibility::Shared } else { Visibility::Private };
                let id = Uuid::now_v7();
                self.documents.push(id);
                vec![
                    library::Change::Upload { id, by, text, visibility },
                    library::Change::Ingest(id),
                    library::Change::Embed(id),
                ]
            }
            Step::Replace { document, text } => of(document).map_or_else(Vec::new, |id| {
                vec![library::Change::Replace { id, text }, library::Change::Ingest(id), library::Change::Embed(id)]
            }),
            Step::Share { document, shared } => {
                let visibility = if shared { Visibility::Shared } else { Visibility::Private };
                of(document).map_or_else(Vec::new, |id| vec![library::Change::Share { id, visibility }])
            }
            Step::Rename { document, title } => of(document).map_or_else(Vec::new, |id| {
                vec![library::Change::Rename { id, title }, library::Change::Ingest(id), library::Change::Embed(id)]
            }),
            Step::Delete { document } => {
                let Some(id) = of(document) else { return Vec::new() };
                self.documents.retain(|kept| *kept != id);
                vec![library::Change::Delete(id)]
            }
            Step::Ask(_) | Step::Meanwhile { .. } | Step::Wait { .. } | Step::DropCache { .. } => Vec::new(),
        }
    }

    async fn ask(&mut self, asked: Asked) -> Result<(), TestCaseError> {
        let mode = if asked.refresh { CacheMode::Refresh } else { CacheMode::Use };
        let given = self.library.ask(asked.gateway, asked.by, asked.question, mode).await;
        self.count(asked, &given);
        let mut wrong = Vec::new();
        for question in candidates(asked.question, &given) {
            let fresh = self.library.ask(1 - asked.gateway, asked.by, question, CacheMode::Bypass).await;
            match difference(&given, &fresh) {
                None => return Ok(()),
                Some(difference) => wrong.push(difference),
            }
        }
        Err(TestCaseError::fail(format!("{asked:?} was given what nobody computes now: {wrong:#?}")))
    }

    /// What is given while something changes is right before or after one of the parts of the change, whichever it met.
    async fn ask_meanwhile(&mut self, change: &Step, all: &[Asked]) -> Result<(), TestCaseError> {
        let parts = self.parts(change);
        self.changes += 1;
        let library = self.library;
        let mut fresh: BTreeMap<u64, Vec<Vec<Answer>>> = BTreeMap::new();
        fresh.insert(library.present().await, computed(library, all).await);
        let asking = futures::future::join_all(all.iter().map(async |asked| {
            let before = library.present().await;
            let given = library.ask(asked.gateway, asked.by, asked.question, CacheMode::Use).await;
            (before, given, library.present().await)
        }));
        let changing = async {
            let mut states = Vec::new();
            for part in parts {
                library.apply(part).await;
                states.push((library.present().await, computed(library, all).await));
            }
            states
        };
        let (given, states) = tokio::join!(asking, changing);
        fresh.extend(states);
        for ((place, asked), (before, given, after)) in all.iter().enumerate().zip(given) {
            self.count(*asked, &given);
            if given.cache.tier.is_none() {
                // A search that meets a change may see a part of it. It is not kept.
                continue;
            }
            let mut possible = fresh.range(before..=after).filter_map(|(_, answers)| answers.get(place)).flatten();
            if !possible.any(|fresh| difference(&given, fresh).is_none()) {
                return Err(TestCaseError::fail(format!(
                    "{asked:?} was given {:?} of {:?}, which nobody computes between {before} and {after}",
                    given.answer, given.cache.tier
                )));
            }
        }
        Ok(())
    }

    fn count(&mut self, asked: Asked, given: &Answer) {
        let owner = ["of the admin", "of anna", "of ben"];
        for (by, name) in owner.iter().enumerate() {
            assert!(by == asked.by || !given.answer.contains(name), "{asked:?} was given what is private {name}");
        }
        let Some(tier) = given.cache.tier else {
            self.seen.computed += 1;
            self.asked_at.insert((asked.by, asked.question), self.changes);
            return;
        };
        *self.seen.hits.entry(tier.name()).or_default() += 1;
        let computed_at = self.asked_at.get(&(asked.by, asked.question));
        self.seen.hits_after_a_change += u64::from(computed_at.is_some_and(|at| *at < self.changes));
    }
}

/// The questions whose answer may be given: its own, and by meaning those that say the same.
fn candidates(question: usize, given: &Answer) -> Vec<usize> {
    let group = QUESTIONS[question].0;
    if given.cache.tier.is_none() {
        return vec![question];
    }
    // What was found by meaning stands under the asker's own name afterwards.
    let alike = (0..QUESTIONS.len()).filter(|other| *other != question && QUESTIONS[*other].0 == group);
    std::iter::once(question).chain(alike).collect()
}

/// The fresh answers that each of these questions may have.
async fn computed(library: &Library, all: &[Asked]) -> Vec<Vec<Answer>> {
    let mut answers = Vec::new();
    for asked in all {
        let group = (0..QUESTIONS.len()).filter(|other| QUESTIONS[*other].0 == QUESTIONS[asked.question].0);
        let mut of_group = Vec::new();
        for question in group {
            of_group.push(library.ask(asked.gateway, asked.by, question, CacheMode::Bypass).await);
        }
        answers.push(of_group);
    }
    answers
}

/// In what an answer differs from another, but for its own ids and times.
fn difference(given: &Answer, fresh: &Answer) -> Option<String> {
    let same_citations = given.citations.len() == fresh.citations.len()
        && given.citations.iter().zip(&fresh.citations).all(|(a, b)| {
            (a.document_id, &a.title, a.chunk_id, &a.quote, a.start, a.end)
                == (b.document_id, &b.title, b.chunk_id, &b.quote, b.start, b.end)
                && (a.score - b.score).abs() < 1e-3
        });
    // That documents are being indexed is said when an answer is given, and is not kept with it.
    let text =
        |answer: &Answer| answer.answer.split(" Some documents are still being indexed").next().map(str::to_owned);
    let same = text(given) == text(fresh) && given.grounded == fresh.grounded && same_citations;
    (!same).then(|| format!("given from {:?}: {given:#?}\nfresh: {fresh:#?}", given.cache.tier))
}

#[test]
fn no_history_makes_the_cache_give_what_is_stale_or_not_ones_own() {
    let histories: u32 = std::env::var("VOICEASSIST_HISTORIES").map_or(25, |text| text.parse().unwrap());
    // Few are played one after the other; each lane has a library of its own, which takes longer to open than they do.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let lanes = if histories < 500 { 1 } else { u32::try_from(cores).unwrap() };
    let seen = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(move || play(histories.div_ceil(lanes)))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).reduce(Seen::and).unwrap()
    });
    println!("{seen:?}");
    for tier in CacheTier::ALL {
        assert!(seen.hits.get(tier.name()).is_some_and(|hits| *hits > 0), "no hit in {}: {seen:?}", tier.name());
    }
    assert!(seen.hits_after_a_change > 0, "every change removed everything: {seen:?}");
}

/// Plays so many histories on a library of their own.
fn play(histories: u32) -> Seen {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let library = runtime.block_on(Library::open());
    let seen = std::cell::RefCell::new(Seen::default());
    let config = Config { cases: histories, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let history = prop::collection::vec(step(), 5..25);
    let played = TestRunner::new(config).run(&history, |steps| {
        let (seen, documents, asked_at) = (&mut *seen.borrow_mut(), Vec::new(), BTreeMap::new());
        seen.histories += 1;
        if seen.histories.is_multiple_of(500) {
            println!("{seen:?}");
        }
        let mut history = History { library: &library, seen, documents, changes: 0, asked_at };
        runtime.block_on(history.play(&steps))
    });
    let seen = seen.into_inner();
    assert!(played.is_ok(), "{seen:?}: {played:?}");
    seen
}
