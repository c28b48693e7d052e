//! A bounded, repeatable run of each fuzz target: its seeds, and some thousands of their mutations.

use std::fs;
use std::path::Path;

use fastrand::Rng;

use super::mutation::mutate;
use super::{envelopes, frame, json};

/// A second or two for each target, without optimization.
const MUTATIONS: u64 = 60_000;
/// Of texts that five envelopes read and write.
const MUTATIONS_OF_ENVELOPES: u64 = 10_000;

struct FailedInput<'a> {
    from: &'a str,
    input: &'a [u8],
}

impl Drop for FailedInput<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: the input was b\"{}\"", self.from, self.input.escape_ascii());
        }
    }
}

fn run(target: &str, check: fn(&[u8]), words: &[&[u8]], mutations: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for (file, input) in files.iter().zip(&seeds) {
        let _told = FailedInput { from: &file.file_name().unwrap().to_string_lossy(), input };
        check(input);
    }
    for seed in 0..mutations {
        let mut random = Rng::with_seed(seed);
        let mut input = seeds[random.usize(..seeds.len())].clone();
        mutate(&mut input, &seeds[random.usize(..seeds.len())], words, &mut random);
        let _told = FailedInput { from: &format!("mutation {seed}"), input: &input };
        check(&input);
    }
}

#[test]
fn frames() {
    // Whole frames of a client's, masked by zeros, and beginnings of some.
    let words: [&[u8]; 12] = [
        b"\x81\x80\0\0\0\0",
        b"\x01\x81\0\0\0\0a",
        b"\x00\x80\0\0\0\0",
        b"\x80\x82\0\0\0\0\xC3\xA9",
        b"\x02\x81\0\0\0\0\xFF",
        b"\x89\x81\0\0\0\0p",
        b"\x8A\xFD",
        b"\x88\x82\0\0\0\0\x03\xE8",
        b"\x82\xFE",
        b"\x82\xFF\0\0\0\0",
        b"\xF0\x9F\x98",
        b"\xED\xA0\x80",
    ];
    run("frame", frame, &words, MUTATIONS);
}

#[test]
fn json_texts() {
    let words: [&[u8]; 18] = [
        br#""type":"#,
        br#""ref":7,"#,
        br#""$room":"r","#,
        br#","type":"say""#,
        br#""say""#,
        br#""move""#,
        br#""extended""#,
        br#""text":"#,
        br#"\u0074"#,
        br#"\ud83d"#,
        br#"\""#,
        b"1e400",
        b"170141183460469231731687303715884105728",
        b"{",
        b"}",
        b"[[",
        b"\"",
        b"null",
    ];
    run("json", json, &words, MUTATIONS);
}

#[test]
fn texts_of_envelopes() {
    let words: [&[u8]; 24] = [
        br#""jsonrpc":"2.0","#,
        br#""method":"say","#,
        br#""params":"#,
        br#""id":7,"#,
        br#""id":null,"#,
        br#""result":"#,
        br#""error":{"code":-32000,"message":"#,
        br#""data":{"code":"game.full","details":"#,
        br#"[null,"1","room:7","#,
        br#"["1","2","phoenix","heartbeat",{}]"#,
        br#""phx_join""#,
        br#""phx_reply",{"status":"ok","response":"#,
        br#"[2,"1","say","#,
        br#"[3,"1","#,
        br#""type":"say","#,
        br#""text":"a""#,
        br#"\u0074"#,
        br#"\ud83d"#,
        b"1e400",
        b"-0.0",
        b"[[",
        b"{",
        b"}",
        b"null",
    ];
    run("envelopes", envelopes, &words, MUTATIONS_OF_ENVELOPES);
}

#[test]
#[cfg(feature = "deflate")]
fn compressed_frames() {
    // "Hello" as the RFC compresses it, with and without a final block, stored, as two blocks, and pieces of such.
    let words: [&[u8]; 10] = [
        b"\xC1\x87\0\0\0\0\xF2\x48\xCD\xC9\xC9\x07\0",
        b"\xC1\x88\0\0\0\0\xF3\x48\xCD\xC9\xC9\x07\0\0",
        b"\xC1\x8B\0\0\0\0\0\x05\0\xFA\xFFHello\0",
        b"\x41\x83\0\0\0\0\xF2\x48\xCD",
        b"\x80\x84\0\0\0\0\xC9\xC9\x07\0",
        b"\xC1\x85\0\0\0\0\xF2\0\x11\0\0",
        b"\xC2\x81\0\0\0\0\0",
        b"\xC1\x80\0\0\0\0",
        b"\xC9\x80\0\0\0\0",
        b"\0\0\xFF\xFF",
    ];
    run("deflate", super::deflate, &words, MUTATIONS);
}

#[test]
#[cfg(feature = "cluster")]
fn parcels_of_nodes() {
    // Heads, records of several kinds, targets, masks, and lengths that lie.
    let words: [&[u8]; 14] = [
        b"C1\x01AAAAAAAA\x00\x01\0\0\0\0\0\0\0\x01",
        b"C1\x01AAAAAAAA\xFF\0\0\0\0\0\0\0\0\x01",
        b"\x07\x0ACCCC\0\0",
        b"\x08\x06CCCC\0\0\0",
        b"\x0B\x00CCCC\0\0\0\x02{}",
        b"\x0D\x01CCCC\x02\x01\x01r\0\0\x01\0\0",
        b"\x02\x02\x01a\0\x01b\x01\0",
        b"\x03\x02\x01a\x01b\0",
        b"\x04NNNNNNNNSSSSSSSS",
        b"\x03\x01NNNNNNNNSSSSSSSS\x02\x01a\x03\x01b",
        b"\xE8\x03bye",
        b"\x80\x01",
        b"\xFF\xFF\xFF\xFF\x0F",
        b"\xC3\xA9",
    ];
    run("parcels", super::parcels, &words, MUTATIONS);
}
