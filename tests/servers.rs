//! The ways in: by our own server, below somebody else's, over sockets of all kinds. Each time a foreign client comes, talks
//! and goes.

mod support;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::routing::get;
use axum::{Router, middleware};
use channel_runtime::{
    Close, Config, Extract, Handshake, Hub, Listener, PeerAddr, Reject, Server, Service, Socket, channel, channels,
    message,
};
use futures::{SinkExt, StreamExt};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use support::{Raw, request, run, upgrade, within};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use warp::Filter;

#[message(type = "echo")]
pub struct Echo {
    text: String,
}

/// Where a client comes from, as the server sees it.
#[message(type = "from")]
pub struct From {
    address: String,
}

pub struct App {
    ends: mpsc::UnboundedSender<Close>,
}

#[channel("/talk/:room", app = App)]
pub struct Talk {
    room: String,
    #[extract]
    address: Address,
}

#[channel(sends(Echo, From))]
impl Talk {
    fn on_connect(&self) -> From {
        From { address: self.address.0.clone() }
    }

    #[message]
    fn echo(&self, echo: Echo, socket: &Socket<Self>) {
        socket.room().send(Echo { text: format!("{} in {}", echo.text, self.room) });
    }

    fn on_close(&self, close: Close, app: &App) {
        app.ends.send(close).expect("the test waits for it");
    }
}

pub struct Address(String);

impl<A: Sync> Extract<A> for Address {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.remote_addr.map_or(UNKNOWN.into(), |addr| addr.ip().to_string())))
    }
}

/// A server that is not served yet, and what a test sees of it.
struct Fixture {
    server: Option<Server<App>>,
    hub: Hub<Talk>,
    ends: mpsc::UnboundedReceiver<Close>,
}

impl Fixture {
    fn new() -> Self {
        let (ends, ends_of) = mpsc::unbounded_channel();
        let channels = channels![Talk];
        let hub = channels.of::<Talk>();
        Self { server: Some(channels.app(App { ends })), hub, ends: ends_of }
    }

    fn server(&mut self) -> Server<App> {
        self.server.take().expect("it is served once")
    }

    fn service(&self) -> Service {
        self.server.as_ref().expect("it is served by another").service()
    }

