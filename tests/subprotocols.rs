//! Subprotocols of a channel's own: what is agreed, what a client is answered that offers none of them, and who sees it.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use channel_runtime::describe::Description;
use channel_runtime::{
    CloseCode, Config, Extract, Handshake, Origins, Refusals, Reject, Server, Socket, Text, channel, channels, message,
    testing,
};
use serde_json::json;
use support::{Frame, Raw, Response, Running, masked, request, start, upgrade};
use tokio::net::TcpListener;

/// What a handler finds out about the subprotocols of its client.
#[message(type = "agreed")]
#[derive(Debug, PartialEq)]
pub struct Agreed {
    extractor: Option<String>,
    socket: Option<String>,
    offers: Vec<String>,
    token: Option<String>,
}

impl Agreed {
    fn on(name: Option<&str>, offers: &[&str]) -> Self {
        let name = name.map(str::to_owned);
        Self {
            extractor: name.clone(),
            socket: name,
            offers: offers.iter().map(|&offer| offer.into()).collect(),
            token: None,
        }
    }
}

#[derive(Default)]
pub struct App {
    /// How many handlers were made.
    made: AtomicUsize,
}

/// What an extractor sees of the subprotocols.
pub struct Seen {
    agreed: Option<&'static str>,
    offers: Vec<String>,
    token: Option<String>,
}

impl Extract<App> for Seen {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        app.made.fetch_add(1, Ordering::Relaxed);
        if handshake.query == "nobody" {
            return Err(Reject::forbidden("not you"));
        }
        Ok(Self {
            agreed: handshake.subprotocol(),
            offers: handshake.subprotocols().map(str::to_owned).collect(),
            token: handshake.offered("base64url.bearer.phx.").map(|token| token.expose().into()),
        })
    }
}

impl Seen {
    fn agreed<C: channel_runtime::Route>(&self, socket: &Socket<C>) -> Agreed {
        Agreed {
            extractor: self.agreed.map(Into::into),
            socket: socket.subprotocol().map(Into::into),
            offers: self.offers.clone(),
            token: self.token.clone(),
        }
    }
}

/// Refuses who offers none of its names; who speaks the old one has no business in a new room.
#[channel("/ocpp/:id", app = App, subprotocols("ocpp1.6", "ocpp2.0.1"))]
pub struct Charger {
    id: String,
    #[extract]
    seen: Seen,
}

#[channel(sends(Agreed))]
impl Charger {
    fn authorize(&self) -> Result<(), Reject> {
        if self.id == "new" && self.seen.agreed != Some("ocpp2.0.1") {
            return Err(Reject::forbidden("too old"));
        }
        Ok(())
    }

    fn on_connect(&self, socket: &Socket<Self>) -> Agreed {
        self.seen.agreed(socket)
    }
}

#[channel("/echo", app = App, subprotocols("echo.v1", optional))]
pub struct Echo {
    #[extract]
    seen: Seen,
}

#[channel(sends(Agreed))]
impl Echo {
    fn on_connect(&self, socket: &Socket<Self>) -> Agreed {
        self.seen.agreed(socket)
    }
}

#[channel("/graphql", app = App, subprotocols("graphql-transport-ws", close = 4406))]
pub struct Operations {
    #[extract]
    seen: Seen,
}

#[channel(sends(Agreed))]
impl Operations {
    fn on_connect(&self, socket: &Socket<Self>) -> Agreed {
        self.seen.agreed(socket)
    }
}

#[channel("/plain", app = App)]
pub struct Plain {
    #[extract]
    seen: Seen,
}

#[channel(sends(Agreed))]
impl Plain {
    fn on_connect(&self, socket: &Socket<Self>) -> Agreed {
        self.seen.agreed(socket)
    }
}

fn server(app: &Arc<App>) -> Server<App> {
    // The check of the lock is this compiling.
    channels![Charger, Echo, Operations, Plain; lock = "tests/describe/subprotocols.lock"].app_arc(Arc::clone(app))
}

async fn served(config: Config) -> (Arc<App>, Running) {
    let app = Arc::default();
    let server = start(server(&app).config(config)).await;
    (app, server)
}

/// A handshake with a header for each of these.
fn offering(path: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("Sec-WebSocket-Protocol: {line}\r\n")).collect();
    upgrade(path).replacen("\r\n", &format!("\r\n{lines}"), 1)
}

async fn ask(server: &Running, path: &str, lines: &[&str]) -> (Raw, Response) {
    let mut raw = server.connect().await;
    let response = raw.request(&offering(path, lines)).await;
    (raw, response)
}

