//! What an envelope costs: the framework's own through the trait against the codec called directly, which should be the same, and
//! others against it, which look at the payload twice.
//!
//! A program of its own: further calls of the codec in `dispatch` change what the compiler inlines there. Both sides of a row are
//! measured in turns, so that whatever else the machine does falls on both alike.

mod in_turns;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use channel_runtime::envelope::{
    Asks, Bare, Envelope, Flat, Incoming, IncomingMessage, JsonRpc, Malformed, Out, Outgoing, Phoenix, Places, array,
    string,
};
use channel_runtime::private::{Head, decode, encode_one_of};
use channel_runtime::{Message, Messages, Ref};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::in_turns::in_turns;

#[derive(Serialize, Deserialize)]
struct Move {
    from: String,
    to: String,
    piece: String,
    player_id: String,
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
    Move(Move),
    Track(Track),
}

impl Message for Move {
    const TYPE: &'static str = "move";
}

impl Message for Track {
    const TYPE: &'static str = "track";
}

impl Messages for FromClient {
    const TYPES: &'static [&'static str] = &[Move::TYPE, Track::TYPE];

    #[inline(always)]
    fn decode<'de, D: Deserializer<'de>>(index: usize, fields: D) -> Result<Self, D::Error> {
        match index {
            0 => Move::deserialize(fields).map(Self::Move),
            _ => Track::deserialize(fields).map(Self::Track),
        }
    }

    fn index(&self) -> usize {
        match self {
            Self::Move(_) => 0,
            Self::Track(_) => 1,
        }
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Move(message) => message.serialize(serializer),
            Self::Track(message) => message.serialize(serializer),
        }
    }
}

/// As OCPP 1.6 has them, of a user's: `[2,id,type,payload]`.
enum Calls {}

impl Envelope for Calls {
    const NAME: &'static str = "calls";
    const PLACES: Places = Places::ANSWERS.questions(Asks::OneByOne);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let items = array::<5>(text)?;
        let ["2", id, kind, payload] = items[..] else { return Err(Malformed::new("no call")) };
        let reference = string(id).map(|id| Ref::Text(id.into())).ok_or_else(|| Malformed::new("no id"))?;
        let kind = string(kind).ok_or_else(|| Malformed::new("no type"))?;
        Ok(IncomingMessage::new(kind, payload).answering(reference).into())
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        if let Outgoing::Question { kind, reference, .. } = frame {
            out.raw("[2,").json(reference).raw(",").json(kind).raw(",").payload().raw("]");
        }
    }
}

/// One message as each envelope has it.
struct Case {
    name: &'static str,
    /// The fields, with the braces.
    payload: String,
    kind: &'static str,
}

