//! How a client learns that it may not come in: a page in a browser sees no HTTP status, but an error frame and a close code.

mod support;

use std::time::Duration;

use channel_runtime::http::StatusCode;
use channel_runtime::{Config, Extract, Handshake, Refusals, Reject, channel, channels, message};
use serde_json::{Value, json};
use support::{Raw, Running, masked, start, upgrade, within};

#[message(type = "hello")]
pub struct Hello {}

/// Whoever comes is treated as the query says.
#[channel("/door/:number")]
pub struct Door {
    #[allow(dead_code, reason = "only what is a number is let in")]
    number: u32,
    #[extract]
    _guest: Guest,
}

#[channel(sends(Hello))]
impl Door {
    fn on_connect(&self) -> Hello {
        Hello {}
    }
}

pub struct Guest;

impl<A: Sync> Extract<A> for Guest {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let reject = match handshake.query.as_str() {
            "" => return Ok(Self),
            "unknown" => Reject::unauthorized("who are you?"),
            "forbidden" => Reject::forbidden("not you"),
            "often" => {
                Reject::new(StatusCode::TOO_MANY_REQUESTS, "not so often").retry_after(Duration::from_micros(1500))
            }
            "broken" => Reject::bad_request("what is it?"),
            "teapot" => Reject::new(StatusCode::IM_A_TEAPOT, "short and stout"),
            "busy" => Reject::new(StatusCode::SERVICE_UNAVAILABLE, "come back later"),
            "bad_gateway" => Reject::new(StatusCode::BAD_GATEWAY, "the guest book is gone"),
            "long" => Reject::forbidden("\u{e4}".repeat(1000)),
            "panics" => panic!("an extractor panics"),
            "hangs" => std::future::pending().await,
            query => panic!("{query}"),
        };
        Err(reject)
    }
}

async fn served(config: Config) -> Running {
    start(channels![Door].app(()).config(config)).await
}

/// A page's request: it offers our subprotocol.
fn offering(path: &str) -> String {
    upgrade(path).replacen("\r\n", "\r\nSec-WebSocket-Protocol: channels.1.json\r\n", 1)
}

/// What a client hears whose handshake succeeded and who may not come in: the error, and the Close.
async fn farewell(raw: &mut Raw) -> (Value, u16, String) {
    let error = raw.frame().await.expect("an error");
    assert_eq!(error.first, 0x81);
    let mut error: Value = serde_json::from_slice(&error.payload).unwrap();
    assert_eq!(error["type"], "error");
    assert!(error.as_object_mut().unwrap().remove("timestamp").is_some());
    let close = raw.frame().await.expect("a Close");
    assert_eq!(close.first, 0x88);
    raw.expect_end().await;
    let (code, reason) = close.payload.split_at(2);
    (error, u16::from_be_bytes(code.try_into().unwrap()), String::from_utf8(reason.to_vec()).unwrap())
}

#[tokio::test]
async fn who_offers_our_subprotocol_can_read_why_it_may_not_come_in() {
    let server = served(Config::default().handshake_timeout(Duration::from_millis(50))).await;
    for (path, status, code, error) in [
        ("/door/1?unknown", 401, 4401, json!({ "code": "unauthorized", "message": "who are you?" })),
        ("/door/1?forbidden", 403, 4403, json!({ "code": "forbidden", "message": "not you" })),
        ("/door/one", 404, 4404, json!({ "code": "not_found", "message": "nothing is at this path" })),
        (
            "/door/1?often",
            429,
            4429,
            json!({ "code": "rate_limited", "message": "not so often", "details": { "retry_after_ms": 2 } }),
        ),
        (
            "/door/1?broken",
            400,
            4400,
            json!({ "code": "refused", "message": "what is it?", "details": { "status": 400 } }),
        ),
        (
            "/door/1?teapot",
            418,
            4418,
            json!({ "code": "refused", "message": "short and stout", "details": { "status": 418 } }),
        ),
        ("/door/1?busy", 503, 1013, json!({ "code": "unavailable", "message": "come back later" })),
        ("/door/1?bad_gateway", 502, 1011, json!({ "code": "internal", "message": "the guest book is gone" })),
        (
            "/door/1?hangs",
            503,
            1013,
            json!({
                "code": "unavailable", "message": "the handshake took too long", "details": { "retry_after_ms": 5000 }
            }),
        ),
    ] {
        let mut raw = server.connect().await;
        let response = raw.request(&offering(path)).await;
        let answered = (response.status, response.header("sec-websocket-protocol"));
        assert_eq!(answered, (101, Some("channels.1.json")), "{path}");
        let (mut told, close, reason) = farewell(&mut raw).await;
        assert_eq!((close, reason.as_str()), (code, error["message"].as_str().unwrap()), "{path}");
        told.as_object_mut().unwrap().remove("type");
        assert_eq!(told, error, "{path}");

        let response = server.connect().await.request(&upgrade(path)).await;
        assert_eq!((response.status, response.body.as_str()), (status, reason.as_str()), "{path}");
    }
}

