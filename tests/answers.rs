//! Every message with a `ref` has exactly one answer, and what a handler returns is it.

use channel_runtime::testing::{self, Client};
use channel_runtime::{Bytes, DecodeError, Deferred, Fault, Socket, Success, channel, channels, message};
use serde_json::json;

#[message(type = "double")]
pub struct Double {
    n: i64,
}

#[message(type = "doubled")]
#[derive(Debug, PartialEq)]
pub struct Doubled {
    n: i64,
}

#[message(type = "odd")]
pub struct Odd {}

#[message(type = "divide")]
pub struct Divide {
    n: i64,
    by: i64,
}

#[message(type = "maybe")]
pub struct Maybe {
    n: Option<i64>,
}

#[message(type = "which")]
pub struct Which {
    n: i64,
}

#[message(type = "later")]
pub struct Later {
    n: i64,
}

#[message(type = "store")]
pub struct Store {}

#[message(type = "weigh")]
pub struct Weigh {
    weight: f32,
}

#[message(type = "ratio")]
pub struct Ratio {
    of: u8,
    to: u8,
}

#[message(type = "maybe_bytes")]
pub struct MaybeBytes {
    len: Option<usize>,
}

#[message(type = "infinite")]
pub struct Infinite {
    at: Option<f32>,
}

enum MathError {
    DivisionByZero,
}

impl From<MathError> for Fault {
    fn from(MathError::DivisionByZero: MathError) -> Self {
        Fault::new("math.division_by_zero", "can't divide by zero").with_details(json!({ "by": 0 }))
    }
}

#[channel("/math")]
pub struct Math;

#[channel(sends(Doubled, Odd, Infinite, Bytes))]
impl Math {
    #[message]
    fn double(&mut self, m: Double) -> Doubled {
        Doubled { n: m.n * 2 }
    }

    #[message]
    async fn divide(&self, m: Divide) -> Result<Success<i64>, MathError> {
        if m.by == 0 {
            return Err(MathError::DivisionByZero);
        }
        tokio::task::yield_now().await;
        Ok(Success(m.n / m.by))
    }

    #[message]
    fn maybe(&self, m: Maybe) -> Option<Doubled> {
        m.n.map(|n| Doubled { n: n * 2 })
    }

    #[message]
    fn which(&self, m: Which) -> MathToClient {
        if m.n % 2 == 0 { Doubled { n: m.n * 2 }.into() } else { Odd {}.into() }
    }

    #[message(type = "nothing")]
    fn nothing(&self) {}

    #[message]
    fn later(&self, m: Later, socket: &Socket<Self>) {
        let answer = socket.defer();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            answer.send(Doubled { n: m.n * 2 });
        });
    }

    #[message(type = "never")]
    fn never(&self, socket: &Socket<Self>) {
        drop(socket.defer());
    }

    #[message(type = "defer_and_return")]
    fn defer_and_return(&self, socket: &Socket<Self>) -> Doubled {
        socket.defer().fault(Fault::validation("the deferred answer is the answer"));
        Doubled { n: 0 }
    }

    #[message(type = "typed")]
    fn typed(&self, socket: &Socket<Self>) -> Result<Deferred<Result<Option<Doubled>, Fault>>, Fault> {
        let (answer, deferred) = socket.defer().typed();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            answer.send(Ok(Some(Doubled { n: 8 })));
        });
        Ok(deferred)
    }

    #[message(type = "typed_fault")]
    async fn typed_fault(&self, socket: &Socket<Self>) -> Deferred<Result<(), Fault>> {
        let (answer, deferred) = socket.defer().typed();
        answer.send(Err(Fault::validation("not this one")));
        deferred
    }

    #[message(type = "typed_never")]
    fn typed_never(&self, socket: &Socket<Self>) -> Deferred<Success<u8>> {
        socket.defer().typed().1
    }

    #[message(type = "bytes")]
    fn bytes(&self) -> Bytes {
        Bytes::from_static(&[1, 2])
    }

    #[message]
    async fn maybe_bytes(&self, m: MaybeBytes) -> Result<Option<Bytes>, Fault> {
        match m.len {
            Some(len) if len > 3 => Err(Fault::validation("too many")),
            len => Ok(len.map(|len| Bytes::from(vec![7; len]))),
        }
    }

    fn on_binary(&mut self, data: Bytes) -> Bytes {
        data
    }

    #[message(type = "data_later")]
    fn data_later(&self, socket: &Socket<Self>) {
        socket.defer().send(Success(1));
    }

    #[message(type = "data_twice")]
    fn data_twice(&self, socket: &Socket<Self>) -> Success<u8> {
        socket.defer().send(Success("the deferred one"));
        socket.defer().send(Success("a second one"));
        Success(3)
    }

    #[message]
    fn weigh(&self, m: Weigh) -> Success<bool> {
        Success(m.weight.is_finite())
    }

    #[message]
    fn ratio(&self, m: Ratio) -> Success<f64> {
        Success(f64::from(m.of) / f64::from(m.to))
    }

    #[message(type = "tell_infinity")]
    fn tell_infinity(&self, socket: &Socket<Self>) {
        assert!(socket.send(Infinite { at: Some(f32::INFINITY) }).unencodable);
        assert!(socket.room().send(Infinite { at: Some(f32::NAN) }).unencodable);
        assert!(socket.send_success(&[f64::NEG_INFINITY]).unencodable);
    }

    #[message]
    fn store(&self, _: Store) -> Result<(), Fault> {
        let stored: std::io::Result<()> = Err(std::io::Error::other("the password is hunter2"));
        stored.map_err(Fault::internal)
    }
}

