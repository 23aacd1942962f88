//! A library with two gateways before it, several people, and enough documents for a search to leave some out.

use std::path::PathBuf;
use std::sync::Arc;

use assistant::{Answer, Ask, Assistant, CacheMode, ModeRequest};
use cache::Backing;
use chrono::{DateTime, TimeDelta, Utc};
use coordination::Coordination;
use knowledge::Knowledge;
use sha2::{Digest as _, Sha256};
use store::accounts::NewAccount;
use store::documents::{NewDocument, Stored};
use store::editing::{DocumentChange, NewContent};
use store::values::Role;
use store::{Clock, Store, Visibility};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Questions, each with the group of those that say the same.
pub(crate) const QUESTIONS: &[(usize, &str)] = &[
    (0, "How long is the trial of the Team plan?"),
    (0, "how long is the trial of the team plan"),
    (0, "How long is the Team plan's trial?"),
    (1, "Who waters the plants in the lobby?"),
    (1, "Who is watering the plants in the lobby?"),
    (2, "What is the budget of project Ptarmigan?"),
    (3, "When does the canteen open?"),
    (3, "When does the canteen open, please?"),
    (4, "When does the canteen close?"),
    (5, "How many days of leave do I have?"),
    (6, "How do I bake sourdough bread with rye flour?"),
    (7, "How long is the trial, and who waters the plants?"),
    // More documents have a word of these than a search finds: how well they match counts.
    (8, "Which report follows when the harbour crane is measured after a storm?"),
    (9, "Who is in the report about the glacier?"),
];

/// Texts of documents. `{owner}` is who uploads a private one.
pub(crate) const TEXTS: &[&str] = &[
    "The trial of the Team plan lasts 14 days. After the trial, the plan is billed by the month.",
    "The trial of the Team plan lasts 30 days{owner}. It can be extended once.",
    "The plants in the lobby are watered by Quentin every Monday{owner}.",
    "Since the summer, the plants in the lobby are watered by Priya.",
    "The budget of project Ptarmigan is 40,000 euros{owner}. It was approved in March.",
    "The budget of project Ptarmigan was cut to 12,000 euros.",
    "The canteen opens at 11:30 and closes at 14:00{owner}.",
    "From May on, the canteen opens at noon. It closes at 15:00 on Fridays.",
    "Everybody has 28 days of leave a year{owner}. Unused days expire in March.",
    "Sourdough bread with rye flour is baked at 230 degrees{owner}. The dough rests overnight.",
    "The lighthouse keeper repainted the gallery railing with red lead primer.",
    "The storm moved the harbour crane by an inch, says the report{owner}. It was measured again.",
    "A report about cellars: the boiler, the pipes, the shelves, the wine, the old bicycles, the rats, the light switch, \
     the smell, the stairs, the key that nobody can find, and forty jars of plum jam from the year before last{owner}.",
    "The glacier guide is named in the report of the alpine club.",
    "A quorum of seven members is needed to amend the yacht club's constitution.",
];

const TITLES: &[&str] = &["Notes", "What everybody asks", "Team plan and canteen"];

/// Something that takes at most one number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Upload { id: Uuid, by: usize, text: usize, visibility: Visibility },
    Replace { id: Uuid, text: usize },
    Share { id: Uuid, visibility: Visibility },
    Rename { id: Uuid, title: usize },
    Ingest(Uuid),
    Embed(Uuid),
    Delete(Uuid),
}

pub(crate) struct Library {
    store: Store,
    clock: Clock,
    /// What uploads and what indexes.
    worker: Knowledge,
    pub(crate) gateways: Vec<Assistant>,
    people: Vec<Uuid>,
    /// What documents are called in a history, and in the database; and whose they are.
    ids: Mutex<std::collections::HashMap<Uuid, (Uuid, usize)>>,
    // Removed with the library.
    _directory: Arc<tempfile::TempDir>,
}

