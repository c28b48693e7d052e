//! What is TLS's own: handshakes that fail or never come, renewed certificates, and what is spoken above it.

mod support;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use channel_runtime::rustls::pki_types::CertificateDer;
use channel_runtime::rustls::server::{ClientHello, ResolvesServerCert};
use channel_runtime::rustls::sign::CertifiedKey;
use channel_runtime::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};
use channel_runtime::{Config, Server, channel, channels, message};
use rcgen::KeyPair;
use support::over::Stream;
use support::tls::{certificate, client, client_that_trusts, private_key, server_config};
use support::{Frame, Raw, Running, close, request, run, text, upgrade, within};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[message(type = "echo")]
pub struct Echo {
    text: String,
}

#[channel("/echo")]
pub struct Talk;

#[channel(sends(Echo))]
impl Talk {
    #[message]
    fn echo(&self, echo: Echo) -> Echo {
        echo
    }
}

fn server() -> Server<()> {
    channels![Talk].app(())
}

async fn serve(server: Server<()>, tls: ServerConfig) -> Running {
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    run(bound.local_addr(), bound.tls(tls))
}

async fn tcp(server: &Running) -> TcpStream {
    within(TcpStream::connect(server.addr)).await.unwrap()
}

async fn open(stream: impl Stream + 'static) -> Raw {
    let mut raw = Raw::over(Box::new(stream));
    raw.upgrade("/echo").await;
    raw
}

async fn converse(raw: &mut Raw) {
    let echo = r#"{"type":"echo","text":"hello"}"#;
    raw.write(text(echo)).await;
    raw.expect(Frame::text(echo)).await;
}

#[tokio::test]
async fn a_handshake_that_never_comes_blocks_nobody_and_is_cut() {
    let patient = serve(server().config(Config::default().header_timeout(Duration::from_secs(3600))), server_config());
    let patient = patient.await;
    let mut silent = Vec::new();
    for said in [&b""[..], b"\x16\x03\x01"] {
        let mut raw = Raw::new(tcp(&patient).await);
        raw.write(said).await;
        silent.push(raw);
    }
    converse(&mut open(within(client(tcp(&patient).await)).await.unwrap()).await).await;

    let hasty = Config::default().header_timeout(Duration::from_millis(1));
    let hasty = serve(server().config(hasty), server_config()).await;
    for mut waited_for in silent {
        let mut cut = Raw::new(tcp(&hasty).await);
        assert!(cut.ends_before(&mut waited_for).await);
    }
}

#[tokio::test]
async fn a_handshake_that_never_comes_does_not_hold_a_stop() {
    let mut server = serve(server(), server_config()).await;
    let mut silent = Raw::new(tcp(&server).await);
    // The server has accepted the silent one, for it takes them in their order.
    converse(&mut open(within(client(tcp(&server).await)).await.unwrap()).await).await;
    within(server.begin_to_stop()).await.unwrap();
    silent.expect_gone().await;
}

#[tokio::test]
async fn whoever_fails_the_handshake_costs_nobody_anything() {
    let server = serve(server(), server_config()).await;
    let mut inside = open(within(client(tcp(&server).await)).await.unwrap()).await;
    for said in [request("/", &[]), "\x16\x03\x01\0\x05no hi".into()] {
        let mut raw = Raw::new(tcp(&server).await);
        raw.write(said).await;
        // An alert may come before the end.
        raw.expect_no_answer().await;
    }
    Raw::new(tcp(&server).await).reset();
    within(client_that_trusts(certificate().cert.der(), tcp(&server).await)).await.unwrap_err();
    converse(&mut inside).await;
    converse(&mut open(within(client(tcp(&server).await)).await.unwrap()).await).await;
}

/// The newest certificate.
#[derive(Debug)]
struct Renewed(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap()))
    }
}

fn certified(certified: &rcgen::CertifiedKey<KeyPair>) -> Arc<CertifiedKey> {
    let chain = vec![certified.cert.der().clone()];
    Arc::new(CertifiedKey::from_der(chain, private_key(certified), &crypto::ring::default_provider()).unwrap())
}

#[tokio::test]
async fn a_certificate_is_renewed_while_the_server_runs() {
    let (old, new) = (certificate(), certificate());
    let renewed = Arc::new(Renewed(RwLock::new(certified(&old))));
    let tls = ServerConfig::builder().with_no_client_auth().with_cert_resolver(Arc::clone(&renewed) as _);
    let server = serve(server(), tls).await;
    let trusts = |certificate: &CertificateDer<'static>| {
        let certificate = certificate.clone();
        let tcp = tcp(&server);
        async move { within(client_that_trusts(&certificate, tcp.await)).await }
    };
    let mut came_early = open(trusts(old.cert.der()).await.unwrap()).await;
    trusts(new.cert.der()).await.unwrap_err();
    *renewed.0.write().unwrap() = certified(&new);
    trusts(old.cert.der()).await.unwrap_err();
    converse(&mut open(trusts(new.cert.der()).await.unwrap()).await).await;
    converse(&mut came_early).await;
}

#[tokio::test]
async fn http_1_is_spoken_whatever_the_configuration_offers() {
    let certificate = certificate();
    let mut tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], private_key(&certificate))
        .unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let server = serve(server(), tls).await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate.cert.der().clone()).unwrap();
    let mut browser = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connect = async |browser: &ClientConfig| {
        let connector = TlsConnector::from(Arc::new(browser.clone()));
        within(connector.connect("localhost".try_into().unwrap(), tcp(&server).await)).await
    };
    browser.alpn_protocols = vec![b"h2".to_vec()];
    let refused = connect(&browser).await.unwrap_err().to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    browser.alpn_protocols.push(b"http/1.1".to_vec());
    let stream = connect(&browser).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    converse(&mut open(stream).await).await;
}

#[tokio::test]
async fn every_end_is_told_by_a_close_notify() {
    let mut server = serve(server(), server_config()).await;
    let connect = async || within(client(tcp(&server).await)).await.unwrap();
    // An end without one is an error of the client's library, which `expect_end` is not content with.
    let mut says_close = open(connect().await).await;
    says_close.write(close(1000, "")).await;
    says_close.expect_close(1000, "").await;
    let mut breaks_the_protocol = open(connect().await).await;
    breaks_the_protocol.write(support::masked(0xFF, "")).await;
    assert_eq!(breaks_the_protocol.frame().await.unwrap().first, 0x88);
    breaks_the_protocol.expect_end().await;
    drop((says_close, breaks_the_protocol));
    let mut asks_once = Raw::over(Box::new(connect().await));
    assert_eq!(asks_once.request(&request("/", &["Connection: close"])).await.status, 404);
    asks_once.expect_end().await;
    let (mut stays, mut idle) = (open(connect().await).await, Raw::over(Box::new(connect().await)));
    assert_eq!(idle.request(&request("/", &[])).await.status, 404);
    let stopped = server.begin_to_stop();
    stays.expect_close(1001, "the server goes away").await;
    drop(stays);
    idle.expect_end().await;
    within(stopped).await.unwrap();
}

#[tokio::test]
async fn a_page_without_tls_is_of_another_origin() {
    let server = serve(server(), server_config()).await;
    for (origin, status) in [("https://localhost", 101), ("http://localhost", 403), ("http://localhost:443", 403)] {
        let mut raw = Raw::over(Box::new(within(client(tcp(&server).await)).await.unwrap()));
        let request = upgrade("/echo").replacen("\r\n", &format!("\r\nOrigin: {origin}\r\n"), 1);
        assert_eq!(raw.request(&request).await.status, status, "{origin}");
    }
}
