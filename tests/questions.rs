//! Questions: the server asks its client, in an envelope that has a place for it.
//!
//! The clock stands still but where a test advances it.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::envelope::{
    Asks, Envelope, Incoming, IncomingMessage, JsonRpc, Malformed, Out, Outgoing, Places, array, string,
};
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{
    AskError, Channel, CloseCode, DecodeError, Fault, Hub, Ref, Socket, Success, channel, channels, message,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::advance;

/// OCPP 1.6: `[2,id,action,payload]`, answered by `[3,id,payload]` or `[4,id,code,description,details]`.
enum Ocpp {}

impl Envelope for Ocpp {
    const NAME: &'static str = "ocpp";
    const PLACES: Places = Places::ANSWERS.questions(Asks::OneByOne);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let items = array::<5>(text)?;
        let [number, id, ..] = items[..] else { return Err(Malformed::new("a message has a type and an id")) };
        let reference = string(id).map(|id| Ref::Text(id.into())).ok_or_else(|| Malformed::new("an id is a string"))?;
        match (number, &items[2..]) {
            ("2", [action, payload]) => {
                let kind = string(action).ok_or_else(|| Malformed::new("an action is a string"))?;
                Ok(IncomingMessage::new(kind, payload).answering(reference).into())
            }
            ("3", [payload]) => Ok(Incoming::Answer { reference, answer: Ok(payload) }),
            ("4", [code, description, details]) => {
                let text = |value| string(value).unwrap_or_default().into_owned();
                let details: Value = serde_json::from_str(details).unwrap_or_default();
                let fault = Fault::new(format!("ocpp.{}", text(code)), text(description)).with_details(details);
                Ok(Incoming::Answer { reference, answer: Err(Box::new(fault)) })
            }
            _ => Err(Malformed::new("not a message of OCPP")),
        }
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Question { kind, reference, .. } => {
                out.raw("[2,").json(reference).raw(",").json(kind).raw(",").payload().raw("]");
            }
            Outgoing::Answer { reference, .. } => {
                out.raw("[3,").json(reference).raw(",").payload().raw("]");
            }
            _ => {}
        }
    }
}

#[message(type = "Start", answer = Started)]
struct Start {
    connector: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Started {
    status: String,
    #[serde(default)]
    power: Option<u32>,
}

/// What became of a question, and of which.
struct Outcome(u32, Result<Started, AskError>);

/// What the handlers were told, and what they have done, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>, Arc<Mutex<Option<Socket<Charger>>>>, Arc<Mutex<Option<Socket<Desk>>>>);

impl Log {
    /// Of the charger that connected last.
    fn socket(&self) -> Socket<Charger> {
        self.1.lock().unwrap().clone().expect("a charger has connected")
    }

    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn shown(outcome: Result<Started, AskError>) -> String {
    match outcome {
        Ok(Started { status, power: None }) => status,
        Ok(Started { status, power: Some(power) }) => format!("{status} with {power}"),
        Err(error) => error.to_string(),
    }
}

#[message(type = "begin")]
struct Begin {
    #[serde(default = "one")]
    questions: u32,
}

fn one() -> u32 {
    1
}

#[channel("/charger", app = Log)]
struct Charger;

#[channel(sends(Start), envelope = Ocpp)]
impl Charger {
    async fn on_connect(&mut self, socket: &Socket<Self>, app: &Log) {
        *app.1.lock().unwrap() = Some(socket.clone());
    }

    async fn on_invalid(&self, error: DecodeError, app: &Log) {
        app.add(format!("invalid: {error}"));
    }

    async fn on_close(&mut self, app: &Log) {
        app.add("closed");
    }

    #[message]
    fn begin(&self, begin: Begin, socket: &Socket<Self>) {
        for connector in 1..=begin.questions {
            let time = Duration::from_secs(30);
            socket.ask(Start { connector }).within(time).notify(move |outcome| Outcome(connector, outcome));
        }
    }

