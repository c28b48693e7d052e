//! Requests and events, typed by the structs of a channel whose server runs in the test's process.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

use channel_client::{Client, Error, Event, Status};
use channel_runtime::{Batched, Bytes, Deferred, Fault, ReceivedBody, Socket, Success, channel, channels, message};
use serde::{Deserialize, Serialize};

#[message(type = "move")]
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    from: u8,
    to: u8,
}

#[message(type = "moved")]
#[derive(Debug, PartialEq)]
pub struct Moved {
    to: u8,
}

#[message(type = "count")]
pub struct Count {
    least: u32,
}

#[message(type = "find")]
pub struct Find {
    at: u8,
}

#[message(type = "look")]
pub struct Look {
    at: u8,
}

#[message(type = "call")]
pub struct Call {}

#[message(type = "later")]
pub struct Later {}

#[message(type = "raw")]
pub struct Raw {}

#[message(type = "score")]
pub struct Score {
    points: u32,
}

#[message(type = "note")]
pub struct Note {
    text: String,
}

#[message(binary, kind = 7)]
#[derive(Debug, PartialEq, Clone)]
pub struct Pixel {
    data: Bytes,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        Ok(Self { data })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.data);
    }
}

// As private as its channel: what a handler returns may be more private than its message.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Found {
    names: Vec<String>,
    large: i128,
}

#[channel("/game/:id")]
pub struct Game {
    id: u64,
}

#[channel(sends(Moved, Pixel, Bytes))]
impl Game {
    #[message]
    fn make_move(&mut self, message: Move, socket: &Socket<Self>) -> Result<(), Fault> {
        if message.from == message.to {
            return Err(Fault::new("game.invalid_move", "nothing moves").with_details(message.from));
        }
        socket.room().send(Moved { to: message.to });
        Ok(())
    }

    #[message]
    async fn count(&self, count: Count) -> Success<u32> {
        Success(count.least + 1)
    }

    #[message]
    fn find(&self, find: Find) -> Result<Option<Success<Found>>, Fault> {
        let large = i128::from(u64::MAX) * 1000 + 7;
        Ok((find.at > 0).then(|| Success(Found { names: vec!["a".to_owned()], large })))
    }

    #[message]
    fn look(&self, look: Look) -> GameToClient {
        Moved { to: look.at }.into()
    }

    #[message]
    fn call(&self, _: Call, socket: &Socket<Self>) -> Deferred<Moved> {
        let (answer, deferred) = socket.defer().typed();
        tokio::spawn(async move { answer.send(Moved { to: 9 }) });
        deferred
    }

    #[message]
    fn later(&self, _: Later, socket: &Socket<Self>) {
        let answer = socket.defer();
        tokio::spawn(async move { answer.send(Success("done")) });
    }

    #[message]
    fn raw(&self, _: Raw) -> Bytes {
        Bytes::from_static(b"\x01raw")
    }

    #[message]
    fn pixel(&self, pixel: Pixel, socket: &Socket<Self>) {
        socket.send(pixel);
    }

    #[message(batch(size = 10, wait = "1ms"))]
    fn scores(batch: Vec<Batched<Self, Score, Result<Success<u32>, Fault>>>) {
        for item in batch {
            let points = item.message.points;
            match points {
                0 => item.fail(Fault::new("game.no_points", "nothing to count")),
                points => item.reply(Ok(Success(points * 2))),
            }
        }
    }

    #[message(batch(size = 10, wait = "1ms"))]
    fn notes(batch: Vec<Batched<Self, Note>>) {
        for item in batch {
            let length = item.message.text.len();
            item.reply(Success(length));
        }
    }

    #[message(type = "leave_game")]
    fn leave_game(&self) -> Success<bool> {
        Success(true)
    }

    #[message(type = "history")]
    fn history(&self) -> Success<Vec<u64>> {
        Success(vec![1, u64::MAX])
    }
}

async fn game() -> Client<Game> {
    let server = channels![Game].app(()).bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", server.local_addr());
    tokio::spawn(server.run());
    Client::new(Game::room(&7)).url(&url).open()
}

