//! What is too large, at once, in pieces, or once it is inflated.

use channel_runtime::{Compression, Config};
use flate2::{Compress, FlushCompress};

use super::seen::reacted;
use super::stage::Stage;
use super::{Attack, Way};
use crate::support::{head, masked, noise};

/// The longest message that may come.
const LIMIT: usize = 64 * 1024;

pub fn attacks() -> Vec<Attack> {
    let too_big = "closed with 1009: message over the size limit";
    let half = LIMIT / 2;
    let compressed = |name, tries, ends, frames: Vec<u8>| {
        let config = Config::default().compression(Compression::default());
        Attack::new(name, tries, ends, Way::Compressed(frames)).with(config).holding(512)
    };
    let put = |len: usize| deflated(format!(r#"{{"type":"put","ref":1,"text":"{}"}}"#, "x".repeat(len)).as_bytes());
    let bomb = deflated(&vec![0; 8 * 1024 * 1024]);
    vec![
        Attack::frames("all_that_may_be", "a message of 64 KiB", "binary, goes on", masked(0x82, vec![7; LIMIT]))
            .holding(512),
        Attack::frames("a_byte_more", "a message of a byte more", too_big, masked(0x82, vec![7; LIMIT + 1])),
        Attack::frames(
            "a_byte_more_announced",
            "the same, of which only the head comes",
            too_big,
            head(0x82, LIMIT + 1),
        ),
        Attack::frames(
            "a_byte_more_in_fragments",
            "a byte more over two fragments",
            too_big,
            [masked(0x02, vec![7; half]), masked(0x80, vec![7; half + 1])].concat(),
        ),
        Attack::frames(
            "long_frame",
            "a frame of 2 KiB where 1 KiB is allowed",
            "closed with 1009: frame over the size limit",
            head(0x82, 2048),
        )
        .with(Config::default().frame_bytes(1024)),
        Attack::frames(
            "compressed_unasked",
            "a compressed message where nothing was agreed",
            "closed with 1002: reserved bits are set",
            masked(0xC2, deflated(b"{}")),
        ),
        compressed("bomb", "8 MiB of zeros, compressed to 8 KiB", too_big, masked(0xC2, &bomb)),
        compressed("bomb_in_fragments", "the same in fragments of 100 bytes", too_big, fragments(&bomb)),
        compressed(
            "nested_bomb",
            "the same, compressed twice: inflated once, it is small",
            "binary, goes on",
            masked(0xC2, deflated(&bomb)),
        ),
        compressed(
            "row_of_bombs",
            "fifty messages that inflate to 60,000 bytes each, in one segment",
            "success 50 times, goes on",
            masked(0xC1, put(60_000)).repeat(50),
        ),
        compressed(
            "inflated_byte_more",
            "a message that inflates to a byte more than may be",
            too_big,
            masked(0xC2, deflated(&[0; LIMIT + 1])),
        ),
        compressed(
            "no_deflate",
            "a message that can't be inflated",
            "closed with 1007: compressed data is broken",
            masked(0xC2, [0xFF; 100]),
        ),
        compressed(
            "inflated_no_utf8",
            "text that inflates to no UTF-8",
            "closed with 1007: text is not UTF-8",
            masked(0xC1, deflated(b"\xFF\xFE")),
        ),
        compressed(
            "compressed_ping",
            "a compressed ping",
            "closed with 1002: reserved bits are set",
            masked(0xC9, "x"),
        ),
        compressed(
            "compressed_continuation",
            "a continuation that says to be compressed",
            "closed with 1002: reserved bits are set",
            [masked(0x41, "x"), masked(0xC0, "x")].concat(),
        ),
        compressed(
            "noise",
            "twenty messages of 16,000 octets of noise, each of which is sent back",
            "binary 20 times, goes on",
            masked(0x82, noise(16_000)).repeat(20),
        )
        .holding(1024),
        compressed("empty_deflate", "a compressed message of no bytes", "binary, goes on", masked(0xC2, "")),
        compressed(
            "before_the_beginning",
            "a match that refers to what is before the message",
            "closed with 1007: compressed data is broken",
            masked(0xC2, [0x02, 0x7E, 0x00]),
        ),
        Attack::does(
            "half_bombs",
            "twenty that stop within a compressed message",
            "closed with 1009: message over the size limit",
            half_bombs,
        )
        .with(Config::default().compression(Compression::default()))
        .holding(3072),
    ]
}

/// A compressed message's payload.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(bytes.len() / 500 + 1000);
    Compress::new(flate2::Compression::best(), false).compress_vec(bytes, &mut payload, FlushCompress::Sync).unwrap();
    assert!(payload.ends_with(&[0, 0, 0xFF, 0xFF]));
    payload.truncate(payload.len() - 4);
    payload
}

fn fragments(payload: &[u8]) -> Vec<u8> {
    let (first, rest) = payload.split_at(100);
    let rest = rest.chunks(100).flat_map(|piece| masked(0x00, piece));
    [masked(0x42, first), rest.collect(), masked(0x80, "")].concat()
}

async fn half_bombs(stage: &mut Stage) -> String {
    let bomb = deflated(&[0; LIMIT]);
    // Goes on behind what each flush ends with, which is not sent at the end of a message.
    let rest = masked(0x80, [&[0, 0, 0xFF, 0xFF][..], &deflated(b"x")].concat());
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut raw = stage.compressing_attacker().await;
        raw.write(masked(0x42, &bomb)).await;
        crowd.push(raw);
    }
    stage.serves_the_honest().await;
    let mut ends = Vec::new();
    for mut raw in crowd {
        raw.write(&rest).await;
        ends.push(reacted(raw).await);
    }
    ends.dedup();
    ends.join("; ")
}