#[tokio::test]
async fn what_failed_inside_is_told_by_its_id_alone() {
    let server = served(Config::default()).await;
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering("/door/1?panics")).await.status, 101);
    let (error, code, reason) = farewell(&mut raw).await;
    assert_eq!((error["code"].as_str(), code), (Some("internal"), 1011));
    assert!(reason.starts_with("internal server error (") && !reason.contains("extractor"), "{reason}");
}

#[tokio::test]
async fn a_reason_is_cut_to_what_a_close_can_carry_and_the_frame_has_it_whole() {
    let server = served(Config::default()).await;
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering("/door/1?long")).await.status, 101);
    let (error, code, reason) = farewell(&mut raw).await;
    assert_eq!((code, reason), (4403, "\u{e4}".repeat(61)));
    assert_eq!(error["message"], "\u{e4}".repeat(1000));
}

#[tokio::test]
async fn it_can_always_be_a_status_or_always_a_close() {
    let status = served(Config::default().refusals(Refusals::Status)).await;
    assert_eq!(status.connect().await.request(&offering("/door/1?forbidden")).await.status, 403);
    let close = served(Config::default().refusals(Refusals::Close)).await;
    let mut raw = close.connect().await;
    let response = raw.request(&upgrade("/door/1?forbidden")).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, None));
    assert_eq!(farewell(&mut raw).await.1, 4403);
    for server in [&status, &close] {
        let mut raw = server.raw("/door/1").await;
        raw.expect(support::Frame::text(r#"{"type":"hello"}"#)).await;
    }
}

#[tokio::test]
async fn what_is_not_our_users_page_and_what_is_no_handshake_has_a_status() {
    let server = served(Config::default().refusals(Refusals::Close)).await;
    for (request, status) in [
        (offering("/door/1").replacen("\r\n", "\r\nOrigin: https://evil.example\r\n", 1), 403),
        (offering("/door/1").replacen("Version: 13", "Version: 8", 1), 426),
        (offering("/nowhere"), 404),
    ] {
        assert_eq!(server.connect().await.request(&request).await.status, status, "{request}");
    }
}

#[tokio::test]
async fn who_finds_no_place_can_read_that_too() {
    let server = served(Config::default().connections(1)).await;
    let _inside = server.raw("/door/1").await;
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering("/door/1")).await.status, 101);
    let (error, code, _) = farewell(&mut raw).await;
    assert_eq!((error["code"].as_str(), code), (Some("unavailable"), 1013));
    assert_eq!(error["details"]["retry_after_ms"], 5000);

    let server = served(Config::default().connections_per_ip(1)).await;
    let _inside = server.raw("/door/1").await;
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&offering("/door/1")).await.status, 101);
    let (error, code, _) = farewell(&mut raw).await;
    assert_eq!((error["code"].as_str(), code), (Some("rate_limited"), 4429));
}

/// Asks, as one who may not come in, until it is answered this.
async fn until(server: &Running, status: u16) -> Raw {
    within(async {
        loop {
            let mut raw = server.connect().await;
            if raw.request(&offering("/door/1?forbidden")).await.status == status {
                return raw;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn those_turned_away_are_bounded_and_take_no_place_of_those_who_may_come_in() {
    let patient = Duration::from_secs(3600);
    let server = served(Config::default().turned_away(2).connections(1).close_timeout(patient)).await;
    let first = until(&server, 101).await;
    let second = until(&server, 101).await;
    let response = server.connect().await.request(&offering("/door/1?forbidden")).await;
    assert_eq!((response.status, response.body.as_str()), (403, "not you"));
    let inside = server.raw("/door/1").await;
    drop((first, second, inside));
    until(&server, 101).await;

    let none = served(Config::default().turned_away(0)).await;
    assert_eq!(none.connect().await.request(&offering("/door/1?forbidden")).await.status, 403);
}

#[tokio::test]
async fn who_is_turned_away_and_does_not_go_is_cut() {
    let server = served(Config::default().turned_away(1).close_timeout(Duration::from_millis(1))).await;
    // One says nothing, one something, and one never ceases. Each keeps the only place until it is cut.
    let silent = until(&server, 101).await;
    let mut broken = until(&server, 101).await;
    broken.write_if_open(b"\x81").await;
    let mut flood = until(&server, 101).await;
    let flooding = tokio::spawn(async move {
        let bytes = masked(0x81, "[]").repeat(1000);
        loop {
            flood.write_if_open(&bytes).await;
            tokio::task::yield_now().await;
        }
    });
    until(&server, 101).await;
    flooding.abort();
    drop((silent, broken));
}

#[tokio::test]
async fn a_server_that_stops_waits_for_those_it_turns_away() {
    let mut server = served(Config::default().close_timeout(Duration::from_secs(3600))).await;
    let mut raw = until(&server, 101).await;
    let stopped = server.begin_to_stop();
    farewell(&mut raw).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!stopped.is_finished());
    drop(raw);
    within(stopped).await.unwrap();
}
