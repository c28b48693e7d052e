//! What operators and other programs ask of a server: publishing by the channels' own types, disconnecting, counting; who may, and what
//! is said to whom may not.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use channel_runtime::testing::{self, Client, HttpResponse, TestApp};
use channel_runtime::{
    Bytes, CloseCode, Config, Ops, OpsToken, Rate, Socket, Text, channel, channels, envelope, message,
};
use hyper::Request;
use hyper::body::{Body, Frame};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

const PUBLISHER: &str = "publisher-0123456789abcdef0123456789";
const MODERATOR: &str = "moderator-0123456789abcdef0123456789";

#[message(type = "leading", validate)]
#[derive(Debug, PartialEq, garde::Validate)]
#[garde(allow_unvalidated)]
pub struct Leading {
    lot: u64,
    #[garde(length(max = 20))]
    by: String,
    amount: u128,
}

#[message(type = "panics")]
#[derive(Debug)]
pub struct Panics {
    #[serde(deserialize_with = "panics")]
    _value: u8,
}

fn panics<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
    panic!("asked to")
}

/// Notes when it is decoded.
#[message(type = "noted")]
#[derive(Debug)]
pub struct Noted {
    #[serde(deserialize_with = "note")]
    _value: u8,
}

thread_local! {
    static TURN: Cell<u64> = const { Cell::new(0) };
    static NOTED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn note<'de, D: serde::Deserializer<'de>>(value: D) -> Result<u8, D::Error> {
    NOTED.with_borrow_mut(|noted| noted.push(TURN.get()));
    serde::Deserialize::deserialize(value)
}

#[message(binary, kind = 7)]
#[derive(Debug, PartialEq)]
pub struct Pixel {
    data: Bytes,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        if data.len() == 3 { Ok(Self { data }) } else { Err("three bytes are a pixel".into()) }
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.data);
    }
}

#[message(type = "watch")]
pub struct Watch {
    lot: u64,
}

pub struct Lot(u64);

impl Display for Lot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/auction/:lot", rooms(Lot))]
pub struct Auction {
    lot: u64,
    #[extract]
    user: Named,
}

/// By the query.
pub struct Named(String);

impl<App: Sync> channel_runtime::Extract<App> for Named {
    async fn extract(handshake: &channel_runtime::Handshake, _: &App) -> Result<Self, channel_runtime::Reject> {
        Ok(Self(handshake.query_param("user").unwrap_or_default()))
    }
}

#[channel(sends(Leading, Panics, Noted, Pixel))]
impl Auction {
    fn identity(&self) -> &String {
        &self.user.0
    }

    #[message]
    fn watch(&self, watch: Watch, socket: &Socket<Self>) {
        socket.join(&Lot(watch.lot));
    }

    #[message(type = "whoami")]
    fn whoami(&self, socket: &Socket<Self>) -> channel_runtime::Success<String> {
        channel_runtime::Success(socket.id().to_string())
    }
}

#[channel("/raw/:name")]
pub struct Raw {
    name: String,
}

#[channel(sends(Text))]
impl Raw {
    fn on_text(&mut self, _: Text) {
        _ = &self.name;
    }
}

#[channel("/rpc")]
pub struct Rpc;

#[message(type = "news", foreign)]
#[derive(Debug, PartialEq)]
pub struct News {
    r#ref: u8,
    text: String,
}

#[channel(sends(News), envelope = envelope::JsonRpc)]
impl Rpc {}

/// A channel of other users.
#[channel("/account/:id")]
pub struct Account {
    id: u64,
}

#[channel(sends(Leading))]
impl Account {
    fn identity(&self) -> &u64 {
        &self.id
    }
}

fn token(secret: &str) -> OpsToken {
    OpsToken::new(secret).unwrap()
}

fn app() -> TestApp<()> {
    let ops = Ops::new()
        .publish(token(PUBLISHER))
        .disconnect(token(MODERATOR))
        .read(token(MODERATOR))
        .metrics_for(token(MODERATOR));
    app_with(ops)
}

fn app_with(ops: Ops) -> TestApp<()> {
    let server = channels![Auction, Raw, Rpc, Account].app(());
    let routes = ops.filter(&server);
    testing::app(server.or(routes))
}

async fn ann(app: &TestApp<()>) -> Client<Auction> {
    app.connect("/auction/42").query("user", "ann").await.unwrap()
}

async fn bob(app: &TestApp<()>) -> Client<Auction> {
    app.connect("/auction/43").query("user", "bob").await.unwrap()
}

