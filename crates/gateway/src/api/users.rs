//! People, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use store::accounts::Account;
use store::values::{AuditAction, Role};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answered;
use super::schema::{self, List};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{Admin, NewPassword, NewPerson, PersonChange, User};
use crate::extract::{Id, Json, PageQuery, Query};
use crate::problem::Problem;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    id: Uuid,
    email: String,
    name: String,
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Whether the person is kept from signing in.
    disabled: bool,
    created_at: DateTime<Utc>,
}

/// An account that was made or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonChanged {
    user: Person,
    /// The one-time password, when one was made up. It is told only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

/// Somebody who gets an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddPerson {
    #[schema(format = Email)]
    email: String,
    name: String,
    /// `user` unless given.
    #[schema(value_type = Option<schema::Role>)]
    role: Option<Role>,
    /// Without one, a one-time password is made up and returned.
    #[schema(format = Password, min_length = 10, max_length = 256)]
    password: Option<String>,
}

/// What changes about an account; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePerson {
    #[schema(value_type = Option<schema::Role>)]
    role: Option<Role>,
    /// Disabling signs the person out at once.
    disabled: Option<bool>,
    /// Makes up a one-time password and returns it.
    #[serde(default)]
    reset_password: bool,
    /// A new password.
    #[schema(format = Password, min_length = 10, max_length = 256)]
    password: Option<String>,
}

impl From<Account> for Person {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            role: account.role,
            disabled: account.disabled_at.is_some(),
            created_at: account.created_at,
        }
    }
}

/// Everybody who has an account, newest first; `q` matches names and addresses.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", params(PageQuery),
    responses((status = 200, body = List<Person>)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _: Admin,
    Query(query): Query<PageQuery>,
) -> Answered<List<Person>> {
    let page = gateway.store().accounts(&query.request()?).await?;
    Ok(Json(page.map(Person::from).into()))
}

/// Adds a person, whether or not registration is open.
#[utoipa::path(post, path = "/api/admin/users", tag = "admin", request_body = AddPerson,
    responses((status = 201, body = PersonChanged), (status = 409, description = "The address has an account.")))]
pub(crate) async fn add(
    State(gateway): State<Gateway>,
    _: Admin,
    user: User,
    Json(body): Json<AddPerson>,
) -> Result<(StatusCode, Json<PersonChanged>), Problem> {
    let AddPerson { email, name, role, password } = body;
    let role = role.unwrap_or(Role::User);
    let (account, password) = if let Some(password) = password {
        (gateway.accounts().add(NewPerson { email, name, password }, role).await?, None)
    } else {
        let (account, password) = gateway.accounts().add_with_one_time_password(email, name, role).await?;
        (account, Some(password))
    };
    let deed = Deed::of(&user, AuditAction::AddAccount).to(&account.email);
    gateway.write_down(deed.with(format!("role {}", role_name(role)))).await;
    Ok((StatusCode::CREATED, Json(PersonChanged { user: account.into(), password })))
}

/// Changes a person's role, disables or enables them, or sets their password.
#[utoipa::path(patch, path = "/api/admin/users/{id}", tag = "admin", params(("id" = Uuid, Path)),
    request_body = ChangePerson,
    responses((status = 200, body = PersonChanged), (status = 409, description = "It is the last administrator.")))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _: Admin,
    user: User,
    Id(id): Id,
    Json(body): Json<ChangePerson>,
) -> Answered<PersonChanged> {
    let password = match (body.password, body.reset_password) {
        (Some(_), true) => {
            return Err(Problem::invalid_field("password", "give a password or have one made up, not both"));
        }
        (Some(password), false) => Some(NewPassword::Given(password)),
        (None, true) => Some(NewPassword::OneTime),
        (None, false) => None,
    };
    let change = PersonChange { role: body.role, disabled: body.disabled, password };
    let said = [
        change.role.map(|role| format!("role {}", role_name(role))),
        change.disabled.map(|disabled| if disabled { "disabled" } else { "enabled" }.to_owned()),
        change.password.is_some().then(|| "new password".to_owned()),
    ];
    let (account, password) = gateway.accounts().change(id, change).await?;
    let deed = Deed::of(&user, AuditAction::ChangeAccount).to(&account.email);
    gateway.write_down(deed.with(said.into_iter().flatten().collect::<Vec<_>>().join(", "))).await;
    Ok(Json(PersonChanged { user: account.into(), password }))
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Admin => "administrator",
    }
}
