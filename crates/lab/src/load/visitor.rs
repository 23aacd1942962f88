//! One person: comes, thinks, does something, thinks again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::asking::{Asked, Received, Told};
use super::checks::check;
use super::gateways::{Content, escaped};
use super::record::Source;
use super::world::World;
use super::{Failure, Person};
use crate::workload::{Lot, Sort, Task, note};

pub(super) struct Visitor {
    world: Arc<World>,
    guest: Guest,
    lot: Lot,
}

/// Somebody, and what they remember. In an open model one person may do several things at once.
#[derive(Clone)]
pub(super) struct Guest {
    person: Arc<Person>,
    /// The last conversation and the last answer.
    last: Arc<Mutex<Option<(String, String)>>>,
}

impl From<Person> for Guest {
    fn from(person: Person) -> Self {
        Self { person: Arc::new(person), last: Arc::default() }
    }
}

#[derive(Deserialize)]
struct Uploaded {
    document_id: String,
}

impl Visitor {
    /// `stream` tells the lots of this one from those of all others.
    pub(super) fn new(world: Arc<World>, guest: Guest, stream: u64) -> Self {
        let lot = Lot::new(world.load.seed, stream);
        Self { world, guest, lot }
    }

    /// For as long as the workload has this person there.
    pub(super) async fn live(mut self) {
        let world = Arc::clone(&self.world);
        let pacing = &world.load.pacing;
        for (comes, leaves) in pacing.presence(self.guest.person.number) {
            let (arrival, leaves) = (world.began + comes, (world.began + leaves).min(world.end));
            sleep_until(arrival).await;
            world.came();
            let mut due = arrival + pacing.think(&mut self.lot);
            while due < leaves {
                self.next(due).await;
                due = Instant::now() + pacing.think(&mut self.lot);
            }
            world.left();
        }
    }

    /// Does something that is due then.
    pub(super) async fn next(&mut self, due: Instant) {
        sleep_until(due).await;
        self.world.woke(due);
        let task = self.world.load.workload.next_task(self.guest.person.class, &mut self.lot);
        self.perform(task, due).await;
    }

    async fn perform(&mut self, task: Task, due: Instant) {
        let last = self.guest.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (task, last) {
            (Task::Parts, _) => self.ask_alone(Sort::Parts, due).await,
            (Task::Conversation, _) => self.converse(due).await,
            (Task::Upload, _) if self.world.load.uploads => self.upload(due).await,
            (Task::Documents | Task::Upload, _) => self.get(Task::Documents, Task::Documents.path(), due).await,
            (Task::Search, _) => {
                let subject = escaped(self.world.load.catalogue.subject(&mut self.lot));
                self.get(task, &task.path().replace("{subject}", &subject), due).await;
            }
            (Task::Metrics, _) => self.read_metrics(due).await,
            (Task::History | Task::Export, Some((conversation, _))) => {
                self.get(task, &task.path().replace("{conversation}", &conversation), due).await;
            }
            (Task::Feedback, Some((_, message))) => {
                let path = task.path().replace("{message}", &message);
                let rating = json!({ "rating": self.lot.rating() });
                let sent = self.send(task, Method::POST, &path, Content::Json(&rating), due).await;
                drop(sent);
            }
            // Whoever has asked nothing yet asks first.
            (Task::Question | Task::FollowUp | Task::History | Task::Export | Task::Feedback, _) => {
                self.ask_alone(Sort::Simple, due).await;
            }
            (Task::Profile | Task::Health | Task::People | Task::CacheStatistics | Task::Dashboard, _) => {
                self.get(task, task.path(), due).await;
            }
        }
    }

    async fn get(&mut self, task: Task, path: &str, due: Instant) {
        let sent = self.send(task, Method::GET, path, Content::Nothing, due).await;
        drop(sent);
    }

    async fn read_metrics(&self, due: Instant) {
        let sent = Instant::now();
        match self.world.load.metrics.as_deref().map(|gateways| gateways.send_open(Task::Metrics.path())) {
            Some(answer) => match answer.await {
                Ok(_) => drop(self.world.answered((self.guest.person.class, Task::Metrics), Source::Other, due, sent)),
                Err(failure) => self.world.failed(Task::Metrics, due, failure),
            },
            None => drop(self.send(Task::Metrics, Method::GET, Task::Health.path(), Content::Nothing, due).await),
        }
    }

