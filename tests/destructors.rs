//! Whatever a destructor of the app's does, it is nobody else's affair: with a value that panics when it is dropped in each place
//! where the server holds one, all others are served, batches run, silent clients are noticed, and a stop takes no longer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::private::{Census, census};
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Batched, CloseCode, Config, Extract, Fault, Handshake, Hub, Reject, Socket, channel, channels, message,
};
use futures::FutureExt;
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, advance};

/// Panics when it is dropped, and counts that it was.
pub struct Bomb(Arc<Mutex<usize>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
        // Without a word: the tests have many of them.
        std::panic::resume_unwind(Box::new("a bomb"));
    }
}

/// A bomb in a message where it says so.
pub struct Fused(bool);

impl Drop for Fused {
    fn drop(&mut self) {
        if std::mem::take(&mut self.0) {
            std::panic::resume_unwind(Box::new("a bomb in a message"));
        }
    }
}

impl<'de> Deserialize<'de> for Fused {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Fused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[message(type = "arm")]
pub struct Arm {
    what: String,
}

#[message(type = "carry", serde)]
#[derive(Serialize, Deserialize)]
pub struct Carry {
    fused: Fused,
}

/// With a rule that it breaks: then it is no handler's.
#[message(type = "checked", serde, validate)]
#[derive(Serialize, Deserialize, Validate)]
pub struct Checked {
    #[garde(length(max = 1))]
    text: String,
    #[garde(skip)]
    fused: Fused,
}

#[message(type = "add", serde)]
#[derive(Serialize, Deserialize)]
pub struct Add {
    n: u32,
    #[serde(default = "unfused")]
    fused: Fused,
}

fn unfused() -> Fused {
    Fused(false)
}

#[message(type = "sum")]
#[derive(Debug, PartialEq)]
pub struct Sum {
    sum: u32,
}

#[message(type = "said")]
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    text: String,
}

/// What a handler is told.
pub struct Told(Option<Bomb>);

#[derive(Default)]
pub struct App {
    /// How many bombs have gone off.
    gone_off: Arc<Mutex<usize>>,
    gate: Notify,
    own: Mutex<Option<Bomb>>,
}

impl App {
    fn bomb(&self) -> Bomb {
        Bomb(Arc::clone(&self.gone_off))
    }
}

/// A bomb of an extractor's, where the query asks for one.
pub struct Extracted {
    _bomb: Option<Bomb>,
    refuses: bool,
    waits: bool,
}

impl Extract<App> for Extracted {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let asks = |name| handshake.query_param(name).is_some();
        Ok(Self { _bomb: asks("bomb").then(|| app.bomb()), refuses: asks("refuses"), waits: asks("waits") })
    }
}

/// One bomb: of a value with two, the compiler's own rule is that the program ends.
#[derive(Default)]
pub struct State(Option<Bomb>);

#[channel("/site/:name", app = App, room_state = State)]
pub struct Site {
    name: String,
    #[extract]
    extracted: Extracted,
    #[state]
    own: Option<Bomb>,
}

#[channel(sends(Sum, Said))]
impl Site {
    async fn authorize(&self, app: &App) -> Result<(), Reject> {
        if self.extracted.waits {
            app.gate.notified().await;
        }
        if self.extracted.refuses { Err(Reject::forbidden("not here")) } else { Ok(()) }
    }

    #[message]
    async fn arm(&mut self, arm: Arm, socket: &Socket<Self>, app: &App) -> Said {
        let bomb = app.bomb();
        match arm.what.as_str() {
            "state" => socket.room().with(|state, _| state.0 = Some(bomb)),
            "handler" => self.own = Some(bomb),
            "app" => *app.own.lock().unwrap() = Some(bomb),
            "notice" => drop(socket.notify(Told(Some(bomb)))),
            // Never handled: the connection ends before.
            "notices" => {
                for bomb in [bomb, app.bomb()] {
                    socket.notify(Told(Some(bomb)));
                }
                socket.close(CloseCode::NORMAL, "");
            }
            "future" => {
                let _held = bomb;
                std::future::pending::<()>().await;
            }
            "payload" => std::panic::resume_unwind(Box::new(bomb)),
            other => panic!("no bomb in {other}"),
        }
        Said { text: format!("{} in {}", arm.what, self.name) }
    }

    #[message]
    fn carry(&mut self, _: Carry) {}

    #[message]
    fn checked(&mut self, _: Checked) {}

    #[message(batch(size = 3, wait = "100ms"))]
    async fn adds(batch: Vec<Batched<Self, Add>>) {
        let sum = batch.iter().map(|item| item.message.n).sum();
        for item in batch {
            item.reply(Sum { sum });
        }
    }

    #[notice]
    fn told(&mut self, told: Told) {
        drop(told.0);
    }

    fn on_close(&mut self) {
        assert!(self.name.len() < 20);
    }
}

/// A room that is kept for a while, and closed by a hook.
#[channel("/hall/:name", app = App, room_state = State, room_grace = "1s")]
pub struct Hall {
    name: String,
}