/// The client is in, and its answer, extractor, handler and socket say this.
async fn expect_agreed(server: &Running, path: &str, lines: &[&str], name: Option<&str>) {
    let (mut raw, response) = ask(server, path, lines).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, name), "{path}: {lines:?}");
    let Some(frame) = raw.frame().await else { panic!("{path}: {lines:?} is closed") };
    let agreed: serde_json::Value = serde_json::from_slice(&frame.payload).unwrap();
    assert_eq!([&agreed["extractor"], &agreed["socket"]], [&json!(name); 2], "{path}: {lines:?}");
}

#[tokio::test]
async fn the_client_s_first_offer_that_the_channel_knows_is_agreed() {
    let (_, server) = served(Config::default()).await;
    for (lines, name) in [
        (&["ocpp1.6"][..], "ocpp1.6"),
        (&["ocpp2.0.1,ocpp1.6"], "ocpp2.0.1"),
        (&["ocpp1.6, ocpp2.0.1"], "ocpp1.6"),
        (&["soap", "ocpp2.0.1", "ocpp1.6"], "ocpp2.0.1"),
        (&["OCPP1.6, ocpp2.0.1"], "ocpp2.0.1"),
        (&["channels.token.abc, ocpp1.6"], "ocpp1.6"),
        (&["channels.1.json, ocpp1.6"], "channels.1.json"),
        (&["", ",, ", "\"ocpp2.0.1\"", "ocpp1.6"], "ocpp1.6"),
    ] {
        expect_agreed(&server, "/ocpp/7", lines, Some(name)).await;
    }
}

#[tokio::test]
async fn without_a_name_in_common_there_is_no_upgrade() {
    let (app, server) = served(Config::default()).await;
    for lines in [&[][..], &["soap"], &["OCPP1.6", "ocpp1.60"], &[""], &["channels.token, base64url.bearer.phx.abc"]] {
        let (_, response) = ask(&server, "/ocpp/7", lines).await;
        let answer = (response.status, response.header("sec-websocket-protocol"), response.body.as_str());
        assert_eq!(answer, (400, None, "offer one of the subprotocols `ocpp1.6`, `ocpp2.0.1`"), "{lines:?}");
    }
    assert_eq!(app.made.load(Ordering::Relaxed), 0);
    // Nothing else is answered so: it is no handshake, or there is no channel.
    let mut raw = server.connect().await;
    assert_eq!(raw.request(&request("/ocpp/7", &[])).await.status, 426);
    assert_eq!(ask(&server, "/nowhere", &[]).await.1.status, 404);
}

#[tokio::test]
async fn an_optional_one_is_named_or_not() {
    let (_, server) = served(Config::default()).await;
    expect_agreed(&server, "/echo", &["echo.v2, echo.v1"], Some("echo.v1")).await;
    expect_agreed(&server, "/echo", &["channels.1.json"], Some("channels.1.json")).await;
    for lines in [&[][..], &["echo.v2"], &["Echo.v1"]] {
        expect_agreed(&server, "/echo", lines, None).await;
    }
}

