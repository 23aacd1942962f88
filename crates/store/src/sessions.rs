//! Sessions: signed-in browsers and families of refresh tokens.

use chrono::TimeDelta;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait as _, DbErr, EntityTrait, IdenStatic as _,
    Iterable as _, JoinType, PaginatorTrait, QueryFilter, QueryResult, QuerySelect, RelationTrait as _,
};
use uuid::Uuid;

use crate::accounts::Account;
use crate::changes::{self, Standing};
use crate::database::Written;
pub use crate::entity::session::Model as Session;
use crate::entity::{account, session};
use crate::values::SessionKind;
use crate::{Result, Store};

/// What became of a refresh token.
#[derive(Debug)]
pub enum Rotation {
    /// It was the current one; the session now has the new secret.
    Rotated(Box<Account>),
    /// It had been used before: the whole family is revoked.
    Reused,
    /// Unknown, expired or revoked.
    Refused,
}

impl Store {
    /// Begins a session.
    pub async fn begin_session(
        &self,
        id: Uuid,
        account_id: Uuid,
        kind: SessionKind,
        secret_hash: &[u8],
        lifetime: TimeDelta,
    ) -> Result<()> {
        let now = self.clock().now();
        let row = session::ActiveModel {
            id: Set(id),
            account_id: Set(account_id),
            kind: Set(kind),
            secret_hash: Set(secret_hash.to_vec()),
            created_at: Set(now),
            expires_at: Set(now + lifetime),
            revoked_at: Set(None),
        };
        session::Entity::insert(row).exec_without_returning(&self.write("sessions.begin_session")).await?;
        Ok(())
    }

    /// The session and its account, while both are good: not revoked, not expired, not disabled; and where documents stand for
    /// the person.
    pub async fn live_session(&self, id: Uuid) -> Result<Option<(Session, Account, Standing)>> {
        // Every request asks this.
        static TEXT: Written = Written::new();
        let connection = &self.read("sessions.live_session");
        let query = || {
            let query = session::Entity::find_by_id(id).join(JoinType::InnerJoin, session::Relation::Account.def());
            let query = account::Column::iter()
                .fold(query, |query, column| query.column_as(column, format!("account_{}", column.as_str())));
            let has_private = changes::has_private("account.id");
            query.column_as(Expr::cust(changes::CHANGE), "change").column_as(Expr::cust(has_private), "has_private")
        };
        let Some(row) = connection.query_one_raw(TEXT.with(connection, query, [id.into()])).await? else {
            return Ok(None);
        };
        let (session, account) = both(&row)?;
        let standing = Standing::at(&row, 14)?;
        Ok((account.disabled_at.is_none() && self.is_live(&session)).then_some((session, account, standing)))
    }

    /// Exchanges the secret of a token family. Showing an old secret revokes the family: either the person or a
    /// thief holds a stolen token, and only the person can sign in again.
    pub async fn rotate_session(
        &self,
        id: Uuid,
        shown_hash: &[u8],
        next_hash: &[u8],
        lifetime: TimeDelta,
    ) -> Result<Rotation> {
        let transaction = self.begin("sessions.rotate_session").await?;
        // Of two who show the same secret at the same time, one is second.
        let found = session::Entity::find_by_id(id).lock_exclusive().one(&transaction).await?;
        let live = found.filter(|session| self.is_live(session) && session.kind == SessionKind::Token);
        let Some(session) = live else { return Ok(Rotation::Refused) };
        let account = account::Entity::find_by_id(session.account_id).one(&transaction).await?;
        let Some(account) = account.filter(|account| account.disabled_at.is_none()) else {
            return Ok(Rotation::Refused);
        };
        let reused = session.secret_hash != shown_hash;
        let now = self.clock().now();
        let mut row: session::ActiveModel = session.into();
        if reused {
            row.revoked_at = Set(Some(now));
        } else {
            row.secret_hash = Set(next_hash.to_vec());
            row.expires_at = Set(now + lifetime);
        }
        row.update(&transaction).await?;
        transaction.commit().await?;
        Ok(if reused { Rotation::Reused } else { Rotation::Rotated(Box::new(account)) })
    }

    /// Ends a session at once.
    pub async fn revoke_session(&self, id: Uuid) -> Result<()> {
        session::Entity::update_many()
            .col_expr(session::Column::RevokedAt, Expr::value(self.clock().now()))
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::RevokedAt.is_null())
            .exec(&self.write("sessions.revoke_session"))
            .await?;
        Ok(())
    }

    /// Deletes up to `limit` sessions that have expired, and returns how many. A revoked one stays until then.
    pub async fn delete_expired_sessions(&self, limit: u64) -> Result<u64> {
        let expired: Vec<Uuid> = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .filter(session::Column::ExpiresAt.lte(self.clock().now()))
            .limit(limit)
            .into_tuple()
            .all(&self.read("sessions.delete_expired_sessions"))
            .await?;
        // Most of the time there is nothing to delete, and nobody has to wait for the write lock.
        if expired.is_empty() {
            return Ok(0);
        }
        // None of them can come back: an expired secret is not exchanged for a new one.
        let expired = session::Entity::delete_many().filter(session::Column::Id.is_in(expired));
        Ok(expired.exec(&self.write("sessions.delete_expired_sessions")).await?.rows_affected)
    }

    /// How many sessions are kept, ended ones included.
    pub async fn count_sessions(&self) -> Result<u64> {
        Ok(session::Entity::find().count(&self.read("sessions.count_sessions")).await?)
    }

    fn is_live(&self, session: &Session) -> bool {
        session.revoked_at.is_none() && session.expires_at > self.clock().now()
    }
}

/// A session's columns and its account's, in the order of their entities. By their places: to find them by name takes as long
/// as a third of the query.
fn both(row: &QueryResult) -> Result<(Session, Account), DbErr> {
    let session = Session {
        id: row.try_get_by_index(0)?,
        account_id: row.try_get_by_index(1)?,
        kind: row.try_get_by_index(2)?,
        secret_hash: row.try_get_by_index(3)?,
        created_at: row.try_get_by_index(4)?,
        expires_at: row.try_get_by_index(5)?,
        revoked_at: row.try_get_by_index(6)?,
    };
    let account = Account {
        id: row.try_get_by_index(7)?,
        email: row.try_get_by_index(8)?,
        name: row.try_get_by_index(9)?,
        role: row.try_get_by_index(10)?,
        password_hash: row.try_get_by_index(11)?,
        disabled_at: row.try_get_by_index(12)?,
        created_at: row.try_get_by_index(13)?,
    };
    Ok((session, account))
}
