//! The vectors that every client is tested with: tests/vectors.

use std::fs;
use std::path::Path;
use std::time::Duration;

use channel_runtime::envelope::Flat;
use channel_runtime::{Fault, Messages, Protocol};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::super::events::{Event, event};
use super::super::url::ServerUrl;
use super::super::wire;
use crate::engine::{Action, Engine, Error, News, Outcome, Request, Settings, Verdict, offers, wait};

fn vectors(name: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name).with_extension("json");
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let vectors = file["vectors"].as_array().unwrap().clone();
    assert!(vectors.len() > 5, "{name}");
    vectors
}

/// A message of any fields.
#[derive(Debug)]
struct Any<const SAID: bool> {
    index: usize,
    fields: Value,
}

type Said = Any<true>;
type Heard = Any<false>;

impl<const SAID: bool> Messages for Any<SAID> {
    const TYPES: &'static [&'static str] = if SAID { &["leave", "move", "say"] } else { &["moved", "welcome"] };

    fn decode<'de, D: Deserializer<'de>>(index: usize, fields: D) -> Result<Self, D::Error> {
        Ok(Self { index, fields: Value::deserialize(fields)? })
    }

    fn index(&self) -> usize {
        self.index
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}

#[derive(Debug)]
struct Vector;

impl Protocol for Vector {
    type FromClient = Said;
    type ToClient = Heard;
    type Envelope = Flat;
}

#[test]
fn waits() {
    for vector in vectors("waits") {
        let [random, after, window, ms] = ["random", "after", "window", "ms"].map(|key| vector[key].as_f64().unwrap());
        let millis = |ms: f64| Duration::from_secs_f64(ms / 1000.0);
        let attempt = vector["n"].as_u64().unwrap() as u32;
        let found = wait(attempt, vector["slow"].as_bool().unwrap(), random, millis(after), millis(window));
        assert!(found.abs_diff(millis(ms)) < Duration::from_millis(1), "{vector}: {found:?}");
    }
}

#[test]
fn ends() {
    for vector in vectors("ends") {
        let found = match vector["status"].as_u64() {
            Some(status) => Verdict::of_status(status as u16),
            None => {
                let fault = vector["fault"].as_str().map(|code| Fault::new(code.to_owned(), ""));
                Verdict::of_close(vector["code"].as_u64().unwrap() as u16, fault.as_ref())
            }
        };
        let found = match found {
            // Without a function nobody can be asked for another one.
            Verdict::Token if vector["token"] != "function" => "final",
            Verdict::Final => "final",
            Verdict::Soon => "soon",
            Verdict::Slow => "slow",
            Verdict::Token => "token",
            Verdict::Idle => "idle",
        };
        assert_eq!(vector["then"], found, "{vector}");
    }
}

#[test]
fn offered() {
    for vector in vectors("offers") {
        let fingerprint = vector["fingerprint"].as_str().map(|hex| u64::from_str_radix(hex, 16).unwrap());
        assert_eq!(json!(offers(fingerprint, vector["token"].as_str())), vector["offers"], "{vector}");
    }
}

#[test]
fn paths() {
    use channel_runtime::{Path, Segment};

    for vector in vectors("paths") {
        let segments: Vec<_> = vector["pattern"].as_str().unwrap().split('/').skip(1).map(str::to_owned).collect();
        let segments = segments.into_iter().map(|segment| match segment.strip_prefix(':') {
            Some(name) => Segment::Param(name.to_owned().leak()),
            None => Segment::Literal(segment.leak()),
        });
        let pattern = Path::new("", segments.collect::<Vec<_>>().leak());
        let params: Vec<_> = vector["params"].as_array().unwrap().iter().map(|param| param.as_str().unwrap()).collect();
        let params: Vec<&dyn std::fmt::Display> = params.iter().map(|param| param as &dyn std::fmt::Display).collect();
        let url = ServerUrl::new("ws://server", &pattern.render(&params), &[]).map(|address| address.url(None, ""));
        match vector["path"].as_str() {
            Some(path) => assert_eq!(url.unwrap(), format!("ws://server{path}"), "{vector}"),
            None => assert!(url.is_err(), "{vector}"),
        }
    }
}

#[test]
fn encoded() {
    for vector in vectors("encode") {
        let index = Said::TYPES.iter().position(|known| vector["type"] == *known).unwrap();
        let message = Said { index, fields: vector["payload"].clone() };
        let text = wire::text(&message, vector["ref"].as_i64()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), vector["frame"], "{vector}");
    }
}

#[test]
fn decoded() {
    for vector in vectors("decode") {
        let (found, outcome) = received(vector["text"].as_str().unwrap());
        let mut wanted = vector.clone();
        wanted.as_object_mut().unwrap().remove("text");
        assert_eq!(shown(found, outcome), wanted, "{vector}");
    }
}

/// What a client that waits for one answer is told of this text, and the answer.
fn received(text: &str) -> (Vec<News>, Option<Outcome>) {
    let settings = Settings {
        fingerprint: None,
        asks_for_tokens: false,
        token: None,
        position: None,
        queue: 256,
        silence: None,
        random: Box::new(|| 0.5),
    };
    let now = Instant::now();
    let mut engine = Engine::new(settings, now);
    engine.open(now);
    engine.connected(now);
    engine.text(r#"{"type":"$joined","id":"c1"}"#.to_owned(), now);
    engine.greeted(Vec::new(), now);
    let (reply, mut replied) = oneshot::channel();
    let reference = engine.next_ref();
    let deadline = now + Duration::from_secs(10);
    engine.request(
        reference,
        Request { text: "{}".to_owned(), pace: None, deadline, is_idempotent: false, reply },
        now,
    );
    while engine.next_action().is_some() {}
    engine.text(text.to_owned(), now);
    let mut told = Vec::new();
    while let Some(action) = engine.next_action() {
        match action {
            Action::Tell(news) => told.push(news),
            other => panic!("{text}: {other:?}"),
        }
    }
    (told, replied.try_recv().ok())
}

fn shown(told: Vec<News>, outcome: Option<Outcome>) -> Value {
    assert!(told.len() <= 1, "{told:?}");
    match (told.into_iter().next(), outcome) {
        (None, None) => json!({ "nothing": true }),
        (None, Some(Err(Error::Fault(fault)))) => json!({ "answer": { "fault": fault.code } }),
        (None, Some(outcome)) => {
            let message: Value = serde_json::from_str(&outcome.unwrap()).unwrap();
            match (message["type"] == "success", message.get("data")) {
                (true, None) => json!({ "answer": {} }),
                (true, Some(data)) => json!({ "answer": { "value": data } }),
                (false, _) => json!({ "answer": { "value": message } }),
            }
        }
        (Some(News::Text(text)), None) => {
            let whole: Value = serde_json::from_str(&text).unwrap();
            match event::<Vector>(News::Text(text)).unwrap() {
                Event::Message(message) => {
                    // The protocol's own keys are no fields of a message.
                    for (key, value) in message.fields.as_object().unwrap() {
                        assert_eq!(whole[key], *value);
                    }
                    assert_eq!(whole["type"], Heard::TYPES[message.index]);
                    json!({ "message": whole })
                }
                Event::Unheard { text, .. } => json!({ "unheard": serde_json::from_str::<Value>(&text).unwrap() }),
                other => panic!("{other:?}"),
            }
        }
        (Some(News::Fault(fault)), None) => json!({ "error": fault.code }),
        other => panic!("{other:?}"),
    }
}
