//! The administration page; its scripts fetch what it shows.

use axum::extract::State;
use axum::response::Response;

use super::views::AdminPage;
use crate::Gateway;
use crate::auth::{Admin, User};
use crate::problem::Problem;

/// `/admin`.
pub(crate) async fn show(State(gateway): State<Gateway>, user: User, _: Admin) -> Result<Response, Problem> {
    super::render(&AdminPage { chrome: super::chrome(&gateway, Some(&user), "/admin") })
}
