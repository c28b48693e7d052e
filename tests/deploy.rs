//! `deploy/nginx.conf` and `deploy/haproxy.cfg` before two nodes of the example `cluster`: clients talk from node to node, and a node
//! that is stopped is no gap for anybody. `tests/deploy/check.py` reads the other files.

#[path = "support/buses.rs"]
mod buses;
#[path = "support/examples.rs"]
mod examples;
mod support;

use std::fs;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use buses::{Bus, Kind};
use channel_runtime::Config;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::proxies::Program;
use support::{Raw, within};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

const SECRET: &str = "publisher-0123456789abcdef0123456789";

/// A process that is one node.
struct Node {
    /// No other test has one of this name.
    name: String,
    process: Child,
    clients: SocketAddr,
    ops: SocketAddr,
}

impl Node {
    async fn start(name: &str, bus: &Bus, drain_delay: Duration) -> Self {
        let name = format!("{name}-at-{}", bus.addr().port());
        let mut process = Command::new(examples::built("cluster"))
            .env("CLUSTER_NODE", &name)
            .env("CLUSTER_ADDR", "127.0.0.1:0")
            .env("CLUSTER_OPS", "127.0.0.1:0")
            .env("BUS", bus.url())
            .env("DRAIN_DELAY", drain_delay.as_secs().to_string())
            .env("PROXIES", "127.0.0.1")
            .env("PUBLISH_TOKEN", SECRET)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{error}; `cargo build --features cluster --example cluster` makes it"));
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut address = async |words: &str| {
            let line = within(lines.next_line()).await.expect("text").expect("a line");
            let address = line.strip_prefix(&format!("node {name} {words} on http://"));
            address.unwrap_or_else(|| panic!("{line}")).parse().expect("an address")
        };
        let (clients, ops) = (address("listens").await, address("answers operators").await);
        Self { name, process, clients, ops }
    }

    async fn asked_to_stop(&self) {
        let id = self.process.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.expect("there is a `kill`").success());
    }

    async fn ready(&self) -> u16 {
        Raw::connect(self.ops).await.request("GET /ready HTTP/1.1\r\nHost: ops\r\n\r\n").await.status
    }

    async fn ended(&mut self) -> ExitStatus {
        within(self.process.wait()).await.expect("a status")
    }
}

/// The file of the folder, with the addresses of these nodes.
fn configuration(name: &str, port: u16, nodes: [&Node; 2]) -> String {
    let text = deployed(name);
    let replaced = nodes.iter().zip(["10.0.0.11:3030", "10.0.0.12:3030"]).fold(text, |text, (node, address)| {
        assert!(text.contains(address), "{address} in {name}");
        text.lines()
            .map(|line| {
                if !line.contains(address) {
                    return format!("{line}\n");
                }
                let line = line.replace(address, &node.clients.to_string());
                line.replace("port 9090", &format!("port {}", node.ops.port())) + "\n"
            })
            .collect()
    });
    let replaced = replaced.replace("listen 8080", &format!("listen 127.0.0.1:{port}"));
    replaced.replace("bind :8080", &format!("bind 127.0.0.1:{port}"))
}

fn deployed(name: &str) -> String {
    let file = if name == "nginx" { "deploy/nginx.conf" } else { "deploy/haproxy.cfg" };
    fs::read_to_string(file).expect(file)
}

/// A bus, two nodes and a proxy before them.
struct Deployed {
    proxy: Program,
    nodes: [Node; 2],
    _bus: Bus,
}

impl Deployed {
    async fn start(name: &str, kind: Kind, drain_delay: Duration) -> Self {
        let bus = Bus::start(kind).await;
        let nodes = [Node::start("one", &bus, drain_delay).await, Node::start("two", &bus, drain_delay).await];
        let write = |port, _: &_| configuration(name, port, [&nodes[0], &nodes[1]]);
        let is_ours = async |address| match Client::connect(address, &[]).await {
            Ok(mut client) => client.node().await.is_some_and(|node| nodes.iter().any(|ours| ours.name == node)),
            Err(_) => false,
        };
        let proxy = Program::start(name, write, is_ours).await;
        Self { proxy, nodes, _bus: bus }
    }

    async fn connect(&self) -> Client {
        Client::connect(self.proxy.address, &[]).await.expect("a node for each client, at every moment")
    }

    /// A client on each node, in their order.
    async fn one_on_each(&self) -> [Client; 2] {
        within(async {
            let (mut one, mut two) = (None, None);
            loop {
                let mut client = self.connect().await;
                let is_first = client.node().await.as_deref() == Some(&*self.nodes[0].name);
                *if is_first { &mut one } else { &mut two } = Some(client);
                (one, two) = match (one, two) {
                    (Some(one), Some(two)) => return [one, two],
                    not_yet => not_yet,
                };
            }
        })
        .await
    }
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn connect(proxy: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{proxy}/chat/lobby").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let stream = within(TcpStream::connect(proxy)).await?;
        Ok(Self(within(tokio_tungstenite::client_async(request, stream)).await?.0))
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            match within(self.0.next()).await.expect("a close before the end").expect("well formed") {
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("JSON")),
                Message::Close(close) => {
                    assert_eq!(close.map(|close| u16::from(close.code)), Some(1001));
                    return None;
                }
                _ => {}
            }
        }
    }

    /// The node's name, by its greeting; `None` if it stops.
    async fn node(&mut self) -> Option<String> {
        while let Some(message) = self.next().await {
            if message["type"] == "system" {
                return message["message"].as_str()?.rsplit(' ').next().map(str::to_owned);
            }
        }
        None
    }

    async fn say(&mut self, text: &str) {
        let message = json!({ "type": "chat_message", "message": text });
        self.0.send(Message::text(message.to_string())).await.expect("connected");
    }

    /// The next that is said; who comes and goes is passed over.
    async fn hears(&mut self) -> Option<String> {
        while let Some(message) = self.next().await {
            if message["type"] == "chat_message" {
                return message["message"].as_str().map(str::to_owned);
            }
        }
        None
    }
}

