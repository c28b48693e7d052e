//! Idempotent messages: whoever says one again gets the answer that was given before, and it is handled once.
//!
//! The clock stands still but where a test advances it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Answer, Batched, Fault, Hub, Socket, Success, Text, channel, channels, message};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::advance;

macro_rules! messages {
    ($($name:ident $wire:literal),*) => {
        $(#[message(type = $wire)] pub struct $name {})*
    };
}

messages! {
    Bid "bid", Quiet "quiet", Data "data", Fail "fail", Panic "panic", Slow "slow", Limited "limited", Beside "beside",
    Later "later", LetGo "let_go", Gather "gather", Rated "rated", Picture "picture", Raw "raw", Long "long", Plain "plain"
}

/// How many were handled before it.
#[message(type = "done")]
#[derive(Debug, PartialEq)]
pub struct Done {
    before: usize,
}

#[message(type = "asked")]
pub struct Asked {
    again: bool,
}

#[message(type = "ask_again")]
pub struct AskAgain {}

/// It takes no other key.
#[message(type = "closed")]
#[serde(deny_unknown_fields)]
pub struct Closed {
    n: u32,
}

#[message(type = "close")]
pub struct CloseIt {}

#[derive(Default)]
pub struct App {
    handled: AtomicUsize,
    gate: Notify,
    is_open: AtomicBool,
    later: Mutex<Vec<Answer<Auction>>>,
}

impl App {
    fn handle(&self) -> Done {
        Done { before: self.handled.fetch_add(1, Ordering::SeqCst) }
    }

    async fn wait(&self) -> Done {
        let done = self.handle();
        while !self.is_open.load(Ordering::SeqCst) {
            self.gate.notified().await;
        }
        done
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.gate.notify_waiters();
    }

    fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }
}

#[channel("/auction/:user", app = App)]
pub struct Auction {
    user: String,
}

#[channel(sends(Done, Asked, Closed, Bytes, Text))]
impl Auction {
    fn identity(&self) -> Option<&String> {
        Some(&self.user).filter(|user| *user != "guest")
    }

    #[message(idempotent)]
    fn bid(&mut self, _: Bid, app: &App) -> Done {
        app.handle()
    }

    #[message(idempotent)]
    fn quiet(&mut self, _: Quiet, app: &App) {
        app.handle();
    }

    #[message(idempotent)]
    fn data(&mut self, _: Data, app: &App) -> Success<usize> {
        Success(app.handle().before)
    }

    #[message(idempotent)]
    fn fail(&mut self, _: Fail, app: &App) -> Result<(), Fault> {
        let Done { before } = app.handle();
        Err(Fault::new("auction.over", "it is over").with_details(json!({ "before": before })))
    }

    #[message(idempotent)]
    fn panic(&mut self, _: Panic, app: &App) {
        app.handle();
        std::panic::resume_unwind(Box::new("a handler that panics"))
    }

    #[message(idempotent)]
    async fn slow(&self, _: Slow, app: &App) -> Done {
        app.wait().await
    }

    #[message(idempotent, timeout = "10s")]
    async fn limited(&self, _: Limited, app: &App) -> Done {
        app.wait().await
    }

    #[message(idempotent, concurrent = 2)]
    async fn beside(&self, _: Beside, app: &App) -> Done {
        app.wait().await
    }

    #[message(idempotent)]
    fn later(&mut self, _: Later, socket: &Socket<Self>, app: &App) {
        app.handle();
        app.later.lock().unwrap().push(socket.defer());
    }

    #[message(idempotent)]
    fn let_go(&mut self, _: LetGo, socket: &Socket<Self>, app: &App) {
        app.handle();
        drop(socket.defer());
    }

    #[message(idempotent, batch(size = 4, wait = "1s"))]
    async fn gathers(app: &App, batch: Vec<Batched<Self, Gather>>) {
        for item in batch {
            item.reply(app.handle());
        }
    }

    #[message(idempotent, rate = "1/s", burst = 1)]
    fn rated(&mut self, _: Rated, app: &App) -> Done {
        app.handle()
    }

    #[message(idempotent)]
    fn picture(&mut self, _: Picture, app: &App) -> Bytes {
        app.handle();
        Bytes::from_static(b"\x07picture")
    }

    #[message(idempotent)]
    fn raw(&mut self, _: Raw, app: &App) -> Text {
        app.handle();
        "as it is".into()
    }

    #[message(idempotent)]
    fn long(&mut self, _: Long, app: &App) -> Success<String> {
        app.handle();
        Success("a".repeat(70_000))
    }

