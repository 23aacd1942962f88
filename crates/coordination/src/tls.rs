//! Who may vouch for a Redis whose connection is encrypted.

use std::path::Path;
use std::sync::Arc;

use fred::rustls::crypto::ring;
use fred::rustls::pki_types::CertificateDer;
use fred::rustls::pki_types::pem::PemObject as _;
use fred::rustls::{ClientConfig, RootCertStore};
use fred::types::config::{TlsConfig, TlsConnector};

use crate::InvalidSetting;

/// TLS that trusts the authorities of a file, or without one those of the system.
pub(crate) fn config(ca_file: Option<&Path>) -> Result<TlsConfig, InvalidSetting> {
    let authorities = match ca_file {
        Some(path) => of_file(path)?,
        None => of_system()?,
    };
    // Named, so that it is the one of the whole program whatever features of rustls other crates turn on.
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("url", format!("asks for TLS, which cannot be set up: {error}")))?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(TlsConnector::from(client).into())
}

fn of_file(path: &Path) -> Result<RootCertStore, InvalidSetting> {
    let unfit = |problem: &dyn std::fmt::Display| invalid("ca_file", format!("{}: {problem}", path.display()));
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unfit(&error))? {
        let certificate = certificate.map_err(|error| unfit(&error))?;
        authorities.add(certificate).map_err(|error| unfit(&error))?;
    }
    if authorities.is_empty() { Err(unfit(&"holds no certificate")) } else { Ok(authorities) }
}

fn of_system() -> Result<RootCertStore, InvalidSetting> {
    let mut authorities = RootCertStore::empty();
    // One that cannot be read does not speak against the others.
    authorities.add_parsable_certificates(fred::rustls_native_certs::load_native_certs().certs);
    if authorities.is_empty() {
        let problem = "asks for TLS, but this system knows no authorities; name the file of one in redis.ca_file";
        return Err(invalid("url", problem.to_owned()));
    }
    Ok(authorities)
}

fn invalid(key: &'static str, problem: String) -> InvalidSetting {
    InvalidSetting { key, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_used_is_named() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("ca.pem");
        let problem = |path: &Path| config(Some(path)).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            problem(&path).starts_with("redis.ca_file ") && problem(&path).contains("ca.pem"),
            "{}",
            problem(&path)
        );
        std::fs::write(&path, "no certificate")?;
        assert!(problem(&path).ends_with("holds no certificate"), "{}", problem(&path));
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")?;
        assert!(problem(&path).starts_with("redis.ca_file "), "{}", problem(&path));
        Ok(())
    }
}
