//! RFC 6455 as a table: what a client sends, what it must hear, and how that ends.
//!
//! The rows are the cases of the Autobahn test suite, by its numbers (9.* smaller; 12.* and 13.* are compression's), and
//! behind a `+` what it does not ask for. Each is sent in one write, frame by frame, and cut to small pieces.

mod support;
#[path = "conformance/utf8.rs"]
mod utf8;

use channel_runtime::{CloseCode, ClosedBy, Config};
use support::wire::Fixture;
use support::{Frame, Raw, close, head, masked};
use tokio::task::yield_now;

/// One row.
struct Case {
    id: String,
    /// Frames, or what else stands for one.
    says: Vec<Vec<u8>>,
    hears: Vec<Heard>,
    ends: Ends,
}

enum Heard {
    Frame(Frame),
    /// What a text that is no message is answered with.
    Malformed,
}

enum Ends {
    /// Not by this: the connection stands, and a Close is answered.
    Not,
    /// By the client's Close, which is answered with this code.
    Answered(u16),
    /// By our Close.
    Refused(CloseCode, &'static str),
}

fn case(id: impl Into<String>, says: impl IntoIterator<Item = Vec<u8>>) -> Case {
    Case { id: id.into(), says: says.into_iter().collect(), hears: vec![], ends: Ends::Not }
}

impl Case {
    fn hears(mut self, frames: impl IntoIterator<Item = Frame>) -> Self {
        self.hears.extend(frames.into_iter().map(Heard::Frame));
        self
    }

    fn hears_it_is_malformed(mut self) -> Self {
        self.hears.push(Heard::Malformed);
        self
    }

    fn answered(mut self, code: u16) -> Self {
        self.ends = Ends::Answered(code);
        self
    }

    /// With 1002.
    fn breaches(mut self, reason: &'static str) -> Self {
        self.ends = Ends::Refused(CloseCode::PROTOCOL, reason);
        self
    }

