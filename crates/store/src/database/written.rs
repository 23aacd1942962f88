//! Statements whose text is written once.

use std::sync::OnceLock;

use sea_orm::{ConnectionTrait, DbBackend, QueryTrait, Statement, Value, Values};

/// The text of a statement that every request sends. To write a statement of two tables takes longer than `SQLite` takes to
/// perform it.
#[derive(Debug)]
pub(crate) struct Written {
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Written {
    pub(crate) const fn new() -> Self {
        Self { sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// The statement with these values in place of those that `query` was made with, which are as many.
    pub(crate) fn with<Q: QueryTrait>(
        &self,
        connection: &impl ConnectionTrait,
        query: impl FnOnce() -> Q,
        values: impl IntoIterator<Item = Value>,
    ) -> Statement {
        let db_backend = connection.get_database_backend();
        let text = if db_backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let sql = text.get_or_init(|| query().build(db_backend).sql).clone();
        Statement { sql, values: Some(Values(values.into_iter().collect())), db_backend }
    }
}