#[channel(sends(Said))]
impl Hall {
    #[message]
    fn arm(&mut self, arm: Arm, socket: &Socket<Self>, app: &App) -> Said {
        socket.room().with(|state, _| state.0 = Some(app.bomb()));
        Said { text: format!("{} in {}", arm.what, self.name) }
    }
}

/// Tells the same user once more when it is dropped, where it has a hub.
#[derive(Clone)]
pub struct Retold(Option<Hub<Porch>>);

impl Drop for Retold {
    fn drop(&mut self) {
        if let Some(hub) = self.0.take() {
            hub.user("ann").notify(Self(None));
        }
    }
}

/// Panics when the first of its clones is dropped.
#[derive(Clone)]
pub struct First(Arc<AtomicBool>);

impl Drop for First {
    fn drop(&mut self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new("a bomb"));
        }
    }
}

/// Where a user waits on its way.
#[channel("/porch/:user", app = App)]
pub struct Porch {
    user: String,
}

#[channel]
impl Porch {
    fn identity(&self) -> &String {
        &self.user
    }

    async fn authorize(&self, app: &App) -> Result<(), Reject> {
        app.gate.notified().await;
        Ok(())
    }

    #[notice]
    fn retold(&mut self, _: Retold) {}

    #[notice]
    fn first(&mut self, _: First) {}
}

struct Test {
    app: TestApp<App>,
    shared: Arc<App>,
    hub: Hub<Site>,
    /// Two who have nothing to do with it, in other rooms.
    bob: Client<Site>,
    eve: Client<Site>,
}

impl Test {
    async fn new() -> Self {
        let shared = Arc::new(App::default());
        let channels = channels![Site, Hall];
        let hub = channels.of();
        let config =
            Config::default().handler_timeout(Duration::from_secs(1)).handshake_timeout(Duration::from_secs(1));
        let app = testing::app(channels.app_arc(Arc::clone(&shared)).config(config));
        let (bob, eve) = (app.connect("/site/bob").await.unwrap(), app.connect("/site/eve").await.unwrap());
        Self { app, shared, hub, bob, eve }
    }

    async fn ann(&self) -> Client<Site> {
        self.app.connect("/site/ann").await.unwrap()
    }

    fn gone_off(&self) -> usize {
        *self.shared.gone_off.lock().unwrap()
    }

    /// Everybody else is served, and whoever comes to the same room; and the server stops at once.
    async fn lives(mut self, gone_off: usize) {
        self.app.settle().await;
        assert_eq!(self.gone_off(), gone_off);
        let mut again = self.ann().await;
        for client in [&mut self.bob, &mut self.eve, &mut again] {
            assert_eq!(client.request(Add { n: 7, fused: unfused() }).reply::<Sum>().await, Sum { sum: 7 });
        }
        let said = Said { text: "to all".into() };
        assert_eq!(self.hub.all().send(said.clone()).recipients, 3);
        for client in [&mut self.bob, &mut self.eve, &mut again] {
            assert_eq!(client.expect::<Said>().await, said);
        }
        let begun = Instant::now();
        self.app.drain().await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(census(&self.hub), Census::default());
    }
}

async fn armed(ann: &mut Client<Site>, what: &str) {
    assert_eq!(ann.request(Arm { what: what.into() }).reply::<Said>().await.text, format!("{what} in ann"));
}