#[tokio::test]
async fn a_channel_may_rather_close_and_makes_no_handler_then() {
    let (app, server) = served(Config::default()).await;
    for lines in [&[][..], &["graphql-ws"], &["GRAPHQL-TRANSPORT-WS"]] {
        let (mut raw, response) = ask(&server, "/graphql?nobody", lines).await;
        assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, None), "{lines:?}");
        raw.expect_close(4406, "subprotocol not acceptable").await;
    }
    assert_eq!(app.made.load(Ordering::Relaxed), 0);
    expect_agreed(&server, "/graphql", &["graphql-ws, graphql-transport-ws"], Some("graphql-transport-ws")).await;
    assert_eq!(app.made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn those_who_are_closed_are_bounded() {
    let (_, server) = served(Config::default().turned_away(1)).await;
    let (mut first, response) = ask(&server, "/graphql", &[]).await;
    assert_eq!(response.status, 101);
    let (_, response) = ask(&server, "/graphql", &[]).await;
    assert_eq!((response.status, response.body.as_str()), (400, "offer the subprotocol `graphql-transport-ws`"));
    first.expect_close(4406, "subprotocol not acceptable").await;
    let (_, none) = served(Config::default().turned_away(0)).await;
    assert_eq!(ask(&none, "/graphql", &["graphql-ws"]).await.1.status, 400);
}

#[tokio::test]
async fn what_a_channel_without_a_list_does_not_know_is_passed_over() {
    let (_, server) = served(Config::default()).await;
    for lines in [&[][..], &["ocpp1.6"], &["echo.v1, soap"], &["\"channels.1.json\""]] {
        expect_agreed(&server, "/plain", lines, None).await;
    }
    expect_agreed(&server, "/plain", &["ocpp1.6", "channels.1.json"], Some("channels.1.json")).await;
}

#[tokio::test]
async fn a_token_alone_is_told_which_name_to_offer() {
    let (_, server) = served(Config::default()).await;
    for (path, name) in [
        ("/ocpp/7", "ocpp1.6"),
        ("/echo", "echo.v1"),
        ("/graphql", "graphql-transport-ws"),
        ("/plain", "channels.1.json"),
    ] {
        let (_, response) = ask(&server, path, &["channels.token.abc"]).await;
        let expected = format!("offer the subprotocol `{name}` beside the token");
        assert_eq!((response.status, response.body), (400, expected), "{path}");
    }
}

#[tokio::test]
async fn bad_octets_and_long_lists_are_read_to_their_end() {
    let (_, server) = served(Config::default()).await;
    let raw_bytes = offering("/ocpp/7", &["\u{1}"]).replace('\u{1}', "ocpp1.6\u{e4}, \u{fc},\t,ocpp2.0.1 ");
    let mut raw = server.connect().await;
    let response = raw.request(&raw_bytes).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("ocpp2.0.1")));
    for many in ["a,".repeat(2_000), ",".repeat(4_000), "ocpp1.6-,".repeat(400)] {
        expect_agreed(&server, "/ocpp/7", &[&format!("{many}ocpp1.6")], Some("ocpp1.6")).await;
        assert_eq!(ask(&server, "/ocpp/7", &[&many]).await.1.status, 400);
    }
}

#[tokio::test]
async fn handlers_and_those_who_authorize_decide_by_it() {
    let (_, server) = served(Config::default()).await;
    let (_, response) = ask(&server, "/ocpp/new", &["ocpp1.6, ocpp2.0.1"]).await;
    assert_eq!((response.status, response.body.as_str()), (403, "too old"));
    let lines = ["ocpp2.0.1, channels.token.secret", "base64url.bearer.phx.c2VjcmV0, \"quoted\""];
    let (mut raw, _) = ask(&server, "/ocpp/new", &lines).await;
    raw.expect(Frame::text(
        r#"{"type":"agreed","extractor":"ocpp2.0.1","socket":"ocpp2.0.1","offers":["ocpp2.0.1","base64url.bearer.phx.c2VjcmV0"],"token":"c2VjcmV0"}"#,
    ))
    .await;
}

#[tokio::test]
async fn only_who_agreed_on_ours_is_sent_an_error_frame() {
    let (_, server) = served(Config::default()).await;
    for (path, lines) in [
        ("/ocpp/7?nobody", &["ocpp1.6, channels.1.json"][..]),
        ("/echo?nobody", &["echo.v1"]),
        ("/echo?nobody", &[]),
        ("/graphql?nobody", &["graphql-transport-ws"]),
    ] {
        let (_, response) = ask(&server, path, lines).await;
        assert_eq!((response.status, response.body.as_str()), (403, "not you"), "{path}: {lines:?}");
    }
    for path in ["/ocpp/7?nobody", "/echo?nobody", "/plain?nobody"] {
        let (mut raw, response) = ask(&server, path, &["channels.1.json, ocpp1.6, echo.v1"]).await;
        assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("channels.1.json")));
        let error = raw.frame().await.unwrap();
        assert!(error.payload.starts_with(br#"{"type":"error","code":"forbidden""#), "{error:?}");
        raw.expect_close(4403, "not you").await;
    }
}

#[channel("/raw", subprotocols("raw.1", close = 4406))]
pub struct Raws {
    #[extract]
    _guest: Guest,
}

#[channel(sends(Text))]
impl Raws {
    fn on_text(&mut self, text: Text, socket: &Socket<Self>) -> Text {
        format!("{} by {:?}", &*text, socket.subprotocol()).into()
    }
}

