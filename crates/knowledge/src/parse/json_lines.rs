//! JSON records: one a line, or one JSON value in the whole file. Keys keep the order of the file.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::writer::Writer;
use super::{BlockKind, Limits, ParseError, Parsed, decode};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let source = decode::decode(bytes, None)?;
    let source = source.trim_start_matches('\u{feff}');
    let mut writer = Writer::new(limits);
    if let Some(whole) = whole_value(source) {
        let records = match whole {
            Value::List(records) => records,
            record => vec![record],
        };
        for record in &records {
            writer.block(BlockKind::TableRow, &line(record))?;
        }
        return writer.finish(None, "the JSON value is empty");
    }
    let last = source.trim_end().lines().count();
    for (number, record) in source.lines().enumerate() {
        if record.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(record).map_err(|error| broken(&error, number + 1, last))?;
        writer.block(BlockKind::TableRow, &line(&value))?;
    }
    writer.finish(None, "every record is empty")
}

/// A file that is one array, or one object over several lines, is no sequence of records by line.
fn whole_value(source: &str) -> Option<Value> {
    let first = source.lines().find(|line| !line.trim().is_empty())?;
    let one_line = source.trim().lines().count() == 1;
    if !one_line && serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok() {
        return None;
    }
    serde_json::from_str(source).ok()
}

fn broken(error: &serde_json::Error, number: usize, last: usize) -> ParseError {
    if error.is_eof() && number == last {
        ParseError::damaged(format!("the last record, line {number}, is cut off"))
    } else {
        ParseError::damaged(format!("line {number} is not valid JSON (column {})", error.column()))
    }
}

/// A JSON value as text; `serde_json::Value` would sort the keys.
#[derive(Debug)]
enum Value {
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// `key: value; key: value`, with nested keys as `a.b` and lists joined with commas. Empty values are left out.
fn line(value: &Value) -> String {
    let mut pairs = Vec::new();
    flatten("", value, &mut pairs);
    join(&pairs, "; ")
}

fn join(pairs: &[(String, String)], separator: &str) -> String {
    let parts: Vec<String> =
        pairs.iter().map(|(key, text)| if key.is_empty() { text.clone() } else { format!("{key}: {text}") }).collect();
    parts.join(separator)
}

fn flatten(path: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, field, pairs);
            }
        }
        Value::Text(text) if text.trim().is_empty() => {}
        Value::Text(text) => pairs.push((path.to_owned(), text.trim().to_owned())),
        Value::List(items) => {
            let nested = items.iter().any(|item| !matches!(item, Value::Text(_)));
            let items: Vec<String> = items.iter().map(in_list).filter(|item| !item.is_empty()).collect();
            if !items.is_empty() {
                pairs.push((path.to_owned(), items.join(if nested { " | " } else { ", " })));
            }
        }
    }
}

fn in_list(item: &Value) -> String {
    let mut pairs = Vec::new();
    flatten("", item, &mut pairs);
    join(&pairs, ", ")
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Value::Object(fields))
    }
}
