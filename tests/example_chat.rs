//! `examples/chat.rs`, driven through the testing kit.

#[allow(dead_code)]
#[path = "../examples/chat.rs"]
mod chat;

use std::time::Duration;

use channel_runtime::testing::{self, Client, TestApp};
use channel_runtime::{CloseCode, Fresh};
use chat::ChatChannelFromClient::{Ping, TypingStart, TypingStop};
use chat::{ChatChannel, ChatLine, ChatMessage, Look, Pong, System, TYPING};
use chat::{UserJoined, UserLeft, UserStoppedTyping, UserTyping};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Somebody in a room, with the welcome taken, and what happened before.
struct Guest {
    client: Client<ChatChannel>,
    user_id: String,
}

async fn enter(app: &TestApp<()>, room: &str) -> Guest {
    let mut client = app.connect::<ChatChannel>(&format!("/chat/{room}")).await.unwrap();
    let welcome: System = client.wait_for().await;
    Guest { client, user_id: welcome.user_id }
}

/// Two in one room, who have heard of each other.
async fn alice_and_bob(app: &TestApp<()>) -> (Guest, Guest) {
    let mut alice = enter(app, "general").await;
    let bob = enter(app, "general").await;
    let _: UserJoined = alice.client.expect().await;
    (alice, bob)
}

#[tokio::test]
async fn who_comes_is_welcomed_and_the_others_are_told() {
    let app = testing::app(chat::server());
    let mut alice = app.connect::<ChatChannel>("/chat/general").await.unwrap();
    let welcome: System = alice.expect().await;
    assert_eq!(welcome.message, "Welcome to room general");
    assert_eq!(welcome.count, 1);
    assert!(welcome.user_id.starts_with("user_"));
    alice.expect_nothing().await;

    let mut bob = app.connect::<ChatChannel>("/chat/general").await.unwrap();
    assert_eq!(bob.expect::<System>().await.count, 2);
    bob.expect_nothing().await;
    let joined: UserJoined = alice.expect().await;
    assert_eq!((joined.message.as_str(), joined.count), ("A user joined the room", 2));
    alice.expect_nothing().await;
}

#[tokio::test]
async fn who_goes_is_missed_however_it_goes() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    let carol = enter(&app, "general").await;
    let _: UserJoined = alice.client.expect().await;

    bob.client.close();
    let _: UserJoined = bob.client.expect().await;
    assert_eq!(bob.client.expect_close().await.0, CloseCode::NORMAL);
    let left: UserLeft = alice.client.expect().await;
    assert_eq!((left.message.as_str(), left.count), ("A user left the room", 2));

    drop(carol);
    assert_eq!(alice.client.expect::<UserLeft>().await.count, 1);
    alice.client.expect_nothing().await;
}

#[tokio::test]
async fn a_message_reaches_everyone_in_its_room_and_nobody_else() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    let mut elsewhere = enter(&app, "random").await;

    alice.client.send(ChatMessage { message: "Hello, world!".into() });
    for client in [&mut alice.client, &mut bob.client] {
        let line: ChatLine = client.expect().await;
        assert_eq!((line.message.as_str(), &line.user_id), ("Hello, world!", &alice.user_id));
        client.expect_nothing().await;
    }
    elsewhere.client.expect_nothing().await;
}

#[tokio::test]
async fn a_message_has_between_1_and_1000_characters() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    for empty in
        ["", "  \n\t", "\u{200b}", "\u{2060}\u{feff} \u{ad}", "\u{3164}", "\u{e0020}", "\u{fe0f}", "\u{2800}", "\0"]
    {
        alice.client.send(ChatMessage { message: empty.into() });
        assert_eq!(alice.client.expect_error("validation").await.message, "Message cannot be empty");
    }
    // Characters, not bytes: each of these is two.
    alice.client.send(ChatMessage { message: "ü".repeat(1001) });
    assert_eq!(alice.client.expect_error("validation").await.message, "Message too long");
    bob.client.expect_nothing().await;

    alice.client.send(ChatMessage { message: "ü".repeat(1000) });
    assert_eq!(bob.client.expect::<ChatLine>().await.message, "ü".repeat(1000));
}

#[tokio::test]
async fn the_others_see_who_is_typing() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    alice.client.send(TypingStart);
    assert_eq!(bob.client.expect::<UserTyping>().await.user_id, alice.user_id);
    alice.client.send(TypingStop);
    assert_eq!(bob.client.expect::<UserStoppedTyping>().await.user_id, alice.user_id);
    bob.client.expect_nothing().await;
    alice.client.expect_nothing().await;
}

#[tokio::test]
async fn who_goes_while_typing_types_no_more() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    alice.client.send(TypingStart);
    let _: UserTyping = bob.client.expect().await;
    drop(alice.client);
    assert_eq!(bob.client.expect::<UserStoppedTyping>().await.user_id, alice.user_id);
    let _: UserLeft = bob.client.expect().await;
}