    #[message(idempotent)]
    fn ask_again(&mut self, _: AskAgain) -> Asked {
        Asked { again: false }
    }

    #[message(idempotent)]
    fn close_it(&mut self, _: CloseIt) -> Closed {
        Closed { n: 1 }
    }

    #[message]
    fn plain(&mut self, _: Plain, app: &App) -> Done {
        app.handle()
    }
}

struct Fair {
    app: Arc<App>,
    server: TestApp<App>,
    hub: Hub<Auction>,
}

impl Fair {
    fn new() -> Self {
        let (app, channels) = (Arc::new(App::default()), channels![Auction]);
        let hub = channels.of::<Auction>();
        Self { server: testing::app(channels.app_arc(Arc::clone(&app))), app, hub }
    }

    async fn client(&self, user: &str) -> Client<Auction> {
        self.server.connect::<Auction>(&format!("/auction/{user}")).await.expect("nobody is refused")
    }

    fn said_again(&self) -> u64 {
        self.hub.stats().said_again
    }
}

fn say(client: &mut Client<Auction>, kind: &str, reference: u32, id: &str) {
    client.send_text(&json!({ "type": kind, "ref": reference, "$id": id }).to_string());
}

async fn answer(client: &mut Client<Auction>) -> Value {
    serde_json::from_str(&client.expect_text().await).expect("an answer is JSON")
}

/// Says it and returns the answer.
async fn ask(client: &mut Client<Auction>, kind: &str, reference: u32, id: &str) -> Value {
    say(client, kind, reference, id);
    answer(client).await
}

/// The answer as it is given again to another `ref`.
fn again(mut first: Value, reference: u32) -> Value {
    first["ref"] = reference.into();
    first["$again"] = true.into();
    first
}

#[tokio::test(start_paused = true)]
async fn said_again_it_gets_the_same_answer_and_is_handled_once() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for (n, kind) in ["bid", "quiet", "data", "fail"].into_iter().enumerate() {
        let first = ask(&mut ann, kind, 1, kind).await;
        assert_eq!((&first["ref"], first.get("$again")), (&json!(1), None), "{first}");
        assert_eq!(ask(&mut ann, kind, 2, kind).await, again(first.clone(), 2));
        assert_eq!(ask(&mut ann, kind, 3, kind).await, again(first, 3));
        assert_eq!(fair.app.handled(), n + 1, "{kind}");
    }
    assert_eq!(fair.said_again(), 8);
}

