//! The operators' port on a listener of its own: beside the server, bounded, and longer than it.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use channel_runtime::{BoundServer, Close, Config, Ops, OpsToken, Socket, channel, channels, message};
use serde_json::{Value, json};
use support::{Running, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const SECRET: &str = "publisher-0123456789abcdef0123456789";

#[message(type = "news")]
pub struct News {
    text: String,
}

#[derive(Default)]
pub struct App {
    closing: Notify,
    may_close: Notify,
}

#[channel("/desk", app = App)]
pub struct Desk;

#[channel(sends(News))]
impl Desk {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.send(News { text: "welcome".into() });
    }

    async fn on_close(&mut self, _: Close, app: &App) {
        app.closing.notify_one();
        app.may_close.notified().await;
    }
}

fn ops() -> Ops {
    Ops::new().metrics().publish(OpsToken::new(SECRET).unwrap())
}

async fn start(app: &Arc<App>) -> (Running, SocketAddr) {
    let config = Config::default().shutdown_timeout(Duration::from_secs(60)).header_timeout(Duration::from_secs(60));
    let server = channels![Desk].app_arc(Arc::clone(app)).config(config).ops("127.0.0.1:0", ops());
    let bound: BoundServer<App> = server.bind("127.0.0.1:0").await.unwrap();
    let (addr, at) = (bound.local_addr(), bound.ops_addr().unwrap());
    (run(addr, bound), at)
}

/// Sends this, and returns all that is answered until the connection ends.
async fn told(addr: SocketAddr, request: &[u8]) -> String {
    let mut stream = within(TcpStream::connect(addr)).await.unwrap();
    within(stream.write_all(request)).await.unwrap();
    let mut answer = Vec::new();
    // A server that has refused a body may reset the connection on which more of it comes.
    let _ = within(stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

async fn get(addr: SocketAddr, path: &str) -> String {
    told(addr, format!("GET {path} HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n").as_bytes()).await
}

async fn publish(addr: SocketAddr, body: &str) -> String {
    let head = format!(
        "POST /v1/publish HTTP/1.1\r\nHost: ops\r\nConnection: close\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    told(addr, [head.as_bytes(), body.as_bytes()].concat().as_slice()).await
}

fn is(answer: &str, status: u16) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status} "))
}

#[tokio::test]
async fn it_answers_beside_the_server_and_the_server_does_not_answer_for_it() {
    let app = Arc::default();
    let (server, ops) = start(&app).await;
    for path in ["/live", "/ready", "/metrics"] {
        assert!(is(&get(ops, path).await, 200), "{path}");
        assert!(is(&get(server.addr, path).await, 404), "{path}");
    }
    assert!(is(&get(ops, "/desk").await, 404));
    let mut client = server.raw("/desk").await;
    assert!(String::from_utf8_lossy(&client.frame().await.unwrap().payload).contains("welcome"));
    let answer =
        publish(ops, &json!({ "room": "/desk", "message": { "type": "news", "text": "rain" } }).to_string()).await;
    assert!(is(&answer, 200) && answer.ends_with(r#"{"recipients":1,"refused":0,"elsewhere":"nowhere"}"#), "{answer}");
    assert_eq!(client.frame().await.unwrap().payload, br#"{"type":"news","text":"rain"}"#);
    let page = get(ops, "/metrics").await;
    assert!(page.contains("\nchannels_connections{channel=\"Desk\"} 1\n"), "{page}");
    app.may_close.notify_one();
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let (_server, ops) = start(&Arc::default()).await;
    let head = |rest: &str| format!("POST /v1/publish HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n{rest}\r\n");
    let with_token = format!("Authorization: Bearer {SECRET}\r\n");
    // None of it is sent: the answer does not wait for it.
    let announced = told(ops, head(&format!("{with_token}Content-Length: 1048577\r\n")).as_bytes()).await;
    assert!(is(&announced, 413), "{announced}");
    let without_token = told(ops, head("Content-Length: 1000\r\n").as_bytes()).await;
    assert!(is(&without_token, 401), "{without_token}");
    let chunks =
        format!("{}100001\r\n{}", head(&format!("{with_token}Transfer-Encoding: chunked\r\n")), "x".repeat(0x10_0001));
    let chunked = told(ops, chunks.as_bytes()).await;
    assert!(is(&chunked, 413), "{chunked}");
    let long_head = told(ops, head(&format!("x: {}\r\n", "x".repeat(64 * 1024))).as_bytes()).await;
    assert!(is(&long_head, 431) || long_head.is_empty(), "{long_head}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_before_a_client_is_let_in() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap();
    let server = || channels![Desk].app(App::default()).ops(addr, ops());
    let said = |error: std::io::Error| {
        assert!(error.to_string().contains(&format!("can't listen on {addr} for operators")), "{error}");
    };
    said(within(server().serve("127.0.0.1:0")).await.unwrap_err());
    said(server().bind("127.0.0.1:0").await.unwrap_err());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bound = server().listen(listener);
    assert_eq!(bound.ops_addr(), None);
    said(within(bound.run()).await.unwrap_err());
}

#[tokio::test]
async fn it_answers_until_the_last_connection_has_ended() {
    let app: Arc<App> = Arc::default();
    let (mut server, ops) = start(&app).await;
    let mut client = server.raw("/desk").await;
    client.frame().await.unwrap();
    let mut waiting = within(TcpStream::connect(ops)).await.unwrap();
    let stopped = server.begin_to_stop();
    // Its `on_close` runs, and the server waits for it.
    within(app.closing.notified()).await;
    assert!(TcpStream::connect(server.addr).await.is_err());
    let answer = get(ops, "/ready").await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(is(&answer, 503) && answer.contains("retry-after: 1\r\n"), "{answer}");
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        json!({ "code": "unavailable", "message": "the server is stopping" })
    );
    assert!(is(&get(ops, "/live").await, 200));
    assert!(get(ops, "/metrics").await.contains("\nchannels_draining 1\n"));
    let answer =
        publish(ops, &json!({ "room": "/desk", "message": { "type": "news", "text": "rain" } }).to_string()).await;
    assert!(is(&answer, 503), "{answer}");
    app.may_close.notify_one();
    within(stopped).await.unwrap();
    // Also one that has asked nothing yet.
    assert_eq!(within(waiting.read(&mut [0])).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(ops).await.is_err());
}

#[tokio::test]
async fn a_publisher_that_stalls_does_not_hold_the_stop() {
    let app: Arc<App> = Arc::default();
    let (mut server, ops) = start(&app).await;
    let mut client = server.raw("/desk").await;
    client.frame().await.unwrap();
    let stopped = server.begin_to_stop();
    within(app.closing.notified()).await;
    let mut publisher = within(TcpStream::connect(ops)).await.unwrap();
    let head = format!("POST /v1/publish HTTP/1.1\r\nHost: ops\r\nAuthorization: Bearer {SECRET}\r\n");
    publisher.write_all(format!("{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 100];
    let len = within(publisher.read(&mut answer)).await.unwrap();
    assert!(answer[..len].starts_with(b"HTTP/1.1 100 "), "its body is read");
    app.may_close.notify_one();
    tokio::select! {
        stopped = within(stopped) => stopped.unwrap(),
        answered = publisher.read(&mut answer) => panic!("the stop waits for its body: {answered:?}"),
    }
}
