//! One member that floods a room of slow readers is slowed: nobody is cut, nothing is lost, the order stands.

mod support;

use std::sync::Arc;

use channel_runtime::{Config, Hub, Socket, channel, channels, message};
use support::{Frame, Raw, Running, start, text, within};

const READERS: usize = 200;
const MESSAGES: usize = 400;
/// All that is said to one reader is many times what may wait for it, in its outbox and in the sockets between.
const OUTBOX: usize = 64 * 1024;

#[message(type = "say")]
pub struct Say {
    n: usize,
    padding: String,
}

#[channel("/flood/:room")]
pub struct Flood {
    room: String,
}

#[channel(sends(Say))]
impl Flood {
    #[message]
    fn say(&mut self, say: Say, socket: &Socket<Self>) {
        let sent = socket.others().send(say);
        assert_eq!((self.room.as_str(), sent.recipients, sent.refused), ("r", READERS, 0));
    }
}

fn said(n: usize) -> String {
    format!(r#"{{"type":"say","n":{n},"padding":"{}"}}"#, padding())
}

fn padding() -> String {
    "x".repeat(2000)
}

#[tokio::test]
async fn whoever_floods_a_room_of_slow_readers_is_slowed_and_nobody_is_cut() {
    let (server, hub) = flood().await;
    let readers = readers(&server).await;
    let mut flooder = server.raw("/flood/r").await;
    while hub.all().len() <= READERS {
        tokio::task::yield_now().await;
    }
    let reading = read_slowly(readers);
    let flooding = tokio::spawn(async move {
        for n in 0..MESSAGES {
            flooder.write(text(&said(n))).await;
        }
        flooder
    });
    let _flooder = within(flooding).await.unwrap();
    let _readers = within(reading).await;
    assert_eq!(hub.all().len(), READERS + 1, "nobody was cut");
}

#[tokio::test]
async fn whoever_floods_a_room_from_outside_can_wait_for_it() {
    let (server, hub) = flood().await;
    let readers = readers(&server).await;
    within(hub.ready()).await;
    let reading = read_slowly(readers);
    for n in 0..MESSAGES {
        let sent = hub.room(&Flood::room("r")).send(Say { n, padding: padding() });
        assert_eq!((sent.recipients, sent.refused), (READERS, 0), "message {n}");
        within(hub.ready()).await;
    }
    let _readers = within(reading).await;
    assert_eq!(hub.all().len(), READERS, "nobody was cut");
}

async fn flood() -> (Running, Hub<Flood>) {
    let channels = channels![Flood];
    let hub = channels.of::<Flood>();
    (start(channels.app(()).config(Config::default().outbox_bytes(OUTBOX))).await, hub)
}

/// Members of the room, who have not read anything yet.
async fn readers(server: &Running) -> Vec<Raw> {
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut reader = server.connect_with_small_window().await;
        reader.upgrade("/flood/r").await;
        readers.push(reader);
    }
    readers
}

/// Every reader reads everything, in tasks of their own; ready when they have.
fn read_slowly(readers: Vec<Raw>) -> impl Future<Output = Vec<Raw>> {
    // Made once: two hundred readers compare with it.
    let all: Arc<[Frame]> = (0..MESSAGES).map(|n| Frame::text(&said(n))).collect();
    let reading = readers.into_iter().map(|mut reader| {
        let all = Arc::clone(&all);
        tokio::spawn(async move {
            for (n, expected) in all.iter().enumerate() {
                let frame = reader.frame().await.expect("nobody is cut");
                assert!(frame == *expected, "message {n}: {} bytes of {:#x}", frame.payload.len(), frame.first);
                // Slowly: all others have many turns between two messages.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
            }
            reader
        })
    });
    let reading: Vec<_> = reading.collect();
    async move {
        let mut readers = Vec::new();
        for reader in reading {
            readers.push(reader.await.unwrap());
        }
        readers
    }
}
