//! Texts that hold several messages, beside all that may happen to a connection meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channel_runtime::envelope::{
    Envelope, Incoming, IncomingMessage, JsonRpc, Malformed, Out, Outgoing, Phoenix, Places, array, string,
};
use channel_runtime::testing::{self, Client};
use channel_runtime::{
    Answer, Channel, CloseCode, Config, Fault, Hub, Rate, Ref, Socket, Success, channel, channels, message,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

#[message(type = "said")]
struct Said {
    text: String,
}

static SLOW_RUNS: Notify = Notify::const_new();

#[channel("/batches")]
struct Batches {
    #[state]
    later: Vec<Answer<Self>>,
}

#[channel(sends(Said), envelope = JsonRpc)]
impl Batches {
    #[message(type = "one")]
    fn one(&self) -> Success<u8> {
        Success(1)
    }

    #[message(type = "kilobyte")]
    fn kilobyte(&self) -> Success<String> {
        Success("x".repeat(1000))
    }

    #[message(type = "panics")]
    fn panics(&self) {
        panic!("as it is meant to");
    }

    #[message(type = "closes")]
    fn closes(&self, socket: &Socket<Self>) {
        socket.close(CloseCode::NORMAL, "enough");
    }

    #[message(type = "says")]
    fn says(&self) -> Said {
        Said { text: "hello".into() }
    }

    #[message(type = "not_a_number")]
    fn not_a_number(&self) -> Success<f64> {
        Success(f64::NAN)
    }

    #[message(type = "later")]
    fn later(&mut self, socket: &Socket<Self>) {
        self.later.push(socket.defer());
    }

    #[message(type = "rare", rate = "1/h")]
    fn rare(&self) {}

    /// Runs until the server stops.
    #[message(type = "slow")]
    async fn slow(&self) {
        SLOW_RUNS.notify_one();
        std::future::pending::<()>().await;
    }

    #[message(type = "now")]
    fn now(&mut self) {
        for answer in self.later.drain(..) {
            answer.send(Success("late"));
        }
    }

    #[message(type = "drops")]
    fn drops(&mut self) {
        self.later.clear();
    }
}

/// A request for each method. A method with a `!` is a notification; the others have the ids 0, 1, 2 ..
fn batch(methods: &[&str]) -> String {
    let request = |(id, method): (usize, &&str)| match method.strip_suffix('!') {
        Some(method) => json!({ "jsonrpc": "2.0", "method": method }),
        None => json!({ "jsonrpc": "2.0", "method": method, "id": id }),
    };
    Value::from(methods.iter().enumerate().map(request).collect::<Vec<_>>()).to_string()
}

/// Of each answer in the next text the id, and the result or the error's code.
async fn answers<C: Channel>(client: &mut Client<C>) -> Vec<(Value, Value)> {
    let text = client.expect_text().await;
    let answers: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let result = |answer: &Value| answer.get("result").unwrap_or(&answer["error"]["code"]).clone();
    answers.iter().map(|answer| (answer["id"].clone(), result(answer))).collect()
}

async fn connect(config: Config) -> (testing::TestApp<()>, Client<Batches>) {
    let app = testing::app(channels![Batches].app(()).config(config));
    let client = app.connect::<Batches>("/batches").await.unwrap();
    (app, client)
}

#[tokio::test]
async fn answers_that_are_given_leave_before_a_close() {
    let (_app, mut client) = connect(Config::default()).await;
    client.send_text(&batch(&["one", "panics", "one"]));
    assert_eq!(answers(&mut client).await, [(json!(0), json!(1)), (json!(1), json!(-32603))]);
    assert_eq!(client.expect_close().await.0, CloseCode::INTERNAL);

    let (_app, mut client) = connect(Config::default()).await;
    client.send_text(&batch(&["one", "closes", "one"]));
    assert_eq!(answers(&mut client).await, [(json!(0), json!(1))]);
    assert_eq!(client.expect_close().await, (CloseCode::NORMAL, "enough".to_owned()));

    let (_app, mut client) = connect(Config::default()).await;
    client.send_text(&batch(&["one", "closes!", "one"]));
    assert_eq!(answers(&mut client).await, [(json!(0), json!(1))]);
    assert_eq!(client.expect_close().await.0, CloseCode::NORMAL);
}

#[tokio::test]
async fn answers_that_are_given_leave_before_the_close_of_a_flood() {
    let (_app, mut client) = connect(Config::default()).await;
    let methods: Vec<&str> = ["one", "rare"].into_iter().chain(["rare"; 12]).chain(["one"]).collect();
    client.send_text(&batch(&methods));
    let mut answers = answers(&mut client).await.into_iter();
    assert_eq!(answers.next(), Some((json!(0), json!(1))));
    assert_eq!(answers.next(), Some((json!(1), json!(null))));
    // Ten may be refused: with one more the client is closed, and what follows is not handled.
    assert_eq!(answers.map(|(_, code)| code).collect::<Vec<_>>(), vec![json!(-32000); 11]);
    assert_eq!(client.expect_close().await.0, CloseCode::POLICY);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_given_leave_before_the_close_of_a_drain() {
    let (app, mut client) = connect(Config::default()).await;
    client.send_text(&batch(&["one", "slow!", "one"]));
    SLOW_RUNS.notified().await;
    app.drain().await;
    assert_eq!(answers(&mut client).await, [(json!(0), json!(1))]);
    assert_eq!(client.expect_close().await.0, CloseCode::GOING_AWAY);
}

#[tokio::test]
async fn an_array_holds_answers_alone() {
    let (_app, mut client) = connect(Config::default()).await;
    client.send_text(&batch(&["one", "says!", "not_a_number", "unknown!", "one"]));
    // What a notification's handler returns answers nothing.
    assert_eq!(client.expect_text().await, r#"{"jsonrpc":"2.0","method":"said","params":{"text":"hello"}}"#);
    assert_eq!(answers(&mut client).await, [(json!(0), json!(1)), (json!(2), json!(-32603)), (json!(4), json!(1))]);
    client.expect_nothing().await;
}

#[tokio::test]
async fn an_array_is_complete_also_if_an_answer_is_dropped() {
    let (_app, mut client) = connect(Config::default()).await;
    client.send_text(&batch(&["later", "one"]));
    client.send_text(&batch(&["drops!"]));
    assert_eq!(answers(&mut client).await, [(json!(1), json!(1)), (json!(0), json!(-32603))]);
    client.expect_nothing().await;
}

#[tokio::test]
async fn what_is_gathered_for_a_client_is_bounded_over_all_its_batches() {
    let (_app, mut client) = connect(Config::default()).await;
    let methods: Vec<&str> = std::iter::once("later").chain([("kilobyte"); 20]).collect();
    // Less than 64 KiB each, and together more.
    for _ in 0..4 {
        client.send_text(&batch(&methods));
    }
    client.send_text(&batch(&["now!"]));
    let mut lengths = Vec::new();
    while lengths.iter().sum::<usize>() < 4 * 21 {
        lengths.push(answers(&mut client).await.len());
    }
    // What the fourth held went out early.
    assert!(lengths[0] < 21, "{lengths:?}");
    client.expect_nothing().await;
}

#[tokio::test]
async fn each_message_of_a_batch_that_the_frame_rate_refuses_is_answered() {
    let rate = Rate::new(1, Duration::from_secs(3600));
    let (_app, mut client) = connect(Config::default().message_rate(rate)).await;
    client.send_text(&batch(&["one", "one"]));
    client.send_text(&batch(&["one", "one!", "one"]));
    // What is refused is answered when it is read.
    assert_eq!(answers(&mut client).await, [(json!(0), json!(-32000)), (json!(2), json!(-32000))]);
    assert_eq!(answers(&mut client).await, [(json!(0), json!(1)), (json!(1), json!(1))]);
}

/// As `["kind", id]`; it panics when it writes anything but a result, and for what is called so when it reads.
enum Fragile {}

impl Envelope for Fragile {
    const NAME: &'static str = "fragile";
    const PLACES: Places = Places::ANSWERS;

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let [kind, id] = array::<2>(text)?[..] else { return Err(Malformed::new("no pair")) };
        let kind = string(kind).filter(|kind| kind != "panic_in_read").expect("as it is meant to");
        Ok(IncomingMessage::new(kind, "{}").answering(Ref::read(id)).into())
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Answer { .. } if !out.is_empty() => _ = out.payload(),
            _ => panic!("as it is meant to"),
        }
    }
}

#[channel("/fragile")]
struct Breaks;

#[channel(envelope = Fragile)]
impl Breaks {
    #[message(type = "one")]
    fn one(&self) -> Success<u8> {
        Success(1)
    }

    #[message(type = "nothing")]
    fn nothing(&self) {}

    #[message(type = "fails")]
    fn fails(&self) -> Result<(), Fault> {
        Err(Fault::new("it.fails", ""))
    }

    #[message(type = "panics")]
    fn panics(&self) {
        panic!("as it is meant to");
    }

    fn on_close(&self) {
        CLOSES.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often its `on_close` has run.
static CLOSES: AtomicUsize = AtomicUsize::new(0);

#[tokio::test]
async fn a_panic_in_an_envelope_ends_no_more_than_its_connection() {
    let app = testing::app(channels![Breaks].app(()));
    let mut client = app.connect::<Breaks>("/fragile").await.unwrap();
    client.send_text(r#"["one",1]"#);
    assert_eq!(client.expect_text().await, "1");
    let broken = ["nothing", "fails", "unknown", "panics", "panic_in_read"];
    for kind in broken {
        let mut client = app.connect::<Breaks>("/fragile").await.unwrap();
        client.send_text(&format!(r#"["{kind}",1]"#));
        assert_eq!(client.expect_close().await.0, CloseCode::INTERNAL, "{kind}");
    }
    app.settle().await;
    assert_eq!(CLOSES.load(Ordering::Relaxed), broken.len());
    client.send_text(r#"["one",1]"#);
    assert_eq!(client.expect_text().await, "1");
}

struct Team(u32);

impl std::fmt::Display for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[channel("/page/:page/websocket", rooms(Team))]
struct Page {
    page: u32,
}

#[channel(sends(Said), envelope = Phoenix)]
impl Page {
    fn on_connect(&self, socket: &Socket<Self>) {
        socket.join(&Team(self.page % 2));
    }
}

#[tokio::test]
async fn each_page_is_sent_to_on_its_own_topic_whatever_the_audience() {
    let channels = channels![Page];
    let pages: Hub<Page> = channels.of();
    let app = testing::app(channels.app(()));
    let mut clients = Vec::new();
    for page in 1..=3 {
        clients.push(app.connect::<Page>(&format!("/page/{page}/websocket")).await.unwrap());
    }
    let said = |text: &str| Said { text: text.into() };
    let sent = pages.room(&Team(1)).send(said("team"));
    assert_eq!((sent.recipients, sent.unencodable), (2, false));
    assert_eq!(pages.all().send(said("all")).recipients, 3);
    assert!(pages.all().send_with(|_| said("made")).unencodable);
    assert!(pages.room(&Team(1)).send_with(|_| said("made")).unencodable);
    assert_eq!(pages.room(&Page::room(&1)).send_with(|_| said("made")).recipients, 1);
    let frame = |page: u32, text: &str| format!(r#"[null,null,"page:{page}","said",{{"text":"{text}"}}]"#);
    for (client, page) in clients.iter_mut().zip(1..) {
        if page % 2 == 1 {
            assert_eq!(client.expect_text().await, frame(page, "team"));
        }
        assert_eq!(client.expect_text().await, frame(page, "all"));
        if page == 1 {
            assert_eq!(client.expect_text().await, frame(page, "made"));
        }
        client.expect_nothing().await;
    }
}
