//! Authority that ends: the client is told before, can renew it where it is, and is closed where it does not; what a new token
//! does not allow any more it leaves.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use channel_runtime::private::set_clock_ahead;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Auth, Authenticate, Close, CloseCode, ClosedBy, Config, Fault, Hub, Reject, Room, Socket, Token, channel, channels,
    message,
};
use tokio::sync::Notify;
use tokio::time::advance;

#[derive(Default)]
pub struct App {
    /// Rooms in which nobody may be any more.
    forbidden: Mutex<HashSet<String>>,
    asked: Mutex<Vec<String>>,
    ended: Mutex<Vec<(ClosedBy, Option<CloseCode>)>>,
    gate: Notify,
}

/// From a token such as `ann 300`: who it is, and for how many seconds; for ever without a number.
pub struct User {
    name: String,
    expires_at: Option<SystemTime>,
}

impl Authenticate<App> for User {
    async fn authenticate(token: Token, _: &App) -> Result<Self, Reject> {
        let (name, seconds) = token.expose().split_once(' ').unwrap_or((token.expose(), ""));
        if name == "bad" {
            return Err(Reject::unauthorized("invalid token"));
        }
        let now = SystemTime::now();
        let expires_at = seconds.parse::<i64>().ok().map(|seconds| {
            let time = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 { now - time } else { now + time }
        });
        Ok(Self { name: name.into(), expires_at })
    }
}

pub struct Desk(String);

impl fmt::Display for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[message(type = "join")]
pub struct Join {
    desk: String,
}

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[channel("/office/:floor", app = App, rooms(Desk))]
pub struct Office {
    floor: u32,
    #[extract]
    user: Auth<User>,
}

#[channel(sends(Say))]
impl Office {
    fn identity(&self) -> &String {
        &self.user.name
    }

    fn expires_at(&self) -> Option<SystemTime> {
        self.user.expires_at
    }

    async fn on_refresh(&mut self, token: Token, socket: &Socket<Self>, app: &App) -> Result<(), Reject> {
        if token.expose().starts_with("slow") {
            socket.send(Say { text: "being verified".into() });
            app.gate.notified().await;
        }
        assert!(!token.expose().starts_with("cursed"), "a token that panics");
        self.user = Auth::from_token(token, app).await?;
        Ok(())
    }

    async fn on_reauthorize(&mut self, room: Room<Self>, app: &App) -> Result<(), Fault> {
        assert!(room.path().is_none_or(|path| path == format!("/office/{}", self.floor)));
        app.asked.lock().unwrap().push(room.name().into());
        if room.name() == "desk:hangs" {
            std::future::pending::<()>().await;
        }
        if app.forbidden.lock().unwrap().contains(room.name()) {
            return Err(Fault::forbidden("not yours any more"));
        }
        Ok(())
    }

    #[message]
    fn join(&mut self, join: Join, socket: &Socket<Self>) {
        assert!(socket.join(&Desk(join.desk)));
    }

    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        socket.room().send(say);
    }

    #[message(type = "ponder", concurrent = 4)]
    async fn ponder(&self, app: &App) -> Say {
        app.gate.notified().await;
        Say { text: format!("{} has pondered", self.user.name) }
    }

    /// Until its connection ends.
    #[message(type = "work")]
    async fn work(&mut self, socket: &Socket<Self>) {
        socket.closed().await;
    }

    fn on_close(&mut self, close: Close, app: &App) {
        app.ended.lock().unwrap().push((close.by, close.code));
    }
}

/// With an end, and nothing to renew it.
#[channel("/guests", app = App)]
pub struct Guests {
    #[extract]
    user: Auth<User>,
}

