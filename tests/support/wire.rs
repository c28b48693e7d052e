//! A channel that does what a test's client tells it to, and tells the test how each connection ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use channel_runtime::{Close, CloseCode, Config, ConnectionId, Hub, Server, Socket, channel, channels, message};
use serde::{Deserialize, Deserializer};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::{Raw, Running, start, within};

/// Comes back to whoever says it.
#[message(type = "echo")]
pub struct Echo {
    pub text: String,
}

/// Goes to the room.
#[message(type = "say")]
pub struct Say {
    pub text: String,
}

/// Asks to be closed.
#[message(type = "close_me")]
pub struct CloseMe {
    pub code: u16,
    pub reason: String,
}

/// Can't be read without a panic.
#[message(type = "poison")]
pub struct Poison {
    #[serde(deserialize_with = "panics")]
    pub never: (),
}

fn panics<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    panic!("a payload's own code panics")
}

/// The first thing that everyone hears.
#[message(type = "hello")]
pub struct Hello {
    pub id: String,
}

pub struct App {
    pub ticks: AtomicUsize,
    begun: AtomicUsize,
    ends: mpsc::UnboundedSender<End>,
    /// What a handler tells the test.
    told: mpsc::UnboundedSender<&'static str>,
    /// What the handlers and hooks that wait wait for.
    gate: Notify,
}

impl App {
    fn tell(&self, what: &'static str) {
        // A test that has ended is not told any more.
        let _ = self.told.send(what);
    }
}

/// What `on_close` saw.
#[derive(Debug)]
pub struct End {
    pub room: String,
    pub close: Close,
    /// How many were left in the room.
    pub left: usize,
}

#[channel("/wire/:room", app = App)]
pub struct Wire {
    room: String,
}

#[channel(sends(Hello, Echo, Say, Bytes))]
impl Wire {
    async fn on_connect(&mut self, socket: &Socket<Self>, app: &App) {
        app.begun.fetch_add(1, Ordering::Relaxed);
        if self.room == "slow_to_connect" {
            app.tell("on_connect waits");
            app.gate.notified().await;
        }
        socket.send(Hello { id: socket.id().to_string() });
        socket.flushed().await;
    }

    #[message]
    fn echo(&mut self, said: Echo) -> Echo {
        said
    }

    #[message]
    fn say(&mut self, said: Say, socket: &Socket<Self>) {
        socket.room().send(said);
    }

    #[message(type = "tick")]
    fn tick(&mut self, app: &App) {
        app.ticks.fetch_add(1, Ordering::Relaxed);
    }

    #[message(type = "wait")]
    async fn wait(&mut self, app: &App) -> Echo {
        app.tell("waits");
        app.gate.notified().await;
        Echo { text: "waited".into() }
    }

    /// Never returns while its client is there.
    #[message(type = "wait_for_the_end")]
    async fn wait_for_the_end(&mut self, socket: &Socket<Self>, app: &App) -> Echo {
        app.tell("waits");
        socket.closed().await;
        app.tell("told of the end");
        Echo { text: "waited for the end".into() }
    }

    #[message(type = "hang")]
    async fn hang(&mut self, app: &App) {
        let _cancelled = TellsWhenDropped(app, "the handler was cancelled");
        app.tell("hangs");
        std::future::pending::<()>().await;
    }

    #[message(type = "panic")]
    async fn panic(&mut self) {
        tokio::task::yield_now().await;
        panic!("a handler panics");
    }

    #[message]
    fn poison(&mut self, poison: Poison) {
        let () = poison.never;
    }

    #[message]
    fn close_me(&mut self, with: CloseMe, socket: &Socket<Self>) {
        socket.send(Echo { text: "before the close".into() });
        socket.close(CloseCode::new(with.code).unwrap(), &with.reason);
        let after = socket.send(Echo { text: "after the close".into() });
        assert_eq!(after.refused, 1);
    }

    fn on_binary(&mut self, data: Bytes, socket: &Socket<Self>) {
        socket.send_bytes(data);
    }

    async fn on_close(&mut self, close: Close, socket: &Socket<Self>, app: &App) {
        let end = End { room: self.room.clone(), close, left: socket.room().len() };
        // As in `App::tell`.
        let _ = app.ends.send(end);
        match self.room.as_str() {
            "slow_to_close" => app.gate.notified().await,
            "hangs_on_close" => std::future::pending().await,
            "panics_on_close" => panic!("on_close panics"),
            _ => {}
        }
    }
}

