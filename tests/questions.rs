//! Questions: the server asks its client, in an envelope that has a place for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::envelope::{
    Asks, Envelope, Incoming, IncomingMessage, Malformed, Out, Outgoing, Places, array, string,
};
use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{AskError, Channel, Fault, Ref, Socket, Success, channel, channels, message};
use serde::Deserialize;
use serde_json::{Value, json};

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
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
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

async fn charger() -> (TestApp<Log>, Client<Charger>, Log) {
    let log = Log::default();
    let app = testing::app(channels![Charger].app(log.clone()));
    let client = app.connect::<Charger>("/charger").await.unwrap();
    (app, client, log)
}

/// Reads a question, and returns its id.
async fn asked<C: Channel>(client: &mut Client<C>, connector: u32) -> String {
    let question: Value = serde_json::from_str(&client.expect_text().await).unwrap();
    let id = question[1].as_str().or(question["id"].as_str()).unwrap().to_owned();
    assert!(id.strip_prefix('s').is_some_and(|number| number.parse::<u64>().is_ok()), "{question}");
    let payload = if question.is_array() { &question[3] } else { &question["params"] };
    assert_eq!(payload, &json!({ "connector": connector }), "{question}");
    id
}

#[tokio::test]
async fn a_question_is_answered_and_the_handler_is_told() {
    let (_app, mut client, log) = charger().await;
    client.send_text(r#"[2,"1","begin",{}]"#);
    let id = asked(&mut client, 1).await;
    assert_eq!(client.expect_text().await, r#"[3,"1",null]"#);
    client.send_text(&format!(r#"[3,"{id}",{{"status":"Accepted","power":7.0}}]"#));
    client.expect_nothing().await;
    assert_eq!(log.take(), ["1: Accepted with 7"]);
}