    /// With 1007.
    fn breaks_utf8(mut self) -> Self {
        self.ends = Ends::Refused(CloseCode::INVALID_DATA, "text is not UTF-8");
        self
    }
}

/// A message that comes back, around these bytes.
fn message(content: impl AsRef<[u8]>) -> Vec<u8> {
    [br#"{"type":"echo","text":""#, content.as_ref(), br#""}"#].concat()
}

/// A message of so many bytes in all.
fn message_of(len: usize) -> Vec<u8> {
    let content = "*".repeat(len - message("").len());
    message(content)
}

fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    masked(0x81, payload)
}

fn binary(payload: impl AsRef<[u8]>) -> Vec<u8> {
    masked(0x82, payload)
}

fn ping(payload: impl AsRef<[u8]>) -> Vec<u8> {
    masked(0x89, payload)
}

/// A text message in frames of so many bytes.
fn fragments(first: u8, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let last = payload.len().div_ceil(size) - 1;
    let pieces = payload.chunks(size).enumerate();
    pieces
        .map(|(at, piece)| {
            let opcode = if at == 0 { first } else { 0x00 };
            masked(if at == last { opcode | 0x80 } else { opcode }, piece)
        })
        .collect()
}

fn echo_of(payload: impl Into<Vec<u8>>) -> Frame {
    Frame { first: 0x81, payload: payload.into() }
}

/// 1.*: whole messages of the lengths at which the header changes.
fn framing() -> Vec<Case> {
    let mut cases = vec![
        case("1.1.1", [text("")]).hears_it_is_malformed(),
        case("1.2.1", [binary("")]).hears([Frame::binary(b"")]),
        // Not in its group: what no frame of a client's may be.
        case("1 + unmasked", [b"\x81\x02hi".to_vec()]).breaches("frame of a client is not masked"),
        case("1 + unmasked ping", [b"\x89\x00".to_vec()]).breaches("frame of a client is not masked"),
        case("1 + 125 bytes in 16 bits", [vec![0x82, 0xFE, 0, 125]]).breaches("length is not in its shortest form"),
        case("1 + 65535 bytes in 64 bits", [vec![0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]])
            .breaches("length is not in its shortest form"),
        case("1 + 64 bits", [vec![0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]]).breaches("length over 63 bits"),
    ];
    for (at, len) in [125, 126, 127, 128, 65_535, 65_536].into_iter().enumerate() {
        let said = message_of(len);
        cases.push(case(format!("1.1.{}", at + 2), [text(&said)]).hears([echo_of(said)]));
        let said = vec![0xFE; len];
        cases.push(case(format!("1.2.{}", at + 2), [binary(&said)]).hears([Frame::binary(&said)]));
    }
    // 1.1.8 and 1.2.8 are the last of these, in pieces: as every row is.
    cases
}

/// 2.*
fn pings_and_pongs() -> Vec<Case> {
    let pong = |payload: &[u8]| masked(0x8A, payload);
    let ten = || (0..10u8).map(|n| format!("payload-{n}"));
    vec![
        case("2.1", [ping("")]).hears([Frame::pong(b"")]),
        case("2.2", [ping("Hello, world!")]).hears([Frame::pong(b"Hello, world!")]),
        case("2.3", [ping(b"\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")])
            .hears([Frame::pong(b"\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")]),
        case("2.4, 2.6", [ping([0xFE; 125])]).hears([Frame::pong(&[0xFE; 125])]),
        case("2.5", [ping([0xFE; 126])]).breaches("control frame over 125 bytes"),
        case("2 + announced only", [head(0x89, 126)]).breaches("control frame over 125 bytes"),
        case("2 + 64 KiB", [head(0x8A, 65_536)]).breaches("control frame over 125 bytes"),
        case("2.7", [pong(b"")]),
        case("2.8", [pong(b"unsolicited pong payload")]),
        case("2.9", [pong(b"unsolicited pong payload"), ping("ping payload")]).hears([Frame::pong(b"ping payload")]),
        case("2.10, 2.11", ten().map(ping)).hears(ten().map(|payload| Frame::pong(payload.as_bytes()))),
        case("2 + within a message", [masked(0x01, &message("")[..5]), ping("1"), masked(0x80, &message("")[5..])])
            .hears([Frame::pong(b"1"), echo_of(message(""))]),
    ]
}

/// 3.*: nobody has asked for a meaning of the reserved bits.
fn reserved_bits() -> Vec<Case> {
    const SET: &str = "reserved bits are set";
    let said = || message("before");
    let with = |bits: u8, first: u8, payload: &[u8]| masked(first | bits << 4, payload);
    let mut cases = vec![
        case("3.1", [with(1, 0x81, &said())]).breaches(SET),
        case("3.2", [text(said()), with(2, 0x81, &said()), ping("")]).hears([echo_of(said())]).breaches(SET),
        case("3.3", [text(said()), with(3, 0x81, &said()), ping("")]).hears([echo_of(said())]).breaches(SET),
        case("3.4", [text(said()), with(4, 0x81, &said()), ping("")]).hears([echo_of(said())]).breaches(SET),
        case("3.5", [with(5, 0x82, b"\x00\xFF\xFE")]).breaches(SET),
        case("3.6", [with(6, 0x89, b"Hello, world!")]).breaches(SET),
        case("3.7", [with(7, 0x88, b"\x03\xE8")]).breaches(SET),
    ];
    for bits in 1..=7 {
        let id = format!("3 + {bits:03b} on a continuation");
        cases.push(case(id, [masked(0x01, "a"), with(bits, 0x80, b"b")]).breaches(SET));
    }
    cases
}

/// 4.*
fn reserved_opcodes() -> Vec<Case> {
    const RESERVED: &str = "reserved opcode";
    let said = || message("before");
    let mut cases = vec![];
    for (group, opcodes) in [(1, 0x3..=0x7), (2, 0xB..=0xF)] {
        for (at, opcode) in opcodes.enumerate() {
            let id = format!("4.{group}.{}", at + 1);
            let frame = masked(0x80 | opcode, if at % 2 == 0 { "" } else { "reserved opcode payload" });
            cases.push(match at {
                0 | 1 => case(id, [frame]).breaches(RESERVED),
                _ => case(id, [text(said()), frame, ping("")]).hears([echo_of(said())]).breaches(RESERVED),
            });
            cases.push(case(format!("4.{group} + fragment of {opcode:x}"), [masked(opcode, "a")]).breaches(RESERVED));
        }
    }
    cases
}

/// 5.*
fn fragmentation() -> Vec<Case> {
    const OF_NOTHING: &str = "continuation of no message";
    let said = message("in pieces");
    let whole = || text(message("in pieces"));
    let halves = || fragments(0x01, &message("in pieces"), 20);
    let [first, second] = <[Vec<u8>; 2]>::try_from(halves()).unwrap();
    let with_pings = || {
        let mut frames = fragments(0x01, &message("fragment1fragment2fragment3fragment4"), 13);
        assert_eq!(frames.len(), 5);
        frames.insert(4, ping("pongme 2!"));
        frames.insert(2, ping("pongme 1!"));
        frames
    };
    let answers_with_pongs = || {
        let whole = echo_of(message("fragment1fragment2fragment3fragment4"));
        [Frame::pong(b"pongme 1!"), Frame::pong(b"pongme 2!"), whole]
    };
    let then = |frames: Vec<Vec<u8>>, more: Vec<u8>| [frames, vec![more]].concat();
    vec![
        case("5.1", fragments(0x09, b"fragment1fragment2", 9)).breaches("fragmented control frame"),
        case("5.2", fragments(0x0A, b"fragment1fragment2", 9)).breaches("fragmented control frame"),
        case("5 + close in fragments", fragments(0x08, b"\x03\xE8reason", 4)).breaches("fragmented control frame"),
        case("5.3 to 5.5", halves()).hears([echo_of(&*said)]),
        case("5.6 to 5.8", [first.clone(), ping("ping payload"), second.clone()])
            .hears([Frame::pong(b"ping payload"), echo_of(&*said)]),
        case("5.9 to 5.11", [masked(0x80, "non-continuation payload"), whole()]).breaches(OF_NOTHING),
        case("5.12 to 5.14", [masked(0x00, "non-continuation payload"), whole()]).breaches(OF_NOTHING),
        case("5.15", [halves(), vec![masked(0x00, "fragment3"), whole()]].concat())
            .hears([echo_of(&*said)])
            .breaches(OF_NOTHING),
        case("5.16", [vec![masked(0x00, "fragment1")], halves()].concat()).breaches(OF_NOTHING),
        case("5.17", [vec![masked(0x80, "fragment1")], halves()].concat()).breaches(OF_NOTHING),
        case("5.18", [masked(0x01, "fragment1"), masked(0x81, "fragment2")])
            .breaches("message within a fragmented message"),
        case("5 + binary within text", [masked(0x01, "fragment1"), masked(0x02, "fragment2")])
            .breaches("message within a fragmented message"),
        case("5.19, 5.20", with_pings()).hears(answers_with_pongs()),
        case("5 + the next message", then(with_pings(), whole())).hears(answers_with_pongs()).hears([echo_of(&*said)]),
        case("5 + binary in fragments", fragments(0x02, b"\x00\xFF\xFE\xFD", 1))
            .hears([Frame::binary(b"\x00\xFF\xFE\xFD")]),
        case("5 + empty fragments", [masked(0x02, ""), masked(0x00, "ab"), masked(0x00, ""), masked(0x80, "")])
            .hears([Frame::binary(b"ab")]),
        case("5 + a pong between", [first, masked(0x8A, "unasked"), second]).hears([echo_of(&*said)]),
    ]
}

/// 7.*
fn closes() -> Vec<Case> {
    let said = || message("before");
    let large = message_of(256 * 1024);
    let mut cases = vec![
        case("7.1.1", [text(said()), close(1000, "")]).hears([echo_of(said())]).answered(1000),
        case("7.1.2", [close(1000, ""), close(1001, "")]).answered(1000),
        case("7.1.3", [close(1000, ""), ping("")]).answered(1000),
        case("7.1.4", [close(1000, ""), text(said())]).answered(1000),
        case("7.1.5", [masked(0x01, "fragment1"), close(1000, ""), masked(0x80, "fragment2")]).answered(1000),
        case("7.1.6", [text(&large), close(1000, ""), ping("")]).hears([echo_of(large)]).answered(1000),
        case("7 + garbage behind it", [close(1000, ""), vec![0xFF; 100]]).answered(1000),
        case("7.3.1", [masked(0x88, "")]).answered(1000),
        case("7.3.2", [masked(0x88, "a")]).breaches("close code of one byte"),
        case("7.3.3", [close(1000, "")]).answered(1000),
        case("7.3.4", [close(1000, "Hello World!")]).answered(1000),
        case("7.3.5", [close(1000, &"*".repeat(123))]).answered(1000),
        case("7.3.6", [close(1000, &"*".repeat(124))]).breaches("control frame over 125 bytes"),
        case("7.5.1", [masked(0x88, b"\x03\xE8\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80edited")])
            .breaks_utf8(),
        case("7.5 + a character cut off", [masked(0x88, b"\x03\xE8caf\xC3")]).breaks_utf8(),
    ];
    let valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999, 1012, 1013, 1014];
    for (at, code) in valid.into_iter().enumerate() {
        let id = if at < 13 { format!("7.7.{}", at + 1) } else { format!("7.7 + {code}") };
        cases.push(case(id, [close(code, "reason")]).answered(code));
    }
    let invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 1015];
    for (at, code) in invalid.into_iter().enumerate() {
        let id = if at < 9 { format!("7.9.{}", at + 1) } else { format!("7.9 + {code}") };
        cases.push(case(id, [close(code, "reason")]).breaches("invalid close code"));
    }
    cases.push(case("7.13.1", [close(5000, "")]).breaches("invalid close code"));
    cases.push(case("7.13.2", [close(65_535, "")]).breaches("invalid close code"));
    cases
}

