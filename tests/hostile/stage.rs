//! A server with honest clients, and what is known of it before, during and after an attack.
//!
//! While an attack is under way the allocator gives no more than what was stated: then the program ends with `memory allocation
//! of .. failed`, and `--nocapture` says at which attack.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use channel_runtime::private::{Census, census};
use channel_runtime::{Config, Health, Hub, channels};
use futures::future::{Either, select};
use tokio::net::TcpSocket;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::envelopes::{Objects, Rpc, Topic};
use super::square::{Square, Town};
use crate::MEMORY;
use crate::support::{Frame, Raw, Running, close, masked, run, start, text, upgrade, within};

/// What an attack may leave behind when it is made the first time, in bytes: the tables of what is empty again, and buffers of
/// the thread's.
const KEPT: usize = 64 * 1024;
/// What it may leave each further time: what grows once more is a buffer or the thread of another test that begins meanwhile,
/// what grows every time is a leak.
const SLACK: usize = 1024;
/// What there is while nobody but the witness is there.
const ALONE: Census = Census { connections: 1, rooms: 1, users: 0, sessions: 1 };
/// The tasks of a server at rest: its own, that which accepts, the witness' and the heartbeats'.
const TASKS: usize = 4;

/// Where honest clients are.
pub const SQUARE: &str = "/square/market";

pub struct Stage {
    pub server: Running,
    pub hub: Hub<Square>,
    pub health: Health,
    town: Arc<Town>,
    /// Was there before.
    witness: Raw,
    /// So often the honest have spoken: no two say the same.
    spoken: usize,
}

impl Stage {
    pub async fn new(config: Config, send_buffer: Option<u32>) -> Self {
        let compresses = config.compression.is_some();
        let channels = channels![Square, Rpc, Topic, Objects];
        let hub = channels.of::<Square>();
        let town = Arc::new(Town::default());
        let server = channels.app_arc(Arc::clone(&town)).config(config);
        let health = server.health();
        let server = match send_buffer {
            None => start(server).await,
            Some(bytes) => {
                let socket = TcpSocket::new_v4().unwrap();
                socket.set_send_buffer_size(bytes).unwrap();
                socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
                let listener = socket.listen(128).unwrap();
                run(listener.local_addr().unwrap(), server.listen(listener))
            }
        };
        let witness = enter(&server).await;
        let mut stage = Self { server, hub, health, town, witness, spoken: 0 };
        // Once, so that what the first client ever costs is no attacker's: what the thread reads into, and compresses with.
        if compresses {
            let mut raw = stage.compressing_attacker().await;
            raw.write(masked(0x82, [7; 4096])).await;
            while raw.frame().await.expect("what it said").first != 0xC2 {}
        }
        // And with what it gathers the answers of one read, to their bound.
        let mut raw = stage.attacker().await;
        let said = masked(0x82, [7; 1000]).repeat(15);
        raw.write(said).await;
        for _ in 0..15 {
            raw.expect(Frame::binary(&[7; 1000])).await;
        }
        drop(raw);
        stage.serves_the_honest().await;
        stage.quiet().await;
        stage
    }

    /// Waits until all that the attacker caused has ended; answers what is in use then.
    pub async fn settle(&self) -> usize {
        self.quiet().await;
        let stats = self.hub.stats();
        assert_eq!((stats.connections, stats.rooms, stats.outbox_bytes, self.health.users()), (1, 1, 0, 0));
        drop(stats);
        MEMORY.allocated()
    }

    /// Until nobody is here but the witness, and nothing is done for anybody.
    pub async fn quiet(&self) {
        within(async {
            while census(&self.hub) != ALONE || tasks() > TASKS || self.town.inside() != 1 {
                yield_now().await;
            }
        })
        .await;
    }

    /// Until all others that were let in have left; who has not been let in may still be there.
    pub async fn emptied(&self) {
        within(async {
            while census(&self.hub) != ALONE {
                yield_now().await;
            }
        })
        .await;
    }

    /// What the square stands in.
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// A number that nobody had before.
    pub fn fresh(&mut self) -> usize {
        self.spoken += 1;
        self.spoken
    }

    /// Whether an attacker is still in.
    pub fn is_inside(&self) -> String {
        if self.hub.all().len() > 1 { "goes on" } else { "cut" }.into()
    }

    /// Sends this to all in the square: whether nobody's outbox was too full for it. The witness hears it.
    pub async fn tells_the_room(&mut self, message: &Frame) -> bool {
        let sent = self.hub.all().send_bytes(Bytes::copy_from_slice(&message.payload));
        assert_eq!(self.witness.frame().await.as_ref(), Some(message));
        sent.is_complete()
    }

