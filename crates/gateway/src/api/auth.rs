//! Registering, signing in and out.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::values::AuditAction;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answered, schema};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{self, NewPerson, Tokens, User, recognise};
use crate::extract::{Client, Json};
use crate::problem::Problem;

/// Somebody who wants an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    #[schema(format = Email)]
    email: String,
    name: String,
    #[schema(format = Password, min_length = 10, max_length = 256)]
    password: String,
}

/// What somebody signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    #[schema(format = Email)]
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// A refresh token to be exchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    id: Uuid,
    email: String,
    name: String,
    #[schema(value_type = schema::Role)]
    role: store::values::Role,
}

impl From<store::accounts::Account> for Me {
    fn from(account: store::accounts::Account) -> Self {
        Self { id: account.id, email: account.email, name: account.name, role: account.role }
    }
}

/// Creates an account. The first one is the administrator's; later ones need registration to be open.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = Registration,
    responses((status = 201, body = Me), (status = 403, description = "Registration is closed."),
        (status = 409, description = "The address has an account.")))]
pub(crate) async fn register(
    State(gateway): State<Gateway>,
    Client(client): Client,
    Json(body): Json<Registration>,
) -> Result<(StatusCode, Json<Me>), Problem> {
    let person = NewPerson { email: body.email, name: body.name, password: body.password };
    let account = auth::register(&gateway, client, person).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}

/// Signs a program in.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, body = Tokens), (status = 401, description = "The address or the password is wrong."),
        (status = 429, description = "Too many attempts.")))]
pub(crate) async fn login(
    State(gateway): State<Gateway>,
    Client(client): Client,
    Json(body): Json<Credentials>,
) -> Answered<Tokens> {
    let account = recognise(&gateway, client, &body.email, body.password).await?;
    Ok(Json(gateway.accounts().begin_tokens(&account).await?))
}

/// Exchanges a refresh token for a new pair. Each works once; using one again ends the session.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, body = Tokens), (status = 401, description = "Unknown, expired, used or revoked.")))]
pub(crate) async fn refresh(State(gateway): State<Gateway>, Json(body): Json<Refresh>) -> Answered<Tokens> {
    Ok(Json(gateway.accounts().refresh(&body.refresh_token).await?))
}

/// Ends the session at once: its access token and its refresh token stop working.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", responses((status = 204)))]
pub(crate) async fn logout(State(gateway): State<Gateway>, user: User) -> Result<StatusCode, Problem> {
    gateway.accounts().log_out(user.session).await?;
    gateway.write_down(Deed::of(&user, AuditAction::SignOut)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth", responses((status = 200, body = Me)))]
pub(crate) async fn me(user: User) -> Json<Me> {
    Json(user.account.into())
}
