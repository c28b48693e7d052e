//! Clients that talk, listen, and come back wherever they can.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::node::To;
use crate::proxy::Proxy;
use crate::record::Record;

/// A connection that is not welcome within this is given up.
const WELCOME_WITHIN: Duration = Duration::from_secs(3);

/// What the clients are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// And to leave now and then, for another node.
    Roam,
    Talk,
    Listen,
    Leave,
}

pub struct Client {
    pub number: usize,
    /// How many clients there are.
    pub crowd: usize,
    /// Where the nodes are for clients.
    pub nodes: Vec<Proxy>,
    pub record: Record,
    pub every: Duration,
    pub random: fastrand::Rng,
    pub phase: watch::Receiver<Phase>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Heard {
    Said {
        from: u32,
        n: u32,
    },
    Told {
        n: u32,
        is_refused: bool,
    },
    Welcome {
        generation: u64,
    },
    #[serde(rename = "$closing")]
    Closing,
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// As RFC 6455 has it: no Close came.
const ABNORMAL: u16 = 1006;

impl Client {
    pub async fn live(mut self) {
        let mut place = self.number % self.nodes.len();
        loop {
            self.connect(place).await;
            if *self.phase.borrow() == Phase::Leave {
                return;
            }
            place = (place + self.random.usize(1..self.nodes.len())) % self.nodes.len();
            sleep(Duration::from_millis(self.random.u64(50..250))).await;
        }
    }

    fn tags(&self) -> [u64; 2] {
        let (number, all) = (self.number as u64, self.all_tags());
        [number % all, (number + 1 + number / all % (all - 1)) % all]
    }

    fn all_tags(&self) -> u64 {
        (self.crowd as u64 / 6).max(2)
    }

    /// Of a larger crowd not as much is said to all.
    fn whom(&mut self) -> To {
        let crowd = self.crowd as u64;
        match self.random.u64(..10_000) {
            kind if kind < 18_000 / crowd => To::All,
            ..5500 => To::Room,
            5500..8000 => To::Tag(self.random.u64(..self.all_tags())),
            _ => To::User(self.random.u64(..crowd.div_ceil(2))),
        }
    }

    /// Until the connection ends.
    async fn connect(&mut self, place: usize) {
        let (number, crowd) = (self.number as u64, self.crowd as u64);
        // Nine in a room and twelve with a tag, on several nodes, and two connections of a user.
        let room = number / self.nodes.len() as u64 % crowd.div_ceil(9);
        let (user, tags) = (number / 2, self.tags());
        let life = self.record.begin(self.number, place, room, user, tags);
        let (addr, [tag, and]) = (self.nodes[place].addr, tags);
        let url = format!("ws://{addr}/chaos/{room}?life={life}&user={user}&tag={tag}&and={and}");
        let code = match timeout(WELCOME_WITHIN, connect_async(url)).await {
            Ok(Ok((stream, _))) => self.talk(stream, life).await,
            _ => ABNORMAL,
        };
        self.record.end(life, code);
    }

    /// Returns the code with which it ended.
    async fn talk(&mut self, stream: Stream, life: u32) -> u16 {
        let (mut out, mut incoming) = stream.split();
        let record = self.record.clone();
        let (welcomed, mut is_welcome) = watch::channel(false);
        let listen = async {
            while let Some(message) = incoming.next().await {
                match message {
                    Ok(Message::Text(text)) => match serde_json::from_str(&text) {
                        Ok(Heard::Said { from, n }) => record.hear(life, from, n),
                        Ok(Heard::Told { n, is_refused }) => record.told(life, n, is_refused),
                        Ok(Heard::Welcome { generation }) => {
                            record.welcome(life, generation);
                            welcomed.send_replace(true);
                        }
                        Ok(Heard::Closing) => {}
                        Err(error) => record.broke(format!("life {life} heard `{text}`: {error}")),
                    },
                    Ok(Message::Close(frame)) => return frame.map_or(1005, |frame| frame.code.into()),
                    Ok(_) => {}
                    Err(Error::Protocol(_) | Error::Io(_) | Error::ConnectionClosed) => return ABNORMAL,
                    Err(error) => {
                        record.broke(format!("life {life}: {error}"));
                        return ABNORMAL;
                    }
                }
            }
            ABNORMAL
        };
        let say = async {
            if !matches!(timeout(WELCOME_WITHIN, is_welcome.wait_for(|is| *is)).await, Ok(Ok(_))) {
                return ABNORMAL;
            }
            let roams_at = Instant::now() + self.random.u32(5..25) * Duration::from_secs(1);
            let first = Instant::now() + self.every.mul_f64(self.random.f64());
            let mut ticks = interval_at(first, self.every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let phase = *self.phase.borrow();
                match phase {
                    Phase::Listen => continue,
                    Phase::Roam if Instant::now() < roams_at => {}
                    Phase::Talk => {}
                    Phase::Roam | Phase::Leave => {
                        let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                        _ = out.send(Message::Close(Some(normal))).await;
                        // Its answer ends the other half.
                        return std::future::pending().await;
                    }
                }
                let to = self.whom();
                let n = self.record.say(life, to);
                let say = serde_json::json!({"type": "say", "to": to, "n": n}).to_string();
                if out.send(Message::text(say)).await.is_err() {
                    // Why is heard by the other half.
                    return std::future::pending().await;
                }
            }
        };
        tokio::select! {
            code = listen => code,
            code = say => code,
        }
    }
}
