//! One's own account; its script sends what is changed to the API.

use axum::extract::State;
use axum::response::Response;

use super::views::AccountPage;
use crate::Gateway;
use crate::auth::{MIN_PASSWORD_CHARS, User};
use crate::problem::Problem;

/// `/account`.
pub(crate) async fn show(State(gateway): State<Gateway>, user: User) -> Result<Response, Problem> {
    super::render(&AccountPage {
        chrome: super::chrome(&gateway, Some(&user), "/account"),
        email: user.account.email,
        min_password_chars: MIN_PASSWORD_CHARS,
    })
}