#[tokio::test]
async fn a_channel_of_raw_texts_has_them_too() {
    let server = start(channels![Raws].app(())).await;
    let (mut raw, response) = ask(&server, "/raw", &["raw.2, raw.1"]).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("raw.1")));
    raw.write(masked(0x81, b"hello")).await;
    raw.expect(Frame::text(r#"hello by Some("raw.1")"#)).await;
    let (mut closed, _) = ask(&server, "/raw", &["raw.2"]).await;
    closed.expect_close(4406, "subprotocol not acceptable").await;
}

pub struct Guest;

impl Extract<()> for Guest {
    async fn extract(handshake: &Handshake, _: &()) -> Result<Self, Reject> {
        if handshake.query == "nobody" { Err(Reject::unauthorized("who are you?")) } else { Ok(Self) }
    }
}

#[channel("/strict", subprotocols("raw.1"))]
pub struct StrictRaws {
    #[extract]
    _guest: Guest,
}

#[channel(sends(Text))]
impl StrictRaws {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

#[channel("/free")]
pub struct FreeRaws {
    #[extract]
    _guest: Guest,
}

#[channel(sends(Text))]
impl FreeRaws {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

#[tokio::test]
async fn a_channel_of_raw_texts_with_a_list_does_not_know_ours() {
    let server = start(channels![Raws, StrictRaws, FreeRaws].app(())).await;
    let (_, response) = ask(&server, "/strict", &["channels.1.json"]).await;
    assert_eq!((response.status, response.body.as_str()), (400, "offer the subprotocol `raw.1`"));
    let (_, response) = ask(&server, "/strict", &["channels.1.json, raw.1"]).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("raw.1")));
    let (mut closed, _) = ask(&server, "/raw", &["channels.1.json"]).await;
    closed.expect_close(4406, "subprotocol not acceptable").await;
    // Without a list there has to be a name beside a token.
    let (mut raw, response) = ask(&server, "/free", &["channels.1.json, channels.token.abc"]).await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("channels.1.json")));
    raw.write(masked(0x81, b"hello")).await;
    raw.expect(Frame::text("hello")).await;
    let app = testing::app(channels![StrictRaws].app(()));
    let refused = app.connect::<StrictRaws>("/strict").offering("channels.1.json").await.unwrap_err();
    assert_eq!(refused.message, "offer the subprotocol `raw.1`");
}

#[tokio::test]
async fn a_channel_of_raw_texts_refuses_without_an_error_frame() {
    for (refusals, path, offer, status) in [
        (Refusals::ByOffer, "/strict?nobody", "channels.1.json, raw.1", 401),
        (Refusals::ByOffer, "/free?nobody", "raw.1", 401),
        (Refusals::ByOffer, "/free?nobody", "channels.1.json", 101),
        (Refusals::Status, "/free?nobody", "channels.1.json", 401),
        (Refusals::Close, "/strict?nobody", "raw.1", 101),
        (Refusals::Close, "/free?nobody", "", 101),
    ] {
        let channels = channels![StrictRaws, FreeRaws].app(());
        let server = start(channels.config(Config::default().refusals(refusals))).await;
        let (mut raw, response) = ask(&server, path, &[offer]).await;
        assert_eq!(response.status, status, "{refusals:?}: {path}: {offer}");
        if status == 101 {
            raw.expect_close(4401, "who are you?").await;
        } else {
            assert_eq!(response.body, "who are you?");
        }
    }
}

#[tokio::test]
async fn how_others_are_refused_changes_nothing_for_who_offers_nothing_known() {
    for refusals in [Refusals::Status, Refusals::Close] {
        let (_, server) = served(Config::default().refusals(refusals)).await;
        assert_eq!(ask(&server, "/ocpp/7", &["soap"]).await.1.status, 400, "{refusals:?}");
        let (mut raw, response) = ask(&server, "/graphql", &["soap"]).await;
        assert_eq!(response.status, 101, "{refusals:?}");
        raw.expect_close(4406, "subprotocol not acceptable").await;
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_never_closed_but_refused() {
    let config = || Config::default().origins(Origins::only().allow("https://ours.example").unwrap());
    let (app, running) = served(config()).await;
    for (path, offers) in [
        ("/graphql", &[][..]),
        ("/graphql", &["soap"]),
        ("/ocpp/7", &[]),
        ("/ocpp/7", &["soap"]),
        ("/ocpp/7", &["ocpp1.6"]),
        ("/echo", &[]),
        ("/plain", &["soap"]),
    ] {
        let foreign = offering(path, offers).replacen("\r\n", "\r\nOrigin: https://evil.example\r\n", 1);
        assert_eq!(running.connect().await.request(&foreign).await.status, 403, "{path}: {offers:?}");
    }
    let tested = testing::app(server(&app).config(config()));
    let foreign = tested.connect::<Charger>("/ocpp/7").offering("soap").header("origin", "https://evil.example");
    assert_eq!(foreign.await.unwrap_err().status, 403);
    assert_eq!(app.made.load(Ordering::Relaxed), 0);
}

/// What other servers do with the same channels.
async fn expect_all_rules(addr: std::net::SocketAddr, below: &str) {
    for (path, lines, status, name) in [
        ("/ocpp/7", &["ocpp2.0.1", "ocpp1.6"][..], 101, Some("ocpp2.0.1")),
        ("/ocpp/7", &["soap"], 400, None),
        ("/ocpp/7", &["channels.token.abc"], 400, None),
        ("/echo", &["soap"], 101, None),
        ("/graphql", &["soap"], 101, None),
    ] {
        let mut raw = Raw::connect(addr).await;
        let response = raw.request(&offering(&format!("{below}{path}"), lines)).await;
        assert_eq!((response.status, response.header("sec-websocket-protocol")), (status, name), "{path}: {lines:?}");
        if path == "/graphql" {
            raw.write(masked(0x81, b"said too early")).await;
            raw.expect_close(4406, "subprotocol not acceptable").await;
        }
    }
}

#[tokio::test]
async fn the_same_holds_in_warp_and_in_axum() {
    let app: Arc<App> = Arc::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(server(&app).filter()).incoming(listener).run());
    expect_all_rules(addr, "").await;
    let routes = Router::new().nest_service("/live", server(&app).service());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, routes).await });
    expect_all_rules(addr, "/live").await;
}

