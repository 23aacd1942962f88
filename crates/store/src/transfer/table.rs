//! Which tables are moved, in which order, and what their columns hold.

use sea_orm::sea_query::{
    Alias, ColumnType, DynIden, Expr, ExprTrait as _, IntoIden as _, Order, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, IdenStatic as _, Iterable as _, PrimaryKeyToColumn, Value};

use crate::entity::{
    account, audit_entry, chunk, chunk_vector, conversation, document, document_file, document_text, feedback, job,
    message, session, setting,
};

/// The setting that a target has while it is being filled: from where. It is never moved itself.
pub(super) const MARK: &str = "transfer_from";

/// A table of entities.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    /// The place of the key among the columns.
    pub(super) key: usize,
    /// Rows that are read at once. One file may have as many megabytes as a thousand chunks.
    pub(super) page_rows: u64,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    BigInt,
    Float,
    Text,
    Json,
    Bytes,
    Uuid,
    Time,
}

/// Each table after those that its rows refer to.
pub(super) fn tables() -> Vec<Table> {
    vec![
        table::<account::Entity>(500),
        table::<setting::Entity>(500),
        table::<session::Entity>(500),
        table::<document::Entity>(500),
        table::<document_file::Entity>(1),
        table::<document_text::Entity>(4),
        table::<chunk::Entity>(500),
        table::<chunk_vector::Entity>(500),
        table::<job::Entity>(500),
        table::<conversation::Entity>(500),
        table::<message::Entity>(200),
        table::<feedback::Entity>(500),
        table::<audit_entry::Entity>(500),
    ]
}

fn table<E: EntityTrait>(page_rows: u64) -> Table {
    let keys: Vec<&str> = E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect();
    let columns: Vec<Column> =
        E::Column::iter().map(|column| Column { name: column.as_str(), kind: Kind::of(&column) }).collect();
    let key = columns.iter().position(|column| keys.contains(&column.name)).unwrap_or_default();
    Table { name: E::default().table_name(), columns, key, page_rows }
}

impl Kind {
    fn of(column: &impl ColumnTrait) -> Self {
        match column.def().get_column_type() {
            ColumnType::Boolean => Self::Bool,
            ColumnType::Integer => Self::Int,
            ColumnType::BigInteger => Self::BigInt,
            ColumnType::Float => Self::Float,
            ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => Self::Bytes,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::TimestampWithTimeZone => Self::Time,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            _ => Self::Text,
        }
    }
}

impl Table {
    pub(super) fn iden(&self) -> DynIden {
        Alias::new(self.name).into_iden()
    }

    pub(super) fn column_names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name).collect()
    }

    pub(super) fn place_of(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|own| own.name == column)
    }

    /// The key's column.
    pub(super) fn key_column(&self) -> Option<&Column> {
        self.columns.get(self.key)
    }

    /// The rows after a key, in the order of their keys.
    pub(super) fn select_after(&self, after: Option<&Value>, backend: DbBackend) -> SelectStatement {
        let mut select = Query::select();
        select.from(self.iden());
        for column in &self.columns {
            select.expr_as(Self::read(column), Alias::new(column.name));
        }
        if let Some(after) = after {
            select.and_where(self.key_expression(backend).gt(after.clone()));
        }
        self.leave_out_mark(&mut select);
        select.order_by_expr(self.key_expression(backend), Order::Asc).limit(self.page_rows);
        select
    }

    /// The greatest key.
    pub(super) fn select_greatest_key(&self, backend: DbBackend) -> SelectStatement {
        let mut select = Query::select();
        select.from(self.iden()).columns(self.key_column().map(|column| Alias::new(column.name)));
        self.leave_out_mark(&mut select);
        select.order_by_expr(self.key_expression(backend), Order::Desc).limit(1);
        select
    }

    fn leave_out_mark(&self, select: &mut SelectStatement) {
        if self.name == "setting" {
            select.and_where(Expr::col(Alias::new("name")).ne(MARK));
        }
    }

    /// The key as it is sorted by: byte by byte, whatever the language of the database.
    fn key_expression(&self, backend: DbBackend) -> SimpleExpr {
        let Some(key) = self.key_column() else { return Expr::cust("NULL") };
        if backend == DbBackend::Postgres && key.kind == Kind::Text {
            return Expr::cust(format!("\"{}\" COLLATE \"C\"", key.name));
        }
        Expr::col(Alias::new(key.name))
    }

    fn read(column: &Column) -> SimpleExpr {
        let plain = Expr::col(Alias::new(column.name));
        // Neither database looks into JSON; its text is what is kept.
        if column.kind == Kind::Json { plain.cast_as(Alias::new("text")) } else { plain }
    }

    /// What writes a value into a column.
    pub(super) fn written(column: &Column, value: Value, backend: DbBackend) -> SimpleExpr {
        let plain = Expr::value(value);
        if backend == DbBackend::Postgres && column.kind == Kind::Json {
            return plain.cast_as(Alias::new("json"));
        }
        plain
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{ConnectionTrait as _, Statement};

    use super::*;
    use crate::{Clock, Result, Settings, Store};

    async fn names(store: &Store, sql: &str) -> Result<BTreeSet<String>> {
        let connection = store.read("test");
        let select = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(select).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    #[tokio::test]
    async fn no_table_and_no_column_stays_behind() -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &Settings::default(), Clock::System).await?;
        // Indexes are made anew, and what happened to the documents of one database, or on its machines, is not another's history;
        // the rest is the database's own and the migrations'.
        let all = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
            AND name NOT LIKE '%\\_fts%' ESCAPE '\\' AND name NOT IN ('chunk_terms', 'seaql_migrations',
            'document_keywords', 'document_posting', 'term_statistics', 'change', 'change_counter',
            'metric_slot')";
        let tables = tables();
        let moved: BTreeSet<String> = tables.iter().map(|table| table.name.to_owned()).collect();
        assert_eq!(names(&store, all).await?, moved);
        for table in tables {
            let all = names(&store, &format!("SELECT name FROM pragma_table_info('{}')", table.name)).await?;
            let moved: BTreeSet<String> = table.column_names().into_iter().map(str::to_owned).collect();
            assert_eq!(all, moved, "of {}", table.name);
            let keys = format!("SELECT name FROM pragma_table_info('{}') WHERE pk", table.name);
            let key: BTreeSet<String> = table.key_column().map(|column| column.name.to_owned()).into_iter().collect();
            assert_eq!(names(&store, &keys).await?, key, "of {}", table.name);
        }
        Ok(())
    }
}