async fn talk(clients: &mut [Client; 2]) {
    for (speaker, text) in ["from one", "from two"].into_iter().enumerate() {
        clients[speaker].say(text).await;
        for client in &mut *clients {
            assert_eq!(client.hears().await.as_deref(), Some(text));
        }
    }
}

/// One of two nodes is stopped: nobody new finds no node, and the clients of the other one notice nothing.
async fn no_gap(name: &str, kind: Kind) {
    let mut deployed = Deployed::start(name, kind, Duration::ZERO).await;
    let mut clients = deployed.one_on_each().await;
    talk(&mut clients).await;
    let evil = [("host", "app.example"), ("origin", "http://evil.example"), ("x-forwarded-host", "evil.example")];
    let refused = Client::connect(deployed.proxy.address, &evil).await.map(|_| ()).expect_err("another page");
    assert!(matches!(&refused, Error::Http(answer) if answer.status() == 403), "{refused}");
    let own = [("host", "app.example"), ("origin", "http://app.example")];
    Client::connect(deployed.proxy.address, &own).await.expect("the own page");

    deployed.nodes[0].asked_to_stop().await;
    within(async {
        while deployed.nodes[0].process.try_wait().expect("a status").is_none() {
            // On the node that stops it is greeted, or closed with 1001.
            deployed.connect().await.node().await;
        }
    })
    .await;
    assert!(deployed.nodes[0].ended().await.success());
    let [one, two] = &mut clients;
    assert_eq!(one.hears().await, None);
    let mut again = deployed.connect().await;
    assert_eq!(again.node().await.as_deref(), Some(&*deployed.nodes[1].name));
    again.say("back").await;
    assert_eq!(two.hears().await.as_deref(), Some("back"));
}

#[tokio::test]
async fn nginx_leaves_no_gap() {
    no_gap("nginx", Kind::Redis).await;
}

#[tokio::test]
async fn haproxy_leaves_no_gap() {
    no_gap("haproxy", Kind::Nats).await;
}

/// HAProxy asks `/ready`: while the node waits, it gets no new clients and keeps those that it has.
#[tokio::test]
async fn a_node_that_is_about_to_stop_keeps_its_clients_and_gets_no_new_ones() {
    let mut deployed = Deployed::start("haproxy", Kind::Redis, Duration::from_hours(1)).await;
    let mut clients = deployed.one_on_each().await;
    deployed.nodes[0].asked_to_stop().await;
    let mut later = Vec::new();
    // The node with fewer connections is next, so that there are three in a row for one only without the other.
    within(async {
        let mut in_a_row = 0;
        while in_a_row < 3 {
            let mut client = deployed.connect().await;
            let node = client.node().await.expect("both still take clients");
            in_a_row = if node == deployed.nodes[1].name { in_a_row + 1 } else { 0 };
            later.push(client);
        }
    })
    .await;
    assert_eq!((deployed.nodes[0].ready().await, deployed.nodes[1].ready().await), (503, 200));
    talk(&mut clients).await;
    // The second signal ends the delay and all else.
    deployed.nodes[0].asked_to_stop().await;
    deployed.nodes[0].ended().await;
    clients[1].say("still here").await;
    assert_eq!(clients[1].hears().await.as_deref(), Some("still here"));
}

/// The operators' port of one node reaches the clients of both.
#[tokio::test]
async fn what_is_published_on_one_node_is_heard_on_both() {
    let deployed = Deployed::start("nginx", Kind::Redis, Duration::ZERO).await;
    let mut clients = deployed.one_on_each().await;
    let line = json!({ "type": "chat_message", "message": "news", "user_id": "desk", "timestamp": "now" });
    let body = json!({ "room": "/chat/lobby", "message": line }).to_string();
    let request = format!(
        "POST /v1/publish HTTP/1.1\r\nHost: ops\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Raw::connect(deployed.nodes[0].ops).await.request(&request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for client in &mut clients {
        assert_eq!(client.hears().await.as_deref(), Some("news"));
    }
}

/// What one node needs of a proxy, two need as well: `tests/behind_a_proxy.rs` shows that the page's configurations do it.
#[test]
fn the_files_say_what_the_page_says() {
    let page = fs::read_to_string("docs/behind-a-proxy.md").expect("the page");
    let patience = Config::default().ping_interval.expect("pings") + Config::default().pong_timeout;
    let says = |line: &str| line.split('#').next().expect("the first").trim().to_owned();
    for (name, times) in
        [("nginx", &["proxy_read_timeout", "proxy_send_timeout"][..]), ("haproxy", &["timeout tunnel"])]
    {
        let text = deployed(name);
        let lines: Vec<_> = text.lines().map(says).collect();
        let (_, of_the_page) = page.split_once(&format!("```{name}\n")).expect(name);
        let (of_the_page, _) = of_the_page.split_once("```").expect("its end");
        let headers = of_the_page.lines().map(says).filter(|line| {
            line.contains("-header")
                || line.contains("forwardfor")
                || line.contains("_header")
                || line.contains("_http_")
        });
        for line in headers {
            assert!(lines.contains(&line), "{line} in {name}");
        }
        for time in times {
            let line = lines.iter().find_map(|line| line.strip_prefix(time)).expect(time);
            let seconds =
                line.trim().trim_end_matches(';').strip_suffix('s').expect("seconds").parse().expect("a number");
            assert!(Duration::from_secs(seconds) > patience, "{time} in {name}");
        }
    }
}
