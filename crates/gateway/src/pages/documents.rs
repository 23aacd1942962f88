//! Documents: the table, and one document's text.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::views::{DocumentPage, DocumentRow, DocumentText, DocumentsPage};
use super::{moment, word};
use crate::Gateway;
use crate::api::documents::{self, Document};
use crate::auth::User;
use crate::extract::{PageQuery, Query};
use crate::problem::Problem;

const FORMATS: &str = "PDF, Word (.docx), HTML, Markdown, plain text, CSV or JSON lines";
const ACCEPT: &str = ".pdf,.docx,.html,.htm,.md,.markdown,.txt,.text,.log,.csv,.tsv,.json,.jsonl,.ndjson";

/// The passage that a citation names, and the answer that the reader comes from. Everything is optional and taken as
/// text, so that a damaged link still shows the document.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PassageQuery {
    start: Option<String>,
    end: Option<String>,
    conversation: Option<String>,
    message: Option<String>,
}

/// `/documents`: uploads and the table.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    user: User,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let request = query.request()?;
    let q = request.query.clone().unwrap_or_default();
    let page = gateway.store().documents(user.reader(), &request).await?;
    let page = documents::described(gateway.store(), &user, page).await?;
    super::render(&DocumentsPage {
        chrome: super::chrome(&gateway, Some(&user), "/documents"),
        next_cursor: page.next_cursor.map(|cursor| cursor.to_string()),
        documents: page.items.into_iter().map(row).collect(),
        q,
        formats: FORMATS.to_owned(),
        accept: ACCEPT.to_owned(),
        max_upload_bytes: gateway.knowledge().settings().max_document_bytes as u64,
    })
}

/// `/documents/{id}`: the text, with the cited passage marked.
pub(crate) async fn document(
    State(gateway): State<Gateway>,
    user: User,
    Path(id): Path<String>,
    Query(query): Query<PassageQuery>,
) -> Result<Response, Problem> {
    let id = Uuid::try_parse(&id).map_err(|_| Problem::not_found("document"))?;
    let document = documents::described_one(gateway.store(), &user, id).await?;
    let text = gateway.store().document_text(id).await?.unwrap_or_default();
    let asked = query.start.is_some() || query.end.is_some();
    let text = cut(text, query.range());
    super::render(&DocumentPage {
        chrome: super::chrome(&gateway, Some(&user), &format!("/documents/{id}")),
        document: row(document),
        passage_missing: asked && text.marked.is_none(),
        text,
        back: query.back(),
    })
}

impl PassageQuery {
    fn range(&self) -> Option<(usize, usize)> {
        Some((self.start.as_ref()?.parse().ok()?, self.end.as_ref()?.parse().ok()?))
    }

    fn back(&self) -> Option<String> {
        let id = |text: &Option<String>| text.as_deref().and_then(|text| Uuid::try_parse(text).ok());
        let conversation = id(&self.conversation)?;
        Some(match id(&self.message) {
            Some(message) => format!("/c/{conversation}#m-{message}"),
            None => format!("/c/{conversation}"),
        })
    }
}

/// Cuts the text at the passage. Offsets within a character move outwards; a range that the text does not have is
/// ignored.
fn cut(text: String, range: Option<(usize, usize)>) -> DocumentText {
    let within = range.filter(|(start, end)| start < end && *end <= text.len());
    let Some((start, end)) = within.map(|(start, end)| (text.floor_char_boundary(start), text.ceil_char_boundary(end)))
    else {
        return DocumentText { before: text, marked: None, after: String::new() };
    };
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    DocumentText { before: part(0..start), marked: Some(part(start..end)), after: part(end..text.len()) }
}

fn row(document: Document) -> DocumentRow {
    DocumentRow {
        id: document.id.to_string(),
        title: document.title,
        file_name: document.file_name,
        format: document.format,
        size_bytes: u64::try_from(document.size_bytes).unwrap_or_default(),
        visibility: word(document.visibility),
        status: word(document.status),
        error: document.error,
        chunks: u64::try_from(document.chunks).unwrap_or_default(),
        embedded_chunks: u64::try_from(document.embedded_chunks).unwrap_or_default(),
        created_at: moment(document.created_at),
        owner_name: document.owner.name,
        can_delete: document.can_delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, start: usize, end: usize) -> (String, Option<String>, String) {
        let cut = cut(text.to_owned(), Some((start, end)));
        (cut.before, cut.marked, cut.after)
    }

    #[test]
    fn a_passage_is_cut_out() {
        assert_eq!(parts("abcdef", 2, 4), ("ab".into(), Some("cd".into()), "ef".into()));
        assert_eq!(parts("abcdef", 0, 6), (String::new(), Some("abcdef".into()), String::new()));
    }

    #[test]
    fn offsets_within_a_character_move_outwards() {
        assert_eq!(parts("aéb", 2, 3), ("a".into(), Some("é".into()), "b".into()));
        assert_eq!(parts("aéb", 1, 2), ("a".into(), Some("é".into()), "b".into()));
    }

    #[test]
    fn ranges_that_the_text_does_not_have_are_ignored() {
        for (start, end) in [(4, 2), (2, 2), (0, 7), (7, 9), (usize::MAX, usize::MAX)] {
            assert_eq!(parts("abcdef", start, end), ("abcdef".into(), None, String::new()), "{start}..{end}");
        }
    }
}
