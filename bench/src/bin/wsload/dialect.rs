//! How a server is spoken to: a JSON file, so that servers of any make can be loaded.

use std::io::Write;

use serde::Deserialize;

/// The dialect of our own servers, the default.
pub const CHAT: &str = include_str!("../../../dialects/chat.json");

/// The same texts, to the channel that sends each text back as it is.
pub const TEXT: &str = include_str!("../../../dialects/text.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    pub name: String,
    /// The request's target.
    pub path: Template,
    /// More lines for the request's head.
    #[serde(default)]
    pub headers: Vec<String>,
    /// What to do after the upgrade, before the connection counts as joined.
    #[serde(default)]
    pub join: Vec<Step>,
    pub publish: Template,
    /// A request whose answer holds the payload.
    pub echo: Template,
    /// A ping of the application's own.
    pub keepalive: Option<KeepAlive>,
    /// Whether a room's messages come back to their sender.
    #[serde(default = "yes")]
    pub hears_itself: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Send(Template),
    Expect(String),
}

#[derive(Deserialize)]
pub struct KeepAlive {
    pub equals: String,
    pub send: String,
}

/// A text with places to fill in.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Template(Vec<Part>);

enum Part {
    Text(String),
    Place(Place),
}

#[derive(Clone, Copy)]
enum Place {
    Room,
    Member,
    Seq,
    Payload,
}

#[derive(Clone, Copy, Default)]
pub struct Filling<'a> {
    pub room: u32,
    pub member: u32,
    pub seq: u64,
    pub payload: &'a [u8],
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        const PLACES: [(&str, Place); 4] = [
            ("{room}", Place::Room),
            ("{member}", Place::Member),
            ("{seq}", Place::Seq),
            ("{payload}", Place::Payload),
        ];
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        let next = |rest: &str| {
            let found = PLACES.iter().filter_map(|(name, place)| Some((rest.find(name)?, *name, *place)));
            found.min_by_key(|(at, ..)| *at)
        };
        while let Some((at, name, place)) = next(rest) {
            parts.extend([Part::Text(rest[..at].to_owned()), Part::Place(place)]);
            rest = &rest[at + name.len()..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Self(parts)
    }
}

impl Template {
    pub fn fill(&self, out: &mut Vec<u8>, filling: Filling<'_>) {
        for part in &self.0 {
            let written = match part {
                Part::Text(text) => out.write_all(text.as_bytes()),
                Part::Place(Place::Room) => write!(out, "r{}", filling.room),
                Part::Place(Place::Member) => write!(out, "{}", filling.member),
                Part::Place(Place::Seq) => write!(out, "{}", filling.seq),
                Part::Place(Place::Payload) => out.write_all(filling.payload),
            };
            written.expect("a Vec takes everything");
        }
    }
}
