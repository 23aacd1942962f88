//! Accounts: who may sign in, and as what.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait as _, EntityTrait,
    FromQueryResult as _, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use uuid::Uuid;

use crate::database::{Rule, Transaction, Written};
pub use crate::entity::account::Model as Account;
use crate::entity::{account, session};
use crate::page::{Page, PageRequest, containing};
use crate::values::{Role, storable};
use crate::{Error, Result, Store};

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Where the person is reached; stored in lower case.
    pub email: String,
    /// How the person is called.
    pub name: String,
    /// Argon2id hash in PHC string format.
    pub password_hash: String,
    /// What the account may do; the very first account is an administrator whatever stands here.
    pub role: Role,
}

/// A change to an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// A new role.
    pub role: Option<Role>,
    /// Disable or enable.
    pub disabled: Option<bool>,
    /// A new password's hash.
    pub password_hash: Option<String>,
}

impl Store {
    /// Makes an account. The first one is the administrator.
    pub async fn add_account(&self, new: NewAccount) -> Result<Account> {
        let transaction = self.begin_alone("accounts.add_account", Rule::Administrators).await?;
        let first = account::Entity::find().count(&transaction).await? == 0;
        let account = self.insert_account(&transaction, new, first).await?;
        transaction.commit().await?;
        Ok(account)
    }

    /// Makes the first account, the administrator's, or returns `None` when there is an account already: of two people
    /// who come at the same time, one is first.
    pub async fn add_first_account(&self, new: NewAccount) -> Result<Option<Account>> {
        let transaction = self.begin_alone("accounts.add_first_account", Rule::Administrators).await?;
        if account::Entity::find().count(&transaction).await? > 0 {
            return Ok(None);
        }
        let account = self.insert_account(&transaction, new, true).await?;
        transaction.commit().await?;
        Ok(Some(account))
    }

    async fn insert_account(&self, transaction: &Transaction, new: NewAccount, first: bool) -> Result<Account> {
        let row = account::ActiveModel {
            id: Set(self.clock().new_id()),
            email: Set(new.email.to_lowercase()),
            name: Set(new.name),
            role: Set(if first { Role::Admin } else { new.role }),
            password_hash: Set(new.password_hash),
            disabled_at: Set(None),
            created_at: Set(self.clock().now()),
        };
        row.insert(transaction).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::Taken("this e-mail address"),
            _ => error.into(),
        })
    }

    /// How many accounts there are.
    pub async fn count_accounts(&self) -> Result<u64> {
        Ok(account::Entity::find().count(&self.read("accounts.count_accounts")).await?)
    }

    /// The account with this id.
    pub async fn account(&self, id: Uuid) -> Result<Option<Account>> {
        Ok(account::Entity::find_by_id(id).one(&self.read("accounts.account")).await?)
    }

    /// How the people with these ids are called.
    pub async fn account_names(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
        let names: Vec<(Uuid, String)> = account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .column(account::Column::Name)
            .filter(account::Column::Id.is_in(ids))
            .into_tuple()
            .all(&self.read("accounts.account_names"))
            .await?;
        Ok(names.into_iter().collect())
    }

    /// The account with this address, in whatever case it is written.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>> {
        static TEXT: Written = Written::new();
        let connection = &self.read("accounts.account_by_email");
        let email = storable(email).to_lowercase();
        let query = || account::Entity::find().filter(account::Column::Email.eq(""));
        let row = connection.query_one_raw(TEXT.with(connection, query, [email.into()])).await?;
        Ok(row.map(|row| Account::from_query_result(&row, "")).transpose()?)
    }

    /// The administrator who has been there longest.
    pub async fn first_admin(&self) -> Result<Option<Account>> {
        Ok(account::Entity::find()
            .filter(account::Column::Role.eq(Role::Admin))
            .filter(account::Column::DisabledAt.is_null())
            .order_by_asc(account::Column::Id)
            .one(&self.read("accounts.first_admin"))
            .await?)
    }

    /// Accounts, newest first.
    pub async fn accounts(&self, request: &PageRequest) -> Result<Page<Account>> {
        let mut query = account::Entity::find().order_by_desc(account::Column::Id).limit(request.capped() + 1);
        if let Some(cursor) = request.cursor {
            query = query.filter(account::Column::Id.lt(cursor));
        }
        if let Some(text) = &request.query {
            query = query.filter(
                Condition::any()
                    .add(containing(account::Column::Email, text))
                    .add(containing(account::Column::Name, text)),
            );
        }
        Ok(Page::cut(query.all(&self.read("accounts.accounts")).await?, request.capped(), |account| account.id))
    }

    /// Changes an account. A disabled account or a new password ends its sessions in the same transaction. The
    /// last administrator who can sign in stays one.
    pub async fn change_account(&self, id: Uuid, change: AccountChange) -> Result<Account> {
        let transaction = self.begin_alone("accounts.change_account", Rule::Administrators).await?;
        let found = account::Entity::find_by_id(id).one(&transaction).await?.ok_or(Error::NotFound("account"))?;
        let loses_admin = change.role == Some(Role::User) || change.disabled == Some(true);
        if loses_admin && found.role == Role::Admin {
            let others = account::Entity::find()
                .filter(account::Column::Role.eq(Role::Admin))
                .filter(account::Column::DisabledAt.is_null())
                .filter(account::Column::Id.ne(id))
                .count(&transaction)
                .await?;
            if others == 0 {
                return Err(Error::LastAdministrator);
            }
        }
        let now = self.clock().now();
        let ends_sessions = change.disabled == Some(true) || change.password_hash.is_some();
        let mut row: account::ActiveModel = found.into();
        if let Some(role) = change.role {
            row.role = Set(role);
        }
        if let Some(disabled) = change.disabled {
            row.disabled_at = Set(disabled.then_some(now));
        }
        if let Some(hash) = change.password_hash {
            row.password_hash = Set(hash);
        }
        let account = row.update(&transaction).await?;
        if ends_sessions {
            self.end_sessions(&transaction, id, None).await?;
        }
        transaction.commit().await?;
        Ok(account)
    }

    /// Exchanges a password's hash, as long as it is still `known`, for `new`; in the same transaction the account's
    /// sessions end, but for `kept`. Returns false, and does nothing, if the hash is another one by now.
    pub async fn replace_password(&self, id: Uuid, known: &str, new: &str, kept: Uuid) -> Result<bool> {
        let transaction = self.begin("accounts.replace_password").await?;
        let replaced = account::Entity::update_many()
            .col_expr(account::Column::PasswordHash, Expr::value(new))
            .filter(account::Column::Id.eq(id))
            .filter(account::Column::PasswordHash.eq(known))
            .exec(&transaction)
            .await?;
        if replaced.rows_affected == 0 {
            return Ok(false);
        }
        self.end_sessions(&transaction, id, Some(kept)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn end_sessions(&self, transaction: &Transaction, id: Uuid, kept: Option<Uuid>) -> Result<()> {
        let mut ended = session::Entity::update_many()
            .col_expr(session::Column::RevokedAt, Expr::value(self.clock().now()))
            .filter(session::Column::AccountId.eq(id))
            .filter(session::Column::RevokedAt.is_null());
        if let Some(kept) = kept {
            ended = ended.filter(session::Column::Id.ne(kept));
        }
        ended.exec(transaction).await?;
        Ok(())
    }
}
