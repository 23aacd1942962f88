//! Configuration: defaults, then the file, then the environment.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

/// The configuration file that is read when none is named; it need not exist.
pub(crate) const FILE: &str = "voiceassist.toml";
/// Where the embedding model is looked for when no folder is configured, after the data directory's `model`.
const MODEL: &str = "models/all-minilm-l6-v2";

/// Everything that can be configured. The parts stand beside the code that they configure.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Where everything is kept.
    pub(crate) data_dir: PathBuf,
    pub(crate) gateway: gateway::Settings,
    pub(crate) knowledge: knowledge::Settings,
    pub(crate) database: store::Settings,
    pub(crate) redis: coordination::Settings,
    pub(crate) cache: cache::Settings,
    pub(crate) logs: telemetry::Settings,
    pub(crate) metrics: telemetry::MetricsSettings,
    pub(crate) traces: telemetry::TracesSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            gateway: gateway::Settings::default(),
            knowledge: knowledge::Settings::default(),
            database: store::Settings::default(),
            redis: coordination::Settings::default(),
            cache: cache::Settings::default(),
            logs: telemetry::Settings::default(),
            metrics: telemetry::MetricsSettings::default(),
            traces: telemetry::TracesSettings::default(),
        }
    }
}

/// Reads the configuration and checks it. The error names the key and where its value came from.
pub(crate) fn read(file: &Path) -> anyhow::Result<Settings> {
    if file != Path::new(FILE) && !file.exists() {
        bail!("the configuration file {} does not exist", file.display());
    }
    let mut figment = Figment::from(Serialized::defaults(Settings::default()));
    if file.exists() {
        figment = figment.merge(Toml::file_exact(file));
    }
    let mut settings: Settings = figment
        .merge(Env::prefixed("VOICEASSIST__").split("__"))
        .extract()
        .context("the configuration is not valid")?;
    settings.traces.validate().context("the configuration is not valid")?;
    settings.gateway.validate().context("the configuration is not valid")?;
    settings.database.validate().context("the configuration is not valid")?;
    settings.redis.validate().context("the configuration is not valid")?;
    settings.cache.validate().context("the configuration is not valid")?;
    ensure!(
        settings.database.replica_urls.is_empty() || settings.redis.url.is_some(),
        "the configuration is not valid: database.replica_urls needs redis.url, through which the processes tell each other \
         what a replica must have replayed before somebody reads from it"
    );
    if settings.knowledge.model_directory.is_none() {
        let places = [settings.data_dir.join("model"), PathBuf::from(MODEL)];
        settings.knowledge.model_directory = places.into_iter().find(|place| place.join("model.onnx").exists());
    }
    Ok(settings)
}
