//! What must hold where things come together badly: other runtimes, endings in the middle, panics in odd places.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use channel_runtime::testing;
use channel_runtime::{Close, Config, Fault, Hub, Server, Socket, channel, channels, message};
use support::{Frame, start, text};
use tokio::sync::Notify;

#[message(type = "say")]
#[derive(Debug, Clone, PartialEq)]
pub struct Say {
    n: usize,
}

pub struct App {
    gate: Notify,
    ended: AtomicUsize,
}

#[channel("/place/:how", app = App, room_state = State)]
pub struct Place {
    how: String,
}

/// The state of a room that may not open.
pub struct State;

impl Default for State {
    fn default() -> Self {
        assert!(!PANICS.with(std::cell::Cell::get), "the state of a room panics");
        Self
    }
}

thread_local! {
    static PANICS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

#[channel(sends(Say))]
impl Place {
    async fn on_connect(&mut self, app: &App) -> Result<(), Fault> {
        if self.how == "refuses" {
            app.gate.notified().await;
            return Err(Fault::forbidden("not you"));
        }
        if self.how == "panics" {
            app.gate.notified().await;
            panic!("`on_connect` panics");
        }
        Ok(())
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.others().send(say);
    }

    #[message(type = "defer_twice")]
    fn defer_twice(&mut self, socket: &Socket<Self>) {
        let first = socket.defer();
        drop(socket.defer());
        first.send(Say { n: 1 });
    }

    fn on_close(&mut self, _: Close, app: &App) {
        app.ended.fetch_add(1, Ordering::SeqCst);
    }
}

fn server() -> (Server<App>, Hub<Place>, Arc<App>) {
    let channels = channels![Place];
    let hub = channels.of::<Place>();
    let app = Arc::new(App { gate: Notify::new(), ended: AtomicUsize::new(0) });
    (channels.app_arc(Arc::clone(&app)), hub, app)
}

fn said(n: usize) -> Frame {
    Frame::text(&format!(r#"{{"type":"say","n":{n}}}"#))
}

/// Until the room has this many members.
async fn members(hub: &Hub<Place>, count: usize) {
    while hub.all().len() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_send_from_another_runtime_that_rests_or_ends_silences_no_room() {
    let (server, hub, _) = server();
    let server = start(server).await;
    let mut client = server.raw("/place/r").await;
    members(&hub, 1).await;
    // A job with a runtime of its own, which runs nothing after the send.
    let elsewhere = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let entered = std::thread::spawn({
        let hub = hub.clone();
        move || {
            elsewhere.block_on(async { hub.all().send(Say { n: 1 }) });
            elsewhere
        }
    });
    let elsewhere = entered.join().unwrap();
    client.expect(said(1)).await;
    hub.all().send(Say { n: 2 });
    client.expect(said(2)).await;
    std::thread::spawn(move || drop(elsewhere)).join().unwrap();
    std::thread::spawn({
        let hub = hub.clone();
        move || hub.all().send(Say { n: 3 })
    })
    .join()
    .unwrap();
    client.expect(said(3)).await;
}

#[test]
fn a_send_while_the_runtime_ends_does_not_hang() {
    struct SaysGoodbye(Hub<Place>);

    impl Drop for SaysGoodbye {
        fn drop(&mut self) {
            self.0.all().send(Say { n: 0 });
        }
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (server, hub, _) = server();
        let server = start(server).await;
        let client = server.raw("/place/r").await;
        members(&hub, 1).await;
        let goodbye = SaysGoodbye(hub);
        tokio::spawn(async move {
            let _goodbye = goodbye;
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
        std::mem::forget((server, client));
    });
    drop(runtime);
}

#[tokio::test]
async fn whoever_on_connect_refuses_hears_nothing_of_the_others() {
    let (server, hub, app) = server();
    let test = testing::app(server);
    for (how, code) in [("refuses", 4403), ("panics", 1011)] {
        let path = format!("/place/{how}");
        let mut client = test.connect::<Place>(&path).without_waiting().await.unwrap();
        hub.all().send(Say { n: 7 });
        app.gate.notify_one();
        if how == "refuses" {
            client.expect_error(Fault::FORBIDDEN).await;
        }
        assert_eq!(client.expect_close().await.0.as_u16(), code);
        assert!(client.is_ended().await);
    }
}

#[tokio::test]
async fn all_that_a_client_said_before_it_left_is_handled_however_much_it_was() {
    const MESSAGES: usize = 5_000;

    let (server, hub, app) = server();
    // More than a sixteenth of the outbox, above which a sender waits for its room.
    let server = start(server.config(Config::default().outbox_bytes(64 * 1024))).await;
    let mut listener = server.raw("/place/r").await;
    let mut talker = server.raw("/place/r").await;
    members(&hub, 2).await;
    let talking = tokio::spawn(async move {
        for n in 0..MESSAGES {
            talker.write(text(&format!(r#"{{"type":"say","n":{n}}}"#))).await;
        }
        talker.write(support::close(1000, "")).await;
        talker
    });
    for n in 0..MESSAGES {
        listener.expect(said(n)).await;
    }
    let _talker = talking.await.unwrap();
    members(&hub, 1).await;
    while app.ended.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_room_state_that_panics_closes_its_connection_and_no_other() {
    let (server, hub, _) = server();
    let server = start(server).await;
    let mut first = server.raw("/place/first").await;
    members(&hub, 1).await;
    PANICS.set(true);
    let mut second = server.raw("/place/second").await;
    second.expect_close_for_a_failure().await;
    PANICS.set(false);
    hub.all().send(Say { n: 1 });
    first.expect(said(1)).await;
    assert_eq!(hub.all().len(), 1);
}

#[tokio::test]
async fn a_second_defer_has_no_claim_and_says_nothing() {
    let (server, _, _) = server();
    let test = testing::app(server);
    let mut client = test.connect::<Place>("/place/r").await.unwrap();
    assert_eq!(client.request(PlaceFromClient::DeferTwice).reply::<Say>().await, Say { n: 1 });
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_client_that_ends_its_half_gets_all_that_waits_for_it() {
    const MESSAGES: usize = 12;

    #[message(type = "page")]
    pub struct Page {
        text: String,
    }

    #[channel("/book")]
    pub struct Book;

    #[channel(sends(Page))]
    impl Book {
        /// Far more than the sockets take at once, all of it after the client has ended its half.
        #[message(type = "read")]
        async fn read(&self, socket: &Socket<Self>) {
            socket.closed().await;
            for _ in 0..MESSAGES {
                assert!(socket.send(Page { text: "x".repeat(1024 * 1024) }).is_complete());
            }
        }
    }

    let server = channels![Book].app(()).config(Config::default().outbox_bytes(64 * 1024 * 1024));
    let server = start(server).await;
    let mut client = server.raw("/book").await;
    client.write(text(r#"{"type":"read"}"#)).await;
    client.shutdown().await;
    for _ in 0..MESSAGES {
        assert_eq!(client.frame().await.expect("it is owed more").payload.len(), 1024 * 1024 + 25);
    }
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn whoever_ends_last_still_sees_the_state_of_the_room() {
    /// What the hooks that end wait for, and what the last of them saw.
    pub struct Log {
        gate: Notify,
        saw: std::sync::Mutex<Vec<u32>>,
    }

    #[channel("/log/:slow", app = Log, room_state = u32)]
    pub struct Diary {
        slow: u8,
    }

    #[channel]
    impl Diary {
        fn on_connect(&self, socket: &Socket<Self>) {
            socket.room().with(|count, _| *count += 1);
        }

        #[message(type = "leave_slowly")]
        fn leave_slowly(&mut self, socket: &Socket<Self>) {
            self.slow = 2;
            socket.close(channel_runtime::CloseCode::NORMAL, "");
        }

        async fn on_close(&self, socket: &Socket<Self>, log: &Log) {
            if self.slow == 2 {
                log.gate.notified().await;
            }
            let count = socket.room().with(|count, _| *count);
            log.saw.lock().unwrap().push(count);
        }
    }

    let log = Arc::new(Log { gate: Notify::new(), saw: std::sync::Mutex::default() });
    let channels = channels![Diary];
    let hub = channels.of::<Diary>();
    let server = start(channels.app_arc(Arc::clone(&log))).await;
    let mut slow = server.raw("/log/1").await;
    let quick = server.raw("/log/1").await;
    while hub.all().len() != 2 {
        tokio::task::yield_now().await;
    }
    slow.write(text(r#"{"type":"leave_slowly"}"#)).await;
    while hub.all().len() != 1 {
        tokio::task::yield_now().await;
    }
    drop(quick);
    while log.saw.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // The quick one has ended, and was the last member; the slow one's hook still runs.
    log.gate.notify_one();
    while log.saw.lock().unwrap().len() != 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(*log.saw.lock().unwrap(), [2, 2]);
}
