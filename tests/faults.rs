//! An error type of one's own becomes faults by a derive: what its client is sent, and what the description and the lock have of it.

use std::fmt;

use channel_runtime::describe::{Describe, DescribeFaults, Description, FaultDescription};
use channel_runtime::testing::{self, Client};
use channel_runtime::{Batched, Deferred, Fault, Socket, Success, channel, channels, message};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Describe)]
pub struct Lot {
    name: String,
}

impl fmt::Display for Lot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// No client sees it, and no serde.
#[derive(Debug)]
pub struct Handle;

#[derive(Debug, Fault)]
pub enum BidError {
    /// Somebody has bid as much.
    ///
    /// Bid more.
    #[fault("bid.too_low", "bid {least:>5} or more for {lot}")]
    TooLow { least: u64, lot: Lot },
    #[fault("bid.closed", "the auction is {{over}}")]
    Closed,
    #[fault("bid.stepped", "in steps of {0:?}")]
    Stepped(Option<u8>),
    #[fault("bid.of_another", "{0} has {1}")]
    OfAnother(#[fault(skip)] String, Lot),
    #[fault("bid.kept", "kept at {by}")]
    Kept {
        #[fault(skip)]
        by: u8,
        #[fault(skip)]
        handle: Handle,
    },
    #[fault("bid.named", "{type_} {type}")]
    #[serde(rename_all = "camelCase")]
    Named {
        r#type: u8,
        #[fault(skip)]
        type_: u8,
        #[serde(rename = "as")]
        written_as: u8,
        so_many: Option<f64>,
    },
    #[fault(transparent)]
    Account(AccountError),
    #[fault(internal)]
    Store(fmt::Error),
}

/// A struct is one fault.
#[derive(Debug, Fault)]
#[fault("account.frozen", "account {id} is frozen")]
pub struct AccountError {
    id: u32,
}

/// Beside another derive, which writes the message.
#[derive(Debug, thiserror::Error, Fault)]
pub enum SeatError {
    #[error("{} seats, and {wanted} wanted", .free + 1)]
    #[fault("seat.none")]
    None { free: u8, wanted: u8 },
    #[error("no such seat")]
    #[fault("seat.unknown", "there is no such seat")]
    Unknown,
    #[error(transparent)]
    #[fault(internal)]
    Store(#[from] fmt::Error),
    #[error("{0}")]
    #[fault(transparent)]
    Other(Fault),
}

/// Has a field of the name that the expansion might have for the whole.
#[derive(Debug, thiserror::Error, Fault)]
#[error("row {row}: {error}")]
#[fault("seat.row")]
pub struct RowError {
    row: u8,
    error: String,
}

/// Written by a macro, which has hygiene for locals.
macro_rules! an_error {
    ($error:ident, $code:literal, $message:literal, $($field:ident: $type:ty),*) => {
        #[derive(Fault)]
        pub enum $error<'a> {
            #[fault($code, $message)]
            Only { $($field: $type,)* r#fn: &'a str },
        }
    };
}

an_error!(OfMacro, "macro.only", "{count:0width$} {fn}", count: u8, width: usize);

fn fault(error: impl Into<Fault>) -> (String, String, Value) {
    let Fault { code, message, details, .. } = error.into();
    (code.into(), message, details)
}

#[test]
fn a_fault_has_the_code_the_message_and_the_fields_of_its_variant() {
    let lot = Lot { name: "ring".into() };
    let expected = |code: &str, message: &str, details: Value| (code.to_owned(), message.to_owned(), details);
    assert_eq!(
        fault(BidError::TooLow { least: 7, lot: lot.clone() }),
        expected("bid.too_low", "bid     7 or more for ring", json!({ "least": 7, "lot": { "name": "ring" } }))
    );
    assert_eq!(fault(BidError::Closed), expected("bid.closed", "the auction is {over}", Value::Null));
    assert_eq!(fault(BidError::Stepped(Some(3))), expected("bid.stepped", "in steps of Some(3)", json!(3)));
    assert_eq!(
        fault(BidError::OfAnother("Ann".into(), lot)),
        expected("bid.of_another", "Ann has ring", json!({ "name": "ring" }))
    );
    assert_eq!(fault(BidError::Kept { by: 7, handle: Handle }), expected("bid.kept", "kept at 7", Value::Null));
    let named = |so_many| BidError::Named { r#type: 1, type_: 2, written_as: 3, so_many };
    assert_eq!(fault(named(Some(0.5))), expected("bid.named", "2 1", json!({ "type": 1, "as": 3, "soMany": 0.5 })));
    assert_eq!(fault(named(Some(f64::NAN))).2, Value::Null, "what JSON can't say is nothing as a whole");
    assert_eq!(
        fault(BidError::Account(AccountError { id: 9 })),
        expected("account.frozen", "account 9 is frozen", json!({ "id": 9 }))
    );
}

#[test]
fn an_error_type_may_be_written_by_a_macro_and_borrow() {
    let text = String::from("x");
    let error = OfMacro::Only { count: 7, width: 3, r#fn: &text };
    let details = json!({ "count": 7, "width": 3, "fn": "x" });
    assert_eq!(fault(error), ("macro.only".into(), "007 x".into(), details));
    assert_eq!(OfMacro::FAULTS.len(), 1);
}

#[test]
fn a_failure_of_the_server_is_known_to_its_client_by_an_id_alone() {
    for error in [Fault::from(BidError::Store(fmt::Error)), SeatError::from(fmt::Error).into()] {
        assert_eq!((&*error.code, &*error.message), (Fault::INTERNAL, "internal server error"));
        assert_eq!(error.details["id"].as_str().map(str::len), Some(16));
    }
}

#[test]
fn a_message_that_another_derive_writes_is_written_once() {
    let error = SeatError::None { free: 2, wanted: 5 };
    assert_eq!(error.to_string(), "3 seats, and 5 wanted");
    let none = ("seat.none".into(), error.to_string(), json!({ "free": 2, "wanted": 5 }));
    assert_eq!(fault(error), none);
    assert_eq!(fault(SeatError::Unknown).1, "there is no such seat");
    assert_eq!(fault(RowError { row: 7, error: "gone".into() }).1, "row 7: gone");
    assert_eq!(fault(SeatError::Other(Fault::forbidden("no"))).0, Fault::FORBIDDEN);
    let first = SeatError::FAULTS.get(0).unwrap();
    assert_eq!((first.code, first.message), ("seat.none", "{} seats, and {wanted} wanted"));
    assert!(SeatError::FAULTS.has_others() && !BidError::FAULTS.has_others());
}

#[message(type = "bid")]
pub struct Bid {
    amount: u64,
}

#[message(type = "led")]
#[derive(Debug, PartialEq)]
pub struct Led {
    amount: u64,
}

#[message(type = "sit")]
pub struct Sit {}

#[message(type = "alias")]
pub struct Alias {}

#[message(type = "later")]
pub struct Later {}

#[message(type = "plain")]
pub struct Plain {}

#[message(type = "by_hand")]
pub struct ByHand {}

#[message(type = "batched")]
#[derive(Clone, Debug)]
pub struct Entry {
    how: String,
}

#[message(type = "stored")]
pub struct Stored {}

#[message(type = "untold")]
pub struct Untold {}

pub struct Lost;

impl From<Lost> for Fault {
    fn from(Lost: Lost) -> Self {
        Fault::new("lost.it", "lost")
    }
}

type Tried<T, E = BidError> = Result<T, E>;
type Maybe = Option<Tried<Led>>;

#[channel("/auction")]
pub struct Auction;

#[channel(sends(Led))]
impl Auction {
    #[message]
    fn bid(&self, bid: Bid) -> Result<Led, BidError> {
        match bid.amount {
            0 => Err(BidError::Closed),
            1..7 => Err(BidError::TooLow { least: 7, lot: Lot { name: "ring".into() } }),
            amount => Ok(Led { amount }),
        }
    }

    #[message]
    fn sit(&self, _: Sit) -> Result<(), SeatError> {
        Err(SeatError::Unknown)
    }

    #[message]
    fn alias(&self, _: Alias) -> Maybe {
        Some(Err(BidError::Closed))
    }

    #[message]
    fn later(&self, _: Later, socket: &Socket<Self>) -> Result<Deferred<Tried<Success<u8>, AccountError>>, BidError> {
        let (answer, deferred) = socket.defer().typed();
        answer.send(Err(AccountError { id: 4 }));
        Ok(deferred)
    }

    #[message]
    fn plain(&self, _: Plain) -> Result<Led, Fault> {
        Err(Fault::forbidden("no"))
    }

    #[message]
    fn by_hand(&self, _: ByHand) -> Result<Led, Lost> {
        Err(Lost)
    }

    #[message(batch(size = 3, wait = "1ms"))]
    fn batched(batch: Vec<Batched<Self, Entry, Result<Led, AccountError>>>) -> Result<(), SeatError> {
        let mut outcome = Ok(());
        for item in batch {
            match &*item.message.how {
                "reply" => item.reply(Ok(Led { amount: 1 })),
                "fail" => item.fail(AccountError { id: 5 }),
                "break" => outcome = Err(SeatError::Unknown),
                _ => drop(item),
            }
        }
        outcome
    }

    #[message(batch(size = 3, wait = "1ms"))]
    fn stored(batch: Vec<Batched<Self, Stored, Option<Led>>>) {
        drop(batch);
    }

    #[message(batch(size = 3, wait = "1ms"))]
    fn untold(batch: Vec<Batched<Self, Untold>>) -> Result<(), BidError> {
        batch.into_iter().for_each(|item| item.reply(Success(7)));
        Ok(())
    }
}

/// The check of the lock is this compiling.
fn described() -> Description {
    channels![Auction; lock = "tests/faults/channels.lock"].app(()).describe()
}

fn faults(description: &Description, message: &str) -> Option<(Vec<FaultDescription>, bool)> {
    let messages = &description.channels[0].from_client;
    let message = messages.iter().find(|other| other.wire_type == message).expect("it is listed");
    message.reply.clone().map(|reply| (reply.faults, reply.other_faults))
}

fn codes(message: &str) -> Option<(Vec<String>, bool)> {
    let (faults, others) = faults(&described(), message)?;
    Some((faults.into_iter().map(|fault| fault.code).collect(), others))
}

const OF_BIDS: [&str; 7] =
    ["bid.too_low", "bid.closed", "bid.stepped", "bid.of_another", "bid.kept", "bid.named", "account.frozen"];

#[test]
fn a_handlers_faults_are_in_its_description_and_so_is_whether_there_are_others() {
    let known = |codes: &[&str], others| Some((codes.iter().map(|&code| code.to_owned()).collect(), others));
    assert_eq!(codes("bid"), known(&OF_BIDS, false));
    assert_eq!(codes("sit"), known(&["seat.none", "seat.unknown"], true));
    assert_eq!(codes("alias"), known(&OF_BIDS, false), "by an alias");
    assert_eq!(codes("later"), known(&OF_BIDS, false), "of two errors, each code once");
    assert_eq!(codes("plain"), known(&[], true));
    assert_eq!(codes("by_hand"), known(&[], true));
    assert_eq!(codes("batched"), known(&["account.frozen", "seat.none", "seat.unknown"], true));
    assert_eq!(codes("stored"), known(&[], false));
    assert_eq!(codes("untold"), None, "each message has its own answer");
}

#[test]
fn the_details_are_described_as_the_fields_of_a_message_are() {
    let description = described();
    let (faults, _) = faults(&description, "bid").unwrap();
    let shown = |code: &str| serde_json::to_value(faults.iter().find(|fault| fault.code == code)).unwrap();
    let field = |key: &str, ty: Value| json!({ "read": key, "written": key, "type": ty, "has_default": false, "may_be_skipped": false, "flat": false });
    let number = |bits| json!({ "kind": "integer", "signed": false, "bits": bits });
    let lot = json!({ "kind": "named", "name": "Lot" });
    assert_eq!(
        shown("bid.too_low"),
        json!({
            "code": "bid.too_low",
            "message": "bid {least:>5} or more for {lot}",
            "docs": "Somebody has bid as much.\n\nBid more.",
            "details": { "kind": "fields", "fields": [field("least", number(64)), field("lot", lot.clone())], "closed": false },
        })
    );
    assert_eq!(shown("bid.closed"), json!({ "code": "bid.closed", "message": "the auction is {{over}}" }));
    assert_eq!(shown("bid.kept").get("details"), None);
    assert_eq!(
        shown("bid.stepped")["details"],
        json!({ "kind": "as", "type": { "kind": "nullable", "inner": number(8) } })
    );
    assert_eq!(shown("bid.of_another")["details"], json!({ "kind": "as", "type": lot }));
    let keys = shown("bid.named")["details"]["fields"].clone();
    let keys: Vec<_> = keys.as_array().unwrap().iter().map(|field| field["written"].clone()).collect();
    assert_eq!(keys, ["type", "as", "soMany"]);
    assert!(description.types.contains_key("Lot"), "the types in it are defined");
    let json = serde_json::to_string(&description).unwrap();
    assert_eq!(description, serde_json::from_str(&json).unwrap());
}

#[test]
fn the_answers_of_a_batch_are_in_the_description_and_may_be_nothing_if_they_say_so() {
    let description = described();
    let reply = |message: &str| {
        let messages = &description.channels[0].from_client;
        messages.iter().find(|other| other.wire_type == message).unwrap().reply.clone().unwrap()
    };
    assert_eq!((reply("batched").messages, reply("batched").nothing), (vec!["led".to_owned()], false));
    assert_eq!((reply("stored").messages, reply("stored").nothing), (vec!["led".to_owned()], true));
}

mod at_once {
    use super::*;

    #[channel("/same")]
    pub struct Same;

    #[channel(sends(Led))]
    impl Same {
        #[message]
        fn bid(&self, _: Bid) -> Result<Led, BidError> {
            Err(BidError::Closed)
        }
    }
}

mod later {
    use super::*;

    #[channel("/same")]
    pub struct Same;

    #[channel(sends(Led))]
    impl Same {
        #[message]
        fn bid(&self, _: Bid, socket: &Socket<Self>) -> Deferred<Result<Led, BidError>> {
            socket.defer().typed().1
        }
    }
}

mod batched {
    use super::*;

    #[channel("/same")]
    pub struct Same;

    #[channel(sends(Led))]
    impl Same {
        #[message(batch(size = 1, wait = "1ms"))]
        fn bid(batch: Vec<Batched<Self, Bid, Result<Led, BidError>>>) {
            drop(batch);
        }
    }
}

mod untold {
    use super::*;

    #[channel("/same")]
    pub struct Same;

    #[channel(sends(Led))]
    impl Same {
        #[message]
        fn bid(&self, _: Bid) -> Result<Led, Fault> {
            Err(BidError::Closed.into())
        }
    }
}

mod moved {
    use super::*;

    #[derive(Fault)]
    #[fault("bid.closed", "the auction is over")]
    pub struct Closed {
        by: u8,
    }

    #[channel("/same")]
    pub struct Same;

    #[channel(sends(Led))]
    impl Same {
        #[message]
        fn bid(&self, bid: Bid) -> Result<Led, Closed> {
            if bid.amount > 0 { Ok(Led { amount: bid.amount }) } else { Err(Closed { by: 1 }) }
        }
    }
}

#[test]
fn an_answer_is_the_same_to_the_lock_at_once_later_and_in_a_batch() {
    let fingerprints = [
        channels![at_once::Same].app(()).describe(),
        channels![later::Same].app(()).describe(),
        channels![batched::Same].app(()).describe(),
        channels![untold::Same].app(()).describe(),
        channels![moved::Same].app(()).describe(),
    ]
    .map(|description| description.fingerprint);
    let [at_once, later, batched, untold, moved] = fingerprints;
    assert_eq!(at_once, later);
    assert_eq!(at_once, batched);
    assert_ne!(at_once, untold, "codes are the wire's");
    assert_ne!(moved, untold);
    assert_ne!(moved, at_once);
}

async fn client() -> Client<Auction> {
    testing::app(channels![Auction].app(())).connect("/auction").await.unwrap()
}

#[tokio::test]
async fn a_client_is_sent_what_the_description_has() {
    let mut client = client().await;
    client.send_text(r#"{"type":"bid","ref":1,"amount":3}"#);
    let fault = client.expect_error("bid.too_low").await;
    assert_eq!(fault.details, json!({ "least": 7, "lot": { "name": "ring" } }));
    client.send_text(r#"{"type":"bid","ref":2,"amount":7}"#);
    assert_eq!(client.expect::<Led>().await, Led { amount: 7 });
    client.send_text(r#"{"type":"alias","ref":3}"#);
    assert_eq!(client.expect_error("bid.closed").await.details, Value::Null);
    client.send_text(r#"{"type":"later","ref":4}"#);
    assert_eq!(client.expect_error("account.frozen").await.details, json!({ "id": 4 }));
    client.send_text(r#"{"type":"sit","ref":5}"#);
    client.expect_error("seat.unknown").await;
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_batch_has_an_answer_that_the_handler_declares() {
    let mut client = client().await;
    for (reference, how) in ["reply", "fail", "drop"].into_iter().enumerate() {
        client.send_text(&json!({ "type": "batched", "ref": reference, "how": how }).to_string());
    }
    assert_eq!(client.expect::<Led>().await, Led { amount: 1 });
    assert_eq!(client.expect_error("account.frozen").await.details, json!({ "id": 5 }));
    // Dropped, and a `success` without data is no answer that the handler declares.
    client.expect_error(Fault::INTERNAL).await;

    client.send_text(r#"{"type":"batched","how":"drop"}"#);
    client.send_text(r#"{"type":"batched","ref":3,"how":"break"}"#);
    // To each that was dropped, with a `ref` or without.
    client.expect_error("seat.unknown").await;
    client.expect_error("seat.unknown").await;
    client.send_text(r#"{"type":"stored","ref":4}"#);
    client.expect_success().await;
    client.send_text(r#"{"type":"untold","ref":5}"#);
    assert_eq!(client.expect_success().await, json!(7));
}

#[test]
fn a_handler_of_batches_is_called_by_itself_in_a_test() {
    let (ann, bob) = (testing::socket::<Auction>(), testing::socket::<Auction>());
    let entry = |how: &str| Entry { how: how.to_owned() };
    Auction::batched(vec![ann.batched(entry("reply")), bob.batched(entry("drop"))]).unwrap();
    assert_eq!(ann.sent_texts(), [r#"{"type":"led","amount":1}"#]);
    assert_eq!(bob.sent_texts(), [""; 0]);
}