impl Case {
    fn flat(&self) -> String {
        format!(r#"{{"type":"{}","ref":"17",{}"#, self.kind, &self.payload[1..])
    }

    fn json_rpc(&self) -> String {
        format!(r#"{{"jsonrpc":"2.0","method":"{}","params":{},"id":"17"}}"#, self.kind, self.payload)
    }

    fn phoenix(&self) -> String {
        format!(r#"["4","17","room:7","{}",{}]"#, self.kind, self.payload)
    }

    fn calls(&self) -> String {
        format!(r#"[2,"17","{}",{}]"#, self.kind, self.payload)
    }
}

fn cases() -> [Case; 2] {
    let points: Vec<String> = (0..12_u32)
        .map(|i| {
            let (x, y, v) = (40.0 + f64::from(i) * 1.371, 20.0 + f64::from(i) * 2.113, f64::from(i + 1) * 0.10357);
            let at = 1_763_876_976_000_u64 + u64::from(i) * 16;
            format!(r#"{{"x":{x:.4},"y":{y:.4},"vx":{v:.5},"vy":{v:.5},"at":{at}}}"#)
        })
        .collect();
    let player = "user_507f1f77bcf86cd799439011";
    [
        Case {
            name: "move",
            payload: format!(r#"{{"from":"e2","to":"e4","piece":"pawn","player_id":"{player}"}}"#),
            kind: Move::TYPE,
        },
        Case { name: "numbers", payload: format!(r#"{{"points":[{}]}}"#, points.join(",")), kind: Track::TYPE },
    ]
}

fn topic<E: Envelope>() -> Option<&'static str> {
    E::PLACES.has_topics().then_some("room:7")
}

fn directly(text: &str) -> FromClient {
    decode::<FromClient>(text).message.expect("the texts are valid")
}

fn by<E: Envelope>(text: &str) -> FromClient {
    E::decode::<FromClient>(text, topic::<E>()).message.expect("the texts are valid")
}

/// Whether a ratio was over its bound.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// `most` is the bound of the ratio.
fn print_row(name: &str, [ours, base]: [f64; 2], most: Option<f64>) {
    // As it is printed.
    if most.is_some_and(|most| ours / base >= most + 0.005) {
        IS_OVER.store(true, Ordering::Relaxed);
    }
    let (ratio, most) = (ours / base, most.map_or(String::new(), |most| format!("{most:.2}")));
    println!("| {name:<42} | {ours:>6.0} | {base:>6.0} | {ratio:>5.2} | {most:>4} |");
}

type Decode = fn(&str) -> FromClient;
type Encode = fn(&FromClient, &mut Vec<u8>);

fn decoded(name: &str, [ours, base]: [(&str, Decode); 2], most: Option<f64>) {
    let times =
        in_turns([&mut || _ = black_box(ours.1(black_box(ours.0))), &mut || _ = black_box(base.1(black_box(base.0)))]);
    print_row(name, times, most);
}

fn encoded(name: &str, message: &FromClient, write: Encode, base: Encode) {
    let (mut our_out, mut base_out) = (Vec::with_capacity(2048), Vec::with_capacity(2048));
    let times = in_turns([
        &mut || {
            our_out.clear();
            write(black_box(message), &mut our_out);
            black_box(&our_out);
        },
        &mut || {
            base_out.clear();
            base(black_box(message), &mut base_out);
            black_box(&base_out);
        },
    ]);
    print_row(name, times, None);
}

fn written_directly(message: &FromClient, out: &mut Vec<u8>) {
    encode_one_of(message, Head::default(), out).expect("it is an object");
}

fn written_by<E: Envelope>(message: &FromClient, out: &mut Vec<u8>) {
    let reference = Ref::Text("17".into());
    let head = Head { reference: Some(&reference), room: topic::<E>() };
    E::ask_one_of(message, head, out).expect("it has a place");
}

fn main() -> ExitCode {
    println!("| {:<42} | it, ns | other, | ratio | most |", "");
    println!("|{:-<44}|-------:|-------:|------:|-----:|", "");
    for case in cases() {
        let (name, flat) = (case.name, case.flat());
        assert!(decode::<FromClient>(&flat).reference.is_some());
        decoded(&format!("decode {name}, trait / directly"), [(&flat, by::<Flat>), (&flat, directly)], Some(1.01));
        for (other, text, read, most) in [
            ("Bare", flat.clone(), by::<Bare> as Decode, None),
            ("JSON-RPC", case.json_rpc(), by::<JsonRpc>, Some(2.5)),
            ("Phoenix", case.phoenix(), by::<Phoenix>, None),
            ("a user's", case.calls(), by::<Calls>, Some(1.9)),
        ] {
            decoded(&format!("decode {name}, {other} / default"), [(&text, read), (&flat, by::<Flat>)], most);
        }
        let message = directly(&flat);
        encoded(
            &format!("encode {name}, trait / directly"),
            &message,
            |message, out| Flat::encode_one_of(message, Head::default(), out).expect("it is an object"),
            written_directly,
        );
        for (other, write) in [
            ("JSON-RPC", written_by::<JsonRpc> as Encode),
            ("Phoenix", written_by::<Phoenix>),
            ("a user's", written_by::<Calls>),
        ] {
            encoded(&format!("ask by {name}, {other} / default"), &message, write, written_by::<Flat>);
        }
    }
    if !IS_OVER.load(Ordering::Relaxed) {
        return ExitCode::SUCCESS;
    }
    eprintln!("a ratio is over its bound; on a busy machine try again");
    ExitCode::FAILURE
}
