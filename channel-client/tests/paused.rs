//! The client over a transport in memory, on paused time, with a protocol that is written by hand: as in a crate without the server.

mod support;

use std::time::Duration;

use channel_client::transport::Outgoing;
use channel_client::{Client, CloseBy, Connect, Error, Event, Status, Unsent};
use channel_runtime::envelope::Flat;
use channel_runtime::{Asks, Message as _, Messages, Protocol, Success, message};
use serde::{Deserializer, Serializer};
use serde_json::json;
use support::{Peer, Server, server};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

#[message(type = "say")]
struct Say {
    text: String,
}

#[message(type = "said")]
#[derive(Debug, PartialEq)]
struct Said {
    text: String,
}

/// The channel, of which this crate has the messages alone.
#[derive(Debug)]
enum Chat {}

impl Protocol for Chat {
    type FromClient = FromClient;
    type ToClient = ToClient;
    type Envelope = Flat;
}

impl Asks<Chat, Success<usize>> for Say {
    fn into_message(self) -> FromClient {
        FromClient::Say(self)
    }
}

enum FromClient {
    Say(Say),
}

#[derive(Debug)]
enum ToClient {
    Said(Said),
}

impl Messages for FromClient {
    const TYPES: &'static [&'static str] = &[Say::TYPE];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        Say::from_fields(fields).map(Self::Say)
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self::Say(say) = self;
        say.to_fields(serializer)
    }
}

impl Messages for ToClient {
    const TYPES: &'static [&'static str] = &[Said::TYPE];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        Said::from_fields(fields).map(Self::Said)
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self::Said(said) = self;
        said.to_fields(serializer)
    }
}

fn say(text: &str) -> Say {
    Say { text: text.to_owned() }
}

fn chat() -> (Connect<Chat>, Server) {
    let (memory, server) = server();
    let chat = Client::<Chat>::new("/chat/a").url("ws://server").transport(memory).random(|| 0.5);
    (chat, server)
}

async fn opened() -> (Client<Chat>, Server, Peer) {
    let (chat, mut server) = chat();
    let chat = chat.open();
    let peer = server.joined().await;
    settle().await;
    assert_eq!(chat.status(), Status::Open);
    (chat, server, peer)
}

/// Lets all tasks do what they can do now.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_greets_is_sent_first_on_each_connection() {
    let (chat, mut server) = chat();
    let chat = chat.greet(|| vec![FromClient::Say(say("hello"))]).open();
    let asked = tokio::spawn(chat.request(say("first")));
    for waiting in ["first", "second"] {
        let peer = server.joined().await;
        assert_eq!(peer.hear().await, json!({ "type": "say", "text": "hello" }));
        assert_eq!(peer.hear().await["text"], waiting);
        peer.close(1001);
        settle().await;
        if waiting == "first" {
            tokio::spawn(chat.request(say("second")));
        }
    }
    assert!(matches!(asked.await.unwrap(), Err(Error::Lost)));
}

