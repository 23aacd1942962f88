//! Writing down who did what: sign-ins, accounts, documents, the cache. Questions are nobody's business.
//!
//! What is done is written down afterwards, in a statement of its own. Where that fails, the log says so: what somebody asked
//! for has happened, and is not taken back.

use std::net::IpAddr;

use store::Store;
use store::audit::NewEntry;
use store::values::{AuditAction, AuditOutcome};
use uuid::Uuid;

use crate::Gateway;
use crate::auth::User;

/// Something that somebody does.
#[derive(Clone, Debug)]
#[must_use = "a deed that is not written down is forgotten"]
pub struct Deed {
    entry: NewEntry,
}

impl Deed {
    /// By somebody who is signed in.
    pub(crate) fn of(user: &User, action: AuditAction) -> Self {
        let entry = Self::new(action, user.account.email.clone()).entry;
        Self { entry: NewEntry { actor_id: Some(user.id()), client: Some(user.client.to_string()), ..entry } }
    }

    /// By somebody who says that this is their address.
    pub(crate) fn of_visitor(client: IpAddr, email: &str, action: AuditAction) -> Self {
        // People type their password into the wrong field; that must not stand in a log.
        let actor = if email.contains('@') { email.trim().to_lowercase() } else { "(no address)".to_owned() };
        let entry = Self::new(action, actor).entry;
        Self { entry: NewEntry { client: Some(client.to_string()), ..entry } }
    }

    /// By whoever may run commands on this machine.
    pub fn of_command_line(action: AuditAction) -> Self {
        Self::new(action, "(command line)".to_owned())
    }

    fn new(action: AuditAction, actor: String) -> Self {
        let outcome = AuditOutcome::Done;
        Self { entry: NewEntry { action, outcome, actor_id: None, actor, subject: None, detail: None, client: None } }
    }

    /// The account that was recognised, or made.
    pub(crate) fn by_account(mut self, id: Uuid) -> Self {
        self.entry.actor_id = Some(id);
        self
    }

    /// To what.
    pub fn to(mut self, subject: &impl ToString) -> Self {
        self.entry.subject = Some(subject.to_string());
        self
    }

    /// How, in words that are nobody's.
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.entry.detail = Some(detail.into()).filter(|detail: &String| !detail.is_empty());
        self
    }

    /// It was not allowed.
    pub(crate) fn refused(mut self) -> Self {
        self.entry.outcome = AuditOutcome::Refused;
        self
    }

    /// Writes it down.
    pub async fn write_down(self, store: &Store) {
        if let Err(error) = store.add_audit_entry(self.entry.clone()).await {
            tracing::error!(%error, entry = ?self.entry, "the audit log could not be written");
        }
    }
}

impl Gateway {
    /// Writes down what was done.
    pub(crate) async fn write_down(&self, deed: Deed) {
        deed.write_down(self.store()).await;
    }
}
