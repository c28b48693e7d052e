//! `docs/behind-a-proxy.md`: the configurations that stand there, each run by its own program.

mod support;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use channel_runtime::{CloseCode, Config, Handshake, Proxies, Server, Socket, channel, channels, message};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::over::Stream;
use support::proxies::Program;
use support::{Raw, Running, run, start, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use warp::Filter;

#[message(type = "seen")]
pub struct Seen {
    address: String,
    host: String,
}

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[channel("/mirror")]
pub struct Mirror {
    #[extract]
    handshake: Handshake,
}

#[channel(sends(Seen, Said))]
impl Mirror {
    fn on_connect(&self, socket: &Socket<Self>) {
        let address = self.handshake.remote_addr.map_or("not known".into(), |address| address.ip().to_string());
        socket.send(Seen { address, host: self.handshake.host().unwrap_or("none").into() });
    }

    #[message]
    fn say(&mut self, say: Say) -> Said {
        Said { text: say.text }
    }

    #[message(type = "leave")]
    fn leave(&mut self, socket: &Socket<Self>) {
        socket.close(CloseCode::FORBIDDEN, "out");
    }
}

/// The channel and a route, behind the proxy of the page; the route says whose server it is.
fn server(config: Config, whose: &str) -> Server<()> {
    let whose = whose.to_owned();
    channels![Mirror].app(()).config(config).or(warp::path!("health").map(move || whose.clone()))
}

/// One that runs.
struct Served {
    running: Running,
    whose: String,
}

impl Served {
    async fn start(test: &str, config: Config) -> Self {
        let whose = whose(test);
        Self { running: start(server(config, &whose)).await, whose }
    }

    /// Which believes the proxy on this machine.
    async fn behind(test: &str) -> Self {
        Self::start(test, Config::default().proxies(Proxies::x_forwarded(["127.0.0.1"]).unwrap())).await
    }
}

/// What no other test's server says, nor that of another run.
fn whose(test: &str) -> String {
    format!("{test} of {}", std::process::id())
}

/// The configuration of this name in the page, for a proxy on this port.
fn configuration(name: &str, port: u16) -> String {
    let page = fs::read_to_string("docs/behind-a-proxy.md").expect("the page");
    let (_, from) = page.split_once(&format!("```{name}\n")).unwrap_or_else(|| panic!("no configuration {name}"));
    let (text, _) = from.split_once("```").expect("its end");
    assert!(text.contains(":3030") && text.contains("8080"), "{text}");
    // On loopback alone, which for Caddy is said elsewhere.
    let text = text.replace("listen 8080", &format!("listen 127.0.0.1:{port}"));
    let text = text.replace("bind :8080", &format!("bind 127.0.0.1:{port}"));
    text.replace(":8080 {", &format!(":{port} {{"))
}

/// The same with TLS, as the page says that it is added.
#[cfg(feature = "tls")]
fn with_tls(name: &str, text: &str, place: &Path) -> String {
    let (certificate, key, both) = (place.join("certificate"), place.join("key"), place.join("both"));
    let (chain, secret) = support::tls::pem();
    fs::write(&certificate, &chain).expect("a directory of the test's own");
    fs::write(&key, &secret).expect("a directory of the test's own");
    fs::write(&both, chain + &secret).expect("a directory of the test's own");
    let (certificate, key) = (certificate.display(), key.display());
    let lines = text.lines().map(|line| match name {
        "nginx" if line.trim_start().starts_with("listen ") => {
            let listen = line.replacen(';', " ssl;", 1).replace("# or", "\n# or");
            format!("ssl_certificate {certificate};\nssl_certificate_key {key};\n{listen}\n")
        }
        "haproxy" if line.trim_start().starts_with("bind ") => {
            let (bind, _) = line.split_once('#').expect("a comment that says how");
            format!("{bind} ssl crt {}\n", both.display())
        }
        "caddyfile" if line.ends_with(" {") && line.starts_with(':') => format!("{line}\ntls {certificate} {key}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// How a proxy is talked to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Http,
    #[cfg(feature = "tls")]
    Https,
}

/// A proxy that runs; killed when dropped.
struct Proxy {
    _program: Program,
    address: SocketAddr,
    by: By,
    whose: String,
}

impl Proxy {
    async fn start(name: &str, by: By, server: &Served) -> Self {
        let address = server.running.addr.to_string();
        Self::start_with(name, by, &server.whose, |text| text.replace("127.0.0.1:3030", &address)).await
    }

    /// With a configuration that is changed so.
    async fn start_with(name: &str, by: By, whose: &str, change: impl Fn(String) -> String) -> Self {
        #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "certificates are put there"))]
        let write = |port, place: &Path| {
            let text = change(configuration(name, port));
            match by {
                By::Http => text,
                #[cfg(feature = "tls")]
                By::Https => with_tls(name, &text, place),
            }
        };
        let is_ours = async |address| health(address, by).await.is_ok_and(|body| body == whose);
        let program = Program::start(name, write, is_ours).await;
        Self { address: program.address, _program: program, by, whose: whose.to_owned() }
    }

    async fn stream(&self) -> Box<dyn Stream> {
        within(stream(self.address, self.by)).await.unwrap()
    }

    async fn connect(&self, headers: &[(&'static str, &str)]) -> Result<Client, Error> {
        let mut request = format!("ws://{}/mirror", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (client, _) = within(tokio_tungstenite::client_async(request, self.stream().await)).await?;
        Ok(client)
    }

    /// The status that a page of this origin is refused with.
    async fn refuses(&self, headers: &[(&'static str, &str)]) -> u16 {
        match self.connect(headers).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{headers:?}: not refused, but broken: {error}"),
            Ok(_) => panic!("{headers:?}: let in"),
        }
    }
}

/// A client on another of this machine's addresses.
async fn stream(address: SocketAddr, by: By) -> io::Result<Box<dyn Stream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 2], 0).into())?;
    let stream = socket.connect(address).await?;
    Ok(match by {
        By::Http => Box::new(stream),
        #[cfg(feature = "tls")]
        By::Https => Box::new(support::tls::client(stream).await?),
    })
}

/// What the server of the test says of itself, or whoever listens there.
async fn health(address: SocketAddr, by: By) -> io::Result<String> {
    let mut stream = stream(address, by).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n").await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

type Client = WebSocketStream<Box<dyn Stream>>;

async fn next(client: &mut Client) -> Message {
    within(client.next()).await.expect("connected").expect("well formed")
}

async fn hears(client: &mut Client) -> Value {
    serde_json::from_str(next(client).await.to_text().expect("text")).expect("JSON")
}

async fn works_behind(name: &str, by: By) {
    let server = Served::behind(&format!("{name} {by:?}")).await;
    works(name, Proxy::start(name, by, &server).await).await;
}

/// All that a proxy has to do, with a client through it.
async fn works(name: &str, proxy: Proxy) {
    let scheme = if proxy.by == By::Http { "http" } else { "https" };
    for host in ["app.example", "app.example:8443", &proxy.address.to_string()] {
        let origin = format!("{scheme}://{host}");
        let mut page = proxy.connect(&[("host", host), ("origin", &origin)]).await.expect(&origin);
        let seen = hears(&mut page).await;
        assert_eq!(seen, json!({ "type": "seen", "address": "127.0.0.2", "host": host }), "{name}");
        for length in [0, 1, 60_000] {
            let text = "x".repeat(length);
            page.send(Message::text(json!({ "type": "say", "text": text }).to_string())).await.unwrap();
            assert_eq!(hears(&mut page).await, json!({ "type": "said", "text": text }));
        }
        page.send(Message::Ping("hello".into())).await.unwrap();
        assert_eq!(next(&mut page).await, Message::Pong("hello".into()));
        page.send(Message::text(r#"{"type":"leave"}"#)).await.unwrap();
        let Message::Close(Some(close)) = next(&mut page).await else { panic!("a close") };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (4403, "out"), "{name}");
    }

    let spoofed = [("host", "app.example"), ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-port", "666")];
    let mut spoofer = proxy.connect(&spoofed).await.expect("no page");
    assert_eq!(
        hears(&mut spoofer).await,
        json!({ "type": "seen", "address": "127.0.0.2", "host": "app.example" }),
        "{name}"
    );
    assert_eq!(proxy.refuses(&[("host", "app.example"), ("origin", "http://evil.example")]).await, 403);
    let other_host = [("host", "app.example"), ("origin", "http://evil.example"), ("x-forwarded-host", "evil.example")];
    assert_eq!(proxy.refuses(&other_host).await, 403);

    if proxy.by != By::Http {
        assert_eq!(proxy.refuses(&[("host", "app.example"), ("origin", "http://app.example")]).await, 403);
    }

    let mut raw = Raw::over(proxy.stream().await);
    for (path, status, body) in
        [("/health", 200, &*proxy.whose), ("/nowhere", 404, ""), ("/health", 200, &*proxy.whose)]
    {
        let response = raw.request(&format!("GET {path} HTTP/1.1\r\nHost: app.example\r\n\r\n")).await;
        assert_eq!((response.status, response.body.as_str()), (status, body), "{name}");
    }
}

#[tokio::test]
async fn nginx() {
    works_behind("nginx", By::Http).await;
}

#[tokio::test]
async fn haproxy() {
    works_behind("haproxy", By::Http).await;
}

#[tokio::test]
async fn caddy() {
    works_behind("caddyfile", By::Http).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn over_tls_too() {
    for name in ["nginx", "haproxy", "caddyfile"] {
        works_behind(name, By::Https).await;
    }
}

/// Nobody else can reach the server, and the proxy has no address.
#[cfg(unix)]
#[tokio::test]
async fn over_a_unix_socket_too() {
    let place = tempfile::tempdir().expect("a directory");
    let socket = place.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let proxies = Proxies::x_forwarded([""; 0]).unwrap().or_without_address();
    let whose = whose("over_a_unix_socket_too");
    let bound = server(Config::default().proxies(proxies), &whose).listen(listener);
    let _running = run(([127, 0, 0, 1], 0).into(), bound);
    let page = fs::read_to_string("docs/behind-a-proxy.md").expect("the page");
    for (name, written) in
        [("nginx", "server unix:"), ("haproxy", "server one unix@"), ("caddyfile", "reverse_proxy unix/")]
    {
        assert!(page.contains(&format!("`{written}/run/channels.sock")), "{written}");
        let (before, prefix) = written.rsplit_once(' ').expect("two words");
        let change = |text: String| {
            text.replace(&format!("{before} 127.0.0.1:3030"), &format!("{before} {prefix}{}", socket.display()))
        };
        works(name, Proxy::start_with(name, By::Http, &whose, change).await).await;
    }
}

/// Who is silent is cut by the time in the page and by no other: for longer than the server lets anybody be silent.
#[tokio::test]
async fn the_silence_that_a_proxy_allows_is_that_of_the_page() {
    let config = Config::default().ping_interval(None).proxies(Proxies::x_forwarded(["127.0.0.1"]).unwrap());
    let patience = Config::default().ping_interval.expect("pings") + Config::default().pong_timeout;
    let server = Served::start("the_silence_that_a_proxy_allows_is_that_of_the_page", config).await;
    for (name, directives) in
        [("nginx", &["proxy_read_timeout", "proxy_send_timeout"][..]), ("haproxy", &["timeout tunnel"])]
    {
        for directive in directives {
            let text = configuration(name, 0);
            let (_, seconds) = text.split_once(&format!("{directive} ")).expect(directive);
            let (seconds, _) = seconds.split_once('s').expect("seconds");
            assert!(Duration::from_secs(seconds.parse().expect("a number")) > patience, "{directive} in {name}");
        }
        let address = server.running.addr.to_string();
        let shorter = |text: String| {
            directives.iter().fold(text.replace("127.0.0.1:3030", &address), |text, directive| {
                text.replace(&format!("{directive} 75s"), &format!("{directive} 1s"))
            })
        };
        let proxy = Proxy::start(name, By::Http, &server).await;
        let impatient = Proxy::start_with(name, By::Http, &server.whose, shorter).await;
        let mut silent = proxy.connect(&[]).await.expect("no page");
        let mut cut = impatient.connect(&[]).await.expect("no page");
        for client in [&mut silent, &mut cut] {
            hears(client).await;
        }
        let end = within(cut.next()).await;
        assert!(!matches!(end, Some(Ok(_))), "{name}: {end:?}");
        // It was the proxy's time, for both have been silent as long.
        silent.send(Message::text(r#"{"type":"say","text":"here"}"#)).await.unwrap();
        assert_eq!(hears(&mut silent).await["text"], "here", "{name}");
    }
}

/// What the page warns of.
#[tokio::test]
async fn nginx_s_usual_snippet_lets_no_page_in() {
    let server = Served::behind("nginx_s_usual_snippet_lets_no_page_in").await;
    let proxy = Proxy::start("nginx-without-host", By::Http, &server).await;
    let own = proxy.address.to_string();
    assert_eq!(proxy.refuses(&[("host", &own), ("origin", &format!("http://{own}"))]).await, 403);
    let mut shell = proxy.connect(&[]).await.expect("no page");
    let upstream = format!("127.0.0.1:{}", server.running.addr.port());
    assert_eq!(hears(&mut shell).await, json!({ "type": "seen", "address": "127.0.0.1", "host": upstream }));
}
