//! The client against the real server over TCP when its connection is lost: what it missed, and what it had not been answered.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

#[path = "support/proxy.rs"]
mod proxy;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use channel_client::{Client, Error, Event, Events, Fresh, Joined, Status};
use channel_runtime::{Hub, Socket, Success, channel, channels, message};
use proxy::Proxy;
use tokio::sync::watch;

#[message(type = "said")]
#[derive(Debug)]
pub struct Said {
    text: String,
}

#[message(type = "bid")]
pub struct Bid {
    amount: u64,
}

#[message(type = "look")]
pub struct Look {}

#[message(type = "sit")]
pub struct Sit {
    table: u64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Table(u64);

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Default)]
pub struct App {
    bids: AtomicUsize,
    /// Is silent from the first bid on.
    proxy: OnceLock<Weak<Proxy>>,
    handled: watch::Sender<usize>,
}

impl App {
    fn lose_the_answer(&self) {
        if let Some(proxy) = self.proxy.get().and_then(Weak::upgrade) {
            proxy.set_silent(true);
        }
        self.handled.send_modify(|handled| *handled += 1);
    }
}

#[channel("/auction/:lot", app = App, history(size = 4), rooms(Table(history)))]
pub struct Auction {
    lot: u64,
}

#[channel(sends(Said))]
impl Auction {
    /// Whose messages these are: nobody else is here.
    fn identity(&self) -> &u64 {
        &self.lot
    }

    #[message]
    fn sit(&self, sit: Sit, socket: &Socket<Self>) {
        socket.join(&Table(sit.table));
    }

    #[message(idempotent)]
    fn bid(&self, bid: Bid, app: &App) -> Success<(u64, usize)> {
        let before = app.bids.fetch_add(1, Ordering::SeqCst);
        app.lose_the_answer();
        Success((bid.amount, before))
    }

    #[message]
    fn look(&self, _: Look, app: &App) {
        app.lose_the_answer();
    }
}

struct Stage {
    app: Arc<App>,
    hub: Hub<Auction>,
    server: SocketAddr,
    proxy: Arc<Proxy>,
}

impl Stage {
    async fn new() -> Self {
        let app = Arc::new(App::default());
        let channels = channels![Auction];
        let hub = channels.of::<Auction>();
        let server = channels.app_arc(Arc::clone(&app)).bind("127.0.0.1:0").await.unwrap();
        let addr = server.local_addr();
        tokio::spawn(server.run());
        let proxy = Arc::new(Proxy::to(addr).await);
        Self { app, hub, server: addr, proxy }
    }

    fn connect(&self) -> channel_client::Connect<Auction> {
        Client::new(Auction::room(&7)).url(&self.proxy.url()).random(|| 0.001)
    }

    fn say(&self, text: &str) {
        self.hub.room(&Auction::room(&7)).send(Said { text: text.to_owned() });
    }

    /// The room of the path stays: one of which nothing is kept ends with its last member.
    async fn keep(&self, events: &mut Events<Auction>) {
        self.say("kept");
        assert_eq!(said(events).await, "kept");
    }

    /// Ends the connections, and refuses others until the server is [back](Self::heal).
    async fn cut(&self, events: &mut Events<Auction>) {
        self.proxy.set_server(None);
        self.proxy.cut();
        while !matches!(next(events).await, Event::Status(Status::Waiting { .. })) {}
    }

    fn heal(&self) {
        self.proxy.set_server(Some(self.server));
    }
}

async fn next(events: &mut Events<Auction>) -> Event<Auction> {
    events.next().await.expect("the client is closed")
}

/// The next that is no status.
async fn told(events: &mut Events<Auction>) -> Event<Auction> {
    loop {
        match next(events).await {
            Event::Status(_) => {}
            other => return other,
        }
    }
}

async fn joined(events: &mut Events<Auction>) -> (Option<String>, Joined) {
    match told(events).await {
        Event::Joined { room, how, .. } => (room, how),
        other => panic!("{other:?}"),
    }
}

async fn said(events: &mut Events<Auction>) -> String {
    match told(events).await {
        Event::Message(AuctionToClient::Said(said)) => said.text,
        Event::RoomMessage { room, message: AuctionToClient::Said(said) } => format!("{room}: {}", said.text),
        other => panic!("{other:?}"),
    }
}

const FIRST: Joined = Joined::Fresh { reason: Some(Fresh::First) };

