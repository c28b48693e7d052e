//! Handlers with a deadline of their own, and handlers that overlap.
//!
//! The clock stands still but where everybody waits for it.

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    Batched, Close, CloseCode, ClosedBy, Config, DecodeError, Fault, Hub, Received, Socket, channel, channels, message,
};
use futures::FutureExt;
use support::{Frame, start, text, within};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// Waits until the test says so, and says what it was.
#[message(type = "work")]
pub struct Work {
    job: u32,
}

/// Like [`Work`], of another kind.
#[message(type = "toil")]
pub struct Toil {
    job: u32,
}

/// Like [`Work`], and not concurrent.
#[message(type = "read")]
pub struct Read {
    job: u32,
}

#[message(type = "store")]
pub struct Store {
    job: u32,
}

#[message(type = "done")]
pub struct Done {
    job: u32,
}

#[derive(Clone, Debug)]
pub struct Look;

pub struct App {
    told: mpsc::UnboundedSender<String>,
    /// By job.
    gates: Mutex<HashMap<u32, Arc<Semaphore>>>,
}

impl App {
    fn tell(&self, what: impl Into<String>) {
        // A test that has ended is not told any more.
        let _ = self.told.send(what.into());
    }

    fn gate(&self, job: u32) -> Arc<Semaphore> {
        Arc::clone(self.gates.lock().unwrap().entry(job).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    fn open(&self, job: u32) {
        self.gate(job).add_permits(1);
    }

    async fn work(&self, job: u32) -> Done {
        let dropped = TellsWhenDropped(self, job);
        self.tell(format!("{job} begins"));
        self.gate(job).acquire().await.unwrap().forget();
        std::mem::forget(dropped);
        Done { job }
    }
}

struct TellsWhenDropped<'a>(&'a App, u32);

impl Drop for TellsWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.tell(format!("{} is dropped", self.1));
    }
}

#[channel("/desk", app = App)]
pub struct Desk {
    #[state]
    counted: u32,
}

#[channel(sends(Done))]
impl Desk {
    #[message(concurrent = 2)]
    async fn work(&self, work: Work, app: &App) -> Result<Done, Fault> {
        let done = app.work(work.job).await;
        match done.job {
            13 => panic!("an unlucky job"),
            14 => Err(Fault::new("desk.unlucky", "not today")),
            _ => Ok(done),
        }
    }

    #[message(concurrent = 4, timeout = "3s")]
    async fn toil(&self, toil: Toil, app: &App) -> Done {
        app.work(toil.job).await
    }

    #[message]
    async fn read(&self, read: Read, app: &App) -> Done {
        app.work(read.job).await
    }

    #[message(type = "glance")]
    fn glance(&self, app: &App) {
        app.tell("glanced");
    }

    #[message(batch(size = 1, wait = "1s"))]
    async fn store(batch: Vec<Batched<Self, Store>>, app: &App) {
        for item in batch {
            app.tell(format!("{} stored", item.message.job));
        }
    }

    #[message(type = "count")]
    fn count(&mut self, app: &App) {
        self.counted += 1;
        app.tell(format!("{} counted", self.counted));
    }

    #[message(type = "patient")]
    async fn patient(&mut self, app: &App) -> Done {
        app.work(100).await
    }

    #[message(type = "hasty", timeout = "1500ms")]
    async fn hasty(&mut self, app: &App) -> Done {
        app.work(101).await
    }

    #[message(type = "lasting", timeout = "1min")]
    async fn lasting(&mut self, app: &App) -> Done {
        app.work(102).await
    }

    /// Ends its own connection while others run.
    #[message(type = "kick", concurrent = 1)]
    async fn kick(&self, socket: &Socket<Self>) {
        socket.close(CloseCode::NORMAL, "that is all");
    }

    #[notice]
    fn look(&mut self, _: Look, app: &App) {
        app.tell("looked");
    }

    fn on_invalid(&mut self, _: DecodeError, app: &App) {
        app.tell("invalid");
    }

    fn on_close(&mut self, close: Close, app: &App) {
        app.tell(format!("closed: {:?}", close.by));
    }
}

struct Test {
    server: TestApp<App>,
    app: Arc<App>,
    hub: Hub<Desk>,
    told: mpsc::UnboundedReceiver<String>,
    client: Client<Desk>,
}

