//! Clients that have been let in and wait for their room to open: they can be sent away, and are not waited for once they have
//! left.

mod support;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use channel_runtime::private::{Census, census};
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    CloseCode, Config, Extract, Handshake, Hub, Reject, Room, Server, Users, channel, channels, message,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use support::{Frame, Raw, Running, close, masked, start, text, within};
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::Instant;

/// What is told of a room that closes.
const CLOSES: &str = "the room closes";

#[message(type = "write")]
pub struct Write {
    line: String,
}

#[message(type = "page")]
#[derive(Debug, PartialEq)]
pub struct Page {
    lines: Vec<String>,
}

pub struct App {
    /// What has happened on the channel, in order.
    log: Mutex<Vec<String>>,
    opens: mpsc::UnboundedSender<()>,
    /// Rooms wait for it.
    gate: Notify,
    users: OnceLock<Users>,
}

impl App {
    fn log(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

/// From the query: who it is, and for how many seconds.
pub struct Pass {
    user: String,
    expires_at: Option<SystemTime>,
    /// Has it disconnected when it is known, and its handshake not answered.
    disconnects: Option<Users>,
}

impl Extract<App> for Pass {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let user = handshake.query_param("user").ok_or(Reject::absent("who is it?"))?;
        let seconds = handshake.query_param("seconds").map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
        let disconnects = handshake.query_param("disconnected").and(app.users.get().cloned());
        Ok(Self { user, disconnects, expires_at: seconds.map(|seconds| SystemTime::now() + seconds) })
    }
}

#[channel("/vault/:name", app = App, room_state = Vec<String>)]
pub struct Vault {
    name: String,
    #[extract]
    pass: Pass,
}

#[channel(sends(Page))]
impl Vault {
    fn identity(&self) -> &String {
        &self.pass.user
    }

    fn expires_at(&self) -> Option<SystemTime> {
        if let Some(users) = &self.pass.disconnects {
            assert_eq!(users.user(&self.pass.user).disconnect(CloseCode::FORBIDDEN, "banned"), 1);
        }
        self.pass.expires_at
    }

    async fn on_room_open(room: &Room<Self>, app: &App) -> Vec<String> {
        // A test that has ended is not told any more.
        let _ = app.opens.send(());
        if room.path() == Some("/vault/slow") {
            app.gate.notified().await;
        }
        Vec::new()
    }

    fn on_room_close(state: Vec<String>, app: &App) {
        assert!(state.is_empty());
        app.log(CLOSES);
    }

    fn on_connect(&self, app: &App) -> Page {
        app.log(format!("{} enters", self.pass.user));
        Page { lines: Vec::new() }
    }

    #[notice]
    fn role_changed(&mut self, n: RoleChanged, app: &App) {
        app.log(format!("{} becomes {}", self.pass.user, n.0));
    }

    #[message]
    fn write(&mut self, write: Write, app: &App) -> Page {
        app.log(format!("{} writes to {}", self.pass.user, self.name));
        Page { lines: vec![write.line.chars().take(10).collect()] }
    }

    fn on_close(&self, app: &App) {
        app.log(format!("{} leaves", self.pass.user));
    }
}

/// Where nobody waits.
#[channel("/hall", app = App)]
pub struct Hall {
    #[extract]
    pass: Pass,
}

#[channel]
impl Hall {
    fn identity(&self) -> &String {
        &self.pass.user
    }
}

/// Whose handshake waits where the query says.
pub struct Slow {
    user: String,
    waits_at: String,
}

impl Slow {
    async fn wait(&self, place: &str, app: &App) {
        if self.waits_at == place {
            // A test that has ended is not told any more.
            let _ = app.opens.send(());
            app.gate.notified().await;
        }
    }
}

impl Extract<App> for Slow {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        let param = |name| handshake.query_param(name).unwrap_or_default();
        let slow = Self { user: param("user"), waits_at: param("wait") };
        slow.wait("extractor", app).await;
        Ok(slow)
    }
}

