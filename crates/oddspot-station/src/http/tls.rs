//! The certificate and the key by which browsers know the service.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};

use crate::configuration::TlsConfiguration;
use crate::error::{Error, Kind, Result};

/// What makes connections secure.
///
/// # Errors
/// A file that cannot be read, that has no certificate or no key; a key that is another certificate's.
pub fn acceptor(tls: &TlsConfiguration) -> Result<TlsAcceptor> {
    let certificates = certificates(&tls.certificate);
    let certificates = certificates.map_err(|error| error.of_key("tls.certificate"))?;
    let key = key(&tls.key).map_err(|error| error.of_key("tls.key"))?;
    let unusable = |error: TlsError| match error {
        TlsError::InconsistentKeys(_) => {
            let reason = format!(
                "this is not the key of the certificate in {}: give the two that were made together",
                tls.certificate.display()
            );
            Error::at(Kind::Mismatch, &tls.key, reason)
        }
        error => {
            let reason = format!("it cannot be used with {}: {error}", tls.key.display());
            Error::at(Kind::Invalid, &tls.certificate, reason)
        }
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = std::fs::read(file).map_err(Error::io(file))?;
    let all: std::result::Result<Vec<_>, PemError> =
        CertificateDer::pem_slice_iter(&read).collect();
    let all = all.map_err(|error| {
        let reason = format!("it is not in PEM form: {error}");
        Error::at(Kind::Invalid, file, reason)
    })?;
    match all.is_empty() {
        true => {
            let reason = "it has no certificate in PEM form";
            Err(Error::at(Kind::Invalid, file, reason))
        }
        false => Ok(all),
    }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let read = std::fs::read(file).map_err(Error::io(file))?;
    let is_locked = read.windows(9).any(|some| some == b"ENCRYPTED");
    PrivateKeyDer::from_pem_slice(&read).map_err(|error| {
        let reason = match error {
            _ if is_locked => {
                "the key is locked by a password, which nobody could give at a start: write it without, and let the \
                 service alone read the file"
                    .to_owned()
            }
            PemError::NoItemsFound => "it has no private key in PEM form".to_owned(),
            error => format!("it is not in PEM form: {error}"),
        };
        Error::at(Kind::Invalid, file, reason)
    })
}
