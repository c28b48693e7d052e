//! Who is asking: tokens, wherever a client can put one, and one function that knows what they mean.

mod support;

use channel_runtime::{
    Auth, Authenticate, Config, Origins, Reject, Socket, Token, TokenSource, channel, channels, message, testing,
};
use support::{Frame, start, upgrade};

pub struct App {
    secret: String,
}

pub struct User {
    name: String,
}

impl Authenticate<App> for User {
    async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
        tokio::task::yield_now().await;
        let (name, secret) = token.expose().split_once('.').unwrap_or_default();
        if Token::new(secret).matches(&app.secret) {
            Ok(Self { name: name.into() })
        } else {
            Err(Reject::unauthorized("invalid token"))
        }
    }
}

/// Of the same app, but from a cookie of its own alone.
pub struct Session(String);

impl Authenticate<App> for Session {
    const SOURCES: &'static [TokenSource] = &[TokenSource::Cookie("session")];

    async fn authenticate(token: Token, _: &App) -> Result<Self, Reject> {
        Ok(Self(token.expose().into()))
    }
}

#[message(type = "welcome")]
pub struct Welcome {
    name: String,
}

#[channel("/members", app = App)]
pub struct Members {
    #[extract]
    user: Auth<User>,
}

#[channel(sends(Welcome))]
impl Members {
    fn on_connect(&self, socket: &Socket<Self>) {
        socket.send(Welcome { name: self.user.name.clone() });
    }
}

#[channel("/anybody", app = App)]
pub struct Anybody {
    #[extract]
    user: Option<Auth<User>>,
    #[extract]
    session: Option<Auth<Session>>,
}

#[channel(sends(Welcome))]
impl Anybody {
    fn on_connect(&self) -> Welcome {
        let user = self.user.as_ref().map_or("nobody", |user| &user.name);
        let session = self.session.as_ref().map_or("none", |Auth(session)| &session.0);
        Welcome { name: format!("{user}, {session}") }
    }
}

fn server() -> channel_runtime::Server<App> {
    channels![Members, Anybody].app(App { secret: "s3cret".into() })
}

#[tokio::test]
async fn one_function_hears_of_a_token_wherever_it_stands() {
    let app = testing::app(server());
    for (name, value) in [
        ("authorization", "Bearer ada.s3cret"),
        ("authorization", "bearer  ada.s3cret"),
        ("sec-websocket-protocol", "channels.1.json, channels.token.ada.s3cret"),
        ("sec-websocket-protocol", "channels.token.ada%2Es3cret, channels.1.json"),
        ("cookie", "theme=dark; token=ada.s3cret"),
    ] {
        let mut client = app.connect::<Members>("/members").header(name, value).await.expect(value);
        assert_eq!(client.expect::<Welcome>().await.name, "ada", "{name}: {value}");
    }
    let mut client = app.connect::<Members>("/members").query("token", "ada.s3cret").await.unwrap();
    assert_eq!(client.expect::<Welcome>().await.name, "ada");
}

#[tokio::test]
async fn the_first_place_with_a_token_counts() {
    let app = testing::app(server());
    let places = [
        ("authorization", "Bearer first.s3cret"),
        ("sec-websocket-protocol", "channels.1.json, channels.token.second.s3cret"),
        ("cookie", "token=third.s3cret"),
    ];
    for (skipped, expected) in ["first", "second", "third", "fourth"].into_iter().enumerate() {
        let mut connect = app.connect::<Members>("/members").query("token", "fourth.s3cret");
        for (name, value) in &places[skipped..] {
            connect = connect.header(name, value);
        }
        assert_eq!(connect.await.unwrap().expect::<Welcome>().await.name, expected);
    }
    let bad = app.connect::<Members>("/members").header("authorization", "Bearer ada.wrong");
    let reject = bad.query("token", "ada.s3cret").await.unwrap_err();
    assert_eq!((reject.status.as_u16(), reject.message.as_str()), (401, "invalid token"));
}

#[tokio::test]
async fn none_and_a_bad_one_are_both_401_and_an_option_knows_them_apart() {
    let app = testing::app(server());
    for (query, message) in [("", "a token is needed"), ("?token=", "a token is needed"), ("?token=x", "invalid token")]
    {
        let reject = app.connect::<Members>(&format!("/members{query}")).await.unwrap_err();
        assert_eq!((reject.status.as_u16(), reject.message.as_str()), (401, message), "{query}");
    }
    let mut client = app.connect::<Anybody>("/anybody").await.unwrap();
    assert_eq!(client.expect::<Welcome>().await.name, "nobody, none");
    assert_eq!(app.connect::<Anybody>("/anybody?token=x").await.unwrap_err().status, 401);
}

