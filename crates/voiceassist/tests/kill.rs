//! The drill: an import that is killed again and again loses nothing, doubles nothing, and ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "whoever repeats a failed drill needs its seed and its moments")]

mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use store::search::Frequency;
use store::{Clock, Reader, Store};
use support::client::Client;
use support::program::Home;
use support::until;

const FILES: usize = 200;
const KILLS: usize = 20;
const OWNER: &str = "ada@example.org";
/// Names the seed of a drill that is to be repeated.
const SEED: &str = "VOICEASSIST_DRILL_SEED";

#[tokio::test]
async fn an_import_that_is_killed_twenty_times_ends_with_every_document_once() {
    let seed = std::env::var(SEED).map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("repeat this drill with {SEED}={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut drill = Drill::prepare(&mut random).await;
    let mut finished = 0;
    let mut kills = 0;
    while kills < KILLS {
        let moment = Moment::draw(kills, &mut random);
        if drill.run_until(&moment).await {
            kills += 1;
            println!("kill {kills} {moment:?}");
        } else {
            // Chance let it come to its end before the last kill; the others are for another import.
            drill.check().await;
            finished += 1;
            assert!(finished < 5, "imports come to their end before they can be killed");
            drill = Drill::prepare(&mut random).await;
        }
    }
    drill.check().await;
}

/// When an import is killed. Its own progress is the measure: the time that it takes depends on what else the machine
/// does.
#[derive(Debug)]
struct Moment {
    /// Batches of documents that it has computed the vectors of.
    batches: usize,
    /// How long after the last of those, or after the beginning of the work.
    after: Duration,
}

impl Moment {
    /// The first kills come while files are still being read, the others all along the rest.
    fn draw(kills: usize, random: &mut StdRng) -> Self {
        let batches = if kills < KILLS / 4 { 0 } else { *[0, 1, 1, 2, 2].choose(random).unwrap() };
        Self { batches, after: Duration::from_millis(random.random_range(0..150)) }
    }
}

/// An import of generated files, each with a word of its own.
struct Drill {
    home: Home,
    password: String,
    /// The word of each file.
    words: BTreeMap<String, String>,
}

impl Drill {
    async fn prepare(random: &mut StdRng) -> Self {
        // The worker says at this level when a batch has its vectors.
        let home = Home::new().set("LOGS__LEVEL", "info,worker=debug");
        let password = home.add_person(OWNER, &[]).await;
        let mut words = BTreeMap::new();
        for number in 0..FILES {
            let word = format!("{}{number:03}", pick(random, &SYLLABLES, 4).concat());
            let (name, content) = file(number, &word, random);
            home.write(&format!("files/{name}"), content);
            words.insert(name, word);
        }
        Self { home, password, words }
    }

    /// Starts the import, or goes on with it, and kills it. False if it came to its end before.
    async fn run_until(&self, moment: &Moment) -> bool {
        let mut import = self.home.start(["import", "files"]);
        let lock = self.home.data().join("serving.lock");
        until("the import to come as far as it should", async || {
            let works = File::open(&lock).is_ok_and(|file| file.try_lock().is_err());
            let batches = import.err().matches("embedded").count();
            ((works && batches >= moment.batches) || import.ended().is_some()).then_some(())
        })
        .await;
        let now = Instant::now();
        until("the moment of the kill", async || (now.elapsed() >= moment.after).then_some(())).await;
        if let Some(status) = import.ended() {
            assert!(status.success(), "{status}: {}", import.err());
            return false;
        }
        let status = import.kill();
        assert_eq!(status.code(), None, "{status}: {}", import.err());
        true
    }

    /// Runs the import to its end, and checks that it is as if nobody had ever killed it.
    async fn check(&self) {
        let done = self.home.succeed(["import", "files"]).await;
        println!("{}", done.out.trim_end());
        assert!(done.out.starts_with(&format!("{FILES} files: {FILES} documents ready")), "{done:?}");
        assert!(done.out.contains(" 0 failed, 0 left out"), "{done:?}");

        let server = self.home.serve([""; 0]).await;
        let client = Client::sign_in(&server.base, OWNER, &self.password).await;
        let documents = client.documents().await;
        let mut names: Vec<&str> = documents.iter().map(|document| document["file_name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert!(names.iter().eq(self.words.keys()), "{names:?}");
        for document in &documents {
            assert_eq!(document["status"], "ready", "{document}");
            assert!(document["chunks"].as_u64() > Some(0), "{document}");
            assert_eq!(document["chunks"], document["embedded_chunks"], "{document}");
        }
        let jobs = client.get("/api/admin/jobs").await.ok();
        assert_eq!(jobs["items"].as_array().unwrap().len(), 0, "{jobs}");
        for (name, word) in &self.words {
            self.check_search(&client, name, word).await;
        }
        let model = client.get("/api/admin/settings").await.ok()["embedding_model"].as_str().unwrap().to_owned();
        let chunks = documents.iter().map(|document| document["chunks"].as_u64().unwrap()).sum();
        assert!(server.stop().await.success());
        self.check_indexes(&model, chunks).await;
    }

    /// Asserts that the word of a file finds that file, and nothing else that has the word.
    async fn check_search(&self, client: &Client, name: &str, word: &str) {
        let found = client.get(&format!("/api/search?q={word}")).await.ok();
        let hits = found["items"].as_array().unwrap().iter();
        let hits: Vec<_> = hits.filter(|hit| hit["text"].as_str().unwrap().contains(word)).collect();
        assert_eq!(hits.len(), 1, "{word}: {found}");
        let id = hits[0]["document_id"].as_str().unwrap();
        let document = client.get(&format!("/api/documents/{id}")).await.ok();
        assert_eq!(document["file_name"], name, "{word}");
    }

    /// Asserts that the indexes themselves hold nothing twice: a search would not show it.
    async fn check_indexes(&self, model: &str, chunks: u64) {
        let store = Store::open(self.home.data(), &store::Settings::default(), Clock::System).await.unwrap();
        let stems: Vec<String> = self.words.values().map(|word| store::search::stem(word)).collect();
        let (_, statistics) = store.term_statistics(Reader::new(uuid::Uuid::nil()), &stems).await.unwrap();
        let once = Frequency { documents: 1, chunks: 1 };
        assert!(statistics.iter().all(|of_word| of_word.shared == once), "{statistics:?}");
        let vectors = store.load_vectors(model, 0, 2 * chunks).await.unwrap();
        assert_eq!(vectors.len() as u64, chunks);
    }
}

const SYLLABLES: [&str; 16] =
    ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta"];

const NOUNS: [&str; 24] = [
    "anchor", "bollard", "capstan", "dredger", "estuary", "ferry", "gangway", "harbour", "inlet", "jetty", "keel",
    "lantern", "mast", "net", "oar", "pilot", "quay", "rudder", "sluice", "tide", "urchin", "vessel", "winch", "yawl",
];

fn pick<'a>(random: &mut StdRng, from: &[&'a str], count: usize) -> Vec<&'a str> {
    (0..count).map(|_| *from.choose(random).unwrap()).collect()
}

/// A small file in one of four formats.
fn file(number: usize, word: &str, random: &mut StdRng) -> (String, String) {
    let nouns = pick(random, &NOUNS, 12);
    let sentence = format!("The {} of {word} lies beside the {}.", nouns[0], nouns[1..].join(", the "));
    match number % 4 {
        0 => (format!("note-{number}.md"), format!("# Berth {number}\n\n{sentence}\n")),
        1 => (format!("note-{number}.txt"), format!("Berth {number}\n\n{sentence}\n")),
        2 => (
            format!("note-{number}.html"),
            format!("<!doctype html><title>Berth {number}</title><h1>Berth {number}</h1><p>{sentence}</p>"),
        ),
        _ => {
            let rows: Vec<String> = nouns[3..].chunks(3).map(|row| format!("{number},{}", row.join(","))).collect();
            let head = format!("berth,first,second,third\n{number},{word},{},{}", nouns[0], nouns[1]);
            (format!("note-{number}.csv"), format!("{head}\n{}\n", rows.join("\n")))
        }
    }
}
