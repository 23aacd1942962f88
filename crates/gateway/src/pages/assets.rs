//! Style sheets, scripts and icons, compiled into the program.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

#[derive(Embed)]
#[folder = "assets/"]
struct Files;

/// `/assets/{version}`: the version changes with every byte of every file, so that browsers may keep them for ever and
/// never mix the files of two versions.
pub(crate) fn prefix() -> &'static str {
    static PREFIX: OnceLock<String> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let mut names: Vec<_> = Files::iter().collect();
        names.sort();
        let mut digest = Sha256::new();
        for name in names {
            digest.update(name.as_bytes());
            digest.update(Files::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
        }
        let hash = digest.finalize().iter().take(6).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
        format!("/assets/{}-{hash:012x}", env!("CARGO_PKG_VERSION"))
    })
}

/// A file. A page that was open while the server was replaced asks with the old version: it gets the new file, unkept.
pub(crate) async fn asset(Path((version, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let file = Files::get(&name).ok_or_else(|| Problem::not_found("file"))?;
    let current = prefix().strip_prefix("/assets/") == Some(version.as_str());
    let kept = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers =
        [(header::CONTENT_TYPE, content_type(file.metadata.mimetype())), (header::CACHE_CONTROL, kept.into())];
    Ok((headers, file.data).into_response())
}

/// Where browsers look without being told.
pub(crate) async fn favicon() -> Redirect {
    Redirect::temporary(&format!("{}/favicon.svg", prefix()))
}

fn content_type(media_type: &str) -> String {
    if media_type.starts_with("text/") { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() }
}
