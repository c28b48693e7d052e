//! Every message with a `ref` has exactly one answer, and what a handler returns is it.

use channel_runtime::testing::{self, Client};
use channel_runtime::{DecodeError, Fault, Socket, Success, channel, channels, message};
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

#[channel(sends(Doubled, Odd))]
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
    client.send(Divide { n: 9, by: 3 });
    let text = client.expect_text().await;
    let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(text.starts_with(r#"{"type":"success","data":3,"timestamp":""#), "{text}");
    assert!(frame["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(client.request(Divide { n: 8, by: 2 }).success().await, json!(4));
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
    client.binary([1, 2, 3]);
    client.expect_error("unknown_type").await;
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
    silent.send_text(r#"{"type":"nonsense","ref":1}"#);
    silent.expect_error("unknown_type").await;
    silent.expect_nothing().await;
}
