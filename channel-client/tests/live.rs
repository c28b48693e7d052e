//! The client against the real server over TCP: drained, cut off, refused, with rates, and with tokens that are refused and renewed.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

#[path = "support/proxy.rs"]
mod proxy;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channel_client::{Client, CloseBy, Error, Event, Events, Status, Why};
use channel_runtime::{Auth, Authenticate, Config, Fault, Reject, Socket, Success, Token, channel, channels, message};
use proxy::Proxy;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
#[derive(Debug)]
pub struct Said {
    text: String,
}

#[message(type = "hang")]
pub struct Hang {}

#[message(type = "quick", rate = "10/s")]
pub struct Quick {}

#[channel("/room/:name")]
pub struct Room {
    name: String,
}

#[channel(sends(Said))]
impl Room {
    fn on_connect(&self) -> Result<(), Fault> {
        match &*self.name {
            "closed" => Err(Fault::new("room.closed", "the room is closed")),
            _ => Ok(()),
        }
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) -> Success<usize> {
        let length = say.text.len();
        socket.room().send(Said { text: say.text });
        Success(length)
    }

    #[message]
    async fn hang(&self, _: Hang) {
        std::future::pending().await
    }

    #[message]
    fn quick(&self, _: Quick) {}
}

struct Running {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Ends with the server's own close; if it is dropped, or aborted, as a process that was killed.
async fn serve(addr: &str, config: Config) -> Running {
    let server = channels![Room].app(()).config(config).bind(addr).await.unwrap();
    let addr = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run_until(async { _ = stopped.await }));
    Running { addr, stop: Some(stop), task }
}

impl Running {
    fn client(&self, path: &str) -> Client<Room> {
        Client::new(path).url(&format!("ws://{}", self.addr)).random(|| 0.0).open()
    }

    async fn drain(mut self) {
        _ = self.stop.take().unwrap().send(());
        self.task.await.unwrap();
    }
}

/// The next state for which this holds.
async fn until(events: &mut Events<Room>, is_it: impl Fn(&Status) -> bool) -> Status {
    loop {
        match events.next().await.expect("the client is closed") {
            Event::Status(status) if is_it(&status) => return status,
            _ => {}
        }
    }
}

fn is_open(status: &Status) -> bool {
    *status == Status::Open
}

