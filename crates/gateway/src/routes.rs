//! Every route, on one page. What is not listed as open needs an account.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{
    audit, auth, cache, chat, conversations, dashboard, documents, events, export, feedback, files, health, jobs,
    password, search, settings, slo, slow_queries, upload, users,
};
use crate::auth::{require_account, require_page_account};
use crate::problem::Problem;
use crate::{Gateway, middleware, openapi, pages};

/// The documented paths that need no account: a test holds every other one to it.
pub const OPEN_API_PATHS: &[&str] =
    &["/health", "/health/ready", "/api/auth/register", "/api/auth/login", "/api/auth/refresh"];

/// The path whose body may be large and take long.
pub(crate) const UPLOAD_PATH: &str = "/api/documents/upload";
/// How the other one ends, for which a file is sent by PUT.
pub(crate) const REPLACED_FILE: &str = "/file";

/// Documented routes for everybody.
pub(crate) fn open_api() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
}

/// Documented routes for whoever is signed in; those under `/api/admin` ask for an administrator.
pub(crate) fn api() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(password::change))
        .routes(routes!(chat::ask))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::get, conversations::delete))
        .routes(routes!(export::export))
        .routes(routes!(feedback::rate))
        .routes(routes!(documents::list))
        .routes(routes!(documents::get, documents::change, documents::delete))
        .routes(routes!(files::content))
        .routes(routes!(files::file))
        .routes(routes!(search::search))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::change))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::retry))
        .routes(routes!(settings::get))
        .routes(routes!(slow_queries::list))
        .routes(routes!(dashboard::dashboard))
        .routes(routes!(events::events))
        .routes(routes!(slo::standing))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(cache::figures, cache::clear))
        .routes(routes!(cache::explain))
        .routes(routes!(cache::drop_one))
        .merge(uploads())
}

/// The handler itself limits the size of the file, while it reads.
fn uploads() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(upload::upload))
        .routes(routes!(upload::replace))
        .layer(DefaultBodyLimit::disable())
}

/// Pages and files for everybody.
fn open_pages() -> Router<Gateway> {
    Router::new()
        .route("/login", get(pages::login::show).post(pages::login::sign_in))
        .route("/register", post(pages::login::register))
        .route("/logout", post(pages::login::sign_out))
        .route("/assets/{version}/{*path}", get(pages::assets::asset))
        .route("/favicon.ico", get(pages::assets::favicon))
}

/// Pages for whoever is signed in; others are sent to the sign-in page.
fn people_pages() -> Router<Gateway> {
    Router::new()
        .route("/", get(pages::chat::new))
        .route("/c/{id}", get(pages::chat::conversation))
        .route("/documents", get(pages::documents::list))
        .route("/documents/{id}", get(pages::documents::document))
        .route("/account", get(pages::account::show))
        .route("/admin", get(pages::admin::show))
}

/// The pages' routes with their methods, as figures name them.
pub(crate) fn page_routes() -> impl Iterator<Item = (String, String)> {
    let pages = ["/login", "/", "/c/{id}", "/documents", "/documents/{id}", "/account", "/admin"];
    pages.into_iter().map(|page| ("GET".to_owned(), page.to_owned()))
}

/// The whole site.
pub(crate) fn router(gateway: &Gateway) -> Router {
    // `route_layer` acts on paths that exist: an unknown one is not found, for everybody alike.
    let api = Router::from(api()).route_layer(from_fn_with_state(gateway.clone(), require_account));
    let pages = people_pages().route_layer(from_fn_with_state(gateway.clone(), require_page_account));
    let site = Router::from(open_api())
        .merge(api)
        .merge(open_pages())
        .merge(pages)
        .merge(openapi::browser())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(gateway.clone());
    middleware::wrap(site, gateway)
}

async fn not_found() -> Problem {
    Problem::not_found("page or address")
}

async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("This address does not take {method} requests."))
}
