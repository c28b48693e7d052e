//! What travels, as data: it says what serde does, in the order of the source, and it is locked.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;

use channel_runtime::describe::{ContentDescription, Describe, Description, FieldDescription, TypeShape};
use channel_runtime::{Channels, Fault, Socket, Success, channel, channels, message};
use serde::{Deserialize, Serialize};
use support::{start, upgrade};

/// A piece on the board.
#[derive(Serialize, Deserialize, Describe)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Piece {
    /// Moves forward.
    PlainMan,
    #[serde(alias = "QUEEN")]
    King,
    #[serde(skip)]
    Ghost,
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize, Describe)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Mark {
    Circle { line_width: f64 },
    FreeForm(Outline),
    Nothing,
}

#[derive(Serialize, Deserialize, Describe)]
#[serde(tag = "t", content = "c")]
pub enum Pair {
    Of(u8, Piece),
    One(Box<Mark>),
}

#[derive(Serialize, Deserialize, Describe)]
#[serde(untagged)]
pub enum Either {
    Number(i64),
    Text(String),
}

/// Contains itself.
#[derive(Serialize, Deserialize, Describe)]
#[serde(default, deny_unknown_fields, rename = "outline")]
#[derive(Default)]
pub struct Outline {
    points: Vec<(f64, f64)>,
    inside: Vec<Outline>,
    #[serde(skip)]
    cached: Option<Undescribed>,
}

/// Each contains the other.
#[derive(Serialize, Deserialize, Describe)]
pub struct Block {
    items: Vec<Item>,
}

#[derive(Serialize, Deserialize, Describe)]
pub enum Item {
    Text(String),
    Block(#[describe(recursive)] Block),
}

#[derive(Serialize, Deserialize, Describe)]
pub struct Page<T> {
    items: Vec<T>,
    next: Option<Box<Page<T>>>,
}

#[derive(Serialize, Deserialize, Describe)]
pub struct Square(String);

#[derive(Serialize, Deserialize)]
pub struct Undescribed(u8);

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_secs())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

/// Moves a piece.
///
/// From one square to another.
#[message(type = "move")]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// Where it stands.
    from_square: Square,
    #[serde(alias = "target")]
    to_square: Square,
    promote: Option<Piece>,
    #[serde(default)]
    is_draw_offered: bool,
    #[describe(opaque)]
    hidden: Option<Vec<Undescribed>>,
    #[serde(with = "seconds")]
    #[describe(as = u64)]
    thought: std::time::Duration,
    #[serde(flatten)]
    more: BTreeMap<String, serde_json::Value>,
}

#[message(type = "drawn")]
pub struct Drawn {
    mark: Mark,
    pair: Pair,
    either: Either,
    block: Block,
    pages: Page<Square>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(rename(serialize = "at", deserialize = "when"))]
    at: [u8; 3],
    scores: HashMap<String, Option<u32>>,
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "read from clients alone")]
    secret: u8,
}

/// Types that go by the names of the standard library's.
mod foreign {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub struct HashMap<K: Ord, V>(pub std::collections::BTreeMap<K, V>);

    #[derive(Serialize, Deserialize)]
    pub struct String<const N: usize>(pub std::string::String);

    #[derive(Serialize, Deserialize)]
    pub struct Vec<T, const N: usize>(pub std::vec::Vec<T>);
}

type Score = Option<u16>;

/// Read and written as a text.
#[derive(Clone, Serialize, Deserialize, Describe)]
#[serde(try_from = "String", into = "String")]
pub struct Code(u8);

impl TryFrom<String> for Code {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0.to_string()
    }
}

macro_rules! odd {
    ($ty:ty) => {
        /// What looks unusual and is legal.
        #[message(type = "odd")]
        #[serde(tag = "kind", rename = "oddity")]
        pub struct Odd {
            score: Score,
            #[describe(opaque)]
            names: foreign::HashMap<u8, foreign::String<4>>,
            list: foreign::Vec<u8, 4>,
            from_a_macro: $ty,
            code: Code,
            r#move: u8,
            #[cfg(any())]
            gone: Nothing,
        }
    };
}

odd!(Option<bool>);

/// As a whole it is another type.
#[message(type = "whole")]
#[derive(Clone)]
#[serde(from = "Corner", into = "Corner")]
pub struct Whole(Corner);

#[derive(Clone, Serialize, Deserialize, Describe)]
pub struct Corner {
    file: u8,
}

impl From<Corner> for Whole {
    fn from(square: Corner) -> Self {
        Self(square)
    }
}

impl From<Whole> for Corner {
    fn from(whole: Whole) -> Self {
        whole.0
    }
}

#[message(type = "plain")]
pub struct Plain {
    /// How many.
    ///
    /// At most 100.
    number: i8,
    text: String,
}

/// A game of two.
#[channel("/game/:game_id/:seat", rooms(Table))]
pub struct Game {
    /// The game's number.
    game_id: u64,
    seat: Seat,
}

#[channel(sends(Drawn, Plain, bytes::Bytes))]
impl Game {
    fn on_connect(&mut self, _socket: &Socket<Self>) {}

