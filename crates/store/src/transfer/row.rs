//! A row, the same whichever database it is in, and its canonical encoding: what is summed and what stands in backups.
//!
//! Column by column: one byte, 0 for NULL and 1 otherwise, then the value. Integers are little-endian, times are
//! microseconds since 1970, and what has no fixed length begins with its length in bytes as a 32-bit integer.

use chrono::{DateTime, SubsecRound as _, Utc};
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use super::table::{Column, Kind, Table};
use crate::values::storable;

/// A row's values, one for each column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    /// Reads a row. PostgreSQL keeps microseconds, and its texts hold no U+0000, which becomes a space: so everywhere.
    pub(super) fn read(table: &Table, result: &QueryResult) -> Result<Self, DbErr> {
        table.columns.iter().map(|column| value(column, result)).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn key(&self, table: &Table) -> Option<&Value> {
        self.0.get(table.key)
    }

    pub(super) fn get(&self, table: &Table, column: &str) -> Option<&Value> {
        self.0.get(table.place_of(column)?)
    }

    pub(super) fn set(&mut self, table: &Table, column: &str, value: Value) {
        let place = table.place_of(column).and_then(|place| self.0.get_mut(place));
        if let Some(place) = place {
            *place = value;
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in &self.0 {
            encode(value, &mut bytes);
        }
        bytes
    }

    /// The row of this encoding; `None` when it is none of this table.
    pub(super) fn decode(table: &Table, mut bytes: &[u8]) -> Option<Self> {
        let values = table.columns.iter().map(|column| decode(column.kind, &mut bytes)).collect::<Option<_>>()?;
        bytes.is_empty().then_some(Self(values))
    }
}

/// Reads one column of a row.
pub(super) fn value(column: &Column, result: &QueryResult) -> Result<Value, DbErr> {
    let name = column.name;
    Ok(match column.kind {
        Kind::Bool => result.try_get::<Option<bool>>("", name)?.into(),
        Kind::Int => result.try_get::<Option<i32>>("", name)?.into(),
        Kind::BigInt => result.try_get::<Option<i64>>("", name)?.into(),
        Kind::Float => result.try_get::<Option<f32>>("", name)?.into(),
        Kind::Bytes => result.try_get::<Option<Vec<u8>>>("", name)?.into(),
        Kind::Uuid => result.try_get::<Option<Uuid>>("", name)?.into(),
        Kind::Text | Kind::Json => result.try_get::<Option<String>>("", name)?.map(without_nul).into(),
        Kind::Time => result.try_get::<Option<DateTime<Utc>>>("", name)?.map(|time| time.trunc_subsecs(6)).into(),
    })
}

/// As long in bytes as before: citations are byte offsets.
fn without_nul(text: String) -> String {
    if text.contains('\0') { storable(&text) } else { text }
}

fn encode(value: &Value, bytes: &mut Vec<u8>) {
    let mut fixed = |value: Option<&[u8]>| match value {
        Some(value) => {
            bytes.push(1);
            bytes.extend_from_slice(value);
        }
        None => bytes.push(0),
    };
    match value {
        Value::Bool(value) => fixed(value.map(|value| [u8::from(value)]).as_ref().map(AsRef::as_ref)),
        Value::Int(value) => fixed(value.map(i32::to_le_bytes).as_ref().map(AsRef::as_ref)),
        Value::BigInt(value) => fixed(value.map(i64::to_le_bytes).as_ref().map(AsRef::as_ref)),
        Value::Float(value) => fixed(value.map(f32::to_le_bytes).as_ref().map(AsRef::as_ref)),
        Value::Uuid(value) => fixed(value.as_ref().map(|value| value.as_bytes().as_ref())),
        Value::ChronoDateTimeUtc(value) => {
            fixed(value.map(|value| value.timestamp_micros().to_le_bytes()).as_ref().map(AsRef::as_ref));
        }
        Value::String(value) => sized(value.as_ref().map(String::as_bytes), bytes),
        Value::Bytes(value) => sized(value.as_deref(), bytes),
        // No column has another type.
        _ => bytes.push(0),
    }
}

fn sized(value: Option<&[u8]>, bytes: &mut Vec<u8>) {
    let Some(value) = value else { return bytes.push(0) };
    bytes.reserve(value.len() + 5);
    bytes.push(1);
    // No row of either database is as large as 4 GiB.
    bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(value);
}

fn decode(kind: Kind, bytes: &mut &[u8]) -> Option<Value> {
    let present = match take(1, bytes)? {
        [0] => false,
        [1] => true,
        _ => return None,
    };
    Some(match kind {
        Kind::Bool if present => match take(1, bytes)? {
            [0] => false.into(),
            [1] => true.into(),
            _ => return None,
        },
        Kind::Bool => Value::Bool(None),
        Kind::Int if present => i32::from_le_bytes(take(4, bytes)?.try_into().ok()?).into(),
        Kind::Int => Value::Int(None),
        Kind::BigInt if present => i64::from_le_bytes(take(8, bytes)?.try_into().ok()?).into(),
        Kind::BigInt => Value::BigInt(None),
        Kind::Float if present => f32::from_le_bytes(take(4, bytes)?.try_into().ok()?).into(),
        Kind::Float => Value::Float(None),
        Kind::Uuid if present => Uuid::from_slice(take(16, bytes)?).ok()?.into(),
        Kind::Uuid => Value::Uuid(None),
        Kind::Time if present => {
            DateTime::<Utc>::from_timestamp_micros(i64::from_le_bytes(take(8, bytes)?.try_into().ok()?))?.into()
        }
        Kind::Time => Value::ChronoDateTimeUtc(None),
        Kind::Text | Kind::Json if present => String::from_utf8(take_sized(bytes)?.to_vec()).ok()?.into(),
        Kind::Text | Kind::Json => Value::String(None),
        Kind::Bytes if present => take_sized(bytes)?.to_vec().into(),
        Kind::Bytes => Value::Bytes(None),
    })
}

fn take_sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take(4, bytes)?.try_into().ok()?);
    take(usize::try_from(length).ok()?, bytes)
}

fn take<'a>(count: usize, bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}