async fn id(client: &mut Client<Auction>) -> String {
    client.send_text(r#"{"type":"whoami","ref":1}"#);
    client.expect_success().await.as_str().unwrap().to_owned()
}

async fn post(app: &TestApp<()>, path: &str, secret: &str, body: &str) -> HttpResponse {
    app.post(path).header("authorization", &format!("Bearer {secret}")).body(body.to_owned()).await
}

async fn publish(app: &TestApp<()>, body: &Value) -> (u16, Value) {
    let response = post(app, "/v1/publish", PUBLISHER, &body.to_string()).await;
    (response.status.as_u16(), response.json())
}

fn leading() -> Value {
    json!({ "type": "leading", "lot": 42, "by": "ann", "amount": 9 })
}

fn to(target: Value) -> Value {
    let mut body = target;
    body["message"] = leading();
    body
}

const fn is_leading() -> Leading {
    Leading { lot: 42, by: String::new(), amount: 9 }
}

async fn hears(client: &mut Client<Auction>) -> bool {
    match client.try_next_text().await {
        Some(text) => {
            let heard: Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&heard["type"], &heard["amount"]), (&json!("leading"), &json!(9)), "{text}");
            assert!(client.try_next_text().await.is_none(), "one copy each");
            true
        }
        None => false,
    }
}

#[tokio::test]
async fn each_audience_is_reached_and_nobody_else() {
    let app = app();
    let (mut ann, mut bob) = (ann(&app).await, bob(&app).await);
    bob.send(Watch { lot: 7 });
    app.settle().await;
    let (ann_id, bob_id) = (id(&mut ann).await, id(&mut bob).await);
    let auction = "/auction/:lot";
    for (target, is_for_ann, is_for_bob) in [
        (json!({ "room": "/auction/42" }), true, false),
        // As a client that connects there.
        (json!({ "room": "/auction/042/" }), true, false),
        (json!({ "room": "/auction/41" }), false, false),
        (json!({ "rooms": ["/auction/42", "/auction/43", "/auction/42"] }), true, true),
        (json!({ "channel": auction, "room": "lot:7" }), false, true),
        (json!({ "channel": auction, "rooms": ["lot:7", "/auction/43"] }), false, true),
        (json!({ "channel": auction, "user": "ann" }), true, false),
        (json!({ "channel": auction, "users": ["ann", "bob", "eve"] }), true, true),
        (json!({ "channel": auction, "connection": ann_id }), true, false),
        (json!({ "channel": auction, "all": true }), true, true),
        (json!({ "channel": auction, "all": true, "except": { "users": ["ann"] } }), false, true),
        (json!({ "channel": auction, "all": true, "except": { "connections": [bob_id] } }), true, false),
        (json!({ "rooms": ["/auction/42"], "except": { "users": ["ann"], "connections": [] } }), false, false),
    ] {
        let (status, answer) = publish(&app, &to(target.clone())).await;
        let recipients = usize::from(is_for_ann) + usize::from(is_for_bob);
        assert_eq!(
            (status, answer),
            (200, json!({ "recipients": recipients, "refused": 0, "elsewhere": "nowhere" })),
            "{target}"
        );
        assert_eq!((hears(&mut ann).await, hears(&mut bob).await), (is_for_ann, is_for_bob), "{target}");
    }
    let mut account: Client<Account> = app.connect("/account/7").await.unwrap();
    for user in [json!(7), json!("7"), json!("007")] {
        assert_eq!(
            publish(&app, &to(json!({ "channel": "/account/:id", "user": user }))).await.1["recipients"],
            1,
            "{user}"
        );
        assert_eq!(account.expect::<Leading>().await, Leading { by: "ann".into(), ..is_leading() });
    }
}

