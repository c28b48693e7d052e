//! Smaller promises, each with its test: what can't be said, who is asked once, and what passes through unchanged.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channel_runtime::testing::{self, Client};
use channel_runtime::{Answer, Channels, Fault, Sent, Socket, channel, channels, message};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Only the encoder can see what keys it has.
#[message(type = "loose")]
#[derive(Debug, PartialEq)]
pub struct Loose {
    #[serde(flatten)]
    extra: HashMap<String, Value>,
}

#[message(type = "say_with")]
pub struct SayWith {
    key: String,
}

#[message(type = "answer_with")]
pub struct AnswerWith {
    key: String,
}

#[channel("/loose/:name")]
pub struct Lax {
    name: String,
}

#[channel(sends(Loose))]
impl Lax {
    #[message]
    fn say_with(&self, say: SayWith, socket: &Socket<Self>) {
        let sends: [fn(&Socket<Self>, Loose) -> Sent; 5] = [
            |socket, loose| socket.send(loose),
            |socket, loose| socket.room().send(loose),
            |socket, loose| socket.room().send_with(|_| loose),
            |socket, loose| socket.rooms([Self::room("any")]).send(loose),
            |socket, loose| socket.hub().connection(socket.id()).send(loose),
        ];
        assert_eq!(self.name, "any");
        for send in sends {
            let sent = send(socket, loose(&say.key));
            assert!(sent.unencodable && !sent.is_complete());
            assert_eq!((sent.recipients, sent.refused), (0, 0));
        }
    }

    #[message]
    fn answer_with(&self, answer: AnswerWith) -> Loose {
        loose(&answer.key)
    }
}

fn loose(key: &str) -> Loose {
    Loose { extra: HashMap::from([(key.to_owned(), json!(1))]) }
}

