//! The layers around the routes, outermost first, each with the reason for its position.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use telemetry::Waited;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tracing::Instrument;
use tracing::field::Empty;

use crate::Gateway;
use crate::extract::RequestId;
use crate::metrics::Shed;
use crate::problem::{self, Problem};
use crate::routes::{REPLACED_FILE, UPLOAD_PATH};

/// The largest body of an ordinary request; uploads have a limit of their own.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Responses below this size grow by compression.
const MIN_COMPRESSED_BYTES: u64 = 860;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps every route. `layer` wraps what is there already, so the list is read from the bottom up by a request.
pub(crate) fn wrap(router: Router, gateway: &Gateway) -> Router {
    router
        // Innermost, where the extractors look for it: no body is read without a limit.
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        // A drill: as slow as if a handler were.
        .layer(from_fn_with_state(gateway.clone(), delay))
        // Outside the limit on bodies, so that a body that never ends counts; inside the permits, so that a request
        // that is given up gives its permit back.
        .layer(from_fn_with_state(gateway.clone(), time_out))
        // Refuses before any work is done. Inside `render_problems`, which gives the refusal its body.
        .layer(from_fn_with_state(gateway.clone(), admit))
        // Outside everything that may panic; inside `render_problems`, so that the answer has the request's id.
        .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| panicked(panic.as_ref())))
        // Turns the problems of everything inside into documents or pages, before they are compressed.
        .layer(from_fn_with_state(gateway.clone(), render_problems))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        // Outside `render_problems`: problem documents have these headers as well.
        .layer(from_fn(secure))
        // Outermost: everything inside logs with the request's id, and its time is the whole time.
        .layer(from_fn_with_state(gateway.clone(), identify))
}

/// Gives each request an id, its figures, and a line in the log; a proxy that finds us well each second is worth none.
async fn identify(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(given_id).unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let is_traced = telemetry::is_to_be_traced(Some(request.headers()));
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    // An address that leads nowhere is somebody's invention: it is no label.
    let route = route.as_deref().unwrap_or("unknown");
    let (began, waited) = (Instant::now(), Waited::on_request(is_traced, &id));
    let mut response = if is_traced {
        let span = tracing::info_span!("request", %id, otel.name = Empty, otel.kind = Empty);
        telemetry::describe_request(&span, method.as_str(), route, request.headers());
        let response = waited.during(next.run(request)).instrument(span.clone()).await;
        telemetry::describe_response(&span, response.status().as_u16());
        response
    } else {
        waited.during(next.run(request)).await
    };
    let (elapsed, status) = (began.elapsed(), response.status());
    gateway.metrics().answered_request(method.as_str(), route, status.as_u16(), elapsed, waited.total());
    let (elapsed_ms, status) = (elapsed.as_secs_f64() * 1_000.0, status.as_u16());
    let is_routine = response.status().is_success() && path.starts_with("/health");
    waited
        .during(async {
            if is_routine {
                tracing::debug!(%method, path, status, elapsed_ms, "answered");
            } else {
                tracing::info!(%method, path, status, elapsed_ms, "answered");
            }
        })
        .await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The id that a proxy has given, if it can stand in a log.
fn given_id(value: &HeaderValue) -> Option<String> {
    let id = value.to_str().ok()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    ((1..=64).contains(&id.len()) && plain).then(|| id.to_owned())
}

/// Headers that keep browsers from doing what no page here needs.
async fn secure(request: Request, next: Next) -> Response {
    const PAGES: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                         frame-ancestors 'none'";
    // The bundled API browser sets styles and draws icons from data URLs.
    const API_BROWSER: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                               object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let policy = if is_at(request.uri().path(), "/docs") { API_BROWSER } else { PAGES };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set_default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set_default(header::CONTENT_SECURITY_POLICY, policy);
    set_default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set_default(header::X_FRAME_OPTIONS, "DENY");
    // Not `no-referrer`: browsers would then send `Origin: null` with this site's own forms.
    set_default(header::REFERRER_POLICY, "same-origin");
    set_default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set_default(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), payment=(), usb=()");
    // What people may read differs from person to person, so nothing is kept unless its handler says so.
    set_default(header::CACHE_CONTROL, "no-store");
    response
}

/// Streams must not wait for the compressor, and what is compressed already only costs time.
fn worth_compressing() -> impl Predicate {
    SizeAbove::new(MIN_COMPRESSED_BYTES)
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::const_new("application/pdf"))
        .and(NotForContentType::const_new("application/vnd.openxmlformats"))
        .and(NotForContentType::const_new("image/png"))
}