#[tokio::test]
async fn a_server_of_the_same_wire_says_that_nothing_is_outdated() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let client = server.client("/room/a");
    let mut events = client.events();
    loop {
        match events.next().await.unwrap() {
            Event::Joined { room: None, id, how, outdated } => {
                assert!(!id.is_empty() && how.is_fresh() && outdated.is_none(), "{id} {outdated:?}");
                break;
            }
            Event::Status(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_drained_server_s_clients_are_told_when_to_come_back_and_come_back_to_the_next() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let proxy = Proxy::to(server.addr).await;
    let client = Client::<Room>::new("/room/a").url(&proxy.url()).open();
    let mut events = client.events();
    until(&mut events, is_open).await;
    proxy.set_server(None);
    server.drain().await;
    let waiting = until(&mut events, |status| matches!(status, Status::Waiting { .. })).await;
    let Status::Waiting { last, .. } = waiting else { panic!("{waiting:?}") };
    assert_eq!(last.code, 1001);
    let asked = client.request(Say { text: "hello".to_owned() });
    let asked = tokio::spawn(asked);
    let next = serve("127.0.0.1:0", Config::default()).await;
    proxy.set_server(Some(next.addr));
    assert_eq!(asked.await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn what_was_sent_over_a_connection_that_was_cut_is_lost_and_what_waited_is_sent_over_the_next() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let proxy = Proxy::to(server.addr).await;
    let client = Client::<Room>::new("/room/a").url(&proxy.url()).open();
    let mut events = client.events();
    until(&mut events, is_open).await;
    let hanging = tokio::spawn(client.request(Hang {}));
    assert_eq!(client.request(Say { text: "behind it".to_owned() }).await.unwrap(), 9);
    proxy.set_server(None);
    proxy.cut();
    let hanging = hanging.await.unwrap();
    assert!(matches!(hanging, Err(Error::Lost)), "{hanging:?}");
    let waiting = until(&mut events, |status| matches!(status, Status::Waiting { .. })).await;
    assert!(matches!(&waiting, Status::Waiting { last, .. } if last.code == 1006), "{waiting:?}");
    let waiting = tokio::spawn(client.request(Say { text: "hello".to_owned() }));
    proxy.set_server(Some(server.addr));
    assert_eq!(waiting.await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn an_on_connect_that_refuses_is_final_and_says_why() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let client = server.client("/room/closed");
    client.closed().await;
    let Status::Closed { by: CloseBy::Server, last: Some(last) } = client.status() else { panic!("not closed") };
    assert_eq!(last.fault.unwrap().code, "room.closed");
}

#[tokio::test]
async fn a_path_of_no_channel_is_final_with_its_http_status() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let client = server.client("/nowhere");
    client.closed().await;
    let Status::Closed { last: Some(last), .. } = client.status() else { panic!("not closed") };
    assert_eq!((last.code, last.status), (1006, Some(404)));
}

#[tokio::test]
async fn sixty_requests_behind_a_rate_of_10_a_second_are_all_answered_and_none_is_closed() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let client = server.client("/room/a");
    let mut events = client.events();
    // More time than a busy machine needs; what is over the rate is refused at once.
    let asked = (0..60).map(|_| tokio::spawn(client.request(Quick {}).timeout(Duration::from_secs(100))));
    for asked in asked.collect::<Vec<_>>() {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(client.status(), Status::Open);
    client.close();
    let mut joined = 0;
    while let Some(event) = events.next().await {
        joined += usize::from(matches!(event, Event::Joined { .. }));
    }
    assert_eq!(joined, 1);
}

#[tokio::test]
async fn a_client_that_closes_is_closed_and_may_be_opened_again() {
    let server = serve("127.0.0.1:0", Config::default()).await;
    let client = server.client("/room/a");
    client.request(Say { text: String::new() }).await.unwrap();
    client.close();
    client.closed().await;
    assert_eq!(client.status(), Status::Closed { by: CloseBy::Us, last: None });
    assert!(matches!(client.request(Say { text: String::new() }).await, Err(Error::Closed)));
    client.open();
    assert_eq!(client.request(Say { text: "again".to_owned() }).await.unwrap(), 5);
}

// Tokens

#[derive(Clone)]
pub struct User(String);

#[derive(Default)]
pub struct App {
    /// The token that is good now.
    good: AtomicUsize,
}

impl Authenticate<App> for User {
    async fn authenticate(token: Token, app: &App) -> Result<Self, Reject> {
        match token.matches(&format!("token ({})", app.good.load(Ordering::SeqCst))) {
            true => Ok(Self("ann".to_owned())),
            false => Err(Reject::unauthorized("the token is old")),
        }
    }
}

#[channel("/desk", app = App)]
pub struct Desk {
    #[extract]
    user: Auth<User>,
}

#[message(type = "who")]
pub struct Who {}

#[channel]
impl Desk {
    #[message]
    fn who(&self, _: Who) -> Success<String> {
        Success(self.user.0.0.clone())
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_anew_once_and_a_good_one_is_kept() {
    let app = Arc::new(App::default());
    let server = channels![Desk].app_arc(Arc::clone(&app)).bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", server.local_addr());
    tokio::spawn(server.run());
    let (asked, mut whys) = tokio::sync::mpsc::unbounded_channel();
    let desk = Client::<Desk>::new("/desk").url(&url).token(move |why| {
        asked.send(why).unwrap();
        async move { if why == Why::First { "token (old)" } else { "token (0)" } }
    });
    let desk = desk.open();
    assert_eq!(desk.request(Who {}).await.unwrap(), "ann");
    assert_eq!([whys.recv().await, whys.recv().await], [Some(Why::First), Some(Why::Refused)]);
    assert!(whys.try_recv().is_err());
    app.good.store(1, Ordering::SeqCst);
    let other = Client::<Desk>::new("/desk").url(&url).token(|_| async { "token (0)" }).open();
    other.closed().await;
    let Status::Closed { by: CloseBy::Server, last: Some(last) } = other.status() else { panic!("not closed") };
    assert_eq!((last.code, &*last.fault.unwrap().code), (4401, "unauthorized"));
}
