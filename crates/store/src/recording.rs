//! Recording questions with their answers. Those that come while others are being written are written together.
//!
//! `SQLite` has one writer, and a transaction of its own for each answer takes it many trips between threads and a wait for
//! the disk. Under load that was most of what it had to do, and everybody who writes waited for it. So exchanges line up
//! here, and whoever's turn it is writes all that are there ("group commit": `DeWitt` et al., "Implementation Techniques for
//! Main Memory Database Systems", 1984). When nobody else is writing, that is one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    DbErr, EntityTrait,
};
use telemetry::Waited;
use tokio::sync::oneshot;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::conversations::Exchange;
use crate::entity::{conversation, message};
use crate::search::terms;
use crate::values::{Author, storable};
use crate::{Result, Store, search};

/// The longest title of a conversation, in characters.
const TITLE_CHARS: usize = 80;
/// Exchanges to a transaction: nobody else writes meanwhile.
const MOST_TOGETHER: usize = 64;

/// Exchanges that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    exchange: Analysed,
    told: oneshot::Sender<Result<()>>,
}

/// An exchange and what it is found by. Made before the transaction, for which others wait.
#[derive(Debug)]
struct Analysed {
    exchange: Exchange,
    question_id: Uuid,
    asked: Vec<String>,
    answered: Vec<String>,
}

impl Analysed {
    fn new(mut exchange: Exchange, question_id: Uuid) -> Self {
        exchange.question = storable(&exchange.question);
        exchange.answer = storable(&exchange.answer);
        let (asked, answered) = (terms(&exchange.question), terms(&exchange.answer));
        Self { exchange, question_id, asked, answered }
    }
}

impl Recorder {
    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let together = waiting.len().min(MOST_TOGETHER);
        waiting.drain(..together).collect()
    }
}

impl Store {
    /// Records a question and its answer, both or none; the first exchange makes the conversation. When this returns, they
    /// are on the disk.
    pub async fn record_exchange(&self, exchange: Exchange) -> Result<()> {
        let keys = [exchange.account_id, exchange.conversation_id];
        let exchange = Analysed::new(exchange, self.clock().new_id());
        if self.is_sqlite() {
            self.record_in_turn(exchange).await?;
        } else {
            self.record_together(&[&exchange]).await?;
        }
        self.wrote_for(&keys).await
    }

    async fn record_in_turn(&self, exchange: Analysed) -> Result<()> {
        let (told, recorded) = oneshot::channel();
        self.recorder.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { exchange, told });
        let store = self.clone();
        // In a task of its own: others' exchanges are written to the end when whoever has the turn gives up.
        let turn = async move {
            let _turn = store.recorder.turn.lock().await;
            store.record_waiting().await;
        };
        let request = Waited::of_request();
        tokio::spawn(async move { request.during(turn).await }.in_current_span());
        recorded.await.map_err(|_| DbErr::Custom("the process ends before an answer was recorded".to_owned()))?
    }

    /// Writes what waits. What cannot be written takes nothing else with it.
    async fn record_waiting(&self) {
        let waiting = self.recorder.take();
        let together: Vec<&Analysed> = waiting.iter().map(|waiting| &waiting.exchange).collect();
        // Somebody before may have written everything.
        if together.is_empty() {
            return;
        }
        let recorded_together = self.record_together(&together).await.is_ok();
        for Waiting { exchange, told } in waiting {
            let recorded = if recorded_together { Ok(()) } else { self.record_together(&[&exchange]).await };
            // Somebody who has gone away does not want to know.
            let _ = told.send(recorded);
        }
    }

    async fn record_together(&self, exchanges: &[&Analysed]) -> Result<()> {
        let transaction = self.begin("conversations.record_exchange").await?;
        let now = self.clock().now();
        let conversations = exchanges.iter().map(|Analysed { exchange, .. }| {
            let title: String = exchange.question.chars().take(TITLE_CHARS).collect();
            conversation::ActiveModel {
                id: Set(exchange.conversation_id),
                account_id: Set(exchange.account_id),
                title: Set(title.split_whitespace().collect::<Vec<_>>().join(" ")),
                created_at: Set(now),
                updated_at: Set(now),
            }
        });
        let account = conversation::Column::AccountId;
        let same_person = Expr::col((conversation::Entity, account)).eq(Expr::col((Alias::new("excluded"), account)));
        let or_goes_on = OnConflict::column(conversation::Column::Id)
            .update_column(conversation::Column::UpdatedAt)
            .action_and_where(same_person)
            .to_owned();
        let touched = conversation::Entity::insert_many(conversations)
            .on_conflict(or_goes_on)
            .exec_without_returning(&transaction);
        if touched.await? != exchanges.len() as u64 {
            return Err(DbErr::Custom("the conversation is somebody else's".to_owned()).into());
        }
        let messages = exchanges.iter().flat_map(|Analysed { exchange, question_id, .. }| {
            let message = |id, author, text: &str, detail| message::ActiveModel {
                id: Set(id),
                conversation_id: Set(exchange.conversation_id),
                author: Set(author),
                text: Set(text.to_owned()),
                detail: Set(detail),
                created_at: Set(now),
                number: NotSet,
            };
            let asked = message(*question_id, Author::User, &exchange.question, None);
            let detail = Some(exchange.detail.clone());
            [asked, message(exchange.message_id, Author::Assistant, &exchange.answer, detail)]
        });
        let messages = message::Entity::insert_many(messages).exec_with_returning(&transaction).await?;
        let numbers: HashMap<Uuid, i64> = messages.into_iter().map(|message| (message.id, message.number)).collect();
        let terms = exchanges.iter().flat_map(|exchange| {
            let number = |id| numbers.get(id).copied();
            [
                (number(&exchange.question_id), &exchange.asked),
                (number(&exchange.exchange.message_id), &exchange.answered),
            ]
        });
        let numbered: Vec<_> = terms.filter_map(|(number, terms)| Some((number?, terms.as_slice()))).collect();
        search::index_terms_of_messages(&transaction, &numbered).await?;
        transaction.commit().await?;
        Ok(())
    }
}
