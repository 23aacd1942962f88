//! Signing in and out, and creating an account, with forms.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::values::AuditAction;

use super::views::{FieldErrors, LoginForm, LoginPage};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{
    self, MIN_PASSWORD_CHARS, NewPerson, Refused, SESSION_COOKIE, check_form_origin, recognise, visitor,
};
use crate::extract::{Client, Query};
use crate::problem::Problem;

/// Where to go afterwards, and which form is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct LoginQuery {
    next: Option<String>,
    register: Option<String>,
}

/// What the forms send.
#[derive(Debug, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    next: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// `/login`: the form; while nobody has an account, the one for the first.
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Problem> {
    let next = local_path(query.next.as_deref().unwrap_or_default());
    if visitor(&gateway, &headers).await?.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    let form = if gateway.store().count_accounts().await? == 0 {
        LoginForm::FirstAccount
    } else if query.register.is_some() && gateway.settings().registration_open {
        LoginForm::Register
    } else {
        LoginForm::SignIn
    };
    let fields = Fields { next: next.to_owned(), name: String::new(), email: String::new(), password: String::new() };
    super::render(&page(&gateway, form, fields))
}

/// Signs a browser in.
pub(crate) async fn sign_in(
    State(gateway): State<Gateway>,
    Client(client): Client,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Problem> {
    let fields = fields(&headers, form)?;
    match recognise(&gateway, client, &fields.email, fields.password.clone()).await {
        Ok(account) => enter(&gateway, &account, &fields.next).await,
        Err(refused) => refuse(&gateway, LoginForm::SignIn, fields, refused),
    }
}

/// Creates an account and signs the browser in.
pub(crate) async fn register(
    State(gateway): State<Gateway>,
    Client(client): Client,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Problem> {
    let fields = fields(&headers, form)?;
    let first = gateway.store().count_accounts().await? == 0;
    let form = if first { LoginForm::FirstAccount } else { LoginForm::Register };
    let person =
        NewPerson { email: fields.email.clone(), name: fields.name.clone(), password: fields.password.clone() };
    match auth::register(&gateway, client, person).await {
        Ok(account) => enter(&gateway, &account, &fields.next).await,
        Err(refused) => refuse(&gateway, form, fields, refused),
    }
}

/// Signs a browser out.
pub(crate) async fn sign_out(
    State(gateway): State<Gateway>,
    Client(client): Client,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_form_origin(&headers)?;
    if let Some(user) = visitor(&gateway, &headers).await? {
        gateway.accounts().log_out(user.session).await?;
        gateway.write_down(Deed::of(&user.at(client), AuditAction::SignOut)).await;
    }
    Ok(([(header::SET_COOKIE, cookie(&gateway, "", 0))], Redirect::to("/login")).into_response())
}

fn fields(headers: &HeaderMap, form: Result<Form<Fields>, FormRejection>) -> Result<Fields, Problem> {
    check_form_origin(headers)?;
    let Form(fields) = form.map_err(|rejection| {
        Problem::new(rejection.status(), "The form cannot be read. Load the page again and fill it in once more.")
    })?;
    Ok(fields)
}

async fn enter(gateway: &Gateway, account: &store::accounts::Account, next: &str) -> Result<Response, Problem> {
    let secret = gateway.accounts().begin_browser(account).await?;
    let seconds = gateway.accounts().browser_lifetime().num_seconds();
    let headers: [(HeaderName, String); 1] = [(header::SET_COOKIE, cookie(gateway, &secret, seconds))];
    Ok((headers, Redirect::to(local_path(next))).into_response())
}

fn refuse(gateway: &Gateway, form: LoginForm, fields: Fields, refused: Refused) -> Result<Response, Problem> {
    let problem = Problem::from(refused);
    if problem.status().is_server_error() && problem.status() != StatusCode::SERVICE_UNAVAILABLE {
        return Err(problem);
    }
    let mut page = page(gateway, form, fields);
    for error in problem.errors() {
        let message = |label| Some(format!("{label} {}.", error.message));
        match error.field.as_str() {
            "name" => page.errors.name = message("Your name"),
            "email" => page.errors.email = message("The email address"),
            _ => page.errors.password = message("The password"),
        }
    }
    page.error = problem.errors().is_empty().then(|| problem.detail().to_owned());
    Ok((problem.status(), super::render(&page)?).into_response())
}

fn page(gateway: &Gateway, form: LoginForm, fields: Fields) -> LoginPage {
    LoginPage {
        chrome: super::chrome(gateway, None, "/login"),
        form,
        registration_open: gateway.settings().registration_open,
        next: local_path(&fields.next).to_owned(),
        name: fields.name,
        email: fields.email,
        min_password_chars: MIN_PASSWORD_CHARS,
        error: None,
        errors: FieldErrors::default(),
    }
}

fn cookie(gateway: &Gateway, value: &str, seconds: i64) -> String {
    let secure = if gateway.settings().secure_cookies { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// `next`, if it is a path of this site, or else the first page. `//host` and `/\host` lead to other sites.
fn local_path(next: &str) -> &str {
    let local = next.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']));
    if local && !next.chars().any(|c| c.is_control() || c == '\\') && next.is_ascii() { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        assert_eq!(local_path("/documents/1?start=2#cited"), "/documents/1?start=2#cited");
        for elsewhere in
            ["", "x", "//evil", "/\\evil", "https://evil", "/a\\b", "/a\r\nSet-Cookie: b", "/\t/evil", "/é"]
        {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