#[tokio::test(start_paused = true)]
async fn an_http_status_decides_and_retry_after_is_kept() {
    let (chat, mut server) = chat();
    let chat = chat.open();
    server.dial().await.refuse(503, Some(Duration::from_secs(7)));
    settle().await;
    let Status::Waiting { until, last, .. } = chat.status() else { panic!("{:?}", chat.status()) };
    assert_eq!((until - Instant::now(), last.status), (Duration::from_millis(9500), Some(503)));
    chat.open();
    settle().await;
    let Status::Waiting { until, .. } = chat.status() else { panic!("it has not waited") };
    assert_eq!(
        until - Instant::now(),
        Duration::from_secs(7),
        "it may be opened sooner, but not before the server's time"
    );
    server.dial().await.refuse(403, None);
    chat.closed().await;
    assert!(matches!(chat.status(), Status::Closed { by: CloseBy::Server, .. }));
    assert!(server.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_http_refuses_is_asked_for_anew() {
    let (chat, mut server) = chat();
    let _chat = chat.token(|why| async move { format!("{why:?}") }).open();
    let dial = server.dial().await;
    assert_eq!(dial.handshake.subprotocols.last().unwrap(), "channels.token.First");
    dial.refuse(401, None);
    let dial = server.dial().await;
    assert_eq!(dial.handshake.subprotocols.last().unwrap(), "channels.token.Refused");
}

#[tokio::test(start_paused = true)]
async fn while_1024_events_wait_nothing_is_read_and_nothing_is_lost() {
    let (chat, _server, peer) = opened().await;
    let mut events = chat.events();
    for number in 0..3000 {
        peer.say(&json!({ "type": "said", "text": number.to_string() }).to_string());
    }
    settle().await;
    sleep(Duration::from_secs(300)).await;
    assert!((1900..2000).contains(&peer.unread()), "{}", peer.unread());
    assert_eq!(chat.status(), Status::Open, "that the program does not read is no silence of the server");
    for number in 0..3000 {
        match events.next().await.unwrap() {
            Event::Message(ToClient::Said(said)) => assert_eq!(said.text, number.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_holds_up_nothing() {
    let (chat, _server, peer) = opened().await;
    let events = chat.events();
    for _ in 0..3000 {
        peer.say(r#"{"type":"said","text":""}"#);
    }
    settle().await;
    assert!(peer.unread() > 0);
    drop(events);
    let asked = tokio::spawn(chat.request(say("a")));
    assert_eq!(peer.hear().await["ref"], 1);
    peer.say(r#"{"type":"success","ref":1,"data":1}"#);
    assert_eq!(asked.await.unwrap().unwrap(), 1);
    assert_eq!(peer.unread(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_stalled_connection_does_not_take_is_bounded() {
    let (chat, _server, peer) = opened().await;
    peer.stall();
    let long = "x".repeat(60_000);
    let sent = (0..100).filter(|_| chat.send(say(&long))).count();
    assert_eq!(sent, 4, "of 256 KiB");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_before_it_is_sent_is_not_sent() {
    let (chat, mut server) = chat();
    let chat = chat.open();
    let waits = tokio::spawn(chat.request(say("dropped")));
    settle().await;
    waits.abort();
    let kept = tokio::spawn(chat.request(say("kept")));
    let peer = server.joined().await;
    assert_eq!(peer.hear().await["text"], "kept");
    kept.abort();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_in_vain_is_unsent_and_one_more_than_may_wait_at_once() {
    let (chat, _server) = chat();
    let chat = chat.open();
    let begun = Instant::now();
    let waiting: Vec<_> =
        (0..256).map(|_| tokio::spawn(chat.request(say("a")).timeout(Duration::from_secs(3)))).collect();
    settle().await;
    let more = chat.request(say("b")).await;
    assert!(matches!(more, Err(Error::Unsent(Unsent::TooMany))), "{more:?}");
    for waiting in waiting {
        let waited = waiting.await.unwrap();
        assert!(matches!(waited, Err(Error::Unsent(Unsent::TooLate))), "{waited:?}");
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_type_is_an_error_of_its_request() {
    let (chat, _server, peer) = opened().await;
    for answer in [r#"{"type":"said","ref":1,"text":""}"#, r#"{"type":"success","ref":2,"data":"many"}"#] {
        let asked = tokio::spawn(chat.request(say("a")));
        peer.hear().await;
        peer.say(answer);
        let asked = asked.await.unwrap();
        assert!(matches!(asked, Err(Error::Unreadable(_))), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_fit_its_struct_is_an_event_and_the_connection_stays() {
    let (chat, _server, peer) = opened().await;
    let mut events = chat.events();
    peer.say(r#"{"type":"said","text":7}"#);
    let Some(Event::Fault(fault)) = events.next().await else { panic!("no fault") };
    assert_eq!(fault.code, "invalid_payload");
    peer.say(r#"{"type":"said","text":"a","$room":"table:7"}"#);
    let Some(Event::RoomMessage { room, .. }) = events.next().await else { panic!("no message of a room") };
    assert_eq!(room, "table:7");
    peer.say_bytes(b"abc");
    assert!(matches!(events.next().await, Some(Event::Binary(bytes)) if bytes == "abc"));
    peer.say(r#"{"type":"later","x":1}"#);
    assert!(matches!(events.next().await, Some(Event::Unheard { kind, .. }) if kind == "later"));
}

#[tokio::test(start_paused = true)]
async fn an_open_client_that_is_opened_asks_for_a_sign_of_life() {
    let (chat, mut server, peer) = opened().await;
    sleep(Duration::from_millis(1)).await;
    chat.open();
    assert_eq!(peer.hear().await, json!({ "type": "$ping", "ref": 0 }));
    let begun = Instant::now();
    assert_eq!(peer.next().await, None, "the connection is dropped");
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    server.joined().await;
}

#[tokio::test(start_paused = true)]
async fn a_close_is_written_behind_what_was_sent_and_the_server_s_is_waited_for() {
    let (chat, _server, peer) = opened().await;
    assert!(chat.send(say("last")));
    chat.close();
    assert!(!chat.send(say("late")));
    assert_eq!(peer.hear().await["text"], "last");
    assert_eq!(peer.next().await, Some(Outgoing::Close { reason: String::new() }));
    let begun = Instant::now();
    chat.closed().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5), "it waits no longer");
    assert!(peer.is_dropped());
}

#[tokio::test(start_paused = true)]
async fn a_closed_client_has_no_task_and_its_streams_have_ended() {
    let (chat, _server, _peer) = opened().await;
    let mut events = chat.events();
    chat.close();
    chat.closed().await;
    while events.next().await.is_some() {}
    assert!(chat.events().next().await.is_none());
    settle().await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[test]
#[should_panic(expected = "it begins with `ws://` or `wss://`")]
fn an_address_that_is_none_is_said_at_once() {
    _ = chat().0.url("localhost:3030").open();
}

#[test]
#[should_panic(expected = "a segment is empty, `.` or `..`")]
fn a_path_that_would_lead_elsewhere_is_said_at_once() {
    _ = Client::<Chat>::new("/chat/..").url("ws://server").open();
}
