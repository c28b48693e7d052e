//! The testing kit itself: where a test fails that expects what does not come, what it passes over, and the routes it can ask.

use std::cell::Cell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Channels, Fault, Hub, PeerAddr, Socket, channel, channels, message};
use futures::FutureExt;
use futures::future::join;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use warp::http::{Method, StatusCode};
use warp::{Filter, Rejection, Reply};

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[message(type = "count")]
pub struct Count {
    number: u32,
}

#[channel("/desk")]
pub struct Desk;

#[channel(sends(Said, Count, Bytes))]
impl Desk {
    /// For each letter a number, then the word.
    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) -> Result<(), Fault> {
        if say.text.is_empty() {
            return Err(Fault::validation("say something"));
        }
        socket.send_bytes(say.text.clone().into());
        for number in 0..say.text.len() as u32 {
            socket.send(Count { number });
        }
        socket.send(Said { text: say.text });
        Ok(())
    }

    #[message(type = "wait")]
    async fn wait(&mut self) {
        std::future::pending().await
    }
}

#[channel("/other")]
pub struct Other;

#[channel]
impl Other {}

fn all() -> Channels<()> {
    channels![Desk, Other]
}

async fn desk() -> (TestApp<()>, Client<Desk>) {
    let app = testing::app(all().app(()));
    let client = app.connect::<Desk>("/desk").await.unwrap();
    (app, client)
}

thread_local! {
    /// Where this thread, which is a test's own, panicked last while that was expected.
    static PANICKED: Cell<Option<(String, u32)>> = const { Cell::new(None) };
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// The line of this file at which it panics, and with what.
async fn failure(failing: impl Future) -> (u32, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                return usual(info);
            }
            let location = info.location().expect("a panic is somewhere");
            PANICKED.set(Some((location.file().into(), location.line())));
        }));
    });
    EXPECTED.set(true);
    let caught = AssertUnwindSafe(failing).catch_unwind().await;
    EXPECTED.set(false);
    let message = caught.err().expect("a panic");
    let message =
        message.downcast().unwrap_or_else(|text| Box::new(text.downcast::<&str>().expect("a text").to_string()));
    let (file, line) = PANICKED.take().expect("a place");
    assert_eq!(file, file!(), "{message}");
    (line, *message)
}

#[tokio::test]
async fn what_is_not_as_expected_fails_at_the_line_that_awaits_it() {
    let (app, mut client) = desk().await;
    macro_rules! fails {
        ($expected:expr, $($part:literal),+) => {{
            let (line, message) = failure(async { _ = $expected.await }).await;
            assert_eq!(line, line!(), "{message}");
            $(assert!(message.contains($part), "{message}");)+
        }};
    }
    fails!(client.expect::<Said>(), "expected said, but everything has settled and nothing came");
    fails!(client.wait_for::<Said>(), "expected said, but everything has settled and nothing came");
    fails!(client.expect_any(), "expected a message");
    fails!(client.expect_text(), "expected a text");
    fails!(client.expect_binary(), "expected a binary message");
    fails!(client.expect_pong(), "expected a pong");
    fails!(client.expect_close(), "expected a close");
    fails!(client.expect_success(), "expected success");
    fails!(client.expect_error("validation"), "expected error");
    fails!(client.expect_auth_expiring(), "expected $auth_expiring");
    client.send(Say { text: String::new() });
    fails!(client.expect_nothing(), "expected nothing, but this came: {\"type\":\"error\"");
    client.ping("x");
    fails!(client.try_next_text(), "expected a text, but this came");
    fails!(
        client.request(Say { text: String::new() }).success(),
        "expected success, but this came: {\"type\":\"error\""
    );
    fails!(client.request(Say { text: String::new() }).reply::<Said>(), "expected said, but this came");
    fails!(
        client.request(Say { text: String::new() }).error("desk.full"),
        "error with code desk.full",
        "say something"
    );
    fails!(app.connect::<Desk>("/other"), "the path `/other` is that of the channel at `/other`, and not `/desk`");
    fails!(app.connect::<Desk>("/other").without_waiting(), "the path `/other`");
    fails!(app.get("no path"), "GET no path is no request");
    let (line, message) = failure(async { app.connect::<Desk>("/desk").header("a b", "c") }).await;
    assert_eq!(line, line!() - 1, "{message}");
    let server = all().app(());
    let _mounted = server.filter();
    let (line, message) = failure(async { testing::app(server) }).await;
    assert_eq!((line, message.as_str()), (line!() - 1, "a server is tested before it is mounted"));
}