#[tokio::test(start_paused = true)]
async fn who_types_no_more_and_does_not_say_so_is_quiet_after_a_while() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    alice.client.send(TypingStart);
    let _: UserTyping = bob.client.expect().await;
    sleep(TYPING - Duration::from_secs(1)).await;
    alice.client.send(TypingStart);
    let _: UserTyping = bob.client.expect().await;
    sleep(TYPING - Duration::from_secs(1)).await;
    bob.client.expect_nothing().await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(bob.client.expect::<UserStoppedTyping>().await.user_id, alice.user_id);
    // Who has said so is not told of twice.
    alice.client.send(TypingStart);
    alice.client.send(TypingStop);
    let _: UserTyping = bob.client.expect().await;
    let _: UserStoppedTyping = bob.client.expect().await;
    sleep(2 * TYPING).await;
    bob.client.expect_nothing().await;
}

/// Within this time those in a room are told who is here.
const TICK: Duration = Duration::from_millis(250);

/// For so long it waits for who was lost.
const GRACE: Duration = Duration::from_secs(5);

async fn named(app: &TestApp<()>, name: &str) -> Client<ChatChannel> {
    let mut client = app.connect::<ChatChannel>(&format!("/chat/general?name={name}")).await.unwrap();
    assert_eq!(client.wait_for::<System>().await.user_id, name);
    client
}

#[tokio::test(start_paused = true)]
async fn one_who_has_several_tabs_is_here_once_from_the_first_to_the_last() {
    let app = testing::app(chat::server());
    let mut ann = named(&app, "Ann").await;
    let (mut first, mut second) = (named(&app, "Bob").await, named(&app, "Bob").await);
    let nobody = enter(&app, "general").await;
    sleep(TICK).await;
    let here = ann.present().await;
    let (tabs, id) = (here.of("Bob").len(), nobody.user_id.strip_prefix("user_").unwrap());
    assert_eq!((here.count, tabs, here.of(id).len()), (3, 2, 1), "who has no name is here by the id of its connection");
    drop(nobody);
    first.close();
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["Ann", "Bob"]);
    second.close();
    sleep(TICK).await;
    assert_eq!(ann.present().await.users(), ["Ann"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_reloaded_is_here_all_the_time_and_one_that_does_not_come_back_for_a_while() {
    let app = testing::app(chat::server());
    let (mut ann, mut bob) = (named(&app, "Ann").await, named(&app, "Bob").await);
    sleep(TICK).await;
    let before = ann.present().await;
    for _ in 0..3 {
        bob.close_with(CloseCode::GOING_AWAY, "");
        sleep(Duration::from_secs(2)).await;
        bob = named(&app, "Bob").await;
        sleep(TICK).await;
    }
    assert_eq!(ann.present().await, before, "nothing was told");
    bob.lose();
    sleep(GRACE - TICK).await;
    assert_eq!(ann.present().await, before);
    sleep(2 * TICK).await;
    assert_eq!(ann.present().await.users(), ["Ann"]);
}

#[tokio::test(start_paused = true)]
async fn it_is_seen_of_each_tab_whether_somebody_looks_at_it() {
    let app = testing::app(chat::server());
    let (mut ann, mut bob) = (named(&app, "Ann").await, named(&app, "Bob").await);
    for away in [false, true, false] {
        bob.send(Look { away });
        sleep(TICK).await;
        assert_eq!(ann.present().await.of("Bob"), [&json!({ "away": away })]);
    }
}

#[tokio::test]
async fn a_name_is_short_and_can_be_seen() {
    let app = testing::app(chat::server());
    for (name, why) in [
        ("", "A name can't be empty"),
        ("%20%E2%80%8B", "A name can't be empty"),
        ("user_1-2", "A name can't begin with `user_`"),
        ("9f3b1c20a4d6e817-2a", "A name can't be the id of a connection"),
        (&*"x".repeat(41), "This name is too long"),
    ] {
        let refused = app.connect::<ChatChannel>(&format!("/chat/general?name={name}")).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), &*refused.message), (400, why));
    }
    named(&app, &"x".repeat(40)).await;
    named(&app, "ada-bea").await;
}

#[tokio::test]
async fn a_ping_is_answered_to_whoever_asked() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    alice.client.send(Ping);
    let pong: Pong = alice.client.expect().await;
    assert!(pong.timestamp.ends_with('Z'), "{}", pong.timestamp);
    let _: Pong = alice.client.request(Ping).reply().await;
    bob.client.expect_nothing().await;
}

#[tokio::test]
async fn who_was_cut_off_hears_what_was_said_meanwhile_once() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    bob.client.lose();
    let _: UserLeft = alice.client.expect().await;
    for text in ["Are you there?", "He is not."] {
        alice.client.send(ChatMessage { message: text.into() });
        let _: ChatLine = alice.client.expect().await;
    }
    let mut bob = bob.client.come_back().await;
    assert_eq!(bob.joined().await.resumed(), Some(2));
    for text in ["Are you there?", "He is not."] {
        assert_eq!(bob.expect::<ChatLine>().await.message, text);
    }
    let _: System = bob.expect().await;
    bob.expect_nothing().await;
}

