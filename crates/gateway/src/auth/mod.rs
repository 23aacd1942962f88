//! Who somebody is: accounts, passwords, tokens, and the extractors that ask for them.

mod accounts;
mod entering;
mod extract;
mod password;
mod tokens;

pub use accounts::{AccountError, Accounts, NewPassword, NewPerson, PersonChange, Tokens};
pub(crate) use entering::{Refused, allow_attempt, recognise, register};
pub(crate) use extract::{
    Admin, SESSION_COOKIE, User, check_form_origin, require_account, require_page_account, visitor,
};
pub(crate) use password::parameters as password_parameters;
pub use password::{MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS};