    /// An attacker with whom compression is agreed.
    pub async fn compressing_attacker(&self) -> Raw {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate";
        let mut raw = self.server.connect().await;
        let response = raw.request(&upgrade(SQUARE).replacen("Host:", &format!("{offer}\r\nHost:"), 1)).await;
        assert_eq!(response.status, 101);
        assert!(response.header("sec-websocket-extensions").is_some());
        raw
    }

    /// The witness alone is served, where nobody else may come.
    pub async fn serves_the_witness(&mut self) {
        let asked = honest("echo", self.fresh());
        self.witness.write(text(&asked)).await;
        hears(&mut self.witness, &asked).await;
    }

    /// An attacker in the honest clients' room, who has been greeted.
    pub async fn attacker(&self) -> Raw {
        enter(&self.server).await
    }

    /// The witness and one who comes now hear what they say, themselves and from each other, and nothing more.
    pub async fn serves_the_honest(&mut self) {
        let mut newcomer = enter(&self.server).await;
        self.are_served(&mut newcomer).await;
        newcomer.write(close(1000, "")).await;
        newcomer.expect_close(1000, "").await;
    }

    /// Serves the honest, again and again, for as long as this takes.
    pub async fn throughout<T>(&mut self, attack: impl Future<Output = T>) -> T {
        let mut attack = pin!(attack);
        loop {
            match select(attack.as_mut(), pin!(self.serves_the_honest())).await {
                Either::Left((done, served)) => {
                    served.await;
                    return done;
                }
                Either::Right(_) => {}
            }
        }
    }

    /// Serves the honest a few times while this goes on, which never ends.
    pub async fn despite(&mut self, attack: impl Future<Output = Infallible>) {
        let served = async {
            for _ in 0..3 {
                self.serves_the_honest().await;
            }
        };
        match select(pin!(attack), pin!(served)).await {
            Either::Left((never, _)) => match never {},
            Either::Right(_) => {}
        }
    }

    async fn are_served(&mut self, newcomer: &mut Raw) {
        self.serves_the_witness().await;
        let said = honest("say", self.fresh());
        newcomer.write(text(&said)).await;
        for client in [&mut self.witness, newcomer] {
            hears(client, &said).await;
        }
    }

    /// The server stops as it should: everybody is told, and `on_close` has run for each.
    pub async fn finish(mut self) {
        let stopped = self.server.begin_to_stop();
        let mut last = self.witness.frame().await;
        while last.as_ref().is_some_and(|frame| frame.first == 0x89) {
            last = self.witness.frame().await;
        }
        assert_eq!(last, Some(Frame::close(1001, "the server goes away")));
        self.witness.expect_end().await;
        drop(self.witness);
        within(stopped).await.unwrap();
        assert_eq!(self.town.inside(), 0);
    }
}

/// An honest client hears this next, and nothing more. It answers pings, and may be asked to.
async fn hears(client: &mut Raw, said: &str) {
    let mut has_heard = false;
    while !has_heard || !client.has_heard_nothing() {
        match client.frame().await.expect("an honest client is served") {
            Frame { first: 0x89, payload } => client.write(masked(0x8A, payload)).await,
            frame => {
                assert!(!has_heard, "an honest client hears what it should not: {frame:?}");
                assert_eq!(frame, Frame::text(said));
                has_heard = true;
            }
        }
    }
}

/// An attack that is under way: there are so many bytes more and no others, until this is dropped.
pub struct Confined {
    attack: &'static str,
}

impl Confined {
    pub fn new(attack: &'static str, bytes: usize) -> Self {
        MEMORY.set_limit(MEMORY.allocated() + bytes).expect("less is in use than that");
        Self { attack }
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        MEMORY.set_limit(usize::MAX).expect("no limit is less than any");
        if std::thread::panicking() {
            eprintln!("in the attack {}", self.attack);
        }
    }
}

/// What the honest say, and what is told of it.
fn honest(kind: &str, number: usize) -> String {
    format!(r#"{{"type":"{kind}","text":"{HONEST}{number}"}}"#)
}

/// What an honest text begins with.
pub const HONEST: &str = "honest ";

async fn enter(server: &Running) -> Raw {
    let mut raw = server.raw(SQUARE).await;
    raw.expect(Frame::text(r#"{"type":"welcome","name":"market"}"#)).await;
    raw
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// What was in use after each time that an attack was made.
pub fn assert_bounded(kept: &[usize], before: usize, name: &str) {
    let most = kept.iter().max().expect("it was made");
    let least_growth = kept.windows(2).map(|two| two[1].saturating_sub(two[0])).min().expect("it was made again");
    assert!(
        *most <= before + KEPT && least_growth <= SLACK,
        "{name}: {before} bytes in use before, {kept:?} after each"
    );
}
