//! Batches: messages of all connections, handled together; each has one answer, in its sender's order, whatever happens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{Batched, CloseCode, Config, Fault, ReceivedBody, channel, channels, message};
use futures::FutureExt;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, advance};

#[message(type = "add")]
#[derive(Debug)]
pub struct Add {
    n: u32,
}

#[message(type = "sum")]
#[derive(Debug, PartialEq)]
pub struct Sum {
    n: u32,
    sum: u32,
}

#[message(type = "echo")]
pub struct Echo {
    text: String,
}

#[message(type = "said")]
#[derive(Debug, PartialEq)]
pub struct Said {
    text: String,
}

/// Can't be written: that panics.
#[message(type = "cursed", serde)]
#[derive(serde::Deserialize)]
pub struct Cursed;

impl Serialize for Cursed {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        std::panic::resume_unwind(Box::new("a curse"))
    }
}

/// What is done to each of a batch.
#[message(type = "act")]
#[derive(Debug)]
pub struct Act {
    how: String,
}

#[derive(Default)]
pub struct App {
    /// The batches that have begun, each as what it was of.
    batches: Mutex<Vec<Vec<u32>>>,
    gate: Notify,
    is_gated: AtomicBool,
    running: AtomicUsize,
    kept: Mutex<Vec<Batched<Desk, Act>>>,
}

impl App {
    fn take_batches(&self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.batches.lock().unwrap())
    }
}

#[channel("/desk/:name", app = App)]
pub struct Desk {
    name: String,
    #[state]
    said: usize,
}

#[channel(sends(Sum, Said, Cursed), receives(Add, Act, Echo))]
impl Desk {
    #[message(batch(size = 4, wait = "100ms"))]
    async fn adds(app: &App, batch: Vec<Batched<Self, Add>>) {
        assert_eq!(app.running.fetch_add(1, Ordering::SeqCst), 0, "one batch at a time");
        app.batches.lock().unwrap().push(batch.iter().map(|item| item.message.n).collect());
        if app.is_gated.load(Ordering::SeqCst) {
            app.gate.notified().await;
        } else {
            yield_now().await;
        }
        app.running.fetch_sub(1, Ordering::SeqCst);
        let sum = batch.iter().map(|item| item.message.n).sum();
        for item in batch {
            let n = item.message.n;
            item.reply(Sum { n, sum });
        }
    }

    /// Each ends as it says, and all of a batch of which one panics, fails or never ends.
    #[message(batch(size = 3, wait = "1s"))]
    async fn acts(batch: Vec<Batched<Self, Act>>, app: &App) -> Result<(), Fault> {
        let mut outcome = Ok(());
        let mut rest = Vec::new();
        for item in batch {
            match item.message.how.as_str() {
                "reply" => item.reply(Said { text: "replied".into() }),
                "fail" => item.fail(Fault::new("desk.refused", "not you")),
                "curse" => item.reply(Cursed),
                "drop" => drop(item),
                "keep" => app.kept.lock().unwrap().push(item),
                "tell the others" => {
                    item.socket().others().send(Said { text: "told".into() });
                }
                "break" => outcome = Err(Fault::new("desk.broken", "none of you")),
                "panic" => std::panic::resume_unwind(Box::new("a batch that panics")),
                "hang" => std::future::pending().await,
                _ => rest.push(item),
            }
        }
        outcome
    }

    #[message]
    fn echo(&mut self, echo: Echo) -> Said {
        self.said += 1;
        Said { text: format!("{} {}", self.name, echo.text) }
    }
}

/// A room whose state is saved when it closes.
#[channel("/till/:name", app = App, room_state = Vec<u32>)]
pub struct Till {
    name: String,
}

#[channel]
impl Till {
    #[message(batch(size = 2, wait = "1s"))]
    async fn adds(batch: Vec<Batched<Self, Add>>) {
        for item in batch {
            item.socket().room().with(|till, _| till.push(item.message.n));
        }
    }

    fn on_room_close(till: Vec<u32>, app: &App) {
        app.batches.lock().unwrap().push(till);
    }
}

struct Test {
    app: TestApp<App>,
    shared: Arc<App>,
}

impl Test {
    fn new(config: Config) -> Self {
        let shared = Arc::new(App::default());
        Self { app: testing::app(channels![Desk].app_arc(shared.clone()).config(config)), shared }
    }

    async fn client(&self, name: &str) -> Client<Desk> {
        self.app.connect(&format!("/desk/{name}")).await.unwrap()
    }