    #[notice]
    fn told(&mut self, n: Outcome, app: &Log) {
        app.add(format!("{}: {}", n.0, shown(n.1)));
    }

    #[message(type = "await")]
    async fn awaits(&self, socket: &Socket<Self>) -> Success<String> {
        Success(shown(socket.ask(Start { connector: 7 }).await))
    }

    #[message(type = "task")]
    fn task(&self, socket: &Socket<Self>, app: &Log) {
        let (socket, app) = (socket.clone(), app.clone());
        tokio::spawn(async move {
            app.add(shown(socket.ask(Start { connector: 8 }).await));
        });
    }
}

/// A channel whose client answers several questions at a time.
#[channel("/desk/:name", app = Log)]
struct Desk {
    name: String,
}

#[message(type = "load", answer = Load)]
struct Probe {
    of: f64,
}

#[derive(Deserialize)]
struct Load(f32);

#[message(type = "trap", answer = Trap)]
struct SetTrap {}

/// Its `Deserialize` panics.
struct Trap;

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("a trap")
    }
}

#[message(type = "nothing", answer = ())]
struct AskNothing {}

#[channel(sends(Start, Probe, SetTrap, AskNothing), envelope = JsonRpc)]
impl Desk {
    async fn on_connect(&mut self, socket: &Socket<Self>, app: &Log) {
        *app.2.lock().unwrap() = Some(socket.clone());
        if self.name == "asked_at_once" {
            app.add(shown(socket.ask(Start { connector: 1 }).await));
        }
    }

    #[message]
    fn begin(&self, begin: Begin, socket: &Socket<Self>) {
        for connector in 1..=begin.questions {
            socket.ask(Start { connector }).notify(move |outcome| Outcome(connector, outcome));
        }
    }

    #[notice]
    fn told(&mut self, n: Outcome, app: &Log) {
        app.add(format!("{}: {}", n.0, shown(n.1)));
    }

    #[message(type = "load", concurrent = 4)]
    async fn load(&self, socket: &Socket<Self>) -> Result<Success<f32>, Fault> {
        let load = socket.ask(Probe { of: 1.0 }).await.map_err(|error| Fault::new("desk.load", error.to_string()))?;
        Ok(Success(load.0))
    }

    #[message(type = "load_of_nothing")]
    async fn load_of_nothing(&self, socket: &Socket<Self>, app: &Log) {
        let error = socket.ask(Probe { of: f64::NAN }).await.err().unwrap();
        assert!(matches!(error, AskError::Unencodable(_)));
        app.add(error.to_string());
    }

    #[message(type = "nothing")]
    async fn nothing(&self, socket: &Socket<Self>) -> Success<bool> {
        Success(socket.ask(AskNothing {}).await.is_ok())
    }

    #[message(type = "trap")]
    fn trap(&self, socket: &Socket<Self>, app: &Log) {
        let (socket, app) = (socket.clone(), app.clone());
        tokio::spawn(async move {
            let error = socket.ask(SetTrap {}).await.err().unwrap();
            app.add(error.to_string());
        });
    }

    #[message(type = "trap_of_notices")]
    fn trap_of_notices(&self, socket: &Socket<Self>) {
        socket.ask(Start { connector: 1 }).notify(|_| -> Outcome { panic!("a trap") });
    }

    #[message(type = "change")]
    fn change(&mut self, app: &Log) {
        app.add(format!("changed {}", self.name));
    }
}

/// It has a place for questions, and writes none.
enum Silent {}

impl Envelope for Silent {
    const NAME: &'static str = "silent";
    const PLACES: Places = Places::NONE.questions(Asks::Many);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        Ok(IncomingMessage::new(text, "{}").into())
    }

    fn write(_: &Outgoing<'_>, _: &mut Out<'_>) {}
}

#[channel("/silent", app = Log)]
struct Mute;

#[channel(sends(Start), envelope = Silent)]
impl Mute {
    #[message(type = "begin")]
    async fn begin(&self, socket: &Socket<Self>, app: &Log) {
        let error = socket.ask(Start { connector: 1 }).await.unwrap_err();
        assert!(matches!(error, AskError::Unsupported));
        app.add(error.to_string());
    }
}