#[tokio::test]
async fn what_was_missed_is_told_in_order_and_once() {
    let stage = Stage::new().await;
    let client = stage.connect().open();
    let mut events = client.events();
    assert_eq!(joined(&mut events).await, (None, FIRST));
    stage.say("1");
    assert_eq!(said(&mut events).await, "1");
    for missed in [2, 0, 4] {
        stage.cut(&mut events).await;
        for n in 0..missed {
            stage.say(&n.to_string());
        }
        stage.heal();
        assert_eq!(joined(&mut events).await, (None, Joined::Resumed { missed }));
        for n in 0..missed {
            assert_eq!(said(&mut events).await, n.to_string());
        }
        stage.say("live");
        assert_eq!(said(&mut events).await, "live");
    }
    stage.cut(&mut events).await;
    for n in 0..5 {
        stage.say(&n.to_string());
    }
    stage.heal();
    assert_eq!(joined(&mut events).await, (None, Joined::Fresh { reason: Some(Fresh::Expired) }));
    stage.say("live");
    assert_eq!(said(&mut events).await, "live");
}

#[tokio::test]
async fn a_client_that_is_moved_hears_the_other_room() {
    let stage = Stage::new().await;
    let client = stage.connect().open();
    let mut events = client.events();
    assert_eq!(joined(&mut events).await, (None, FIRST));
    let (from, to) = (Auction::room(&7), Auction::room(&8));
    assert_eq!(stage.hub.room(&from).redirect(&to), 1);
    let moved = told(&mut events).await;
    assert!(matches!(&moved, Event::Moved { path } if path == "/auction/8"), "{moved:?}");
    assert_eq!(joined(&mut events).await, (None, FIRST));
    stage.say("to the room before");
    stage.hub.room(&to).send(Said { text: "here".to_owned() });
    assert_eq!(said(&mut events).await, "here");
    assert_eq!((stage.hub.room(&from).len(), stage.hub.room(&to).len()), (0, 1));
}

#[tokio::test]
async fn a_declared_room_goes_on_when_it_is_joined_again() {
    let stage = Stage::new().await;
    let table = |text: &str| stage.hub.room(&Table(3)).send(Said { text: text.to_owned() });
    let client = stage.connect().greet(|| vec![Sit { table: 3 }.into()]).open();
    let mut events = client.events();
    assert_eq!(joined(&mut events).await, (None, FIRST));
    assert_eq!(joined(&mut events).await, (Some("table:3".to_owned()), FIRST));
    stage.keep(&mut events).await;
    table("1");
    assert_eq!(said(&mut events).await, "table:3: 1");
    stage.cut(&mut events).await;
    table("2");
    stage.heal();
    assert_eq!(joined(&mut events).await, (None, Joined::Resumed { missed: 0 }));
    assert_eq!(joined(&mut events).await, (Some("table:3".to_owned()), Joined::Resumed { missed: 1 }));
    assert_eq!(said(&mut events).await, "table:3: 2");
}

#[tokio::test]
async fn what_was_said_since_a_page_was_made_is_told() {
    let stage = Stage::new().await;
    stage.say("on the page");
    let position = stage.hub.room(&Auction::room(&7)).position().await.unwrap();
    stage.say("behind the page");
    let client = stage.connect().at(position.as_str()).open();
    let mut events = client.events();
    assert_eq!(joined(&mut events).await, (None, Joined::Resumed { missed: 1 }));
    assert_eq!(said(&mut events).await, "behind the page");
}

#[tokio::test]
async fn an_idempotent_request_whose_answer_is_lost_is_handled_once_and_answered() {
    let stage = Stage::new().await;
    _ = stage.app.proxy.set(Arc::downgrade(&stage.proxy));
    let mut handled = stage.app.handled.subscribe();
    let client = stage.connect().open();
    let mut events = client.events();
    assert_eq!(joined(&mut events).await, (None, FIRST));
    stage.keep(&mut events).await;
    let other = client.clone();
    let asked = tokio::spawn(async move { tokio::join!(other.request(Bid { amount: 5 }), other.request(Look {})) });
    handled.wait_for(|handled| *handled == 2).await.unwrap();
    stage.cut(&mut events).await;
    stage.proxy.set_silent(false);
    stage.heal();
    let (bid, look) = asked.await.unwrap();
    assert_eq!(bid.unwrap(), (5, 0));
    assert!(matches!(look, Err(Error::Lost)), "{look:?}");
    assert_eq!(stage.app.bids.load(Ordering::SeqCst), 1);
    assert_eq!(joined(&mut events).await, (None, Joined::Resumed { missed: 0 }));
}
