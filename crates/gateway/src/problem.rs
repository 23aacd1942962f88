//! Failures as RFC 9457 problem documents. This file alone decides which status a failure has.
//!
//! A [`Problem`] becomes an empty response that carries it; the middleware renders it as JSON for programs and as a page
//! for browsers, so that the request's id is in every one of them.

use std::error::Error as StdError;

use assistant::AskError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use knowledge::IntakeError;
use knowledge::parse::Unsupported;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::AccountError;

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// A failed request. Boxed, because nearly everything returns either this or what was asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Document>);

/// A failed request, as RFC 9457 describes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// `about:blank`: the status says it all.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What happened and what can be done about it.
    detail: String,
    /// The id under which the server's log knows the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[allow(clippy::struct_field_names, reason = "the name is the client's, who knows nothing of this struct's")]
    /// The document that could not be read, when an upload was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Uuid>,
    #[serde(skip)]
    retry_after_seconds: Option<u64>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl FieldError {
    /// Says what is wrong with a field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            request_id: None,
            errors: Vec::new(),
            document_id: None,
            retry_after_seconds: None,
        }))
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Sign in first: send a valid access token as `Authorization: Bearer …`.")
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {what}."))
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Fields of the request are wrong; each says how.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let said: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, said.join("; "));
        problem.0.errors = errors;
        problem
    }

    pub(crate) fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    pub(crate) fn too_many_requests(detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(retry_after_seconds)
    }

    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
    }

    /// Records the failure in the log, where the request's id leads to it, and tells the client nothing of it.
    pub(crate) fn internal(error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error = %chain(error), "the request failed");
        Self::internal_without_cause()
    }

    /// The same for failures that are logged already.
    pub(crate) fn internal_without_cause() -> Self {
        let detail = "Something went wrong on the server. The request's id leads to the cause in the server's log.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    pub(crate) fn about_document(mut self, id: Uuid) -> Self {
        self.0.document_id = Some(id);
        self
    }

    pub(crate) fn with_request_id(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.0.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.0.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and its causes in one line; causes that the error already quotes are left out.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = next.source();
    }
    said
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match &error {
            store::Error::NotFound(what) => Self::not_found(what),
            store::Error::Taken(_) | store::Error::LastAdministrator => Self::conflict(sentence(&error.to_string())),
            error if error.is_disk_full() => {
                tracing::error!(error = %chain(error), "the disk is full");
                let detail = "The server's disk is full: nothing can be stored until its operator makes room.";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, detail)
            }
            error => Self::internal(error),
        }
    }
}

impl From<knowledge::Error> for Problem {
    fn from(error: knowledge::Error) -> Self {
        match error {
            knowledge::Error::Store(error) => error.into(),
            knowledge::Error::Parse(error) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence(&error.to_string())),
            error => Self::internal(&error),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let said = sentence(&error.to_string());
        match error {
            IntakeError::Unsupported(Unsupported::Empty) => Self::invalid_field("file", "the file is empty"),
            IntakeError::Unsupported(Unsupported::Binary { .. }) => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, said),
            IntakeError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, said),
            IntakeError::Store(error) => error.into(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Empty | AskError::TooLong { .. } => Self::invalid_field("message", error.to_string()),
            AskError::UnknownConversation => Self::not_found("conversation"),
            AskError::Knowledge(error) => error.into(),
            AskError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Invalid(errors) => Self::invalid(errors),
            AccountError::WrongCredentials | AccountError::InvalidToken => {
                Self::new(StatusCode::UNAUTHORIZED, sentence(&error.to_string()))
            }
            AccountError::RegistrationClosed => Self::forbidden(sentence(&error.to_string())),
            AccountError::Busy => Self::busy(sentence(&error.to_string())),
            AccountError::Store(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

/// A message as a sentence of its own.
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
