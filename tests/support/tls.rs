//! Both ends of TLS, with a certificate of the test's own.

use std::io;
use std::sync::{Arc, LazyLock};

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use super::over::Stream;

/// Who signed the certificate of this program's servers: the certificate itself.
static CERTIFIED: LazyLock<CertifiedKey<KeyPair>> = LazyLock::new(certificate);

pub fn certificate() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".into()]).unwrap()
}

pub fn private_key(certified: &CertifiedKey<KeyPair>) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into())
}

pub fn server_config() -> ServerConfig {
    let chain = vec![CERTIFIED.cert.der().clone()];
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private_key(&CERTIFIED)).unwrap()
}

/// The certificate of this program's servers, and its key, for a program that reads files.
pub fn pem() -> (String, String) {
    (CERTIFIED.cert.pem(), CERTIFIED.signing_key.serialize_pem())
}

pub async fn client(stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    client_that_trusts(CERTIFIED.cert.der(), stream).await
}

pub async fn client_that_trusts(
    certificate: &CertificateDer<'static>,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}