#[tokio::test]
async fn an_answer_has_the_type_that_the_handler_returns() {
    let game = game().await;
    let nothing: () = game.request(Move { from: 1, to: 2 }).await.unwrap();
    assert_eq!(nothing, ());
    let count: u32 = game.request(Count { least: 3 }).await.unwrap();
    assert_eq!(count, 4);
    assert_eq!(game.request(Find { at: 0 }).await.unwrap(), None);
    let found: Option<Found> = game.request(Find { at: 1 }).await.unwrap();
    assert_eq!(found.unwrap(), Found { names: vec!["a".to_owned()], large: i128::from(u64::MAX) * 1000 + 7 });
    let GameToClient::Moved(moved) = game.request(Look { at: 5 }).await.unwrap() else { panic!("no `Moved`") };
    assert_eq!(moved, Moved { to: 5 });
    assert_eq!(game.request(Call {}).await.unwrap(), Moved { to: 9 });
    assert!(game.request(GameFromClient::leave_game()).await.unwrap());
    assert_eq!(game.request(GameFromClient::history()).await.unwrap(), [1, u64::MAX]);
}

#[tokio::test]
async fn what_nobody_knows_the_type_of_is_the_answer_as_it_stands() {
    let game = game().await;
    let later = game.request(Later {}).await.unwrap();
    assert!(matches!(later, ReceivedBody::Success(data) if data == "done"));
    let asked = game.request(GameFromClient::from(Count { least: 1 })).await.unwrap();
    assert!(matches!(asked, ReceivedBody::Success(data) if data == 2));
}

#[tokio::test]
async fn a_batch_that_declares_its_answer_is_answered_with_its_type_and_another_with_what_stands_there() {
    let game = game().await;
    let doubled: u32 = game.request(Score { points: 4 }).await.unwrap();
    assert_eq!(doubled, 8);
    let Err(Error::Fault(fault)) = game.request(Score { points: 0 }).await else { panic!("no fault") };
    assert_eq!(fault.code, "game.no_points");
    let length = game.request(Note { text: "abc".to_owned() }).await.unwrap();
    assert!(matches!(length, ReceivedBody::Success(data) if data == 3));
}

#[tokio::test]
async fn a_fault_is_the_error_of_its_request_and_no_event() {
    let game = game().await;
    let mut events = game.events();
    let Err(Error::Fault(fault)) = game.request(Move { from: 1, to: 1 }).await else { panic!("no fault") };
    assert_eq!((&*fault.code, &fault.details), ("game.invalid_move", &serde_json::json!(1)));
    game.close();
    while let Some(event) = events.next().await {
        assert!(matches!(event, Event::Status(_) | Event::Joined { .. }), "{event:?}");
    }
}

#[tokio::test]
async fn what_the_room_is_sent_is_an_event_of_all_who_are_in_it() {
    let game = game().await;
    let mut events = game.events();
    game.request(Move { from: 1, to: 2 }).await.unwrap();
    game.request(Raw {}).await.unwrap();
    assert!(game.send(Pixel { data: Bytes::from_static(b"abc") }));
    let mut heard = Vec::new();
    while heard.len() < 3 {
        match events.next().await.unwrap() {
            Event::Message(message) => heard.push(format!("{message:?}")),
            Event::Binary(bytes) => heard.push(format!("{bytes:?}")),
            _ => {}
        }
    }
    assert_eq!(heard, ["Moved", r#"b"\x01raw""#, "Pixel"]);
}

#[tokio::test]
async fn a_binary_message_has_no_answer_and_is_not_asked() {
    let game = game().await;
    let asked = game.request(Pixel { data: Bytes::new() }).await;
    assert!(matches!(asked, Err(Error::Unsent(channel_client::Unsent::Binary))), "{asked:?}");
}

#[tokio::test]
async fn the_last_client_that_is_dropped_closes_the_connection() {
    let game = game().await;
    let mut events = game.events();
    let other = game.clone();
    drop(game);
    other.request(Count { least: 1 }).await.unwrap();
    drop(other);
    let mut last = None;
    while let Some(event) = events.next().await {
        if let Event::Status(status) = event {
            last = Some(status);
        }
    }
    assert!(matches!(last, Some(Status::Closed { .. })), "{last:?}");
}

fn assert_is_shared<T: Clone + Send + Sync>(_: &T) {}

#[tokio::test]
async fn a_client_is_cloned_sent_and_shared() {
    let game = game().await;
    assert_is_shared(&game);
    let asks: Vec<_> = (0..50)
        .map(|least| {
            tokio::spawn({
                let game = game.clone();
                async move { game.request(Count { least }).await.unwrap() }
            })
        })
        .collect();
    for (least, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.await.unwrap(), least as u32 + 1);
    }
}
