//! Channels in another envelope than the framework's own: dispatch, answers, errors, rooms and topics.

use std::sync::atomic::{AtomicUsize, Ordering};

use channel_runtime::envelope::{
    Bare, Envelope, Flat, Incoming, IncomingMessage, JsonRpc, Malformed, Out, Outgoing, Phoenix, Places, array, string,
};
use channel_runtime::testing::{self, Client};
use channel_runtime::{
    Answer, Batched, CloseCode, Config, DecodeError, Deferred, Fault, Ref, Socket, Success, Token, channel, channels,
    message,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

#[message(type = "add")]
struct Add {
    a: i64,
    b: i64,
}

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/rpc/:_room")]
struct Rpc {
    _room: String,
}

#[channel(sends(Said), envelope = JsonRpc)]
impl Rpc {
    #[message]
    fn add(&self, add: Add) -> Success<i64> {
        Success(add.a + add.b)
    }

    #[message(type = "nothing")]
    fn nothing(&self) {}

    #[message(type = "fails")]
    fn fails(&self) -> Result<(), Fault> {
        Err(Fault::new("rpc.-32050", "it fails").with_details(json!({ "left": 3 })))
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.room().send(Said { text: say.text });
    }
}

#[channel("/room/:_id/websocket")]
struct Room {
    _id: u64,
}

#[channel(sends(Said), envelope = Phoenix)]
impl Room {
    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) {
        socket.others().send(Said { text: say.text });
        socket.all().send(Said { text: "to all".into() });
    }

    #[message(type = "agreed")]
    fn agreed(&self, socket: &Socket<Self>) -> Success<&'static str> {
        Success(socket.subprotocol().unwrap_or("none"))
    }
}

/// Sends a text, and reads what it is answered as JSON.
async fn ask<C: channel_runtime::Channel>(client: &mut Client<C>, text: &str) -> Value {
    client.send_text(text);
    serde_json::from_str(&client.expect_text().await).unwrap()
}

