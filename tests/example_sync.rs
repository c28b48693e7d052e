//! The example `sync`: documents that several write, in the words of `y-websocket`. Its own clients speak to it in `tests/clients`.

use channel_runtime::CloseCode;
use channel_runtime::testing::{self, Client, TestApp};
use sync::SyncChannel;
use sync::protocol::{Entry, Message, is_count_possible};
use sync::shelf::Shelf;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, ReadTxn, StateVector, Text, Transact, Update};

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/sync/main.rs"]
mod sync;

/// Somebody who writes: a document of their own, and a connection.
struct Writer {
    doc: Doc,
    client: Client<SyncChannel>,
}

impl Writer {
    /// Connects, asks for the document, and sends what it has itself.
    async fn join(app: &TestApp<Shelf>, name: &str, doc: Doc) -> Self {
        let mut client = app.connect(&format!("/sync/{name}")).await.expect("anybody may");
        let hello = client.expect_binary().await;
        let Some(Message::Ask(version)) = Message::read(&hello) else { panic!("{hello:?}") };
        let version = StateVector::decode_v1(version).expect("a state vector");
        assert!(matches!(Message::read(&client.expect_binary().await), Some(Message::Presence(_))));
        let mine = doc.transact().encode_state_as_update_v1(&version);
        client.binary(Message::Answer(&mine).to_bytes());
        client.binary(Message::Ask(&doc.transact().state_vector().encode_v1()).to_bytes());
        let mut writer = Self { doc, client };
        writer.receive().await;
        writer
    }

    fn write(&mut self, text: &str) {
        let update = {
            let field = self.doc.get_or_insert_text("text");
            let mut transaction = self.doc.transact_mut();
            field.push(&mut transaction, text);
            transaction.encode_update_v1()
        };
        self.client.binary(Message::Update(&update).to_bytes());
    }

    /// Takes over the next update, or answer.
    async fn receive(&mut self) {
        let data = self.client.expect_binary().await;
        let Some(Message::Update(update) | Message::Answer(update)) = Message::read(&data) else { panic!("{data:?}") };
        self.doc.transact_mut().apply_update(Update::decode_v1(update).expect("an update")).expect("one that fits");
    }

    fn text(&self) -> String {
        self.doc.get_or_insert_text("text").get_string(&self.doc.transact())
    }

    /// Says who it is; `null` for gone.
    fn announce(&mut self, client: u64, clock: u64, state: &str) {
        self.client.binary(Message::Presence(vec![Entry { client, clock, state }]).to_bytes());
    }

    async fn presence(&mut self) -> Vec<(u64, u64, String)> {
        let data = self.client.expect_binary().await;
        let Some(Message::Presence(entries)) = Message::read(&data) else { panic!("{data:?}") };
        entries.iter().map(|entry| (entry.client, entry.clock, entry.state.to_owned())).collect()
    }
}

fn app() -> TestApp<Shelf> {
    testing::app(sync::server(Shelf::default()))
}

const ANN: &str = r#"{"name":"ann"}"#;

#[tokio::test]
async fn what_one_writes_reaches_the_others_and_those_who_come_later() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    let mut bob = Writer::join(&app, "notes", Doc::new()).await;
    let mut elsewhere = Writer::join(&app, "other", Doc::new()).await;
    ann.write("A crab \u{1f980}");
    bob.receive().await;
    bob.write(" walks");
    ann.receive().await;
    assert_eq!((ann.text(), bob.text()), ("A crab \u{1f980} walks".into(), "A crab \u{1f980} walks".into()));
    for writer in [&mut ann, &mut bob, &mut elsewhere] {
        writer.client.expect_nothing().await;
    }
    assert_eq!(Writer::join(&app, "notes", Doc::new()).await.text(), "A crab \u{1f980} walks");
    assert_eq!(elsewhere.text(), "");
}

#[tokio::test]
async fn what_both_wrote_while_one_was_away_is_merged() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    let mut bob = Writer::join(&app, "notes", Doc::new()).await;
    ann.write("one");
    bob.receive().await;
    let Writer { doc, client } = bob;
    drop(client);
    app.settle().await;
    doc.get_or_insert_text("text").push(&mut doc.transact_mut(), " two");
    ann.write(" three");
    let bob = Writer::join(&app, "notes", doc).await;
    ann.receive().await;
    assert_eq!(ann.text(), bob.text());
    assert!(["one two three", "one three two"].contains(&ann.text().as_str()), "{}", ann.text());
}

