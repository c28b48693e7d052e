//! GraphQL over WebSockets, in the protocol `graphql-transport-ws`: the npm package `graphql-ws` connects as it is, and with it the
//! clients of Apollo, urql and Relay.
//!
//! Run `cargo run --example graphql_ws`, and in Node or a page:
//!
//! ```text
//! const client = createClient({ url: 'ws://127.0.0.1:3030/graphql' })
//! client.subscribe({ query: 'subscription { news }' }, { next: console.log, error: console.error, complete() {} })
//! client.subscribe({ query: 'mutation Publish($text: String!) { publish(text: $text) }', variables: { text: 'Hello' } }, ..)
//! ```
//!
//! The protocol is whole, with all its close codes. The GraphQL is not: [`Document::of`] knows four documents by their text, as
//! servers with trusted documents do. An executor, such as the crate `async-graphql`, would stand in its place.
//! `tests/clients` runs the package against this example.

use std::collections::HashSet;
use std::env;
use std::time::Duration;

use channel_runtime::describe::Describe;
use channel_runtime::envelope::Bare;
use channel_runtime::{CloseCode, DecodeError, Server, Socket, channel, channels, message};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Sent first; its `payload`, which may hold a token, is passed over here.
#[message(type = "connection_init")]
pub struct ConnectionInit {}

#[message(type = "connection_ack")]
pub struct ConnectionAck {}

#[message(type = "ping")]
pub struct Ping {}

#[message(type = "pong")]
pub struct Pong {}

/// Begins an operation: a query, a mutation or a subscription.
#[message(type = "subscribe")]
pub struct Subscribe {
    pub id: String,
    pub payload: Request,
}

#[derive(Serialize, Deserialize, Describe)]
pub struct Request {
    pub query: String,
    #[serde(default)]
    pub variables: Value,
}

/// A result of an operation.
#[message(type = "next")]
pub struct Next {
    pub id: String,
    pub payload: Value,
}

/// Ends an operation that could not be executed. The type `error` is the framework's own in its own envelope: hence `foreign`.
#[message(type = "error", foreign)]
pub struct Failed {
    pub id: String,
    pub payload: Vec<Value>,
}

/// Ends an operation, from either side.
#[message(type = "complete")]
pub struct Complete {
    pub id: String,
}

/// A notice: something was published.
#[derive(Clone)]
pub struct News {
    text: String,
}

/// A notice: the time for `connection_init` is over.
pub struct InitTimeout;

/// Of one connection, at a time.
const MOST_SUBSCRIPTIONS: usize = 100;

// No history: nothing is sent to a room; the news are notices, and the protocol has no place for numbers.
#[channel("/graphql", subprotocols("graphql-transport-ws", close = 4406))]
pub struct Operations {
    #[state]
    is_acknowledged: bool,
    /// The ids of the subscriptions to `news`.
    #[state]
    news: HashSet<String>,
}

#[channel(sends(ConnectionAck, Pong, Next, Failed, Complete), envelope = Bare)]
impl Operations {
    fn on_connect(&mut self, socket: &Socket<Self>) {
        let socket = socket.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            socket.notify(InitTimeout);
        });
    }

    #[notice]
    fn init_timeout(&mut self, _: InitTimeout, socket: &Socket<Self>) {
        if !self.is_acknowledged {
            close(socket, 4408, "Connection initialisation timeout");
        }
    }

    #[message]
    fn init(&mut self, _: ConnectionInit, socket: &Socket<Self>) {
        if self.is_acknowledged {
            return close(socket, 4429, "Too many initialisation requests");
        }
        self.is_acknowledged = true;
        socket.send(ConnectionAck {});
    }

    #[message]
    fn ping(&self, _: Ping) -> Pong {
        Pong {}
    }

    #[message]
    fn pong(&self, _: Pong) {}

    #[message]
    fn subscribe(&mut self, m: Subscribe, socket: &Socket<Self>) {
        if !self.is_acknowledged {
            return close(socket, 4401, "Unauthorized");
        }
        if self.news.contains(&m.id) {
            return close(socket, 4409, &format!("Subscriber for {} already exists", m.id));
        }
        let id = m.id;
        let next = |data| _ = socket.send(Next { id: id.clone(), payload: json!({ "data": data }) });
        match Document::of(&m.payload) {
            Ok(Document::Connected) => next(json!({ "connected": socket.all().len() })),
            Ok(Document::Publish { text }) => {
                let told = socket.all().notify(News { text });
                next(json!({ "publish": told.recipients }));
            }
            Ok(Document::Count { to }) => (1..=to).for_each(|n| next(json!({ "count": n }))),
            Ok(Document::News) if self.news.len() < MOST_SUBSCRIPTIONS => {
                self.news.insert(id);
                return;
            }
            Ok(Document::News) => return fail(socket, id, "too many subscriptions"),
            Err(message) => return fail(socket, id, message),
        }
        socket.send(Complete { id });
    }

    /// The client has enough. One that was complete already is passed over.
    #[message]
    fn complete(&mut self, m: Complete) {
        self.news.remove(&m.id);
    }

    #[notice]
    fn news(&self, n: News, socket: &Socket<Self>) {
        for id in &self.news {
            socket.send(Next { id: id.clone(), payload: json!({ "data": { "news": n.text } }) });
        }
    }

    /// What is no message of the protocol.
    fn on_invalid(&mut self, error: DecodeError, socket: &Socket<Self>) {
        close(socket, 4400, &error.to_string());
    }
}

fn fail(socket: &Socket<Operations>, id: String, message: &str) {
    socket.send(Failed { id, payload: vec![json!({ "message": message })] });
}

fn close(socket: &Socket<Operations>, code: u16, reason: &str) {
    socket.close(CloseCode::new(code).expect("a code of the protocol"), reason);
}

/// What is executed here.
enum Document {
    Connected,
    Publish { text: String },
    Count { to: u32 },
    News,
}

impl Document {
    fn of(request: &Request) -> Result<Self, &'static str> {
        let words: Vec<_> = request.query.split_whitespace().collect();
        match &*words.join(" ") {
            "{ connected }" | "query { connected }" => Ok(Self::Connected),
            "mutation Publish($text: String!) { publish(text: $text) }" => match request.variables["text"].as_str() {
                Some(text) => Ok(Self::Publish { text: text.into() }),
                None => Err("`$text` is a string"),
            },
            "subscription Count($to: Int!) { count(to: $to) }" => match request.variables["to"].as_u64() {
                Some(to @ 0..=1000) => Ok(Self::Count { to: to as u32 }),
                _ => Err("`$to` is a number up to 1000"),
            },
            "subscription { news }" => Ok(Self::News),
            _ => Err("no document of this server"),
        }
    }
}

/// The channel.
pub fn server() -> Server<()> {
    channels![Operations].app(())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