/// 9.*, smaller, and 10.*.
fn limits_and_loads() -> Vec<Case> {
    let mut cases = vec![];
    for (at, kib) in [64, 128, 256].into_iter().enumerate() {
        let said = message_of(kib * 1024);
        cases.push(case(format!("9.1.{}", at + 1), [text(&said)]).hears([echo_of(said)]));
        let said = vec![0xFE; kib * 1024];
        cases.push(case(format!("9.2.{}", at + 1), [binary(&said)]).hears([Frame::binary(&said)]));
    }
    for (at, size) in [64, 256, 1024, 4096, 16_384, 65_536].into_iter().enumerate() {
        let said = message_of(64 * 1024);
        cases.push(case(format!("9.3.{}", at + 1), fragments(0x01, &said, size)).hears([echo_of(&*said)]));
        cases.push(case(format!("9.4.{}", at + 1), fragments(0x02, &said, size)).hears([Frame::binary(&said)]));
    }
    // 9.5 and 9.6 are large messages in pieces: as every row is.
    for (at, size) in [32, 64, 256, 1024].into_iter().enumerate() {
        let said = message_of(size);
        let hundred = |frame: Vec<u8>| std::iter::repeat_n(frame, 100);
        let echoes = std::iter::repeat_with(|| echo_of(&*said)).take(100);
        cases.push(case(format!("9.7.{}", at + 2), hundred(text(&said))).hears(echoes));
        let echoes = std::iter::repeat_with(|| Frame::binary(&said)).take(100);
        cases.push(case(format!("9.8.{}", at + 2), hundred(binary(&said))).hears(echoes));
    }
    let said = message_of(65_536);
    cases.push(case("10.1.1", fragments(0x01, &said, 1300)).hears([echo_of(&*said)]));
    cases
}