    /// Has each batch of sums wait, from the next.
    fn close_gate(&self) {
        self.shared.is_gated.store(true, Ordering::SeqCst);
    }

    fn open_gate(&self) {
        self.shared.is_gated.store(false, Ordering::SeqCst);
        self.shared.gate.notify_one();
    }
}

async fn turns() {
    for _ in 0..50 {
        yield_now().await;
    }
}

fn act(how: &str) -> Act {
    Act { how: how.into() }
}

fn said(text: &str) -> Said {
    Said { text: text.into() }
}

#[tokio::test(start_paused = true)]
async fn a_batch_runs_when_it_is_full_or_its_first_has_waited() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.client("ann").await, test.client("bob").await);
    let begun = Instant::now();
    for n in [1, 2] {
        ann.send(Add { n });
        turns().await;
        bob.send(Add { n: 10 * n });
        turns().await;
    }
    assert_eq!(ann.expect::<Sum>().await, Sum { n: 1, sum: 33 });
    assert_eq!(bob.expect::<Sum>().await, Sum { n: 10, sum: 33 });
    assert_eq!(ann.expect::<Sum>().await, Sum { n: 2, sum: 33 });
    assert_eq!(bob.expect::<Sum>().await, Sum { n: 20, sum: 33 });
    assert_eq!(begun.elapsed(), Duration::ZERO, "full, it does not wait");
    assert_eq!(test.shared.take_batches().len(), 1);

    ann.send(Add { n: 5 });
    turns().await;
    advance(Duration::from_millis(60)).await;
    bob.send(Add { n: 6 });
    turns().await;
    assert_eq!(test.shared.take_batches().len(), 0);
    advance(Duration::from_millis(41)).await;
    turns().await;
    assert_eq!(test.shared.take_batches(), [[5, 6]], "a tenth of a second after the first");
    assert_eq!(ann.expect::<Sum>().await, Sum { n: 5, sum: 11 });
    assert_eq!(bob.expect::<Sum>().await, Sum { n: 6, sum: 11 });
}

#[tokio::test(start_paused = true)]
async fn the_next_is_gathered_while_one_runs_and_other_messages_go_by() {
    let test = Test::new(Config::default());
    let mut ann = test.client("ann").await;
    test.close_gate();
    for n in 0..10 {
        ann.send(Add { n });
    }
    ann.send(Echo { text: "meanwhile".into() });
    assert_eq!(ann.expect::<Said>().await, said("ann meanwhile"));
    advance(Duration::from_secs(1)).await;
    turns().await;
    assert_eq!(test.shared.take_batches(), [[0, 1, 2, 3]]);
    test.open_gate();
    for n in 0..10 {
        assert_eq!(ann.expect::<Sum>().await.n, n);
    }
    assert_eq!(test.shared.take_batches(), [vec![4, 5, 6, 7], vec![8, 9]]);
}

