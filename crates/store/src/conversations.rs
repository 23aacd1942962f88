//! Conversations: what was asked and answered, for the person who asked.

use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait as _, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query,
};
use serde_json::Value;
use uuid::Uuid;

pub use crate::entity::conversation::Model as Conversation;
pub use crate::entity::feedback::Model as Feedback;
pub use crate::entity::message::Model as Message;
use crate::entity::{conversation, feedback, message};
use crate::page::{Page, PageRequest};
use crate::values::{Author, storable};
use crate::{Error, Result, Store, search};

/// How many of the latest messages tell what is asked often.
const LATEST_MESSAGES: i64 = 20_000;

/// A question with its answer, to be recorded together.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Who asked.
    pub account_id: Uuid,
    /// The conversation that goes on, or a new one's id.
    pub conversation_id: Uuid,
    /// The id that the answer was given.
    pub message_id: Uuid,
    /// The question.
    pub question: String,
    /// The answer's text.
    pub answer: String,
    /// Everything else that was returned with the answer.
    pub detail: Value,
}

impl Store {
    /// The conversation, if it is this person's.
    pub async fn conversation(&self, account_id: Uuid, id: Uuid) -> Result<Option<Conversation>> {
        let found = conversation::Entity::find_by_id(id)
            .one(&self.read_for(&[account_id, id], "conversations.conversation").await)
            .await?;
        Ok(found.filter(|conversation| conversation.account_id == account_id))
    }

    /// The messages of a conversation, oldest first.
    pub async fn messages(&self, conversation_id: Uuid) -> Result<Vec<Message>> {
        Ok(message::Entity::find()
            .filter(message::Column::ConversationId.eq(conversation_id))
            .order_by_asc(message::Column::Number)
            .all(&self.read_for(&[conversation_id], "conversations.messages").await)
            .await?)
    }

    /// The last `count` questions of a conversation, oldest first.
    pub async fn last_questions(&self, conversation_id: Uuid, count: u64) -> Result<Vec<String>> {
        let mut texts: Vec<String> = message::Entity::find()
            .select_only()
            .column(message::Column::Text)
            .filter(message::Column::ConversationId.eq(conversation_id))
            .filter(message::Column::Author.eq(Author::User))
            .order_by_desc(message::Column::Number)
            .limit(count)
            .into_tuple()
            .all(&self.read_for(&[conversation_id], "conversations.last_questions").await)
            .await?;
        texts.reverse();
        Ok(texts)
    }

    /// The questions that were asked most often among the latest, most often first.
    pub async fn frequent_questions(&self, count: u64) -> Result<Vec<String>> {
        let latest = Expr::cust(format!("number > (SELECT max(number) FROM message) - {LATEST_MESSAGES}"));
        let asked = Expr::col(message::Column::Text);
        let query = Query::select()
            .column(message::Column::Text)
            .from(message::Entity)
            .and_where(latest)
            .and_where(Expr::col(message::Column::Author).eq(Author::User))
            .group_by_col(message::Column::Text)
            .order_by_expr(asked.clone().count(), Order::Desc)
            .order_by_expr(asked, Order::Asc)
            .limit(count)
            .to_owned();
        let connection = self.read("conversations.frequent_questions");
        let rows = connection.query_all(&query).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }

    /// A person's conversations, newest first; the query searches titles, questions and answers by words.
    pub async fn conversations(&self, account_id: Uuid, request: &PageRequest) -> Result<Page<Conversation>> {
        let mut query = conversation::Entity::find()
            .filter(conversation::Column::AccountId.eq(account_id))
            .order_by_desc(conversation::Column::Id)
            .limit(request.capped() + 1);
        if let Some(cursor) = request.cursor {
            query = query.filter(conversation::Column::Id.lt(cursor));
        }
        if let Some(text) = request.query.as_deref().filter(|text| !text.trim().is_empty()) {
            let Some(matching) = self.conversations_matching(text) else {
                return Ok(Page { items: Vec::new(), next_cursor: None });
            };
            query = query.filter(matching);
        }
        Ok(Page::cut(
            query.all(&self.read_for(&[account_id], "conversations.conversations").await).await?,
            request.capped(),
            |conversation| conversation.id,
        ))
    }

    /// Deletes a conversation with its messages and feedback.
    pub async fn delete_conversation(&self, account_id: Uuid, id: Uuid) -> Result<()> {
        let transaction = self.begin("conversations.delete_conversation").await?;
        let mine = conversation::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&transaction)
            .await?
            .is_some_and(|conversation| conversation.account_id == account_id);
        if !mine {
            return Err(Error::NotFound("conversation"));
        }
        search::forget_messages(&transaction, id).await?;
        conversation::Entity::delete_by_id(id).exec(&transaction).await?;
        transaction.commit().await?;
        self.wrote_for(&[account_id, id]).await
    }

    /// Records what a person thought of an answer of theirs; a second judgement replaces the first.
    pub async fn rate_answer(
        &self,
        account_id: Uuid,
        message_id: Uuid,
        rating: i32,
        comment: Option<String>,
    ) -> Result<()> {
        let found = message::Entity::find()
            .filter(message::Column::Id.eq(message_id))
            .filter(message::Column::Author.eq(Author::Assistant))
            .one(&self.read("conversations.rate_answer"))
            .await?
            .ok_or(Error::NotFound("message"))?;
        if self.conversation(account_id, found.conversation_id).await?.is_none() {
            return Err(Error::NotFound("message"));
        }
        let row = feedback::ActiveModel {
            message_id: Set(message_id),
            account_id: Set(account_id),
            rating: Set(rating),
            comment: Set(comment.as_deref().map(storable)),
            created_at: Set(self.clock().now()),
        };
        let replace = sea_query::OnConflict::column(feedback::Column::MessageId)
            .update_columns([feedback::Column::Rating, feedback::Column::Comment, feedback::Column::CreatedAt])
            .to_owned();
        feedback::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.write("conversations.rate_answer"))
            .await?;
        Ok(())
    }

    /// The judgements on the answers of a conversation.
    pub async fn feedback_in(&self, conversation_id: Uuid) -> Result<Vec<Feedback>> {
        let ids = sea_query::Query::select()
            .column(message::Column::Id)
            .from(message::Entity)
            .and_where(message::Column::ConversationId.eq(conversation_id))
            .to_owned();
        Ok(feedback::Entity::find()
            .filter(feedback::Column::MessageId.in_subquery(ids))
            .all(&self.read_for(&[conversation_id], "conversations.feedback_in").await)
            .await?)
    }
}