/// How the same bytes are sent.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Nowhere,
    BetweenFrames,
    Everywhere,
}

impl Cut {
    async fn send(self, raw: &mut Raw, frames: &[Vec<u8>]) {
        let all = frames.concat();
        let pieces: Vec<&[u8]> = match self {
            Self::Nowhere => vec![&all],
            Self::BetweenFrames => frames.iter().map(|frame| &frame[..]).collect(),
            // Long ones as the suite has it, in pieces of 997 bytes, which fit no frame's end.
            Self::Everywhere => all.chunks(if all.len() < 1024 { 1 } else { 997 }).collect(),
        };
        for piece in pieces {
            raw.write(piece).await;
            // Lets the server read: where it can, each piece is a read of its own.
            yield_now().await;
        }
    }
}

/// Says which case it was where one fails.
struct Named<'a>(&'a Case, Cut);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in the case {}, cut {:?}", self.0.id, self.1);
        }
    }
}

async fn check(cases: Vec<Case>) {
    let config = Config::default().message_bytes(256 * 1024).outbox_bytes(4 * 1024 * 1024);
    let mut fixture = Fixture::with(config).await;
    for case in &cases {
        for cut in [Cut::Nowhere, Cut::BetweenFrames, Cut::Everywhere] {
            let _named = Named(case, cut);
            run(&mut fixture, case, cut).await;
        }
    }
    fixture.finish(()).await;
}