impl Library {
    pub(crate) async fn open() -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        let clock = Clock::manual(start);
        let url = test_servers::database_of_the_profile().await.map(store::DatabaseUrl::new);
        let database = store::Settings { url, min_connections: 0, max_connections: 5, ..store::Settings::default() };
        let model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-minilm-l6-v2"));
        let documents = knowledge::Settings { model_directory: Some(model), ..knowledge::Settings::default() };
        let open = async || {
            let store = Store::open(directory.path(), &database, clock.clone()).await.unwrap();
            Knowledge::open(store, documents.clone()).await.unwrap()
        };
        let worker = open().await;
        let redis = redis();
        let mut gateways = Vec::new();
        for _ in 0..2 {
            let backing = match &redis {
                Some(settings) => Backing::Shared(connected(settings).await),
                None => Backing::Disk(directory.path().to_owned()),
            };
            gateways.push(Assistant::open(open().await, cache::Settings::default(), backing).await.unwrap());
        }
        let store = worker.store().clone();
        let mut people = Vec::new();
        for email in ["admin@example.org", "anna@example.org", "ben@example.org"] {
            let new = NewAccount {
                email: email.to_owned(),
                name: email.to_owned(),
                password_hash: String::new(),
                role: Role::User,
            };
            people.push(store.add_account(new).await.unwrap().id);
        }
        let library =
            Self { store, clock, worker, gateways, people, ids: Mutex::default(), _directory: Arc::clone(&directory) };
        library.fill().await;
        library
    }

    /// Shared documents about this and that, so that a search by meaning does not find all there is.
    async fn fill(&self) {
        let things =
            ["harbour crane", "violin bow", "glacier", "beehive", "printing press", "tax return", "compost heap"];
        let deeds =
            ["is inspected", "was restored", "is described", "is measured", "was photographed", "is rented out"];
        let times = ["in winter", "by volunteers", "after a storm", "for the archive"];
        for thing in things {
            for deed in deeds {
                for time in times {
                    let text = format!("The {thing} {deed} {time}, and a report about the {thing} follows.");
                    self.upload(0, Visibility::Shared, text).await;
                }
            }
        }
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) async fn present(&self) -> u64 {
        self.store.present_change().await.unwrap()
    }

    pub(crate) async fn ask(&self, gateway: usize, by: usize, question: usize, cache: CacheMode) -> Answer {
        let ask = Ask {
            account_id: self.people[by],
            standing: None,
            message: QUESTIONS[question].1.to_owned(),
            conversation_id: None,
            mode: ModeRequest::Auto,
            cache,
        };
        self.gateways[gateway].ask(ask, None).await.unwrap()
    }

    async fn upload(&self, by: usize, visibility: Visibility, text: String) -> Uuid {
        let new = NewDocument {
            owner_id: self.people[by],
            visibility,
            title: Some("Notes".to_owned()),
            file_name: "note.txt".to_owned(),
            format: "text".to_owned(),
            sha256: Sha256::digest(&text).into(),
            bytes: text.into_bytes(),
        };
        let (Stored::Created(document) | Stored::Existing(document)) = self.store.add_document(new).await.unwrap();
        self.ingest(document.id).await;
        self.embed(document.id).await;
        document.id
    }

    async fn ingest(&self, id: Uuid) {
        self.worker.ingest(id).await.unwrap();
    }

    async fn embed(&self, id: Uuid) {
        self.worker.embed(&[id]).await.unwrap();
    }

    pub(crate) async fn apply(&self, change: Change) {
        let known = async |id: Uuid| self.ids.lock().await.get(&id).copied();
        match change {
            Change::Upload { id, by, text, visibility } => {
                let bytes = written(text, by, visibility);
                let new = NewDocument {
                    owner_id: self.people[by],
                    visibility,
                    title: None,
                    file_name: "note.txt".to_owned(),
                    format: "text".to_owned(),
                    sha256: Sha256::digest(&bytes).into(),
                    bytes,
                };
                if let Stored::Created(document) = self.store.add_document(new).await.unwrap() {
                    self.ids.lock().await.insert(id, (document.id, by));
                }
            }
            Change::Replace { id, text } => {
                let Some((id, by)) = known(id).await else { return };
                let Some(document) = self.store.any_document(id).await.unwrap() else { return };
                let bytes = written(text, by, document.visibility());
                let new = NewContent {
                    file_name: "note.txt".to_owned(),
                    format: "text".to_owned(),
                    sha256: Sha256::digest(&bytes).into(),
                    bytes,
                };
                // Its readers may have the same bytes already.
                let _ = self.store.replace_content(id, new).await;
            }
            Change::Share { id, visibility } => {
                let Some((id, _)) = known(id).await else { return };
                // What names its owner as the only reader stays private.
                let text = self.store.document_text(id).await.unwrap().unwrap_or_default();
                if visibility == Visibility::Private
                    || !text.contains(" of ")
                    || !OWNERS.iter().any(|o| text.contains(o))
                {
                    let change = DocumentChange { visibility: Some(visibility), title: None };
                    let _ = self.store.change_document(id, change).await;
                }
            }
            Change::Rename { id, title } => {
                let Some((id, _)) = known(id).await else { return };
                let change = DocumentChange { visibility: None, title: Some(TITLES[title].to_owned()) };
                self.store.change_document(id, change).await.unwrap();
            }
            Change::Ingest(id) => {
                if let Some((id, _)) = known(id).await {
                    self.ingest(id).await;
                }
            }
            Change::Embed(id) => {
                if let Some((id, _)) = known(id).await {
                    self.embed(id).await;
                }
            }
            Change::Delete(id) => {
                let Some((id, _)) = known(id).await else { return };
                self.worker.delete(id).await.unwrap();
                self.gateways[0].forget_document(id).await;
            }
        }
    }
}

const OWNERS: [&str; 3] = ["of the admin", "of anna", "of ben"];

/// A text that says whose it is, if it is private.
fn written(text: usize, by: usize, visibility: Visibility) -> Vec<u8> {
    let owner = match visibility {
        Visibility::Shared => String::new(),
        Visibility::Private => format!(", says the diary {}", OWNERS[by]),
    };
    TEXTS[text].replace("{owner}", &owner).into_bytes()
}

/// In the cluster profile the gateways share a Redis.
fn redis() -> Option<coordination::Settings> {
    let url = coordination::RedisUrl::new(test_servers::redis_of_the_profile()?);
    let key_prefix = format!("histories-{}:", Uuid::now_v7());
    Some(coordination::Settings { url: Some(url), key_prefix, ..Default::default() })
}

async fn connected(settings: &coordination::Settings) -> Coordination {
    let coordination = Coordination::start(settings).unwrap();
    while coordination.counters().state == coordination::State::Starting {
        tokio::task::yield_now().await;
    }
    coordination
}
