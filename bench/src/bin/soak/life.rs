//! What a client does, as its own chance has it: it comes, does a few things, leaves in one of many ways, and comes back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::content;
use crate::tally::Tally;

/// How many clients share a room, on the average.
const ROOM: u64 = 20;
/// How many declared rooms there are for each path's room.
const TAGS: u64 = 2;
/// How many devices a user has.
const DEVICES: u64 = 3;

pub struct Life {
    pub addr: SocketAddr,
    pub crowd: u64,
    pub client: u64,
    pub end: Instant,
    pub random: Rng,
    pub tally: Arc<Tally>,
}

impl Life {
    pub async fn repeat(mut self) {
        while self.is_time() {
            let path = format!("/soak/{}?user=u{}", self.random.u64(..self.rooms()), self.client / DEVICES);
            let extensions = self.extensions();
            let client = match Client::open(self.addr, &path, extensions.as_deref()).await {
                Ok(client) => client,
                Err(error) => {
                    // What is the matter is the same for all.
                    if self.tally.refused.add(1) == 0 {
                        eprintln!("not let in: {error}");
                    }
                    continue;
                }
            };
            self.tally.lives.add(1);
            // A stream that breaks is how many of them are meant to end: whoever stalls is cut.
            let _ = self.live(client).await;
        }
    }

    fn is_time(&self) -> bool {
        Instant::now() < self.end
    }

    fn rooms(&self) -> u64 {
        (self.crowd / ROOM).max(1)
    }

    /// What a client offers: half of them nothing, others compression with windows of all sizes.
    fn extensions(&mut self) -> Option<String> {
        match self.random.u8(..14) {
            ..7 => None,
            7..10 => Some("permessage-deflate".into()),
            bits => Some(format!("permessage-deflate; server_max_window_bits={}", bits - 1)),
        }
    }

    async fn live(&mut self, mut client: Client) -> io::Result<()> {
        for _ in 0..self.random.u32(1..12) {
            if !self.is_time() {
                break;
            }
            match self.random.u32(..20) {
                0..=2 => client.say(&format!(r#"{{"type":"join","tag":{}}}"#, self.tag())).await?,
                3 => client.say(&format!(r#"{{"type":"leave","tag":{}}}"#, self.tag())).await?,
                4 => self.flood(&mut client).await?,
                5 => self.stall().await,
                6 | 7 => self.noise(&mut client).await?,
                _ => self.talk(&mut client).await?,
            }
            let time = Duration::from_millis(self.random.u64(..400));
            if !client.hear(time, &self.tally).await? {
                return Ok(());
            }
        }
        self.leave(client).await
    }

    fn tag(&mut self) -> u64 {
        self.random.u64(..self.rooms() * TAGS)
    }

    fn message(&mut self) -> String {
        let to = match self.random.u32(..10) {
            0..=2 => r#""me""#.into(),
            3..=5 => r#""room""#.into(),
            6 => r#""others""#.into(),
            7 => format!(r#"{{"user":"u{}"}}"#, self.random.u64(..self.crowd.div_ceil(DEVICES))),
            _ => format!(r#"{{"tags":[{},{}]}}"#, self.tag(), self.tag()),
        };
        // Most are short.
        let len = if self.random.u32(..50) == 0 { self.random.usize(..20_000) } else { self.random.usize(..300) };
        format!(r#"{{"type":"say","to":{to},"text":"{}"}}"#, content::text(&mut self.random, len))
    }

    async fn talk(&mut self, client: &mut Client) -> io::Result<()> {
        let message = self.message();
        self.tally.said.add(1);
        client.say(&message).await
    }

    /// What nobody can compress, to the whole room.
    async fn noise(&mut self, client: &mut Client) -> io::Result<()> {
        let len = match self.random.u32(..10) {
            0 => self.random.usize(..40_000),
            _ => self.random.usize(..1000),
        };
        let mut out = Vec::new();
        client.write_binary(&mut out, &content::noise(&mut self.random, len));
        self.tally.said.add(1);
        client.send(&out).await
    }

    /// Says much at once, as long as the server takes it, and reads nothing meanwhile.
    async fn flood(&mut self, client: &mut Client) -> io::Result<()> {
        let mut out = Vec::new();
        let count = self.random.u64(50..500);
        for _ in 0..count {
            let message = self.message();
            client.write(&mut out, &message);
        }
        self.tally.said.add(count);
        timeout(Duration::from_secs(1), client.send(&out)).await?
    }

    /// Reads nothing for a while, which is now and then too long.
    async fn stall(&mut self) {
        let time = Duration::from_millis(self.random.u64(100..3000));
        sleep(time.min(self.end.saturating_duration_since(Instant::now()))).await;
    }

    async fn leave(&mut self, mut client: Client) -> io::Result<()> {
        let tally = Arc::clone(&self.tally);
        match self.random.u32(..12) {
            0..=3 => client.close(&tally).await,
            // Without a Close: with a FIN, or a RST where something has not been read.
            4 => {
                drop(client);
                Ok(())
            }
            5 => client.reset(),
            6 => client.half_close(&tally).await,
            // Within a frame.
            7 => client.send(b"\x81\xFE\x01").await,
            // Against the protocol, and over a bound.
            8 => {
                client.send(b"\x81\x05Hello").await?;
                client.hear_to_the_end(&tally).await
            }
            9 => {
                client.send(b"\x82\xFF\0\0\0\0\x10\0\0\0\0\0\0\0").await?;
                client.hear_to_the_end(&tally).await
            }
            10 => {
                client.say(r#"{"type":"panic","ref":1}"#).await?;
                client.hear_to_the_end(&tally).await
            }
            // While its handler waits for it.
            _ => client.say(r#"{"type":"wait_for_the_end"}"#).await,
        }
    }
}