/// Gives a problem its body: a page for people, a problem document for programs.
async fn render_problems(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let as_page = wants_page(request.method(), request.uri().path(), request.headers());
    let page_request = as_page.then(|| (request.uri().path().to_owned(), request.headers().clone()));
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let problem = problem.with_request_id(&id.0);
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let body = match page_request {
        Some((path, headers)) => crate::pages::error::page(&gateway, &path, &headers, &problem, id.0).await,
        None => problem_document(&problem),
    };
    (parts, body).into_response()
}

fn problem_document(problem: &Problem) -> Response {
    ([(header::CONTENT_TYPE, problem::MEDIA_TYPE)], axum::Json(problem)).into_response()
}

fn wants_page(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let for_programs = ["/api", "/health", "/openapi.json", "/assets"].iter().any(|start| is_at(path, start));
    !for_programs && accepted.contains("text/html") && (method == Method::GET || method == Method::POST)
}

/// Whether a path is `start` or below it.
fn is_at(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = said, "a handler panicked");
    Problem::internal_without_cause().into_response()
}

/// The permit of the request in hand. A stream takes a clone along, because it goes on after the handler has returned.
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    // Held, never read: dropping the last clone gives the permit back.
    _permit: Arc<tokio::sync::OwnedSemaphorePermit>,
}

/// Refuses requests beyond the number that can be answered at the same time. Health is always answered: it must not
/// look dead when it is only busy.
async fn admit(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    if is_at(request.uri().path(), "/health") {
        return next.run(request).await;
    }
    let Ok(permit) = Arc::clone(gateway.request_permits()).try_acquire_owned() else {
        gateway.metrics().shed(Shed::Requests);
        return Problem::busy("The server is answering as many requests as it can. Try again in a second.")
            .into_response();
    };
    let permit = Permit { _permit: Arc::new(permit) };
    request.extensions_mut().insert(permit.clone());
    let response = next.run(request).await;
    drop(permit);
    response
}

/// Makes every answer but those about health late, where the settings say so.
async fn delay(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let delay = Duration::from_millis(gateway.settings().injected_delay_ms);
    if !delay.is_zero() && !is_at(request.uri().path(), "/health") {
        tokio::time::sleep(delay).await;
    }
    next.run(request).await
}

fn takes_a_file(request: &Request) -> bool {
    let path = request.uri().path();
    path == UPLOAD_PATH || (request.method() == Method::PUT && path.ends_with(REPLACED_FILE))
}

/// Gives up requests that take too long. An upload takes as long as its bytes keep coming, which its handler checks.
async fn time_out(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    if takes_a_file(&request) {
        return next.run(request).await;
    }
    let limit = Duration::from_secs(gateway.settings().request_timeout_seconds);
    let Ok(response) = tokio::time::timeout(limit, next.run(request)).await else {
        gateway.metrics().shed(Shed::TimedOut);
        tracing::warn!(seconds = limit.as_secs(), "the request took too long and was given up");
        let detail = format!("The request took longer than {} s and was given up.", limit.as_secs());
        return Problem::new(StatusCode::GATEWAY_TIMEOUT, detail).into_response();
    };
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[allow(clippy::panic, reason = "the subject of the test")]
    async fn panics() -> StatusCode {
        panic!("secret")
    }

    #[tokio::test]
    async fn a_handler_that_panics_answers_a_problem_that_tells_nothing() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let store = store::Store::open(directory.path(), &store::Settings::default(), store::Clock::System).await?;
        let knowledge = knowledge::Knowledge::open(store.clone(), knowledge::Settings::default()).await?;
        let assistant =
            assistant::Assistant::open(knowledge.clone(), cache::Settings::default(), cache::Backing::None).await?;
        let gateway =
            Gateway::new(crate::Settings::default(), assistant, knowledge, store, coordination::Coordination::alone())
                .await?;
        let router = wrap(Router::new().route("/api/panics", get(panics)), &gateway);
        let response = router.oneshot(Request::get("/api/panics").body(Body::empty())?).await?;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], problem::MEDIA_TYPE);
        let id = response.headers()[REQUEST_ID].to_str()?.to_owned();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await?;
        let text = String::from_utf8(body.to_vec())?;
        assert!(text.contains(&id) && !text.contains("secret"), "{text}");
        Ok(())
    }

    #[test]
    fn pages_are_for_people() {
        let html = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8"))]);
        assert!(wants_page(&Method::GET, "/documents/1", &html));
        assert!(wants_page(&Method::GET, "/apiary", &html));
        assert!(!wants_page(&Method::GET, "/api/documents", &html));
        assert!(!wants_page(&Method::GET, "/documents/1", &HeaderMap::new()));
    }
}