async fn turns() {
    for _ in 0..50 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_room_s_state() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    armed(&mut ann, "state").await;
    ann.close();
    drop(ann);
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_room_s_state_that_a_batch_is_the_last_to_hold() {
    let mut test = Test::new().await;
    let mut ann = test.ann().await;
    armed(&mut ann, "state").await;
    ann.send(Add { n: 1, fused: unfused() });
    turns().await;
    ann.close();
    drop(ann);
    turns().await;
    assert_eq!(test.gone_off(), 0);
    // The batch is full, and one is left over for the next.
    for n in [2, 3, 4] {
        test.bob.send(Add { n, fused: unfused() });
    }
    for sum in [6, 6, 4] {
        assert_eq!(test.bob.expect::<Sum>().await, Sum { sum });
    }
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_the_state_of_a_room_that_is_closed_by_a_task() {
    let test = Test::new().await;
    let mut ann = test.app.connect::<Hall>("/hall/ann").await.unwrap();
    ann.request(Arm { what: "state".into() }).reply::<Said>().await;
    drop(ann);
    turns().await;
    assert_eq!(test.gone_off(), 0);
    advance(Duration::from_secs(2)).await;
    turns().await;
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_channel_s_value() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    armed(&mut ann, "handler").await;
    drop(ann);
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_notices_that_nobody_handles_any_more() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    ann.send(Arm { what: "notices".into() });
    assert_eq!(ann.expect_close().await.0, CloseCode::NORMAL);
    test.lives(2).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_notice_that_is_handled() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    armed(&mut ann, "notice").await;
    assert_eq!(ann.expect_close().await.0, CloseCode::INTERNAL);
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_message() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    ann.request(Carry { fused: Fused(false) }).success().await;
    ann.send_text(r#"{"type":"carry","ref":1,"fused":true}"#);
    ann.expect_error(Fault::INTERNAL).await;
    assert_eq!(ann.expect_close().await.0, CloseCode::INTERNAL);
    test.lives(0).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_message_that_breaks_a_rule() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    ann.send_text(r#"{"type":"checked","ref":1,"text":"too long","fused":true}"#);
    ann.expect_error(Fault::VALIDATION).await;
    ann.request(Checked { text: "a".into(), fused: Fused(false) }).success().await;
    drop(ann);
    test.lives(0).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_message_in_a_batch() {
    let mut test = Test::new().await;
    let mut ann = test.ann().await;
    test.bob.send(Add { n: 1, fused: unfused() });
    ann.send_text(r#"{"type":"add","ref":1,"n":2,"fused":true}"#);
    test.eve.send(Add { n: 3, fused: unfused() });
    // It went off behind the answer: that one has been given, and all later ones have not.
    assert_eq!(ann.expect_text().await, r#"{"type":"sum","ref":1,"sum":6}"#);
    assert_eq!(test.bob.expect::<Sum>().await, Sum { sum: 6 });
    test.eve.expect_error(Fault::INTERNAL).await;
    ann.expect_nothing().await;
    drop(ann);
    test.lives(0).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_handler_s_future() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    ann.request(Arm { what: "future".into() }).error(Fault::INTERNAL).await;
    assert_eq!(ann.expect_close().await.0, CloseCode::INTERNAL);
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_panic_s_own_payload() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    ann.request(Arm { what: "payload".into() }).error(Fault::INTERNAL).await;
    test.lives(1).await;
}

#[tokio::test(start_paused = true)]
async fn of_an_extractor_s_value() {
    let test = Test::new().await;
    let bomb = || test.app.connect::<Site>("/site/ann").query("bomb", "yes");
    let refused = bomb().query("refuses", "yes").await.unwrap_err();
    assert_eq!((refused.status.as_u16(), test.gone_off()), (403, 1));
    let mut waiting = bomb().query("waits", "yes").without_waiting().boxed();
    assert!((&mut waiting).now_or_never().is_none());
    drop(waiting);
    assert_eq!(test.gone_off(), 2);
    drop(bomb().await.unwrap());
    test.lives(3).await;
}

#[tokio::test(start_paused = true)]
async fn of_the_app() {
    let mut test = Test::new().await;
    let mut ann = test.ann().await;
    armed(&mut ann, "app").await;
    let gone_off = Arc::clone(&test.shared.gone_off);
    test.eve.request(Add { n: 7, fused: unfused() }).reply::<Sum>().await;
    let Test { app, shared, hub, bob, eve } = test;
    drop((app, shared));
    drop((ann, bob, eve));
    turns().await;
    assert_eq!((*gone_off.lock().unwrap(), census(&hub)), (1, Census::default()));
}

/// Nothing is locked while a notice is dropped that is not taken: what it does then may need the lock.
#[tokio::test(start_paused = true)]
async fn of_a_notice_that_one_who_is_coming_is_refused() {
    let channels = channels![Porch];
    let hub = channels.of::<Porch>();
    let app = testing::app(channels.app(App::default()));
    let mut coming = app.connect::<Porch>("/porch/ann").without_waiting().boxed();
    assert!((&mut coming).now_or_never().is_none());
    for _ in 0..256 {
        assert_eq!(hub.user("ann").notify(Retold(None)).recipients, 1);
    }
    for _ in 0..2 {
        let (done, told) = std::sync::mpsc::channel();
        let tells = hub.clone();
        // In a thread of its own, which is left behind where it hangs.
        std::thread::spawn(move || done.send(tells.user("ann").notify(Retold(Some(tells.clone()))).refused));
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(1));
        hub.user("ann").disconnect(CloseCode::FORBIDDEN, "banned");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_notice_that_one_of_several_is_refused() {
    let channels = channels![Porch];
    let hub = channels.of::<Porch>();
    let app = testing::app(channels.app(App::default()));
    let mut full = app.connect::<Porch>("/porch/ann").without_waiting().boxed();
    assert!((&mut full).now_or_never().is_none());
    for _ in 0..256 {
        assert_eq!(hub.user("ann").notify(Retold(None)).recipients, 1);
    }
    let mut other = app.connect::<Porch>("/porch/ann").without_waiting().boxed();
    assert!((&mut other).now_or_never().is_none());
    let sent = hub.user("ann").notify(First(Arc::default()));
    assert_eq!((sent.recipients, sent.refused), (2, 1), "one of two");
}

/// One panic follows another while the first unwinds, which would abort the program.
#[tokio::test(start_paused = true)]
async fn of_all_of_these_at_once() {
    let test = Test::new().await;
    let mut ann = test.ann().await;
    for what in ["state", "handler"] {
        armed(&mut ann, what).await;
    }
    ann.send(Arm { what: "notices".into() });
    assert_eq!(ann.expect_close().await.0, CloseCode::NORMAL);
    test.lives(4).await;
}