#[tokio::test]
async fn a_document_that_nobody_has_open_is_kept() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    ann.write("for later");
    drop(ann);
    app.settle().await;
    for _ in 0..2 {
        assert_eq!(Writer::join(&app, "notes", Doc::new()).await.text(), "for later");
        app.settle().await;
    }
}

#[tokio::test]
async fn documents_for_which_there_is_no_room_are_forgotten_the_oldest_first() {
    let app = testing::app(sync::server(Shelf::new(1000, 2000)));
    for name in ["first", "second", "third"] {
        let mut writer = Writer::join(&app, name, Doc::new()).await;
        writer.write(&"x".repeat(800));
        drop(writer);
        app.settle().await;
    }
    for (name, length) in [("first", 0), ("second", 800), ("third", 800)] {
        assert_eq!(Writer::join(&app, name, Doc::new()).await.text().len(), length, "{name}");
        app.settle().await;
    }
}

#[tokio::test]
async fn a_document_does_not_grow_beyond_its_bound() {
    let app = testing::app(sync::server(Shelf::new(1000, 100_000)));
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    let mut bob = Writer::join(&app, "notes", Doc::new()).await;
    ann.write(&"x".repeat(900));
    bob.receive().await;
    bob.write(&"y".repeat(900));
    let (code, reason) = bob.client.expect_close().await;
    assert_eq!((code.as_u16(), reason.as_str()), (4413, "the document would be too large"));
    ann.client.expect_nothing().await;
    assert_eq!(Writer::join(&app, "notes", Doc::new()).await.text(), "x".repeat(900));
}

/// All updates together are far beyond the bound, but not what is left of them.
#[tokio::test]
async fn what_was_deleted_does_not_count() {
    let app = testing::app(sync::server(Shelf::new(1000, 100_000)));
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    for round in 0..20 {
        ann.write(&"x".repeat(500));
        let update = {
            let field = ann.doc.get_or_insert_text("text");
            let mut transaction = ann.doc.transact_mut();
            field.remove_range(&mut transaction, 0, 500);
            transaction.encode_update_v1()
        };
        ann.client.binary(Message::Update(&update).to_bytes());
        ann.client.expect_nothing().await;
        assert_eq!(Writer::join(&app, "notes", Doc::new()).await.text(), "", "round {round}");
    }
}

#[tokio::test]
async fn who_is_here_is_known_to_all_until_they_leave() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    let mut bob = Writer::join(&app, "notes", Doc::new()).await;
    ann.announce(1, 5, ANN);
    // To Ann as well, whose client would otherwise give the connection up.
    for writer in [&mut ann, &mut bob] {
        assert_eq!(writer.presence().await, [(1, 5, ANN.into())]);
    }
    // A client repeats what it receives. That is no news, and if it learns more by other ways, Ann does still not leave with Bob.
    bob.announce(1, 5, ANN);
    ann.client.expect_nothing().await;
    bob.announce(1, 6, ANN);
    for writer in [&mut ann, &mut bob] {
        assert_eq!(writer.presence().await, [(1, 6, ANN.into())]);
    }
    drop(bob);
    ann.client.expect_nothing().await;

    let mut client = app.connect::<SyncChannel>("/sync/notes").await.expect("anybody may");
    client.expect_binary().await;
    let present = client.expect_binary().await;
    assert!(matches!(Message::read(&present), Some(Message::Presence(entries)) if entries[0].state == ANN));
    client.binary(Message::AskPresence.to_bytes());
    assert_eq!(client.expect_binary().await, present);
    drop(ann);
    let gone = client.expect_binary().await;
    assert!(matches!(Message::read(&gone), Some(Message::Presence(entries)) if entries[0].state == "null"));
}

/// Nobody believes a clock that stands still. Those who read that they are gone say otherwise, with a higher clock.
#[tokio::test]
async fn who_comes_back_is_made_to_announce_themselves_anew() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    ann.announce(1, 5, ANN);
    ann.presence().await;
    let mut bob = Writer::join(&app, "notes", Doc::new()).await;
    bob.announce(2, 0, "{}");
    for writer in [&mut ann, &mut bob] {
        assert_eq!(writer.presence().await, [(2, 0, "{}".into())]);
    }
    drop(bob);
    assert_eq!(ann.presence().await, [(2, 0, "null".into())]);

    let mut bob = Writer::join(&app, "notes", Doc::new()).await;
    bob.announce(2, 0, "{}");
    assert_eq!(bob.presence().await, [(2, 0, "null".into())]);
    assert_eq!(ann.presence().await, [(1, 5, "null".into())]);
    bob.announce(2, 0, "{}");
    assert_eq!(bob.presence().await, [(2, 0, "null".into())]);
    ann.client.expect_nothing().await;
    bob.announce(2, 1, "{}");
    ann.announce(1, 6, ANN);
    for writer in [&mut ann, &mut bob] {
        let mut received = [writer.presence().await, writer.presence().await].concat();
        received.sort();
        assert_eq!(received, [(1, 6, ANN.into()), (2, 1, "{}".into())]);
        writer.client.expect_nothing().await;
    }
}