#[channel("/office/:name", app = App)]
pub struct Office {
    name: String,
    #[extract]
    slow: Slow,
    #[state]
    role: u32,
}

#[channel(sends(Page))]
impl Office {
    fn identity(&self) -> &String {
        &self.slow.user
    }

    async fn authorize(&self, app: &App) -> Result<(), Reject> {
        self.slow.wait("authorize", app).await;
        app.log(format!("{} is authorized in {}", self.slow.user, self.name));
        Ok(())
    }

    fn on_connect(&self, app: &App) -> Page {
        app.log(format!("{} enters as {}", self.slow.user, self.role));
        Page { lines: Vec::new() }
    }

    #[notice]
    fn role_changed(&mut self, n: RoleChanged, app: &App) {
        app.log(format!("{} is {} and becomes {}", self.slow.user, self.role, n.0));
        self.role = n.0;
    }

    fn on_close(&self, app: &App) {
        app.log(format!("{} leaves", self.slow.user));
    }
}

#[derive(Clone)]
pub struct RoleChanged(u32);

struct Made {
    app: Arc<App>,
    hub: Hub<Vault>,
    hall: Hub<Hall>,
    office: Hub<Office>,
    users: Users,
    opens: mpsc::UnboundedReceiver<()>,
}

fn make() -> (Server<App>, Made) {
    let (tell, opens) = mpsc::unbounded_channel();
    let app = Arc::new(App { log: Mutex::default(), opens: tell, gate: Notify::new(), users: OnceLock::new() });
    let channels = channels![Vault, Hall, Office];
    let (hub, hall, office, users) = (channels.of(), channels.of(), channels.of(), channels.users());
    app.users.set(users.clone()).unwrap();
    (channels.app_arc(Arc::clone(&app)), Made { app, hub, hall, office, users, opens })
}

impl Made {
    /// Waits until the opening of a room has begun.
    async fn opening(&mut self) {
        within(self.opens.recv()).await.unwrap();
    }

    /// Waits until no more than so many sessions are left, openings counted.
    async fn sessions(&self, left: usize) {
        within(async {
            while census(&self.hub).sessions > left {
                yield_now().await;
            }
        })
        .await;
        assert_eq!(census(&self.hub).sessions, left);
    }
}

async fn comer(server: &TestApp<App>, query: &[(&str, &str)]) -> Client<Vault> {
    let connect = server.connect::<Vault>("/vault/slow");
    query.iter().fold(connect, |connect, (name, value)| connect.query(name, value)).without_waiting().await.unwrap()
}

