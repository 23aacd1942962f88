//! `voiceassist serve`: the embedded profile, everything in one process.

use std::path::PathBuf;

use gateway::Deed;
use store::Visibility;
use store::values::AuditAction;

use crate::commands::import;
use crate::output;
use crate::product::Product;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Serve {
    /// On the first start: make an administrator, and import these files or folders for everybody.
    #[arg(long, value_name = "PATH")]
    samples: Vec<PathBuf>,
}

/// Who the administrator of a first start with samples is.
const FIRST_ADMIN: &str = "admin@localhost";

impl Serve {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let mut product = Product::open(settings).await?;
        // Before an administrator is made, whose password is told only once the server has started.
        let listener = Product::listen(&product.settings.gateway.listen).await?;
        let metrics = product.listen_for_metrics().await?;
        product.start_worker()?;
        let sign_in = self.sign_in_hint(&product).await?;
        let address = product.start_gateway(listener, metrics).await?;
        output::line(format_args!("VoiceAssist answers on http://{address}\n{sign_in}\nStop it with Ctrl-C."))?;
        let stopped = product.stopped().await;
        product.shut_down().await;
        stopped
    }

    /// Prepares a first start, and says how to sign in.
    async fn sign_in_hint(&self, product: &Product) -> anyhow::Result<String> {
        if product.store.count_accounts().await? > 0 {
            let email = product.account(None).await?.email;
            return Ok(format!(
                "Sign in as {email} or with another account. Forgotten? voiceassist user reset-password {email}"
            ));
        }
        if self.samples.is_empty() {
            return Ok("Open it and make the first account: it becomes the administrator.".to_owned());
        }
        let files = import::files(&self.samples)?;
        let accounts = product.accounts().await?;
        let (admin, password) = accounts
            .add_with_one_time_password(FIRST_ADMIN.to_owned(), "Administrator".to_owned(), store::values::Role::Admin)
            .await?;
        Deed::of_command_line(AuditAction::AddAccount).to(&admin.email).write_down(&product.store).await;
        for file in files {
            import::take_in(product, &file, admin.id, Visibility::Shared).await?;
        }
        Ok(format!("Sign in as {FIRST_ADMIN} with the password {password} (shown only now)"))
    }
}