#[channel]
impl Guests {
    fn expires_at(&self) -> SystemTime {
        self.user.expires_at.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

struct Test {
    app: TestApp<App>,
    state: Arc<App>,
    hub: Hub<Office>,
}

impl Test {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let channels = channels![Office, Guests];
        let (hub, state) = (channels.of::<Office>(), Arc::new(App::default()));
        // No pings: the clock is moved by hours.
        let server = channels.app_arc(Arc::clone(&state)).config(config.ping_interval(None));
        Self { app: testing::app(server), state, hub }
    }

    async fn client(&self, token: &str) -> Client<Office> {
        self.app.connect::<Office>("/office/1").query("token", token).await.unwrap()
    }

    fn ended(&self) -> Vec<(ClosedBy, Option<CloseCode>)> {
        self.state.ended.lock().unwrap().drain(..).collect()
    }

    fn forbid(&self, room: &str) {
        self.state.forbidden.lock().unwrap().insert(room.into());
    }
}

/// So many seconds; who waits for one of them has its turn.
async fn seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// What is left of so many seconds, when the clock on the wall has gone on a little.
fn assert_about(left: Duration, seconds: u64) {
    let expected = Duration::from_secs(seconds);
    assert!(left <= expected && left > expected / 2, "{left:?} is not about {expected:?}");
}

/// A machine that was suspended, and one whose clock is set right.
#[tokio::test(start_paused = true)]
async fn an_authority_ends_by_the_clock_on_the_wall_too() {
    let test = Test::new();
    let (mut ann, mut bob) = (test.client("ann 300").await, test.client("bob 7200").await);
    seconds(1).await;
    set_clock_ahead(&test.hub, Duration::from_secs(200));
    seconds(2).await;
    ann.expect_nothing().await;
    // Forty of the hundred that are left: then it is told.
    seconds(40).await;
    assert!(ann.expect_text().await.starts_with(r#"{"type":"$auth_expiring","in_ms":"#));
    set_clock_ahead(&test.hub, Duration::from_secs(301));
    seconds(2).await;
    assert_expired(&test, &mut ann).await;
    // Set back again, it gives nobody more time than the timers do.
    set_clock_ahead(&test.hub, Duration::ZERO);
    seconds(6840).await;
    assert!(bob.expect_text().await.starts_with(r#"{"type":"$auth_expiring","in_ms":"#));
    seconds(320).await;
    assert_expired(&test, &mut bob).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_past_the_end_ends_it_without_a_warning_s_time() {
    let test = Test::new();
    let mut ann = test.client("ann 300").await;
    seconds(1).await;
    set_clock_ahead(&test.hub, Duration::from_secs(3600));
    seconds(2).await;
    assert_eq!(ann.expect_text().await, r#"{"type":"$auth_expiring","in_ms":0}"#);
    assert_expired(&test, &mut ann).await;
    let refused = test.app.connect::<Office>("/office/1").query("token", "bob 3599").await.unwrap_err();
    assert_eq!((refused.status.as_u16(), &*refused.message), (401, "it has expired"));
}

async fn assert_expired(test: &Test, client: &mut Client<Office>) {
    assert_eq!(client.expect_close().await, (CloseCode::UNAUTHORIZED, "the authority has expired".into()));
    test.app.settle().await;
    assert_eq!(test.ended(), [(ClosedBy::Expired, Some(CloseCode::UNAUTHORIZED))]);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_a_minute_before_the_end_and_closed_when_it_comes() {
    let test = Test::new();
    let mut client = test.client("ann 3600").await;
    seconds(3500).await;
    client.expect_nothing().await;
    seconds(41).await;
    assert_eq!(client.expect_auth_expiring().await, Duration::from_secs(60));
    seconds(50).await;
    client.send(Say { text: "still here".into() });
    assert_eq!(client.expect::<Say>().await.text, "still here");
    seconds(10).await;
    assert_expired(&test, &mut client).await;
    assert_eq!(test.hub.ended(ClosedBy::Expired), 1);
}

#[tokio::test(start_paused = true)]
async fn who_has_little_time_is_told_when_a_fifth_is_left() {
    let test = Test::with(Config::default().auth_warning(Duration::from_secs(1000)));
    let mut client = test.client("ann 100").await;
    seconds(75).await;
    client.expect_nothing().await;
    seconds(6).await;
    assert_about(client.expect_auth_expiring().await, 20);
    seconds(20).await;
    assert_expired(&test, &mut client).await;

    let mut patient = test.client("ann 10000").await;
    seconds(8990).await;
    patient.expect_nothing().await;
    seconds(11).await;
    assert_eq!(patient.expect_auth_expiring().await, Duration::from_secs(1000));
}

#[tokio::test(start_paused = true)]
async fn a_new_token_renews_it_where_it_is() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    for _ in 0..5 {
        seconds(541).await;
        assert_eq!(client.expect_auth_expiring().await, Duration::from_secs(60));
        let answer = client.refresh("ann 600").success().await;
        assert_about(Duration::from_millis(answer["expires_in_ms"].as_u64().unwrap()), 600);
        client.expect_nothing().await;
    }
    client.refresh("ann 100").success().await;
    seconds(81).await;
    assert_about(client.expect_auth_expiring().await, 20);
    assert!(client.refresh("ann").success().await.is_null());
    seconds(1_000_000).await;
    client.expect_nothing().await;
    assert_eq!(test.ended(), []);
    client.refresh("ann -5").success().await;
    assert_eq!(client.expect_auth_expiring().await, Duration::ZERO);
    assert_expired(&test, &mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_is_answered_and_changes_nothing() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    for _ in 0..3 {
        let fault = client.refresh("bad 6000").error(Fault::UNAUTHORIZED).await;
        assert_eq!(fault.message, "invalid token");
    }
    assert!(test.state.asked.lock().unwrap().is_empty());
    seconds(541).await;
    assert_eq!(client.expect_auth_expiring().await, Duration::from_secs(60));
    seconds(60).await;
    assert_expired(&test, &mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_runs_at_the_end_is_told_of_it() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    client.send(OfficeFromClient::Work);
    seconds(541).await;
    assert_eq!(client.expect_auth_expiring().await, Duration::from_secs(60));
    seconds(60).await;
    assert_expired(&test, &mut client).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_no_end_and_what_lies_beyond_all_clocks_does_not_end() {
    let test = Test::new();
    let mut never = test.client("ann").await;
    let mut late = test.client(&format!("ann {}", i64::MAX / 4_000_000_000)).await;
    seconds(1_000_000).await;
    never.expect_nothing().await;
    late.expect_nothing().await;
    assert_eq!(test.ended(), []);
}

#[tokio::test]
async fn who_comes_too_late_is_refused_before_the_upgrade() {
    let test = Test::new();
    let late = test.app.connect::<Office>("/office/1").query("token", "ann -1").await.unwrap_err();
    assert_eq!((late.status.as_u16(), late.message.as_str()), (401, "it has expired"));
    assert!(test.app.connect::<Guests>("/guests").query("token", "ann 60").await.is_ok());
    assert_eq!(test.app.connect::<Guests>("/guests").query("token", "ann").await.unwrap_err().status, 401);
}

#[tokio::test]
async fn without_on_refresh_nobody_knows_it() {
    let test = Test::new();
    let mut guest = test.app.connect::<Guests>("/guests").query("token", "ann 600").await.unwrap();
    guest.refresh("ann 6000").error(Fault::UNKNOWN_TYPE).await;
}

#[tokio::test]
async fn a_broken_refresh_is_an_invalid_message_that_repeats_no_secret() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    for broken in [
        r#"{"type":"$auth"}"#,
        r#"{"type":"$auth","token":null}"#,
        r#"{"type":"$auth","token":["s3cret"]}"#,
        r#"{"token":53,"type":"$auth"}"#,
        r#"{"type":"$auth","token":"s3cret","token":"s3cret"}"#,
    ] {
        client.send_text(broken);
        let fault = client.expect_error(Fault::INVALID_PAYLOAD).await;
        assert_eq!(fault.details["path"], "token", "{broken}");
        assert!(!format!("{fault:?}").contains("s3cret"), "{broken}: {fault:?}");
    }
    client.send_text(r#"{"type":"$other","token":"ann 6000"}"#);
    client.expect_error(Fault::UNKNOWN_TYPE).await;
    // Without a `ref` there is no answer, as to any message; whatever stands first.
    client.send_text(r#"{"token":"ann 6000","more":[1],"type":"$auth"}"#);
    client.expect_nothing().await;
    assert_eq!(*test.state.asked.lock().unwrap(), ["/office/1"]);
}

#[tokio::test]
async fn a_connection_stays_its_users() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    let fault = client.refresh("eve 600").error(Fault::FORBIDDEN).await;
    assert_eq!(fault.message, "a connection stays its user's");
    assert_eq!(client.expect_close().await, (CloseCode::FORBIDDEN, fault.message));
    assert!(test.state.asked.lock().unwrap().is_empty());
    assert_eq!(test.ended(), [(ClosedBy::Server, Some(CloseCode::FORBIDDEN))]);
}

#[tokio::test]
async fn each_room_is_decided_again_and_left_where_it_is_refused() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    for desk in ["a", "b", "c"] {
        client.request(Join { desk: desk.into() }).success().await;
    }
    client.refresh("ann 600").success().await;
    let asked = || test.state.asked.lock().unwrap().drain(..).collect::<Vec<_>>();
    assert_eq!(asked(), ["/office/1", "desk:a", "desk:b", "desk:c"]);
    client.expect_nothing().await;

    test.forbid("desk:b");
    let _ = client.refresh("ann 600");
    let text = client.expect_text().await;
    assert!(
        text.starts_with(r#"{"type":"error","$room":"desk:b","code":"forbidden","message":"not yours any more""#),
        "{text}"
    );
    client.expect_success().await;
    let members = |desk: &str| test.hub.room(&Desk(desk.into())).len();
    assert_eq!([members("a"), members("b"), members("c")], [1, 0, 1]);
    test.hub.room(&Desk("b".into())).send(Say { text: "not for ann".into() });
    test.hub.room(&Desk("c".into())).send(Say { text: "for ann".into() });
    assert_eq!(client.expect::<Say>().await.text, "for ann");
    // It is not asked about what it has left.
    asked();
    client.refresh("ann 600").success().await;
    let mut again = asked();
    again.sort();
    assert_eq!(again, ["/office/1", "desk:a", "desk:c"]);
}

#[tokio::test]
async fn who_may_not_stay_in_the_paths_own_room_is_closed() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    client.request(Join { desk: "a".into() }).success().await;
    test.forbid("/office/1");
    let fault = client.refresh("ann 600").error(Fault::FORBIDDEN).await;
    assert_eq!(client.expect_close().await, (CloseCode::FORBIDDEN, fault.message));
    assert_eq!(*test.state.asked.lock().unwrap(), ["/office/1"]);
}

#[tokio::test(start_paused = true)]
async fn where_not_all_is_decided_the_end_is_the_old_one() {
    let test = Test::with(Config::default().handler_timeout(Duration::from_secs(10)));
    let mut client = test.client("ann 600").await;
    client.request(Join { desk: "hangs".into() }).success().await;
    let _ = client.refresh("ann 6000");
    seconds(0).await;
    seconds(11).await;
    client.expect_error(Fault::TIMEOUT).await;
    seconds(530).await;
    assert_eq!(client.expect_auth_expiring().await, Duration::from_secs(60));
    seconds(60).await;
    assert_expired(&test, &mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_the_connection_and_a_slow_verification_its_own_time() {
    let test = Test::new();
    let mut cursed = test.client("ann 600").await;
    cursed.refresh("cursed").error(Fault::INTERNAL).await;
    assert_eq!(cursed.expect_close().await.0, CloseCode::INTERNAL);
    assert_eq!(test.ended().len(), 1);

    let mut slow = test.client("slow 600").await;
    let _ = slow.refresh("slow 6000");
    assert_eq!(slow.expect::<Say>().await.text, "being verified");
    seconds(541).await;
    slow.expect_auth_expiring().await;
    seconds(60).await;
    test.state.gate.notify_one();
    assert_expired(&test, &mut slow).await;
}

#[tokio::test]
async fn a_refresh_has_its_turn_behind_handlers_that_overlap() {
    let test = Test::new();
    let mut client = test.client("ann 600").await;
    for _ in 0..2 {
        client.send(OfficeFromClient::Ponder);
    }
    let _ = client.refresh("ann 6000");
    client.send(Say { text: "behind it".into() });
    for _ in 0..2 {
        test.state.gate.notify_one();
        assert_eq!(client.expect::<Say>().await.text, "ann has pondered");
    }
    client.expect_success().await;
    assert_eq!(client.expect::<Say>().await.text, "behind it");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_ended_leaves_no_timer() {
    let test = Test::new();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = test.client("ann 600").await;
        client.refresh("ann 6000").success().await;
        client.refresh("ann 60000").success().await;
        clients.push(client);
    }
    test.app.settle().await;
    assert_eq!(tasks(), before + 22, "a session and a timer each, one that compares the clocks, and the heartbeat");
    drop(clients);
    test.app.settle().await;
    seconds(3).await;
    assert_eq!(tasks(), before);
}
