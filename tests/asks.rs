//! The server asks its clients in the framework's own envelope: one of them, and all of an audience.
//!
//! The clock stands still but where a test advances it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::testing::{self, Asked, Client, TestApp};
use channel_runtime::{
    AskError, CloseCode, Config, ConnectionId, Fault, Hub, Socket, Success, channel, channels, message,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::advance;

#[message(type = "confirm", answer = Yes)]
struct Confirm {
    text: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Yes {
    yes: bool,
}

#[message(type = "large", answer = String)]
struct Large {}

#[message(type = "said")]
struct Said {
    text: String,
}

struct Confirmed(Result<Yes, AskError>);

/// What the handlers were told, in order, and the sockets of those who connected, by name.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>, Arc<Mutex<BTreeMap<String, Socket<Desk>>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn socket(&self, name: &str) -> Socket<Desk> {
        self.1.lock().unwrap()[name].clone()
    }
}

fn shown<A: std::fmt::Debug>(outcome: Result<A, AskError>) -> String {
    match outcome {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => error.to_string(),
    }
}

#[channel("/desk/:room/:name", app = Log)]
struct Desk {
    room: String,
    name: String,
}

#[channel(sends(Confirm, Large, Said))]
impl Desk {
    fn identity(&self) -> &String {
        &self.name
    }

    fn on_connect(&mut self, socket: &Socket<Self>, app: &Log) {
        app.1.lock().unwrap().insert(self.name.clone(), socket.clone());
    }

    async fn on_close(&mut self, socket: &Socket<Self>, app: &Log) {
        if self.room == "farewell" {
            app.add(shown(socket.ask(Confirm { text: "stay?".into() }).await));
        }
    }

    #[message(type = "delete")]
    fn delete(&mut self, socket: &Socket<Self>) {
        socket.ask(Confirm { text: "all of it?".into() }).within(Duration::from_secs(5)).notify(Confirmed);
    }

    #[notice]
    fn confirmed(&mut self, n: Confirmed, app: &Log) {
        app.add(format!("{}: {}", self.name, shown(n.0)));
    }

    #[message(type = "wait")]
    async fn wait(&mut self, socket: &Socket<Self>) -> Success<String> {
        Success(shown(socket.ask(Confirm { text: "now?".into() }).await))
    }

    /// Until its client leaves.
    #[message(type = "stay")]
    async fn stay(&mut self, socket: &Socket<Self>, app: &Log) {
        socket.closed().await;
        app.add("stayed");
    }

    /// Whatever its client does.
    #[message(type = "linger")]
    async fn linger(&mut self) {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }

    #[message(type = "hello")]
    fn hello(&self) -> Said {
        Said { text: "hello".into() }
    }
}

struct Test {
    app: TestApp<Log>,
    log: Log,
    hub: Hub<Desk>,
}

type Outcomes<A> = Vec<(ConnectionId, Result<A, AskError>)>;

impl Test {
    fn new() -> Self {
        let log = Log::default();
        let channels = channels![Desk];
        let hub = channels.of::<Desk>();
        let config = Config::default().connections(2000).idle_timeout(None);
        let app = testing::app(channels.app(log.clone()).config(config));
        Self { app, log, hub }
    }

    async fn client(&self, room: &str, name: &str) -> Client<Desk> {
        self.app.connect::<Desk>(&format!("/desk/{room}/{name}")).await.unwrap()
    }

    async fn told(&self) -> Vec<String> {
        self.app.settle().await;
        self.log.take()
    }

    fn unmatched(&self) -> u64 {
        self.hub.stats().unmatched_answers
    }

    fn id(&self, name: &str) -> ConnectionId {
        self.log.socket(name).id()
    }

    /// In a task.
    fn ask_everybody(&self) -> JoinHandle<Outcomes<Yes>> {
        let ask = self.hub.all().ask(Confirm { text: "ready?".into() });
        tokio::spawn(ask.within(Duration::from_secs(5)).all())
    }
}

fn yes() -> Yes {
    Yes { yes: true }
}

