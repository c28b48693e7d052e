//! Timers of a connection: notices that its handler is told after a time.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Socket, channel, channels, message};
use support::start;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep};

#[message(type = "told")]
#[derive(Debug, PartialEq)]
pub struct Told {
    what: String,
}

/// Be told so much later.
#[message(type = "later")]
pub struct Later {
    ms: u64,
    what: String,
}

#[message(type = "other")]
pub struct Other {
    ms: u64,
}

#[derive(Clone)]
pub struct Quiet(String);

/// Another type.
#[derive(Clone)]
pub struct Beat(Arc<Counted>);

/// Counts how often it is dropped.
pub struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
pub struct App {
    gate: Notify,
    dropped: Arc<AtomicUsize>,
    /// How often a handler was told one that counts.
    told: AtomicUsize,
    socket: Mutex<Option<Socket<Desk>>>,
}

#[channel("/desk", app = App)]
pub struct Desk;

#[channel(sends(Told))]
impl Desk {
    fn on_connect(&self, socket: &Socket<Self>, app: &App) {
        *app.socket.lock().unwrap() = Some(socket.clone());
    }

    #[message]
    fn later(&self, later: Later, socket: &Socket<Self>) {
        socket.notify_after(Duration::from_millis(later.ms), Quiet(later.what));
    }

    #[message]
    fn other(&self, other: Other, socket: &Socket<Self>, app: &App) {
        let beat = Beat(Arc::new(Counted(Arc::clone(&app.dropped))));
        socket.notify_after(Duration::from_millis(other.ms), beat);
    }

    /// Handles nothing else meanwhile.
    #[message(type = "wait")]
    async fn wait(&mut self, app: &App) -> Told {
        app.gate.notified().await;
        told("waited")
    }

    #[message(type = "for_ever")]
    fn for_ever(&self, socket: &Socket<Self>) {
        socket.notify_after(Duration::MAX, Quiet("never".into()));
    }

    #[notice]
    fn quiet(&mut self, quiet: Quiet) -> Told {
        told(&quiet.0)
    }

    #[notice]
    fn beat(&mut self, beat: Beat, app: &App) -> Told {
        app.told.fetch_add(1, Ordering::SeqCst);
        drop(beat.0);
        told("beat")
    }

    fn on_close(&mut self, socket: &Socket<Self>, app: &App) {
        self.other(Other { ms: 1 }, socket, app);
    }
}

fn told(what: &str) -> Told {
    Told { what: what.into() }
}

fn later(ms: u64, what: &str) -> Later {
    Later { ms, what: what.into() }
}

async fn desk() -> (Arc<App>, TestApp<App>, Client<Desk>) {
    let shared = Arc::new(App::default());
    let app = testing::app(channels![Desk].app_arc(Arc::clone(&shared)));
    let client = app.connect::<Desk>("/desk").await.unwrap();
    (shared, app, client)
}