/// The usual handshake with these lines, which need not be text.
async fn status(server: &support::Running, path: &str, lines: &[&[u8]]) -> u16 {
    let mut request = upgrade(path).into_bytes();
    let at = request.windows(2).position(|pair| pair == b"\r\n").unwrap();
    let lines: Vec<u8> = lines.iter().flat_map(|line| [b"\r\n", *line].concat()).collect();
    request.splice(at..at, lines);
    let mut raw = server.connect().await;
    raw.write(request).await;
    raw.response().await.status
}

#[tokio::test]
async fn a_token_that_is_there_and_can_t_be_read_is_refused_and_no_other_place_is_tried() {
    let server = start(server()).await;
    let good: &[u8] = b"Cookie: token=ada.s3cret";
    for bad in [
        b"Authorization: Bearer ada.s3cr\xe9t".as_slice(),
        b"Sec-WebSocket-Protocol: channels.1.json, channels.token.ada%FFs3cret",
        b"Sec-WebSocket-Protocol: channels.1.json, channels.token.\xff",
    ] {
        let shown = String::from_utf8_lossy(bad);
        for path in ["/members", "/anybody"] {
            // One that can read why is let in to be told.
            let refused = if shown.contains("channels.1.json") { 101 } else { 401 };
            assert_eq!(status(&server, path, &[bad, good]).await, refused, "{shown}");
        }
    }
    for (path, lines) in [
        ("/members?token=ada.s3cret", [b"Cookie: token=\xe9".as_slice()].as_slice()),
        ("/members?token=%FF", &[]),
        ("/anybody?token=%FF", &[]),
        ("/anybody?token=%FF&token=ada.s3cret", &[]),
        ("/anybody", &[b"Cookie: token=\xe9; token=ada.s3cret"]),
    ] {
        assert_eq!(status(&server, path, lines).await, 401, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_text_spoils_nothing_that_stands_beside_it() {
    let server = start(server()).await;
    for lines in [
        [b"Cookie: name=Jos\xc3\xa9; token=ada.s3cret".as_slice()].as_slice(),
        &[b"Cookie: name=Jos\xe9; token=ada.s3cret"],
        &[b"Cookie: token=ada.s3cret; \xff\xfe=\x80"],
        &[b"Cookie: \xff", b"Cookie: token=ada.s3cret"],
        &[b"Sec-WebSocket-Protocol: \xe9, channels.1.json, channels.token.ada.s3cret"],
        &[b"Sec-WebSocket-Protocol: channels.1.json, \xe9", b"Authorization: Bearer ada.s3cret"],
        &[b"Connection: \xe9, Upgrade", b"Upgrade: \xe9, websocket", b"Authorization: Bearer ada.s3cret"],
    ] {
        let mut request = upgrade("/members").into_bytes();
        let at = request.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let lines: Vec<u8> = lines.iter().flat_map(|line| [b"\r\n", *line].concat()).collect();
        request.splice(at..at, lines.clone());
        let mut raw = server.connect().await;
        raw.write(request).await;
        let lines = String::from_utf8_lossy(&lines).into_owned();
        let response = raw.response().await;
        assert_eq!(response.status, 101, "{lines}");
        if lines.contains("channels.1.json") {
            assert_eq!(response.header("sec-websocket-protocol"), Some("channels.1.json"), "{lines}");
        }
        raw.expect(Frame::text(r#"{"type":"welcome","name":"ada"}"#)).await;
    }
}

#[tokio::test]
async fn who_knows_better_says_where_its_tokens_stand() {
    let app = testing::app(server());
    let connect = || app.connect::<Anybody>("/anybody").header("authorization", "Bearer ada.s3cret");
    assert_eq!(connect().await.unwrap().expect::<Welcome>().await.name, "ada, none");
    let mut client = connect().header("cookie", "token=unused; session=k3VyZQ").await.unwrap();
    assert_eq!(client.expect::<Welcome>().await.name, "ada, k3VyZQ");
}

#[tokio::test]
async fn a_token_among_the_subprotocols_is_never_named_in_the_answer() {
    let server = start(server().config(Config::default().origins(Origins::any()))).await;
    for offered in ["channels.1.json, channels.token.ada.s3cret", "channels.token.ada.s3cret,channels.1.json"] {
        let request = upgrade("/members").replacen("\r\n", &format!("\r\nSec-WebSocket-Protocol: {offered}\r\n"), 1);
        let mut raw = server.connect().await;
        let response = raw.request(&request).await;
        assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some("channels.1.json")));
        raw.expect(Frame::text(r#"{"type":"welcome","name":"ada"}"#)).await;
    }
    // Without it there is nothing that could be named, and a browser would refuse that.
    let alone = "\r\nSec-WebSocket-Protocol: channels.token.ada.s3cret\r\n";
    let response = server.connect().await.request(&upgrade("/members").replacen("\r\n", alone, 1)).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.body, "offer the subprotocol `channels.1.json` beside the token");
}
