//! What a message costs on its way out and in: JSON into bytes, and frames out of what was read; with the feature `cluster` also its
//! way between two nodes as bytes.

use std::hint::black_box;
use std::time::Duration;

use channel_runtime::private::{FrameReader, Head, encode_one_of};
use channel_runtime::{Ref, channel, message};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

/// As much as a connection reads at once.
const READ: usize = 16 * 1024;

#[message(type = "move")]
struct Move {
    from: String,
    to: String,
    piece: String,
    player_id: String,
}

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Move, Said))]
impl Game {}

fn a_move() -> Move {
    let text = |text: &str| text.to_owned();
    Move { from: text("e2"), to: text("e4"), piece: text("pawn"), player_id: text("user_507f1f77bcf86cd799439011") }
}

fn encode(criterion: &mut Criterion) {
    let reference = Ref::Number(17);
    let answer = Head { reference: Some(&reference), room: None };
    let cases = [
        ("move", GameToClient::from(a_move()), Head::default()),
        ("move with ref", GameToClient::from(a_move()), answer),
        ("1 KB of text", GameToClient::from(Said { text: "the quick brown fox ".repeat(50) }), Head::default()),
        ("1 KB of escapes", GameToClient::from(Said { text: "\"quoted\",\n".repeat(84) }), Head::default()),
    ];
    let mut group = criterion.benchmark_group("encode");
    for (name, message, head) in cases {
        let encoded = || {
            // With the room that a frame begins with.
            let mut out = Vec::with_capacity(256);
            encode_one_of(black_box(&message), head, &mut out).expect("it is an object");
            out
        };
        group.throughput(Throughput::Bytes(encoded().len() as u64));
        group.bench_function(name, |b| b.iter(encoded));
    }
    group.finish();
}

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | len as u8),
        len @ ..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A text in so many frames.
fn fragments(text: &[u8], count: usize) -> Vec<u8> {
    let size = text.len().div_ceil(count);
    let last = text.len().div_ceil(size) - 1;
    let first = |at| if at == 0 { 0x01 } else { 0x00 } | if at == last { 0x80 } else { 0x00 };
    text.chunks(size).enumerate().flat_map(|(at, piece)| masked(first(at), piece)).collect()
}

fn parse(criterion: &mut Criterion) {
    let small = br#"{"type":"move","from":"e2","to":"e4","piece":"pawn","player_id":"user_507f1f77bcf86cd799439011"}"#;
    let text: Vec<u8> = "the quick brown fox jumps over the lazy dög ".bytes().cycle().take(64 * 1000).collect();
    let frame = masked(0x81, small);
    let cases = [
        ("small texts, a read full", frame.repeat(READ / frame.len()), READ / frame.len()),
        ("a small text", frame, 1),
        ("64 KB of text", masked(0x81, &text), 1),
        ("64 KB of binary", masked(0x82, &text), 1),
        ("64 KB of text in 64 fragments", fragments(&text, 64), 1),
        ("a ping", masked(0x89, b"there?"), 1),
    ];
    let mut group = criterion.benchmark_group("parse");
    for (name, stream, messages) in cases {
        let mut reader = FrameReader::default();
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &stream, |b, stream| {
            // A copy for each, for what is read is unmasked where it stands.
            b.iter_batched_ref(
                || stream.clone(),
                |stream| {
                    let read: usize = stream.chunks_mut(READ).map(|bytes| reader.read(black_box(bytes))).sum();
                    assert_eq!(read, messages);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

#[cfg(feature = "cluster")]
fn parcels(criterion: &mut Criterion) {
    use channel_runtime::private::Relayed;

    const BYTES: usize = 200;
    let mut group = criterion.benchmark_group("parcel");
    for messages in [1, 46] {
        let relayed = Relayed::new(messages, BYTES);
        let parcel = relayed.write();
        group.throughput(Throughput::Elements(messages as u64));
        group.bench_function(BenchmarkId::new("write", messages), |b| b.iter(|| relayed.write()));
        group.bench_function(BenchmarkId::new("read", messages), |b| {
            b.iter(|| assert_eq!(Relayed::read(black_box(&parcel)), messages * BYTES));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(50)
        .configure_from_args();
    encode(&mut criterion);
    parse(&mut criterion);
    #[cfg(feature = "cluster")]
    parcels(&mut criterion);
    criterion.final_summary();
}