#[tokio::test(start_paused = true)]
async fn the_frames_are_to_the_byte_as_without_an_id() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for (said, heard) in [
        (r#"{"type":"bid","ref":"r\"1","$id":"a"}"#, r#"{"type":"done","ref":"r\"1","before":0}"#),
        (r#"{"type":"bid","ref":7,"$id":"a"}"#, r#"{"type":"done","ref":7,"$again":true,"before":0}"#),
        (r#"{"$id":"a","type":"bid"}"#, r#"{"type":"done","$again":true,"before":0}"#),
        (r#"{"type":"quiet","ref":8,"$id":"b"}"#, r#"{"type":"success","ref":8}"#),
        (r#"{"type":"quiet","ref":9,"$id":"b"}"#, r#"{"type":"success","ref":9,"$again":true}"#),
        (r#"{"type":"ask_again","ref":1,"$id":"c"}"#, r#"{"type":"asked","ref":1,"again":false}"#),
        (r#"{"type":"ask_again","ref":2,"$id":"c"}"#, r#"{"type":"asked","ref":2,"$again":true,"again":false}"#),
        (r#"{"type":"close","ref":1,"$id":"d"}"#, r#"{"type":"closed","ref":1,"n":1}"#),
        (r#"{"type":"close","ref":2,"$id":"d"}"#, r#"{"type":"closed","ref":2,"$again":true,"n":1}"#),
    ] {
        ann.send_text(said);
        assert_eq!(ann.expect_text().await, heard);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_without_a_ref_is_answered_by_what_such_a_message_is() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    ann.send_text(r#"{"type":"data","$id":"a"}"#);
    ann.expect_nothing().await;
    let given = ask(&mut ann, "data", 2, "a").await;
    assert_eq!((&given["data"], &given["$again"]), (&json!(0), &json!(true)));
    ann.send_text(r#"{"type":"data","$id":"a"}"#);
    ann.expect_nothing().await;
    ann.send_text(r#"{"type":"quiet","$id":"b"}"#);
    ann.expect_nothing().await;
    assert_eq!(ask(&mut ann, "quiet", 3, "b").await, json!({ "type": "success", "ref": 3, "$again": true }));
    assert_eq!(fair.app.handled(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_an_id_or_of_a_type_that_is_not_idempotent_it_is_handled_each_time() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for n in 0..2 {
        ann.send_text(r#"{"type":"bid","ref":1}"#);
        assert_eq!(answer(&mut ann).await["before"], json!(2 * n));
        assert_eq!(ask(&mut ann, "plain", 1, "a").await, json!({ "type": "done", "ref": 1, "before": 2 * n + 1 }));
    }
}

#[tokio::test(start_paused = true)]
async fn two_ids_two_users_and_two_types_are_different_messages() {
    let fair = Fair::new();
    let (mut ann, mut bob) = (fair.client("ann").await, fair.client("bob").await);
    assert_eq!(ask(&mut ann, "bid", 1, "a").await["before"], json!(0));
    assert_eq!(ask(&mut ann, "bid", 1, "b").await["before"], json!(1));
    assert_eq!(ask(&mut bob, "bid", 1, "a").await["before"], json!(2));
    assert_eq!(ask(&mut bob, "bid", 2, "a").await["before"], json!(2));
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_and_on_another_connection_of_the_user_the_answer_is_the_first() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    let first = ask(&mut ann, "bid", 1, "a").await;
    drop(ann);
    let (mut phone, mut laptop) = (fair.client("ann").await, fair.client("ann").await);
    assert_eq!(ask(&mut phone, "bid", 2, "a").await, again(first.clone(), 2));
    assert_eq!(ask(&mut laptop, "bid", 3, "a").await, again(first, 3));
}

#[tokio::test(start_paused = true)]
async fn guests_are_known_within_their_connection() {
    let fair = Fair::new();
    let (mut one, mut other) = (fair.client("guest").await, fair.client("guest").await);
    assert_eq!(ask(&mut one, "bid", 1, "a").await["before"], json!(0));
    assert_eq!(ask(&mut one, "bid", 2, "a").await["before"], json!(0));
    assert_eq!(ask(&mut other, "bid", 1, "a").await["before"], json!(1));
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_comes_back_is_known_by_the_secret_before_the_last_hyphen() {
    let fair = Fair::new();
    let id = |n: u32| format!("5a1f90c2e3b84d77-{n}");
    let mut lost = fair.client("guest").await;
    let first = ask(&mut lost, "bid", 1, &id(1)).await;
    drop(lost);
    let mut back = fair.client("guest").await;
    assert_eq!(ask(&mut back, "bid", 1, &id(1)).await, again(first, 1));
    assert_eq!(ask(&mut back, "bid", 2, &id(2)).await["before"], json!(1));
    // A user is no guest, whatever is in its messages.
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "bid", 1, &id(1)).await["before"], json!(2));
    // Fifteen bytes are no secret.
    assert_eq!(ask(&mut back, "bid", 3, "5a1f90c2e3b84d7-1").await["before"], json!(3));
    let mut other = fair.client("guest").await;
    assert_eq!(ask(&mut other, "bid", 1, "5a1f90c2e3b84d7-1").await["before"], json!(4));
}

#[tokio::test(start_paused = true)]
async fn who_has_an_identity_now_is_another_one_than_the_guest_before() {
    let fair = Fair::new();
    let id = "5a1f90c2e3b84d77-1";
    for (now, before) in ["guest", "ann", "guest", "ann"].into_iter().zip([0, 1, 0, 1]) {
        let mut client = fair.client(now).await;
        assert_eq!(ask(&mut client, "bid", 1, id).await["before"], json!(before), "{now}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_with_many_secrets_pushes_out_its_own_messages_alone() {
    let fair = Fair::new();
    let (mut ann, mut eve) = (fair.client("guest").await, fair.client("guest").await);
    let id = |secret: u32, n: u32| format!("{secret:016}-{n}");
    let first = ask(&mut ann, "bid", 1, &id(0, 1)).await;
    let own = ask(&mut eve, "bid", 1, &id(1, 1)).await;
    for secret in 2..1000 {
        ask(&mut eve, "bid", secret, &id(secret, 1)).await;
    }
    // Its newest 64 of other secrets than its first, on this connection alone.
    let last = ask(&mut eve, "bid", 1, &id(999, 1)).await;
    assert_eq!(last["$again"], json!(true));
    assert_eq!(ask(&mut eve, "bid", 1, &id(2, 1)).await["$again"], json!(null));
    assert_eq!(ask(&mut eve, "bid", 1, &id(1, 1)).await, again(own.clone(), 1));
    let mut back = fair.client("guest").await;
    assert_eq!(ask(&mut back, "bid", 1, &id(1, 1)).await, again(own, 1));
    assert_eq!(ask(&mut back, "bid", 1, &id(999, 1)).await["$again"], json!(null));
    assert_eq!(ask(&mut ann, "bid", 1, &id(0, 1)).await, again(first, 1));
}

#[tokio::test(start_paused = true)]
async fn said_twice_at_once_both_get_the_answer_when_the_first_is_done() {
    for kind in ["slow", "limited", "beside"] {
        let fair = Fair::new();
        let (mut phone, mut laptop) = (fair.client("ann").await, fair.client("ann").await);
        say(&mut phone, kind, 1, "a");
        yield_now().await;
        while fair.app.handled() == 0 {
            yield_now().await;
        }
        say(&mut laptop, kind, 2, "a");
        // Who waits goes on with other messages.
        assert_eq!(ask(&mut laptop, "plain", 3, "b").await["ref"], json!(3));
        fair.app.open();
        let first = answer(&mut phone).await;
        assert_eq!(answer(&mut laptop).await, again(first, 2), "{kind}");
        assert_eq!(fair.app.handled(), 2, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_client_goes_is_finished_for_the_client_that_comes_back() {
    for kind in ["slow", "limited", "beside"] {
        let fair = Fair::new();
        let mut lost = fair.client("ann").await;
        say(&mut lost, kind, 1, "a");
        while fair.app.handled() == 0 {
            yield_now().await;
        }
        drop(lost);
        let mut ann = fair.server.connect::<Auction>("/auction/ann").without_waiting().await.unwrap();
        say(&mut ann, kind, 2, "a");
        for _ in 0..100 {
            yield_now().await;
        }
        fair.app.open();
        assert_eq!(answer(&mut ann).await, json!({ "type": "done", "ref": 2, "$again": true, "before": 0 }), "{kind}");
        assert_eq!(fair.app.handled(), 1, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deferred_answer_is_kept_and_waited_for() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    say(&mut ann, "later", 1, "a");
    say(&mut ann, "later", 2, "a");
    assert_eq!(ask(&mut ann, "plain", 3, "b").await["before"], json!(1));
    let deferred = fair.app.later.lock().unwrap().pop().expect("it was deferred");
    assert!(fair.app.later.lock().unwrap().is_empty());
    deferred.send(Done { before: 77 });
    let done = json!({ "type": "done", "ref": 1, "before": 77 });
    assert_eq!(answer(&mut ann).await, done);
    assert_eq!(answer(&mut ann).await, again(done.clone(), 2));
    assert_eq!(ask(&mut ann, "later", 4, "a").await, again(done, 4));

    let dropped = ask(&mut ann, "let_go", 5, "c").await;
    assert_eq!((&dropped["type"], &dropped["code"]), (&json!("error"), &json!("internal")));
    assert_eq!(ask(&mut ann, "let_go", 6, "c").await, again(dropped, 6));
    ann.send_text(r#"{"type":"let_go","$id":"d"}"#);
    ann.expect_nothing().await;
    assert_eq!(ask(&mut ann, "let_go", 7, "d").await["code"], json!("cancelled"));
    assert_eq!(fair.app.handled(), 4);
}

#[tokio::test(start_paused = true)]
async fn in_a_batch_each_is_answered_and_the_second_waits_for_the_first() {
    let fair = Fair::new();
    let (mut ann, mut bob) = (fair.client("ann").await, fair.client("bob").await);
    say(&mut ann, "gather", 1, "a");
    say(&mut ann, "gather", 2, "a");
    say(&mut ann, "gather", 3, "b");
    let first = answer(&mut ann).await;
    assert_eq!(first, json!({ "type": "done", "ref": 1, "before": 0 }));
    assert_eq!(answer(&mut ann).await, again(first.clone(), 2));
    assert_eq!(answer(&mut ann).await, json!({ "type": "done", "ref": 3, "before": 1 }));
    assert_eq!(ask(&mut bob, "gather", 1, "a").await, json!({ "type": "done", "ref": 1, "before": 2 }));
    assert_eq!(ask(&mut ann, "gather", 4, "a").await, again(first, 4));
    assert_eq!(fair.app.handled(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_timeout_are_kept_and_nothing_is_tried_again() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    let panicked = ask(&mut ann, "panic", 1, "a").await;
    assert_eq!(panicked["code"], json!("internal"));
    ann.expect_close().await;
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "panic", 2, "a").await, again(panicked, 2), "and the connection stays");
    // Without a `ref` the close is all that the client hears.
    ann.send_text(r#"{"type":"panic","$id":"b"}"#);
    ann.expect_close().await;
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "panic", 3, "b").await["code"], json!("internal"));

    say(&mut ann, "limited", 4, "c");
    yield_now().await;
    advance(Duration::from_secs(10)).await;
    let timed_out = answer(&mut ann).await;
    assert_eq!(timed_out["code"], json!("timeout"));
    assert_eq!(ask(&mut ann, "limited", 5, "c").await, again(timed_out, 5));
    assert_eq!(fair.app.handled(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_before_its_handler_may_be_said_again_and_is_handled() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "rated", 1, "a").await["before"], json!(0));
    assert_eq!(ask(&mut ann, "rated", 2, "b").await["code"], json!("rate_limited"));
    advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&mut ann, "rated", 3, "b").await, json!({ "type": "done", "ref": 3, "before": 1 }));
    ann.send_text(r#"{"type":"bid","ref":4,"$id":"c","amount":"#);
    assert_eq!(answer(&mut ann).await["code"], json!("malformed"));
    assert_eq!(ask(&mut ann, "bid", 5, "c").await, json!({ "type": "done", "ref": 5, "before": 2 }));
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_none_is_refused_and_says_why() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for id in [json!("x".repeat(65)), json!(""), json!(7), json!({}), json!(true)] {
        ann.send_text(&json!({ "type": "bid", "ref": 1, "$id": id }).to_string());
        let refused = answer(&mut ann).await;
        assert_eq!(refused["code"], json!("malformed"), "{id}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("as `$id` a string of 1 to 64 bytes"), "{message}");
    }
    assert_eq!(fair.app.handled(), 0);
    assert_eq!(ask(&mut ann, "bid", 1, &"x".repeat(64)).await["type"], json!("done"));
}

#[tokio::test(start_paused = true)]
async fn after_five_minutes_it_is_handled_anew() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "bid", 1, "a").await["before"], json!(0));
    advance(Duration::from_secs(299)).await;
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "bid", 2, "a").await["before"], json!(0));
    advance(Duration::from_secs(1)).await;
    let mut ann = fair.client("ann").await;
    assert_eq!(ask(&mut ann, "bid", 3, "a").await, json!({ "type": "done", "ref": 3, "before": 1 }));
}

#[tokio::test(start_paused = true)]
async fn bytes_and_raw_text_go_before_the_answer_each_time() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for (reference, again) in [(1, None), (2, Some(true))] {
        say(&mut ann, "picture", reference, "a");
        assert_eq!(&ann.expect_binary().await[..], b"\x07picture");
        assert_eq!(answer(&mut ann).await.get("$again").and_then(Value::as_bool), again);
        say(&mut ann, "raw", reference, "b");
        assert_eq!(ann.expect_text().await, "as it is");
        assert_eq!(answer(&mut ann).await.get("$again").and_then(Value::as_bool), again);
    }
    // Without a `ref` there is no `success` behind it.
    ann.send_text(r#"{"type":"raw","$id":"b"}"#);
    assert_eq!(ann.expect_text().await, "as it is");
    ann.expect_nothing().await;
    assert_eq!(fair.app.handled(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_is_not_given_again_and_the_message_is_not_handled_again() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    let first = ask(&mut ann, "long", 1, "a").await;
    assert_eq!(first["data"].as_str().map(str::len), Some(70_000));
    let again = ask(&mut ann, "long", 2, "a").await;
    assert_eq!((&again["code"], &again["ref"], &again["$again"]), (&json!("unavailable"), &json!(2), &json!(true)));
    assert_eq!(fair.app.handled(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_one_user_the_newest_64_are_known() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for n in 0..65 {
        assert_eq!(ask(&mut ann, "bid", n, &n.to_string()).await["before"], json!(n));
    }
    assert_eq!(ask(&mut ann, "bid", 1, "1").await["before"], json!(1));
    assert_eq!(ask(&mut ann, "bid", 1, "0").await["before"], json!(65), "forgotten, and handled anew");
}

#[tokio::test(start_paused = true)]
async fn who_says_it_too_often_while_it_is_handled_is_refused() {
    let fair = Fair::new();
    let mut ann = fair.client("ann").await;
    for reference in 0..30 {
        say(&mut ann, "later", reference, "a");
    }
    for reference in 17..30 {
        let refused = answer(&mut ann).await;
        assert_eq!((&refused["code"], &refused["ref"]), (&json!("too_many"), &json!(reference)));
    }
    fair.app.later.lock().unwrap().pop().expect("it was deferred").send(Done { before: 1 });
    for reference in 0..17 {
        assert_eq!(answer(&mut ann).await["ref"], json!(reference));
    }
    ann.expect_nothing().await;
}