/// `[id,topic,payload]`, answered by `[id,payload]`: each client is asked under the name of its own room.
enum Topical {}

impl Envelope for Topical {
    const NAME: &'static str = "topical";
    const PLACES: Places = Places::NONE.topics().questions(Asks::Many);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let items = array::<2>(text)?;
        let [id, payload] = items[..] else { return Err(Malformed::new("an answer has an id and a payload")) };
        let reference = string(id).map(|id| Ref::Text(id.into())).ok_or_else(|| Malformed::new("an id is a string"))?;
        Ok(Incoming::Answer { reference, answer: Ok(payload) })
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        if let Outgoing::Question { reference, room: Some(topic), .. } = frame {
            out.raw("[").json(reference).raw(",").json(topic).raw(",").payload().raw("]");
        }
    }
}

#[channel("/stand/:name", app = Log)]
struct Stand {
    name: String,
}

#[channel(sends(Start), envelope = Topical)]
impl Stand {}

struct Test {
    app: TestApp<Log>,
    log: Log,
    chargers: Hub<Charger>,
    stands: Hub<Stand>,
}

impl Test {
    fn new() -> Self {
        let log = Log::default();
        let channels = channels![Charger, Desk, Mute, Stand];
        let (chargers, stands) = (channels.of(), channels.of());
        Self { app: testing::app(channels.app(log.clone())), log, chargers, stands }
    }

    async fn charger(&self) -> Client<Charger> {
        self.app.connect::<Charger>("/charger").await.unwrap()
    }

    async fn desk(&self, name: &str) -> Client<Desk> {
        self.app.connect::<Desk>(&format!("/desk/{name}")).await.unwrap()
    }

    /// What was told since, after all that the server has to do.
    async fn told(&self) -> Vec<String> {
        self.app.settle().await;
        self.log.take()
    }

    fn unmatched(&self) -> u64 {
        self.chargers.stats().unmatched_answers
    }
}

/// Reads a question, and returns its id.
async fn asked<C: Channel>(client: &mut Client<C>, connector: u32) -> String {
    let question: Value = serde_json::from_str(&client.expect_text().await).unwrap();
    let (id, payload) = match &question {
        Value::Array(items) => (&items[1], &items[3]),
        request => (&request["id"], &request["params"]),
    };
    let id = id.as_str().unwrap();
    assert!(id.strip_prefix('s').is_some_and(|number| number.parse::<u64>().is_ok()), "{question}");
    assert_eq!(payload, &json!({ "connector": connector }), "{question}");
    id.to_owned()
}

/// Lets time pass, and gives whoever waited for it, and who is told then, their turns.
async fn pass(time: Duration) {
    advance(time).await;
    for _ in 0..8 {
        yield_now().await;
    }
}

fn accepted(id: &str) -> String {
    format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#)
}

/// A request of JSON-RPC without an id.
fn notification(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#)
}

fn result(id: &str, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","result":{result},"id":"{id}"}}"#)
}