    #[message]
    async fn make_move(&mut self, _: Move) -> Result<Option<Drawn>, Fault> {
        Ok(None)
    }

    /// How many there have been.
    #[message(type = "count")]
    fn count(&self) -> Success<Page<u32>> {
        Success(Page { items: vec![], next: None })
    }

    #[message]
    fn plain(&mut self, _: Plain) -> GameToClient {
        Plain { number: 0, text: String::new() }.into()
    }

    #[message(type = "leave")]
    fn leave(&mut self) {}
}

#[channel("/lobby")]
pub struct Lobby;

#[channel(sends(
    Odd,
    #[cfg(any())]
    Gone
))]
impl Lobby {
    fn on_binary(&mut self, _: bytes::Bytes) {}

    #[message]
    fn whole(&mut self, _: Whole) {}

    #[cfg(any())]
    #[message(type = "gone")]
    fn gone(&mut self) {}
}

pub struct Table(u8);
pub struct Seat(char);

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Seat {
    type Err = std::char::ParseCharError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The check of the lock is this compiling.
fn all() -> Channels<()> {
    channels![Game, Lobby; lock = "tests/describe/channels.lock"]
}

/// After a change that is meant, `DESCRIPTION=accept cargo test --test describe` writes the file anew, for a human to read.
#[test]
fn a_description_says_it_all() {
    let path = "tests/describe/channels.json";
    let mut now = serde_json::to_string_pretty(&all().describe()).unwrap();
    now.push('\n');
    if std::env::var_os("DESCRIPTION").is_some_and(|asked| asked == "accept") {
        fs::write(path, &now).unwrap();
    }
    assert!(now == fs::read_to_string(path).unwrap(), "it is another one than in {path}: {now}");
}

#[test]
fn a_description_is_read_back_as_it_was() {
    let description = all().describe();
    assert_eq!(all().app(()).describe(), description);
    let json = serde_json::to_vec(&description).unwrap();
    assert_eq!(serde_json::from_slice::<Description>(&json).unwrap(), description);
}

/// The keys that a value has in JSON.
fn keys(value: &impl Serialize) -> Vec<String> {
    let value = serde_json::to_value(value).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

fn fields(content: &ContentDescription) -> &[FieldDescription] {
    match content {
        ContentDescription::Fields { fields, .. } => fields,
        other => panic!("{other:?} has no fields"),
    }
}

#[test]
fn the_keys_are_those_that_serde_writes() {
    let description = all().describe();
    let [game, lobby] = &description.channels[..] else { panic!("two channels") };
    let square = || Square("e2".into());
    let more = BTreeMap::new();
    let thought = std::time::Duration::ZERO;
    let moved = Move {
        from_square: square(),
        to_square: square(),
        promote: None,
        is_draw_offered: true,
        hidden: None,
        thought,
        more,
    };
    let mut described: Vec<_> = fields(&game.from_client[0].content)
        .iter()
        .filter(|field| !field.flat)
        .filter_map(|field| field.written.clone())
        .collect();
    described.sort();
    assert_eq!(described, keys(&moved));

    let drawn = Drawn {
        mark: Mark::FreeForm(Outline::default()),
        pair: Pair::One(Box::new(Mark::Circle { line_width: 1.0 })),
        either: Either::Number(1),
        block: Block { items: vec![] },
        pages: Page { items: vec![], next: None },
        by: Some("me".into()),
        at: [1, 2, 3],
        scores: HashMap::new(),
        secret: 1,
    };
    let mut described: Vec<_> =
        fields(&game.to_client[0].content).iter().filter_map(|field| field.written.clone()).collect();
    described.sort();
    assert_eq!(described, keys(&drawn));

    let odd = Odd {
        score: Some(1),
        names: foreign::HashMap(BTreeMap::from([(1, foreign::String("a".into()))])),
        list: foreign::Vec(vec![1]),
        from_a_macro: None,
        code: Code(1),
        r#move: 1,
    };
    let mut described: Vec<_> =
        fields(&lobby.to_client[0].content).iter().filter_map(|field| field.written.clone()).collect();
    described.sort();
    assert_eq!(described, keys(&odd));

    let TypeShape::Enum(piece) = &description.types["Piece"].shape else { panic!("an enum") };
    let names: Vec<_> = piece.variants.iter().filter_map(|variant| variant.written.as_deref()).collect();
    let written = [Piece::PlainMan, Piece::King, Piece::Unknown].map(|piece| serde_json::to_value(piece).unwrap());
    assert_eq!(written.map(|text| text.as_str().unwrap().to_owned()), *names);

    let TypeShape::Enum(mark) = &description.types["Mark"].shape else { panic!("an enum") };
    let written = serde_json::to_value(Mark::Circle { line_width: 1.0 }).unwrap();
    assert_eq!(written["kind"], mark.variants[0].written.as_deref().unwrap());
    assert!(written.get(fields(&mark.variants[0].content)[0].written.as_deref().unwrap()).is_some());
}

#[message(type = "call")]
pub struct Call {
    number: u64,
}

#[message(type = "called")]
pub struct Called {
    taken: bool,
}

/// What a client is answered, told at once and told later.
/// Fields of which a lock is not to see what is in them, though their types say it.
mod hidden {
    use channel_runtime::{Success, channel, message};

    use super::{Corner, seconds};

    #[message(type = "hidden")]
    pub struct Hidden {
        #[describe(opaque)]
        corner: Corner,
        #[describe(opaque)]
        corners: Vec<Option<Corner>>,
        #[describe(opaque)]
        text: String,
        #[describe(opaque)]
        #[serde(with = "seconds")]
        after: std::time::Duration,
        seen: Corner,
    }

    #[channel("/hidden")]
    pub struct Hides;

    #[channel]
    impl Hides {
        #[message]
        fn hidden(&self, hidden: Hidden) -> Success<usize> {
            let Hidden { corner, corners, text, after, seen } = hidden;
            let _ = (corner.file, seen.file, after);
            Success(corners.len() + text.len())
        }
    }
}

#[test]
fn what_is_opaque_is_known_by_its_name_though_its_type_is_described() {
    let description = serde_json::to_value(channels![hidden::Hides].app(()).describe()).unwrap();
    let fields = &description["channels"][0]["from_client"][0]["content"]["fields"];
    let opaque = |name: &str| serde_json::json!({ "kind": "opaque", "name": name });
    assert_eq!(fields[0]["type"], opaque("Corner"), "{fields:#}");
    let item = serde_json::json!({ "kind": "nullable", "inner": opaque("Corner") });
    assert_eq!(fields[1]["type"], serde_json::json!({ "kind": "list", "items": item }));
    assert_eq!(fields[2]["type"]["kind"], "text");
    assert_eq!(fields[3]["type"], opaque("seconds"));
    assert_eq!(fields[4]["type"]["kind"], "named");
}

mod at_once {
    use super::*;

    #[channel("/phone")]
    pub struct Phone;

    #[channel(sends(Called, bytes::Bytes))]
    impl Phone {
        #[message]
        fn call(&self, call: Call) -> Result<Called, Fault> {
            Ok(Called { taken: call.number > 0 })
        }

        #[message(type = "calls")]
        fn calls(&self) -> Success<u32> {
            Success(1)
        }

        #[message(type = "hang_up")]
        fn hang_up(&self) {}

        #[message(type = "record")]
        fn record(&self) -> Option<bytes::Bytes> {
            None
        }
    }
}

mod later {
    use channel_runtime::Deferred;

    use super::*;

    #[channel("/phone")]
    pub struct Phone;

    #[channel(sends(Called, bytes::Bytes))]
    impl Phone {
        #[message]
        fn call(&self, call: Call, socket: &Socket<Self>) -> Deferred<Result<Called, Fault>> {
            let (answer, deferred) = socket.defer().typed();
            answer.send(Ok(Called { taken: call.number > 0 }));
            deferred
        }

        #[message(type = "calls")]
        async fn calls(&self, socket: &Socket<Self>) -> Deferred<Success<u32>> {
            socket.defer().typed().1
        }

        #[message(type = "hang_up")]
        fn hang_up(&self, socket: &Socket<Self>) {
            self.drop_it(socket);
        }

        fn drop_it(&self, socket: &Socket<Self>) {
            drop(socket.defer());
        }

        #[message(type = "record")]
        fn record(&self, socket: &Socket<Self>) -> Deferred<Option<bytes::Bytes>> {
            socket.defer().typed().1
        }
    }
}

#[test]
fn a_deferred_answer_is_described_and_locked_as_one_that_is_given_at_once() {
    let (at_once, later) = (channels![at_once::Phone].app(()).describe(), channels![later::Phone].app(()).describe());
    assert_eq!(at_once.fingerprint, later.fingerprint);
    let replies = |description: &Description| {
        let messages = description.channels[0].from_client.iter();
        messages.map(|message| serde_json::to_value(&message.reply).unwrap()).collect::<Vec<_>>()
    };
    let said = [
        serde_json::json!({ "messages": ["called"], "nothing": false, "other_faults": true }),
        serde_json::json!({ "success": { "kind": "integer", "signed": false, "bits": 32 }, "nothing": false }),
        serde_json::json!({ "nothing": true }),
        serde_json::json!({ "binary": true, "nothing": true }),
    ];
    assert_eq!(replies(&at_once), said);
    // Deferred without a type it may be anything, also where another method does it.
    assert_eq!(replies(&later)[2], serde_json::Value::Null);
    assert_eq!((&replies(&later)[..2], &replies(&later)[3]), (&said[..2], &said[3]));
}

#[tokio::test]
async fn a_server_says_its_fingerprint_in_the_handshake() {
    let server = all().app(());
    let fingerprint = server.describe().fingerprint;
    let running = start(server).await;
    let mut client = running.connect().await;
    let response = client.request(&upgrade("/lobby")).await;
    assert_eq!(response.header("channels-fingerprint"), Some(&*fingerprint));

    let other = start(channels![Lobby].app(())).await;
    let mut client = other.connect().await;
    let response = client.request(&upgrade("/lobby")).await;
    let header = response.header("channels-fingerprint").map(str::to_owned);
    assert!(header.is_some_and(|header| header != fingerprint));
}