async fn run(fixture: &mut Fixture, case: &Case, cut: Cut) {
    let mut raw = fixture.raw("r").await;
    cut.send(&mut raw, &case.says).await;
    for heard in &case.hears {
        let frame = raw.frame().await.expect("an answer");
        match heard {
            Heard::Frame(expected) => assert!(frame == *expected, "{}", differ(&frame, expected)),
            Heard::Malformed => {
                let fault: serde_json::Value = serde_json::from_slice(&frame.payload).unwrap();
                assert_eq!((&fault["type"], &fault["code"]), (&"error".into(), &"malformed".into()));
            }
        }
    }
    let (by, code, reason) = match case.ends {
        Ends::Not => {
            raw.write(close(1000, "")).await;
            (ClosedBy::Client, 1000, "")
        }
        Ends::Answered(code) => (ClosedBy::Client, code, ""),
        Ends::Refused(code, reason) => (ClosedBy::Violation, code.as_u16(), reason),
    };
    raw.expect_close(code, reason).await;
    let end = fixture.end().await.close;
    assert_eq!(end.by, by);
    if by == ClosedBy::Violation {
        assert_eq!((end.code.map(u16::from), &*end.reason), (Some(code), reason));
    }
}

/// Where two frames differ, which may be long.
fn differ(got: &Frame, expected: &Frame) -> String {
    let at = got.payload.iter().zip(&expected.payload).take_while(|(got, expected)| got == expected).count();
    let describe = |frame: &Frame| format!("{:#04x} with {} bytes", frame.first, frame.payload.len());
    format!("got {}, not {}; the payloads differ at {at}", describe(got), describe(expected))
}

#[tokio::test]
async fn framing_is_as_the_rfc_has_it() {
    check(framing()).await;
}

#[tokio::test]
async fn pings_and_pongs_are_as_the_rfc_has_them() {
    check(pings_and_pongs()).await;
}

#[tokio::test]
async fn reserved_bits_are_refused() {
    check(reserved_bits()).await;
}

#[tokio::test]
async fn reserved_opcodes_are_refused() {
    check(reserved_opcodes()).await;
}

#[tokio::test]
async fn fragmentation_is_as_the_rfc_has_it() {
    check(fragmentation()).await;
}

#[tokio::test]
async fn text_is_utf8_and_fails_at_its_first_impossible_byte() {
    check(utf8::cases()).await;
}

#[tokio::test]
async fn closes_are_as_the_rfc_has_them() {
    check(closes()).await;
}

#[tokio::test]
async fn large_and_many_messages_come_back_whole_and_in_order() {
    check(limits_and_loads()).await;
}
