//! What kind of query a statement is, from its words. The kinds are those of the query types in `slo.toml`.

/// The kind of a statement.
pub(super) fn kind(sql: &str) -> &'static str {
    let first = sql.trim_start().split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    match first.to_ascii_uppercase().as_str() {
        "INSERT" => "insert",
        "UPDATE" => "update",
        "DELETE" => "delete",
        "SELECT" | "WITH" => of_reading(sql),
        _ => "other",
    }
}

/// Words of a full-text search: SQLite's, PostgreSQL's, and those of our own tables of occurrences.
const FULL_TEXT: [&str; 4] = [" MATCH ", "tsquery", "@@", "_posting"];
/// An operator of pgvector.
const BY_MEANING: &str = "<=>";
const AGGREGATES: [&str; 6] = ["COUNT(", "count(", "SUM(", "sum(", "GROUP BY", "MAX("];

fn of_reading(sql: &str) -> &'static str {
    if sql.contains(BY_MEANING) {
        return "by_meaning";
    }
    if FULL_TEXT.iter().any(|word| sql.contains(word)) {
        return "full_text";
    }
    if AGGREGATES.iter().any(|word| sql.contains(word)) {
        return "aggregate";
    }
    match sql.matches("JOIN ").count() {
        0 => "select",
        1 => "join_2",
        _ => "join_3",
    }
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn a_statement_is_known_by_its_words() {
        for (sql, expected) in [
            (r#"SELECT "account"."id" FROM "account" WHERE "account"."email" = ?"#, "select"),
            (r#"SELECT * FROM "session" INNER JOIN "account" ON "account"."id" = "session"."account_id""#, "join_2"),
            ("SELECT a FROM b JOIN c ON 1 LEFT JOIN d ON 2", "join_3"),
            (r#"INSERT INTO "message" ("id") SELECT count(*) FROM "x""#, "insert"),
            (r#"UPDATE "job" SET "state" = ?"#, "update"),
            (r#"DELETE FROM "session""#, "delete"),
            (r#"SELECT COUNT("document"."id") FROM "document""#, "aggregate"),
            (
                "\n  WITH best AS (SELECT rowid FROM chunk_fts WHERE chunk_fts MATCH ?) SELECT 1 FROM best JOIN chunk",
                "full_text",
            ),
            ("SELECT number, 1 - (own <=> $1) AS cosine FROM chunk_meaning", "by_meaning"),
            ("PRAGMA optimize", "other"),
        ] {
            assert_eq!(kind(sql), expected, "{sql}");
        }
    }
}