#[tokio::test]
async fn one_connection_announces_sixteen_at_most() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    for client in 1..=20 {
        ann.announce(client, 1, ANN);
    }
    for client in 1..=16 {
        assert_eq!(ann.presence().await, [(client, 1, ANN.into())]);
    }
    ann.client.expect_nothing().await;
    ann.announce(3, 2, "null");
    ann.presence().await;
    ann.announce(20, 1, ANN);
    assert_eq!(ann.presence().await, [(20, 1, ANN.into())]);
}

#[test]
fn a_count_that_is_not_possible_is_seen_before_anything_is_reserved_for_it() {
    assert!(
        is_count_possible(&[0, 0]) && is_count_possible(&[1, 1, 1, 0]) && is_count_possible(&[0x80, 1].repeat(128))
    );
    assert!(
        !is_count_possible(&[])
            && !is_count_possible(&[2, 0, 0])
            && !is_count_possible(&[0xff, 0xff, 0xff, 0x7f, 0, 0])
    );
}

#[tokio::test]
async fn what_is_no_message_closes_with_a_code_after_which_the_client_does_not_come_again() {
    let app = app();
    let entry = || Entry { client: 1, clock: 1, state: "1" };
    let many = Message::Presence((0..10_001).map(|_| entry()).collect()).to_bytes();
    let most = Message::Presence((0..10_000).map(|_| entry()).collect()).to_bytes();
    assert!(Message::read(&most).is_some());
    let mut state = Vec::new();
    state.resize(20_000, b'1');
    let large =
        Message::Presence(vec![Entry { client: 1, clock: 1, state: str::from_utf8(&state).unwrap() }]).to_bytes();
    let malformed: [&[u8]; 13] = [
        &[],
        &[0, 3, 0],
        // Longer than it is.
        &[0, 2, 9, 1],
        // More than a message.
        &[3, 3],
        // No update, and one that names more authors than it has bytes.
        &[0, 2, 3, 1, 1, 1],
        &[0, 2, 6, 0xff, 0xff, 0xff, 0x7f, 0, 0],
        // A state vector that does so.
        &[0, 0, 5, 0xff, 0xff, 0xff, 0x7f, 0],
        // A number that does not end, and one that JavaScript does not know exactly.
        &[0x80; 12],
        &[1, 13, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 2, b'{', b'}'],
        // States that are no JSON: clients would throw.
        &[1, 4, 1, 1, 1, 0],
        &[1, 5, 1, 1, 1, 1, b'{'],
        &[1, 9, 2, 1, 1, 1, b'1', 2, 1, 1, b'x'],
        // More entries than a document may have.
        &many,
    ];
    let cases = malformed.map(|data| (data, CloseCode::BAD_REQUEST.as_u16()));
    for (data, expected) in cases.into_iter().chain([(large.as_ref(), 4413)]) {
        let mut ann = Writer::join(&app, "notes", Doc::new()).await;
        ann.client.binary(data);
        assert_eq!(ann.client.expect_close().await.0.as_u16(), expected, "{:?}", &data[..data.len().min(12)]);
    }
    // Of a kind that an app may have added.
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    ann.client.binary([100, 1, 2, 3]);
    ann.client.expect_nothing().await;
    let reject = app.connect::<SyncChannel>(&format!("/sync/{}", "x".repeat(101))).await.unwrap_err();
    assert_eq!(reject.status.as_u16(), 400);
}

#[tokio::test]
async fn who_was_cut_off_is_asked_and_asks_for_what_is_missing() {
    let app = app();
    let mut ann = Writer::join(&app, "notes", Doc::new()).await;
    let Writer { doc, mut client } = Writer::join(&app, "notes", Doc::new()).await;
    client.lose();
    ann.write("meanwhile");
    let mut client = client.come_back().await;
    assert!(matches!(Message::read(&client.expect_binary().await), Some(Message::Ask(_))));
    assert!(matches!(Message::read(&client.expect_binary().await), Some(Message::Presence(_))));
    client.binary(Message::Ask(&doc.transact().state_vector().encode_v1()).to_bytes());
    let mut bob = Writer { doc, client };
    bob.receive().await;
    assert_eq!(bob.text(), "meanwhile");
}
