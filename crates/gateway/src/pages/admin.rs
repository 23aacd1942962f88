//! The administration page; its scripts fetch what it shows.

use axum::extract::State;
use axum::response::Response;
use store::values::AuditAction;

use super::views::{AdminPage, Named};
use crate::Gateway;
use crate::auth::{Admin, User};
use crate::problem::Problem;

/// `/admin`.
pub(crate) async fn show(State(gateway): State<Gateway>, user: User, _: Admin) -> Result<Response, Problem> {
    let actions = AuditAction::all().map(super::word).map(|name| Named { words: name.replace('_', " "), name });
    super::render(&AdminPage { chrome: super::chrome(&gateway, Some(&user), "/admin"), actions: actions.collect() })
}
