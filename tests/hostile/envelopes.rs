//! Texts for channels in other protocols' envelopes: no message there, or too much of something.

use channel_runtime::envelope::{Bare, JsonRpc, Phoenix};
use channel_runtime::{Success, channel, message};
use serde_json::Value;

use super::Attack;
use super::square::{Echo, Put};
use super::stage::Stage;
use crate::support::{Frame, text};

#[channel("/rpc")]
pub struct Rpc;

#[channel(sends(Echo), envelope = JsonRpc)]
impl Rpc {
    #[message]
    fn echo(&mut self, said: Echo) -> Echo {
        said
    }

    #[message]
    fn put(&mut self, put: Put) -> Success<usize> {
        put.counted()
    }

    #[message(type = "unsayable")]
    fn unsayable(&mut self) -> Success<[f64; 2]> {
        Success([1.0, f64::NAN])
    }
}

#[channel("/topic/:_name/websocket")]
pub struct Topic {
    _name: String,
}

#[channel(sends(Echo), envelope = Phoenix)]
impl Topic {
    #[message]
    fn echo(&mut self, said: Echo) -> Echo {
        said
    }

    #[message]
    fn put(&mut self, put: Put) -> Success<usize> {
        put.counted()
    }
}

#[message(type = "measured")]
pub struct Measured {
    value: f64,
}

#[channel("/objects")]
pub struct Objects;

#[channel(sends(Echo, Measured), envelope = Bare)]
impl Objects {
    #[message]
    fn echo(&mut self, said: Echo) -> Echo {
        said
    }

    #[message]
    fn put(&mut self, _: Put) {}

    #[message(type = "unsayable")]
    fn unsayable(&mut self) -> Measured {
        Measured { value: f64::NAN }
    }
}

/// A channel, a text that is surely answered there, its answer, and how another answer reads.
struct Envelope {
    path: &'static str,
    probe: &'static str,
    answer: &'static str,
    reads: fn(&Value) -> String,
}

const JSON_RPC: Envelope = Envelope {
    path: "/rpc",
    probe: r#"{"jsonrpc":"2.0","method":"echo","params":["still here"],"id":"probe"}"#,
    answer: r#"{"jsonrpc":"2.0","result":{"text":"still here"},"id":"probe"}"#,
    reads: |answer| match answer {
        Value::Array(answers) => format!("{} of {} in an array", (JSON_RPC.reads)(&answers[0]), answers.len()),
        answer => {
            let to = if answer["id"].is_null() { " to null" } else { "" };
            match &answer["error"]["code"] {
                Value::Null => format!("a result{to}"),
                code => format!("`{code}`{to}"),
            }
        }
    },
};

const PHOENIX: Envelope = Envelope {
    path: "/topic/7/websocket",
    probe: r#"[null,"probe","topic:7","echo",{"text":"still here"}]"#,
    answer: r#"[null,"probe","topic:7","phx_reply",{"status":"ok","response":{"text":"still here"}}]"#,
    reads: |answer| match answer[4]["response"]["reason"].as_str() {
        Some(reason) => format!("`{reason}`"),
        None => answer[4]["status"].as_str().unwrap_or("no reply").to_owned(),
    },
};

const BARE: Envelope = Envelope {
    path: "/objects",
    probe: r#"{"type":"echo","text":"still here"}"#,
    answer: r#"{"type":"echo","text":"still here"}"#,
    reads: |answer| answer["type"].as_str().unwrap_or("no type").to_owned(),
};

/// The longest answer, in bytes, whatever was sent; a batch has many.
const LONGEST: usize = 1024;

impl Envelope {
    async fn is_sent(&self, stage: &Stage, attack: &str) -> String {
        let mut raw = stage.server.raw(self.path).await;
        raw.write_if_open([text(attack), text(self.probe)].concat()).await;
        let mut seen = Vec::new();
        loop {
            match raw.frame().await {
                None => seen.push("cut".to_owned()),
                Some(frame) if frame == Frame::text(self.answer) => seen.push("goes on".to_owned()),
                Some(frame) if frame.first == 0x81 => {
                    let answer: Value = serde_json::from_slice(&frame.payload).unwrap();
                    let answers = answer.as_array().filter(|_| self.path == JSON_RPC.path).map_or(1, Vec::len);
                    assert!(frame.payload.len() <= LONGEST * answers, "an answer of {} bytes", frame.payload.len());
                    seen.push((self.reads)(&answer));
                    continue;
                }
                Some(frame) => seen.push(super::seen::closed(&frame)),
            }
            return seen.join(", ");
        }
    }
}