#[tokio::test]
async fn what_is_published_is_the_channels_own_type_and_its_numbers_stay_exact() {
    let app = app();
    let mut ann = ann(&app).await;
    let most = u128::MAX;
    let body = format!(
        r#"{{"message": {{ "amount" : {most}, "by": "\u00e9", "lot":42,"type":"leading" , "more": [1e400] }}, "room":"/auction/42"}}"#
    );
    assert_eq!(post(&app, "/v1/publish", PUBLISHER, &body).await.status, 200);
    // Written by the channel's codec, not passed on.
    assert_eq!(ann.expect_text().await, format!(r#"{{"type":"leading","lot":42,"by":"é","amount":{most}}}"#));
    let pixel = json!({ "room": "/auction/42", "base64": "BwECAw==" });
    assert_eq!(publish(&app, &pixel).await.0, 200);
    assert_eq!(&ann.expect_binary().await[..], [7, 1, 2, 3]);
    let mut rpc: Client<Rpc> = app.connect("/rpc").await.unwrap();
    let news = json!({ "room": "/rpc", "message": { "type": "news", "ref": 3, "text": "rain" } });
    assert_eq!(publish(&app, &news).await.0, 200);
    let heard: Value = serde_json::from_str(&rpc.expect_text().await).unwrap();
    assert_eq!(heard, json!({ "jsonrpc": "2.0", "method": "news", "params": { "ref": 3, "text": "rain" } }));
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_path_and_nothing_is_sent() {
    let app = app();
    let mut ann = ann(&app).await;
    let room = |message: Value| json!({ "room": "/auction/42", "message": message });
    let auction = "/auction/:lot";
    for (body, status, code, path) in [
        (room(json!({ "type": "leading", "lot": "x", "by": "ann", "amount": 9 })), 422, "invalid_payload", "lot"),
        (room(json!({ "type": "leading", "lot": 42, "by": "ann" })), 422, "invalid_payload", "amount"),
        (
            room(json!({ "type": "leading", "lot": 42, "by": "ann", "amount": 9, "ref": 1 })),
            422,
            "invalid_payload",
            "ref",
        ),
        (room(json!({ "type": "bid", "amount": 9 })), 422, "unknown_type", ""),
        (room(json!({ "type": "(binary 7) pixel" })), 422, "unknown_type", ""),
        (room(json!({ "amount": 9 })), 422, "malformed", ""),
        (room(json!("leading")), 422, "malformed", ""),
        (room(json!(null)), 422, "invalid_payload", "message"),
        (json!({ "room": "/auction/42", "base64": "BwEC" }), 422, "invalid_payload", ""),
        (json!({ "room": "/auction/42", "base64": "CAEC" }), 422, "unknown_type", ""),
        (json!({ "room": "/auction/42", "base64": "" }), 422, "unknown_type", ""),
        (json!({ "room": "/auction/42", "base64": "?" }), 422, "invalid_payload", "base64"),
        (json!({ "room": "/auction/42" }), 422, "invalid_payload", "message"),
        (json!({ "room": "/auction/42", "message": {}, "base64": "" }), 422, "invalid_payload", "base64"),
        (to(json!({})), 422, "invalid_payload", ""),
        (to(json!({ "room": "/auction/42", "user": "ann" })), 422, "invalid_payload", "user"),
        (to(json!({ "room": "/auction/42", "code": 4403 })), 422, "invalid_payload", "code"),
        (to(json!({ "room": "/auction/42", "all": 1 })), 422, "invalid_payload", "all"),
        (to(json!({ "room": "/auction/42", "to": "ann" })), 422, "invalid_payload", "to"),
        (to(json!({ "channel": auction, "users": ["ann", true] })), 422, "invalid_payload", "users[1]"),
        (to(json!({ "channel": auction, "users": vec!["ann"; 1001] })), 422, "invalid_payload", "users"),
        (to(json!({ "channel": auction, "connection": "7" })), 422, "invalid_payload", "connection"),
        (
            to(json!({ "channel": auction, "all": true, "except": { "connections": ["7"] } })),
            422,
            "invalid_payload",
            "except.connections[0]",
        ),
        (to(json!({ "user": "ann" })), 422, "invalid_payload", "channel"),
        (to(json!({ "room": "lot:7" })), 422, "invalid_payload", "channel"),
        (to(json!({ "channel": "/account/:id", "user": "ann" })), 422, "invalid_payload", "user"),
        (to(json!({ "channel": "/raw/:name", "user": "ann" })), 422, "invalid_payload", "user"),
        (to(json!({ "room": "/raw/a" })), 422, "no_messages", ""),
        (to(json!({ "room": "/auction" })), 404, "not_found", ""),
        (to(json!({ "room": "/auction/x" })), 404, "not_found", ""),
        (to(json!({ "room": "/" })), 404, "not_found", ""),
        (to(json!({ "rooms": ["/auction/42", "/account/42"] })), 404, "not_found", ""),
        (to(json!({ "channel": auction, "room": "/account/42" })), 404, "not_found", ""),
        (to(json!({ "channel": auction, "room": "table:7" })), 404, "not_found", ""),
        (to(json!({ "channel": auction, "room": "" })), 404, "not_found", ""),
        (to(json!({ "channel": "/auction/42", "all": true })), 404, "not_found", ""),
    ] {
        let (answered, answer) = publish(&app, &body).await;
        let found = answer["details"]["path"].as_str().unwrap_or_default();
        assert_eq!((answered, &answer["code"], found), (status, &json!(code), path), "{body} {answer}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    let long = room(json!({ "type": "leading", "lot": 42, "by": "a".repeat(21), "amount": 9 }));
    let (status, answer) = publish(&app, &long).await;
    assert_eq!(
        (status, &answer["code"], &answer["details"]["fields"][0]["path"]),
        (422, &json!("validation"), &json!("by"))
    );
    let (_, answer) = publish(&app, &to(json!({ "room": "/nowhere" }))).await;
    assert_eq!(answer["details"]["channels"].as_array().unwrap().len(), 4, "{answer}");
    ann.expect_nothing().await;
}

#[tokio::test]
async fn no_body_does_more_than_be_refused() {
    let app = app();
    let deep = format!(r#"{{"room":"/auction/42","message":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = format!(
        r#"{{"room":"/auction/42","message":{{"type":"leading","lot":{}1{}}}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    let twice = r#"{"room":"/auction/42","room":"/auction/43","message":{}}"#;
    for (body, status) in [
        (&b""[..], 400),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"{}{}", 400),
        (b"\xff", 400),
        (b"{\"room\":\"\xff\"}", 400),
        (b"{\"room\":\"/auction/42\",\"message\":{\"type\":\"leading\",\"by\":\"\xff\"}}", 400),
        (br#"{"room":"/auction/42","message":{"type":"leading","lot":1,"lot":1}}"#, 422),
        (br#"{"room":"/auction/42","message":{"type":"leading","type":"leading"}}"#, 422),
        (br#"{"room":"\ud800","message":{}}"#, 400),
        (br#"{"room":"/auction/%00","message":{}}"#, 404),
        (br#"{"room":"/auction/%ff","message":{}}"#, 404),
        (br#"{"code":70000,"room":"/auction/42"}"#, 422),
        (deep.as_bytes(), 422),
        (deep_field.as_bytes(), 422),
        (twice.as_bytes(), 422),
    ] {
        for path in ["/v1/publish", "/v1/batch", "/v1/disconnect"] {
            let secret = if path == "/v1/disconnect" { MODERATOR } else { PUBLISHER };
            let request = app.post(path).header("authorization", &format!("Bearer {secret}")).body(body.to_vec());
            let response = request.await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
            assert!([400, 404, 422].contains(&response.status.as_u16()), "{path} {shown} {}", response.text());
            assert!(response.json::<Value>()["code"].is_string());
            if path == "/v1/publish" {
                assert_eq!(response.status, status, "{shown} {}", response.text());
            }
        }
    }
    let (status, answer) =
        publish(&app, &json!({ "room": "/auction/42", "message": { "type": "panics", "_value": 1 } })).await;
    assert_eq!((status, &answer["code"]), (500, &json!("internal")));
    let long = "x".repeat(1024 * 1024 + 1);
    let response = post(&app, "/v1/publish", PUBLISHER, &long).await;
    assert_eq!((response.status.as_u16(), &response.json::<Value>()["code"]), (413, &json!("too_large")));
    assert_eq!(post(&app, "/v1/publish", PUBLISHER, &long[1..]).await.status, 400);
}

#[tokio::test]
async fn a_token_may_do_what_it_was_given_for() {
    let ops = Ops::new()
        .publish(token(PUBLISHER).only::<Account>().only::<Rpc>())
        .publish(token(MODERATOR))
        .read(token(PUBLISHER).only::<Account>());
    let app = app_with(ops);
    let body = to(json!({ "room": "/auction/42" })).to_string();
    let status = async |path: &str, authorization: &str| {
        app.post(path).header("authorization", authorization).body(body.clone()).await.status.as_u16()
    };
    assert_eq!(status("/v1/publish", &format!("Bearer {MODERATOR}")).await, 200);
    assert_eq!(status("/v1/publish", &format!("bearer  {MODERATOR}")).await, 200);
    assert_eq!(status("/v1/publish", &format!("Bearer {PUBLISHER}")).await, 403);
    assert_eq!(
        status("/v1/disconnect", &format!("Bearer {MODERATOR}")).await,
        404,
        "nothing is on that was not switched on"
    );
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        MODERATOR,
        &format!("Basic {MODERATOR}"),
        &format!("Bearer {MODERATOR}x"),
        &format!("Bearer {}", &MODERATOR[1..]),
    ] {
        assert_eq!(status("/v1/publish", wrong).await, 401, "{wrong:?}");
    }
    let in_query =
        app.post(&format!("/v1/publish?token={MODERATOR}&access_token={MODERATOR}")).body(body.clone()).await;
    assert_eq!(in_query.status, 401);
    assert_eq!(in_query.headers["www-authenticate"], "Bearer");
    let read = async |query: &str, secret: &str| {
        let path = format!("/v1/count?{query}");
        app.get(&path).header("authorization", &format!("Bearer {secret}")).await.status.as_u16()
    };
    assert_eq!(read("room=/account/7", PUBLISHER).await, 200);
    assert_eq!(read("room=/auction/7", PUBLISHER).await, 403);
    assert_eq!(read("room=/account/7", MODERATOR).await, 403);
    assert_eq!(app.get("/v1/publish").await.status, 405);
    assert_eq!(app.post("/ready").await.headers["allow"], "GET, HEAD");
    assert_eq!(app.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn without_a_token_nothing_is_on_but_whether_it_lives() {
    let app = app_with(Ops::new());
    for (path, status) in
        [("/live", 200), ("/ready", 200), ("/metrics", 404), ("/v1/count", 404), ("/v1/publish", 404), ("/", 404)]
    {
        assert_eq!(app.get(path).await.status, status, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_wrong_tokens_is_refused_and_shuts_no_right_one_out() {
    let app = app();
    let from = |last: u8| std::net::SocketAddr::from(([192, 0, 2, last], 7));
    let wrong = async |last| app.post("/v1/publish").header("authorization", "Bearer x").remote_addr(from(last)).await;
    for _ in 0..10 {
        assert_eq!(wrong(1).await.status, 401);
    }
    for _ in 0..100 {
        let response = wrong(1).await;
        assert_eq!((response.status.as_u16(), &response.headers["retry-after"]), (429, &"6".parse().unwrap()));
    }
    let right = app.post("/v1/publish").header("authorization", &format!("Bearer {PUBLISHER}")).remote_addr(from(1));
    assert_eq!(right.body(to(json!({ "room": "/auction/42" })).to_string()).await.status, 200);
    assert_eq!(wrong(2).await.status, 401);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(wrong(1).await.status, 401);
    assert_eq!(wrong(1).await.status, 429);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_key_is_done_once() {
    let app = app();
    let mut ann = ann(&app).await;
    let send = async |key: &str, body: &Value| {
        let request = app.post("/v1/publish").header("authorization", &format!("Bearer {PUBLISHER}"));
        request.header("idempotency-key", key).body(body.to_string()).await
    };
    let body = to(json!({ "room": "/auction/42" }));
    let first = send("order-1", &body).await;
    let again = send("order-1", &body).await;
    assert_eq!((first.status.as_u16(), first.headers.get("idempotency-replayed")), (200, None));
    assert_eq!((again.status.as_u16(), &again.headers["idempotency-replayed"]), (200, &"true".parse().unwrap()));
    assert_eq!(first.body, again.body);
    assert!(hears(&mut ann).await);
    let other = send("order-1", &to(json!({ "room": "/auction/43" }))).await;
    assert_eq!((other.status.as_u16(), &other.json::<Value>()["code"]), (409, &json!("key_reused")));
    // What was refused is not remembered.
    let wrong = json!({ "room": "/auction/42", "message": {} });
    assert_eq!(send("order-2", &wrong).await.status, 422);
    assert_eq!(send("order-2", &body).await.status, 200);
    assert!(hears(&mut ann).await);
    tokio::time::advance(Duration::from_secs(300)).await;
    assert_eq!(send("order-1", &body).await.headers.get("idempotency-replayed"), None);
    assert!(hears(&mut ann).await);
    for key in ["", &"k".repeat(257)] {
        assert_eq!(send(key, &body).await.status, 400);
    }
}

#[tokio::test]
async fn a_key_is_for_a_batch_and_for_disconnecting_too() {
    let app = app();
    let mut client = ann(&app).await;
    let send = async |path: &str, secret: &str, body: &Value| {
        let request = app.post(path).header("authorization", &format!("Bearer {secret}"));
        let response = request.header("idempotency-key", "order-1").body(body.to_string()).await;
        (response.status.as_u16(), response.headers.contains_key("idempotency-replayed"), response.text().to_owned())
    };
    let batch = json!({ "batch": [to(json!({ "room": "/auction/42" })), { "room": "/nowhere" }] });
    let (status, is_replayed, answers) = send("/v1/batch", PUBLISHER, &batch).await;
    assert_eq!((status, is_replayed), (207, false));
    assert_eq!(send("/v1/batch", PUBLISHER, &batch).await, (207, true, answers));
    assert!(hears(&mut client).await);
    // Whatever became of its parts.
    let other = json!({ "batch": [to(json!({ "room": "/auction/42" }))] });
    assert_eq!(send("/v1/batch", PUBLISHER, &other).await.0, 409);
    // The same bytes for something else are another request.
    assert_eq!(send("/v1/publish", PUBLISHER, &batch).await.0, 409);
    client.expect_nothing().await;

    let everybody = json!({ "room": "/auction/42" });
    let answer = r#"{"disconnected":1}"#.to_owned();
    assert_eq!(send("/v1/disconnect", MODERATOR, &everybody).await, (200, false, answer.clone()));
    client.expect_close().await;
    let mut back = ann(&app).await;
    assert_eq!(send("/v1/disconnect", MODERATOR, &everybody).await, (200, true, answer));
    back.expect_nothing().await;
}

/// A body of which no more comes.
struct Stalled;

impl Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_waited_for_for_30_seconds() {
    let server = channels![Rpc].app(());
    let service = TowerToHyperService::new(Ops::new().publish(token(PUBLISHER)).service(&server));
    let request =
        Request::post("/v1/publish").header("host", "ops").header("authorization", format!("Bearer {PUBLISHER}"));
    let begun = tokio::time::Instant::now();
    let response = service.call(request.body(Stalled).unwrap()).await.unwrap();
    assert_eq!((response.status().as_u16(), begun.elapsed()), (408, Duration::from_secs(30)));
    let body = axum::body::to_bytes(axum::body::Body::new(response.into_body()), 1000).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "timeout");
}

#[tokio::test]
async fn a_batch_is_answered_in_order_each_by_itself() {
    let app = app();
    let mut ann = ann(&app).await;
    let publication = |amount: u32| json!({ "room": "/auction/42", "message": { "type": "leading", "lot": 42, "by": "ann", "amount": amount } });
    let mut batch: Vec<_> = (0..1000).map(publication).collect();
    let response = post(&app, "/v1/batch", PUBLISHER, &json!({ "batch": batch }).to_string()).await;
    let answers = response.json::<Value>();
    assert_eq!((response.status.as_u16(), answers["answers"].as_array().unwrap().len()), (200, 1000));
    assert_eq!(
        answers["answers"][999],
        json!({ "status": 200, "answer": { "recipients": 1, "refused": 0, "elsewhere": "nowhere" } })
    );
    for amount in 0..1000 {
        assert_eq!(ann.expect::<Leading>().await.amount, amount);
    }
    batch.push(publication(1000));
    let response = post(&app, "/v1/batch", PUBLISHER, &json!({ "batch": batch }).to_string()).await;
    assert_eq!(response.status, 422);
    let batch = json!({ "batch": [publication(1), { "room": "/nowhere" }, 7, publication(2)] });
    let response = post(&app, "/v1/batch", PUBLISHER, &batch.to_string()).await;
    let answers = response.json::<Value>();
    let statuses: Vec<_> =
        answers["answers"].as_array().unwrap().iter().map(|it| it["status"].as_u64().unwrap()).collect();
    assert_eq!((response.status.as_u16(), &statuses[..]), (207, &[200, 422, 422, 200][..]));
    assert_eq!([ann.expect::<Leading>().await.amount, ann.expect::<Leading>().await.amount], [1, 2]);
    assert_eq!(post(&app, "/v1/batch", PUBLISHER, r#"{"batch":[]}"#).await.json::<Value>(), json!({ "answers": [] }));
}

#[tokio::test]
async fn others_have_their_turns_while_a_batch_is_published() {
    let app = app();
    let others = tokio::spawn(async {
        loop {
            TURN.set(TURN.get() + 1);
            tokio::task::yield_now().await;
        }
    });
    let publication = json!({ "room": "/auction/42", "message": { "type": "noted", "_value": 1 } });
    let response = post(&app, "/v1/batch", PUBLISHER, &json!({ "batch": vec![publication; 5] }).to_string()).await;
    assert_eq!(response.status, 200, "{}", response.text());
    others.abort();
    let noted = NOTED.take();
    // Of two tasks that give way to each other, one may have two turns behind each other.
    assert!(noted.len() == 5 && noted.windows(3).all(|turns| turns[0] < turns[2]), "{noted:?}");
}

#[tokio::test]
async fn connections_are_closed_by_user_by_room_and_by_name() {
    let app = app();
    let disconnect = async |body: Value| {
        let response = post(&app, "/v1/disconnect", MODERATOR, &body.to_string()).await;
        (response.status.as_u16(), response.json::<Value>())
    };
    let mut first = ann(&app).await;
    let answer =
        disconnect(json!({ "user": "ann", "channel": "/auction/:lot", "code": 4403, "reason": "banned" })).await;
    assert_eq!(answer, (200, json!({ "disconnected": 1 })));
    assert_eq!(first.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    let mut account: Client<Account> = app.connect("/account/7").await.unwrap();
    let mut auction: Client<Auction> = app.connect("/auction/7").query("user", "7").await.unwrap();
    // Two kinds of users know the name 7.
    let (status, answer) = disconnect(json!({ "user": 7 })).await;
    assert_eq!((status, &answer["details"]["path"]), (422, &json!("channel")), "{answer}");
    assert_eq!(disconnect(json!({ "user": 7, "channel": "/account/:id" })).await.1["disconnected"], 1);
    assert_eq!(account.expect_close().await.0, CloseCode::FORBIDDEN);
    let id = id(&mut auction).await;
    assert_eq!(disconnect(json!({ "connection": id, "code": 1000 })).await.1["disconnected"], 1);
    assert_eq!(auction.expect_close().await.0, CloseCode::NORMAL);
    let (mut ann, mut bob) = (ann(&app).await, bob(&app).await);
    // No account has such a name.
    assert_eq!(disconnect(json!({ "user": "bob" })).await.1["disconnected"], 1);
    assert_eq!(bob.expect_close().await.0, CloseCode::FORBIDDEN);
    assert_eq!(disconnect(json!({ "room": "/auction/42", "except": { "users": ["ann"] } })).await.1["disconnected"], 0);
    assert_eq!(disconnect(json!({ "room": "/auction/42" })).await.1["disconnected"], 1);
    ann.expect_close().await;
    for (body, path) in [
        (json!({ "user": "ann", "code": 1005 }), "code"),
        (json!({ "user": "ann", "reason": "x".repeat(124) }), "reason"),
        (json!({ "user": "ann", "message": {} }), "message"),
        (json!({}), ""),
    ] {
        let (status, answer) = disconnect(body).await;
        assert_eq!((status, &answer["details"]["path"]), (422, &json!(path)), "{answer}");
    }
}

#[tokio::test]
async fn a_user_is_closed_everywhere_but_where_it_is_excepted() {
    let app = app();
    let (mut kept, mut other) = (ann(&app).await, ann(&app).await);
    let id = id(&mut kept).await;
    let disconnected = async |body: Value| {
        let response = post(&app, "/v1/disconnect", MODERATOR, &body.to_string()).await;
        (response.status.as_u16(), response.json::<Value>()["disconnected"].as_u64())
    };
    assert_eq!(disconnected(json!({ "user": "ann", "except": { "users": ["ann"] } })).await, (200, Some(0)));
    assert_eq!(disconnected(json!({ "connection": id, "except": { "connections": [id] } })).await, (200, Some(0)));
    assert_eq!(disconnected(json!({ "user": "ann", "except": { "connections": ["7"] } })).await, (422, None));
    assert_eq!(disconnected(json!({ "user": "ann", "except": { "connections": [id] } })).await, (200, Some(1)));
    other.expect_close().await;
    kept.expect_nothing().await;
}

#[tokio::test]
async fn channels_that_a_token_is_not_for_are_as_if_there_were_none() {
    let ops = Ops::new()
        .disconnect(token(PUBLISHER).only::<Account>())
        .disconnect(token(MODERATOR).only::<Auction>().only::<Raw>());
    let app = app_with(ops);
    let mut auction: Client<Auction> = app.connect("/auction/7").query("user", "7").await.unwrap();
    let mut account: Client<Account> = app.connect("/account/7").await.unwrap();
    let disconnect = async |secret: &str, body: Value| {
        let response = post(&app, "/v1/disconnect", secret, &body.to_string()).await;
        (response.status.as_u16(), response.json::<Value>())
    };
    // The name is one of another channel's users.
    let (status, answer) = disconnect(PUBLISHER, json!({ "user": "ann" })).await;
    assert_eq!((status, &answer["details"]["path"]), (422, &json!("user")), "{answer}");
    // Or one of both.
    assert_eq!(disconnect(PUBLISHER, json!({ "user": 7 })).await, (200, json!({ "disconnected": 1 })));
    account.expect_close().await;
    auction.expect_nothing().await;
    assert_eq!(disconnect(MODERATOR, json!({ "user": 7 })).await, (200, json!({ "disconnected": 1 })));
    auction.expect_close().await;
}

#[tokio::test]
async fn connections_are_counted() {
    let app = app();
    let clients = (ann(&app).await, ann(&app).await, bob(&app).await);
    let count = async |query: &str| {
        let request = app.get(&format!("/v1/count?{query}")).header("authorization", &format!("Bearer {MODERATOR}"));
        let response = request.await;
        (response.status.as_u16(), response.json::<Value>()["count"].as_u64())
    };
    for (query, expected) in [
        ("room=/auction/42", 2),
        ("room=%2Fauction%2F42", 2),
        ("room=/auction/44", 0),
        ("channel=/auction/:lot", 3),
        ("channel=/auction/:lot&all=true", 3),
        ("channel=/auction/:lot&user=ann", 2),
        ("user=bob", 1),
        ("channel=/rpc", 0),
    ] {
        assert_eq!(count(query).await, (200, Some(expected)), "{query}");
    }
    for (query, status) in [
        ("", 422),
        ("user=ann&room=/auction/42", 422),
        ("room=/x", 404),
        ("token=x", 400),
        ("room=/auction/42&room=/auction/43", 400),
        ("room=%ff", 400),
        ("all=1", 400),
    ] {
        assert_eq!(count(query).await, (status, None), "{query}");
    }
    drop(clients);
}

#[tokio::test]
async fn the_page_for_prometheus_has_the_servers_numbers_and_the_programs() {
    let server = channels![Auction, Raw, Rpc, Account].app(());
    let ops = Ops::new().metrics().more_metrics(|| "orders_total 7\n".to_owned()).publish(token(PUBLISHER));
    let routes = ops.filter(&server);
    let app = testing::app(server.or(routes));
    let ann = ann(&app).await;
    publish(&app, &to(json!({ "room": "/auction/42" }))).await;
    publish(&app, &to(json!({ "room": "/nowhere" }))).await;
    let response = app.get("/metrics").await;
    assert_eq!(response.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# TYPE channels_connections gauge",
        r#"channels_connections{channel="Auction"} 1"#,
        r#"channels_sent_total{channel="Auction"} 1"#,
        r#"channels_received_total{channel="Auction",type="watch"} 0"#,
        r#"channels_published_total{status="200"} 1"#,
        r#"channels_published_total{status="404"} 1"#,
        "channels_users 1",
        "channels_accepting 1",
        "channels_draining 0",
        "orders_total 7",
    ] {
        assert!(response.text().lines().any(|found| found == line), "{line} is not in\n{}", response.text());
    }
    drop(ann);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_is_first_not_ready_and_then_refuses_and_then_closes() {
    let config = Config::default().drain_delay(Duration::from_secs(5)).message_rate(None::<Rate>);
    let server = channels![Auction].app(()).config(config);
    let routes = Ops::new().publish(token(PUBLISHER)).metrics().filter(&server);
    let app = testing::app(server.or(routes));
    let mut ann = ann(&app).await;
    assert_eq!(app.get("/ready").await.status, 200);
    let during = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let ready = app.get("/ready").await;
        assert_eq!((ready.status.as_u16(), &ready.json::<Value>()["code"]), (503, &json!("unavailable")));
        assert_eq!(app.get("/live").await.status, 200);
        let numbers = app.get("/metrics").await;
        assert!(numbers.text().contains("channels_accepting 0\n") && numbers.text().contains("channels_draining 1\n"));
        // Until load balancers have seen it, all goes on.
        let mut bob = bob(&app).await;
        assert_eq!(publish(&app, &to(json!({ "rooms": ["/auction/42", "/auction/43"] }))).await.1["recipients"], 2);
        assert!(hears(&mut ann).await && hears(&mut bob).await);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(ann.expect_close().await.0, CloseCode::GOING_AWAY);
        assert_eq!(bob.expect_close().await.0, CloseCode::GOING_AWAY);
        assert_eq!(publish(&app, &to(json!({ "room": "/auction/42" }))).await.0, 503);
        assert_eq!(app.get("/ready").await.status, 503);
    };
    tokio::join!(app.drain(), during);
}
