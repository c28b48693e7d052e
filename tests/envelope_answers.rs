//! The table in docs/envelopes.md: what each envelope answers, and what it has no place for.

use channel_runtime::envelope::{Bare, Flat, JsonRpc, Phoenix};
use channel_runtime::testing::{self, Client};
use channel_runtime::{Channel, CloseCode, DecodeError, Fault, Hub, Sent, Socket, Success, channel, channels, message};
use ocpp16::Ocpp16;
use serde_json::{Value, json};

#[path = "../examples/ocpp/ocpp16.rs"]
mod ocpp16;

#[message(type = "said")]
struct Said {
    text: String,
}

#[message(type = "number")]
struct Number {
    n: u8,
}

#[message(type = "rare", rate = "1/h")]
struct Rare {}

/// A channel with a handler for each thing that a handler may return.
macro_rules! answering {
    ($name:ident, $path:literal, $envelope:ident) => {
        #[channel($path)]
        struct $name;

        #[channel(sends(Said), envelope = $envelope)]
        impl $name {
            #[message(type = "nothing")]
            fn nothing(&self) {}

            #[message(type = "data")]
            fn data(&self) -> Success<[u8; 2]> {
                Success([1, 2])
            }

            #[message(type = "say")]
            fn say(&self) -> Said {
                Said { text: "x".into() }
            }

            #[message(type = "fails")]
            fn fails(&self) -> Result<(), Fault> {
                Err(Fault::new("a.b", "it fails").with_details(json!({ "left": 3 })))
            }

            #[message(type = "breaks")]
            fn breaks(&self) -> Result<(), Fault> {
                Err(Fault::internal("its cause"))
            }

            #[message]
            fn rare(&self, _: Rare) {}

            #[message]
            fn number(&self, m: Number) -> Result<(), Fault> {
                if m.n > 9 { Err(Fault::validation("a digit")) } else { Ok(()) }
            }
        }
    };
}

answering!(OverFlat, "/flat", Flat);
answering!(OverJsonRpc, "/rpc", JsonRpc);
answering!(OverOcpp, "/ocpp", Ocpp16);
answering!(OverPhoenix, "/room/7/websocket", Phoenix);

/// What is returned by its handlers has a place in `Bare`.
#[channel("/bare")]
struct OverBare;

#[channel(sends(Said), envelope = Bare)]
impl OverBare {
    #[message(type = "nothing")]
    fn nothing(&self) {}

    #[message(type = "say")]
    fn say(&self) -> Said {
        Said { text: "x".into() }
    }

    #[message]
    fn number(&self, _: Number) {}

    #[message]
    fn rare(&self, _: Rare) {}

    fn on_invalid(&mut self, error: DecodeError, socket: &Socket<Self>) {
        let text = match error {
            DecodeError::UnknownType { .. } => "unknown",
            DecodeError::InvalidPayload { .. } => "invalid",
            _ => "malformed",
        };
        socket.send(Said { text: text.into() });
    }
}

/// What the client is sent for a text. `null` if nothing is.
async fn answer<C: Channel>(client: &mut Client<C>, text: &str) -> Value {
    client.send_text(text);
    let answer = client.try_next_text().await.map(|text| serde_json::from_str(&text).expect("JSON"));
    client.expect_nothing().await;
    answer.unwrap_or_default()
}

/// What is said of an error, without the sentences and the places in the text.
fn without_words(mut error: Value) -> Value {
    if let Some(error) = error.as_object_mut() {
        for words in ["message", "details", "timestamp"] {
            error.remove(words);
        }
        if let Some(data) = error.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("details");
        }
    }
    error
}

fn says<C: Channel>(hub: &Hub<C>, say: impl FnOnce(&Hub<C>) -> Sent) -> bool {
    let unwritten = hub.stats().unwritten;
    let sent = say(hub);
    assert_eq!(sent.unencodable, hub.stats().unwritten > unwritten);
    !sent.unencodable
}