    async fn send(
        &self,
        kind: Task,
        method: Method,
        path: &str,
        content: Content<'_>,
        due: Instant,
    ) -> Result<Vec<u8>, ()> {
        let (gateways, sent) = (&self.world.load.gateways, Instant::now());
        match gateways.send(gateways.turn(), method, path, &self.guest.person.token, content).await {
            Ok(body) => {
                self.world.answered((self.guest.person.class, kind), Source::Other, due, sent);
                Ok(body)
            }
            Err(failure) => {
                self.world.failed(kind, due, failure);
                Err(())
            }
        }
    }

    /// A question in a conversation of its own.
    async fn ask_alone(&mut self, sort: Sort, due: Instant) {
        let asked = self.world.next_question(sort, &mut self.lot);
        let kind = if sort == Sort::Parts { Task::Parts } else { Task::Question };
        self.ask(kind, &asked, None, due).await;
    }

    /// A question, and two or three that follow.
    async fn converse(&mut self, due: Instant) {
        let first = self.world.next_question(Sort::Simple, &mut self.lot);
        let Some(conversation) = self.ask(Task::Conversation, &first, None, due).await else { return };
        for _ in 0..self.lot.more_turns() {
            let due = Instant::now() + self.world.load.pacing.turn(&mut self.lot);
            sleep_until(due).await;
            let next = match self.lot.leaning() {
                Some(text) => Asked { text: text.to_owned(), rewording: None, leans_on: Some(first.text.clone()) },
                None => self.world.next_question(Sort::Simple, &mut self.lot),
            };
            if self.ask(Task::FollowUp, &next, Some(&conversation), due).await.is_none() {
                return;
            }
        }
    }

    /// Asks; the conversation, if there was an answer.
    async fn ask(&mut self, kind: Task, asked: &Asked, conversation: Option<&str>, due: Instant) -> Option<String> {
        let received = match self.receive(asked, conversation).await {
            Ok(received) => received,
            Err(failure) => {
                self.world.failed(kind, due, failure);
                return None;
            }
        };
        let source = received.told.source();
        self.world.could_come(asked, received.gateway, due);
        let is_checked = self.world.answered((self.guest.person.class, kind), source, due, received.sent);
        if conversation.is_none() {
            self.world.worded(asked.rewording, source);
            // A later question of a conversation means something else outside of it.
            if is_checked {
                check(&self.world, &self.guest.person, &asked.text, &received).await;
            }
        }
        let Told { conversation_id, message_id, .. } = received.told;
        let answered = Some((conversation_id.clone(), message_id));
        *self.guest.last.lock().unwrap_or_else(PoisonError::into_inner) = answered;
        Some(conversation_id)
    }

    async fn receive(&self, asked: &Asked, conversation: Option<&str>) -> Result<Received, Failure> {
        let (gateways, mark) = (&self.world.load.gateways, self.world.changes.mark());
        let (gateway, sent) = (gateways.turn(), Instant::now());
        let question = json!({ "message": asked.text, "conversation_id": conversation });
        let sending = gateways.send(
            gateway,
            Method::POST,
            Task::Question.path(),
            &self.guest.person.token,
            Content::Json(&question),
        );
        let body = sending.await?;
        let told = serde_json::from_slice(&body).map_err(|_| Failure("broken answer".to_owned()))?;
        Ok(Received { told, body, gateway, mark, sent })
    }

    /// A note for everybody about any subjects. Whoever uploads it sees to something else while it is indexed.
    async fn upload(&mut self, due: Instant) {
        let number = self.world.notes.fetch_add(1, Ordering::Relaxed) ^ self.world.load.nonce;
        let length = self.world.load.workload.next_upload(&mut self.lot);
        let text = note(&self.world.load.catalogue, number, length, &mut self.lot);
        let name = format!("note-{number:x}.md");
        let world = Arc::clone(&self.world);
        let change = world.changes.begin().await;
        // Waiting for those who want no uploads is the measurement's own.
        let (turn, due) = match world.load.check_every {
            0 => (None, due),
            _ => (Some(world.changes.turn().await), Instant::now()),
        };
        let path = Task::Upload.path();
        let sent = self.send(Task::Upload, Method::POST, path, Content::Document(&name, text.as_bytes()), due).await;
        drop(turn);
        let uploaded = sent.ok().and_then(|body| serde_json::from_slice::<Uploaded>(&body).ok());
        let Some(Uploaded { document_id }) = uploaded else { return };
        world.uploaded(document_id.clone());
        tokio::spawn(async move {
            world.indexed(&document_id, due).await;
            drop(change);
        });
    }
}