fn said(line: &str) -> Vec<u8> {
    text(&format!(r#"{{"type":"write","line":"{line}"}}"#))
}

#[tokio::test]
async fn a_user_is_disconnected_who_still_waits_for_a_room() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann = [comer(&server, &[("user", "ann")]).await, comer(&server, &[("user", "ann")]).await];
    let mut bob = comer(&server, &[("user", "bob")]).await;
    let mut there = server.connect::<Hall>("/hall").query("user", "ann").without_waiting().await.unwrap();
    made.opening().await;
    assert_eq!(made.hub.user("ann").len(), 0);

    let disconnect = || made.users.user(&"ann".to_owned()).disconnect(CloseCode::FORBIDDEN, "banned");
    assert_eq!((disconnect(), disconnect()), (3, 0));
    for client in &mut ann {
        assert_eq!(client.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    }
    assert_eq!(there.expect_close().await.0, CloseCode::FORBIDDEN);
    made.app.gate.notify_one();
    bob.expect::<Page>().await;
    assert_eq!(made.hub.all().len(), 1);
    assert_eq!(made.app.take_log(), ["bob enters"]);
}

#[tokio::test]
async fn a_user_is_disconnected_whose_handshake_is_not_answered() {
    let (server, made) = make();
    let server = testing::app(server);
    for room in ["slow", "open"] {
        let connect = server.connect::<Vault>(&format!("/vault/{room}")).query("user", "ann");
        let mut ann = connect.query("disconnected", "yes").without_waiting().await.unwrap();
        assert_eq!(ann.expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    }
    made.app.gate.notify_one();
    server.settle().await;
    assert_eq!(made.app.take_log(), [CLOSES; 2]);
    assert_eq!(made.users.user(&"ann".to_owned()).disconnect(CloseCode::NORMAL, ""), 0);
}

/// A handshake with the office that has come to where it waits.
async fn asking<'a>(
    server: &'a TestApp<App>,
    made: &mut Made,
    path: &str,
    waits_at: &str,
) -> BoxFuture<'a, Result<Client<Office>, Reject>> {
    let connect = server.connect::<Office>(path).query("user", "ann").query("wait", waits_at);
    let mut asking = connect.without_waiting().boxed();
    assert!((&mut asking).now_or_never().is_none());
    made.opening().await;
    asking
}

#[tokio::test]
async fn a_user_is_disconnected_whose_extractors_still_run() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let asking = asking(&server, &mut made, "/office/a", "extractor").await;
    assert_eq!(made.users.user("ann").disconnect(CloseCode::FORBIDDEN, "banned"), 0);
    // Whoever begins after that is as anybody.
    let mut again = server.connect::<Office>("/office/a").query("user", "ann").await.unwrap();
    again.expect::<Page>().await;
    made.app.gate.notify_one();
    assert_eq!(asking.await.unwrap().expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    server.settle().await;
    assert_eq!(made.app.take_log(), ["ann is authorized in a", "ann enters as 0"]);
    assert_eq!(made.office.user("ann").len(), 1);
}

#[tokio::test]
async fn a_user_is_disconnected_who_is_being_authorized() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let asking = asking(&server, &mut made, "/office/a", "authorize").await;
    assert_eq!(made.hall.user("ann").disconnect(CloseCode::NORMAL, "another channel"), 0);
    assert_eq!(made.office.user("ann").disconnect(CloseCode::FORBIDDEN, "banned"), 1);
    assert_eq!(within(asking).await.unwrap().expect_close().await, (CloseCode::FORBIDDEN, "banned".into()));
    server.settle().await;
    assert_eq!(made.app.take_log(), [""; 0]);
}

#[tokio::test]
async fn a_handshake_that_gave_up_keeps_nothing_of_what_was_revoked() {
    let (server, mut made) = make();
    let server = testing::app(server);
    for waits_at in ["extractor", "authorize"] {
        let asking = asking(&server, &mut made, "/office/a", waits_at).await;
        drop(asking);
        assert_eq!(made.users.user("ann").disconnect(CloseCode::NORMAL, ""), 0);
    }
    let mut ann = server.connect::<Office>("/office/a").query("user", "ann").await.unwrap();
    ann.expect::<Page>().await;
}

#[tokio::test]
async fn a_user_is_told_who_still_waits_for_a_room() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann = comer(&server, &[("user", "ann")]).await;
    let mut bob = comer(&server, &[("user", "bob")]).await;
    made.opening().await;
    for role in [1, 2] {
        let told = made.hub.user("ann").notify(RoleChanged(role));
        assert_eq!((told.recipients, told.refused), (1, 0));
    }
    assert_eq!(made.hall.user("ann").len(), 0);
    assert_eq!(made.hub.all().notify(RoleChanged(9)).recipients, 0);
    made.app.gate.notify_one();
    ann.expect::<Page>().await;
    bob.expect::<Page>().await;
    assert_eq!(made.hub.user("ann").notify(RoleChanged(3)).recipients, 1);
    server.settle().await;
    let mut log = made.app.take_log();
    log.retain(|line| line.starts_with("ann"));
    assert_eq!(log, ["ann enters", "ann becomes 1", "ann becomes 2", "ann becomes 3"]);
}

