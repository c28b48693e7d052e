//! When a connection is a member, what it hears first, and how it ends.

use std::sync::Arc;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Close, CloseCode, ClosedBy, Config, Fault, Hub, Reject, Server, Socket, channel, channels, message,
};
use tokio::sync::{Mutex, Notify, mpsc};

#[message(type = "welcome")]
#[derive(Debug, PartialEq)]
pub struct Welcome {
    here: usize,
}

#[message(type = "joined")]
#[derive(Debug, PartialEq)]
pub struct Joined {
    count: usize,
}

#[message(type = "left")]
#[derive(Debug, PartialEq)]
pub struct Left {
    count: usize,
}

/// What the tests see of the channel, and what holds its hooks up.
pub struct App {
    ends: mpsc::UnboundedSender<(String, Close, usize)>,
    /// `on_connect` and the message `wait` wait for it.
    gate: Notify,
    late: Mutex<()>,
}

/// A code of the app's own.
const FULL: CloseCode = CloseCode::new(4001).unwrap();

#[channel("/place/:how", app = App)]
pub struct Place {
    how: String,
}

#[channel(sends(Welcome, Joined, Left))]
impl Place {
    async fn on_connect(&mut self, socket: &Socket<Self>, app: &App) -> Result<(), Fault> {
        match self.how.as_str() {
            "waits" => {
                app.gate.notified().await;
                socket.send(Welcome { here: socket.room().len() });
            }
            "sends and waits" => {
                socket.send(Welcome { here: socket.room().len() });
                socket.others().send_with(|room| Joined { count: room.len() });
                app.gate.notified().await;
            }
            "refuses" => return Err(Fault::new("place.closed", "come back tomorrow")),
            "full" => return Err(Fault::new("place.full", "no chair is free").with_close_code(FULL)),
            "forbids" => return Err(Fault::forbidden("not you")),
            "panics" => panic!("on_connect panics"),
            _ => {
                socket.send(Welcome { here: socket.room().len() });
                socket.others().send_with(|room| Joined { count: room.len() });
            }
        }
        Ok(())
    }

    #[message(type = "wait")]
    async fn wait(&mut self, app: &App) -> Welcome {
        app.gate.notified().await;
        Welcome { here: 0 }
    }

    #[message(type = "until_closed")]
    async fn until_closed(&mut self, socket: &Socket<Self>) {
        socket.closed().await;
    }

    #[message(type = "panic")]
    async fn panic(&mut self) -> Welcome {
        panic!("a handler panics")
    }

    #[message(type = "kick_me")]
    fn kick_me(&mut self, socket: &Socket<Self>) {
        socket.send(Welcome { here: 0 });
        socket.close(CloseCode::POLICY, "as you wish");
        assert!(!socket.send(Welcome { here: 1 }).is_complete(), "nothing is sent behind a close");
    }

    async fn on_close(&mut self, close: Close, socket: &Socket<Self>, app: &App) {
        let _late = app.late.lock().await;
        socket.room().send_with(|room| Left { count: room.len() });
        // The receiver is gone only when the test is.
        let _ = app.ends.send((self.how.clone(), close, socket.room().len()));
    }
}

struct Test {
    app: TestApp<App>,
    state: Arc<App>,
    hub: Hub<Place>,
    ends: mpsc::UnboundedReceiver<(String, Close, usize)>,
}

fn start_with(config: Config) -> Test {
    let (ends, seen) = mpsc::unbounded_channel();
    let state = Arc::new(App { ends, gate: Notify::new(), late: Mutex::new(()) });
    let channels = channels![Place];
    let hub = channels.of::<Place>();
    let server: Server<App> = channels.app_arc(Arc::clone(&state));
    Test { app: testing::app(server.config(config)), state, hub, ends: seen }
}

fn start() -> Test {
    start_with(Config::default())
}

impl Test {
    async fn connect(&self, how: &str) -> Client<Place> {
        self.app.connect::<Place>(&format!("/place/{how}")).await.unwrap()
    }

    /// The only `on_close` that has run.
    async fn only_end(&mut self) -> (String, Close, usize) {
        self.app.settle().await;
        let end = self.ends.try_recv().expect("`on_close` has run");
        assert!(self.ends.try_recv().is_err(), "`on_close` has run once");
        end
    }
}

#[tokio::test]
async fn a_connection_is_a_member_before_on_connect() {
    let test = start();
    let mut first = test.connect("x").await;
    assert_eq!(first.expect::<Welcome>().await, Welcome { here: 1 });
    let mut second = test.connect("x").await;
    assert_eq!(second.expect::<Welcome>().await, Welcome { here: 2 });
    assert_eq!(first.expect::<Joined>().await, Joined { count: 2 });
}

