//! From an HTTP request to a connection, or to the routes beside it, or to a refusal that says why.

mod support;

use std::fmt;
use std::str::FromStr;

use channel_runtime::{Channels, Extract, Handshake, Reject, Socket, channel, channels, message};
use support::{Frame, Raw, request, start, text, upgrade, within};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use warp::Filter;
use warp::http::{StatusCode, header};

/// Where a client finds itself, and how many are there.
#[message(type = "here")]
pub struct Here {
    channel: String,
    room: String,
    count: usize,
}

fn here(channel: &str, room: &str, count: usize) -> Frame {
    Frame::text(&format!(r#"{{"type":"here","channel":"{channel}","room":"{room}","count":{count}}}"#))
}

#[channel("/game/:id")]
pub struct Game {
    id: u32,
}

#[channel(sends(Here))]
impl Game {
    fn on_connect(&self, socket: &Socket<Self>) {
        let room = Self::room(&self.id);
        socket.send(Here { channel: "game".into(), room: room.name().into(), count: socket.room().len() });
    }
}

#[channel("/game/lobby")]
pub struct Lobby;

#[channel(sends(Here))]
impl Lobby {
    fn on_connect(&self, socket: &Socket<Self>) -> Here {
        Here { channel: "lobby".into(), room: "/game/lobby".into(), count: socket.room().len() }
    }
}

#[channel("/named/:first/:second")]
pub struct Named {
    first: String,
    second: Even,
    #[extract]
    handshake: Handshake,
}

#[channel(sends(Here))]
impl Named {
    fn on_connect(&self, socket: &Socket<Self>) -> Here {
        assert!(self.handshake.remote_addr.is_some());
        let channel = format!("{}, {}, {}", self.first, self.second, self.handshake.query);
        Here { channel, room: Self::room(&self.first, &self.second).name().into(), count: socket.room().len() }
    }
}

/// A number that not every text is.
pub struct Even(u32);

impl FromStr for Even {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().map_err(|_| "no number")?;
        if number % 2 == 0 { Ok(Self(number)) } else { Err("odd".into()) }
    }
}

impl fmt::Display for Even {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/door/:state")]
pub struct Door {
    state: String,
    #[extract]
    guest: Guest,
}

#[channel(sends(Here))]
impl Door {
    async fn authorize(&self) -> Result<(), Reject> {
        match self.state.as_str() {
            "closed" => Err(Reject::forbidden(format!("closed to {}", self.guest.0))),
            "crowded" => {
                Err(Reject::new(StatusCode::TOO_MANY_REQUESTS, "too many").with_header(header::RETRY_AFTER, "5"))
            }
            "cursed" => panic!("authorize panics"),
            _ => Ok(()),
        }
    }

    fn identity(&self) -> &String {
        assert_ne!(self.guest.0, "nameless", "identity panics");
        &self.guest.0
    }

    fn on_connect(&self, socket: &Socket<Self>) -> Here {
        Here { channel: self.guest.0.clone(), room: self.state.clone(), count: socket.room().len() }
    }
}

pub struct Guest(String);

impl<A: Sync> Extract<A> for Guest {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        let name = handshake.query_param("name").or(handshake.header("x-name").map(str::to_owned));
        match name.ok_or(Reject::unauthorized("who are you?"))?.as_str() {
            "" => Err(Reject::bad_request("an empty name")),
            "teapot" => Err(Reject::new(StatusCode::IM_A_TEAPOT, "short and stout")),
            "success" => Err(Reject::new(StatusCode::OK, "a refusal is no success")),
            "broken" => Err(Reject::internal("the guest book burns")),
            "cursed" => panic!("an extractor panics"),
            name => Ok(Self(name.into())),
        }
    }
}

fn all() -> Channels<()> {
    channels![Game, Lobby, Named, Door]
}

/// The example of RFC 6455 with one header replaced by others.
fn with(path: &str, name: &str, headers: &[&str]) -> String {
    let usual = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let kept = usual.into_iter().filter(|header| !header.starts_with(name));
    request(path, &kept.chain(headers.iter().copied()).collect::<Vec<_>>())
}

#[tokio::test]
async fn the_answer_to_an_upgrade_is_that_of_the_rfc() {
    let server = start(all().app(())).await;
    let mut raw = server.connect().await;
    let response = raw.request(&upgrade("/game/1")).await;
    assert_eq!(response.status, 101);
    assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(response.header("upgrade").unwrap().eq_ignore_ascii_case("websocket"));
    assert!(response.header("connection").unwrap().eq_ignore_ascii_case("upgrade"));
    assert_eq!(response.header("sec-websocket-protocol"), None);
    assert_eq!(response.header("sec-websocket-extensions"), None);
    raw.expect(here("game", "/game/1", 1)).await;
}

#[tokio::test]
async fn a_subprotocol_is_named_where_it_was_offered() {
    let server = start(all().app(())).await;
    for (offers, chosen) in [
        (&["Sec-WebSocket-Protocol: channels.1.json"][..], Some("channels.1.json")),
        (&["Sec-WebSocket-Protocol: chat,channels.1.json , v2"], Some("channels.1.json")),
        (&["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: channels.1.json"], Some("channels.1.json")),
        (&["Sec-WebSocket-Protocol: chat"], None),
        // They are compared as they stand: a browser would refuse one that it did not offer.
        (&["Sec-WebSocket-Protocol: CHANNELS.1.JSON"], None),
        (&["Sec-WebSocket-Protocol: channels.1.jsonx"], None),
    ] {
        let response = server.connect().await.request(&with("/game/1", "Sec-WebSocket-Protocol", offers)).await;
        assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, chosen), "{offers:?}");
    }
}