#[tokio::test]
async fn a_user_who_comes_to_one_room_is_told_and_sent_away_there() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann = comer(&server, &[("user", "ann")]).await;
    made.opening().await;
    let slow = || made.hub.room(&Vault::room("slow")).only_user("ann");
    let other = made.hub.room(&Vault::room("other")).only_user("ann");
    assert_eq!((slow().notify(RoleChanged(1)).recipients, other.notify(RoleChanged(2)).recipients), (1, 0));
    assert_eq!(other.disconnect(CloseCode::NORMAL, ""), 0);
    assert_eq!((slow().disconnect(CloseCode::FORBIDDEN, "not here"), slow().len()), (1, 0));
    assert_eq!(ann.expect_close().await, (CloseCode::FORBIDDEN, "not here".into()));
    made.app.gate.notify_one();
}

#[tokio::test]
async fn a_user_is_told_who_is_being_authorized() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let asking = asking(&server, &mut made, "/office/a", "authorize").await;
    let told = made.office.user("ann").notify(RoleChanged(7));
    assert_eq!((told.recipients, told.refused), (1, 0));
    made.app.gate.notify_one();
    let mut ann = asking.await.unwrap();
    ann.expect::<Page>().await;
    server.settle().await;
    assert_eq!(made.app.take_log(), ["ann is authorized in a", "ann enters as 0", "ann is 0 and becomes 7"]);
}

#[tokio::test]
async fn no_more_notices_wait_for_one_who_comes_than_for_one_who_is_there() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let _ann = comer(&server, &[("user", "ann")]).await;
    made.opening().await;
    let told = (0..300).map(|role| made.hub.user("ann").notify(RoleChanged(role)));
    assert_eq!(told.filter(|told| told.refused == 0).count(), 256);
    assert_eq!(made.hub.user("ann").disconnect(CloseCode::NORMAL, ""), 1);
    assert_eq!(made.hub.user("ann").notify(RoleChanged(300)).refused, 1);
    made.app.gate.notify_one();
    server.settle().await;
    assert_eq!(made.app.take_log(), [CLOSES]);
}

