//! How the database goes about slow statements: their plans, without the values that they were called with.

use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value, Values};
use tokio::sync::mpsc;

use super::queries::{SlowStatements, locked};

/// Asks for the plans of slow statements, one after the other.
pub(super) async fn explain(
    connection: DatabaseConnection,
    mut statements: mpsc::Receiver<(&'static str, Statement)>,
    slow: Arc<Mutex<SlowStatements>>,
) {
    while let Some((name, statement)) = statements.recv().await {
        let sql = statement.sql.clone();
        let plan = match plan(&connection, statement).await {
            Ok(plan) => plan,
            Err(error) => format!("The plan cannot be told: {error}"),
        };
        if let Some(query) = locked(&slow).get_mut(&(name, sql)) {
            query.plan = Some(plan);
        }
    }
}

async fn plan(connection: &DatabaseConnection, mut statement: Statement) -> Result<String, DbErr> {
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    // Not executed: only planned.
    statement.sql = format!("{} {}", if postgres { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" }, statement.sql);
    let rows = connection.query_all_raw(statement).await?;
    let line = |row: &QueryResult| if postgres { row.try_get_by_index(0) } else { row.try_get::<String>("", "detail") };
    let lines = rows.iter().map(line).collect::<Result<Vec<String>, _>>()?;
    Ok(without_values(&lines.join("\n")))
}

/// PostgreSQL writes the values that it planned for into the plan.
fn without_values(plan: &str) -> String {
    let mut quoted = false;
    let mut kept = String::with_capacity(plan.len());
    for part in plan.split('\'') {
        kept.push_str(if quoted { "'?'" } else { part });
        quoted = !quoted;
    }
    kept
}

/// What it takes to plan a statement once more: in SQLite no values; in PostgreSQL its values, without the bytes of a document. A
/// question's vector, as text, is kept: what is no vector cannot be compared with one.
pub(super) fn outline(statement: &Statement) -> Statement {
    const LARGE: usize = 16_384;
    if statement.db_backend == DbBackend::Sqlite {
        return Statement { sql: statement.sql.clone(), values: None, db_backend: statement.db_backend };
    }
    let mut room = 4 * LARGE;
    let mut fits = |length: usize| {
        let kept = length <= LARGE.min(room);
        room -= if kept { length } else { 0 };
        kept
    };
    let short = |value: &Value| match value {
        Value::Bytes(Some(bytes)) if !fits(bytes.len()) => Value::Bytes(Some(Vec::new())),
        Value::String(Some(text)) if !fits(text.len()) => Value::String(Some(String::new())),
        other => other.clone(),
    };
    Statement {
        sql: statement.sql.clone(),
        values: statement.values.as_ref().map(|values| Values(values.iter().map(short).collect())),
        db_backend: statement.db_backend,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_does_not_tell_what_was_searched_for() {
        let plan = "Filter: ((title ~~ '%my secret%'::text) AND (scope = 'a''b'::text))";
        assert_eq!(without_values(plan), "Filter: ((title ~~ '?'::text) AND (scope = '?''?'::text))");
    }
}
