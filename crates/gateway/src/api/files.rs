//! A document's text and its original bytes.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use knowledge::parse::Format;
use store::values::DocumentStatus;

use super::documents::readable;
use crate::Gateway;
use crate::auth::User;
use crate::extract::Id;
use crate::problem::Problem;

/// The extracted text, into which the `start` and `end` of citations are byte offsets.
#[utoipa::path(get, path = "/api/documents/{id}/content", tag = "documents", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "text/plain", body = String),
        (status = 409, description = "It has not been read yet, or cannot be.")))]
pub(crate) async fn content(State(gateway): State<Gateway>, user: User, Id(id): Id) -> Result<Response, Problem> {
    let document = readable(gateway.store(), &user, id).await?;
    let Some(text) = gateway.store().document_text(id).await? else {
        return Err(match (document.status, document.error) {
            (DocumentStatus::Failed, Some(reason)) => {
                Problem::conflict(format!("The document could not be read: {reason}."))
            }
            _ => Problem::conflict("The document has not been read yet. Try again in a moment."),
        });
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The file as it was uploaded.
#[utoipa::path(get, path = "/api/documents/{id}/file", tag = "documents", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(crate) async fn file(State(gateway): State<Gateway>, user: User, Id(id): Id) -> Result<Response, Problem> {
    let document = readable(gateway.store(), &user, id).await?;
    let bytes = gateway.store().document_bytes(id).await?.ok_or_else(|| Problem::not_found("document"))?;
    let media_type = document.format.parse().map_or("application/octet-stream", |format: Format| format.media_type());
    let headers: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, attachment(&document.file_name)),
        // Whatever a browser does with the file, it is nobody's script.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// A `Content-Disposition` that makes browsers save the file under this name, whatever it is (RFC 6266).
pub(crate) fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " .-_()".contains(c);
    let fallback: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let encoded: String = name.bytes().map(encode).collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn names_cannot_leave_their_quotes() {
        let header = attachment("a\"; filename=\"evil.exe\r\nX: y\u{202e}é.pdf");
        assert_eq!(
            header,
            "attachment; filename=\"a__ filename__evil.exe__X_ y__.pdf\"; \
             filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe%0D%0AX%3A%20y%E2%80%AE%C3%A9.pdf",
        );
        assert!(axum::http::HeaderValue::from_str(&header).is_ok());
    }
}
