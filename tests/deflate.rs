//! Compression, over real sockets: a client that really speaks permessage-deflate, and some that break it.

#[cfg(feature = "cluster")]
#[path = "support/buses.rs"]
mod buses;
mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use channel_runtime::{ClosedBy, Compression, Config, Text, channel, channels, message};
use flate2::{Compress, Decompress, FlushCompress, FlushDecompress};
use support::wire::{Fixture, Say, Wire, bare, echo, greeted, say};
use support::{Frame, Raw, masked, noise, start, upgrade};
use tokio::sync::Notify;
use tokio::task::yield_now;

/// What each compressed message ends with, and is not sent.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

const OFFER: &str = "permessage-deflate; client_max_window_bits";

fn config() -> Config {
    Config::default().compression(Compression::default())
}

/// The request of a client that offers this.
fn offering(path: &str, offer: &str) -> String {
    upgrade(path).replacen("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {offer}\r\n\r\n"), 1)
}

/// A client with a codec of its own, as what was answered says.
struct Client {
    raw: Raw,
    /// What was answered; nothing where nothing was agreed.
    answer: Option<String>,
    compress: Compress,
    window_bits: u8,
}

impl Client {
    async fn new(fixture: &Fixture, room: &str, offer: &str) -> Self {
        let mut raw = fixture.server.connect().await;
        raw.write(offering(&format!("/wire/{room}"), offer)).await;
        let mut client = Self::opened(raw).await;
        greeted(&mut client.raw).await;
        client
    }

    /// One that has asked, and reads the answer.
    async fn opened(mut raw: Raw) -> Self {
        let response = raw.response().await;
        assert_eq!(response.status, 101, "{response:?}");
        let answer = response.header("sec-websocket-extensions").map(str::to_owned);
        let number = |name: &str| {
            let (_, rest) = answer.as_ref()?.split_once(&format!("{name}="))?;
            rest.split(';').next()?.parse::<u8>().ok()
        };
        let window_bits = number("server_max_window_bits").unwrap_or(15);
        let bits = number("client_max_window_bits").unwrap_or(15);
        let compress = Compress::new_with_window_bits(flate2::Compression::best(), false, bits);
        Self { raw, answer, compress, window_bits }
    }

    fn says(&self, name: &str) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.contains(name))
    }

    /// A message's payload.
    fn compressed(&mut self, text: impl AsRef<[u8]>) -> Vec<u8> {
        let text = text.as_ref();
        let mut payload = Vec::with_capacity(text.len() + 100);
        self.compress.compress_vec(text, &mut payload, FlushCompress::Sync).unwrap();
        assert!(payload.ends_with(&TAIL));
        payload.truncate(payload.len() - TAIL.len());
        if self.says("client_no_context_takeover") {
            self.compress.reset();
        }
        payload
    }

    async fn send(&mut self, text: impl AsRef<[u8]>) {
        let payload = self.compressed(text);
        self.raw.write(masked(0xC1, payload)).await;
    }

    /// The next message, which is compressed: none refers to another.
    fn inflated(&self, frame: &Frame) -> Vec<u8> {
        assert!(self.says("server_no_context_takeover"));
        assert_eq!(frame.first & 0x40, 0x40, "not compressed: {frame:?}");
        let mut text = Vec::with_capacity(1 << 20);
        let mut decompress = Decompress::new_with_window_bits(false, self.window_bits);
        let input = [&frame.payload[..], &TAIL].concat();
        decompress.decompress_vec(&input, &mut text, FlushDecompress::None).unwrap();
        assert_eq!(decompress.total_in(), input.len() as u64);
        text
    }

    /// The next message is compressed, and reads so; answers it as it came.
    async fn expect(&mut self, text: &str) -> Frame {
        let frame = self.raw.frame().await.expect("a message");
        assert_eq!(frame.first, 0xC1);
        assert_eq!(String::from_utf8(self.inflated(&frame)).unwrap(), text);
        frame
    }
}

/// It repeats itself, but for the most part further back than the smallest windows see.
fn long_text() -> String {
    (0..4000u32).map(|n| format!("{:x} ", (n % 1000).wrapping_mul(2_654_435_761))).collect()
}

