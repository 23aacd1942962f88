//! The page of a failure.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use super::views::ErrorPage;
use crate::Gateway;
use crate::auth::visitor;
use crate::problem::Problem;

/// Says what happened and what the person can do.
pub(crate) async fn page(
    gateway: &Gateway,
    path: &str,
    headers: &HeaderMap,
    problem: &Problem,
    request_id: String,
) -> Response {
    // With the database down nobody is recognised, and the page says what it can.
    let user = visitor(gateway, headers).await.ok().flatten();
    let page = ErrorPage {
        chrome: super::chrome(gateway, user.as_ref(), path),
        status: problem.status().as_u16(),
        title: title(problem.status()).to_owned(),
        detail: problem.detail().to_owned(),
        advice: advice(problem.status()).to_owned(),
        request_id,
    };
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the error page cannot be rendered");
            problem.detail().to_owned().into_response()
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "This page does not exist",
        StatusCode::FORBIDDEN => "This is not for you",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => "The server is busy",
        status if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "It may have been deleted, or the link may be wrong.",
        StatusCode::FORBIDDEN => "An administrator can help you.",
        status if status.is_server_error() => "Try again in a moment. If it stays like this, tell an administrator.",
        _ => "",
    }
}
