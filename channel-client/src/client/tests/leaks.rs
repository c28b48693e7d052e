//! Requests, aborts and reconnects leave nothing behind.

use std::time::Duration;

use channel_runtime::{Success, channel, message};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::spawn;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::super::handle::Client;
use super::support::server;
use crate::engine::{Error, Left, Unsent};
use crate::transport::Outgoing;

#[message(type = "say", rate = "1000000/s")]
pub(crate) struct Say {}

#[channel("/room")]
pub(crate) struct Room;

#[channel]
impl Room {
    #[message]
    fn say(&self, _: Say) -> Success<usize> {
        Success(1)
    }
}

/// Lets all tasks do what they can do now.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// One of each is what becomes of a request.
#[derive(Debug, Default, PartialEq)]
struct Outcomes {
    answered: usize,
    fault: usize,
    aborted: usize,
    late: usize,
    unsent: usize,
    lost: usize,
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_requests_aborts_and_reconnects_leave_nothing_behind() {
    let (memory, mut server) = server();
    let client = Client::<Room>::new("/room").url("ws://server").transport(memory).random(|| 0.0).open();
    let left = || client.shared().lock().engine.left();
    let ask = |at: usize| {
        let request = client.request(Say {});
        // These are not answered, and waited for.
        let is_late = at % 6 == 3 || at % 6 == 4;
        spawn(if is_late { request.timeout(Duration::from_secs(1)) } else { request })
    };
    let mut outcomes = Outcomes::default();
    for _ in 0..100 {
        // Of the first half some are given up, and some are late, before there is a connection.
        let mut asked: Vec<_> = (0..60).map(ask).collect();
        settle().await;
        assert_eq!((left().requests, left().unsent), (60, 60));
        asked.iter().skip(2).step_by(6).for_each(|asked| asked.abort());
        sleep(Duration::from_secs(1)).await;
        settle().await;
        assert_eq!((left().requests, left().unsent), (30, 30));
        let peer = server.joined().await;
        settle().await;
        asked.extend((0..60).map(ask));
        settle().await;
        let mut sent = Vec::new();
        while let Some(Outgoing::Text(text)) = peer.heard() {
            sent.push(serde_json::from_str::<serde_json::Value>(&text).unwrap()["ref"].clone());
        }
        assert_eq!((sent.len(), left().requests, left().unsent), (90, 90, 0));
        let waited = [0, 1, 5].into_iter().cycle().take(30).chain((0..60).map(|at| at % 6));
        for (reference, becomes) in sent.iter().zip(waited) {
            match becomes {
                0 => peer.say(&json!({ "type": "success", "ref": reference, "data": 1 }).to_string()),
                1 => peer.say(&json!({ "type": "error", "ref": reference, "code": "no", "message": "" }).to_string()),
                _ => {}
            }
        }
        asked.iter().skip(60 + 2).step_by(6).for_each(|asked| asked.abort());
        sleep(Duration::from_secs(1)).await;
        settle().await;
        assert_eq!(left().requests, 20);
        peer.close(1001);
        for asked in asked {
            match asked.await {
                Ok(Ok(_)) => outcomes.answered += 1,
                Ok(Err(Error::Fault(_))) => outcomes.fault += 1,
                Ok(Err(Error::Timeout)) => outcomes.late += 1,
                Ok(Err(Error::Unsent(Unsent::TooLate))) => outcomes.unsent += 1,
                Ok(Err(Error::Lost)) => outcomes.lost += 1,
                Ok(Err(other)) => panic!("{other:?}"),
                Err(_) => outcomes.aborted += 1,
            }
        }
    }
    let expected = Outcomes { answered: 2000, fault: 2000, aborted: 2000, late: 2000, unsent: 2000, lost: 2000 };
    assert_eq!(outcomes, expected);
    for _ in 0..10_000 {
        drop(client.events());
        server.joined().await.close(1001);
        settle().await;
    }
    let _peer = server.joined().await;
    settle().await;
    assert_eq!(left(), Left::default());
    assert_eq!(client.shared().lock().subscribers.left(), [0, 0]);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "the client's own");
}