impl Test {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let (told, told_of) = mpsc::unbounded_channel();
        let app = Arc::new(App { told, gates: Mutex::default() });
        let channels = channels![Desk];
        let hub = channels.of::<Desk>();
        let server = testing::app(channels.app_arc(Arc::clone(&app)).config(config));
        let client = server.connect::<Desk>("/desk").await.unwrap();
        Self { server, app, hub, told: told_of, client }
    }

    /// A message whose `ref` is its job.
    fn send(&mut self, kind: &str, job: u32) {
        self.client.send_text(&format!(r#"{{"type":"{kind}","ref":{job},"job":{job}}}"#));
    }

    async fn expect_told(&mut self, what: &[&str]) {
        for what in what {
            assert_eq!(within(self.told.recv()).await.as_deref(), Some(*what));
        }
    }

    async fn expect_told_in_any_order(&mut self, what: &[&str]) {
        let mut told = Vec::new();
        for _ in what {
            told.push(within(self.told.recv()).await.unwrap());
        }
        assert!(what.iter().all(|what| told.iter().any(|told| told == what)), "{told:?}");
    }

    /// The session has seen all that was sent, and what it could begin has begun.
    async fn expect_told_nothing(&mut self) {
        self.client.ping("");
        self.client.expect_pong().await;
        assert_eq!(self.told.try_recv().ok(), None);
    }

    /// The answer to this job is next.
    async fn expect_done(&mut self, job: u32) {
        self.app.open(job);
        assert_eq!(self.client.expect_text().await, format!(r#"{{"type":"done","ref":{job},"job":{job}}}"#));
    }

    async fn expect_fault(&mut self, code: &str, job: u32) {
        let text = self.client.expect_text().await;
        let answer = Received::<Desk>::from_text(&text).unwrap();
        assert!(
            text.contains(&format!(r#""code":"{code}""#)) && answer.reference == Some(i64::from(job).into()),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_s_own_deadline_drops_it_and_tells_its_client() {
    let mut test = Test::new().await;
    let begun = Instant::now();
    test.send("hasty", 101);
    test.expect_fault(Fault::TIMEOUT, 101).await;
    assert_eq!(begun.elapsed(), Duration::from_millis(1500));
    test.expect_told(&["101 begins", "101 is dropped"]).await;
    test.send("hasty", 101);
    test.expect_told(&["101 begins"]).await;
    test.expect_done(101).await;
}

#[tokio::test(start_paused = true)]
async fn it_stands_for_that_of_all_handlers_be_it_shorter_or_longer() {
    // Without pings, which nobody here answers meanwhile.
    let config = Config::default().handler_timeout(Duration::from_secs(2)).ping_interval(None);
    let mut test = Test::with(config).await;
    for (kind, job, timeout) in
        [("hasty", 101, 1500), ("patient", 100, 2000), ("toil", 1, 3000), ("lasting", 102, 60_000)]
    {
        let begun = Instant::now();
        test.client.send_text(&format!(r#"{{"type":"{kind}","ref":{job},"job":{job}}}"#));
        // Longer than the patience of the kit.
        let message = within_an_hour(test.told.recv()).await.unwrap();
        assert_eq!(message, format!("{job} begins"));
        assert_eq!(within_an_hour(test.told.recv()).await.unwrap(), format!("{job} is dropped"));
        assert_eq!(begun.elapsed(), Duration::from_millis(timeout), "{kind}");
        test.expect_fault(Fault::TIMEOUT, job).await;
    }
}

async fn within_an_hour<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3600), future).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handler_with_a_deadline_ends_with_its_client_and_others_do_not() {
    let mut test = Test::new().await;
    test.send("lasting", 102);
    test.expect_told(&["102 begins"]).await;
    test.client.close();
    test.expect_told(&["102 is dropped", "closed: Client"]).await;

    let mut test = Test::new().await;
    test.send("patient", 100);
    test.expect_told(&["100 begins"]).await;
    test.client.close();
    test.expect_told_nothing_from_a_client_that_leaves().await;
    test.app.open(100);
    test.expect_told(&["closed: Client"]).await;
}

impl Test {
    /// The session has seen the Close, for it has asked for the next step since.
    async fn expect_told_nothing_from_a_client_that_leaves(&mut self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.told.try_recv().ok(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_overlap_up_to_their_number_and_each_answers_its_own_message() {
    let mut test = Test::new().await;
    for job in 1..=4 {
        test.send("work", job);
    }
    test.expect_told(&["1 begins", "2 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(2).await;
    test.expect_told(&["3 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(3).await;
    test.expect_told(&["4 begins"]).await;
    test.expect_done(4).await;
    test.expect_done(1).await;
    test.client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn handlers_of_different_kinds_overlap_and_begin_in_the_order_of_their_messages() {
    let mut test = Test::new().await;
    for (kind, job) in [("work", 1), ("toil", 2), ("work", 3), ("work", 4), ("toil", 5)] {
        test.send(kind, job);
    }
    // The fourth has no place, and the fifth waits behind it.
    test.expect_told(&["1 begins", "2 begins", "3 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(3).await;
    test.expect_told(&["4 begins", "5 begins"]).await;
    for job in [5, 4, 2, 1] {
        test.expect_done(job).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_concurrent_handler_runs_beside_all_that_take_the_channel_by_reference() {
    let mut test = Test::new().await;
    test.send("work", 1);
    test.client.send(DeskFromClient::Glance);
    test.send("store", 5);
    test.send("read", 10);
    test.send("work", 2);
    test.expect_told(&["1 begins", "glanced"]).await;
    test.expect_told_in_any_order(&["5 stored", "10 begins", "2 begins"]).await;
    assert_eq!(test.client.expect_text().await, r#"{"type":"success","ref":5}"#);
    // Only one that changes it waits for all of them.
    test.client.send(DeskFromClient::Count);
    test.expect_told_nothing().await;
    for job in [2, 10] {
        test.expect_done(job).await;
        test.expect_told_nothing().await;
    }
    test.expect_done(1).await;
    test.expect_told(&["1 counted"]).await;

    test.send("read", 11);
    test.send("toil", 3);
    test.expect_told(&["11 begins", "3 begins"]).await;
    test.expect_done(3).await;
    test.expect_done(11).await;
}

#[tokio::test(start_paused = true)]
async fn handlers_that_are_not_concurrent_run_one_after_another_beside_those_that_are() {
    let mut test = Test::new().await;
    for (kind, job) in [("read", 10), ("work", 1), ("read", 11), ("work", 2)] {
        test.send(kind, job);
    }
    // The second waits for the first, and what came behind it begins after it.
    test.expect_told(&["10 begins", "1 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(10).await;
    test.expect_told(&["11 begins", "2 begins"]).await;
    for job in [2, 1, 11] {
        test.expect_done(job).await;
    }
    test.client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_concurrent_runs_to_its_end_when_its_client_leaves() {
    let mut test = Test::new().await;
    test.send("read", 10);
    test.send("work", 1);
    test.expect_told(&["10 begins", "1 begins"]).await;
    test.client.close();
    test.expect_told(&["1 is dropped"]).await;
    test.expect_told_nothing_from_a_client_that_leaves().await;
    test.app.open(10);
    test.expect_told(&["closed: Client"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_overlap_waits_for_those_before_it_and_holds_those_behind() {
    let mut test = Test::new().await;
    test.send("work", 1);
    test.client.send(DeskFromClient::Count);
    test.send("work", 2);
    test.send("patient", 100);
    test.expect_told(&["1 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(1).await;
    test.expect_told(&["1 counted", "2 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(2).await;
    test.expect_told(&["100 begins"]).await;
    test.expect_done(100).await;
}

#[tokio::test(start_paused = true)]
async fn a_notice_and_an_invalid_message_wait_too() {
    let mut test = Test::new().await;
    test.send("work", 1);
    test.expect_told(&["1 begins"]).await;
    assert_eq!(test.hub.all().notify(Look).recipients, 1);
    test.send("work", 2);
    test.client.send_text(r#"{"type":"work","ref":3,"job":"none"}"#);
    test.send("work", 4);
    test.expect_told_nothing().await;
    test.expect_done(1).await;
    test.expect_told(&["looked", "2 begins"]).await;
    test.expect_told_nothing().await;
    test.expect_done(2).await;
    test.expect_fault(Fault::INVALID_PAYLOAD, 3).await;
    test.expect_told(&["invalid", "4 begins"]).await;
    test.expect_done(4).await;
}

#[tokio::test(start_paused = true)]
async fn pings_and_pongs_hold_nobody_up() {
    let mut test = Test::new().await;
    test.send("work", 1);
    test.client.ping("are you there?");
    test.client.pong("");
    test.send("work", 2);
    assert_eq!(test.client.expect_pong().await, "are you there?");
    test.expect_told(&["1 begins", "2 begins"]).await;
    test.expect_done(2).await;
    test.expect_done(1).await;
}

#[tokio::test(start_paused = true)]
async fn each_has_its_deadline_and_its_fault() {
    let mut test = Test::new().await;
    test.send("toil", 1);
    test.send("work", 14);
    test.send("work", 2);
    test.expect_told(&["1 begins", "14 begins", "2 begins"]).await;
    test.app.open(14);
    test.expect_fault("desk.unlucky", 14).await;
    let begun = Instant::now();
    test.expect_fault(Fault::TIMEOUT, 1).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    test.expect_told(&["1 is dropped"]).await;
    test.expect_done(2).await;
}

#[tokio::test(start_paused = true)]
async fn all_of_them_end_with_their_client() {
    for leaves in [Client::<Desk>::close, |client: &mut Client<Desk>| client.send_raw(&[0xFF, 0xFF])] {
        let mut test = Test::new().await;
        test.send("work", 1);
        test.send("toil", 2);
        test.expect_told(&["1 begins", "2 begins"]).await;
        leaves(&mut test.client);
        let mut dropped = [within(test.told.recv()).await.unwrap(), within(test.told.recv()).await.unwrap()];
        dropped.sort();
        assert_eq!(dropped, ["1 is dropped", "2 is dropped"]);
        assert!(within(test.told.recv()).await.unwrap().starts_with("closed: "));
    }
}

/// Over a socket, for a client that ends its half of the stream and still reads.
#[tokio::test]
async fn a_client_that_ends_its_half_without_a_close_has_left_those_that_work_for_it_alone() {
    let (told, mut told_of) = mpsc::unbounded_channel();
    let app = Arc::new(App { told, gates: Mutex::default() });
    let server = start(channels![Desk].app_arc(Arc::clone(&app))).await;
    let mut raw = server.raw("/desk").await;
    raw.write(text(r#"{"type":"work","ref":1,"job":1}"#)).await;
    assert_eq!(within(told_of.recv()).await.unwrap(), "1 begins");
    raw.shutdown().await;
    assert_eq!(within(told_of.recv()).await.unwrap(), "1 is dropped");
    raw.expect_end().await;

    let mut raw = server.raw("/desk").await;
    raw.write(text(r#"{"type":"lasting","ref":102}"#)).await;
    while within(told_of.recv()).await.unwrap() != "102 begins" {}
    raw.shutdown().await;
    assert_eq!(within(told_of.recv()).await.unwrap(), "102 is dropped");
    raw.expect_end().await;

    let mut raw = server.raw("/desk").await;
    raw.write(text(r#"{"type":"patient","ref":100}"#)).await;
    while within(told_of.recv()).await.unwrap() != "100 begins" {}
    raw.shutdown().await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(raw.has_heard_nothing());
    app.open(100);
    raw.expect(Frame::text(r#"{"type":"done","ref":100,"job":100}"#)).await;
    raw.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_answers_it_and_ends_the_connection() {
    let mut test = Test::new().await;
    test.send("work", 1);
    test.send("work", 13);
    test.expect_told(&["1 begins", "13 begins"]).await;
    test.app.open(13);
    test.expect_fault(Fault::INTERNAL, 13).await;
    assert_eq!(test.client.expect_close().await.0, CloseCode::INTERNAL);
    test.expect_told(&["1 is dropped", "closed: Panic"]).await;
    assert_eq!(test.hub.ended(ClosedBy::Panic), 1);
}

#[tokio::test(start_paused = true)]
async fn where_we_end_the_connection_they_run_to_their_end() {
    let mut test = Test::new().await;
    test.send("work", 1);
    test.client.send(DeskFromClient::Kick);
    test.client.send(DeskFromClient::Count);
    assert_eq!(test.client.expect_close().await, (CloseCode::NORMAL, "that is all".into()));
    test.expect_told(&["1 begins"]).await;
    test.app.open(1);
    test.expect_told(&["closed: Server"]).await;
    test.server.settle().await;
    assert_eq!(test.told.try_recv().ok(), None);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_others_of_its_kind_is_not_begun_once_we_end_the_connection() {
    let mut test = Test::new().await;
    for job in 1..=3 {
        test.send("work", job);
    }
    test.expect_told(&["1 begins", "2 begins"]).await;
    test.expect_told_nothing().await;
    test.hub.all().disconnect(CloseCode::NORMAL, "that is all");
    test.app.open(1);
    test.app.open(2);
    test.expect_told(&["closed: Server"]).await;
    test.server.settle().await;
    assert_eq!(test.told.try_recv().ok(), None);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_for_them_as_long_as_for_others() {
    let mut test = Test::with(Config::default().shutdown_timeout(Duration::from_secs(5))).await;
    test.send("work", 1);
    test.expect_told(&["1 begins"]).await;
    let begun = Instant::now();
    test.server.drain().await;
    assert!((5..=6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    test.expect_told(&["1 is dropped", "closed: Server"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_answers_what_is_being_handled_before_it_says_goodbye() {
    for (kind, job) in [("patient", 100), ("work", 1)] {
        let mut test = Test::new().await;
        test.send(kind, job);
        test.send("count", 2);
        test.expect_told(&[&format!("{job} begins")]).await;
        let mut stopped = Box::pin(test.server.drain());
        assert!(stopped.as_mut().now_or_never().is_none());
        // It may still hear something, and is still answered when it asks whether we are there.
        assert_eq!(test.hub.all().send(Done { job: 7 }).recipients, 1);
        assert_eq!(test.client.expect::<Done>().await.job, 7);
        test.client.ping("");
        test.client.expect_pong().await;
        test.app.open(job);
        assert_eq!(test.client.expect_text().await, format!(r#"{{"type":"done","ref":{job},"job":{job}}}"#));
        assert_eq!(test.client.expect_close().await.0, CloseCode::GOING_AWAY);
        stopped.await;
        assert_eq!(test.told.try_recv().ok().as_deref(), Some("closed: Server"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_that_stops_cancels_is_answered_too() {
    let mut test = Test::with(Config::default().shutdown_timeout(Duration::from_secs(5))).await;
    test.send("work", 1);
    test.send("work", 2);
    test.expect_told(&["1 begins", "2 begins"]).await;
    let mut stopped = Box::pin(test.server.drain());
    assert!(stopped.as_mut().now_or_never().is_none());
    test.app.open(2);
    assert_eq!(test.client.expect_text().await, r#"{"type":"done","ref":2,"job":2}"#);
    stopped.await;
    let text = test.client.expect_text().await;
    let fault = (r#""ref":1"#, r#""code":"timeout","message":"the server stops""#);
    assert!(text.contains(fault.0) && text.contains(fault.1), "{text}");
    assert_eq!(test.client.expect_close().await.0, CloseCode::GOING_AWAY);
    test.expect_told(&["1 is dropped", "closed: Server"]).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_no_answer_is_told_at_once_that_the_server_stops() {
    for (kind, job) in [("patient", 100), ("work", 1)] {
        let mut test = Test::new().await;
        test.client.send_text(&format!(r#"{{"type":"{kind}","job":{job}}}"#));
        test.expect_told(&[&format!("{job} begins")]).await;
        let begun = Instant::now();
        let mut stopped = Box::pin(test.server.drain());
        assert!(stopped.as_mut().now_or_never().is_none());
        assert_eq!(test.client.expect_close().await.0, CloseCode::GOING_AWAY);
        assert_eq!(begun.elapsed(), Duration::ZERO);
        test.app.open(job);
        stopped.await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_the_server_stops_is_left() {
    let mut test = Test::new().await;
    test.send("lasting", 102);
    test.expect_told(&["102 begins"]).await;
    let begun = Instant::now();
    let mut stopped = Box::pin(test.server.drain());
    assert!(stopped.as_mut().now_or_never().is_none());
    test.client.close();
    stopped.await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    test.expect_told(&["102 is dropped", "closed: Server"]).await;
}

#[tokio::test(start_paused = true)]
async fn thousands_in_turns_lose_none_and_mix_nothing_up() {
    let mut test = Test::new().await;
    for job in 1000..3000 {
        test.app.open(job);
        test.send(if job % 3 == 0 { "toil" } else { "work" }, job);
        if job % 7 == 0 {
            test.client.send_text(&format!(r#"{{"type":"count","ref":"c{job}"}}"#));
        }
    }
    let mut expected: Vec<String> =
        (1000..3000).map(|job| format!(r#"{{"type":"done","ref":{job},"job":{job}}}"#)).collect();
    expected
        .extend((1000..3000).filter(|job| job % 7 == 0).map(|job| format!(r#"{{"type":"success","ref":"c{job}"}}"#)));
    let mut answers = Vec::new();
    while let Some(answer) = test.client.try_next_text().await {
        answers.push(answer);
    }
    answers.sort();
    expected.sort();
    assert_eq!(answers, expected);
}