#[tokio::test]
async fn requests_and_notifications_of_json_rpc_are_dispatched() {
    let app = testing::app(channels![Rpc].app(()));
    let mut client = app.connect::<Rpc>("/rpc/a").await.unwrap();
    for (params, id) in [(r#"{"a":1,"b":2}"#, "1"), ("[1, 2]", r#""one""#), ("[1.0,2]", "1.5"), ("[1,2]", "null")] {
        let request = format!(r#"{{"jsonrpc":"2.0","method":"add","params":{params},"id":{id}}}"#);
        client.send_text(&request);
        let expected = format!(r#"{{"jsonrpc":"2.0","result":3,"id":{id}}}"#);
        assert_eq!(client.expect_text().await, expected);
    }
    let answer = ask(&mut client, r#"{"jsonrpc":"2.0","method":"nothing","id":7}"#).await;
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "result": null, "id": 7 }));
    let answer = ask(&mut client, r#"{"jsonrpc":"2.0","method":"fails","id":8}"#).await;
    assert_eq!(
        answer["error"],
        json!({ "code": -32050, "message": "it fails", "data": { "code": "rpc.-32050", "details": { "left": 3 } } })
    );
    for notification in ["add", "nothing", "fails", "unknown"] {
        client.send_text(&format!(r#"{{"jsonrpc":"2.0","method":"{notification}","params":[1,2]}}"#));
    }
    client.expect_nothing().await;
    let mut other = app.connect::<Rpc>("/rpc/a").await.unwrap();
    client.send_text(r#"{"jsonrpc":"2.0","method":"say","params":{"text":"hello"}}"#);
    for client in [&mut client, &mut other] {
        assert_eq!(client.expect_text().await, r#"{"jsonrpc":"2.0","method":"said","params":{"text":"hello"}}"#);
    }
}

#[tokio::test]
async fn what_json_rpc_can_not_read_has_the_codes_of_its_specification() {
    let app = testing::app(channels![Rpc].app(()));
    let mut client = app.connect::<Rpc>("/rpc/a").await.unwrap();
    for (text, code, id) in [
        ("{", -32700, json!(null)),
        ("nonsense", -32700, json!(null)),
        ("[1,", -32700, json!(null)),
        ("[]", -32600, json!(null)),
        ("7", -32600, json!(null)),
        (r#"{"jsonrpc":"1.0","method":"add","id":1}"#, -32600, json!(1)),
        (r#"{"jsonrpc":"2.0","method":7,"id":1}"#, -32600, json!(1)),
        (r#"{"jsonrpc":"2.0","method":"add","params":7,"id":1}"#, -32600, json!(1)),
        (r#"{"jsonrpc":"2.0","method":"unknown","id":"x"}"#, -32601, json!("x")),
        (r#"{"jsonrpc":"2.0","method":"add","params":{"a":1},"id":1}"#, -32602, json!(1)),
        (r#"{"jsonrpc":"2.0","method":"add","params":["a","b"],"id":1}"#, -32602, json!(1)),
    ] {
        let answer = ask(&mut client, text).await;
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{text}");
    }
    let answer =
        ask(&mut client, "{\"jsonrpc\":\"2.0\",\n \"method\":\"add\",\"params\":{\"a\":\"x\"},\"id\":1}").await;
    assert_eq!(answer["error"]["data"]["details"], json!({ "path": "a", "line": 2, "column": 33 }));
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_phoenix_client_joins_its_topic_and_no_other() {
    let app = testing::app(channels![Room].app(()));
    let mut client = app.connect::<Room>("/room/7/websocket").await.unwrap();
    let ok = |refs: &str, topic: &str| format!(r#"[{refs},"{topic}","phx_reply",{{"status":"ok","response":{{}}}}]"#);
    client.send_text(r#"["1","1","room:7","phx_join",{}]"#);
    assert_eq!(client.expect_text().await, ok(r#""1","1""#, "room:7"));
    client.send_text(r#"[null,"2","phoenix","heartbeat",{}]"#);
    assert_eq!(client.expect_text().await, ok(r#"null,"2""#, "phoenix"));
    for (text, reason) in [
        (r#"["1","3","room:8","phx_join",{}]"#, "unmatched topic"),
        (r#"["1","3","room:8","say",{"text":"x"}]"#, "unmatched topic"),
        (r#"["1","3","room:7","unknown",{}]"#, "unmatched event"),
        (r#"["1","3","room:7","say",{"text":7}]"#, "invalid_payload"),
    ] {
        let answer = ask(&mut client, text).await;
        assert_eq!(answer[4]["response"]["reason"], reason, "{text}");
        // A client passes over a reply that is of another topic than its message.
        let sent: Value = serde_json::from_str(text).unwrap();
        assert_eq!(answer.as_array().unwrap()[..3], sent.as_array().unwrap()[..3]);
    }
    let long = format!(r#"["1","3","{}","say",{{}}]"#, "x".repeat(200));
    assert_eq!(ask(&mut client, &long).await[2], "room:7", "a topic that is too long to keep is not repeated");
    let mut same = app.connect::<Room>("/room/7/websocket").await.unwrap();
    let mut other = app.connect::<Room>("/room/8/websocket").await.unwrap();
    client.send_text(r#"["1","4","room:7","say",{"text":"hello"}]"#);
    assert_eq!(same.expect_text().await, r#"[null,null,"room:7","said",{"text":"hello"}]"#);
    assert_eq!(same.expect_text().await, r#"[null,null,"room:7","said",{"text":"to all"}]"#);
    assert_eq!(other.expect_text().await, r#"[null,null,"room:8","said",{"text":"to all"}]"#);
    assert_eq!(client.expect_text().await, r#"[null,null,"room:7","said",{"text":"to all"}]"#);
    assert_eq!(client.expect_text().await, ok(r#""1","4""#, "room:7"));
    other.expect_nothing().await;
}

#[message(type = "rare", rate = "1/h")]
struct Rare {}

#[message(type = "later")]
struct Later {}

#[channel("/batches")]
struct Batches {
    #[state]
    later: Option<Answer<Self>>,
}

#[channel(sends(Said), envelope = JsonRpc)]
impl Batches {
    #[message]
    fn add(&self, add: Add) -> Success<i64> {
        Success(add.a + add.b)
    }

    #[message]
    fn say(&self, say: Say) -> Said {
        Said { text: say.text }
    }

    #[message(type = "long")]
    fn long(&self) -> Said {
        Said { text: "x".repeat(15_000) }
    }

    #[message]
    fn rare(&self, _: Rare) {}

    #[message]
    fn later(&mut self, _: Later, socket: &Socket<Self>) {
        self.later = Some(socket.defer());
    }

    #[message(type = "now")]
    fn now(&mut self) {
        self.later.take().unwrap().send(Success("late"));
    }

    #[message(type = "beside", concurrent = 2)]
    async fn beside(&self) -> Success<u8> {
        tokio::task::yield_now().await;
        Success(1)
    }
}

fn batch(requests: &[Value]) -> String {
    Value::from(requests.iter().map(with_version).collect::<Vec<_>>()).to_string()
}

fn with_version(request: &Value) -> Value {
    let mut request = request.clone();
    if let Some(request) = request.as_object_mut() {
        request.insert("jsonrpc".into(), "2.0".into());
    }
    request
}

#[tokio::test]
async fn the_answers_to_a_batch_leave_in_one_array() {
    let app = testing::app(channels![Batches].app(()));
    let mut client = app.connect::<Batches>("/batches").await.unwrap();
    let requests = batch(&[
        json!({ "method": "add", "params": [1, 2], "id": 1 }),
        json!({ "method": "add", "params": [3, 4] }),
        json!({ "method": "unknown", "id": 2 }),
        json!({ "method": "unknown" }),
        json!(7),
        json!([]),
        json!({ "method": "add", "params": ["x"], "id": null }),
        json!({ "method": "beside", "id": "b" }),
        json!({ "method": "say", "params": { "text": "x" }, "id": 3 }),
    ]);
    let answers = ask(&mut client, &requests).await;
    let of = |answer: &Value| (answer["id"].clone(), answer["result"].clone(), answer["error"]["code"].clone());
    let answers: Vec<_> = answers.as_array().unwrap().iter().map(of).collect();
    assert_eq!(
        answers,
        [
            (json!(1), json!(3), json!(null)),
            (json!(2), json!(null), json!(-32601)),
            (json!(null), json!(null), json!(-32600)),
            (json!(null), json!(null), json!(-32600)),
            (json!(null), json!(null), json!(-32602)),
            (json!(3), json!({ "text": "x" }), json!(null)),
            // Its handler yields once, and the next runs beside it.
            (json!("b"), json!(1), json!(null)),
        ]
    );
    // What follows a batch is handled after it.
    client.send_text(&batch(&[json!({ "method": "add", "params": [1, 2] })]));
    client.expect_nothing().await;
    assert_eq!(ask(&mut client, r#"{"jsonrpc":"2.0","method":"add","params":[1,2],"id":9}"#).await["id"], 9);
}

#[tokio::test]
async fn a_batch_waits_for_an_answer_that_is_given_later() {
    let app = testing::app(channels![Batches].app(()));
    let mut client = app.connect::<Batches>("/batches").await.unwrap();
    let add = json!({ "method": "add", "params": [1, 2], "id": 1 });
    client.send_text(&batch(&[json!({ "method": "later", "id": 2 }), add]));
    assert_eq!(ask(&mut client, r#"{"jsonrpc":"2.0","method":"add","params":[1,2],"id":3}"#).await["id"], 3);
    client.send_text(r#"{"jsonrpc":"2.0","method":"now"}"#);
    let answers = client.expect_text().await;
    assert_eq!(answers, r#"[{"jsonrpc":"2.0","result":3,"id":1},{"jsonrpc":"2.0","result":"late","id":2}]"#);
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_batch_is_bounded_and_each_of_its_messages_counts_against_its_rate() {
    let app = testing::app(channels![Batches].app(()));
    let mut client = app.connect::<Batches>("/batches").await.unwrap();
    let add = |id: usize| json!({ "method": "add", "params": [1, 2], "id": id });
    let answers = ask(&mut client, &batch(&(0..64).map(add).collect::<Vec<_>>())).await;
    assert_eq!(answers.as_array().map(Vec::len), Some(64));
    let refused = ask(&mut client, &batch(&(0..65).map(add).collect::<Vec<_>>())).await;
    assert_eq!((&refused["error"]["code"], &refused["id"]), (&json!(-32600), &json!(null)));
    let rare = |id: usize| json!({ "method": "rare", "id": id });
    let answers = ask(&mut client, &batch(&[rare(1), rare(2)])).await;
    assert_eq!((&answers[0]["id"], &answers[0]["result"]), (&json!(1), &json!(null)));
    assert_eq!((&answers[1]["id"], &answers[1]["error"]["data"]["code"]), (&json!(2), &json!("rate_limited")));
    client.expect_nothing().await;
}

#[tokio::test]
async fn long_answers_to_a_batch_leave_in_several_arrays() {
    let app = testing::app(channels![Batches].app(()));
    let mut client = app.connect::<Batches>("/batches").await.unwrap();
    let long = |id: usize| json!({ "method": "long", "id": id });
    client.send_text(&batch(&(0..9).map(long).collect::<Vec<_>>()));
    let mut ids = Vec::new();
    for count in [5, 4] {
        let answers: Value = serde_json::from_str(&client.expect_text().await).unwrap();
        assert_eq!(answers.as_array().map(Vec::len), Some(count));
        ids.extend(answers.as_array().unwrap().iter().map(|answer| answer["id"].as_u64().unwrap()));
    }
    assert_eq!(ids, (0..9).collect::<Vec<_>>());
    client.expect_nothing().await;
}

/// `[2,"id","type",payload]` is answered by `[3,"id",payload]` or `[4,"id","code"]`, and nothing is said without an answer.
enum Calls {}

impl Envelope for Calls {
    const NAME: &'static str = "calls";
    const PLACES: Places = Places::ANSWERS;

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let items = array::<4>(text)?;
        let reference = items.get(1).and_then(|id| Ref::read(id)).ok_or_else(|| Malformed::new("no id"))?;
        match &*items {
            ["2", _, kind, payload] => {
                let kind = string(kind).ok_or_else(|| Malformed::new("no type").answering(reference.clone()))?;
                Ok(IncomingMessage::new(kind, payload).answering(reference).into())
            }
            ["3", _, payload] => Ok(Incoming::Answer { reference, answer: Ok(payload) }),
            ["4", _, code] => {
                let code = string(code).unwrap_or_default().into_owned();
                Ok(Incoming::Answer { reference, answer: Err(Box::new(Fault::new(code, ""))) })
            }
            _ => Err(Malformed::new("no call").answering(reference)),
        }
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Question { kind, reference, .. } => {
                out.raw("[2,").json(reference).raw(",").json(kind).raw(",").payload().raw("]");
            }
            Outgoing::Answer { reference, .. } => _ = out.raw("[3,").json(reference).raw(",").payload().raw("]"),
            Outgoing::Failure { fault, reference: Some(reference), .. } => {
                out.raw("[4,").json(reference).raw(",").json(&fault.code).raw("]");
            }
            _ => {}
        }
    }
}

#[channel("/calls")]
struct Callee;

#[channel(sends(Said), envelope = Calls)]
impl Callee {
    #[message]
    fn add(&self, add: Add) -> Success<i64> {
        Success(add.a + add.b)
    }

    #[message]
    fn say(&self, say: Say, socket: &Socket<Self>) -> Said {
        // The envelope has no place for it.
        let sent = socket.send(Said { text: say.text.clone() });
        assert!(sent.unencodable && sent.recipients == 0);
        assert!(socket.all().send(Said { text: say.text.clone() }).unencodable);
        assert!(socket.send_success(&1).unencodable && socket.send_fault(&Fault::new("a.b", "")).unencodable);
        Said { text: say.text }
    }
}

#[tokio::test]
async fn a_test_s_client_speaks_the_envelope_of_its_channel() {
    let channels = channels![Rpc, Room, Callee];
    let callees = channels.of::<Callee>();
    let app = testing::app(channels.app(()));
    let mut client = app.connect::<Callee>("/calls").await.unwrap();
    assert_eq!(client.request(Add { a: 1, b: 2 }).success().await, 3);
    assert_eq!(client.request(Say { text: "x".into() }).reply::<Said>().await.text, "x");
    assert_eq!(callees.stats().unwritten, 4);
    client.send(Add { a: 1, b: 2 });
    assert_eq!(client.expect_success().await, 3);
    client.send_text(r#"[2,"9","unknown",{}]"#);
    client.expect_error("unknown_type").await;
    for none_of_ours in ["[2]", "nonsense", "[3,\"x\",{}]", "[4,\"x\",\"y\"]"] {
        client.send_text(none_of_ours);
    }
    client.expect_nothing().await;

    let mut client = app.connect::<Rpc>("/rpc/a").await.unwrap();
    assert_eq!(client.request(Add { a: 1, b: 2 }).success().await, 3);
    assert_eq!(client.request(RpcFromClient::Fails).error("rpc.-32050").await.message, "it fails");
    client.send(Add { a: 1, b: 2 });
    client.send(Say { text: "hello".into() });
    assert_eq!(client.expect::<Said>().await.text, "hello");
    client.expect_nothing().await;

    let mut client = app.connect::<Room>("/room/7/websocket").await.unwrap();
    client.request(Say { text: "hello".into() }).success().await;
    assert_eq!(client.expect::<Said>().await.text, "to all");
    client.send_text(r#"[null,"x","room:7","say",{}]"#);
    assert_eq!(client.expect_error("invalid_payload").await.details["path"], "text");
    client.expect_nothing().await;
}

#[message(type = "subscribe")]
#[serde(deny_unknown_fields)]
struct Subscribe {
    id: String,
    payload: Value,
}

#[message(type = "next")]
struct Next {
    id: String,
    payload: Value,
}

#[message(type = "measured")]
struct Measured {
    value: f64,
    #[serde(flatten)]
    more: std::collections::BTreeMap<String, Value>,
}

#[channel("/operations/:_kind")]
struct Operations {
    _kind: String,
}

#[channel(sends(Next, Measured), envelope = Bare)]
impl Operations {
    #[message]
    fn subscribe(&self, subscribe: Subscribe, socket: &Socket<Self>) -> Next {
        socket.room().send(Next { id: subscribe.id.clone(), payload: json!("to all") });
        Next { id: subscribe.id, payload: subscribe.payload }
    }

    #[message(type = "nothing")]
    fn nothing(&self) {}

    #[message]
    fn measured(&self, mut measured: Measured) -> Measured {
        measured.value = measured.more.get("divisor").and_then(Value::as_f64).map_or(0.5, |divisor| 0.0 / divisor);
        measured
    }
}

#[channel("/rare")]
struct RareOperations;

#[channel(sends(Said), envelope = Bare)]
impl RareOperations {
    #[message(rate = "2/h")]
    fn say(&self, say: Say) -> Said {
        Said { text: say.text }
    }
}

#[tokio::test]
async fn a_bare_message_over_its_rate_closes_because_no_answer_could_name_it() {
    let channels = channels![RareOperations];
    let hub = channels.of::<RareOperations>();
    let app = testing::app(channels.app(()));
    let mut client = app.connect::<RareOperations>("/rare").await.unwrap();
    for text in [
        r#"{"type":"say","text":"first"}"#,
        r#"{"type":"unknown"}"#,
        r#"{"ref":true,"$x":1,"text":"last","type":"say"}"#,
        r#"{"ref":true,"text":"too many","type":"say"}"#,
    ] {
        client.send_text(text);
    }
    for text in ["first", "last"] {
        assert_eq!(client.expect::<Said>().await.text, text);
    }
    let reason = "too many messages: a text was refused".to_owned();
    assert_eq!(client.expect_close().await, (CloseCode::POLICY, reason));
    let stats = hub.stats();
    assert_eq!((stats.rate_limited, stats.received_invalid, stats.unwritten), (1, 1, 1));
}

#[channel("/strict")]
struct StrictOperations;

#[channel(envelope = Bare)]
impl StrictOperations {
    fn on_invalid(&mut self, error: DecodeError, socket: &Socket<Self>) {
        socket.close(CloseCode::new(4400).unwrap(), &error.to_string());
    }

    #[message]
    fn subscribe(&self, _: Subscribe) {}
}

#[tokio::test]
async fn a_bare_object_is_known_by_its_type_and_all_else_are_fields() {
    let app = testing::app(channels![Operations].app(()));
    let mut client = app.connect::<Operations>("/operations/a").await.unwrap();
    for text in [
        r#"{"type":"subscribe","id":"1","payload":{"type":"x","ref":7}}"#,
        r#"{"id":"1","payload":{"type":"x","ref":7},"type":"subscribe"}"#,
    ] {
        client.send_text(text);
        assert_eq!(client.expect_text().await, r#"{"type":"next","id":"1","payload":"to all"}"#);
        assert_eq!(client.expect_text().await, r#"{"type":"next","id":"1","payload":{"ref":7,"type":"x"}}"#);
    }
    client.send_text(r#"{"type":"nothing","id":"2","ref":7}"#);
    client.expect_nothing().await;
    client.send_text(r#"{"type":"measured","value":1,"ref":[7],"$room":"x"}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"measured","value":0.5,"$room":"x","ref":[7]}"#);
}

#[tokio::test]
async fn a_bare_channel_sends_nothing_for_what_it_can_not_read_or_say_and_counts_it() {
    let channels = channels![Operations];
    let hub = channels.of::<Operations>();
    let app = testing::app(channels.app(()));
    let mut client = app.connect::<Operations>("/operations/a").await.unwrap();
    let unreadable = [
        "nonsense",
        "{}",
        r#"{"type":"unknown","ref":7}"#,
        r#"{"type":"subscribe","id":1,"payload":null}"#,
        r#"{"type":"subscribe","id":"1","payload":null,"ref":7}"#,
        r#"{"type":"subscribe","id":"1","payload":null,"$x":7}"#,
    ];
    for text in unreadable {
        client.send_text(text);
    }
    client.expect_nothing().await;
    let (invalid, unwritten) = (hub.stats().received_invalid, hub.stats().unwritten);
    assert_eq!((invalid, unwritten), (unreadable.len() as u64, unreadable.len() as u64));
    // The answer would be NaN.
    client.send_text(r#"{"type":"measured","value":1,"divisor":0}"#);
    client.expect_nothing().await;
    assert_eq!(hub.stats().unwritten, unwritten + 1);
    client.send_text(r#"{"type":"subscribe","id":"1","payload":null}"#);
    client.wait_for::<Next>().await;
}

#[tokio::test]
async fn on_invalid_decides_what_becomes_of_an_object_that_can_not_be_read() {
    let app = testing::app(channels![StrictOperations].app(()));
    for (text, reason) in [
        (r#"{"type":"subscribe"}"#, "missing field `id`"),
        (r#"{"type":"connection_init"}"#, "connection_init"),
        ("[]", "malformed"),
    ] {
        let mut client = app.connect::<StrictOperations>("/strict").await.unwrap();
        client.send_text(text);
        let (code, said) = client.expect_close().await;
        assert_eq!(code.as_u16(), 4400);
        assert!(said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn a_channel_knows_the_subprotocols_of_its_envelope() {
    let app = testing::app(channels![Room, Rpc].app(()));
    // As npm's `phoenix` offers them, with a token.
    let offers = "phoenix, base64url.bearer.phx.aHVzaA";
    let mut client = app.connect::<Room>("/room/7/websocket").offering(offers).await.unwrap();
    client.request(Say { text: "phoenix".into() }).success().await;
    for (offers, agreed) in [(offers, "phoenix"), ("channels.1.json", "none"), ("", "none")] {
        let mut client = app.connect::<Room>("/room/7/websocket").offering(offers).await.unwrap();
        assert_eq!(client.request(RoomFromClient::Agreed).success().await, agreed);
    }
}

#[channel("/closed/:_id")]
struct Closed {
    _id: u8,
}

#[channel(envelope = JsonRpc)]
impl Closed {
    fn on_connect(&self) -> Result<(), Fault> {
        Err(Fault::new("room.full", "the room is full"))
    }
}

#[tokio::test]
async fn a_client_that_reads_no_error_frame_is_told_why_by_the_close() {
    let app = testing::app(channels![Closed].app(()));
    let mut client = app.connect::<Closed>("/closed/7").await.unwrap();
    assert_eq!(client.expect_close().await, (CloseCode::FORBIDDEN, "the room is full".to_owned()));
}

/// With a type and keys that the default envelope keeps for itself.
#[message(type = "error", foreign)]
struct Failed {
    r#type: String,
    r#ref: u64,
    #[serde(rename = "$at")]
    at: u64,
}

#[channel("/foreign")]
struct Foreign;

#[channel(sends(Failed), envelope = JsonRpc)]
impl Foreign {
    #[message]
    fn failed(&self, failed: Failed) -> Failed {
        failed
    }

    #[message(type = "$success")]
    fn done(&self) {}
}

/// In the default envelope, by its name.
#[channel("/own")]
struct Own;

#[channel(envelope = Flat)]
impl Own {
    async fn on_refresh(&mut self, _: Token) -> Result<(), Fault> {
        Ok(())
    }
}

#[tokio::test]
async fn another_envelope_carries_what_the_default_one_keeps_for_itself() {
    let app = testing::app(channels![Foreign].app(()));
    let mut client = app.connect::<Foreign>("/foreign").await.unwrap();
    let params = json!({ "type": "x", "ref": 7, "$at": 8 });
    let answer = ask(&mut client, &format!(r#"{{"jsonrpc":"2.0","method":"error","params":{params},"id":1}}"#)).await;
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "result": params, "id": 1 }));
    let answer = ask(&mut client, r#"{"jsonrpc":"2.0","method":"$success","id":2}"#).await;
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "result": null, "id": 2 }));
}

#[test]
fn the_description_has_the_envelope_of_a_channel_that_names_one() {
    let description = channels![Rpc, Room, Own].app(()).describe();
    let envelopes: Vec<_> = description.channels.iter().map(|channel| json!(channel.envelope)).collect();
    let json_rpc = json!({
        "name": "jsonrpc2",
        "places": { "answers": true, "rooms": false, "topics": false, "questions": "many", "batches": 64 },
    });
    let phoenix = json!({
        "name": "phoenix.2",
        "places": { "answers": true, "rooms": true, "topics": true, "batches": 0 },
    });
    assert_eq!(envelopes, [json_rpc, phoenix, Value::Null]);
    let text = serde_json::to_string(&description).unwrap();
    assert_eq!(text.matches("\"envelope\"").count(), 2);
    assert_eq!(description, serde_json::from_str(&text).unwrap());
}

macro_rules! judged {
    ($($name:ident($path:literal, $envelope:ident));* $(;)?) => {$(
        #[channel($path)]
        struct $name {
            _id: String,
        }

        #[channel(envelope = $envelope)]
        impl $name {
            #[message]
            fn say(&self, _: Say) -> Success<[u8; 2]> {
                Success([1, 2])
            }

            #[message(type = "leave_game")]
            fn leave(&self) {}

            #[message(type = "pong")]
            fn fails(&self) -> Result<(), Fault> {
                Err(Fault::new("game.full", "it fails"))
            }
        }
    )*};
}

judged! {
    JudgedRpc("/rpc/:_id", JsonRpc);
    JudgedTopic("/room/:_id/websocket", Phoenix);
    JudgedCalls("/calls/:_id", Calls);
}

#[channel("/objects/:_id")]
struct JudgedObjects {
    _id: String,
}

#[channel(sends(Said), envelope = Bare)]
impl JudgedObjects {
    #[message]
    fn say(&self, say: Say) -> Said {
        Said { text: say.text }
    }

    #[message(type = "leave_game")]
    fn leave(&self) {}
}

/// The seeds of the fuzz target, and what becomes of their beginnings and ends in pairs.
fn texts_of_all_kinds() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/channel-runtime/fuzz/seeds/envelopes");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<_> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let mut texts = seeds.clone();
    for (at, first) in seeds.iter().enumerate() {
        for (other, second) in seeds.iter().enumerate().filter(|(other, _)| (at + other) % 3 == 0) {
            let cut = |text: &str, by: usize| text.floor_char_boundary(by % (text.len() + 1));
            texts.push(format!(
                "{}{}",
                &first[..cut(first, at * 7 + other * 13)],
                &second[cut(second, at * 11 + other * 5)..]
            ));
        }
    }
    texts
}

/// How many texts are answered at all.
async fn answers_at_most_once<C: channel_runtime::Channel>(
    app: &testing::TestApp<()>,
    path: &str,
    (probe, answer): (&str, &str),
) -> usize {
    let mut client = app.connect::<C>(path).await.unwrap();
    let mut answered = 0;
    for text in texts_of_all_kinds() {
        client.send_text(&text);
        client.send_text(probe);
        let first = client.expect_text().await;
        if first != answer {
            answered += 1;
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(&first).is_ok(), "{text}: {first}");
            assert_eq!(client.expect_text().await, answer, "{text}, behind {first}");
        }
    }
    client.expect_nothing().await;
    answered
}

#[tokio::test]
async fn any_text_is_answered_once_or_not_at_all_and_closes_nothing() {
    let channels = channels![JudgedRpc, JudgedTopic, JudgedCalls, JudgedObjects];
    let app = testing::app(channels.app(()).config(Config::default().message_rate(None)));
    let rpc = (
        r#"{"jsonrpc":"2.0","method":"say","params":["a"],"id":"probe"}"#,
        r#"{"jsonrpc":"2.0","result":[1,2],"id":"probe"}"#,
    );
    let topic = (
        r#"[null,"probe","room:7","say",{"text":"a"}]"#,
        r#"[null,"probe","room:7","phx_reply",{"status":"ok","response":[1,2]}]"#,
    );
    let calls = (r#"[2,"probe","say",{"text":"a"}]"#, r#"[3,"probe",[1,2]]"#);
    let objects = (r#"{"type":"say","text":"probe"}"#, r#"{"type":"said","text":"probe"}"#);
    let answered = [
        answers_at_most_once::<JudgedRpc>(&app, "/rpc/7", rpc).await,
        answers_at_most_once::<JudgedTopic>(&app, "/room/7/websocket", topic).await,
        answers_at_most_once::<JudgedCalls>(&app, "/calls/7", calls).await,
        answers_at_most_once::<JudgedObjects>(&app, "/objects/7", objects).await,
    ];
    assert!(answered.iter().all(|answered| *answered > 0), "{answered:?}");
}

#[channel("/endless")]
struct Endless;

#[channel(envelope = Bare)]
impl Endless {
    #[message(type = "endless", timeout = "1s")]
    async fn endless(&self) {
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_given_up_closes_if_no_answer_could_say_so() {
    let app = testing::app(channels![Endless].app(()));
    let mut client = app.connect::<Endless>("/endless").await.unwrap();
    client.send(EndlessFromClient::Endless);
    let (code, reason) = client.expect_close().await;
    assert_eq!((code, reason.starts_with("it took too long")), (CloseCode::INTERNAL, true), "{reason}");
}

/// A channel in an envelope with answers: one is given later, a handler takes batches, and a message counts how often it is written.
macro_rules! in_envelope {
    ($name:ident, $path:literal, $at:literal, $envelope:ty, answers alone: $answers_alone:literal) => {
        mod $name {
            use super::*;

            static WRITTEN: AtomicUsize = AtomicUsize::new(0);

            fn count<S: Serializer>(text: &String, serializer: S) -> Result<S::Ok, S::Error> {
                WRITTEN.fetch_add(1, Ordering::Relaxed);
                text.serialize(serializer)
            }

            #[message(type = "news")]
            struct News {
                #[serde(serialize_with = "count")]
                text: String,
            }

            #[channel($path)]
            struct Tried {
                _room: String,
            }

            #[channel(sends(Said, News), envelope = $envelope)]
            impl Tried {
                #[message]
                fn add(&mut self, add: Add, socket: &Socket<Self>) -> Deferred<Said> {
                    let (answer, deferred) = socket.defer().typed();
                    tokio::spawn(async move { answer.send(Said { text: (add.a + add.b).to_string() }) });
                    deferred
                }

                #[message(batch(size = 2, wait = "1h"))]
                async fn say(batch: Vec<Batched<Self, Say>>) {
                    let all: String = batch.iter().map(|item| item.message.text.as_str()).collect();
                    for item in batch {
                        item.reply(Said { text: all.clone() });
                    }
                }

                #[message(type = "tell")]
                fn tell(&self, socket: &Socket<Self>) {
                    socket.room().send(News { text: "told".into() });
                }
            }

            #[tokio::test]
            async fn an_answer_may_be_late_handlers_take_batches_and_a_room_is_written_to_once() {
                let app = testing::app(channels![Tried].app(()));
                let mut ann = app.connect::<Tried>($at).await.unwrap();
                let mut bob = app.connect::<Tried>($at).await.unwrap();
                let say = |text: &str| Say { text: text.into() };
                assert_eq!(ann.request(Add { a: 1, b: 2 }).reply::<Said>().await.text, "3");
                let (to_ann, to_bob) = (ann.request(say("a")), bob.request(say("a")));
                let (to_ann, to_bob) = tokio::join!(to_ann.reply::<Said>(), to_bob.reply::<Said>());
                assert_eq!((&*to_ann.text, &*to_bob.text), ("aa", "aa"));
                if $answers_alone {
                    return;
                }
                ann.send(TriedFromClient::Tell);
                for client in [&mut ann, &mut bob] {
                    assert_eq!(client.expect::<News>().await.text, "told");
                    client.expect_nothing().await;
                }
                assert_eq!(WRITTEN.load(Ordering::Relaxed), 1);
            }
        }
    };
}

in_envelope!(flat, "/tried/:_room", "/tried/a", Flat, answers alone: false);
in_envelope!(json_rpc, "/tried/:_room", "/tried/a", JsonRpc, answers alone: false);
in_envelope!(phoenix, "/tried/:_room/websocket", "/tried/a/websocket", Phoenix, answers alone: false);
in_envelope!(calls, "/tried/:_room", "/tried/a", Calls, answers alone: true);