#[tokio::test]
async fn a_message_with_a_reserved_key_is_not_sent_and_says_so() {
    let app = testing::app(channels![Lax].app(()));
    let mut client = app.connect::<Lax>("/loose/any").await.unwrap();
    for key in ["type", "ref", "$room", "$anything"] {
        client.request(SayWith { key: key.into() }).success().await;
        client.send_text(&format!(r#"{{"type":"answer_with","ref":"r","key":"{key}"}}"#));
        let error = client.expect_text().await;
        assert!(error.starts_with(r#"{"type":"error","ref":"r","code":"internal""#), "{error}");
        client.expect_nothing().await;
    }
    assert_eq!(client.request(AnswerWith { key: "price".into() }).reply::<Loose>().await, loose("price"));
}

/// Both derives are the user's own.
#[message(type = "profile", serde)]
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    first_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<u32>,
}

#[channel("/profiles")]
pub struct Profiles;

#[channel(sends(Profile))]
impl Profiles {
    #[message]
    fn profile(&self, profile: Profile) -> Profile {
        profile
    }
}

#[tokio::test]
async fn a_message_may_derive_serde_by_itself() {
    let app = testing::app(channels![Profiles].app(()));
    let mut client = app.connect::<Profiles>("/profiles").await.unwrap();
    for text in
        [r#"{"type":"profile","firstName":"Ann","lastSeen":3}"#, r#"{"type":"profile","ref":1,"firstName":"Ann"}"#]
    {
        client.send_text(text);
        assert_eq!(client.expect_text().await, text);
    }
    client.send_text(r#"{"type":"profile","first_name":"Ann"}"#);
    client.expect_error(Fault::INVALID_PAYLOAD).await;
    let ann = || Profile { first_name: "Ann".into(), last_seen: None };
    assert_eq!(client.request(ann()).reply::<Profile>().await, ann());
}

#[message(type = "rename")]
pub struct Rename {
    name: String,
}

#[message(type = "asked")]
#[derive(Debug, PartialEq)]
pub struct Asked {
    /// How often `identity` had been called.
    calls: usize,
}

static IDENTITY_CALLS: AtomicUsize = AtomicUsize::new(0);

#[channel("/named/:name")]
pub struct Named {
    name: String,
}

#[channel(sends(Asked))]
impl Named {
    fn identity(&self) -> &String {
        IDENTITY_CALLS.fetch_add(1, Ordering::Relaxed);
        &self.name
    }

    fn on_connect(&self) -> Asked {
        Asked { calls: IDENTITY_CALLS.load(Ordering::Relaxed) }
    }

    #[message]
    fn rename(&mut self, rename: Rename, socket: &Socket<Self>) -> Asked {
        let old = std::mem::replace(&mut self.name, rename.name);
        assert_eq!((socket.user(&old).len(), socket.user(&self.name).len()), (1, 0));
        assert!(socket.all().except_user(&old).is_empty());
        Asked { calls: IDENTITY_CALLS.load(Ordering::Relaxed) }
    }
}

#[tokio::test]
async fn identity_is_read_once_and_before_on_connect() {
    let app = testing::app(channels![Named].app(()));
    let mut client = app.connect::<Named>("/named/ann").await.unwrap();
    assert_eq!(client.expect::<Asked>().await, Asked { calls: 1 });
    assert_eq!(client.request(Rename { name: "eve".into() }).reply::<Asked>().await, Asked { calls: 1 });
    drop(client);
    app.settle().await;
    assert_eq!(IDENTITY_CALLS.load(Ordering::Relaxed), 1);
}

fn full() -> Fault {
    let details = json!({ "seats": [2, 4], "by": { "name": null, "retry_after_ms": 1.5 } });
    Fault::new("desk.full", "No \"seat\" is left").with_details(details)
}

/// A desk of which nothing is to be had; `waits` holds `on_connect` up.
#[channel("/desk/:how", app = Desks)]
pub struct Desk {
    how: String,
}

#[derive(Default)]
pub struct Desks {
    never: Notify,
    answers: std::sync::Mutex<Vec<Answer<Desk>>>,
}

#[channel]
impl Desk {
    async fn on_connect(&self, app: &Desks) -> Result<(), Fault> {
        match self.how.as_str() {
            "waits" => app.never.notified().await,
            "full" => return Err(full()),
            _ => {}
        }
        Ok(())
    }

    #[message(type = "sit")]
    fn sit(&self) -> Result<(), Fault> {
        Err(full())
    }

    #[message(type = "sit_later")]
    fn sit_later(&self, socket: &Socket<Self>) {
        socket.defer().fault(full());
    }

    #[message(type = "tell")]
    fn tell(&self, socket: &Socket<Self>) {
        assert!(socket.send_success(&json!({ "seats": 0 })).is_complete());
        assert!(socket.send_fault(&full()).is_complete());
        let no_json = HashMap::from([((1, 2), 3)]);
        assert!(socket.send_success(&no_json).unencodable);
    }

    #[message(type = "hang")]
    async fn hang(&self, app: &Desks) {
        app.never.notified().await;
    }

    #[message(type = "keep")]
    fn keep(&self, socket: &Socket<Self>, app: &Desks) {
        app.answers.lock().unwrap().push(socket.defer());
    }
}

async fn desk(how: &str) -> Client<Desk> {
    let channels: Channels<Desks> = channels![Desk];
    testing::app(channels.app(Desks::default())).connect::<Desk>(&format!("/desk/{how}")).await.unwrap()
}

#[tokio::test]
async fn a_fault_of_ones_own_reaches_the_client_as_it_is() {
    let mut client = desk("free").await;
    assert_eq!(client.request(DeskFromClient::Sit).error("desk.full").await, full());
    assert_eq!(client.request(DeskFromClient::SitLater).error("desk.full").await, full());
    client.send(DeskFromClient::Sit);
    assert_eq!(client.expect_error("desk.full").await, full());
    assert_eq!(desk("full").await.expect_error("desk.full").await, full());
}

#[tokio::test]
async fn a_success_or_fault_that_is_sent_is_no_answer() {
    let mut client = desk("free").await;
    client.send_text(r#"{"type":"tell","ref":7}"#);
    let success = client.expect_text().await;
    assert!(success.starts_with(r#"{"type":"success","data":{"seats":0},"timestamp":""#), "{success}");
    let error = client.expect_text().await;
    assert!(error.starts_with(r#"{"type":"error","code":"desk.full","message":"No \"seat\" is left","#), "{error}");
    assert_eq!(client.expect_text().await, r#"{"type":"success","ref":7}"#);
    client.send(DeskFromClient::Tell);
    assert_eq!(client.expect_success().await, json!({ "seats": 0 }));
    assert_eq!(client.expect_error("desk.full").await, full());
    client.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_test_whose_handler_never_ends_fails_and_names_it() {
    let listens = panic_of(async {
        let mut client = desk("free").await;
        client.send(DeskFromClient::Hang);
        client.expect_nothing().await;
    });
    let asks = panic_of(async {
        desk("free").await.request(DeskFromClient::Hang).success().await;
    });
    let connects = panic_of(async {
        desk("waits").await;
    });
    let awaits_an_answer = panic_of(async {
        desk("free").await.request(DeskFromClient::Keep).success().await;
    });
    for (panic, named) in [
        (listens.await, "`hang` of Desk"),
        (asks.await, "`hang` of Desk"),
        (connects.await, "`on_connect` of Desk"),
        (awaits_an_answer.await, "a deferred answer of Desk"),
    ] {
        assert!(panic.starts_with("still in flight after 10s: ") && panic.contains(named), "{panic}");
    }
}

/// What a test says that fails after 10 seconds.
async fn panic_of(test: impl Future<Output = ()> + Send + 'static) -> String {
    let begun = Instant::now();
    let panic = tokio::spawn(test).await.expect_err("it fails").into_panic();
    assert_eq!(begun.elapsed().as_secs(), Duration::from_secs(10).as_secs());
    *panic.downcast().expect("a message")
}
