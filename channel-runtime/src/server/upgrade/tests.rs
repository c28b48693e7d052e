//! Below which servers the TCP socket itself is recovered.

use std::future::{Future, pending};
use std::net::SocketAddr;

use http::{StatusCode, header};
use hyper::server::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::*;
use crate::server::Server;
use crate::server::channels::Channels;
use crate::server::service::{Routes, Service};

type Recovered = (bool, Vec<u8>);

fn probe() -> (BoxedFilter<(warp::reply::Response,)>, mpsc::UnboundedReceiver<Recovered>) {
    let (recovered, told) = mpsc::unbounded_channel();
    let filter = warp::ext::get::<OnUpgrade>().map(move |upgrade: OnUpgrade| {
        let recovered = recovered.clone();
        tokio::spawn(async move {
            let (transport, read_ahead) = recover(upgrade.await.unwrap());
            recovered.send((matches!(transport, Transport::Tcp(_)), read_ahead)).unwrap();
        });
        let mut response = warp::reply::Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(header::UPGRADE, "probe".parse().unwrap());
        response.headers_mut().insert(header::CONNECTION, "upgrade".parse().unwrap());
        response
    });
    (filter.boxed(), told)
}

fn server(probe: BoxedFilter<(warp::reply::Response,)>) -> Server<()> {
    Channels::new().app(()).or(probe)
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: probe\r\n\r\nbehind it";
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    // Over TLS an end without a word is an error, and none of this test's.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{answer:?}");
}

async fn port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

async fn below<S, F>(serve: S) -> Recovered
where
    S: FnOnce(TcpListener, BoxedFilter<(warp::reply::Response,)>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let (listener, addr) = port().await;
    let (probe, mut told) = probe();
    let serving = tokio::spawn(serve(listener, probe));
    ask(TcpStream::connect(addr).await.unwrap()).await;
    let recovered = told.recv().await.unwrap();
    serving.abort();
    recovered
}

const TCP: bool = true;
const BOXED: bool = false;

#[tokio::test]
async fn tcp_is_recovered_below_warp() {
    let recovered = below(|listener, probe| warp::serve(probe).incoming(listener).run()).await;
    assert_eq!(recovered, (TCP, b"behind it".to_vec()));
    let recovered = below(|listener, probe| warp::serve(probe).incoming(listener).graceful(pending()).run()).await;
    assert_eq!(recovered, (TCP, b"behind it".to_vec()));
}

#[tokio::test]
async fn tcp_is_recovered_below_our_own_server() {
    let recovered = below(|listener, probe| server(probe).listen(listener).run_until(pending())).await;
    assert_eq!(recovered, (TCP, b"behind it".to_vec()));
}

#[tokio::test]
async fn tcp_is_recovered_below_axum() {
    let recovered = below(async |listener, probe| {
        let routes = axum::Router::new().fallback_service(Service::new(Routes::new(probe, std::sync::Arc::new([]))));
        axum::serve(listener, routes).await.unwrap();
    });
    assert_eq!(recovered.await, (TCP, b"behind it".to_vec()));
}

#[tokio::test]
async fn tcp_is_recovered_below_a_loop_of_hypers() {
    let recovered = below(async |listener, probe| {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(warp::service(probe));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connection.with_upgrades().await.unwrap();
    });
    assert_eq!(recovered.await, (TCP, b"behind it".to_vec()));
    let recovered = below(async |listener, probe| {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(warp::service(probe));
        let http = auto::Builder::new(TokioExecutor::new());
        http.serve_connection_with_upgrades(TokioIo::new(stream), service).await.unwrap();
    });
    assert_eq!(recovered.await, (TCP, b"behind it".to_vec()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_boxed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (probe, mut told) = probe();
    let serving = tokio::spawn(server(probe).listen(listener).run_until(pending()));
    ask(tokio::net::UnixStream::connect(path).await.unwrap()).await;
    assert_eq!(told.recv().await.unwrap(), (BOXED, Vec::new()));
    serving.abort();
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn tls_is_boxed() {
    use std::sync::Arc;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

    let certified = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    let (listener, addr) = port().await;
    let (probe, mut told) = probe();
    let serving = tokio::spawn(server(probe).listen(listener).tls(tls).run_until(pending()));
    let stream = TcpStream::connect(addr).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    ask(connector.connect("localhost".try_into().unwrap(), stream).await.unwrap()).await;
    assert_eq!(told.recv().await.unwrap(), (BOXED, Vec::new()));
    serving.abort();
}