    /// A client comes, is told its address, talks, and goes.
    async fn converse(&mut self, stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, address: &str) {
        let mut client = open(stream, path).await;
        let from = format!(r#"{{"type":"from","address":"{address}"}}"#);
        assert_eq!(next(&mut client).await, Message::text(from));
        for text in ["hello".to_owned(), "é".repeat(30_000)] {
            client.send(Message::text(format!(r#"{{"type":"echo","text":"{text}"}}"#))).await.unwrap();
            let echo = format!(r#"{{"type":"echo","text":"{text} in den"}}"#);
            assert_eq!(next(&mut client).await, Message::text(echo));
        }
        let farewell = CloseFrame { code: CloseCode::Library(4000), reason: "bye".into() };
        client.close(Some(farewell.clone())).await.unwrap();
        assert!(matches!(next(&mut client).await, Message::Close(Some(answer)) if answer.code == farewell.code));
        assert!(within(client.next()).await.is_none());
        let close = within(self.ends.recv()).await.unwrap();
        assert_eq!((close.code.map(u16::from), close.reason.as_str()), (Some(4000), "bye"));
        assert_eq!(self.hub.all().len(), 0);
    }
}

async fn open<S: AsyncRead + AsyncWrite + Unpin>(stream: S, path: &str) -> WebSocketStream<S> {
    within(tokio_tungstenite::client_async(format!("ws://localhost{path}"), stream)).await.unwrap().0
}

async fn next<S: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<S>) -> Message {
    within(client.next()).await.expect("connected").expect("well formed")
}

const LOOPBACK: &str = "127.0.0.1";
const UNKNOWN: &str = "unknown";

#[channel("/plain")]
pub struct Plain;

#[channel]
impl Plain {
    fn on_connect(&self, socket: &Socket<Self>) {
        socket.close(channel_runtime::CloseCode::NORMAL, "seen");
    }
}

/// The port is taken by a socket that does not listen, so that nobody else is given it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn channels_without_an_app_are_served_as_they_are() {
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.set_reuseaddr(true).unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = taken.local_addr().unwrap();
    let served = tokio::spawn(channels![Plain].serve(addr));
    let stream = within(async {
        loop {
            match TcpStream::connect(addr).await {
                Ok(stream) => break stream,
                Err(error) if !served.is_finished() => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused),
                Err(error) => panic!("it has ended: {error}"),
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let farewell = next(&mut open(stream, "/plain").await).await;
    assert!(matches!(farewell, Message::Close(Some(close)) if close.reason.as_str() == "seen"));
    served.abort();
}

async fn port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

async fn tcp(addr: SocketAddr) -> TcpStream {
    within(TcpStream::connect(addr)).await.unwrap()
}

#[tokio::test]
async fn our_own_server() {
    let mut fixture = Fixture::new();
    let server = support::start(fixture.server()).await;
    fixture.converse(tcp(server.addr).await, "/talk/den", LOOPBACK).await;
}

#[tokio::test]
async fn a_listener_from_elsewhere() {
    let mut fixture = Fixture::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let bound = fixture.server().listen(TcpListener::from_std(listener).unwrap());
    let server = run(bound.local_addr(), bound);
    fixture.converse(tcp(server.addr).await, "/talk/den", LOOPBACK).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut fixture = Fixture::new();
    let server = fixture.server().config(Config::default().connections_per_ip(0));
    let bound = server.listen(tokio::net::UnixListener::bind(&path).unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.run_until(async { drop(stopped.await) }));
    fixture.converse(tokio::net::UnixStream::connect(&path).await.unwrap(), "/talk/den", UNKNOWN).await;
    let mut stays = open(tokio::net::UnixStream::connect(&path).await.unwrap(), "/talk/den").await;
    next(&mut stays).await;
    stop.send(()).unwrap();
    assert!(matches!(next(&mut stays).await, Message::Close(Some(close)) if close.code == CloseCode::Away));
    drop(stays);
    within(serving).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_of_warps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut fixture = Fixture::new();
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(warp::serve(fixture.server().filter()).incoming(listener).run());
    fixture.converse(tokio::net::UnixStream::connect(&path).await.unwrap(), "/talk/den", UNKNOWN).await;
}

#[tokio::test]
async fn warp() {
    let mut fixture = Fixture::new();
    let (listener, addr) = port().await;
    tokio::spawn(warp::serve(fixture.server().filter()).incoming(listener).run());
    fixture.converse(tcp(addr).await, "/talk/den", LOOPBACK).await;
}

#[tokio::test]
async fn warp_that_stops_gracefully() {
    let mut fixture = Fixture::new();
    let server = fixture.server();
    let (listener, addr) = port().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = warp::serve(server.filter()).incoming(listener).graceful(async { drop(stopped.await) });
    let serving = tokio::spawn(serving.run());
    fixture.converse(tcp(addr).await, "/talk/den", LOOPBACK).await;
    let mut stays = open(tcp(addr).await, "/talk/den").await;
    next(&mut stays).await;
    stop.send(()).unwrap();
    within(serving).await.unwrap();
    // warp has ended, and does not know whom it has let in.
    stays.send(Message::text(r#"{"type":"echo","text":"still"}"#)).await.unwrap();
    assert_eq!(next(&mut stays).await, Message::text(r#"{"type":"echo","text":"still in den"}"#));
    let farewell = async {
        assert!(matches!(next(&mut stays).await, Message::Close(Some(close)) if close.code == CloseCode::Away));
        drop(stays);
    };
    within(async { tokio::join!(server.drain(), farewell) }).await;
}

#[tokio::test]
async fn axum_beside_its_own_routes() {
    let mut fixture = Fixture::new();
    let routes = Router::new()
        .route("/page", get(|| async { "a page" }))
        .nest_service("/live", fixture.service())
        .fallback_service(fixture.service());
    let (listener, addr) = port().await;
    tokio::spawn(async { axum::serve(listener, routes).await });
    // axum has told nobody the address.
    fixture.converse(tcp(addr).await, "/talk/den", UNKNOWN).await;
    fixture.converse(tcp(addr).await, "/live/talk/den", UNKNOWN).await;
    let mut raw = Raw::connect(addr).await;
    assert_eq!(raw.request(&request("/page", &[])).await.body, "a page");
    for (path, status) in [("/", 404), ("/live", 404), ("/live/page", 404), ("/talk/den", 426), ("/live/talk/den", 426)]
    {
        assert_eq!(raw.request(&request(path, &[])).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn axum_that_tells_the_address() {
    let mut fixture = Fixture::new();
    let routes = Router::new()
        .fallback_service(fixture.service())
        .layer(middleware::map_request(
            |ConnectInfo(client): ConnectInfo<SocketAddr>, mut request: Request| async move {
                request.extensions_mut().insert(PeerAddr(client));
                request
            },
        ))
        .into_make_service_with_connect_info::<SocketAddr>();
    let (listener, addr) = port().await;
    tokio::spawn(async { axum::serve(listener, routes).await });
    fixture.converse(tcp(addr).await, "/talk/den", LOOPBACK).await;
}

#[tokio::test]
async fn axum_hands_bodies_to_the_routes_beside_the_channels() {
    let mut fixture = Fixture::new();
    let length =
        warp::path("length").and(warp::body::bytes()).map(|body: bytes::Bytes| format!("{} bytes", body.len()));
    let server = fixture.server().or(length);
    let routes = Router::new().fallback_service(server.service());
    let (listener, addr) = port().await;
    tokio::spawn(async { axum::serve(listener, routes).await });
    let mut raw = Raw::connect(addr).await;
    let head = request("/length", &["Content-Length: 100000"]).replacen("GET", "POST", 1);
    raw.write(head + &"x".repeat(100_000)).await;
    assert_eq!(raw.response().await.body, "100000 bytes");
}

#[tokio::test]
async fn a_loop_of_hypers() {
    let mut fixture = Fixture::new();
    let server = fixture.server();
    let (listener, addr) = port().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(server.service());
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::spawn(connection);
        }
    });
    fixture.converse(tcp(addr).await, "/talk/den", UNKNOWN).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_its_101_does_not_hold_the_stop() {
    let mut fixture = Fixture::new();
    let server = fixture.server();
    let (mut client, io) = tokio::io::duplex(16);
    let service = TowerToHyperService::new(server.service());
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades());
    client.write_all(upgrade("/talk/den").as_bytes()).await.unwrap();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    tokio::time::timeout(Duration::from_secs(3600), server.drain()).await.expect("it stops");
}

#[tokio::test]
async fn a_target_that_is_no_path_is_refused_and_costs_nobody_a_panic() {
    let fixture = Fixture::new();
    let routes = Router::new().fallback_service(fixture.service());
    let (listener, addr) = port().await;
    tokio::spawn(async { axum::serve(listener, routes).await });
    for asked in ["CONNECT localhost:22", "GET localhost:22"] {
        let asked = request("/talk/den", &[]).replacen("GET /talk/den", asked, 1);
        let response = Raw::connect(addr).await.request(&asked).await;
        assert_eq!((response.status, &*response.body), (400, "this is no proxy: the target of a request is a path"));
    }
}

#[tokio::test]
async fn a_filter_that_never_refuses_stands_beside_the_channels() {
    let always = warp::any().map(|| "always");
    let mut fixture = Fixture::new();
    let server = support::start(fixture.server().or(always)).await;
    assert_eq!(server.connect().await.request(&request("/anything", &[])).await.body, "always");
    fixture.converse(tcp(server.addr).await, "/talk/den", LOOPBACK).await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (listener, addr) = port().await;
    let mut fixture = Fixture::new();
    let error = fixture.server().bind(addr).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&format!("can't listen on {addr}: ")), "{error}");
    let mut fixture = Fixture::new();
    let bound = fixture.server().bind(&[addr, "127.0.0.1:0".parse().unwrap()][..]).await.unwrap();
    assert_ne!(bound.local_addr(), addr);
    let nowhere = Fixture::new().server().bind(&[] as &[SocketAddr]).await.unwrap_err();
    assert_eq!(nowhere.kind(), std::io::ErrorKind::InvalidInput);
    drop(listener);
}

/// Accepts nobody but the `first`, and tells when it is dropped.
struct Deaf {
    first: Option<DuplexStream>,
    panics: bool,
    _alive: oneshot::Sender<()>,
}

impl Listener for Deaf {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        assert!(!self.panics, "it panics");
        match self.first.take() {
            Some(first) => Ok((first, None)),
            None => pending().await,
        }
    }
}

fn deaf(panics: bool) -> (Deaf, oneshot::Receiver<()>) {
    let (_alive, dropped) = oneshot::channel();
    (Deaf { first: None, panics, _alive }, dropped)
}

#[tokio::test]
async fn a_panic_of_a_listener_is_that_of_whoever_runs_the_server() {
    let (listener, dropped) = deaf(true);
    let running = tokio::spawn(channels![].app(()).listen(listener).run_until(pending()));
    assert!(within(running).await.unwrap_err().is_panic());
    assert!(within(dropped).await.is_err());
}

#[tokio::test]
async fn a_server_that_nobody_runs_any_more_holds_no_listener() {
    let (listener, mut dropped) = deaf(false);
    let mut running = Box::pin(channels![].app(()).listen(listener).run_until(pending()));
    assert!(futures::poll!(&mut running).is_pending());
    tokio::task::yield_now().await;
    assert_eq!(dropped.try_recv(), Err(TryRecvError::Empty));
    drop(running);
    assert_eq!(dropped.try_recv(), Err(TryRecvError::Closed));
}

#[tokio::test]
async fn a_server_that_stops_gives_its_listener_up_before_the_last_has_left() {
    let (mut client, server_side) = duplex(64 * 1024);
    let (mut listener, dropped) = deaf(false);
    listener.first = Some(server_side);
    let (stop, stopped) = oneshot::channel();
    let (ends, _) = mpsc::unbounded_channel();
    let server = channels![Talk].app(App { ends }).listen(listener);
    let running = tokio::spawn(server.run_until(async { drop(stopped.await) }));
    client.write_all(upgrade("/talk/lobby").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(client.read_u8()).await.unwrap());
    }
    stop.send(()).unwrap();
    assert!(within(dropped).await.is_err());
    assert!(!running.is_finished());
    drop(client);
    within(running).await.unwrap();
}