async fn connect() -> Client<Math> {
    let app = testing::app(channels![Math].app(()));
    app.connect::<Math>("/math").await.unwrap()
}

#[tokio::test]
async fn a_returned_message_goes_to_the_sender_with_its_ref() {
    let mut client = connect().await;
    assert_eq!(client.request(Double { n: 21 }).reply::<Doubled>().await, Doubled { n: 42 });
    client.send(Double { n: 4 });
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","n":8}"#);
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_ref_is_echoed_as_it_came_and_written_second() {
    let mut client = connect().await;
    client.send_text(r#"{"type":"double","ref":"seven","n":1}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","ref":"seven","n":2}"#);
    client.send_text(r#"{"n":1,"ref":-7,"type":"double"}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","ref":-7,"n":2}"#);
}

#[tokio::test]
async fn a_handler_that_returns_nothing_answers_success_where_it_is_asked() {
    let mut client = connect().await;
    client.send_text(r#"{"type":"nothing","ref":1}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"success","ref":1}"#);
    client.send(MathFromClient::Nothing);
    client.expect_nothing().await;
}

#[tokio::test]
async fn success_carries_data_and_a_time() {
    let mut client = connect().await;
    client.send_text(r#"{"type":"divide","ref":"a","n":9,"by":3}"#);
    let text = client.expect_text().await;
    let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(text.starts_with(r#"{"type":"success","ref":"a","data":3,"timestamp":""#), "{text}");
    assert!(frame["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(client.request(Divide { n: 8, by: 2 }).success().await, json!(4));
}

#[tokio::test]
async fn a_success_that_no_ref_asks_for_is_not_sent_with_data_or_without() {
    let mut client = connect().await;
    client.send(Divide { n: 9, by: 3 });
    client.send_text(r#"{"type":"divide","ref":null,"n":9,"by":3}"#);
    client.send(MathFromClient::Nothing);
    client.send(MathFromClient::DataLater);
    client.expect_nothing().await;
    // Once somebody else has the answer, nobody could tell what another one answers either.
    assert_eq!(client.request(MathFromClient::DataTwice).success().await, json!("the deferred one"));
    client.expect_nothing().await;
    client.send(Divide { n: 9, by: 0 });
    client.expect_error("math.division_by_zero").await;
}

#[tokio::test]
async fn what_a_hook_returns_is_no_answer_and_is_sent() {
    let app = testing::app(channels![Greeter].app(()));
    let mut client = app.connect::<Greeter>("/greeter").await.unwrap();
    assert_eq!(client.expect_success().await, json!("welcome"));
}

#[channel("/greeter")]
pub struct Greeter;

#[channel]
impl Greeter {
    fn on_connect(&mut self) -> Success<&'static str> {
        Success("welcome")
    }
}

#[tokio::test]
async fn a_ref_of_null_is_none_and_a_whole_float_is_an_integer() {
    let mut client = connect().await;
    client.send_text(r#"{"type":"double","ref":null,"n":1}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","n":2}"#);
    // As Lua and Godot write them.
    client.send_text(r#"{"type":"double","ref":7.0,"n":-3.0}"#);
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","ref":7,"n":-6}"#);
    client.send_text(r#"{"type":"double","ref":7.5,"n":1}"#);
    client.expect_error(Fault::MALFORMED).await;
    client.send_text(r#"{"type":"double","ref":1,"n":1.5}"#);
    client.expect_error(Fault::INVALID_PAYLOAD).await;
}

#[tokio::test]
async fn a_number_that_its_field_has_no_room_for_is_no_message() {
    let mut client = connect().await;
    for weight in ["1e39", "-3.5e38", "1e400"] {
        client.send_text(&format!(r#"{{"type":"weigh","ref":1,"weight":{weight}}}"#));
        let text = client.expect_text().await;
        assert!(text.contains(r#""ref":1,"code":"invalid_payload""#) && text.contains("weight"), "{text}");
    }
    client.send_text(r#"{"type":"weigh","ref":1,"weight":3.4e38}"#);
    client.expect_success().await;
}

#[tokio::test]
async fn a_number_that_json_does_not_have_is_not_sent_as_null() {
    let mut client = connect().await;
    let fault = client.request(Ratio { of: 0, to: 0 }).error(Fault::INTERNAL).await;
    assert_eq!(fault.message, "internal server error");
    client.request(Ratio { of: 1, to: 0 }).error(Fault::INTERNAL).await;
    assert_eq!(client.request(Ratio { of: 1, to: 2 }).success().await, json!(0.5));
    client.request(MathFromClient::TellInfinity).success().await;
    client.expect_nothing().await;
}

#[tokio::test]
async fn an_option_answers_as_what_is_in_it_or_as_nothing() {
    let mut client = connect().await;
    assert_eq!(client.request(Maybe { n: Some(2) }).reply::<Doubled>().await, Doubled { n: 4 });
    assert_eq!(client.request(Maybe { n: None }).success().await, json!(null));
    client.send(Maybe { n: None });
    client.expect_nothing().await;
}

#[tokio::test]
async fn an_error_of_ones_own_becomes_an_error_frame() {
    let mut client = connect().await;
    let fault = client.request(Divide { n: 1, by: 0 }).error("math.division_by_zero").await;
    assert_eq!((fault.message.as_str(), &fault.details), ("can't divide by zero", &json!({ "by": 0 })));
    client.send_text(r#"{"type":"divide","ref":"a","n":1,"by":0}"#);
    let text = client.expect_text().await;
    let start =
        r#"{"type":"error","ref":"a","code":"math.division_by_zero","message":"can't divide by zero","timestamp":""#;
    assert!(text.starts_with(start) && text.ends_with(r#"","details":{"by":0}}"#), "{text}");
}

#[tokio::test]
async fn one_of_several_messages_can_be_returned() {
    let mut client = connect().await;
    assert_eq!(client.request(Which { n: 2 }).reply::<Doubled>().await, Doubled { n: 4 });
    client.request(Which { n: 3 }).reply::<Odd>().await;
}

#[tokio::test]
async fn an_answer_can_come_later_and_is_still_one() {
    let mut client = connect().await;
    assert_eq!(client.request(Later { n: 3 }).reply::<Doubled>().await, Doubled { n: 6 });
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_deferred_answer_that_is_dropped_says_internal() {
    let mut client = connect().await;
    client.request(MathFromClient::Never).error(Fault::INTERNAL).await;
    client.expect_nothing().await;
}

#[tokio::test]
async fn a_deferred_answer_may_have_its_type_in_the_signature() {
    let mut client = connect().await;
    assert_eq!(client.request(MathFromClient::Typed).reply::<Doubled>().await, Doubled { n: 8 });
    client.request(MathFromClient::TypedFault).error(Fault::VALIDATION).await;
    client.request(MathFromClient::TypedNever).error(Fault::INTERNAL).await;
    client.expect_nothing().await;
    client.send(MathFromClient::Typed);
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","n":8}"#);
}

#[tokio::test]
async fn bytes_that_are_returned_are_a_binary_message_and_a_ref_is_answered_behind_it() {
    let mut client = connect().await;
    client.send_text(r#"{"type":"bytes","ref":1}"#);
    assert_eq!(client.expect_binary().await, Bytes::from_static(&[1, 2]));
    assert_eq!(client.expect_text().await, r#"{"type":"success","ref":1}"#);
    client.send(MathFromClient::Bytes);
    assert_eq!(client.expect_binary().await, Bytes::from_static(&[1, 2]));
    client.send(MaybeBytes { len: Some(2) });
    assert_eq!(client.expect_binary().await, Bytes::from_static(&[7, 7]));
    assert_eq!(client.request(MaybeBytes { len: None }).success().await, json!(null));
    client.request(MaybeBytes { len: Some(4) }).error(Fault::VALIDATION).await;
    client.binary([3, 4]);
    assert_eq!(client.expect_binary().await, Bytes::from_static(&[3, 4]));
    client.expect_nothing().await;
}

#[tokio::test]
async fn what_a_handler_returns_after_it_deferred_is_no_answer() {
    let mut client = connect().await;
    client.request(MathFromClient::DeferAndReturn).error(Fault::VALIDATION).await;
    assert_eq!(client.expect_text().await, r#"{"type":"doubled","n":0}"#);
}

#[tokio::test]
async fn an_internal_error_reaches_no_client() {
    let mut client = connect().await;
    client.send_text(r#"{"type":"store","ref":1}"#);
    let text = client.expect_text().await;
    let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&frame["code"], &frame["message"]), (&json!("internal"), &json!("internal server error")));
    assert_eq!(frame["details"]["id"].as_str().unwrap().len(), 16);
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_bad_message_is_answered_with_its_ref_and_closes_nothing() {
    let mut client = connect().await;
    for (text, code) in [
        (r#"{"type":"double","ref":5}"#, "invalid_payload"),
        (r#"{"type":"double","n":"x","ref":5}"#, "invalid_payload"),
        (r#"{"type":"treble","ref":5}"#, "unknown_type"),
        (r#"{"ref":5,"n":1}"#, "malformed"),
    ] {
        client.send_text(text);
        let answer: serde_json::Value = serde_json::from_str(&client.expect_text().await).unwrap();
        assert_eq!(
            (&answer["type"], &answer["ref"], &answer["code"]),
            (&json!("error"), &json!(5), &json!(code)),
            "{text}"
        );
    }
    for text in ["", "invalid json", "[]", "7", r#"{"type":7}"#, r#"{"type":"double","ref":{},"n":1}"#] {
        client.send_text(text);
        client.expect_error("malformed").await;
    }
    assert_eq!(client.request(Double { n: 1 }).reply::<Doubled>().await, Doubled { n: 2 });
}

#[tokio::test]
async fn a_bad_field_is_told_with_its_place() {
    let mut client = connect().await;
    client.send_text("{\"type\":\"divide\",\n\"n\":1,\"by\":\"x\"}");
    let fault = client.expect_error("invalid_payload").await;
    assert_eq!((&fault.details["path"], &fault.details["line"]), (&json!("by"), &json!(2)));
}

#[channel("/picky/:mode")]
pub struct Picky {
    mode: String,
}

#[channel(sends(Doubled))]
impl Picky {
    fn on_invalid(&mut self, error: DecodeError) -> Option<Fault> {
        (self.mode == "own").then(|| Fault::new("picky.no", error.to_string()))
    }

    #[message]
    fn double(&self, m: Double) -> Doubled {
        Doubled { n: m.n * 2 }
    }
}

#[tokio::test]
async fn on_invalid_may_choose_the_fault_or_silence_but_a_ref_is_answered() {
    let app = testing::app(channels![Picky].app(()));
    let mut own = app.connect::<Picky>("/picky/own").await.unwrap();
    own.send_text("nonsense");
    own.expect_error("picky.no").await;
    let mut silent = app.connect::<Picky>("/picky/silent").await.unwrap();
    silent.send_text("nonsense");
    silent.expect_nothing().await;
    own.binary([1, 2, 3]);
    own.expect_error("picky.no").await;
    silent.send_text(r#"{"type":"nonsense","ref":1}"#);
    silent.expect_error("unknown_type").await;
    silent.expect_nothing().await;
}

#[tokio::test]
async fn a_binary_message_that_nobody_takes_is_answered() {
    let app = testing::app(channels![Greeter].app(()));
    let mut client = app.connect::<Greeter>("/greeter").await.unwrap();
    client.expect_success().await;
    client.binary([1, 2, 3]);
    client.expect_error("unknown_type").await;
}