#[tokio::test]
async fn header_names_and_tokens_are_read_in_any_case() {
    let server = start(all().app(())).await;
    let mut raw = server.connect().await;
    let request = "GET /game/1 HTTP/1.1\r\nhOsT: x\r\nUPGRADE: h2c, WebSocket\r\nconnection: keep-alive, UPGRADE\r\n\
        sec-websocket-VERSION: 13\r\nsec-websocket-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(raw.request(request).await.status, 101);
    raw.expect(here("game", "/game/1", 1)).await;
}

#[tokio::test]
async fn what_asks_for_no_upgrade_is_none_of_ours() {
    let page = warp::path!("game" / u32).and(warp::get()).map(|id| format!("the page of game {id}"));
    let post = warp::path!("game" / u32).and(warp::post()).map(|id| format!("posted to {id}"));
    let server = start(all().app(()).or(page).or(post)).await;
    // One connection for all: nothing here costs a client its connection.
    let mut raw = server.connect().await;
    let response = raw.request(&request("/game/1", &[])).await;
    assert_eq!((response.status, response.body.as_str()), (200, "the page of game 1"));
    let response = raw.request(&with("/game/1", "Upgrade", &["Upgrade: h2c"])).await;
    assert_eq!((response.status, response.body.as_str()), (200, "the page of game 1"));
    let posted = request("/game/1", &["Content-Length: 0"]).replacen("GET", "POST", 1);
    assert_eq!(raw.request(&posted).await.body, "posted to 1");
    let posted = upgrade("/game/1").replacen("GET", "POST", 1);
    assert_eq!(raw.request(&posted).await.body, "posted to 1");
    assert_eq!(raw.request(&request("/game/x", &[])).await.status, 426);
    assert_eq!(raw.request(&upgrade("/nowhere")).await.status, 404);
    assert_eq!(raw.request(&request("/nowhere", &["Content-Length: 0"]).replacen("GET", "POST", 1)).await.status, 404);
    raw.upgrade("/game/1").await;
    raw.expect(here("game", "/game/1", 1)).await;
}

#[tokio::test]
async fn without_routes_beside_it_the_rest_is_404() {
    let server = start(all().app(())).await;
    let mut raw = server.connect().await;
    for asked in [request("/", &[]), request("/game/1/2", &[]), upgrade("/"), upgrade("/game"), upgrade("/game/1/2")] {
        assert_eq!(raw.request(&asked).await.status, 404, "{asked}");
        assert_eq!(raw.request(&asked.replacen("GET", "POST", 1)).await.status, 404, "{asked}");
    }
}

