//! What an attacker sees become of it, in a few words.

use std::collections::HashMap;

use super::stage::{HONEST, SQUARE, Stage};
use crate::support::{Frame, Raw, text, upgrade};

/// What bytes are answered that are all a TCP connection says, and whether it is still good for a handshake.
pub async fn answer(stage: &Stage, says: &[u8]) -> String {
    let mut raw = stage.server.connect().await;
    raw.write_if_open(says).await;
    answered(raw).await
}

/// What the server says to one who has said what it wants.
pub async fn answered(mut raw: Raw) -> String {
    let Some(response) = raw.response_if_any().await else { return "cut".into() };
    if response.status == 101 {
        return format!("101, {}", reacted(raw).await);
    }
    raw.write_if_open(upgrade(SQUARE)).await;
    let then = match raw.response_if_any().await {
        Some(response) if response.status == 101 => "goes on".into(),
        Some(response) => format!("{} to what comes then", response.status),
        None => "ended".into(),
    };
    format!("{}, {then}", response.status)
}

/// What becomes of a connection that says this.
pub async fn reaction(mut raw: Raw, says: &[u8]) -> String {
    raw.write_if_open(says).await;
    reacted(raw).await
}

/// All that the server says to one who has said what it wants, until it serves it as anybody, or ends.
pub async fn reacted(mut raw: Raw) -> String {
    const PROBE: &str = r#"{"type":"echo","text":"still here"}"#;
    raw.write_if_open(text(PROBE)).await;
    let mut seen = Seen::default();
    loop {
        match raw.frame().await {
            None => return seen.and("cut"),
            Some(frame) if frame == Frame::text(PROBE) => return seen.and("goes on"),
            Some(frame) if frame.first == 0x88 => {
                raw.expect_end().await;
                return seen.and(&closed(&frame));
            }
            Some(frame) => seen.add(&frame),
        }
    }
}

/// How a Close reads.
pub fn closed(frame: &Frame) -> String {
    match frame.payload.split_first_chunk() {
        None => "closed".into(),
        Some((code, [])) => format!("closed with {}", u16::from_be_bytes(*code)),
        Some((code, reason)) => {
            format!("closed with {}: {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason))
        }
    }
}

/// The longest error that anybody is told, in bytes, whatever was said.
const LONGEST_ERROR: usize = 1024;

/// What was told so far, and how often in a row.
#[derive(Default)]
pub struct Seen(Vec<(String, usize)>);

impl Seen {
    pub fn add(&mut self, frame: &Frame) {
        let what = match frame.first {
            0x8A => "pong".into(),
            0x82 | 0xC2 => "binary".into(),
            0x81 => {
                let message: serde_json::Value = serde_json::from_slice(&frame.payload).unwrap();
                let field = |name: &str| message[name].as_str().unwrap_or_default();
                match field("type") {
                    "welcome" if field("name") == "market" => return,
                    "welcome" if field("name").len() > 100 => format!("in {} bytes", field("name").len()),
                    "welcome" => format!("in {:?}", field("name")),
                    "say" if field("text").starts_with(HONEST) => return,
                    "error" => {
                        assert!(frame.payload.len() <= LONGEST_ERROR, "an error of {} bytes", frame.payload.len());
                        format!("`{}`", field("code"))
                    }
                    kind => kind.into(),
                }
            }
            first => format!("{first:#x}"),
        };
        self.note(what);
    }

    pub fn note(&mut self, what: String) {
        match self.0.last_mut() {
            Some((last, times)) if *last == what => *times += 1,
            _ => self.0.push((what, 1)),
        }
    }

    /// Nothing of it, where it is a flood's and nobody knows how much of it was answered: each no more often than so many times.
    pub fn within(self, most: usize) -> Self {
        let mut times = HashMap::<String, usize>::new();
        for (what, often) in self.0 {
            *times.entry(what).or_default() += often;
        }
        assert!(times.values().all(|often| *often <= most), "{times:?}");
        Self::default()
    }

    /// All of it, and how it ended.
    pub fn and(mut self, end: &str) -> String {
        self.0.push((end.into(), 1));
        self.all()
    }

    /// All of it.
    pub fn all(self) -> String {
        self.0.into_iter().map(|(what, times)| repeated(what, times)).collect::<Vec<_>>().join(", ")
    }
}

fn repeated(what: String, times: usize) -> String {
    if times == 1 { what } else { format!("{what} {times} times") }
}