#[tokio::test]
async fn a_connection_is_no_member_any_more_when_on_close_runs() {
    let mut test = start();
    let mut first = test.connect("x").await;
    let second = test.connect("x").await;
    drop(second);
    let (_, close, members) = test.only_end().await;
    assert_eq!((close.by, close.code, members), (ClosedBy::Lost, None, 1));
    first.expect::<Welcome>().await;
    first.expect::<Joined>().await;
    assert_eq!(first.expect::<Left>().await, Left { count: 1 });
    drop(first);
    assert_eq!(test.only_end().await.2, 0);
    assert!(test.hub.all().is_empty());
}

#[tokio::test]
async fn the_welcome_comes_before_what_others_say_meanwhile() {
    let test = start();
    let mut client = test.app.connect::<Place>("/place/waits").without_waiting().await.unwrap();
    let room = test.hub.room(&Place::room("waits"));
    assert_eq!(room.len(), 1);
    for count in 0..3 {
        assert!(room.send(Joined { count }).is_complete());
    }
    test.state.gate.notify_one();
    assert_eq!(client.expect::<Welcome>().await, Welcome { here: 1 });
    for count in 0..3 {
        assert_eq!(client.expect::<Joined>().await, Joined { count });
    }
}

#[tokio::test]
async fn the_welcome_is_over_when_on_connect_itself_sends_to_the_room() {
    let test = start();
    let path = "/place/sends%20and%20waits";
    let mut client = test.app.connect::<Place>(path).without_waiting().await.unwrap();
    assert_eq!(client.expect::<Welcome>().await, Welcome { here: 1 });
    test.hub.all().send(Joined { count: 7 });
    assert_eq!(client.expect::<Joined>().await, Joined { count: 7 });
    test.state.gate.notify_one();
    client.expect_nothing().await;
}

#[tokio::test]
async fn messages_that_come_during_on_connect_wait_for_it() {
    let test = start();
    let mut client = test.app.connect::<Place>("/place/waits").without_waiting().await.unwrap();
    client.send(PlaceFromClient::KickMe);
    test.state.gate.notify_one();
    client.expect::<Welcome>().await;
    client.expect::<Welcome>().await;
    assert_eq!(client.expect_close().await, (CloseCode::POLICY, "as you wish".into()));
}

#[tokio::test]
async fn an_on_connect_that_fails_says_why_and_closes() {
    let mut test = start();
    let mut refused = test.connect("refuses").await;
    refused.expect_error("place.closed").await;
    assert_eq!(refused.expect_close().await, (CloseCode::FORBIDDEN, "refused".into()));
    assert_eq!(test.only_end().await.1.by, ClosedBy::Server);
    let mut forbidden = test.connect("forbids").await;
    forbidden.expect_error(Fault::FORBIDDEN).await;
    assert_eq!(forbidden.expect_close().await.0, CloseCode::FORBIDDEN);
    test.only_end().await;
    let mut full = test.connect("full").await;
    full.expect_error("place.full").await;
    assert_eq!(full.expect_close().await.0, FULL);
    test.only_end().await;
}

