//! What it costs to tell messages apart: our decoder and encoder against serde's internally tagged enum, on the same
//! payloads and texts.
//!
//! Criterion's own report comes first; then a table of ratios, for which all sides are measured in turns, so that
//! whatever else the machine does falls on all alike. Its floor is serde_json's `from_str` of the known struct: what
//! reading costs where there is nothing to tell apart. We can come below it, since we read the outermost keys ourselves.

mod in_turns;

use std::hint::black_box;
use std::time::Duration;

use channel_runtime::private::{Head, decode, encode_one_of};
use channel_runtime::{Message, Messages, Ref};
use criterion::{BenchmarkId, Criterion, Throughput};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::in_turns::in_turns;

/// The seed's move, all strings, each of which is allocated.
#[derive(Serialize, Deserialize)]
struct Move {
    from: String,
    to: String,
    piece: String,
    player_id: String,
}

/// The same with types of its own, as long.
#[derive(Serialize, Deserialize)]
struct Turn {
    from: Square,
    to: Square,
    piece: Piece,
    clock: u32,
}

#[derive(Serialize, Deserialize)]
struct Square {
    file: u8,
    rank: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Piece {
    King,
    Pawn,
}

/// Strings too, one of them longer.
#[derive(Serialize, Deserialize)]
struct Join {
    game: String,
    player: String,
    color: String,
}

#[derive(Serialize, Deserialize)]
struct Say {
    room: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Track {
    points: Vec<Point>,
}

#[derive(Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
    vx: f64,
    vy: f64,
    at: u64,
}

/// What the macros generate for a channel.
enum FromClient {
    Join(Join),
    Move(Move),
    Say(Say),
    Track(Track),
    Turn(Turn),
}

impl Message for Join {
    const TYPE: &'static str = "join";
}

impl Message for Move {
    const TYPE: &'static str = "move";
}

impl Message for Say {
    const TYPE: &'static str = "say";
}

impl Message for Track {
    const TYPE: &'static str = "track";
}

impl Message for Turn {
    const TYPE: &'static str = "turn";
}

impl Messages for FromClient {
    const TYPES: &'static [&'static str] = &[Join::TYPE, Move::TYPE, Say::TYPE, Track::TYPE, Turn::TYPE];

    #[inline(always)]
    fn decode<'de, D: Deserializer<'de>>(index: usize, fields: D) -> Result<Self, D::Error> {
        match index {
            0 => Join::deserialize(fields).map(Self::Join),
            1 => Move::deserialize(fields).map(Self::Move),
            2 => Say::deserialize(fields).map(Self::Say),
            3 => Track::deserialize(fields).map(Self::Track),
            _ => Turn::deserialize(fields).map(Self::Turn),
        }
    }

    fn index(&self) -> usize {
        match self {
            Self::Join(_) => 0,
            Self::Move(_) => 1,
            Self::Say(_) => 2,
            Self::Track(_) => 3,
            Self::Turn(_) => 4,
        }
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Join(message) => message.serialize(serializer),
            Self::Move(message) => message.serialize(serializer),
            Self::Say(message) => message.serialize(serializer),
            Self::Track(message) => message.serialize(serializer),
            Self::Turn(message) => message.serialize(serializer),
        }
    }
}

/// What one would write without us.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tagged {
    Join(Join),
    Move(Move),
    Say(Say),
    Track(Track),
    Turn(Turn),
}

/// One message in the forms that are compared.
struct Case {
    name: &'static str,
    first: String,
    last: String,
    floor: fn(&str),
}

