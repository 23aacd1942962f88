//! The command line: wiring, nothing else.

/// See docs/decisions/0030-memory-by-mimalloc.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod commands;
mod marks;
mod output;
mod product;
mod progress;
mod settings;

use clap::Parser;
use commands::Command;

/// Answers people's questions from their organisation's own documents, with citations that can be checked.
#[derive(Parser)]
#[command(name = "voiceassist", version)]
struct Arguments {
    /// The configuration file. Environment variables such as `VOICEASSIST__GATEWAY__LISTEN` override it.
    #[arg(long, global = true, value_name = "FILE", default_value = settings::FILE)]
    config: std::path::PathBuf,
    #[command(subcommand)]
    command: Command,
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| {
        let settings = settings::read(&arguments.config)?;
        runtime.block_on(arguments.command.run(settings))
    });
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            output::note(format_args!("voiceassist: {error:#}"));
            std::process::ExitCode::FAILURE
        }
    }
}