/// Compressed it is a thousandth of itself.
fn padded_tick() -> String {
    format!(r#"{{"type":"tick","pad":"{}"}}"#, "x".repeat(60_000))
}

#[tokio::test]
async fn what_is_offered_is_answered_or_passed_over() {
    let fixture = Fixture::with(config()).await;
    let minimal = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offer, answer) in [
        ("permessage-deflate", Some(minimal)),
        (OFFER, Some(minimal)),
        (
            "permessage-deflate; server_max_window_bits=10",
            Some(
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_no_context_takeover",
            ),
        ),
        ("permessage-deflate; server_max_window_bits=99, permessage-deflate", Some(minimal)),
        ("permessage-deflate; server_max_window_bits=99", None),
        ("permessage-deflate; what=\"", None),
        ("bzip, \u{e9}", None),
    ] {
        let client = Client::new(&fixture, "r", offer).await;
        assert_eq!(client.answer.as_deref(), answer, "{offer}");
    }
    fixture.finish(()).await;
    let without = Fixture::new().await;
    assert_eq!(Client::new(&without, "r", OFFER).await.answer, None);
    without.finish(()).await;
}

#[tokio::test]
async fn what_is_long_enough_is_compressed_both_ways() {
    let fixture = Fixture::with(config()).await;
    let mut client = Client::new(&fixture, "r", OFFER).await;
    let (short, long) = (echo("short"), echo(&long_text()));
    client.send(&long).await;
    let frame = client.expect(&long).await;
    assert!(frame.payload.len() < long.len() * 2 / 3);
    client.send(&short).await;
    client.raw.expect(Frame::text(&short)).await;
    // A client need not compress, nor do so in one frame, nor all of what it says.
    client.raw.write(masked(0x81, &long)).await;
    client.expect(&long).await;
    let payload = client.compressed(&long);
    let (first, rest) = payload.split_at(1000);
    let (second, third) = rest.split_at(1);
    client.raw.write([masked(0x41, first), masked(0x89, "there?"), masked(0x00, second)].concat()).await;
    client.raw.expect(Frame::pong(b"there?")).await;
    client.raw.write([masked(0x80, third), masked(0xC1, [0])].concat()).await;
    client.expect(&long).await;
    let invalid = client.raw.frame().await.unwrap();
    assert!(String::from_utf8(invalid.payload).unwrap().contains(r#""type":"error""#), "an empty message is no JSON");
    let zeros = client.compressed([0; 5000]);
    client.raw.write(masked(0xC2, zeros)).await;
    let frame = client.raw.frame().await.unwrap();
    assert_eq!((frame.first, client.inflated(&frame)), (0xC2, vec![0; 5000]));
    fixture.finish(client.raw).await;
}

#[tokio::test]
async fn every_member_hears_a_broadcast_in_the_form_it_reads() {
    let fixture = Fixture::with(config()).await;
    let mut plain = fixture.raw("r").await;
    let mut members = Vec::new();
    for offer in [OFFER, "permessage-deflate; server_max_window_bits=9", "permessage-deflate", OFFER] {
        members.push(Client::new(&fixture, "r", offer).await);
    }
    let (long, short) = (long_text(), "short".to_owned());
    let middling = "what fits into all windows ".repeat(15);
    let hub = &fixture.hub;
    let room = Wire::room("r");
    let other = Wire::room("nobody is here");
    for text in [&long, &short, &middling, &long] {
        let message = || Say { text: text.clone() };
        plain.write(support::text(&say(text))).await;
        for round in 0..4 {
            // What the handler of the plain member sends comes first.
            plain.expect(Frame::text(&say(text))).await;
            let mut frames = Vec::new();
            for member in &mut members {
                match text == &short {
                    true => member.raw.expect(Frame::text(&say(text))).await,
                    false => frames.push(member.expect(&say(text)).await),
                }
            }
            if let [first, small, third, fourth] = &frames[..] {
                assert_eq!((first, first), (third, fourth));
                // The smallest window sees less of what is long, and all of what is not.
                assert_eq!(first == small, text == &middling);
                assert!(first.payload.len() <= small.payload.len() && small.payload.len() < text.len());
            }
            let sent = match round {
                0 => hub.room(&room).send(message()),
                1 => hub.all().send(message()),
                2 => hub.rooms([other.clone(), room.clone()]).send(message()),
                _ => break,
            };
            assert_eq!((sent.recipients, sent.refused), (5, 0));
        }
    }
    fixture.finish((plain, members.into_iter().map(|member| member.raw).collect::<Vec<_>>())).await;
}

#[tokio::test]
async fn one_connection_of_many_hears_what_is_sent_to_it_compressed() {
    let fixture = Fixture::with(config()).await;
    let mut raw = fixture.server.connect().await;
    raw.write(offering("/wire/r", OFFER)).await;
    let mut client = Client::opened(raw).await;
    let id = greeted(&mut client.raw).await;
    let _other = fixture.raw("r").await;
    let text = long_text();
    assert_eq!(fixture.hub.connection(id).send(Say { text: text.clone() }).recipients, 1);
    client.expect(&say(&text)).await;
    fixture.finish(client.raw).await;
}

/// Both are served by one thread, and so by the same compressors. What one client's noise left in them made the next message
/// a panic, and stood in another client's message.
#[tokio::test]
async fn what_one_client_is_sent_leaves_no_trace_in_what_another_is_sent() {
    for level in [1, 3, 9] {
        let fixture = Fixture::with(Config::default().compression(Compression::default().level(level))).await;
        let mut noisy = Client::new(&fixture, "noisy", OFFER).await;
        let mut other = Client::new(&fixture, "other", OFFER).await;
        let text = echo(&long_text());
        let first = {
            other.send(&text).await;
            other.expect(&text).await
        };
        for len in [300, 16_000, 32_000] {
            let noise = noise(len);
            for _ in 0..10 {
                for _ in 0..30 {
                    noisy.raw.write(masked(0x82, &noise)).await;
                    noisy.raw.expect(Frame::binary(&noise)).await;
                }
                other.send(&text).await;
                assert_eq!(other.expect(&text).await, first, "after {len} octets at level {level}");
            }
        }
        fixture.finish((noisy.raw, other.raw)).await;
    }
}

#[tokio::test]
async fn long_and_short_messages_keep_their_order() {
    let fixture = Fixture::with(config()).await;
    let mut speaker = Client::new(&fixture, "r", OFFER).await;
    let mut listener = Client::new(&fixture, "r", "permessage-deflate; server_max_window_bits=10").await;
    let texts: Vec<String> = (0..200).map(|n| format!("{n} ").repeat(1 + n % 3 * 200)).collect();
    let mut bytes = Vec::new();
    for text in &texts {
        bytes.extend(masked(0xC1, speaker.compressed(say(text))));
    }
    let written = speaker.raw.write(&bytes);
    let heard = async {
        for text in &texts {
            let frame = listener.raw.frame().await.unwrap();
            let payload = if frame.first == 0xC1 { listener.inflated(&frame) } else { frame.payload };
            assert_eq!(String::from_utf8(payload).unwrap(), say(text));
        }
    };
    tokio::join!(written, heard);
    fixture.finish((speaker.raw, listener.raw)).await;
}

#[tokio::test]
async fn a_client_may_refer_to_what_it_said_where_the_app_allows_it() {
    let fixture = Fixture::with(Config::default().compression(Compression::default().client_context(12))).await;
    let mut client = Client::new(&fixture, "r", OFFER).await;
    assert!(client.says("client_max_window_bits=12") && !client.says("client_no_context_takeover"));
    let said = echo(&long_text()[..3000]);
    for _ in 0..3 {
        client.send(&said).await;
        client.expect(&said).await;
    }
    let again = client.compressed(&said);
    assert!(again.len() < 100, "{} bytes", again.len());
    client.raw.write(masked(0xC1, again)).await;
    client.expect(&said).await;
    // One that can't be held to so little is told to keep nothing.
    let other = Client::new(&fixture, "r", "permessage-deflate").await;
    assert!(other.says("client_no_context_takeover"));
    fixture.finish((client.raw, other.raw)).await;
}

#[tokio::test]
async fn a_bomb_is_refused_where_it_passes_the_limit() {
    let mut fixture = Fixture::with(config()).await;
    let limit = Config::default().message_bytes;
    let mut client = Client::new(&fixture, "r", OFFER).await;
    let fits = echo(&"x".repeat(limit - echo("").len()));
    client.send(&fits).await;
    client.expect(&fits).await;
    client.send(vec![b' '; limit + 1]).await;
    client.raw.expect_close(1009, "message over the size limit").await;
    let end = fixture.end().await;
    assert_eq!(end.close.by, ClosedBy::Violation);
    // Of three megabytes no more is looked at: they are refused while most of them has not come.
    let mut client = Client::new(&fixture, "r", OFFER).await;
    let bomb = client.compressed(vec![b' '; 3_000_000]);
    let (begins, _) = bomb.split_at(1000);
    client.raw.write(masked(0x41, begins)).await;
    client.raw.expect_close(1009, "message over the size limit").await;
    fixture.end().await;
    fixture.finish(()).await;
}

#[tokio::test]
async fn what_inflates_to_much_in_one_read_is_handled_to_its_end() {
    let fixture = Fixture::with(config()).await;
    let mut client = Client::new(&fixture, "r", OFFER).await;
    let tick = masked(0xC1, client.compressed(padded_tick()));
    let last = masked(0x81, echo("the last"));
    client.raw.write([tick.repeat(300), last.clone()].concat()).await;
    client.raw.expect(Frame::text(&echo("the last"))).await;
    assert_eq!(fixture.app.ticks.load(Ordering::Relaxed), 300);
    let mut raw = fixture.server.connect().await;
    raw.write([offering("/wire/r", OFFER).as_bytes(), &tick.repeat(30), &last].concat()).await;
    let mut eager = Client::opened(raw).await;
    greeted(&mut eager.raw).await;
    eager.raw.expect(Frame::text(&echo("the last"))).await;
    assert_eq!(fixture.app.ticks.load(Ordering::Relaxed), 330);
    fixture.finish((client.raw, eager.raw)).await;
}

#[tokio::test]
async fn a_frame_that_says_to_be_compressed_where_none_can_be_is_a_violation() {
    let mut fixture = Fixture::with(config()).await;
    let hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let mut plain = fixture.raw("r").await;
    plain.write(masked(0xC1, hello)).await;
    plain.expect_close(1002, "reserved bits are set").await;
    fixture.end().await;
    for frames in [
        [masked(0x41, &hello[..3]), masked(0xC0, &hello[3..])].concat(),
        [masked(0x01, "a"), masked(0xC0, hello)].concat(),
        masked(0xC9, "there?"),
        masked(0xCA, ""),
        masked(0xC8, 1000u16.to_be_bytes()),
        masked(0xE1, hello),
        masked(0xD1, hello),
    ] {
        let mut client = Client::new(&fixture, "r", OFFER).await;
        client.raw.write(frames).await;
        client.raw.expect_close(1002, "reserved bits are set").await;
        assert_eq!(fixture.end().await.close.by, ClosedBy::Violation);
    }
    fixture.finish(()).await;
}

#[tokio::test]
async fn what_can_not_be_inflated_or_is_no_text_then_is_invalid() {
    let mut fixture = Fixture::with(config()).await;
    let mut client = Client::new(&fixture, "r", OFFER).await;
    client.raw.write([masked(0x81, bare("tick")), masked(0xC1, [0x06])].concat()).await;
    client.raw.expect_close(1007, "compressed data is broken").await;
    assert_eq!(fixture.end().await.close.by, ClosedBy::Violation);
    assert_eq!(fixture.app.ticks.load(Ordering::Relaxed), 1, "what came before it is handled");
    let mut client = Client::new(&fixture, "r", OFFER).await;
    let payload = client.compressed(b"no \xFF text");
    client.raw.write(masked(0x41, payload)).await;
    client.raw.expect_close(1007, "text is not UTF-8").await;
    fixture.end().await;
    fixture.finish(()).await;
}

#[message(type = "long")]
pub struct Long {
    text: String,
}

#[message(type = "length")]
pub struct Length {
    bytes: usize,
}

/// Its rooms wait for its app.
#[channel("/slow", app = Notify, room_state = ())]
pub struct Slow;

#[channel(sends(Length))]
impl Slow {
    async fn on_room_open(gate: &Notify) {
        gate.notified().await;
    }

    #[message]
    fn long(&self, long: Long) -> Length {
        Length { bytes: long.text.len() }
    }
}

#[tokio::test]
async fn what_a_client_says_while_its_room_opens_may_inflate_to_more_than_is_parked() {
    let gate = Arc::new(Notify::new());
    let server = start(channels![Slow].app_arc(Arc::clone(&gate)).config(config())).await;
    let mut raw = server.connect().await;
    raw.write(offering("/slow", OFFER)).await;
    let mut client = Client::opened(raw).await;
    let long = format!(r#"{{"type":"long","text":"{}"}}"#, "x".repeat(50_000));
    // One read has them all, and the parser keeps the last for later.
    let frames: Vec<u8> = (0..4).flat_map(|_| masked(0xC1, client.compressed(&long))).collect();
    client.raw.write(frames).await;
    for _ in 0..50 {
        yield_now().await;
    }
    gate.notify_one();
    for _ in 0..4 {
        assert_eq!(client.raw.frame().await.unwrap(), Frame::text(r#"{"type":"length","bytes":50000}"#));
    }
}

#[channel("/texts")]
struct Texts;

#[channel(sends(Text))]
impl Texts {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

#[tokio::test]
async fn raw_text_comes_back_as_it_was_and_what_is_too_long_or_no_text_is_not_taken() {
    let server = start(channels![Texts].app(()).config(config())).await;
    let client = async || {
        let mut raw = server.connect().await;
        raw.write(offering("/texts", OFFER)).await;
        Client::opened(raw).await
    };
    let mut echoed = client().await;
    for text in [&*long_text(), "grüße, 🌍 ".repeat(500).as_str(), r#"{"type":"no message"}"#.repeat(100).as_str()]
    {
        echoed.send(text).await;
        let frame = echoed.expect(text).await;
        assert!(frame.payload.len() < text.len(), "{} of {} bytes", frame.payload.len(), text.len());
    }
    // Compressed, they are short and look like any other.
    for (text, code, reason) in [
        ("x".repeat(1 << 20).into_bytes(), 1009, "message over the size limit"),
        ([b"x".repeat(1000), b"\xff".to_vec()].concat(), 1007, "text is not UTF-8"),
    ] {
        let mut closed = client().await;
        closed.send(&text).await;
        closed.raw.expect_close(code, reason).await;
    }
}

/// Of several nodes.
#[channel("/wide/:_room")]
pub struct Wide {
    _room: String,
}

#[channel(sends(Say))]
impl Wide {}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn what_is_sent_on_one_node_is_read_compressed_and_plain_on_another() {
    use channel_runtime::{Channels, Redis};

    let bus = buses::Bus::redis().await;
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let channels: Channels<()> = channels![Wide; cluster].over(Redis::at(bus.url())).await.unwrap();
        let (hub, bus) = (channels.of::<Wide>(), channels.bus().unwrap());
        nodes.push((start(channels.app(()).config(config())).await, hub, bus));
    }
    let [(here, hub, bus), (there, there_hub, _)] = &nodes[..] else { unreachable!() };
    let client = async |server: &support::Running| {
        let mut raw = server.connect().await;
        raw.write(offering("/wide/r", OFFER)).await;
        Client::opened(raw).await
    };
    let mut clients = [client(here).await, client(there).await];
    let mut plain = there.raw("/wide/r").await;
    support::within(async {
        while (hub.all().len(), there_hub.all().len()) != (1, 2) {
            yield_now().await;
        }
    })
    .await;
    let text = say(&long_text());
    // As soon as a hello has said that clients there read it, the compressed message crosses, too.
    support::within(async {
        loop {
            let before = bus.stats().bytes;
            hub.room(&Wide::room("r")).send(Say { text: long_text() });
            let [here, there] = &mut clients;
            let (here, there) = (here.expect(&text).await, there.expect(&text).await);
            assert_eq!(here, there);
            assert_eq!(plain.frame().await, Some(Frame::text(&text)));
            if bus.stats().bytes - before > (text.len() + here.payload.len()) as u64 {
                return;
            }
        }
    })
    .await;
}

#[message(type = "line")]
pub struct Line {
    text: String,
}

#[channel("/kept/:room", history)]
pub struct Kept {
    room: String,
}

#[channel(sends(Line))]
impl Kept {}

#[tokio::test]
async fn a_room_with_history_numbers_what_it_compresses() {
    let channels = channels![Kept];
    let hub = channels.of::<Kept>();
    let server = start(channels.app(()).config(config())).await;
    let mut clients = Vec::new();
    for offer in [OFFER, "permessage-deflate; server_max_window_bits=9", "none"] {
        let mut raw = server.connect().await;
        raw.write(offering("/kept/a", offer)).await;
        clients.push(Client::opened(raw).await);
    }
    while hub.room(&Kept::room("a")).len() < clients.len() {
        yield_now().await;
    }
    let texts: Vec<_> = [3, 40, 900].map(|times| "some words ".repeat(times)).into();
    for text in &texts {
        hub.room(&Kept::room("a")).send(Line { text: text.clone() });
    }
    let mut compressed = 0;
    for client in &mut clients {
        for (at, text) in texts.iter().enumerate() {
            let frame = client.raw.frame().await.unwrap();
            let payload = if frame.first == 0xC1 { client.inflated(&frame) } else { frame.payload.clone() };
            compressed += usize::from(frame.first == 0xC1);
            let expected = format!(r#"{{"$seq":{},"type":"line","text":"{text}"}}"#, at + 1);
            assert_eq!(String::from_utf8(payload).unwrap(), expected);
        }
    }
    assert_eq!(compressed, 4, "the two longer ones for the two who agreed");
}
