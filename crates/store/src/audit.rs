//! Who did what. Entries are added and never changed: the database itself refuses it.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::entity::audit_entry;
pub use crate::entity::audit_entry::Model as Entry;
use crate::page::{Page, PageRequest, containing};
use crate::values::{AuditAction, AuditOutcome, storable};
use crate::{Result, Store};

/// What somebody does.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// What.
    pub action: AuditAction,
    /// Whether it came about.
    pub outcome: AuditOutcome,
    /// Whose account, where somebody was recognised.
    pub actor_id: Option<Uuid>,
    /// The address of that account, the one that was typed, or what acts instead of a person.
    pub actor: String,
    /// What it is done to: an id or an address.
    pub subject: Option<String>,
    /// More about it. Nobody's words: no question, no title of a document.
    pub detail: Option<String>,
    /// Where the request came from.
    pub client: Option<String>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those of one action.
    pub action: Option<AuditAction>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
}

/// The longest text of a column; what is longer was not typed by anybody.
const LONGEST: usize = 255;

impl Store {
    /// Adds an entry.
    pub async fn add_audit_entry(&self, new: NewEntry) -> Result<()> {
        let short = |text: String| storable(&text.chars().take(LONGEST).collect::<String>());
        let entry = Entry {
            id: self.clock().new_id(),
            at: self.clock().now(),
            action: new.action,
            outcome: new.outcome,
            actor_id: new.actor_id,
            actor: short(new.actor),
            subject: new.subject.map(short),
            detail: new.detail.map(|detail| storable(&detail)),
            client: new.client.map(short),
        };
        let insertion = audit_entry::Entity::insert(entry.into_active_model());
        insertion.exec_without_returning(&self.write("audit.add")).await?;
        Ok(())
    }

    /// The entries, newest first; `query` is looked for in actors, subjects, details and client addresses.
    pub async fn audit_entries(&self, wanted: &Wanted, request: &PageRequest) -> Result<Page<Entry>> {
        let mut query = audit_entry::Entity::find().order_by_desc(audit_entry::Column::Id).limit(request.capped() + 1);
        if let Some(cursor) = request.cursor {
            query = query.filter(audit_entry::Column::Id.lt(cursor));
        }
        if let Some(action) = wanted.action {
            query = query.filter(audit_entry::Column::Action.eq(action));
        }
        if let Some(since) = wanted.since {
            query = query.filter(audit_entry::Column::At.gte(since));
        }
        if let Some(until) = wanted.until {
            query = query.filter(audit_entry::Column::At.lt(until));
        }
        if let Some(text) = &request.query {
            let columns = [
                audit_entry::Column::Actor,
                audit_entry::Column::Subject,
                audit_entry::Column::Detail,
                audit_entry::Column::Client,
            ];
            let any = columns.into_iter().fold(Condition::any(), |any, column| any.add(containing(column, text)));
            query = query.filter(any);
        }
        Ok(Page::cut(query.all(&self.read("audit.entries")).await?, request.capped(), |entry| entry.id))
    }
}
