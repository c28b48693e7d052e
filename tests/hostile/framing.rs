//! What is no frame, frames that lie, and frames without end.

use std::time::Duration;

use channel_runtime::{Config, Rate};
use tokio::task::yield_now;

use super::Attack;
use super::seen::{Seen, closed, reacted};
use super::stage::Stage;
use crate::support::{Raw, close, masked, text, upgrade};

/// A frame's first bytes as they are, and a mask of zeros.
fn bare(head: &[u8]) -> Vec<u8> {
    [head, &[0; 4]].concat()
}

/// A length of 64 bits.
fn long(length: u64) -> Vec<u8> {
    bare(&[&[0x82, 0xFF][..], &length.to_be_bytes()].concat())
}

/// Forty frames, and no more for an hour: what passes a flood's rate is counted.
pub fn hourly() -> Config {
    Config::default().message_rate(Rate::new(40, Duration::from_secs(3600)))
}

pub fn attacks() -> Vec<Attack> {
    let echo = |said: &str| text(&format!(r#"{{"type":"echo","text":"{said}"}}"#));
    let said = br#"{"type":"echo","text":"in two"}"#;
    let halves = |between: Vec<u8>| [masked(0x01, &said[..9]), between, masked(0x80, &said[9..])].concat();
    vec![
        Attack::frames(
            "unmasked",
            "a frame without a mask",
            "closed with 1002: frame of a client is not masked",
            b"\x81\x02hi",
        ),
        Attack::frames(
            "reserved_bits",
            "the first reserved bit, where nothing was agreed",
            "closed with 1002: reserved bits are set",
            masked(0xC1, "{}"),
        ),
        Attack::frames(
            "all_reserved_bits",
            "all three reserved bits",
            "closed with 1002: reserved bits are set",
            masked(0xF1, "{}"),
        ),
        Attack::frames(
            "reserved_opcode",
            "an opcode that has no meaning",
            "closed with 1002: reserved opcode",
            masked(0x83, ""),
        ),
        Attack::frames(
            "reserved_control_opcode",
            "a control frame that has no meaning",
            "closed with 1002: reserved opcode",
            masked(0x8F, ""),
        ),
        Attack::frames(
            "fragmented_ping",
            "a ping in fragments",
            "closed with 1002: fragmented control frame",
            masked(0x09, "a"),
        ),
        Attack::frames(
            "long_ping",
            "a ping of 126 bytes",
            "closed with 1002: control frame over 125 bytes",
            masked(0x89, [0; 126]),
        ),
        Attack::frames(
            "length_of_64_bits",
            "a frame of 2^63 bytes",
            "closed with 1002: length over 63 bits",
            long(1 << 63),
        ),
        Attack::frames(
            "length_of_63_bits",
            "a frame of 2^62 bytes",
            "closed with 1009: message over the size limit",
            long(1 << 62),
        ),
        Attack::frames(
            "length_of_a_tebibyte",
            "a frame of 2^40 bytes",
            "closed with 1009: message over the size limit",
            long(1 << 40),
        ),
        Attack::frames(
            "padded_length",
            "125 bytes, said in 16 bits",
            "closed with 1002: length is not in its shortest form",
            bare(&[0x82, 0xFE, 0, 125]),
        ),
        Attack::frames(
            "more_padded_length",
            "65,535 bytes, said in 64 bits",
            "closed with 1002: length is not in its shortest form",
            long(65_535),
        ),
        Attack::frames(
            "continuation_of_nothing",
            "a continuation of no message",
            "closed with 1002: continuation of no message",
            masked(0x80, "a"),
        ),
        Attack::frames(
            "message_within_a_message",
            "a message within a fragmented one",
            "closed with 1002: message within a fragmented message",
            halves(echo("within")),
        ),
        Attack::frames(
            "no_utf8",
            "text that is no UTF-8",
            "closed with 1007: text is not UTF-8",
            masked(0x81, b"\xFF"),
        ),
        Attack::frames(
            "overlong_utf8",
            "a slash in two bytes",
            "closed with 1007: text is not UTF-8",
            masked(0x81, b"\xC0\xAF"),
        ),
        Attack::frames(
            "utf8_cut_off",
            "text that ends within a character",
            "closed with 1007: text is not UTF-8",
            masked(0x81, b"\xE2\x82"),
        ),
        Attack::frames(
            "surrogate",
            "half a surrogate pair in UTF-8",
            "closed with 1007: text is not UTF-8",
            masked(0x01, b"\xED\xA0\x80"),
        ),
        Attack::frames(
            "close_of_one_byte",
            "a Close with half a code",
            "closed with 1002: close code of one byte",
            masked(0x88, "a"),
        ),
        Attack::frames(
            "close_without_meaning",
            "a Close with 1005, which no frame says",
            "closed with 1002: invalid close code",
            close(1005, ""),
        ),
        Attack::frames(
            "close_of_the_future",
            "a Close with 2999",
            "closed with 1002: invalid close code",
            close(2999, ""),
        ),
        Attack::frames(
            "close_of_65535",
            "a Close with 65,535",
            "closed with 1002: invalid close code",
            close(65_535, ""),
        ),
        Attack::frames(
            "close_with_bytes",
            "a Close whose reason is no UTF-8",
            "closed with 1007: text is not UTF-8",
            masked(0x88, b"\x03\xE8\xFF"),
        ),
        Attack::frames(
            "long_close",
            "a Close of 126 bytes",
            "closed with 1002: control frame over 125 bytes",
            close(1000, &"x".repeat(124)),
        ),
        Attack::frames(
            "behind_a_close",
            "messages, garbage and another Close behind a Close",
            "closed with 1000",
            [close(1000, ""), echo("late"), vec![0xFF; 10_000], close(1002, "")].concat(),
        ),
        Attack::frames(
            "pings_within_a_message",
            "100 pings within a message",
            "pong 100 times, echo, goes on",
            halves(masked(0x89, "x").repeat(100)),
        ),
        Attack::frames(
            "close_within_a_message",
            "a Close within a message",
            "closed with 1000",
            halves(close(1000, "")),
        ),
        Attack::frames(
            "many_fragments",
            "a message in 1025 fragments",
            "closed with 1009: message in too many fragments",
            [masked(0x01, ""), masked(0x00, "").repeat(1025)].concat(),
        ),
        Attack::frames(
            "tiny_fragments",
            "a message of 1000 bytes, each a fragment",
            "binary, goes on",
            [masked(0x02, "x"), masked(0x00, "x").repeat(998), masked(0x80, "x")].concat(),
        ),
        Attack::frames(
            "growing_message",
            "fragments of 1 KiB without end",
            "closed with 1009: message over the size limit",
            [masked(0x02, ""), masked(0x00, [7; 1024]).repeat(65)].concat(),
        ),
        Attack::frames(
            "lying_fragment",
            "a second fragment that is said to be of 2^62 bytes",
            "closed with 1009: message over the size limit",
            [masked(0x02, "x"), bare(&[&[0x80, 0xFF][..], &(1_u64 << 62).to_be_bytes()].concat())].concat(),
        ),
        Attack::frames(
            "http_behind_it",
            "an HTTP request where frames are spoken",
            "closed with 1002: reserved bits are set",
            upgrade("/square/market"),
        ),
        Attack::does("byte_by_byte", "every frame in pieces of one byte", "pong, echo, goes on", byte_by_byte),
        Attack::does("ping_flood", "pings as fast as they go", "closed with 1008: too many messages", async |stage| {
            flood(stage, &masked(0x89, "x").repeat(1000)).await
        })
        .with(hourly()),
        Attack::does(
            "pong_flood",
            "pongs that nobody asked for",
            "closed with 1008: too many messages",
            async |stage| flood(stage, &masked(0x8A, "x").repeat(1000)).await,
        )
        .with(hourly()),
        Attack::does(
            "empty_fragments",
            "fragments without a byte and without end",
            "closed with 1008: too many messages",
            async |stage| fragments_without_end(stage).await,
        )
        .with(hourly()),
    ]
}

async fn byte_by_byte(stage: &mut Stage) -> String {
    let mut raw = stage.attacker().await;
    let said = [masked(0x89, "x"), masked(0x01, br#"{"type":"ec"#), masked(0x80, br#"ho","text":"slow"}"#)].concat();
    for byte in said {
        raw.write([byte]).await;
        // Lets the server read: each byte is a read of its own.
        yield_now().await;
    }
    reacted(raw).await
}

async fn fragments_without_end(stage: &mut Stage) -> String {
    let mut raw = stage.attacker().await;
    raw.write(masked(0x01, "")).await;
    flooded(stage, raw, &masked(0x00, "").repeat(1000)).await
}

/// What a flood of these frames comes to, at a rate of forty an hour. Frames are counted in lots: a quarter more may pass.
pub async fn flood(stage: &mut Stage, frames: &[u8]) -> String {
    let raw = stage.attacker().await;
    flooded(stage, raw, frames).await
}

pub async fn flooded(stage: &mut Stage, mut raw: Raw, frames: &[u8]) -> String {
    let flooding = async {
        for piece in frames.chunks(500) {
            raw.write_if_open(piece).await;
            yield_now().await;
        }
        let mut seen = Seen::default();
        loop {
            match raw.frame().await.expect("a close") {
                frame if frame.first == 0x88 => return seen.within(50).and(&closed(&frame)),
                frame => seen.add(&frame),
            }
        }
    };
    stage.throughout(flooding).await
}