#[tokio::test]
async fn who_comes_anew_hears_what_was_said_before() {
    let app = testing::app(chat::server());
    let (mut alice, _bob) = alice_and_bob(&app).await;
    alice.client.send(ChatMessage { message: "Hello, world!".into() });
    let _: ChatLine = alice.client.expect().await;
    let mut carol = app.connect::<ChatChannel>("/chat/general").await.unwrap();
    assert_eq!(carol.joined().await.fresh(), Some(Fresh::First));
    assert_eq!(carol.expect::<ChatLine>().await.message, "Hello, world!");
    assert_eq!(carol.expect::<System>().await.count, 3);
}

#[tokio::test]
async fn what_was_said_is_not_pushed_out_by_those_who_come_and_go() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    alice.client.send(ChatMessage { message: "Hello, world!".into() });
    let _: ChatLine = alice.client.expect().await;
    let _: ChatLine = bob.client.expect().await;
    bob.client.lose();
    let _: UserLeft = alice.client.expect().await;
    // More than there is room for in the history, twice.
    for _ in 0..101 {
        drop(enter(&app, "general").await);
        let _: UserJoined = alice.client.expect().await;
        let _: UserLeft = alice.client.expect().await;
    }
    alice.client.send(ChatMessage { message: "Are you there?".into() });
    let _: ChatLine = alice.client.expect().await;
    let mut bob = bob.client.come_back().await;
    assert_eq!(bob.joined().await.resumed(), Some(1));
    assert_eq!(bob.expect::<ChatLine>().await.message, "Are you there?");
    let mut carol = app.connect::<ChatChannel>("/chat/general").await.unwrap();
    for text in ["Hello, world!", "Are you there?"] {
        assert_eq!(carol.expect::<ChatLine>().await.message, text);
    }
    assert_eq!(carol.expect::<System>().await.count, 3);
}

/// What a client of the seed's server would write and read, but for the numbers of the history.
#[tokio::test]
async fn the_wire_is_that_of_the_seed() {
    let app = testing::app(chat::server());
    let (mut alice, mut bob) = alice_and_bob(&app).await;
    let user_id = alice.user_id;
    let expected = [
        (
            r#"{"type":"chat_message","message":"hi"}"#,
            json!({"type": "chat_message", "message": "hi", "user_id": user_id}),
        ),
        (r#"{"type":"typing_start"}"#, json!({"type": "user_typing", "user_id": user_id})),
        (r#"{"type":"typing_stop"}"#, json!({"type": "user_stopped_typing", "user_id": user_id})),
    ];
    for (said, heard) in expected {
        alice.client.send_text(said);
        let message = without_timestamp(&bob.client.expect_text().await);
        let is_kept = heard["type"] == "chat_message";
        assert_eq!(if is_kept { numbered(message) } else { message }, heard, "who types is in no history");
    }
    let _: ChatLine = alice.client.expect().await;

    let answered = [
        (r#"{"type":"ping"}"#, json!({"type": "pong"})),
        (r#"{"type":"chat_message","message":""}"#, error("validation", "Message cannot be empty")),
    ];
    for (said, answer) in answered {
        alice.client.send_text(said);
        assert_eq!(without_timestamp(&alice.client.expect_text().await), answer);
    }
    for (said, code) in
        [("{", "malformed"), (r#"{"type":"x"}"#, "unknown_type"), (r#"{"type":"chat_message"}"#, "invalid_payload")]
    {
        alice.client.send_text(said);
        alice.client.expect_error(code).await;
    }

    drop(alice.client);
    let left: Value = serde_json::from_str(&bob.client.expect_text().await).unwrap();
    assert_eq!(left, json!({"type": "user_left", "message": "A user left the room", "count": 1}));
}

fn error(code: &str, message: &str) -> Value {
    json!({"type": "error", "code": code, "message": message})
}

fn without_timestamp(text: &str) -> Value {
    let mut message: Value = serde_json::from_str(text).unwrap();
    let timestamp = message.as_object_mut().unwrap().remove("timestamp").unwrap();
    assert!(timestamp.as_str().unwrap().ends_with('Z'), "{timestamp}");
    message
}

/// Takes the number away.
fn numbered(mut message: Value) -> Value {
    let number = message.as_object_mut().unwrap().remove("$seq");
    assert!(number.as_ref().is_some_and(Value::is_u64), "{message}: {number:?}");
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_never_run_backwards() {
    let app = testing::app(chat::server());
    let mut witness = enter(&app, "general").await;
    // It is welcomed now: before, it is told no counts but that of the welcome.
    let _: Pong = witness.client.request(Ping).reply().await;
    let crowd = futures::future::join_all((0..50).map(|_| enter(&app, "general"))).await;
    let mut counts = Vec::new();
    for _ in 0..50 {
        counts.push(witness.client.expect::<UserJoined>().await.count);
    }
    assert!(counts.is_sorted() && counts.last() == Some(&51), "{counts:?}");

    drop(crowd);
    counts.clear();
    for _ in 0..50 {
        counts.push(witness.client.expect::<UserLeft>().await.count);
    }
    assert!(counts.iter().rev().is_sorted() && counts.last() == Some(&1), "{counts:?}");
    witness.client.expect_nothing().await;
}