#[tokio::test(start_paused = true)]
async fn what_never_settles_fails_at_the_line_that_awaits_it_and_is_named() {
    let (app, mut client) = desk().await;
    client.send_text(r#"{"type":"wait"}"#);
    macro_rules! hangs {
        ($waiting:expr) => {{
            let (line, message) = failure(async { $waiting.await }).await;
            assert_eq!(line, line!());
            assert!(message.starts_with("still in flight after 10s: "), "{message}");
            assert!(message.contains("`wait` of Desk"), "{message}");
        }};
    }
    hangs!(app.settle());
    hangs!(client.is_ended());
    hangs!(client.expect_nothing());
    hangs!(client.expect::<Said>());
    hangs!(app.connect::<Desk>("/desk"));
}

/// Below something that awaits for it, the line is in the message.
#[tokio::test]
async fn an_expectation_that_others_await_names_the_line_that_asked() {
    let (_app, mut client) = desk().await;
    let caught = AssertUnwindSafe(join(client.expect::<Said>(), async {})).catch_unwind().await;
    let asked = line!() - 1;
    let message = *caught.err().expect("a panic").downcast::<String>().expect("a text");
    assert!(message.contains(&format!("nothing came\nasked at {}:{asked}:", file!())), "{message}");
}

#[tokio::test]
async fn what_is_waited_for_is_found_behind_all_else() {
    let (_app, mut client) = desk().await;
    client.send(Say { text: String::new() });
    client.send(Say { text: "ab".into() });
    client.send(Say { text: "c".into() });
    client.pong("nobody asked");
    assert_eq!(client.wait_for::<Count>().await.number, 0);
    assert_eq!(client.wait_for::<Said>().await.text, "ab");
    assert_eq!(client.wait_for::<Said>().await.text, "c");
    client.expect_nothing().await;
}

#[tokio::test]
async fn what_was_passed_over_is_told_where_nothing_is_found() {
    let (_app, mut client) = desk().await;
    client.send(Say { text: String::new() });
    let (_, message) = failure(async { client.wait_for::<Said>().await }).await;
    assert!(
        message.starts_with("expected said, but everything has settled and nothing came\n1 before it"),
        "{message}"
    );
    assert!(message.contains("say something"), "{message}");
    // A goodbye is not passed over.
    client.close();
    let (_, message) = failure(async { client.wait_for::<Said>().await }).await;
    assert!(message.starts_with("expected said, but this came: Close"), "{message}");
}

fn routes(desks: Hub<Desk>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send + Sync + 'static {
    let body = warp::body::content_length_limit(100).and(warp::body::json());
    let publish = warp::path!("publish").and(warp::post()).and(body).map(move |body: Value| {
        let sent = desks.all().send(Said { text: body["text"].as_str().unwrap_or_default().into() });
        warp::reply::with_status(warp::reply::json(&json!({ "heard": sent.recipients })), StatusCode::CREATED)
    });
    let echo = warp::path!("echo").and(warp::method()).and(warp::query::raw()).and(warp::header("x-name"));
    let echo = echo.and(warp::ext::optional::<PeerAddr>()).and(warp::body::bytes()).map(
        |method: Method, query: String, name: String, peer: Option<PeerAddr>, body: bytes::Bytes| {
            let text = format!("{method} {query} {name} {peer:?} {}", body.escape_ascii());
            warp::reply::with_header(text, "x-length", body.len())
        },
    );
    let slow = warp::path!("slow").and_then(std::future::pending::<Result<String, Rejection>>);
    publish.or(echo).or(slow)
}

#[tokio::test]
async fn the_routes_beside_the_channels_are_asked_in_the_same_kit() {
    let channels = all();
    let desks = channels.of::<Desk>();
    let app = testing::app(channels.app(()).or(routes(desks)));
    let mut client = app.connect::<Desk>("/desk").await.unwrap();
    let published = app.post("/publish").json(&json!({ "text": "rain" })).await;
    assert_eq!(published.status, StatusCode::CREATED);
    assert_eq!(published.json::<Value>(), json!({ "heard": 1 }));
    // It has come already.
    assert_eq!(client.expect::<Said>().now_or_never().expect("without waiting").text, "rain");

    let echoed = app.request(Method::PUT, "/echo?a=b").header("x-name", "ann").remote_addr(([10, 0, 0, 1], 5).into());
    let echoed = echoed.body(vec![0, 255]).await;
    assert_eq!(echoed.text(), r"PUT a=b ann Some(PeerAddr(10.0.0.1:5)) \x00\xff");
    assert_eq!(echoed.headers["x-length"], "2");
    for (path, status) in [("/nowhere", 404), ("/publish", 405), ("/echo?a=b", 400)] {
        assert_eq!(app.get(path).await.status.as_u16(), status, "{path}");
    }
    let too_long = json!({ "text": "x".repeat(100) });
    assert_eq!(app.post("/publish").json(&too_long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let (line, message) = failure(async { app.get("/nowhere").await.json::<Value>() }).await;
    assert_eq!(line, line!() - 1, "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_route_that_never_answers_fails_the_test_after_10_seconds() {
    let channels = all();
    let desks = channels.of::<Desk>();
    let app = testing::app(channels.app(()).or(routes(desks)));
    let begun = tokio::time::Instant::now();
    let (line, message) = failure(async { app.get("/slow").await }).await;
    assert_eq!((line, message.as_str()), (line!() - 1, "no response to GET /slow after 10s"));
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
}

/// As a test of tasks would: what it awaits may be awaited in a task of its own.
#[tokio::test]
async fn an_expectation_can_be_awaited_in_another_task() {
    let (_app, mut client) = desk().await;
    let (told, heard) = oneshot::channel();
    tokio::spawn(async move {
        client.send(Say { text: "a".into() });
        let said = client.wait_for::<Said>().await;
        told.send(said.text).expect("the test waits");
    });
    assert_eq!(heard.await.unwrap(), "a");
}
