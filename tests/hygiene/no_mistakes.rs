//! Programs that are written like a mistake which has an error of its own, and are none.

use std::sync::Arc;

use channel_runtime::{Socket, channel, channels, message};

mod config {
    #[derive(Clone, Default)]
    pub(crate) struct Config {
        pub(crate) name: &'static str,
    }

    pub(crate) fn app() -> Config {
        Config { name: "app" }
    }

    pub(crate) static ALL: Config = Config { name: "all" };
}

/// Of another crate, or of the user's own; what it has is called like what a socket has here.
#[derive(Clone, Default)]
struct Upstream {
    data: u8,
}

impl Upstream {
    fn close(&self, reason: Option<&str>) {
        let _ = (self.data, reason);
    }

    fn send(&self, text: &str) -> Result<usize, ()> {
        let _ = self.data;
        (!text.is_empty()).then_some(text.len()).ok_or(())
    }
}

struct Peer {
    socket: Upstream,
}

#[derive(Default)]
struct App {
    name: String,
}

#[message(type = "begin")]
struct Begin {
    name: String,
}

/// What it has is named as an extractor of axum's.
#[message(type = "query")]
struct Query(Filter);

#[derive(serde::Deserialize, serde::Serialize)]
struct Filter {
    name: String,
}

#[channel("/no-mistake", app = App)]
struct NoMistake {
    #[state]
    upstream: Option<Upstream>,
    #[state]
    seen: usize,
}

#[channel]
impl NoMistake {
    /// What a task takes along is named like what is lent, and is something else.
    #[message]
    fn begin(&mut self, begin: Begin, socket: &Socket<Self>, app: &App) {
        let _ = (&app.name, socket);
        tokio::spawn(async move {
            let name = config::app().name;
            let text = format!("{app} {name}", app = begin.name);
            tracing::info!(app = "chat", text, "begun");
        });
        self.run(&config::ALL);
    }

    /// What is lent for as long as the program runs may be taken along, and an owner too.
    fn run(&self, all: &'static config::Config) {
        tokio::spawn(async move { all.name });
        Arc::new(Self { upstream: self.upstream.clone(), seen: 0 }).end();
        Self { upstream: None, seen: 0 }.finish();
    }

    fn end(self: Arc<Self>) {
        tokio::spawn(async move { self.seen });
    }

    fn finish(self) {
        tokio::spawn(async move { self.seen });
    }

    /// Another's socket has other methods and fields.
    #[message(type = "relay")]
    fn relay(&mut self, socket: &Socket<Self>) {
        let _ = socket.all().len();
        if let Some(socket) = &self.upstream {
            socket.close(None);
            socket.send("ping").unwrap();
        }
        let peers = [Peer { socket: Upstream::default() }];
        for Peer { socket } in &peers {
            socket.send("ping").unwrap();
        }
        let sum: usize = peers.iter().enumerate().map(|(at, Peer { socket, .. })| at + usize::from(socket.data)).sum();
        match peers.first() {
            Some(Peer { socket }) => socket.close((sum > 0).then_some("bye")),
            None => self.seen += 1,
        }
    }

    #[message]
    fn query(&mut self, Query(filter): Query) {
        self.seen += filter.name.len();
        self.on_error(filter.name.len());
    }

    /// Not hooks: the block, or somebody else, calls them.
    fn on_error(&mut self, code: usize) {
        self.seen += code;
    }

    fn on_event(&mut self, seen: usize) {
        self.seen = seen;
    }

    fn join(&mut self, socket: &Socket<Self>) {
        let _ = (socket.all().len(), self.seen);
    }

    #[allow(dead_code)]
    fn on_data(&mut self, data: &[u8]) {
        self.seen += data.len();
    }
}

impl NoMistake {
    fn step(&mut self, socket: &Socket<Self>) {
        self.join(socket);
    }
}

fn play(game: &mut NoMistake, socket: Option<&Socket<NoMistake>>) -> usize {
    game.on_event(7);
    if let Some(socket) = socket {
        game.step(socket);
    }
    game.seen
}

#[test]
fn they_compile_and_can_be_served() {
    let _ = channels![NoMistake].app(App::default());
    assert_eq!(play(&mut NoMistake { upstream: None, seen: 0 }, None), 7);
}