#[tokio::test]
async fn flat() {
    let channels = channels![OverFlat];
    let hub = channels.of::<OverFlat>();
    let app = testing::app(channels.app(()));
    let client = &mut app.connect::<OverFlat>("/flat").await.unwrap();
    let said = answer(client, r#"{"type":"nothing","ref":1}"#).await;
    assert_eq!((&said["type"], &said["ref"], said.get("data")), (&json!("success"), &json!(1), None));
    assert_eq!(answer(client, r#"{"type":"rare","ref":1}"#).await["type"], "success");
    let said = answer(client, r#"{"type":"data","ref":1}"#).await;
    assert_eq!((&said["type"], &said["data"]), (&json!("success"), &json!([1, 2])));
    assert_eq!(answer(client, r#"{"type":"say","ref":1}"#).await, json!({ "type": "said", "ref": 1, "text": "x" }));
    for (text, code) in [
        (r#"{"type":"fails","ref":1}"#, "a.b"),
        (r#"{"type":"other","ref":1}"#, "unknown_type"),
        (r#"{"type":"number","n":"x","ref":1}"#, "invalid_payload"),
        (r#"{"type":"number","n":10,"ref":1}"#, "validation"),
        (r#"{"type":"breaks","ref":1}"#, "internal"),
        (r#"{"type":"rare","ref":1}"#, "rate_limited"),
    ] {
        let said = without_words(answer(client, text).await);
        assert_eq!(said, json!({ "type": "error", "ref": 1, "code": code }), "{text}");
    }
    let long = format!(r#"{{"type":"nothing","ref":"{}"}}"#, "x".repeat(65));
    for (text, code) in
        [("nonsense", "malformed"), ("{}", "malformed"), (&*long, "malformed"), (r#"{"type":"fails"}"#, "a.b")]
    {
        assert_eq!(without_words(answer(client, text).await), json!({ "type": "error", "code": code }), "{text}");
    }
    assert!(says(&hub, |hub| hub.all().send(Said { text: "x".into() })));
    assert_eq!(client.expect_text().await, r#"{"type":"said","text":"x"}"#);
}

#[tokio::test]
async fn json_rpc() {
    let channels = channels![OverJsonRpc];
    let hub = channels.of::<OverJsonRpc>();
    let app = testing::app(channels.app(()));
    let client = &mut app.connect::<OverJsonRpc>("/rpc").await.unwrap();
    let request = |rest: &str| format!(r#"{{"jsonrpc":"2.0",{rest}}}"#);
    for (method, result) in
        [("nothing", json!(null)), ("rare", json!(null)), ("data", json!([1, 2])), ("say", json!({ "text": "x" }))]
    {
        let said = answer(client, &request(&format!(r#""method":"{method}","id":1"#))).await;
        assert_eq!(said, json!({ "jsonrpc": "2.0", "id": 1, "result": result }));
    }
    for params in ["[]", "{}"] {
        let said = answer(client, &request(&format!(r#""method":"nothing","params":{params},"id":1"#))).await;
        assert_eq!(said["result"], json!(null), "{said}");
    }
    for (rest, code, own) in [
        (r#""method":"fails","id":1"#, -32000, "a.b"),
        (r#""method":"other","id":1"#, -32601, "unknown_type"),
        (r#""method":"number","params":["x"],"id":1"#, -32602, "invalid_payload"),
        (r#""method":"number","params":[10],"id":1"#, -32602, "validation"),
        (r#""method":"breaks","id":1"#, -32603, "internal"),
        (r#""method":"rare","id":1"#, -32000, "rate_limited"),
        (r#""method":7,"id":1"#, -32600, "malformed"),
    ] {
        let said = answer(client, &request(rest)).await;
        assert_eq!(without_words(said["error"].clone()), json!({ "code": code, "data": { "code": own } }), "{rest}");
        assert_eq!(said["id"], 1);
        if own == "a.b" {
            assert_eq!(said["error"]["message"], "it fails");
            assert_eq!(said["error"]["data"]["details"], json!({ "left": 3 }));
        }
    }
    let long = request(&format!(r#""method":"nothing","id":"{}""#, "x".repeat(65)));
    for (text, code) in [("nonsense", json!(-32700)), ("7", json!(-32600)), (&*long, json!(-32600))] {
        let said = answer(client, text).await;
        assert_eq!((&said["error"]["code"], said.get("id")), (&code, Some(&json!(null))), "{text}");
    }
    for notification in ["fails", "other", "number", "rare"] {
        assert_eq!(answer(client, &request(&format!(r#""method":"{notification}""#))).await, json!(null));
    }
    assert!(says(&hub, |hub| hub.all().send(Said { text: "x".into() })));
    assert_eq!(client.expect_text().await, r#"{"jsonrpc":"2.0","method":"said","params":{"text":"x"}}"#);
}

#[tokio::test]
async fn ocpp() {
    let channels = channels![OverOcpp];
    let hub = channels.of::<OverOcpp>();
    let app = testing::app(channels.app(()));
    let client = &mut app.connect::<OverOcpp>("/ocpp").await.unwrap();
    for (action, payload) in
        [("nothing", json!({})), ("rare", json!({})), ("data", json!([1, 2])), ("say", json!({ "text": "x" }))]
    {
        assert_eq!(answer(client, &format!(r#"[2,"1","{action}",{{}}]"#)).await, json!([3, "1", payload]));
    }
    assert_eq!(
        answer(client, r#"[2,"1","fails",{}]"#).await,
        json!([4, "1", "GenericError", "it fails", { "left": 3 }])
    );
    for (text, code) in [
        (r#"[2,"1","other",{}]"#, "NotImplemented"),
        (r#"[2,"1","number",{"n":"x"}]"#, "TypeConstraintViolation"),
        (r#"[2,"1","number",{"n":10}]"#, "PropertyConstraintViolation"),
        (r#"[2,"1","breaks",{}]"#, "InternalError"),
        (r#"[2,"1","rare",{}]"#, "GenericError"),
        (r#"[2,"1",7,{}]"#, "FormationViolation"),
        (r#"[2,"1"]"#, "FormationViolation"),
    ] {
        let said = answer(client, text).await;
        assert_eq!((&said[0], &said[1], &said[2]), (&json!(4), &json!("1"), &json!(code)), "{text}");
        assert!(said[4].is_object());
    }
    let long = format!(r#"[2,"{}","nothing",{{}}]"#, "x".repeat(37));
    for text in ["nonsense", "[2]", r#"[2,7,"nothing",{}]"#, r#"[5,"1","nothing",{}]"#, r#"[4,"1","x"]"#, &long] {
        assert_eq!(answer(client, text).await, json!(null), "{text}");
    }
    assert!(!says(&hub, |hub| hub.all().send(Said { text: "x".into() })));
    client.expect_nothing().await;
}

#[tokio::test]
async fn phoenix() {
    let channels = channels![OverPhoenix];
    let hub = channels.of::<OverPhoenix>();
    let app = testing::app(channels.app(()));
    let client = &mut app.connect::<OverPhoenix>("/room/7/websocket").await.unwrap();
    let push = |event: &str, payload: &str| format!(r#"["1","2","room:7","{event}",{payload}]"#);
    let reply = |status: &str, response: Value| json!(["1", "2", "room:7", "phx_reply", { "status": status, "response": response }]);
    for (event, response) in [
        ("nothing", json!({})),
        ("rare", json!({})),
        ("data", json!([1, 2])),
        ("say", json!({ "text": "x" })),
        ("phx_join", json!({})),
        ("phx_leave", json!({})),
    ] {
        assert_eq!(answer(client, &push(event, "{}")).await, reply("ok", response));
    }
    let failure = json!({ "reason": "a.b", "message": "it fails", "details": { "left": 3 } });
    assert_eq!(answer(client, &push("fails", "{}")).await, reply("error", failure));
    for (text, reason) in [
        (push("other", "{}"), "unmatched event"),
        (push("number", r#"{"n":"x"}"#), "invalid_payload"),
        (push("number", r#"{"n":10}"#), "validation"),
        (push("breaks", "{}"), "internal"),
        (push("rare", "{}"), "rate_limited"),
        (push("nothing", "{}").replace("room:7", "room:8"), "unmatched topic"),
        (r#"["1","2","room:7",7,{}]"#.into(), "malformed"),
    ] {
        let said = answer(client, &text).await;
        assert_eq!(without_words(said[4]["response"].clone()), json!({ "reason": reason }), "{text}");
        assert_eq!(said[4]["status"], "error");
    }
    let long = push("nothing", "{}").replace(r#""2""#, &format!(r#""{}""#, "x".repeat(128)));
    for text in ["nonsense", "[]", r#"["1",null,"room:7","fails",{}]"#, r#"["1",null,"room:7",7,{}]"#, &long] {
        assert_eq!(answer(client, text).await, json!(null), "{text}");
    }
    assert!(says(&hub, |hub| hub.all().send(Said { text: "x".into() })));
    assert_eq!(client.expect_text().await, r#"[null,null,"room:7","said",{"text":"x"}]"#);
}

#[tokio::test]
async fn bare() {
    let channels = channels![OverBare];
    let hub = channels.of::<OverBare>();
    let app = testing::app(channels.app(()));
    let client = &mut app.connect::<OverBare>("/bare").await.unwrap();
    for unanswered in ["nothing", "rare"] {
        assert_eq!(answer(client, &format!(r#"{{"type":"{unanswered}","ref":1}}"#)).await, json!(null));
    }
    for (text, said) in [
        (r#"{"type":"say","ref":1}"#, "x"),
        (r#"{"type":"other"}"#, "unknown"),
        (r#"{"type":"number","n":"x"}"#, "invalid"),
        ("{}", "malformed"),
        ("nonsense", "malformed"),
    ] {
        assert_eq!(answer(client, text).await, json!({ "type": "said", "text": said }), "{text}");
    }
    assert!(says(&hub, |hub| hub.all().send(Said { text: "x".into() })));
    assert_eq!(client.expect_text().await, r#"{"type":"said","text":"x"}"#);
    client.send_text(r#"{"type":"rare"}"#);
    assert_eq!(client.expect_close().await.0, CloseCode::POLICY);
}
