//! Hooks beside `on_connect` and `on_close`, and handlers that a test calls itself.

use bytes::Bytes;
use channel_runtime::testing;
use channel_runtime::{Fault, ReceivedBody, Socket, channel, channels, message};

#[message(type = "heard")]
#[derive(Debug, PartialEq)]
pub struct Heard {
    what: String,
}

#[message(type = "line")]
#[derive(Debug, PartialEq)]
pub struct Line {
    text: String,
}

#[channel("/ears/:name")]
pub struct Ears {
    name: String,
    #[state]
    heard: usize,
    #[state(String::from("nothing yet"))]
    last: String,
}

#[channel(sends(Heard, Line, Bytes))]
impl Ears {
    async fn on_binary(&mut self, data: Bytes, socket: &Socket<Self>) -> Result<Heard, Fault> {
        if data.is_empty() {
            return Err(Fault::validation("nothing in it"));
        }
        socket.send_bytes(data.slice(1..));
        Ok(self.hear(format!("{} bytes", data.len())))
    }

    fn on_ping(&mut self, data: Bytes) -> Heard {
        self.hear(format!("ping {data:?}"))
    }

    fn on_pong(&mut self, data: Bytes, socket: &Socket<Self>) {
        let heard = self.hear(format!("pong {data:?}"));
        socket.send(heard);
    }

    #[message]
    fn say(&mut self, line: Line, socket: &Socket<Self>) -> Result<(), Fault> {
        if line.text.is_empty() {
            return Err(Fault::validation("say something"));
        }
        socket.room().send(Line { text: format!("{}: {}", self.name, line.text) });
        Ok(())
    }

    #[message(type = "last")]
    fn last(&self) -> Heard {
        Heard { what: format!("{} ({})", self.last, self.heard) }
    }

    /// Not a handler: a plain method.
    fn hear(&mut self, what: String) -> Heard {
        self.heard += 1;
        self.last.clone_from(&what);
        Heard { what }
    }
}

fn heard(what: &str) -> Heard {
    Heard { what: what.into() }
}

#[tokio::test]
async fn binary_pings_and_pongs_reach_their_hooks() {
    let app = testing::app(channels![Ears].app(()));
    let mut client = app.connect::<Ears>("/ears/mole").await.unwrap();
    client.send(EarsFromClient::Last);
    assert_eq!(client.expect::<Heard>().await, heard("nothing yet (0)"), "`#[state(expr)]`");
    client.binary([1, 2, 3]);
    assert_eq!(client.expect_binary().await.as_ref(), [2, 3]);
    assert_eq!(client.expect::<Heard>().await, heard("3 bytes"));
    client.binary([]);
    client.expect_error(Fault::VALIDATION).await;
    client.ping("hello");
    assert_eq!(client.expect_pong().await, "hello");
    assert_eq!(client.expect::<Heard>().await, heard("ping b\"hello\""));
    client.pong("unasked");
    assert_eq!(client.expect::<Heard>().await, heard("pong b\"unasked\""));
    client.send(EarsFromClient::Last);
    assert_eq!(client.expect::<Heard>().await, heard("pong b\"unasked\" (3)"));
}

#[tokio::test]
async fn a_handler_can_be_called_without_a_server() {
    let socket = testing::socket::<Ears>();
    let mut channel = Ears { name: "ann".into(), heard: 0, last: String::new() };

    channel.say(Line { text: "Hello, world!".into() }, &socket).unwrap();
    assert_eq!(socket.sent_texts(), [r#"{"type":"line","text":"ann: Hello, world!"}"#]);

    let fault = channel.say(Line { text: String::new() }, &socket).unwrap_err();
    assert_eq!(fault.message, "say something");
    assert!(socket.sent().is_empty());

    channel.on_binary(Bytes::from_static(b"xy"), &socket).await.unwrap();
    channel.on_pong(Bytes::new(), &socket);
    let sent = socket.sent();
    assert_eq!(sent.len(), 1, "what was sent is text or binary, and `sent` has the texts");
    assert!(
        matches!(&sent[0].body, ReceivedBody::Message(EarsToClient::Heard(heard)) if heard.what.starts_with("pong"))
    );
}
