//! Lists in pages: newest first, continued from the last id.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{ExprTrait as _, Func, LikeExpr, SimpleExpr};
use serde::Serialize;
use uuid::Uuid;

use crate::values::storable;

/// One page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give this as `cursor` to get the next page; absent on the last one.
    pub next_cursor: Option<Uuid>,
}

/// Which page is wanted.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// Continue after this id.
    pub cursor: Option<Uuid>,
    /// At most this many items (1 to 200).
    pub limit: u64,
    /// Only items that match this text.
    pub query: Option<String>,
}

/// That a column contains a text, in whatever case the ASCII letters of both are, and literally.
pub(crate) fn containing(column: impl ColumnTrait, text: &str) -> SimpleExpr {
    let escaped = storable(text).to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Func::lower(column.into_expr()).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

impl PageRequest {
    pub(crate) fn capped(&self) -> u64 {
        self.limit.clamp(1, 200)
    }
}

impl<T> Page<T> {
    /// Cuts `rows`, which were asked for with one more than `limit`, into a page.
    pub(crate) fn cut(mut rows: Vec<T>, limit: u64, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(id) } else { None };
        Self { items: rows, next_cursor }
    }

    /// The same page with every item converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next_cursor: self.next_cursor }
    }
}
