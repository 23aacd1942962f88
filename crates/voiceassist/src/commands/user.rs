//! `voiceassist user`: the people who may sign in.

use gateway::Deed;
use gateway::auth::{NewPassword, PersonChange};
use store::page::PageRequest;
use store::values::{AuditAction, Role};

use crate::output;
use crate::product::Product;
use crate::settings::Settings;

#[derive(clap::Subcommand)]
pub(crate) enum User {
    /// Add a person, and print a password to hand over.
    Add {
        /// The address that the person signs in with.
        email: String,
        /// How the person is called; the address otherwise.
        #[arg(long)]
        name: Option<String>,
        /// May manage people and share documents. The very first account always may.
        #[arg(long)]
        admin: bool,
    },
    /// List everybody.
    List,
    /// Disable an account and sign it out everywhere; its documents stay.
    Disable {
        /// The address of the account.
        email: String,
    },
    /// Replace a password, sign the account out everywhere, and print the new password.
    ResetPassword {
        /// The address of the account.
        email: String,
    },
}

impl User {
    pub(crate) async fn run(self, mut settings: Settings) -> anyhow::Result<()> {
        // Accounts need no model; loading it would take longer than the command.
        settings.knowledge.model_directory = None;
        "error".clone_into(&mut settings.logs.level);
        let product = Product::open(settings).await?;
        let accounts = product.accounts().await?;
        match self {
            Self::Add { email, name, admin } => {
                let role = if admin { Role::Admin } else { Role::User };
                let name = name.unwrap_or_else(|| email.clone());
                let (account, password) = accounts.add_with_one_time_password(email, name, role).await?;
                let role = role_name(account.role);
                note(&product, AuditAction::AddAccount, &account.email, format!("role {role}")).await;
                output::line(format_args!("{} ({role}) can sign in with the password {password}", account.email))
            }
            Self::List => list(&product).await,
            Self::Disable { email } => {
                let account = product.account(Some(&email)).await?;
                let change = PersonChange { disabled: Some(true), ..PersonChange::default() };
                accounts.change(account.id, change).await?;
                note(&product, AuditAction::ChangeAccount, &account.email, "disabled".to_owned()).await;
                output::line(format_args!("{email} is disabled and signed out"))
            }
            Self::ResetPassword { email } => {
                let account = product.account(Some(&email)).await?;
                let change = PersonChange { password: Some(NewPassword::OneTime), ..PersonChange::default() };
                let (_, password) = accounts.change(account.id, change).await?;
                let password = password.unwrap_or_default();
                note(&product, AuditAction::ChangeAccount, &account.email, "new password".to_owned()).await;
                output::line(format_args!("{email} can sign in with the password {password}"))
            }
        }
    }
}

async fn note(product: &Product, action: AuditAction, email: &String, detail: String) {
    Deed::of_command_line(action).to(email).with(detail).write_down(&product.store).await;
}

async fn list(product: &Product) -> anyhow::Result<()> {
    let mut request = PageRequest { limit: 200, ..PageRequest::default() };
    loop {
        let page = product.store.accounts(&request).await?;
        for account in page.items {
            let state = if account.disabled_at.is_some() { "disabled" } else { "active" };
            let role = role_name(account.role);
            output::line(format_args!("{}\t{role}\t{state}\t{}", account.email, account.name))?;
        }
        let Some(cursor) = page.next_cursor else { return Ok(()) };
        request.cursor = Some(cursor);
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "administrator",
        Role::User => "user",
    }
}
