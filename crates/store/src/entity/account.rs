//! An account: a person who signs in.

use sea_orm::entity::prelude::*;

use crate::values::Role;

/// An account: a person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// The account's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The address that the person signs in with, in lower case.
    #[sea_orm(unique)]
    pub email: String,
    /// How the person is called.
    pub name: String,
    /// What the account may do.
    pub role: Role,
    /// Argon2id hash in PHC string format.
    pub password_hash: String,
    /// When the account was disabled; it cannot sign in since.
    pub disabled_at: Option<DateTimeUtc>,
    /// When the account was made.
    pub created_at: DateTimeUtc,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
