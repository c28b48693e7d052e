//! What is plain HTTP of a server: who may keep a place and for how long, what a request has to say, and what is answered where
//! it asks for no upgrade.

mod support;

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use channel_runtime::http::StatusCode;
use channel_runtime::{Config, Extract, Fault, Handshake, PeerAddr, Rate, Reject, Server, channel, channels, message};
use futures::{SinkExt, StreamExt};
use support::memory::serve;
use support::{Raw, request, start, upgrade};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use warp::{Filter, Reply};

#[message(type = "echo")]
pub struct Echo {
    text: String,
}

#[channel("/talk/:room")]
pub struct Talk {
    room: String,
    #[extract]
    address: Address,
}

#[channel(sends(Echo))]
impl Talk {
    #[message]
    fn echo(&self, echo: Echo) -> Echo {
        echo
    }

    #[message(type = "where")]
    fn tell_where(&self) -> Echo {
        Echo { text: format!("{} from {}", self.room, self.address.0) }
    }
}

pub struct Address(String);

impl<A: Sync> Extract<A> for Address {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.remote_addr.map_or("nowhere".into(), |addr| addr.to_string())))
    }
}

fn server() -> Server<()> {
    channels![Talk].app(())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_never_reads_gives_its_place_back() {
    let served = serve(server().config(Config::default().http_connections(1)));
    let (mut reads, mut writes) = tokio::io::split(served.connect(1024).0);
    let flood = tokio::spawn(async move {
        while writes.write_all(request("/nothing", &[]).as_bytes()).await.is_ok() {}
        Instant::now()
    });
    let begun = Instant::now();
    let mut honest = served.connect(1024);
    assert_eq!(honest.request(&request("/nothing", &[])).await.0, 404);
    let waited = begun.elapsed();
    assert!(waited >= seconds(10) && waited <= seconds(43), "{waited:?}");
    assert!(flood.await.unwrap() - begun <= seconds(43));
    let mut heard = Vec::new();
    let _ = reads.read_to_end(&mut heard).await;
    assert!(heard.len() <= 1024);
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_has_all_of_a_long_answer() {
    const LONG: usize = 5 * 1024 * 1024;
    let long = warp::path("long").map(|| vec![7; LONG]);
    let served = serve(server().or(long));
    let mut slow = served.connect(4096);
    slow.write(request("/long", &[])).await;
    assert_eq!(slow.head().await, Some((200, LONG)));
    let (mut read, mut piece) = (0, vec![0; 16 * 1024]);
    while read < LONG {
        sleep(seconds(1)).await;
        let most = piece.len().min(LONG - read);
        slow.0.read_exact(&mut piece[..most]).await.unwrap();
        read += most;
    }
    assert_eq!(slow.request(&request("/nothing", &[])).await.0, 404);
    assert_eq!(slow.ends_after().await.as_secs(), 75);
}

#[tokio::test(start_paused = true)]
async fn who_reads_all_of_an_answer_late_is_idle_from_then_on() {
    let long = warp::path("long").map(|| vec![7; 100_000]);
    let served = serve(server().or(long));
    let mut late = served.connect(4096);
    late.write(request("/long", &[])).await;
    sleep(seconds(9)).await;
    assert_eq!(late.response().await.unwrap().1.len(), 100_000);
    assert_eq!(late.ends_after().await.as_secs(), 75);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let length = warp::path("length").and(warp::body::bytes()).map(|body: Bytes| body.len().to_string());
    let served = serve(server().or(length));
    let head = request("/length", &["Content-Length: 10"]).replacen("GET", "POST", 1);
    let mut silent = served.connect(1024);
    silent.write(head.clone() + "x").await;
    let begun = Instant::now();
    assert!(silent.response().await.is_none_or(|(status, _)| status >= 400));
    assert_eq!(begun.elapsed().as_secs(), 10);
    silent.ends_after().await;
    let mut slow = served.connect(1024);
    slow.write(head).await;
    for _ in 0..10 {
        sleep(seconds(9)).await;
        slow.write("x").await;
    }
    assert_eq!(slow.response().await, Some((200, "10".into())));
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_be_idle_longer_than_a_request_may_take() {
    let served = serve(server());
    let mut client = served.connect(1024);
    for _ in 0..3 {
        assert_eq!(client.request(&request("/nothing", &[])).await.0, 404);
        sleep(seconds(74)).await;
    }
    client.write("G").await;
    assert_eq!(client.ends_after().await.as_secs(), 10);

    let mut idle = served.connect(1024);
    assert_eq!(idle.request(&request("/nothing", &[])).await.0, 404);
    assert_eq!(idle.ends_after().await.as_secs(), 75);
    assert_eq!(served.connect(1024).ends_after().await.as_secs(), 10, "before the first request");

    let hasty = serve(server().config(Config::default().keep_alive_timeout(seconds(1))));
    let mut idle = hasty.connect(1024);
    let (begins, ends) = (request("/nothing", &[]).split_at(20).0.to_owned(), request("/nothing", &[]).split_off(20));
    idle.write(begins).await;
    sleep(seconds(9)).await;
    assert_eq!(idle.request(&ends).await.0, 404);
    assert_eq!(idle.ends_after().await.as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_take_its_time_and_a_connection_has_none_of_these_clocks() {
    let slow = warp::path("slow").and_then(|| async {
        sleep(seconds(600)).await;
        Ok::<_, warp::Rejection>("at last")
    });
    let served = serve(server().config(Config::default().ping_interval(None)).or(slow));
    let mut client = served.connect(1024);
    assert_eq!(client.request(&request("/slow", &[])).await, (200, "at last".into()));
    let stream = served.connect(1024).0;
    let (mut client, _) = tokio_tungstenite::client_async("ws://localhost/talk/den", stream).await.unwrap();
    sleep(seconds(600)).await;
    client.send(Message::text(r#"{"type":"echo","text":"still here"}"#)).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text(r#"{"type":"echo","text":"still here"}"#));
}

#[tokio::test(start_paused = true)]
async fn a_long_message_over_a_thin_line_is_life() {
    let served = serve(server());
    let mut client = served.connect(4096);
    client.write(upgrade("/talk/den")).await;
    assert_eq!(client.head().await, Some((101, 0)));
    let echo = format!(r#"{{"type":"echo","text":"{}"}}"#, "x".repeat(60_000));
    for piece in support::text(&echo).chunks(1200) {
        // No pong comes in the middle of a frame: what it says of the message is all that is heard.
        client.write(piece).await;
        sleep(seconds(1)).await;
    }
    let mut heard = Vec::new();
    while !heard.ends_with(echo.as_bytes()) {
        assert!(client.0.read_buf(&mut heard).await.unwrap() > 0, "it is closed: {:?}", &heard[..heard.len().min(200)]);
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let page = warp::path("page").and(warp::header::<String>("host")).map(|host| host);
    let server = start(server().or(page)).await;
    for (hosts, status) in [
        ("", 400),
        ("Host: a\r\nHost: a\r\n", 400),
        ("Host: a\r\nhost: b\r\n", 400),
        ("Host: http://a\r\n", 400),
        ("Host: user@a\r\n", 400),
        ("Host: a b\r\n", 400),
        ("Host: a:http\r\n", 400),
        ("Host: a\r\n", 200),
        ("Host: a:80\r\n", 200),
        ("Host: [::1]:8080\r\n", 200),
    ] {
        let asked = format!("GET /page HTTP/1.1\r\n{hosts}\r\n");
        assert_eq!(server.connect().await.request(&asked).await.status, status, "{hosts}");
        let asked = upgrade("/talk/den").replacen("Host: localhost\r\n", hosts, 1);
        let expected = if status == 200 { 101 } else { status };
        assert_eq!(server.connect().await.request(&asked).await.status, expected, "{hosts} for an upgrade");
    }
    let old = "GET /talk/den HTTP/1.0\r\n\r\n";
    assert_eq!(server.connect().await.request(old).await.status, 426, "HTTP/1.0 knows no `Host`");
    // The target's host counts, and is what everybody behind it sees.
    let absolute = "GET http://a.example:81/page HTTP/1.1\r\nHost: b.example\r\n\r\n";
    assert_eq!(server.connect().await.request(absolute).await.body, "a.example:81");
    for (origin, status) in [("http://a.example", 101), ("http://localhost", 403)] {
        let asked = upgrade("/talk/den").replacen("GET ", "GET http://a.example", 1).replacen(
            "\r\n",
            &format!("\r\nOrigin: {origin}\r\n"),
            1,
        );
        assert_eq!(server.connect().await.request(&asked).await.status, status, "{origin}");
    }
    let with_a_user = request("http://user@a.example/page", &[]);
    assert_eq!(server.connect().await.request(&with_a_user).await.status, 400);
}

#[tokio::test]
async fn below_warp_a_host_that_is_not_the_targets_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(server().filter()).incoming(listener).run());
    for (alters, instead, status) in [
        ("GET ", "GET http://a.example", 400),
        ("GET ", "GET http://localhost", 101),
        ("Host: localhost\r\n", "Host: a\r\nHost: b\r\n", 400),
        ("Host: localhost\r\n", "Host: a b\r\n", 400),
    ] {
        let asked = upgrade("/talk/den").replacen(alters, instead, 1);
        assert_eq!(Raw::connect(addr).await.request(&asked).await.status, status, "{instead}");
    }
}

#[tokio::test]
async fn a_channel_that_is_asked_for_without_an_upgrade_says_how_to_ask() {
    let page = warp::path!("talk" / "page").and(warp::get()).map(|| "a page");
    let locked = warp::path!("talk" / "locked").and(warp::header::<String>("x-key")).map(|_| "opened");
    let gone = warp::path!("talk" / "gone").map(|| warp::http::StatusCode::NOT_FOUND);
    let server = start(server().or(page).or(locked).or(gone)).await;
    let mut raw = server.connect().await;
    let response = raw.request(&request("/talk/den", &[])).await;
    assert_eq!((response.status, response.header("upgrade")), (426, Some("websocket")));
    assert_eq!(response.header("sec-websocket-version"), Some("13"));
    assert!(response.header("connection").unwrap().eq_ignore_ascii_case("upgrade"));
    assert_eq!(raw.request(&request("/talk/page", &[])).await.body, "a page");
    assert_eq!(raw.request(&request("/talk/locked", &[])).await.status, 400);
    assert_eq!(raw.request(&request("/talk/gone", &[])).await.status, 404);
    for nowhere in ["/", "/talk", "/talk/den/more"] {
        assert_eq!(raw.request(&request(nowhere, &[])).await.status, 404, "{nowhere}");
    }
    raw.upgrade("/talk/den").await;
}

#[tokio::test]
async fn so_it_does_below_axum() {
    let routes = Router::new()
        .route("/talk/page", get(|| async { "a page" }))
        .nest_service("/live", server().service())
        .fallback_service(server().service());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, routes).await });
    let mut raw = Raw::connect(addr).await;
    assert_eq!(raw.request(&request("/talk/page", &[])).await.body, "a page");
    for (path, status) in [("/talk/den", 426), ("/live/talk/den", 426), ("/live/other", 404), ("/other", 404)] {
        assert_eq!(raw.request(&request(path, &[])).await.status, status, "{path}");
    }
    let two_hosts = upgrade("/talk/den").replacen("Host:", "Host: a\r\nHost:", 1);
    assert_eq!(Raw::connect(addr).await.request(&two_hosts).await.status, 400);
    raw.upgrade("/live/talk/den").await;
}

#[tokio::test]
async fn an_address_of_ipv4_is_one_whatever_the_socket_says() {
    let address = warp::path("address").and(warp::ext::get::<PeerAddr>()).map(|peer: PeerAddr| peer.0.to_string());
    let served = serve(server().config(Config::default().connections_per_ip(1)).or(address));
    let mapped = Some("[::ffff:192.0.2.1]:5".parse().unwrap());
    assert_eq!(served.connect_from(1024, mapped).request(&request("/address", &[])).await.1, "192.0.2.1:5");
    let stream = served.connect_from(1024, mapped).0;
    let (mut client, _) = tokio_tungstenite::client_async("ws://localhost/talk/den", stream).await.unwrap();
    client.send(Message::text(r#"{"type":"where"}"#)).await.unwrap();
    let answer = client.next().await.unwrap().unwrap();
    assert_eq!(answer, Message::text(r#"{"type":"echo","text":"den from 192.0.2.1:5"}"#));
    let same = Some("192.0.2.1:6".parse().unwrap());
    assert_eq!(served.connect_from(1024, same).request(&upgrade("/talk/den")).await.0, 429);
}

#[tokio::test]
async fn a_head_is_as_long_as_configured() {
    let long = request("/nothing", &[&format!("X-Long: {}", "x".repeat(40_000))]);
    let usual = serve(server());
    assert_eq!(usual.connect(64 * 1024).request(&long).await.0, 431);
    let patient = serve(server().config(Config::default().head_bytes(64 * 1024)));
    assert_eq!(patient.connect(64 * 1024).request(&long).await.0, 404);
    // Less than can be done is not less.
    let least = serve(server().config(Config::default().head_bytes(0)));
    let short = request("/nothing", &[&format!("X-Long: {}", "x".repeat(4_000))]);
    assert_eq!(least.connect(64 * 1024).request(&short).await.0, 404);
}

/// All that a `Config` may say at its largest.
fn largest() -> Config {
    let most = Duration::MAX;
    let rate = Rate::new(u32::MAX, seconds(24 * 60 * 60)).burst(u32::MAX);
    let config = Config::default()
        .header_timeout(most)
        .keep_alive_timeout(most)
        .handshake_timeout(most)
        .ping_interval(most)
        .pong_timeout(most)
        .idle_timeout(most)
        .handler_timeout(most)
        .room_grace(most)
        .close_timeout(most)
        .drain_window(most)
        .shutdown_timeout(most)
        .auth_warning(most);
    config
        .head_bytes(usize::MAX)
        .http_connections(usize::MAX)
        .connections(usize::MAX)
        .connections_per_ip(usize::MAX - 1)
        .turned_away(usize::MAX)
        .message_bytes(usize::MAX)
        .frame_bytes(usize::MAX)
        .message_fragments(usize::MAX)
        .outbox_bytes(usize::MAX)
        .connection_rate(rate)
        .connection_rate_per_ip(rate)
        .message_rate(Rate::new(1, seconds(24 * 60 * 60)).burst(u32::MAX))
        .message_rate_per_user(rate)
}

#[tokio::test]
async fn no_value_of_a_config_is_too_large() {
    let mut compressing = largest();
    compressing.compression = Some(
        channel_runtime::Compression::default().level(255).min_bytes(usize::MAX).window_bits(255).client_context(255),
    );
    for config in [largest(), compressing] {
        let served = serve(server().config(config));
        let mut plain = served.connect_from(1024, Some("192.0.2.1:1".parse().unwrap()));
        assert_eq!(plain.request(&request("/nothing", &[])).await.0, 404);
        assert_eq!(plain.request(&request("/nothing", &[])).await.0, 404);
        let stream = served.connect_from(1024, Some("192.0.2.1:2".parse().unwrap())).0;
        let (mut client, _) = tokio_tungstenite::client_async("ws://localhost/talk/den", stream).await.unwrap();
        for text in ["hello", &"long ".repeat(40_000)] {
            let echo = Message::text(format!(r#"{{"type":"echo","text":"{text}"}}"#));
            client.send(echo.clone()).await.unwrap();
            assert_eq!(support::within(client.next()).await.unwrap().unwrap(), echo);
        }
        client.close(None).await.unwrap();
        while support::within(client.next()).await.is_some() {}
        // A closing waits for its client as long as that may take.
        drop(client);
        support::within(served.stops()).await;
    }
}

#[test]
fn nor_is_when_to_come_back() {
    let reject = || Reject::new(StatusCode::SERVICE_UNAVAILABLE, "later").retry_after(Duration::MAX);
    assert_eq!(reject().into_response().headers()["retry-after"], u64::MAX.to_string());
    assert_eq!(Fault::from(reject()).details["retry_after_ms"], u64::MAX);
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_too_small() {
    let zero = Duration::ZERO;
    let config = Config::default()
        .header_timeout(seconds(1))
        .keep_alive_timeout(zero)
        .ping_interval(zero)
        .pong_timeout(zero)
        .close_timeout(zero)
        .drain_window(zero)
        .shutdown_timeout(zero)
        .auth_warning(zero)
        .head_bytes(0)
        .turned_away(0)
        .message_fragments(0);
    let served = serve(server().config(config));
    assert_eq!(served.connect(1024).request(&request("/nothing", &[])).await.0, 404);
    let mut client = served.connect(1024);
    client.write(upgrade("/talk/den")).await;
    assert_eq!(client.head().await, Some((101, 0)));
    assert!(served.stops().await <= seconds(1));
}