struct TellsWhenDropped<'a>(&'a App, &'static str);

impl Drop for TellsWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.tell(self.1);
    }
}

/// What a test sees of a server, wherever it is served.
pub struct Parts {
    pub hub: Hub<Wire>,
    pub app: Arc<App>,
    pub ends: mpsc::UnboundedReceiver<End>,
    pub told: mpsc::UnboundedReceiver<&'static str>,
}

/// The channel, to be served by the test.
pub fn unserved(config: Config) -> (Server<App>, Parts) {
    let (ends, ends_of) = mpsc::unbounded_channel();
    let (told, told_of) = mpsc::unbounded_channel();
    let app = Arc::new(App { ticks: AtomicUsize::new(0), begun: AtomicUsize::new(0), ends, told, gate: Notify::new() });
    let channels = channels![Wire];
    let hub = channels.of::<Wire>();
    let server = channels.app_arc(Arc::clone(&app)).config(config);
    (server, Parts { hub, app, ends: ends_of, told: told_of })
}

/// The channel on a port, as a test sees it.
pub struct Fixture {
    pub server: Running,
    pub hub: Hub<Wire>,
    pub app: Arc<App>,
    ends: mpsc::UnboundedReceiver<End>,
    told: mpsc::UnboundedReceiver<&'static str>,
    ended: usize,
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn with(config: Config) -> Self {
        let (server, parts) = unserved(config);
        let Parts { hub, app, ends, told } = parts;
        Self { server: start(server).await, hub, app, ends, told, ended: 0 }
    }

    /// A client that is connected and has been greeted.
    pub async fn raw(&self, room: &str) -> Raw {
        self.raw_with_id(room).await.0
    }

    pub async fn raw_with_id(&self, room: &str) -> (Raw, ConnectionId) {
        let mut raw = self.server.raw(&format!("/wire/{room}")).await;
        let id = greeted(&mut raw).await;
        (raw, id)
    }

    /// Lets one that waits go on.
    pub fn open_gate(&self) {
        self.app.gate.notify_one();
    }

    /// How the next connection ended.
    pub async fn end(&mut self) -> End {
        let end = within(self.ends.recv()).await.unwrap();
        self.ended += 1;
        end
    }

    pub async fn expect_told(&mut self, what: &str) {
        assert_eq!(within(self.told.recv()).await, Some(what));
    }

    /// The clients leave and the server stops: by then `on_close` has run once for each `on_connect`.
    pub async fn finish<T>(mut self, clients: T) {
        drop(clients);
        within(self.begin_to_stop()).await.unwrap();
        self.assert_all_ended();
    }

    /// Lets the server stop, without waiting for it.
    pub fn begin_to_stop(&mut self) -> JoinHandle<()> {
        self.server.begin_to_stop()
    }

    /// Once the server has stopped, `on_close` has run once for each `on_connect`.
    pub fn assert_all_ended(&mut self) {
        while self.ends.try_recv().is_ok() {
            self.ended += 1;
        }
        assert_eq!(self.ended, self.app.begun.load(Ordering::Relaxed));
    }
}

/// Reads the first thing that a client hears, and who it is.
pub async fn greeted(raw: &mut Raw) -> ConnectionId {
    #[derive(Deserialize)]
    struct Greeting {
        id: String,
    }
    let frame = raw.frame().await.expect("a greeting");
    assert_eq!(frame.first, 0x81);
    serde_json::from_slice::<Greeting>(&frame.payload).unwrap().id.parse().unwrap()
}

/// `echo` and `say` as they look on the wire, both ways.
pub fn echo(text: &str) -> String {
    format!(r#"{{"type":"echo","text":{text:?}}}"#)
}

pub fn say(text: &str) -> String {
    format!(r#"{{"type":"say","text":{text:?}}}"#)
}

/// A message without fields.
pub fn bare(kind: &str) -> String {
    format!(r#"{{"type":"{kind}"}}"#)
}

pub fn close_me(code: u16, reason: &str) -> String {
    format!(r#"{{"type":"close_me","code":{code},"reason":{reason:?}}}"#)
}