/// The clock goes on by itself, to whatever is due first.
async fn wait(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_told_at_its_time_and_not_before() {
    let (_shared, _app, mut ann) = desk().await;
    ann.send(later(4000, "quiet"));
    ann.expect_nothing().await;
    wait(3999).await;
    ann.expect_nothing().await;
    wait(1).await;
    assert_eq!(ann.expect::<Told>().await, told("quiet"));
    wait(10_000).await;
    ann.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn each_type_has_one_which_begins_anew_with_the_newest() {
    let (shared, _app, mut ann) = desk().await;
    ann.send(Other { ms: 5000 });
    for n in 0..10 {
        ann.send(later(4000, &n.to_string()));
        ann.send(Other { ms: 5000 });
        wait(3000).await;
        ann.expect_nothing().await;
    }
    assert_eq!(shared.dropped.load(Ordering::SeqCst), 10, "what is replaced is dropped");
    let began = Instant::now();
    wait(1000).await;
    assert_eq!(ann.expect::<Told>().await, told("9"));
    wait(1000).await;
    assert_eq!(ann.expect::<Told>().await, told("beat"));
    assert_eq!(began.elapsed().as_millis(), 2000);
    // An earlier one, too, and one that is due at once.
    ann.send(later(9000, "late"));
    ann.send(later(1000, "soon"));
    wait(1000).await;
    assert_eq!(ann.expect::<Told>().await, told("soon"));
    ann.send(later(9000, "late"));
    ann.send(later(0, "now"));
    assert_eq!(ann.expect::<Told>().await, told("now"));
    wait(9000).await;
    ann.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_are_due_together_are_told_in_the_order_of_their_times_behind_what_runs() {
    let (shared, _app, mut ann) = desk().await;
    ann.send(later(20, "second"));
    ann.send(Other { ms: 10 });
    ann.send(DeskFromClient::Wait);
    wait(1000).await;
    shared.gate.notify_one();
    for what in ["waited", "beat", "second"] {
        assert_eq!(ann.expect::<Told>().await, told(what));
    }
}

#[tokio::test(start_paused = true)]
async fn another_task_may_start_one_and_no_time_is_too_long() {
    let (shared, _app, mut ann) = desk().await;
    ann.send(DeskFromClient::ForEver);
    ann.expect_nothing().await;
    let socket = shared.socket.lock().unwrap().clone().unwrap();
    socket.notify_after(Duration::from_secs(1), Quiet("from outside".into()));
    wait(1000).await;
    assert_eq!(ann.expect::<Told>().await, told("from outside"));
}

#[tokio::test]
async fn for_a_client_that_takes_nothing_two_of_a_type_wait_however_often_one_is_started() {
    const STARTED: usize = 1000;
    let shared = Arc::new(App::default());
    let channels = channels![Desk];
    let hub = channels.of::<Desk>();
    let server = start(channels.app_arc(Arc::clone(&shared))).await;
    let mut stalled = server.connect_with_small_window().await;
    stalled.upgrade("/desk").await;
    let turns = || async {
        // So many that sockets are looked at, too.
        for _ in 0..200 {
            yield_now().await;
        }
    };
    while hub.all().is_empty() {
        yield_now().await;
    }
    let socket = shared.socket.lock().unwrap().clone().unwrap();
    // More than half of what may wait: nothing is handled for it meanwhile. Until the system takes nothing more, too.
    let mut taken_nothing = 0;
    while taken_nothing < 50 {
        taken_nothing += 1;
        while hub.stats().outbox_bytes < 800_000 {
            socket.send(told(&"x".repeat(50_000)));
            taken_nothing = 0;
        }
        turns().await;
    }
    for _ in 0..STARTED {
        socket.notify_after(Duration::ZERO, Beat(Arc::new(Counted(Arc::clone(&shared.dropped)))));
        turns().await;
    }
    assert_eq!(shared.told.load(Ordering::SeqCst), 0);
    let waiting = STARTED - shared.dropped.load(Ordering::SeqCst);
    assert!(waiting <= 2, "{waiting}: one in the inbox, and one behind it");
}

#[tokio::test(start_paused = true)]
async fn they_end_with_the_connection() {
    let (shared, app, mut ann) = desk().await;
    ann.send(Other { ms: 1000 });
    ann.expect_nothing().await;
    drop(ann);
    app.settle().await;
    assert_eq!(shared.dropped.load(Ordering::SeqCst), 2, "and none is started in `on_close`");
    let socket = shared.socket.lock().unwrap().take().unwrap();
    socket.notify_after(Duration::ZERO, Beat(Arc::new(Counted(Arc::clone(&shared.dropped)))));
    assert_eq!(shared.dropped.load(Ordering::SeqCst), 3);
    advance(Duration::from_secs(2)).await;
    app.settle().await;
    assert_eq!(shared.told.load(Ordering::SeqCst), 0, "nobody is told after the end");
}