#[tokio::test(start_paused = true)]
async fn each_message_has_its_one_answer() {
    let test = Test::new(Config::default());
    let mut ann = test.client("ann").await;
    let mut bob = test.client("bob").await;
    let mut neighbour = test.client("ann").await;

    assert_eq!(ann.request(act("reply")).reply::<Said>().await, said("replied"));
    assert_eq!(ann.request(act("fail")).error("desk.refused").await.message, "not you");
    for how in ["drop", "leave be"] {
        assert_eq!(ann.request(act(how)).success().await, Value::Null);
    }
    assert_eq!(ann.request(act("tell the others")).success().await, Value::Null);
    assert_eq!(neighbour.expect::<Said>().await, said("told"));

    ann.send(act("reply"));
    bob.send(act("fail"));
    assert_eq!(neighbour.request(act("break")).error("desk.broken").await.message, "none of you");
    assert_eq!(ann.expect::<Said>().await, said("replied"));
    bob.expect_error("desk.refused").await;

    // Without a `ref` nothing is answered that has no answer, and errors all the same.
    ann.send(act("drop"));
    ann.expect_nothing().await;
    ann.send(act("break"));
    ann.expect_error("desk.broken").await;
    for client in [&mut ann, &mut bob, &mut neighbour] {
        client.expect_nothing().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_kept_is_answered_later() {
    let test = Test::new(Config::default());
    let mut ann = test.client("ann").await;
    let keep = r#"{"type":"act","ref":REF,"how":"keep"}"#;
    for reference in ["1", "2", "3"] {
        ann.send_text(&keep.replace("REF", reference));
    }
    ann.expect_nothing().await;
    let [first, second, third] = <[_; 3]>::try_from(std::mem::take(&mut *test.shared.kept.lock().unwrap())).unwrap();
    second.reply(said("at last"));
    assert_eq!(ann.expect_text().await, r#"{"type":"said","ref":2,"text":"at last"}"#);
    drop(first);
    assert_eq!(ann.expect_text().await, r#"{"type":"success","ref":1}"#);
    drop(ann);
    test.app.settle().await;
    // Its sender has left: nowhere.
    third.reply(said("too late"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_panics_or_hangs_answers_all_its_senders_and_loses_no_later_one() {
    let test = Test::new(Config::default().handler_timeout(Duration::from_secs(5)));
    let (mut ann, mut bob, mut eve) = (test.client("ann").await, test.client("bob").await, test.client("eve").await);
    for (how, code) in [("panic", Fault::INTERNAL), ("curse", Fault::INTERNAL), ("hang", Fault::TIMEOUT)] {
        ann.send_text(r#"{"type":"act","ref":"mine","how":"reply"}"#);
        bob.send_text(r#"{"type":"act","ref":"his","how":"leave be"}"#);
        turns().await;
        eve.send_text(&format!(r#"{{"type":"act","ref":"hers","how":"{how}"}}"#));
        bob.send_text(r#"{"type":"act","ref":"next","how":"reply"}"#);
        assert_eq!(ann.expect_text().await, r#"{"type":"said","ref":"mine","text":"replied"}"#);
        for (client, reference) in [(&mut bob, "his"), (&mut eve, "hers")] {
            let text = client.expect_text().await;
            let expected = format!(r#"{{"type":"error","ref":"{reference}","code":"{code}","#);
            assert!(text.starts_with(&expected) && text.contains(r#""details":{"id":"#), "{text}");
        }
        assert_eq!(bob.expect_text().await, r#"{"type":"said","ref":"next","text":"replied"}"#);
    }
    for client in [&mut ann, &mut bob, &mut eve] {
        client.send(Echo { text: "still here".into() });
        assert!(client.expect::<Said>().await.text.ends_with("still here"));
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_64_batches_are_gathered_and_then_senders_wait() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.client("ann").await, test.client("bob").await);
    test.close_gate();
    // One batch runs, and 64 wait.
    for n in 0..4 * 65 {
        ann.send(Add { n });
    }
    ann.send(Echo { text: "all are gathered".into() });
    assert_eq!(ann.expect::<Said>().await, said("ann all are gathered"));
    bob.send(Add { n: 1000 });
    bob.send(Echo { text: "behind it".into() });
    ann.send(Echo { text: "nobody waits for others".into() });
    assert_eq!(ann.expect::<Said>().await, said("ann nobody waits for others"));
    turns().await;
    assert_eq!(test.shared.take_batches().len(), 1);
    assert!(bob.expect_text().now_or_never().is_none(), "it waits");

    test.shared.gate.notify_one();
    assert_eq!(bob.expect::<Said>().await, said("bob behind it"), "room for four more");
    test.open_gate();
    for n in 0..4 * 65 {
        assert_eq!(ann.expect::<Sum>().await.n, n);
    }
    assert_eq!(bob.expect::<Sum>().await.n, 1000);
}

/// A message that is as long as this, for what the channel does not ask for.
fn long(kind: &str, n: u32, bytes: usize) -> String {
    format!(r#"{{"type":"{kind}","n":{n},"how":"reply","padding":"{}"}}"#, "x".repeat(bytes))
}

#[tokio::test(start_paused = true)]
async fn at_most_16_mib_are_gathered_and_then_senders_wait() {
    const PART: usize = 6 << 20;
    let test = Test::new(Config::default().message_bytes(32 << 20));
    let mut ann = test.client("ann").await;
    test.close_gate();
    for n in 0..4 {
        ann.send(Add { n });
    }
    for (n, text) in [(4, "one"), (5, "two")] {
        ann.send_text(&long("add", n, PART));
        ann.send(Echo { text: text.into() });
        assert_eq!(ann.expect::<Said>().await.text, format!("ann {text}"));
    }
    // Longer than all of the room, which it has to itself.
    ann.send_text(&long("add", 6, 17 << 20));
    ann.send(Echo { text: "behind it".into() });
    turns().await;
    assert!(ann.expect_text().now_or_never().is_none(), "it waits");
    assert_eq!(test.shared.take_batches().len(), 1);
    test.open_gate();
    let mut sums = Vec::new();
    while sums.len() < 7 {
        match ann.expect_any().await.body {
            ReceivedBody::Message(DeskToClient::Sum(sum)) => sums.push(sum.n),
            ReceivedBody::Message(DeskToClient::Said(said)) => assert_eq!(said.text, "ann behind it"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sums, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(test.shared.take_batches(), [vec![4, 5], vec![6]]);
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_has_what_is_gathered_handled_at_once() {
    let test = Test::new(Config::default().message_bytes(32 << 20));
    let mut ann = test.client("ann").await;
    let begun = Instant::now();
    for n in 0..2 {
        ann.send_text(&long("act", n, 10 << 20));
    }
    ann.expect::<Said>().await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    ann.expect::<Said>().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_handles_what_is_gathered_and_answers_it_before_its_goodbye() {
    let test = Test::new(Config::default());
    let (mut ann, mut bob) = (test.client("ann").await, test.client("bob").await);
    let begun = Instant::now();
    bob.send(act("reply"));
    test.close_gate();
    for n in 0..6 {
        ann.send(Add { n });
    }
    turns().await;
    assert_eq!(test.shared.take_batches().len(), 1);
    tokio::join!(test.app.drain(), async {
        turns().await;
        test.open_gate();
    });
    for n in 0..6 {
        assert_eq!(ann.expect::<Sum>().await.n, n);
    }
    assert_eq!(ann.expect_close().await.0, CloseCode::GOING_AWAY);
    assert_eq!(bob.expect::<Said>().await, said("replied"), "without its second");
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_hangs_keeps_no_server_from_stopping() {
    let test = Test::new(Config::default().shutdown_timeout(Duration::from_secs(3)));
    let mut ann = test.client("ann").await;
    ann.send(act("hang"));
    turns().await;
    advance(Duration::from_secs(2)).await;
    let begun = Instant::now();
    test.app.drain().await;
    assert_eq!(ann.expect_close().await.0, CloseCode::GOING_AWAY);
    // For the batch, and again for all that has not ended.
    assert!(begun.elapsed() <= Duration::from_secs(7), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_messages_of_who_has_left_are_handled_and_nobody_keeps_the_app() {
    let test = Test::new(Config::default());
    let mut ann = test.client("ann").await;
    for n in 0..4 {
        ann.send(Add { n });
    }
    ann.close();
    drop(ann);
    test.app.settle().await;
    assert_eq!(test.shared.take_batches(), [[0, 1, 2, 3]]);
    let Test { app, shared } = test;
    drop(app);
    assert!(Arc::into_inner(shared).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_room_of_who_has_left_closes_behind_the_batch() {
    let shared = Arc::new(App::default());
    let app = testing::app(channels![Till].app_arc(shared.clone()));
    let mut ann = app.connect::<Till>("/till/a").await.unwrap();
    ann.send(Add { n: 1 });
    ann.close();
    drop(ann);
    app.settle().await;
    assert_eq!(shared.take_batches(), [[1]]);
}

#[tokio::test]
async fn a_test_can_call_the_handler_itself() {
    let (ann, bob) = (testing::socket::<Desk>(), testing::socket::<Desk>());
    Desk::adds(&App::default(), vec![ann.batched(Add { n: 1 }), bob.batched(Add { n: 2 })]).await;
    assert_eq!(ann.sent_texts(), [r#"{"type":"sum","n":1,"sum":3}"#]);
    assert_eq!(bob.sent_texts(), [r#"{"type":"sum","n":2,"sum":3}"#]);
}

/// Many senders at once, on several threads: nothing is lost, doubled or overtaken.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_senders_order_is_kept_among_many() {
    let test = Test::new(Config::default());
    let mut clients = Vec::new();
    for name in 0..8 {
        clients.push(test.client(&name.to_string()).await);
    }
    for n in 0..300 {
        for (sender, client) in clients.iter_mut().enumerate() {
            client.send(Add { n: sender as u32 * 1000 + n });
        }
    }
    for (sender, client) in clients.iter_mut().enumerate() {
        for n in 0..300 {
            assert_eq!(client.expect::<Sum>().await.n, sender as u32 * 1000 + n);
        }
        client.expect_nothing().await;
    }
    let batches = test.shared.take_batches();
    assert!(batches.iter().all(|batch| (1..=4).contains(&batch.len())));
    let mut next: HashMap<u32, u32> = HashMap::new();
    for n in batches.into_iter().flatten() {
        let expected = next.entry(n / 1000).or_default();
        assert_eq!(n % 1000, *expected);
        *expected += 1;
    }
    assert!(next.len() == 8 && next.values().all(|seen| *seen == 300));
}