pub fn attacks() -> Vec<Attack> {
    let of = |envelope: &'static Envelope, name, tries, ends, attack: &str| {
        let attack = attack.to_owned();
        Attack::does(name, tries, ends, async move |stage| envelope.is_sent(stage, &attack).await)
    };
    let rpc = |name, tries, ends, attack: &str| of(&JSON_RPC, name, tries, ends, attack);
    let phoenix = |name, tries, ends, attack: &str| of(&PHOENIX, name, tries, ends, attack);
    let bare = |name, tries, ends, attack: &str| of(&BARE, name, tries, ends, attack);
    let bomb = "[".repeat(30_000) + &"]".repeat(30_000);
    let kilobyte = "i".repeat(1024);
    let request = |method: &str, params: &str, id: &str| {
        format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params},"id":{id}}}"#)
    };
    let batch = |count: usize, item: &str| format!("[{}]", vec![item; count].join(","));
    let push =
        |refs: &str, topic: &str, event: &str, payload: &str| format!(r#"[{refs},"{topic}","{event}",{payload}]"#);
    vec![
        rpc("rpc_no_json", "words that are no JSON, in JSON-RPC", "`-32700` to null, goes on", "let me in"),
        rpc("rpc_no_request", "an object that is no request", "`-32600` to null, goes on", "{}"),
        rpc("rpc_depth_bomb", "60,000 brackets, a batch", "`-32600` to null of 1 in an array, goes on", &bomb),
        rpc(
            "rpc_depth_bomb_unclosed",
            "60,000 brackets that are never closed",
            "`-32700` to null, goes on",
            &"[{\"a\":".repeat(10_000),
        ),
        rpc(
            "rpc_depth_bomb_in_a_payload",
            "30,000 arrays within each other in a parameter",
            "`-32602`, goes on",
            &request("put", &format!(r#"{{"tags":{{"a":{bomb}}}}}"#), "1"),
        ),
        rpc(
            "rpc_depth_bomb_unread",
            "the same in a parameter that nobody reads",
            "`-32602`, goes on",
            &request("put", &format!(r#"{{"nothing":{bomb}}}"#), "1"),
        ),
        rpc(
            "rpc_depth_bomb_beside",
            "the same beside the parameters of a notification",
            "goes on",
            &format!(r#"{{"jsonrpc":"2.0","method":"put","nothing":{bomb}}}"#),
        ),
        rpc("rpc_depth_bomb_as_id", "the same as an id", "`-32600` to null, goes on", &request("put", "{}", &bomb)),
        rpc(
            "rpc_long_id",
            "an id of a kilobyte",
            "`-32600` to null, goes on",
            &request("put", "{}", &format!("\"{kilobyte}\"")),
        ),
        rpc(
            "rpc_long_number",
            "an id of 60,000 digits",
            "`-32600` to null, goes on",
            &request("put", "{}", &"7".repeat(60_000)),
        ),
        rpc(
            "rpc_two_ids",
            "an id twice",
            "`-32600` to null, goes on",
            r#"{"jsonrpc":"2.0","method":"put","id":1,"id":2}"#,
        ),
        rpc(
            "rpc_long_method",
            "a method of 60,000 bytes",
            "`-32601`, goes on",
            &request(&"m".repeat(60_000), "{}", "1"),
        ),
        rpc(
            "rpc_infinite_number",
            "1e999 as a parameter",
            "`-32602`, goes on",
            &request("put", r#"{"ratio":1e999}"#, "1"),
        ),
        rpc("rpc_not_a_number", "NaN as a parameter", "`-32700` to null, goes on", &request("put", "[NaN]", "1")),
        rpc(
            "rpc_answer_is_not_a_number",
            "a method whose result is NaN",
            "`-32603`, goes on",
            &request("unsayable", "{}", "1"),
        ),
        rpc(
            "rpc_wrong_notification",
            "a notification that does not fit",
            "goes on",
            r#"{"jsonrpc":"2.0","method":"put","params":{"count":"x"}}"#,
        ),
        rpc(
            "rpc_unasked_answer",
            "an answer to a request that nobody has made",
            "goes on",
            r#"{"jsonrpc":"2.0","result":{},"id":"s1"}"#,
        ),
        rpc(
            "rpc_unasked_bad_answer",
            "an answer that is none, with the id of a request",
            "`-32600` to null, goes on",
            r#"{"jsonrpc":"2.0","result":1,"error":2,"id":"probe"}"#,
        ),
        rpc(
            "rpc_batch_as_large_as_may_be",
            "a batch of 64",
            "a result of 64 in an array, goes on",
            &batch(64, &request("put", "{}", "1")),
        ),
        rpc(
            "rpc_batch_too_large",
            "a batch of 65",
            "`-32600` to null, goes on",
            &batch(65, &request("put", "{}", "1")),
        ),
        rpc("rpc_batch_of_numbers", "a batch of 30,000 numbers", "`-32600` to null, goes on", &batch(30_000, "1")),
        rpc(
            "rpc_batch_of_batches",
            "a batch of 64 batches of 64",
            "`-32600` to null of 64 in an array, goes on",
            &batch(64, &batch(64, "1")),
        ),
        rpc(
            "rpc_batch_of_notifications",
            "a batch of 64 notifications that do not fit",
            "goes on",
            &batch(64, r#"{"jsonrpc":"2.0","method":"put","params":[[]]}"#),
        ),
        phoenix("phoenix_no_array", "an object, in Phoenix", "goes on", "{}"),
        phoenix(
            "phoenix_depth_bomb_in_a_payload",
            "30,000 arrays within each other in a field",
            "`invalid_payload`, goes on",
            &push(r#""1","2""#, "topic:7", "put", &format!(r#"{{"tags":{{"a":{bomb}}}}}"#)),
        ),
        phoenix(
            "phoenix_depth_bomb_unread",
            "the same where nobody reads it",
            "`invalid_payload`, goes on",
            &push(r#""1","2""#, "topic:7", "put", &format!(r#"{{"nothing":{bomb}}}"#)),
        ),
        phoenix(
            "phoenix_depth_bomb_as_ref",
            "the same as a ref",
            "goes on",
            &push(&format!("null,{bomb}"), "topic:7", "put", "{}"),
        ),
        phoenix(
            "phoenix_long_ref",
            "a ref of a kilobyte",
            "goes on",
            &push(&format!("null,\"{kilobyte}\""), "topic:7", "put", "{}"),
        ),
        phoenix(
            "phoenix_long_topic",
            "a join of a topic of 60,000 bytes",
            "`unmatched topic`, goes on",
            &push(r#""1","1""#, &"t".repeat(60_000), "phx_join", "{}"),
        ),
        phoenix(
            "phoenix_other_topic",
            "a message to another topic",
            "`unmatched topic`, goes on",
            &push(r#""1","1""#, "topic:8", "echo", r#"{"text":"a"}"#),
        ),
        phoenix(
            "phoenix_topic_of_the_socket",
            "a message to the heartbeats' topic",
            "`unmatched topic`, goes on",
            &push(r#""1","1""#, "phoenix", "echo", r#"{"text":"a"}"#),
        ),
        phoenix(
            "phoenix_unasked_reply",
            "a reply to what nobody has asked",
            "goes on",
            &push(r#""1","1""#, "topic:7", "phx_reply", r#"{"status":"ok","response":{}}"#),
        ),
        phoenix(
            "phoenix_long_event",
            "an event of 60,000 bytes",
            "`unmatched event`, goes on",
            &push(r#""1","1""#, "topic:7", &"e".repeat(60_000), "{}"),
        ),
        bare("bare_no_json", "words that are no JSON, in an envelope without errors", "goes on", "let me in"),
        bare("bare_unknown", "an unknown type", "goes on", r#"{"type":"error","ref":1}"#),
        bare(
            "bare_depth_bomb_unread",
            "30,000 arrays within each other where nobody reads it",
            "goes on",
            &format!(r#"{{"type":"echo","text":"a","ref":{bomb}}}"#),
        ),
        bare(
            "bare_ref",
            "a `ref` that is no `ref` elsewhere, where it is a field like others",
            "echo, goes on",
            &format!(r#"{{"ref":"{kilobyte}","$x":1,"type":"echo","text":"a"}}"#),
        ),
        bare("bare_answer_is_not_a_number", "what is answered by NaN", "goes on", r#"{"type":"unsayable"}"#),
    ]
}