#[tokio::test]
async fn a_hub_sends_away_those_of_its_own_channel() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann = comer(&server, &[("user", "ann")]).await;
    let mut bob = comer(&server, &[("user", "bob")]).await;
    made.opening().await;
    let (ann_key, bob_key) = ("ann".to_owned(), "bob".to_owned());
    assert_eq!(made.hall.users([&ann_key, &bob_key]).disconnect(CloseCode::NORMAL, ""), 0);
    let both = made.hub.users([&ann_key, &bob_key]).except_user(&bob_key);
    assert_eq!(both.disconnect(CloseCode::TOO_MANY, "enough"), 1);
    assert_eq!(ann.expect_close().await, (CloseCode::TOO_MANY, "enough".into()));
    made.app.gate.notify_one();
    bob.expect::<Page>().await;
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_ends_while_its_client_waits_ends_the_connection() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let begun = Instant::now();
    let mut ann = comer(&server, &[("user", "ann"), ("seconds", "5")]).await;
    made.opening().await;
    assert_eq!(ann.expect_close().await, (CloseCode::UNAUTHORIZED, "the authority has expired".into()));
    assert!((4..=5).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    made.app.gate.notify_one();
    server.settle().await;
    assert_eq!(made.app.take_log(), [CLOSES]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_tells_those_who_wait_at_once() {
    let (server, mut made) = make();
    let server = testing::app(server.config(Config::default().shutdown_timeout(Duration::from_secs(3600))));
    let mut ann = comer(&server, &[("user", "ann")]).await;
    made.opening().await;
    let begun = Instant::now();
    let mut stopped = std::pin::pin!(server.drain());
    assert!(stopped.as_mut().now_or_never().is_none());
    assert_eq!(ann.expect_close().await, (CloseCode::GOING_AWAY, "the server goes away".into()));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    made.app.gate.notify_one();
    stopped.await;
    assert_eq!(made.app.take_log(), [CLOSES]);
}

#[tokio::test]
async fn a_room_for_which_nobody_waits_any_more_is_closed_once_it_is_open() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let ann = comer(&server, &[("user", "ann")]).await;
    made.opening().await;
    drop(ann);
    made.sessions(1).await;
    made.app.gate.notify_one();
    made.sessions(0).await;
    assert_eq!(made.app.take_log(), [CLOSES]);
    assert_eq!(census(&made.hub), Census::default());
}

/// Over a socket, for all ways to leave.
async fn waiting(running: &Running) -> Raw {
    running.raw("/vault/slow?user=ann").await
}

#[tokio::test]
async fn a_client_that_leaves_is_not_waited_for() {
    let (server, mut made) = make();
    let server = start(server).await;
    let mut stays = waiting(&server).await;
    made.opening().await;

    let mut raw = waiting(&server).await;
    raw.write([masked(0x89, "are you there?"), close(1000, "bye")].concat()).await;
    raw.expect_close(1000, "").await;
    drop(raw);
    let mut raw = waiting(&server).await;
    raw.shutdown().await;
    // There was no Close, so none is answered.
    raw.expect_end().await;
    waiting(&server).await.reset();
    let mut raw = waiting(&server).await;
    raw.write([said("before"), masked(0xFF, "")].concat()).await;
    assert_eq!(raw.frame().await.unwrap().payload[..2], 1002_u16.to_be_bytes());
    drop(raw);
    made.sessions(2).await;

    made.app.gate.notify_one();
    stays.expect(Frame::text(r#"{"type":"page","lines":[]}"#)).await;
    assert_eq!(made.app.take_log(), ["ann enters"]);
}

#[tokio::test]
async fn what_a_client_has_said_while_it_waited_is_handled_though_it_has_left() {
    let (server, mut made) = make();
    let server = start(server).await;
    let mut raws = Vec::new();
    for (farewell, ends) in [(close(1000, ""), false), (Vec::new(), true), (Vec::new(), false)] {
        let mut raw = waiting(&server).await;
        raw.write([said("one"), masked(0x89, "ping"), said("two"), farewell].concat()).await;
        if ends {
            raw.shutdown().await;
        }
        raws.push(raw);
    }
    made.opening().await;
    for _ in 0..50 {
        yield_now().await;
    }
    assert_eq!(made.app.take_log(), [""; 0]);
    made.app.gate.notify_one();
    for raw in &mut raws {
        let mut heard = Vec::new();
        while heard.len() < 4 {
            heard.push(raw.frame().await.unwrap());
        }
        // A pong waits for nobody.
        heard.retain(|frame| *frame != Frame::pong(b"ping"));
        let page = |lines: &str| Frame::text(&format!(r#"{{"type":"page","lines":[{lines}]}}"#));
        assert_eq!(heard, [page(""), page(r#""one""#), page(r#""two""#)]);
    }
    let [closes, ends, stays] = &mut raws[..] else { unreachable!() };
    closes.expect_close(1000, "").await;
    ends.expect_end().await;
    assert!(stays.has_heard_nothing());
}

#[tokio::test]
async fn a_client_that_waits_is_not_read_from_beyond_the_bound() {
    const LINES: usize = 400;
    let (server, mut made) = make();
    let server = start(server).await;
    let mut raw = waiting(&server).await;
    made.opening().await;
    let taken = Arc::new(Mutex::new(0));
    let writing = tokio::spawn({
        let taken = Arc::clone(&taken);
        async move {
            for n in 1..=LINES {
                raw.write(said(&"x".repeat(60_000))).await;
                *taken.lock().unwrap() = n;
            }
            raw
        }
    });
    // Until nothing more is taken, though everybody has had many turns.
    let mut before = 0;
    let stopped_at = within(async {
        loop {
            for _ in 0..1000 {
                yield_now().await;
            }
            let now = *taken.lock().unwrap();
            if now > 0 && now == before {
                return now;
            }
            before = now;
        }
    })
    .await;
    assert!(stopped_at < LINES, "all of it was read while the room was opened");
    made.app.gate.notify_one();
    let _raw = within(writing).await.unwrap();
    within(async {
        while made.app.log.lock().unwrap().len() < LINES + 1 {
            yield_now().await;
        }
    })
    .await;
}
