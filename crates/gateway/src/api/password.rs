//! Changing one's own password.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use store::values::AuditAction;
use utoipa::ToSchema;

use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{User, allow_attempt};
use crate::extract::{Client, Json};
use crate::problem::Problem;

/// A new password, wanted by somebody who knows the present one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    #[schema(format = Password)]
    current_password: String,
    #[schema(format = Password, min_length = 10, max_length = 256)]
    new_password: String,
}

/// Changes the password of whoever is signed in. This session goes on; all others of the account end.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", request_body = ChangePassword,
    responses((status = 204), (status = 422, description = "The current password is wrong, or the new one unfit."),
        (status = 429, description = "Too many attempts.")))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    Client(client): Client,
    user: User,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    // Whoever found a browser signed in must not find out the password there.
    allow_attempt(&gateway, client, &user.account.email).await?;
    gateway.accounts().change_password(&user.account, user.session, body.current_password, body.new_password).await?;
    gateway.write_down(Deed::of(&user, AuditAction::ChangePassword)).await;
    Ok(StatusCode::NO_CONTENT)
}
