//! The example `cluster` by its own command: it brings its bus and three nodes, which are killed and started by a line each. And its
//! channel on two nodes in the test's process, for who is cut off.

#[path = "support/buses.rs"]
mod buses;
#[expect(dead_code, reason = "the messages alone, as in the example")]
#[path = "../examples/chat.rs"]
mod chat;
#[path = "support/examples.rs"]
mod examples;
#[expect(dead_code, reason = "no process of its own is served")]
#[path = "../examples/cluster/node.rs"]
mod node;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use channel_runtime::Fresh;
use channel_runtime::testing::{self, Client as Guest, TestNode};
use chat::{ChatLine, ChatMessage, System, UserLeft};
use futures::{SinkExt, StreamExt};
use node::{Chat, Node};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), future).await.expect("what the test waits for never came")
}

/// The command, killed when it is dropped.
struct Example {
    process: Child,
    orders: ChildStdin,
    /// Its own, and those of its nodes.
    lines: Lines<BufReader<ChildStdout>>,
    bus: String,
}

impl Example {
    async fn start(bus: &str) -> Self {
        // Beside the programs of the system.
        let server = buses::nats_server();
        let beside = server.parent().and_then(Path::to_str).unwrap_or_default();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut process = Command::new(examples::built("cluster"))
            .env("BUS", bus)
            .env("PATH", format!("{beside}:{path}:/usr/sbin"))
            .env_remove("CLUSTER_NODE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{error}; `cargo build --features cluster --example cluster` makes it"));
        let orders = process.stdin.take().expect("piped");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let first = within(lines.next_line()).await.expect("text").expect("a line");
        let bus = first.strip_prefix("the bus: ").unwrap_or_else(|| panic!("{first}")).to_owned();
        Self { process, orders, lines, bus }
    }

    /// The first line that begins and ends so, without that.
    async fn says(&mut self, begin: &str, end: &str) -> String {
        within(async {
            loop {
                let line = self.lines.next_line().await.expect("text").expect("a line");
                if let Some(rest) = line.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end)) {
                    return rest.to_owned();
                }
            }
        })
        .await
    }

    async fn order(&mut self, line: &str) {
        self.orders.write_all(format!("{line}\n").as_bytes()).await.expect("it reads");
    }
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// Greeted.
    async fn connect(addr: &str) -> Self {
        let mut client = Self(within(connect_async(format!("ws://{addr}/chat/general"))).await.expect("let in").0);
        client.hears("system").await.expect("a greeting");
        client
    }

    async fn say(&mut self, text: &str) {
        let message = json!({ "type": "chat_message", "message": text });
        self.0.send(Message::text(message.to_string())).await.expect("connected");
    }

    /// The next text of this type; who comes and goes is passed over. `None` at the end.
    async fn hears(&mut self, kind: &str) -> Option<String> {
        loop {
            if let Message::Text(text) = within(self.0.next()).await?.ok()? {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                if message["type"] == kind {
                    return message["message"].as_str().map(str::to_owned);
                }
            }
        }
    }
}

async fn a_node_is_killed_while_they_talk(bus: &str, scheme: &str) {
    let mut example = Example::start(bus).await;
    assert!(example.bus.starts_with(scheme), "{}", example.bus);
    let mut addresses = Vec::new();
    // Its nodes may say that they listen before it says where to look, or behind it.
    let mut listening = 0;
    while addresses.len() < 3 || listening < 3 {
        let line = example.says("node ", "").await;
        match line.split_once(": http://").and_then(|(_, rest)| rest.strip_suffix("/#general")) {
            Some(addr) => addresses.push(addr.to_owned()),
            None => listening += 1,
        }
    }
    let mut clients = Vec::new();
    for addr in &addresses {
        clients.push(Client::connect(addr).await);
    }
    for speaker in 0..3 {
        let text = format!("from node {speaker}");
        clients[speaker].say(&text).await;
        for client in &mut clients {
            assert_eq!(client.hears("chat_message").await.as_deref(), Some(&*text));
        }
    }

    example.order("kill 2").await;
    assert_eq!(clients.remove(1).hears("chat_message").await, None);
    clients[1].say("still there").await;
    for client in &mut clients {
        assert_eq!(client.hears("chat_message").await.as_deref(), Some("still there"));
    }

    example.order("start 2").await;
    example.says("node 2 listens on http://", &addresses[1]).await;
    let mut back = Client::connect(&addresses[1]).await;
    clients[0].say("welcome back").await;
    assert_eq!(back.hears("chat_message").await.as_deref(), Some("welcome back"));

    example.order("end").await;
    assert!(within(example.process.wait()).await.expect("a status").success());
    // The nodes have its pipe.
    while within(example.lines.next_line()).await.expect("text").is_some() {}
    let (_, bus) = example.bus.split_once("://").expect("a scheme");
    within(async {
        while TcpStream::connect(bus).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_node_is_killed_while_they_talk_over_the_bus_that_is_there() {
    a_node_is_killed_while_they_talk("", "nats://").await;
}

#[tokio::test]
async fn a_node_is_killed_while_they_talk_over_redis() {
    a_node_is_killed_while_they_talk("redis", "redis://").await;
}

async fn enter(node: &TestNode<Node>) -> Guest<Chat> {
    let mut guest = node.connect::<Chat>("/chat/general").await.unwrap();
    let _: System = guest.wait_for().await;
    guest
}

#[tokio::test(start_paused = true)]
async fn who_was_cut_off_resumes_on_its_node_and_begins_anew_on_another() {
    let two = testing::cluster_with(2, node::list, |channels| channels.app(Node { number: "1".into() })).await;
    let (mut ann, mut bob) = (enter(&two[0]).await, enter(&two[1]).await);
    // A room in which nobody has said anything is not kept when its last member is lost.
    bob.send(ChatMessage { message: "Hello.".into() });
    assert_eq!(ann.wait_for::<ChatLine>().await.message, "Hello.");
    two.settle().await;
    ann.take_texts();
    ann.lose();
    let _: UserLeft = bob.wait_for().await;
    for text in ["Are you there?", "She is not."] {
        bob.send(ChatMessage { message: text.into() });
    }
    two.settle().await;

    let mut ann = ann.come_back().await;
    assert_eq!(ann.joined().await.resumed(), Some(2), "two lines that came over the bus");
    for text in ["Are you there?", "She is not."] {
        assert_eq!(ann.wait_for::<ChatLine>().await.message, text);
    }

    // The other node numbers its rooms by itself: it sends its newest lines, and none of them twice.
    let mut ann = two[1].connect::<Chat>("/chat/general").resuming(ann).await.unwrap();
    assert_eq!(ann.joined().await.fresh(), Some(Fresh::Replaced));
    for text in ["Hello.", "Are you there?", "She is not."] {
        assert_eq!(ann.wait_for::<ChatLine>().await.message, text);
    }
    let _: System = ann.wait_for().await;
    two.settle().await;
    assert!(ann.take_texts().iter().all(|text| !text.contains("chat_message")), "each of them once");
}