#[tokio::test]
async fn a_test_offers_what_it_says_and_is_let_in_if_it_says_nothing() {
    let app = testing::app(server(&Arc::default()));
    let mut client = app.connect::<Charger>("/ocpp/7").await.unwrap();
    assert_eq!(client.expect::<Agreed>().await, Agreed::on(None, &[]));
    app.connect::<Operations>("/graphql").await.unwrap().expect::<Agreed>().await;

    let mut client = app.connect::<Charger>("/ocpp/7").offering("ocpp2.0.1, ocpp1.6").await.unwrap();
    assert_eq!(client.expect::<Agreed>().await, Agreed::on(Some("ocpp2.0.1"), &["ocpp2.0.1", "ocpp1.6"]));
    let mut client = app.connect::<Echo>("/echo").offering("soap").offering("channels.1.json").await.unwrap();
    assert_eq!(client.expect::<Agreed>().await, Agreed::on(Some("channels.1.json"), &["soap", "channels.1.json"]));
    for nothing in ["", "soap"] {
        let refused = app.connect::<Charger>("/ocpp/7").offering(nothing).await.unwrap_err();
        assert_eq!(refused.to_string(), "400: offer one of the subprotocols `ocpp1.6`, `ocpp2.0.1`");
        assert_eq!(app.connect::<Echo>("/echo").offering(nothing).await.unwrap().expect::<Agreed>().await.socket, None);
        let mut closed = app.connect::<Operations>("/graphql").offering(nothing).await.unwrap();
        let close = (CloseCode::new(4406).unwrap(), "subprotocol not acceptable".into());
        assert_eq!(closed.expect_close().await, close);
        assert!(closed.is_ended().await);
    }
    let refused = app.connect::<Charger>("/ocpp/7").offering("channels.token.abc").await.unwrap_err();
    assert_eq!(refused.to_string(), "400: offer the subprotocol `ocpp1.6` beside the token");
    let header = |value| app.connect::<Charger>("/ocpp/7").header("sec-websocket-protocol", value);
    assert_eq!(header("ocpp1.6").await.unwrap().expect::<Agreed>().await.socket.as_deref(), Some("ocpp1.6"));
    header("channels.token.abc").await.unwrap();
}

#[test]
fn a_description_names_them() {
    let described = channels![Charger, Echo, Operations, Plain].app(App::default()).describe();
    let lists: Vec<_> = described.channels.iter().map(|channel| serde_json::to_value(channel).unwrap()).collect();
    assert_eq!(lists[0]["subprotocols"], json!({ "names": ["ocpp1.6", "ocpp2.0.1"], "required": true }));
    assert_eq!(lists[1]["subprotocols"], json!({ "names": ["echo.v1"], "required": false }));
    let closes = json!({ "names": ["graphql-transport-ws"], "required": true, "close": 4406 });
    assert_eq!(lists[2]["subprotocols"], closes);
    assert_eq!(lists[3].get("subprotocols"), None);
    let text = serde_json::to_string(&described).unwrap();
    assert_eq!(serde_json::from_str::<Description>(&text).unwrap(), described);
}

#[tokio::test]
async fn a_socket_without_a_client_has_agreed_on_nothing() {
    assert_eq!(testing::socket::<Charger>().subprotocol(), None);
}