impl Case {
    /// From a message's fields, without the braces.
    fn new<M: Message>(name: &'static str, fields: &str) -> Self {
        let kind = M::TYPE;
        Self {
            name,
            floor: |text| _ = black_box(serde_json::from_str::<M>(text).expect("the texts are valid")),
            first: format!(r#"{{"type":"{kind}",{fields}}}"#),
            last: format!(r#"{{{fields},"type":"{kind}"}}"#),
        }
    }

    fn texts(&self) -> [(String, &str); 2] {
        [(format!("{}, type first", self.name), &self.first), (format!("{}, type last", self.name), &self.last)]
    }
}

fn cases() -> [Case; 5] {
    let text = "the quick brown fox jumps over the lazy dog, and says so at some length; ".repeat(14);
    let points: Vec<String> = (0..12)
        .map(|i| {
            let i = f64::from(i);
            format!(
                r#"{{"x":{:.4},"y":{:.4},"vx":{:.5},"vy":{:.5},"at":{}}}"#,
                40.0 + i * 1.371,
                20.0 + i * 2.113,
                (i + 1.0) * 0.10357,
                (i + 1.0) * 0.07131,
                1_763_876_976_000_u64 + i as u64 * 16
            )
        })
        .collect();
    [
        Case::new::<Move>(
            "move",
            r#""from":"e2","to":"e4","piece":"pawn","player_id":"user_507f1f77bcf86cd799439011""#,
        ),
        Case::new::<Turn>(
            "move, typed",
            r#""from":{"file":4,"rank":1},"to":{"file":4,"rank":3},"piece":"pawn","clock":17425"#,
        ),
        Case::new::<Join>("strings", r#""game":"b2f7c1","player":"Ada, Countess of Lovelace","color":"white""#),
        Case::new::<Say>("text", &format!(r#""room":"lobby","text":"{}""#, &text[..980])),
        Case::new::<Track>("numbers", &format!(r#""points":[{}]"#, points.join(","))),
    ]
}

fn ours(text: &str) -> FromClient {
    decode::<FromClient>(text).message.expect("the texts are valid")
}

fn serdes(text: &str) -> Tagged {
    serde_json::from_str(text).expect("the texts are valid")
}

fn criterion(cases: &[Case]) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut group = criterion.benchmark_group("decode");
    for (name, text) in cases.iter().flat_map(Case::texts) {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("ours", &name), text, |b, text| b.iter(|| ours(black_box(text))));
        group.bench_with_input(BenchmarkId::new("serde", &name), text, |b, text| b.iter(|| serdes(black_box(text))));
    }
    group.finish();
    criterion.final_summary();
}

/// The floor where there is one.
fn print_row(name: &str, bytes: usize, [ours, theirs]: [f64; 2], floor: Option<f64>) {
    let (ratio, floor) = (ours / theirs, floor.map_or(String::new(), |floor| format!("{:.2}", floor / theirs)));
    println!("| {name:<32} | {bytes:>5} | {ours:>8.0} | {theirs:>8.0} | {ratio:>5.2} | {floor:>5} |");
}

fn print_ratios(cases: &[Case]) {
    println!("\n| {:<32} | bytes | ours, ns | serde's, | ratio | floor |", "");
    println!("|{:-<34}|------:|---------:|---------:|------:|------:|", "");
    for case in cases {
        for (name, text) in case.texts() {
            let [ours, theirs, floor] = in_turns([
                &mut || _ = black_box(ours(black_box(text))),
                &mut || _ = black_box(serdes(black_box(text))),
                &mut || (case.floor)(black_box(text)),
            ]);
            print_row(&format!("decode {name}"), text.len(), [ours, theirs], Some(floor));
        }
    }
    for case in cases {
        let (message, tagged) = (ours(&case.first), serdes(&case.first));
        let (mut our_out, mut their_out) = (Vec::with_capacity(2048), Vec::with_capacity(2048));
        let times = in_turns([
            &mut || {
                our_out.clear();
                encode_one_of(black_box(&message), Head::default(), &mut our_out).expect("it is an object");
                black_box(&our_out);
            },
            &mut || {
                their_out.clear();
                serde_json::to_writer(&mut their_out, black_box(&tagged)).expect("it is an object");
                black_box(&their_out);
            },
        ]);
        assert_eq!(our_out, their_out, "both write the same");
        print_row(&format!("encode {}", case.name), our_out.len(), times, None);
    }
    // No counterpart of serde's: what a `ref` costs, against the same message without.
    let (plain, reference) = (&cases[0].first, cases[0].first.replacen(',', r#","ref":17,"#, 1));
    assert_eq!(decode::<FromClient>(&reference).reference, Some(Ref::Number(17)));
    let times =
        in_turns([&mut || _ = black_box(ours(black_box(&reference))), &mut || _ = black_box(ours(black_box(plain)))]);
    print_row("decode move with ref / without", reference.len(), times, None);
}

fn main() {
    let cases = cases();
    criterion(&cases);
    print_ratios(&cases);
}