/// Gives whoever is woken their turns.
async fn turns() {
    for _ in 0..16 {
        yield_now().await;
    }
}

/// Lets time pass, and gives whoever waited for it, and who is told then, their turns.
async fn pass(time: Duration) {
    advance(time).await;
    turns().await;
}

/// The number of the next question, which stands behind its type.
async fn number(client: &mut Client<Desk>) -> u64 {
    let text = client.expect_text().await;
    let question: Value = serde_json::from_str(&text).unwrap();
    let number = question["$ask"].as_u64().unwrap();
    assert!(text.starts_with(&format!(r#"{{"type":"confirm","$ask":{number},"text":""#)), "{text}");
    number
}

#[tokio::test(start_paused = true)]
async fn a_question_has_its_number_behind_its_type_and_its_answer_repeats_it() {
    let test = Test::new();
    let mut client = test.client("a", "ann").await;
    client.send(DeskFromClient::Delete);
    let asked = number(&mut client).await;
    client.send_text(&format!(r#"{{"type":"success","$ask":{asked},"data":{{"yes":true}}}}"#));
    assert_eq!(test.told().await, ["ann: Yes { yes: true }"]);
    // In any order, and with what a later version may say beside it.
    client.send(DeskFromClient::Delete);
    let asked = number(&mut client).await;
    client.send_text(&format!(
        r#" {{"$later":[1],"data":{{"yes":false}},"ref":null,"\u0024ask": {asked},"type":"success"}}"#
    ));
    assert_eq!(test.told().await, ["ann: Yes { yes: false }"]);
    client.expect_nothing().await;
    assert_eq!(test.unmatched(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_with_the_number_declines() {
    let test = Test::new();
    let mut client = test.client("a", "ann").await;
    for (error, told) in [
        (json!({ "code": "desk.no", "message": "not now", "details": { "until": 3 } }), "desk.no: not now"),
        (json!({ "code": "unknown_type", "message": "confirm" }), "unknown_type: confirm"),
        (json!({}), ": "),
    ] {
        client.send(DeskFromClient::Delete);
        let mut frame = error;
        frame["type"] = "error".into();
        frame["$ask"] = number(&mut client).await.into();
        client.send_text(&frame.to_string());
        assert_eq!(test.told().await, [format!("ann: the client answered with an error: {told}")]);
    }
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_names_its_place() {
    let test = Test::new();
    let mut client = test.client("a", "ann").await;
    for (data, error) in [
        (r#","data":{"yes":1}"#, "`yes`: invalid type: integer `1`, expected a boolean at line 1"),
        ("", "invalid type: null, expected struct Yes"),
    ] {
        client.send(DeskFromClient::Delete);
        let asked = number(&mut client).await;
        client.send_text(&format!(r#"{{"type":"success","$ask":{asked}{data}}}"#));
        let [told] = &test.told().await[..] else { panic!("it is told once") };
        let expected = format!(r#"ann: the client's answer does not fit: invalid message of type "confirm": {error}"#);
        assert!(told.starts_with(&expected), "{told}");
    }
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_no_open_question_is_counted_and_answered_by_nothing() {
    let test = Test::new();
    let mut client = test.client("a", "ann").await;
    // Nothing is asked yet.
    client.send_text(r#"{"type":"success","$ask":1,"data":{"yes":true}}"#);
    client.send_text(r#"{"type":"error","$ask":1,"code":"a.b","message":""}"#);
    client.expect_nothing().await;
    assert_eq!(test.unmatched(), 2);
    client.send(DeskFromClient::Delete);
    let asked = number(&mut client).await;
    for wrong in [asked + 1, 0, u64::MAX] {
        client.send_text(&format!(r#"{{"type":"success","$ask":{wrong},"data":{{"yes":true}}}}"#));
    }
    assert!(test.told().await.is_empty());
    assert_eq!(test.unmatched(), 5);
    // Twice, and another client's.
    let mut other = test.client("a", "bob").await;
    let answer = format!(r#"{{"type":"success","$ask":{asked},"data":{{"yes":true}}}}"#);
    other.send_text(&answer);
    client.send_text(&answer);
    client.send_text(&answer);
    assert_eq!(test.told().await, ["ann: Yes { yes: true }"]);
    assert_eq!(test.unmatched(), 7);
    client.expect_nothing().await;
    // A frame without a number is no answer.
    for text in [r#"{"type":"success","data":1}"#, r#"{"type":"success","$ask":"s1"}"#, r#"{"type":"error","$ask":-1}"#]
    {
        client.send_text(text);
        client.expect_error(Fault::UNKNOWN_TYPE).await;
    }
    assert_eq!(test.unmatched(), 7);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_know_the_framework_s_frames_is_not_asked() {
    let test = Test::new();
    let connect = test.app.connect::<Desk>("/desk/a/ann").offering("channels.1.json");
    let mut client = connect.await.unwrap();
    client.send(DeskFromClient::Delete);
    assert_eq!(test.told().await, ["ann: the client can't be asked"]);
    let all = test.ask_everybody().await.unwrap();
    assert!(matches!(&all[..], [(id, Err(AskError::Unsupported))] if *id == test.id("ann")));
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn by_a_notice_the_client_s_own_messages_are_not_held_up() {
    let test = Test::new();
    let mut client = test.client("a", "ann").await;
    client.send(DeskFromClient::Delete);
    let question = client.expect_question::<Confirm>().await;
    client.send(DeskFromClient::Hello);
    assert_eq!(client.expect::<Said>().await.text, "hello");
    pass(Duration::from_millis(4_900)).await;
    client.answer(question, yes());
    assert_eq!(test.told().await, ["ann: Yes { yes: true }"]);
    client.send(DeskFromClient::Delete);
    client.expect_question::<Confirm>().await;
    pass(Duration::from_millis(5_100)).await;
    assert_eq!(test.told().await, ["ann: the client did not answer in time"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_is_answered_and_holds_up_what_follows() {
    let test = Test::new();
    let mut client = test.client("a", "ann").await;
    client.send(DeskFromClient::Wait);
    let question = client.expect_question::<Confirm>().await;
    client.send(DeskFromClient::Hello);
    turns().await;
    assert!(client.take_texts().is_empty());
    client.decline(question, &Fault::new("desk.no", "never"));
    assert_eq!(client.expect_text().await, r#"{"type":"said","text":"hello"}"#);
}

#[tokio::test(start_paused = true)]
async fn one_of_many_connections_is_asked_from_anywhere() {
    let test = Test::new();
    let (mut ann, mut bob) = (test.client("a", "ann").await, test.client("a", "bob").await);
    let id = test.id("bob");
    let asked = tokio::spawn({
        let hub = test.hub.clone();
        async move { hub.connection(id).ask(Confirm { text: "you?".into() }).await }
    });
    turns().await;
    let question = bob.expect_question::<Confirm>().await;
    bob.answer(question, yes());
    assert_eq!(asked.await.unwrap().unwrap(), yes());
    ann.expect_nothing().await;
    bob.close();
    test.app.settle().await;
    assert!(matches!(test.hub.connection(id).ask(Confirm { text: "you?".into() }).await, Err(AskError::Gone)));
    // The handler of the one who is asked is told.
    test.hub.connection(test.id("ann")).ask(Confirm { text: "you?".into() }).notify(Confirmed);
    let question = ann.expect_question::<Confirm>().await;
    ann.answer(question, yes());
    assert_eq!(test.told().await, ["ann: Yes { yes: true }"]);
}

#[tokio::test(start_paused = true)]
async fn a_user_and_the_others_are_asked() {
    let test = Test::new();
    let (mut phone, mut laptop) = (test.client("a", "ann").await, test.client("a", "ann").await);
    let mut bob = test.client("a", "bob").await;
    let asked = tokio::spawn(test.hub.user("ann").ask(Confirm { text: "you?".into() }).all());
    turns().await;
    let (first, second) = (phone.expect_question::<Confirm>().await, laptop.expect_question::<Confirm>().await);
    laptop.answer(second, yes());
    phone.decline(first, &Fault::new("desk.no", ""));
    let outcomes = asked.await.unwrap();
    // In the order in which they were known.
    assert!(matches!(&outcomes[..], [(_, Ok(Yes { yes: true })), (_, Err(AskError::Failed(_)))]), "{outcomes:?}");
    bob.expect_nothing().await;
    let mut each = test.log.socket("bob").hub().all().except(test.id("bob")).ask(Large {}).each();
    let question: Asked<Large> = phone.expect_question().await;
    phone.answer(question, "a");
    laptop.close();
    let (_, first) = each.next().await.unwrap();
    assert_eq!(first.unwrap(), "a");
    let (_, second) = each.next().await.unwrap();
    assert!(matches!(second, Err(AskError::Gone)));
    assert!(each.next().await.is_none());
    bob.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_who_are_asked_each_who_says_nothing_is_named() {
    const ALL: usize = 1000;
    let test = Test::new();
    let mut clients = Vec::new();
    for at in 0..ALL {
        clients.push(test.client("a", &format!("c{at}")).await);
    }
    let asked = test.ask_everybody();
    turns().await;
    for (at, client) in clients.iter_mut().enumerate() {
        let question = client.expect_question::<Confirm>().await;
        if at % 10 != 0 {
            client.answer(question, Yes { yes: at % 2 == 0 });
        }
    }
    pass(Duration::from_millis(4_900)).await;
    assert!(!asked.is_finished());
    // Who joins later is not asked, and not waited for.
    let mut late = test.client("a", "late").await;
    pass(Duration::from_millis(200)).await;
    let outcomes: BTreeMap<_, _> = asked.await.unwrap().into_iter().collect();
    assert_eq!(outcomes.len(), ALL);
    for at in 0..ALL {
        match &outcomes[&test.id(&format!("c{at}"))] {
            Ok(Yes { yes }) => assert!(at % 10 != 0 && *yes == (at % 2 == 0), "{at}"),
            Err(error) => assert!(at % 10 == 0 && matches!(error, AskError::TimedOut), "{at}: {error}"),
        }
    }
    late.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn who_leaves_is_gone_at_once_also_while_its_handler_runs() {
    let test = Test::new();
    let mut clients = [test.client("a", "ann").await, test.client("a", "bob").await, test.client("a", "cat").await];
    clients[1].send(DeskFromClient::Stay);
    let asked = test.ask_everybody();
    turns().await;
    let mut questions = Vec::new();
    for client in &mut clients {
        questions.push(client.expect_question::<Confirm>().await);
    }
    let [mut ann, bob, mut cat] = clients;
    ann.close();
    drop(bob);
    assert_eq!(test.told().await, ["stayed"]);
    turns().await;
    cat.answer(questions.remove(2), yes());
    test.app.settle().await;
    turns().await;
    // No time has passed.
    assert!(asked.is_finished());
    let outcomes: BTreeMap<_, _> = asked.await.unwrap().into_iter().collect();
    assert!(matches!(outcomes[&test.id("ann")], Err(AskError::Gone)));
    assert!(matches!(outcomes[&test.id("bob")], Err(AskError::Gone)));
    assert!(outcomes[&test.id("cat")].is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_is_closed_and_who_is_asked_as_it_closes_is_gone() {
    let test = Test::new();
    let mut ann = test.client("farewell", "ann").await;
    let socket = test.log.socket("ann");
    let asked = test.ask_everybody();
    turns().await;
    ann.expect_question::<Confirm>().await;
    test.hub.all().disconnect(CloseCode::NORMAL, "over");
    // In `on_close`, too.
    assert_eq!(test.told().await, ["the connection ended before the client answered"]);
    assert!(matches!(&asked.await.unwrap()[..], [(_, Err(AskError::Gone))]));
    assert!(matches!(socket.ask(Confirm { text: "?".into() }).await, Err(AskError::Gone)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_tells_who_waits() {
    let test = Test::new();
    let mut ann = test.client("a", "ann").await;
    let asked = test.ask_everybody();
    turns().await;
    ann.expect_question::<Confirm>().await;
    test.app.drain().await;
    assert!(matches!(&asked.await.unwrap()[..], [(_, Err(AskError::Gone))]));
}

#[tokio::test(start_paused = true)]
async fn at_most_16_questions_to_a_client_are_open() {
    let test = Test::new();
    let mut ann = test.client("a", "ann").await;
    let socket = test.log.socket("ann");
    for _ in 0..16 {
        socket.ask(Confirm { text: "?".into() }).notify(Confirmed);
    }
    let all = test.ask_everybody().await.unwrap();
    assert!(matches!(&all[..], [(_, Err(AskError::TooMany))]));
    let first = ann.expect_question::<Confirm>().await;
    ann.answer(first, yes());
    assert_eq!(test.told().await, ["ann: Yes { yes: true }"]);
    let asked = test.ask_everybody();
    turns().await;
    for _ in 1..16 {
        ann.expect_question::<Confirm>().await;
    }
    let question = ann.expect_question::<Confirm>().await;
    ann.answer(question, yes());
    assert!(matches!(&asked.await.unwrap()[..], [(_, Ok(_))]));
}

#[tokio::test(start_paused = true)]
async fn the_answers_to_one_question_are_a_mebibyte_together() {
    let test = Test::new();
    let mut clients = Vec::new();
    for at in 0..20 {
        clients.push(test.client("a", &format!("c{at}")).await);
    }
    let mut each = test.hub.all().ask(Large {}).each();
    let answer = "a".repeat(60 * 1024);
    for (at, client) in clients.iter_mut().enumerate() {
        let question: Asked<Large> = client.expect_question().await;
        match at {
            18 => client.decline(question, &Fault::new("desk.no", answer.clone())),
            19 => client.answer(question, "short"),
            _ => client.answer(question, &answer),
        }
        test.app.settle().await;
    }
    for at in 0..20 {
        let (id, outcome) = each.next().await.unwrap();
        assert_eq!(id, test.id(&format!("c{at}")));
        // 17 of them are shorter than it, and 18 are not, nor with who declines at length; what is refused counts no more.
        match outcome {
            Ok(text) => assert!(at < 17 && text == answer || at == 19 && text == "short", "{at}"),
            Err(error) => assert!((17..19).contains(&at) && matches!(error, AskError::TooLong), "{at}: {error}"),
        }
    }
    assert!(each.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_has_left_is_gone_also_if_it_is_asked_only_then() {
    let test = Test::new();
    let (mut ann, mut bob) = (test.client("a", "ann").await, test.client("a", "bob").await);
    bob.send(DeskFromClient::Linger);
    turns().await;
    bob.close();
    turns().await;
    assert_eq!(test.hub.all().len(), 2, "its handler still runs");
    let mut each = test.hub.all().ask(Confirm { text: "ready?".into() }).each();
    let (id, outcome) = each.next().await.unwrap();
    assert_eq!(id, test.id("bob"));
    assert!(matches!(outcome, Err(AskError::Gone)), "{outcome:?}");
    let question = ann.expect_question::<Confirm>().await;
    ann.answer(question, yes());
    assert!(each.next().await.unwrap().1.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nobody_in_an_audience_is_no_outcome_and_who_looks_away_is_told_nothing() {
    let test = Test::new();
    assert!(test.ask_everybody().await.unwrap().is_empty());
    let mut ann = test.client("a", "ann").await;
    drop(test.hub.all().ask(Confirm { text: "?".into() }).each());
    let question = ann.expect_question::<Confirm>().await;
    ann.answer(question, yes());
    ann.expect_nothing().await;
    assert_eq!(test.unmatched(), 0);
}

/// What must come of a question to each client. `None` while it is open.
type Expected = BTreeMap<ConnectionId, Option<&'static str>>;

/// One run of a model: clients come, answer, decline, answer twice, answer for others, leave, and time passes.
async fn random_run(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let test = Test::new();
    // `None` where it has left.
    let mut clients: Vec<Option<Client<Desk>>> = Vec::new();
    // What must come of each question: by whom it was asked, if it is decided.
    let mut asked: Vec<(JoinHandle<Outcomes<Yes>>, Expected)> = Vec::new();
    // By client: the questions that it has not answered, with their places in `asked`.
    let mut open: Vec<Vec<(usize, u64)>> = Vec::new();
    for at in 0..6 {
        clients.push(Some(test.client("a", &format!("c{at}")).await));
        open.push(Vec::new());
    }
    for _ in 0..60 {
        let at = random.usize(..clients.len());
        let id = test.id(&format!("c{at}"));
        match random.u32(..10) {
            0 => {
                clients.push(Some(test.client("a", &format!("c{}", clients.len())).await));
                open.push(Vec::new());
            }
            1 | 2 => {
                let task = test.ask_everybody();
                turns().await;
                let mut outcomes = BTreeMap::new();
                for (at, client) in clients.iter_mut().enumerate() {
                    let Some(client) = client else { continue };
                    let id = test.id(&format!("c{at}"));
                    if open[at].len() == 16 {
                        outcomes.insert(id, Some("too many"));
                        continue;
                    }
                    open[at].push((asked.len(), number(client).await));
                    outcomes.insert(id, None);
                }
                asked.push((task, outcomes));
            }
            3..7 if !open[at].is_empty() => {
                let (question, number) = {
                    let nth = random.usize(..open[at].len());
                    open[at].swap_remove(nth)
                };
                let client = clients[at].as_mut().unwrap();
                let (frame, outcome) = match random.bool() {
                    true => (format!(r#"{{"type":"success","$ask":{number},"data":{{"yes":true}}}}"#), "yes"),
                    false => (format!(r#"{{"type":"error","$ask":{number},"code":"a.b","message":""}}"#), "no"),
                };
                for _ in 0..random.u32(1..3) {
                    client.send_text(&frame);
                }
                test.app.settle().await;
                asked[question].1.insert(id, Some(outcome));
            }
            7 => {
                // A stranger's number.
                let number = open.iter().flatten().map(|(_, number)| *number).max().unwrap_or(0);
                if let Some(client) = &mut clients[at]
                    && !open[at].iter().any(|(_, own)| *own == number)
                {
                    client.send_text(&format!(r#"{{"type":"success","$ask":{number},"data":{{"yes":false}}}}"#));
                    test.app.settle().await;
                }
            }
            8 => {
                let Some(mut client) = clients[at].take() else { continue };
                if random.bool() {
                    client.close();
                }
                drop(client);
                test.app.settle().await;
                for (question, _) in open[at].drain(..) {
                    asked[question].1.insert(id, Some("gone"));
                }
            }
            _ if random.u32(..4) == 0 => {
                pass(Duration::from_secs(6)).await;
                for open in &mut open {
                    open.clear();
                }
                for (_, outcomes) in &mut asked {
                    outcomes.values_mut().for_each(|outcome| _ = outcome.get_or_insert("late"));
                }
            }
            _ => {}
        }
    }
    pass(Duration::from_secs(6)).await;
    for (at, (task, expected)) in asked.into_iter().enumerate() {
        assert!(task.is_finished(), "seed {seed}: question {at} is still waited for");
        let outcomes = task.await.unwrap();
        assert_eq!(outcomes.len(), expected.len(), "seed {seed}: question {at}");
        let found: BTreeMap<_, _> = outcomes
            .into_iter()
            .map(|(id, outcome)| {
                let outcome = match outcome {
                    Ok(answer) => {
                        if answer.yes {
                            "yes"
                        } else {
                            "a stranger's"
                        }
                    }
                    Err(AskError::Failed(_)) => "no",
                    Err(AskError::Gone) => "gone",
                    Err(AskError::TimedOut) => "late",
                    Err(AskError::TooMany) => "too many",
                    Err(other) => panic!("seed {seed}: {other}"),
                };
                (id, outcome)
            })
            .collect();
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(id, outcome)| (id, outcome.unwrap_or("late"))).collect();
        assert_eq!(found, expected, "seed {seed}: question {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_clients_do_each_who_is_asked_has_one_outcome() {
    for seed in 0..200 {
        random_run(seed).await;
    }
}