#[tokio::test]
async fn a_panic_costs_its_own_connection_alone() {
    let mut test = start();
    let mut other = test.connect("x").await;
    other.expect::<Welcome>().await;
    let mut panicking = test.connect("x").await;
    panicking.expect::<Welcome>().await;
    other.expect::<Joined>().await;
    panicking.send_text(r#"{"type":"panic","ref":"r"}"#);
    assert!(panicking.expect_text().await.starts_with(r#"{"type":"error","ref":"r","code":"internal""#));
    let (code, reason) = panicking.expect_close().await;
    assert!(code == CloseCode::INTERNAL && reason.starts_with("internal server error ("), "{code} {reason}");
    let (_, close, _) = test.only_end().await;
    assert_eq!(close.by, ClosedBy::Panic);
    assert_eq!(other.expect::<Left>().await, Left { count: 1 });

    let mut newcomer = test.connect("panics").await;
    assert_eq!(newcomer.expect_close().await.0, CloseCode::INTERNAL);
    assert_eq!(test.only_end().await.1.by, ClosedBy::Panic);
    other.expect_nothing().await;
}

#[tokio::test]
async fn on_close_is_told_the_clients_own_code_and_reason() {
    let mut test = start();
    let mut client = test.connect("x").await;
    client.close_with(CloseCode::new(4000).unwrap(), "bye");
    client.expect::<Welcome>().await;
    assert_eq!(client.expect_close().await, (CloseCode::new(4000).unwrap(), String::new()));
    let (_, close, _) = test.only_end().await;
    assert_eq!(close, Close::new(ClosedBy::Client, CloseCode::new(4000), "bye"));
    assert!(client.is_ended().await);
}

#[tokio::test]
async fn what_was_sent_before_a_close_comes_before_it() {
    let mut test = start();
    let mut client = test.connect("x").await;
    client.expect::<Welcome>().await;
    client.send(PlaceFromClient::KickMe);
    assert_eq!(client.expect::<Welcome>().await, Welcome { here: 0 });
    assert_eq!(client.expect_close().await, (CloseCode::POLICY, "as you wish".into()));
    assert_eq!(test.only_end().await.1, Close::new(ClosedBy::Server, CloseCode::POLICY, "as you wish"));
}

#[tokio::test]
async fn what_a_client_sent_before_it_left_is_still_handled_and_answered() {
    let mut test = start();
    let mut client = test.connect("x").await;
    client.expect::<Welcome>().await;
    client.send_text(r#"{"type":"wait","ref":1}"#);
    client.close();
    test.state.gate.notify_one();
    assert_eq!(client.expect_text().await, r#"{"type":"welcome","ref":1,"here":0}"#);
    assert_eq!(client.expect_close().await.0, CloseCode::NORMAL);
    assert_eq!(test.only_end().await.1.by, ClosedBy::Client);
}

#[tokio::test]
async fn a_handler_that_runs_is_told_when_its_client_goes_and_not_cut_off() {
    let mut test = start();
    let mut client = test.connect("x").await;
    client.send(PlaceFromClient::UntilClosed);
    drop(client);
    assert_eq!(test.only_end().await.1.by, ClosedBy::Lost);
    client = test.connect("x").await;
    client.send(PlaceFromClient::UntilClosed);
    client.close();
    assert_eq!(test.only_end().await.1.by, ClosedBy::Client);
}

#[tokio::test]
async fn pings_are_answered_while_a_handler_runs() {
    let test = start();
    let mut client = test.connect("x").await;
    client.expect::<Welcome>().await;
    client.send(PlaceFromClient::Wait);
    client.ping("are you there?");
    assert_eq!(client.expect_pong().await, "are you there?");
    test.state.gate.notify_one();
    client.expect::<Welcome>().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_says_so_and_waits_for_on_close() {
    let mut test = start();
    let mut client = test.connect("x").await;
    client.expect::<Welcome>().await;
    test.hub.all().send(Joined { count: 1 });
    test.app.drain().await;
    client.expect::<Joined>().await;
    assert_eq!(client.expect_close().await.0, CloseCode::GOING_AWAY);
    assert_eq!(test.only_end().await.1.code, Some(CloseCode::GOING_AWAY));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_end_is_cancelled_when_the_server_stops() {
    let mut test = start();
    let mut client = test.connect("x").await;
    client.expect::<Welcome>().await;
    client.send(PlaceFromClient::Wait);
    test.app.drain().await;
    assert_eq!(client.expect_close().await.0, CloseCode::GOING_AWAY);
    assert_eq!(test.only_end().await.1.by, ClosedBy::Server);
}

#[tokio::test(start_paused = true)]
async fn an_on_close_that_does_not_end_has_a_deadline_when_the_server_stops() {
    let test = start();
    let state = Arc::clone(&test.state);
    let _held = state.late.lock().await;
    let mut client = test.connect("x").await;
    client.expect::<Welcome>().await;
    test.app.drain().await;
    assert_eq!(client.expect_close().await.0, CloseCode::GOING_AWAY);
}

#[tokio::test]
async fn a_client_that_lets_too_much_pile_up_is_cut_and_nobody_else() {
    #[message(type = "flood")]
    pub struct Flood {
        count: usize,
    }

    #[message(type = "drop")]
    #[derive(Debug, PartialEq)]
    pub struct Water {
        n: usize,
    }

    #[channel("/flood")]
    pub struct River;

    #[channel(sends(Water))]
    impl River {
        #[message]
        fn flood(&self, flood: Flood, socket: &Socket<Self>) {
            for n in 0..flood.count {
                socket.send(Water { n });
            }
        }
    }

    let app = testing::app(channels![River].app(()).config(Config::default().outbox_bytes(1000)));
    let mut careful = app.connect::<River>("/flood").await.unwrap();
    let mut slow = app.connect::<River>("/flood").await.unwrap();
    slow.send(Flood { count: 1000 });
    let (code, _) = slow.expect_close().await;
    assert_eq!(code, CloseCode::TRY_AGAIN);
    careful.send(Flood { count: 10 });
    for n in 0..10 {
        assert_eq!(careful.expect::<Water>().await, Water { n });
    }
    careful.expect_nothing().await;
}

#[channel("/door/:key")]
pub struct Door {
    key: u32,
}

#[channel]
impl Door {
    async fn authorize(&self) -> Result<(), Reject> {
        if self.key == 7 { Ok(()) } else { Err(Reject::forbidden("the wrong key")) }
    }
}

#[tokio::test]
async fn authorize_has_the_last_word_before_the_upgrade() {
    let channels = channels![Door];
    let hub = channels.of::<Door>();
    let app = testing::app(channels.app(()));
    let reject = app.connect::<Door>("/door/8").await.unwrap_err();
    assert_eq!((reject.status.as_u16(), reject.message.as_str()), (403, "the wrong key"));
    assert!(hub.all().is_empty());
    assert_eq!(app.connect::<Door>("/door/none").await.unwrap_err().status.as_u16(), 404);
    app.connect::<Door>("/door/7").await.unwrap();
}
