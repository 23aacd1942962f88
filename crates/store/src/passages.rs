//! Reading passages: the last gate before a text becomes part of an answer.

use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationTrait};
use uuid::Uuid;

use crate::entity::{chunk, chunk_vector, document};
use crate::{Reader, Result, Store};

/// A chunk with what an answer needs to know of its document.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The chunk.
    pub number: i64,
    /// The chunk's public id.
    pub chunk_id: Uuid,
    /// The document.
    pub document_id: Uuid,
    /// The document's title.
    pub title: String,
    /// The document's file name.
    pub file_name: String,
    /// The chunk's place in the document.
    pub ordinal: i32,
    /// The headings above it.
    pub heading_path: String,
    /// Byte offset of its start in the document's extracted text.
    pub start: usize,
    /// Its text.
    pub text: String,
    /// Its quotable units, encoded.
    pub units: Vec<u8>,
    /// The vectors of those units, encoded; empty before they are computed.
    pub unit_vectors: Vec<u8>,
}

impl Store {
    /// The passages with these numbers that the reader may read, in no particular order.
    pub async fn passages(&self, reader: Reader, numbers: &[i64]) -> Result<Vec<Passage>> {
        let scopes = reader.scopes();
        // As a condition of an outer join: as a filter it tempts SQLite to begin with all readable documents.
        let readable = chunk::Relation::Document.def().on_condition(move |_, document| {
            Expr::col((document, document::Column::Scope)).is_in(scopes.clone()).into_condition()
        });
        let rows = chunk::Entity::find()
            .select_only()
            .column_as(chunk::Column::Number, "number")
            .column_as(chunk::Column::Id, "chunk_id")
            .column(chunk::Column::DocumentId)
            .column(document::Column::Title)
            .column(document::Column::FileName)
            .column(chunk::Column::Ordinal)
            .column(chunk::Column::HeadingPath)
            .column(chunk::Column::Start)
            .column(chunk::Column::Text)
            .column_as(chunk::Column::Units, "units")
            .column_as(chunk_vector::Column::Units, "unit_vectors")
            .join(JoinType::LeftJoin, readable)
            .join(JoinType::LeftJoin, chunk::Relation::Vector.def())
            .filter(chunk::Column::Number.is_in(numbers.iter().copied()))
            .into_model::<PassageRow>()
            .all(&self.read_documents_for(reader, "passages.passages").await)
            .await?;
        Ok(rows.into_iter().filter_map(PassageRow::readable).collect())
    }
}

/// A passage as the database has it; what is of its document is null where the reader may not read it.
#[derive(FromQueryResult)]
struct PassageRow {
    number: i64,
    chunk_id: Uuid,
    document_id: Uuid,
    title: Option<String>,
    file_name: Option<String>,
    ordinal: i32,
    heading_path: String,
    start: i32,
    text: String,
    units: Vec<u8>,
    unit_vectors: Option<Vec<u8>>,
}

impl PassageRow {
    fn readable(self) -> Option<Passage> {
        Some(Passage {
            number: self.number,
            chunk_id: self.chunk_id,
            document_id: self.document_id,
            title: self.title?,
            file_name: self.file_name?,
            ordinal: self.ordinal,
            heading_path: self.heading_path,
            start: usize::try_from(self.start).unwrap_or_default(),
            text: self.text,
            units: self.units,
            unit_vectors: self.unit_vectors.unwrap_or_default(),
        })
    }
}