#[tokio::test]
async fn a_malformed_upgrade_is_told_what_is_wrong_with_it() {
    let server = start(all().app(())).await;
    let mut raw = server.connect().await;
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    for (name, instead, status) in [
        ("Sec-WebSocket-Key", &[][..], 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="], 400),
        ("Sec-WebSocket-Key", &["Sec-WebSocket-Key: not base64 of anything!!"], 400),
        ("Sec-WebSocket-Key", &[key, key], 400),
        ("Connection", &[], 400),
        ("Connection", &["Connection: keep-alive"], 400),
        ("Sec-WebSocket-Version", &[], 426),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 8"], 426),
        ("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 130"], 426),
    ] {
        let response = raw.request(&with("/game/1", name, instead)).await;
        assert_eq!(response.status, status, "{instead:?} for {name}");
        assert!(!response.body.is_empty());
        assert_eq!(response.header("sec-websocket-version"), (status == 426).then_some("13"), "{instead:?} for {name}");
    }
    let old = upgrade("/game/1").replacen("HTTP/1.1", "HTTP/1.0", 1);
    assert_eq!(server.connect().await.request(&old).await.status, 400);
    raw.upgrade("/game/1").await;
    raw.expect(here("game", "/game/1", 1)).await;
}

#[tokio::test]
async fn a_parameter_that_does_not_parse_is_404() {
    // Whatever stands beside: the path is the channel's, and says so itself.
    let beside = warp::any().and(warp::path::tail()).map(|_| "beside").boxed();
    let beside = beside.or(warp::post().map(|| "never"));
    let server = start(all().app(()).or(beside)).await;
    let mut raw = server.connect().await;
    for path in ["/game/abc", "/game/-1", "/game/4294967296", "/game/1%00", "/named/x/3"] {
        assert_eq!(raw.request(&upgrade(path)).await.status, 404, "{path}");
    }
    for path in ["/other/x", "/named/%FF/2", "/named//2"] {
        assert_eq!(raw.request(&upgrade(path)).await.body, "beside", "{path}");
    }
}

#[tokio::test]
async fn a_parameter_is_read_decoded_and_names_its_room_encoded() {
    let server = start(all().app(())).await;
    for (path, read, room) in [
        ("/named/a%20b/02?x=%20", "a b, 2, x=%20", "/named/a%20b/2"),
        ("/named/caf%C3%A9%2F/2", "café/, 2, ", "/named/caf%C3%A9%2F/2"),
        ("/named/a+b/2/", "a+b, 2, ", "/named/a%2Bb/2"),
        ("/n%61med/%61/2", "a, 2, ", "/named/a/2"),
    ] {
        let mut raw = server.raw(path).await;
        raw.expect(here(read, room, 1)).await;
    }
}

#[tokio::test]
async fn a_literal_beats_a_parameter() {
    let server = start(all().app(())).await;
    server.raw("/game/lobby").await.expect(here("lobby", "/game/lobby", 1)).await;
    server.raw("/game/7").await.expect(here("game", "/game/7", 1)).await;
}

#[tokio::test]
async fn a_room_is_named_by_what_the_parameters_mean() {
    let server = start(all().app(())).await;
    let mut raws = Vec::new();
    for (count, path) in ["/game/42", "/game/042", "/game/%34%32", "/game/+42", "/game/42/"].into_iter().enumerate() {
        let mut raw = server.raw(path).await;
        raw.expect(here("game", "/game/42", count + 1)).await;
        raws.push(raw);
    }
}

#[tokio::test]
async fn a_refusal_comes_before_the_upgrade_with_its_status_and_its_words() {
    let server = start(all().app(())).await;
    let mut raw = server.connect().await;
    for (path, status, body) in [
        ("/door/open", 401, "who are you?"),
        ("/door/open?name=", 400, "an empty name"),
        ("/door/open?name=teapot", 418, "short and stout"),
        ("/door/open?name=success", 500, "a refusal is no success"),
        ("/door/closed?name=Ann%20B", 403, "closed to Ann B"),
        ("/door/crowded?name=Ann", 429, "too many"),
        ("/door/closed", 401, "who are you?"),
    ] {
        let response = raw.request(&upgrade(path)).await;
        assert_eq!((response.status, response.body.as_str()), (status, body), "{path}");
        assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(response.header("www-authenticate"), (status == 401).then_some("Bearer"), "{path}");
        assert_eq!(response.header("retry-after"), (status == 429).then_some("5"), "{path}");
    }
    let response = raw.request(&with("/door/open", "X-Name", &["x-name: Bob"])).await;
    assert_eq!(response.status, 101);
    raw.expect(here("Bob", "open", 1)).await;
}

