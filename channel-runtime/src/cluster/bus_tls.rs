//! TLS to the bus: the certificates that a node trusts, and the one that it shows.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// TLS to a bus: the certificates that a node trusts, and the one that it shows, for [`Nats::tls`](crate::Nats#method.tls) and
/// [`Redis::tls`](crate::Redis#method.tls).
///
/// Files are PEM. They are read at each connect, so a renewed certificate is used from the next connection on, without a restart. The
/// system's own are read once.
#[derive(Clone, Debug, Default)]
#[must_use = "hand it to `tls(..)` of the cluster"]
pub struct BusTls {
    /// `None`: those of the system.
    roots: Option<PathBuf>,
    /// The chain, and its key.
    shown: Option<(PathBuf, PathBuf)>,
}

impl BusTls {
    /// Trusts the certificates that the system trusts, and shows none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the root certificates of this file, and no others. Default: those of the system.
    pub fn roots(mut self, file: impl Into<PathBuf>) -> Self {
        self.roots = Some(file.into());
        self
    }

    /// Shows the certificate of the first file, with the chain that follows it there, to a bus that asks for one. The second file
    /// has its private key. Default: none.
    pub fn certificate(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.shown = Some((chain.into(), key.into()));
        self
    }

    /// Reads the files, which blocks.
    pub(super) fn config(&self) -> io::Result<ClientConfig> {
        // Said here, because a program that has the cryptography of two crates has no default.
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the ciphers of TLS 1.2 and 1.3")
            .with_root_certificates(self.trusted()?);
        let Some((chain, key)) = &self.shown else { return Ok(builder.with_no_client_auth()) };
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| not_read(key, error))?;
        builder.with_client_auth_cert(certificates(chain)?, private).map_err(|error| not_read(chain, error))
    }

    fn trusted(&self) -> io::Result<Arc<RootCertStore>> {
        let Some(file) = &self.roots else { return Ok(Arc::clone(&OF_THE_SYSTEM)) };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|error| not_read(file, error))?;
        }
        Ok(Arc::new(roots))
    }
}

/// Read once, for there are hundreds, and whoever connects again is in a hurry.
static OF_THE_SYSTEM: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    // One that can't be read is trusted as little as one that is not there, and the handshake says so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

/// At least one.
fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match all.map_err(|error| not_read(file, error))? {
        none if none.is_empty() => Err(not_read(file, "no certificate in it")),
        some => Ok(some),
    }
}

fn not_read(file: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {error}", file.display()))
}
