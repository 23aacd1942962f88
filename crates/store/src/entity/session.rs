//! A signed-in browser or a family of refresh tokens.

use sea_orm::entity::prelude::*;

use crate::values::SessionKind;

/// A signed-in browser or a family of refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// The session's id, which access tokens name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose session it is.
    pub account_id: Uuid,
    /// What its secret is.
    pub kind: SessionKind,
    /// SHA-256 of the current secret.
    pub secret_hash: Vec<u8>,
    /// When the person signed in.
    pub created_at: DateTimeUtc,
    /// When the secret stops working.
    pub expires_at: DateTimeUtc,
    /// When it was ended, by logout, disabling, or the reuse of an old refresh token.
    pub revoked_at: Option<DateTimeUtc>,
}

/// What a session is read together with.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Whose session it is.
    #[sea_orm(belongs_to = "super::account::Entity", from = "Column::AccountId", to = "super::account::Column::Id")]
    Account,
}

impl Related<super::account::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Account.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