#[tokio::test]
async fn the_cause_of_an_internal_failure_stays_here() {
    let server = start(all().app(())).await;
    let mut raw = server.connect().await;
    for path in
        ["/door/open?name=broken", "/door/open?name=cursed", "/door/cursed?name=Ann", "/door/open?name=nameless"]
    {
        let response = raw.request(&upgrade(path)).await;
        assert_eq!(response.status, 500, "{path}");
        assert!(response.body.starts_with("internal server error ("), "{}", response.body);
        assert!(!response.body.contains("panic") && !response.body.contains("burns"), "{}", response.body);
    }
    raw.upgrade("/door/open?name=Ann").await;
    raw.expect(here("Ann", "open", 1)).await;
}

/// Serves these routes by warp itself.
async fn warp_server<F>(routes: F, graceful: bool) -> (std::net::SocketAddr, oneshot::Sender<()>)
where
    F: Filter<Error = warp::Rejection> + Clone + Send + Sync + 'static,
    F::Extract: warp::Reply,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = warp::serve(routes).incoming(listener);
    if graceful {
        tokio::spawn(server.graceful(async { drop(stopped.await) }).run());
    } else {
        tokio::spawn(server.run());
    }
    (addr, stop)
}

#[tokio::test]
async fn warp_serves_the_filter_among_other_routes() {
    for graceful in [false, true] {
        let server = all().app(());
        let before = warp::path("before").map(|| "before");
        let after = warp::path("after").map(|| "after");
        let (addr, _stop) = warp_server(before.or(server.filter()).or(after), graceful).await;
        let mut raw = Raw::connect(addr).await;
        for word in ["before", "after"] {
            assert_eq!(raw.request(&request(&format!("/{word}"), &[])).await.body, word);
            assert_eq!(raw.request(&upgrade(&format!("/{word}"))).await.body, word);
        }
        assert_eq!(raw.request(&upgrade("/neither")).await.status, 404);
        assert_eq!(raw.request(&upgrade("/door/closed?name=Ann")).await.status, 403);
        raw.upgrade("/game/1").await;
        raw.expect(here("game", "/game/1", 1)).await;
        raw.write(text(r#"{"type":"unheard_of"}"#)).await;
        assert!(String::from_utf8(raw.frame().await.unwrap().payload).unwrap().contains("unknown_type"));
    }
}

#[tokio::test]
async fn two_servers_stand_side_by_side() {
    let games = channels![Game].app(());
    let lobby = channels![Lobby].app(());
    // Between servers the order is the user's: the games' would say 404 to `lobby`, which is no number.
    let (addr, _stop) = warp_server(lobby.filter().or(games.filter()), false).await;
    Raw::open(addr, "/game/lobby").await.expect(here("lobby", "/game/lobby", 1)).await;
    Raw::open(addr, "/game/1").await.expect(here("game", "/game/1", 1)).await;
}

#[tokio::test]
async fn a_mount_prefix_is_no_part_of_the_room() {
    let server = all().app(());
    let api = warp::path("api").and(server.filter());
    let v2 = warp::path("v2").and(warp::path("live")).and(server.filter());
    let (addr, _stop) = warp_server(api.or(v2), false).await;
    let mut one = Raw::open(addr, "/api/game/42").await;
    one.expect(here("game", "/game/42", 1)).await;
    let mut two = Raw::open(addr, "/v2/live/game/042").await;
    two.expect(here("game", "/game/42", 2)).await;
    assert_eq!(Raw::connect(addr).await.request(&upgrade("/game/42")).await.status, 404);
    assert_eq!(Raw::connect(addr).await.request(&upgrade("/v2/game/42")).await.status, 404);
}

#[tokio::test]
async fn a_mounted_filter_refuses_newcomers_while_its_channels_stop() {
    let server = all().app(());
    let page = warp::path("page").map(|| "still here");
    let (addr, _stop) = warp_server(server.filter().or(page), true).await;
    let mut client = Raw::open(addr, "/game/1").await;
    client.expect(here("game", "/game/1", 1)).await;
    let farewell = async {
        client.expect_close(1001, "the server goes away").await;
        drop(client);
    };
    within(async { tokio::join!(server.drain(), farewell) }).await;
    let mut raw = Raw::connect(addr).await;
    // Nor is anybody asked whether the newcomer may come in: the door's extractor would say 401.
    for path in ["/game/1", "/door/open"] {
        let response = raw.request(&upgrade(path)).await;
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{path}");
    }
    assert_eq!(raw.request(&request("/page", &[])).await.body, "still here");
}