/// Starts a question to a charger, whose own message is answered behind it.
async fn begun(client: &mut Client<Charger>) -> String {
    client.send_text(r#"[2,"1","begin",{}]"#);
    let id = asked(client, 1).await;
    assert_eq!(client.expect_text().await, r#"[3,"1",null]"#);
    id
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_and_the_handler_is_told() {
    let test = Test::new();
    let mut client = test.charger().await;
    let id = begun(&mut client).await;
    assert!(test.told().await.is_empty());
    client.send_text(&format!(r#"[3,"{id}",{{"status":"Accepted","power":7.0}}]"#));
    assert_eq!(test.told().await, ["1: Accepted with 7"]);
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_client_is_the_outcome() {
    let test = Test::new();
    let mut client = test.charger().await;
    let id = begun(&mut client).await;
    client.send_text(&format!(r#"[4,"{id}","NotSupported","no \u001b such thing",{{"left":3}}]"#));
    assert_eq!(test.told().await, [r"1: the client answered with an error: ocpp.NotSupported: no \u{1b} such thing"]);
    let mut desk = test.desk("a").await;
    desk.send_text(&notification("begin"));
    let id = asked(&mut desk, 1).await;
    desk.send_text(&format!(r#"{{"jsonrpc":"2.0","error":{{"code":-32601,"message":"no"}},"id":"{id}"}}"#));
    assert_eq!(test.told().await, ["1: the client answered with an error: rpc.-32601: no"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_no_open_question_is_counted_and_dropped() {
    let test = Test::new();
    let mut client = test.charger().await;
    let id = begun(&mut client).await;
    let number: u64 = id[1..].parse().unwrap();
    let others = ["s0", "s", "x", "1", "s+1", "", &format!("s0{number}"), &format!("s{}", number + 1), &id[1..]];
    for other in others {
        client.send_text(&accepted(other));
    }
    client.send_text(r#"[4,"s0","NotSupported","",{}]"#);
    assert!(test.told().await.is_empty());
    assert_eq!(test.unmatched(), 10);
    // Given twice.
    client.send_text(&accepted(&id));
    client.send_text(&accepted(&id));
    assert_eq!(test.told().await, ["1: Accepted"]);
    assert_eq!(test.unmatched(), 11);
    client.expect_nothing().await;
    // Another client's.
    let id = begun(&mut client).await;
    let mut other = test.charger().await;
    other.send_text(&accepted(&id));
    assert!(test.told().await.is_empty());
    assert_eq!(test.unmatched(), 12);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_type_names_its_place() {
    let test = Test::new();
    let mut client = test.charger().await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (answer, error) in [
        ("{}", r#"`status`: missing field `status` at line 2 column 6"#),
        ("{\"status\":\n 7}", r#"`status`: invalid type: integer `7`, expected a string at line 3 column 2"#),
        (r#"{"status":"a","power":-1}"#, r#"`power`: invalid value: integer `-1`, expected u32 at line 2 column 28"#),
        ("null", "invalid type: null, expected struct Started at line 2 column 8"),
    ] {
        let id = begun(&mut client).await;
        client.send_text(&format!("[3,\"{id}\",\n    {answer}]"));
        let error = format!(r#"1: the client's answer does not fit: invalid message of type "Start": {error}"#);
        assert_eq!(test.told().await, [error], "{answer}");
    }
    let id = begun(&mut client).await;
    client.send_text(&format!(r#"[3,"{id}",{{"status":"a","x":{deep}}}]"#));
    let [told] = &test.told().await[..] else { panic!("it is told once") };
    assert!(told.contains("nested too deep"), "{told}");
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_in_time_is_told_about_and_answers_too_late() {
    let test = Test::new();
    let mut client = test.charger().await;
    let id = begun(&mut client).await;
    pass(Duration::from_millis(29_900)).await;
    assert!(test.told().await.is_empty());
    pass(Duration::from_millis(200)).await;
    assert_eq!(test.told().await, ["1: the client did not answer in time"]);
    client.send_text(&accepted(&id));
    assert!(test.told().await.is_empty());
    assert_eq!(test.unmatched(), 1);
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn the_usual_time_is_ten_seconds() {
    let test = Test::new();
    let mut client = test.charger().await;
    client.send_text(r#"[2,"1","task",{}]"#);
    assert_eq!(client.expect_text().await, r#"[3,"1",null]"#);
    pass(Duration::ZERO).await;
    asked(&mut client, 8).await;
    pass(Duration::from_millis(9_900)).await;
    assert!(test.told().await.is_empty());
    pass(Duration::from_millis(200)).await;
    assert_eq!(test.told().await, ["the client did not answer in time"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_tells_who_waits() {
    let test = Test::new();
    let gone = "the connection ended before the client answered";
    for ends in [(|client, _| client.close()) as fn(&mut Client<Charger>, &Test), |_, test| {
        _ = test.chargers.all().disconnect(CloseCode::NORMAL, "over")
    }] {
        // In a task; in a handler, which its connection waits for; and as a notice, which a connection that ends takes no more.
        for (begin, connector, expected) in
            [("task", 8, &[gone, "closed"][..]), ("await", 7, &["closed"]), ("begin", 1, &["closed"])]
        {
            let mut client = test.charger().await;
            client.send_text(&format!(r#"[2,"1","{begin}",{{}}]"#));
            if begin == "task" {
                assert_eq!(client.expect_text().await, r#"[3,"1",null]"#);
                pass(Duration::ZERO).await;
            }
            asked(&mut client, connector).await;
            ends(&mut client, &test);
            pass(Duration::ZERO).await;
            let mut told = test.told().await;
            told.sort_by_key(|line| line == "closed");
            assert_eq!(told, expected, "{begin}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_makes_a_notice_is_told_of_the_end_too() {
    let test = Test::new();
    let mut client = test.charger().await;
    let socket = test.log.socket();
    let tells = || {
        let log = test.log.clone();
        move |outcome| {
            log.add(shown(outcome));
            Outcome(1, Err(AskError::Gone))
        }
    };
    let gone = "the connection ended before the client answered";
    // One that was sent, and one that waits.
    socket.ask(Start { connector: 1 }).notify(tells());
    socket.ask(Start { connector: 2 }).notify(tells());
    asked(&mut client, 1).await;
    client.close();
    let mut told = test.told().await;
    told.sort();
    assert_eq!(told, ["closed", gone, gone]);
    // It is not asked any more.
    socket.ask(Start { connector: 1 }).notify(tells());
    assert_eq!(test.told().await, [gone]);
    assert!(matches!(socket.ask(Start { connector: 1 }).await, Err(AskError::Gone)));
}

#[tokio::test(start_paused = true)]
async fn at_most_16_questions_are_open() {
    let test = Test::new();
    let mut desk = test.desk("a").await;
    desk.send_text(r#"{"jsonrpc":"2.0","method":"begin","params":{"questions":17}}"#);
    let mut ids = Vec::new();
    for connector in 1..=16 {
        ids.push(asked(&mut desk, connector).await);
    }
    desk.expect_nothing().await;
    assert_eq!(test.told().await, ["17: too many questions to this client are open"]);
    // One that is answered makes room for one.
    desk.send_text(&result(&ids[9], r#"{"status":"Accepted"}"#));
    desk.send_text(r#"{"jsonrpc":"2.0","method":"begin","params":{"questions":2}}"#);
    let id = asked(&mut desk, 1).await;
    assert_eq!(test.told().await, ["10: Accepted", "2: too many questions to this client are open"]);
    desk.send_text(&result(&id, r#"{"status":"Accepted"}"#));
    assert_eq!(test.told().await, ["1: Accepted"]);
    desk.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_to_be_sent_are_open_too() {
    let test = Test::new();
    let mut client = test.charger().await;
    client.send_text(r#"[2,"1","begin",{"questions":257}]"#);
    assert_eq!(test.told().await, ["257: too many questions to this client are open"]);
    for connector in 1..=256 {
        let id = asked(&mut client, connector).await;
        if connector == 1 {
            assert_eq!(client.expect_text().await, r#"[3,"1",null]"#);
        }
        client.send_text(&accepted(&id));
    }
    assert_eq!(test.told().await.len(), 256);
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn one_by_one_each_waits_for_the_answer_before() {
    let test = Test::new();
    let mut client = test.charger().await;
    client.send_text(r#"[2,"1","begin",{"questions":4}]"#);
    let first = asked(&mut client, 1).await;
    assert_eq!(client.expect_text().await, r#"[3,"1",null]"#);
    client.expect_nothing().await;
    // What is not sent yet can't be answered, though its id can be guessed.
    let number: u64 = first[1..].parse().unwrap();
    for guessed in number + 1..number + 64 {
        client.send_text(&accepted(&format!("s{guessed}")));
    }
    assert!(test.told().await.is_empty());
    assert_eq!(test.unmatched(), 63);
    client.send_text(&accepted(&first));
    let second = asked(&mut client, 2).await;
    client.expect_nothing().await;
    // An error is an answer, and so is one that does not fit.
    client.send_text(&format!(r#"[4,"{second}","GenericError","",{{}}]"#));
    asked(&mut client, 3).await;
    assert_eq!(test.told().await, ["1: Accepted", "2: the client answered with an error: ocpp.GenericError: "]);
    // The time of the fourth begins when it is sent.
    pass(Duration::from_millis(30_100)).await;
    assert_eq!(test.told().await, ["3: the client did not answer in time"]);
    let fourth = asked(&mut client, 4).await;
    pass(Duration::from_secs(29)).await;
    assert!(test.told().await.is_empty());
    client.send_text(&accepted(&fourth));
    assert_eq!(test.told().await, ["4: Accepted"]);
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_waits_for_any_more_is_not_sent() {
    let test = Test::new();
    let mut client = test.charger().await;
    let socket = test.log.socket();
    let wait = |connector| tokio::spawn(socket.ask(Start { connector }).into_future());
    let tasks = [wait(1), wait(2), wait(3)];
    pass(Duration::ZERO).await;
    let first = asked(&mut client, 1).await;
    tasks[0].abort();
    tasks[1].abort();
    pass(Duration::ZERO).await;
    // The first was sent, and is still waited for.
    client.expect_nothing().await;
    client.send_text(&accepted(&first));
    let third = asked(&mut client, 3).await;
    client.send_text(&accepted(&third));
    let [_, _, third] = tasks;
    assert_eq!(third.await.unwrap().unwrap().status, "Accepted");
    assert_eq!(test.unmatched(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_audience_is_asked_behind_what_was_asked_before_and_its_time_is_one() {
    let test = Test::new();
    let mut busy = test.charger().await;
    test.log.socket().ask(Start { connector: 1 }).within(Duration::from_secs(3600)).notify(|one| Outcome(1, one));
    let first = asked(&mut busy, 1).await;
    let mut idle = test.charger().await;
    let ask = |connector| test.chargers.all().ask(Start { connector }).within(Duration::from_secs(30)).each();
    let mut each = ask(2);
    let second = asked(&mut idle, 2).await;
    idle.send_text(&accepted(&second));
    let (of_idle, outcome) = each.next().await.unwrap();
    assert_eq!(outcome.unwrap().status, "Accepted");
    busy.expect_nothing().await;
    // The time that it waits counts.
    pass(Duration::from_millis(30_100)).await;
    let (of_busy, outcome) = each.next().await.unwrap();
    assert!(of_busy != of_idle && matches!(outcome, Err(AskError::TimedOut)), "{outcome:?}");
    assert!(each.next().await.is_none());
    let mut each = ask(3);
    let third = asked(&mut idle, 3).await;
    idle.send_text(&accepted(&third));
    // What is over is not sent when its turn comes, and what is behind it is.
    busy.send_text(&accepted(&first));
    let third = asked(&mut busy, 3).await;
    busy.send_text(&accepted(&third));
    for _ in 0..2 {
        assert!(each.next().await.unwrap().1.is_ok());
    }
    busy.expect_nothing().await;
    assert_eq!(test.told().await, ["1: Accepted"]);
}

#[tokio::test(start_paused = true)]
async fn where_frames_name_topics_each_client_of_an_audience_is_asked_under_its_own() {
    let test = Test::new();
    let mut clients = Vec::new();
    for name in ["a", "a", "b", "a"] {
        clients.push((name, test.app.connect::<Stand>(&format!("/stand/{name}")).await.unwrap()));
    }
    let mut each = test.stands.all().ask(Start { connector: 1 }).each();
    for (name, client) in &mut clients {
        let question: Value = serde_json::from_str(&client.expect_text().await).unwrap();
        assert_eq!(question[1], format!("/stand/{name}"));
        assert_eq!(question[2], json!({ "connector": 1 }));
        client.send_text(&json!([question[0], { "status": name }]).to_string());
        assert_eq!(each.next().await.unwrap().1.unwrap().status, *name);
    }
    assert!(each.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn those_that_nobody_waits_for_any_more_make_room() {
    let test = Test::new();
    let mut client = test.charger().await;
    let socket = test.log.socket();
    let tasks: Vec<_> =
        (1..=256).map(|connector| tokio::spawn(socket.ask(Start { connector }).into_future())).collect();
    pass(Duration::ZERO).await;
    assert!(matches!(socket.ask(Start { connector: 257 }).await, Err(AskError::TooMany)));
    tasks[1..].iter().for_each(|task| task.abort());
    pass(Duration::ZERO).await;
    let last = tokio::spawn(socket.ask(Start { connector: 258 }).into_future());
    pass(Duration::ZERO).await;
    for connector in [1, 258] {
        let id = asked(&mut client, connector).await;
        client.send_text(&accepted(&id));
    }
    assert_eq!(last.await.unwrap().unwrap().status, "Accepted");
    client.expect_nothing().await;
}

/// Answers all questions, each with the number that it asks about.
async fn ask_and_answer<C: Channel, A: Fn(&str, &str) -> String>(socket: Socket<C>, client: &mut Client<C>, answer: A)
where
    Start: channel_runtime::SentBy<C>,
{
    const TASKS: u32 = 8;
    const EACH: u32 = 64;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let socket = socket.clone();
            tokio::spawn(async move {
                for connector in task * EACH..(task + 1) * EACH {
                    let started = socket.ask(Start { connector }).await.unwrap();
                    assert_eq!(started.status, connector.to_string());
                }
            })
        })
        .collect();
    for _ in 0..TASKS * EACH {
        let question: Value = serde_json::from_str(&next_text(client).await).unwrap();
        let (id, payload) = match &question {
            Value::Array(items) => (&items[1], &items[3]),
            request => (&request["id"], &request["params"]),
        };
        client.send_text(&answer(id.as_str().unwrap(), &format!(r#"{{"status":"{}"}}"#, payload["connector"])));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Waits, because a task of the test's own is nothing that the server has to do.
async fn next_text<C: Channel>(client: &mut Client<C>) -> String {
    loop {
        match client.try_next_text().await {
            Some(text) => return text,
            None => yield_now().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_several_threads_each_get_their_own_answers() {
    let test = Test::new();
    let mut client = test.charger().await;
    ask_and_answer(test.log.socket(), &mut client, |id, payload| format!(r#"[3,"{id}",{payload}]"#)).await;
    let mut desk = test.desk("a").await;
    let socket = test.log.2.lock().unwrap().clone().unwrap();
    ask_and_answer(socket, &mut desk, result).await;
    assert_eq!(test.unmatched(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_may_come_in_any_order_and_in_a_batch() {
    let test = Test::new();
    let mut desk = test.desk("a").await;
    desk.send_text(r#"{"jsonrpc":"2.0","method":"begin","params":{"questions":3}}"#);
    let ids = [asked(&mut desk, 1).await, asked(&mut desk, 2).await, asked(&mut desk, 3).await];
    desk.send_text(&result(&ids[2], r#"{"status":"c"}"#));
    desk.send_text(&format!(
        "[{},{},{}]",
        result(&ids[1], r#"{"status":"b"}"#),
        notification("change"),
        result(&ids[0], r#"["a",1]"#)
    ));
    let mut told = test.told().await;
    told.sort();
    assert_eq!(told, ["1: a with 1", "2: b", "3: c", "changed a"]);
    desk.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_await_though_its_client_s_messages_wait() {
    let test = Test::new();
    let mut client = test.charger().await;
    client.send_text(r#"[2,"1","await",{}]"#);
    let id = asked(&mut client, 7).await;
    client.send_text(r#"[2,"2","begin",{}]"#);
    pass(Duration::ZERO).await;
    // It overtakes the message, which waits for the handler.
    client.send_text(&accepted(&id));
    assert_eq!(client.expect_text().await, r#"[3,"1","Accepted"]"#);
    asked(&mut client, 1).await;
    assert_eq!(client.expect_text().await, r#"[3,"2",null]"#);
}

#[tokio::test(start_paused = true)]
async fn concurrent_handlers_may_await_beside_each_other() {
    let test = Test::new();
    let mut desk = test.desk("a").await;
    let load = |id| format!(r#"{{"jsonrpc":"2.0","method":"load","id":{id}}}"#);
    desk.send_text(&load(1));
    desk.send_text(&load(2));
    let mut ids = Vec::new();
    for _ in 0..2 {
        let question: Value = serde_json::from_str(&desk.expect_text().await).unwrap();
        assert_eq!(question["params"], json!({ "of": 1.0 }));
        ids.push(question["id"].as_str().unwrap().to_owned());
    }
    // What runs alone waits for both, and the answers do not wait for it.
    desk.send_text(&notification("change"));
    pass(Duration::ZERO).await;
    desk.send_text(&result(&ids[1], "2"));
    assert_eq!(desk.expect_text().await, r#"{"jsonrpc":"2.0","result":2.0,"id":2}"#);
    pass(Duration::ZERO).await;
    assert!(test.log.take().is_empty());
    // No `f32`.
    desk.send_text(&result(&ids[0], "1e39"));
    let failed: Value = serde_json::from_str(&desk.expect_text().await).unwrap();
    assert_eq!((&failed["id"], &failed["error"]["data"]["code"]), (&json!(1), &json!("desk.load")));
    assert_eq!(test.told().await, ["changed a"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_hook_may_ask() {
    let test = Test::new();
    let connect = test.app.connect::<Desk>("/desk/asked_at_once").without_waiting();
    let mut desk = connect.await.unwrap();
    let id = asked(&mut desk, 1).await;
    desk.send_text(&result(&id, r#"{"status":"there"}"#));
    assert_eq!(test.told().await, ["there"]);
}

#[tokio::test(start_paused = true)]
async fn a_unit_is_read_from_any_answer() {
    let test = Test::new();
    let mut desk = test.desk("a").await;
    for answer in ["null", "{}", r#"{"x":[1]}"#] {
        desk.send_text(r#"{"jsonrpc":"2.0","method":"nothing","id":1}"#);
        let question: Value = serde_json::from_str(&desk.expect_text().await).unwrap();
        desk.send_text(&result(question["id"].as_str().unwrap(), answer));
        assert_eq!(desk.expect_text().await, r#"{"jsonrpc":"2.0","result":true,"id":1}"#);
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_written_is_not_sent() {
    let test = Test::new();
    let mut desk = test.desk("a").await;
    desk.send_text(&notification("load_of_nothing"));
    let [told] = &test.told().await[..] else { panic!("it is told once") };
    assert!(told.starts_with("the question can't be encoded: "), "{told}");
    desk.expect_nothing().await;
    let mut mute = test.app.connect::<Mute>("/silent").await.unwrap();
    mute.send_text("begin");
    assert_eq!(test.told().await, ["the client can't be asked"]);
    mute.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_reading_an_answer_ends_its_connection_alone() {
    let test = Test::new();
    let mut other = test.desk("b").await;
    for (method, answer, told) in [
        ("trap", "{}", &["the connection ended before the client answered"][..]),
        ("trap_of_notices", r#"{"status":"a"}"#, &[]),
    ] {
        let mut desk = test.desk("a").await;
        desk.send_text(&notification(method));
        let question: Value = serde_json::from_str(&desk.expect_text().await).unwrap();
        desk.send_text(&result(question["id"].as_str().unwrap(), answer));
        let (code, _) = desk.expect_close().await;
        assert_eq!(code, CloseCode::INTERNAL);
        assert_eq!(test.told().await, told);
    }
    other.send_text(&notification("change"));
    assert_eq!(test.told().await, ["changed b"]);
}
