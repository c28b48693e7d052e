//! Compressed messages through the parser: the examples of RFC 7692, and invalid ones.

use std::collections::VecDeque;

use bytes::Bytes;
use flate2::{Compress, FlushCompress};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::rfc7692::{TAIL, WINDOW_BITS};
use super::*;
use crate::wire::close::CloseCode;
use crate::wire::frame::Opcode;
use crate::wire::header::Header;
use crate::wire::parser::{Input, Limits, Parser, Role, Violation};

fn parser(client_context: Option<u8>, message: usize) -> Parser {
    let agreed = Agreed { server_bits: 15, client_context };
    Parser::new(Role::Client, Limits { message, fragments: 1000 }).inflating(Some(agreed))
}

fn feed(parser: &mut Parser, bytes: &[u8]) -> Result<Vec<Input>, Violation> {
    let mut out = VecDeque::new();
    parser.feed(&mut bytes.to_vec(), &mut out)?;
    while parser.has_rest() {
        parser.feed_rest(&mut out)?;
    }
    Ok(out.into())
}

fn parse(client_context: Option<u8>, message: usize, bytes: &[u8]) -> Result<Vec<Input>, Violation> {
    let whole = feed(&mut parser(client_context, message), bytes);
    let mut parser = parser(client_context, message);
    let pieces: Result<Vec<_>, _> = bytes.iter().map(|byte| feed(&mut parser, &[*byte])).collect();
    assert_eq!(pieces.map(|inputs| inputs.concat()), whole, "byte by byte: {bytes:x?}");
    whole
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let (header, size) = Header {
        fin: first & 0x80 != 0,
        compressed: first & 0x40 != 0,
        opcode: match first & 0x0F {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            _ => Opcode::Ping,
        },
        mask: None,
        len: payload.len() as u64,
    }
    .encode();
    [&header[..size], payload].concat()
}

fn text(text: &str) -> Input {
    Input::Text(text.into())
}

struct Peer {
    compress: Compress,
    keeps_context: bool,
}

impl Peer {
    fn new(window_bits: u8, keeps_context: bool) -> Self {
        let compress = Compress::new_with_window_bits(flate2::Compression::best(), false, window_bits);
        Self { compress, keeps_context }
    }

    fn message(&mut self, text: &[u8]) -> Vec<u8> {
        let mut payload = self.part(text);
        payload.truncate(payload.len() - TAIL.len());
        if !self.keeps_context {
            self.compress.reset();
        }
        payload
    }

    fn part(&mut self, text: &[u8]) -> Vec<u8> {
        let mut payload = Vec::with_capacity(text.len() * 2 + 100);
        self.compress.compress_vec(text, &mut payload, FlushCompress::Sync).unwrap();
        if payload.is_empty() {
            payload.extend([&[0x00], &TAIL[..]].concat());
        }
        assert!(payload.ends_with(&TAIL));
        payload
    }
}

fn compressed(text: &[u8]) -> Vec<u8> {
    Peer::new(15, false).message(text)
}

const TOO_BIG: CloseCode = CloseCode::TOO_BIG;
const BROKEN: Violation = Violation { code: CloseCode::INVALID_DATA, reason: "compressed data is broken" };

/// The text goes over the bound, and the data breaks, within one byte of the input.
#[test]
fn a_message_that_is_too_big_before_it_breaks_is_too_big_however_it_is_cut() {
    let payload = [122, 16, 16, 176, 32, 96, 193, 129, 241];
    assert_eq!(parse(None, 6, &frame(0xC2, &payload)).map_err(|violation| violation.code), Err(TOO_BIG));
    assert_eq!(
        parse(None, 6, &frame(0xC1, &payload)).map_err(|violation| violation.code),
        Err(CloseCode::INVALID_DATA)
    );
}

/// RFC 7692, section 7.2.3.
#[test]
fn the_examples_of_the_rfc_are_read() {
    let hello: [&[u8]; 5] = [
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00",
        // An uncompressed block, one that claims to be the last, and two blocks.
        b"\xc1\x0b\x00\x05\x00\xfa\xffHello\x00",
        b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ];
    for context in [None, Some(8), Some(15)] {
        for bytes in hello {
            assert_eq!(parse(context, 5, bytes), Ok(vec![text("Hello")]), "{bytes:x?}");
        }
        assert_eq!(parse(context, 5, b"\xc1\x01\x00"), Ok(vec![text("")]));
        assert_eq!(parse(context, 5, b"\xc1\x00"), Ok(vec![text("")]));
        assert_eq!(parse(context, 5, b"\x41\x00\x80\x00"), Ok(vec![text("")]));
        assert_eq!(parse(context, 5, b"\x41\x06\xf2\x48\xcd\xc9\xc9\x07\x80\x01\x00"), Ok(vec![text("Hello")]));
        assert_eq!(parse(context, 5, &hello.concat()), Ok(vec![text("Hello"); 5]));
    }
    let twice = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
    assert_eq!(parse(Some(15), 5, twice), Ok(vec![text("Hello"), text("Hello")]));
    assert_eq!(parse(None, 5, twice), Err(BROKEN));
}

/// In zlib's words: stored blocks (level 0), a full flush, and finished streams.
#[test]
fn a_message_may_be_of_any_blocks_and_streams() {
    let part = |text: &[u8], level: u32, flush: FlushCompress| {
        let mut payload = Vec::with_capacity(text.len() + 100);
        let mut compress = Compress::new(flate2::Compression::new(level), false);
        compress.compress_vec(text, &mut payload, flush).unwrap();
        payload
    };
    let (hello, again) = ("hello and hello".as_bytes(), " and again hello".as_bytes());
    let mut both = Compress::new(flate2::Compression::best(), false);
    let mut full_flush = Vec::with_capacity(200);
    both.compress_vec(hello, &mut full_flush, FlushCompress::Full).unwrap();
    both.compress_vec(again, &mut full_flush, FlushCompress::Sync).unwrap();
    full_flush.truncate(full_flush.len() - TAIL.len());
    let until_the_tail = |mut payload: Vec<u8>| {
        payload.truncate(payload.len() - TAIL.len());
        payload
    };
    let last_then_open =
        [part(hello, 9, FlushCompress::Finish), until_the_tail(part(again, 9, FlushCompress::Sync))].concat();
    // A finished stream has no tail that could be left out, so an empty block replaces it.
    let last_and_last =
        [&part(hello, 9, FlushCompress::Finish)[..], &part(again, 9, FlushCompress::Finish), &[0x00]].concat();
    let stored = until_the_tail(part(&[hello, again].concat(), 0, FlushCompress::Sync));
    let whole = text("hello and hello and again hello");
    for context in [None, Some(15)] {
        for (what, payload) in [
            ("a full flush inside", &full_flush),
            ("a block that says to be the last, and another", &last_then_open),
            ("two streams", &last_and_last),
            ("a stored block", &stored),
        ] {
            let bytes = frame(0xC1, payload).repeat(2);
            assert_eq!(parse(context, 100, &bytes), Ok(vec![whole.clone(); 2]), "{what}, {context:?}");
        }
    }
    let mut peer = Peer::new(15, true);
    peer.message(&[hello, again].concat());
    let refers = peer.message(&[hello, again].concat());
    assert!(refers.len() < 10);
    let bytes = [frame(0xC1, &last_then_open), frame(0xC1, &refers)].concat();
    assert_eq!(parse(Some(15), 100, &bytes), Ok(vec![whole.clone(), whole]));
}

#[test]
fn a_message_may_be_sent_as_it_is_and_is_none_that_others_refer_to() {
    let mut peer = Peer::new(15, true);
    let words = "words that are said again and again";
    let bytes = [
        frame(0xC1, &peer.message(words.as_bytes())),
        frame(0x81, b"plain"),
        frame(0x01, b"pl"),
        frame(0x80, b"ain"),
        frame(0xC2, &peer.message(words.as_bytes())),
    ];
    let again = Input::Binary(words.as_bytes().to_vec().into());
    assert!(bytes[4].len() < 12);
    assert_eq!(parse(Some(15), 100, &bytes.concat()), Ok(vec![text(words), text("plain"), text("plain"), again]));
}

#[test]
fn control_frames_stand_between_the_fragments_of_a_compressed_message() {
    let payload = compressed("Hält, and Hält again".as_bytes());
    let (first, second) = payload.split_at(payload.len() / 2);
    let bytes = [frame(0x41, first), frame(0x89, b"p"), frame(0x00, b""), frame(0x80, second)].concat();
    assert_eq!(parse(None, 100, &bytes), Ok(vec![Input::Ping("p".into()), text("Hält, and Hält again")]));
}

#[test]
fn a_bomb_is_refused_at_the_first_byte_too_many() {
    for limit in [0, 1, 5000, 100_000] {
        for (opcode, byte) in [(Opcode::Text, b'a'), (Opcode::Binary, 0)] {
            let first = 0xC0 | opcode as u8;
            let fits = frame(first, &compressed(&vec![byte; limit]));
            assert_eq!(parse(None, limit, &fits).map(|inputs| inputs.len()), Ok(1), "{limit}");
            for more in [1, 2_000_000] {
                let payload = compressed(&vec![byte; limit + more]);
                let bomb = frame(first, &payload);
                assert_eq!(parse(None, limit, &bomb).map_err(|violation| violation.code), Err(TOO_BIG));
                let (begin, end) = payload.split_at(payload.len() / 2);
                let in_fragments = [frame(first & 0x7F, begin), frame(0x80, end)].concat();
                assert_eq!(parse(None, limit, &in_fragments).map_err(|violation| violation.code), Err(TOO_BIG));
            }
        }
    }
}

#[test]
fn blocks_without_anything_in_them_have_an_end() {
    let limit = 1000;
    let most = InflateState::wire_limit(limit);
    let long = frame(0xC1, &vec![0; most + 1]);
    assert_eq!(parse(None, limit, &long[..4]).map_err(|violation| violation.code), Err(TOO_BIG));
    let begins = frame(0x41, &[0x00, 0x00, 0x00, 0xFF, 0xFF].repeat(most / 5));
    let goes_on = frame(0x00, &[0x00, 0x00, 0x00, 0xFF, 0xFF]);
    assert_eq!(parse(None, limit, &begins), Ok(vec![]));
    let on = [&begins[..], &goes_on].concat();
    assert_eq!(parse(None, limit, &on).map_err(|violation| violation.code), Err(TOO_BIG));
}

#[test]
fn what_can_not_be_compressed_may_be_as_long_as_the_limit() {
    // As a small compressor does: a block for each 100 bytes, none of which is compressed.
    let text = "0123456789".repeat(1000);
    let blocks = text.as_bytes().chunks(100).flat_map(|chunk| [&[0x00, 100, 0, !100, 0xFF], chunk].concat());
    let payload: Vec<u8> = blocks.chain([0]).collect();
    assert_eq!(parse(None, text.len(), &frame(0xC1, &payload)), Ok(vec![Input::Text(text)]));
}

#[test]
fn broken_data_is_refused() {
    let whole = compressed(b"a text of some length, a text of some length");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a kind of block that there is not", vec![0x06]),
        ("lengths that do not match", vec![0x00, 0x05, 0x00, 0xFA, 0xFE, 0x00]),
        ("a distance beyond the beginning", vec![0xF2, 0x00, 0x11, 0x00, 0x00]),
        ("an end within a block", whole[..whole.len() / 2].to_vec()),
        ("an end within a block that is not compressed", vec![0x00, 0x09, 0x00, 0xF6, 0xFF, b'H']),
        ("no end after a last block", b"\xf3\x48\xcd\xc9\xc9\x07\x00".to_vec()),
        ("the tail that is to be left out", [&whole[..], &TAIL].concat()),
    ];
    for (what, payload) in cases {
        for context in [None, Some(15)] {
            assert_eq!(parse(context, 1000, &frame(0xC2, &payload)), Err(BROKEN), "{what}");
        }
    }
}

#[test]
fn text_is_refused_at_its_first_impossible_byte() {
    let mut peer = Peer::new(15, false);
    let mut parser = parser(None, 1000);
    let good = peer.part("the first half of an ä is good: \u{e4}".as_bytes().split_last().unwrap().1);
    assert_eq!(feed(&mut parser, &frame(0x41, &good)), Ok(vec![]));
    let bad = peer.part(b"\xFF and more");
    // A part of the frame is missing, and the end of the message.
    let refused = feed(&mut parser, &frame(0x00, &bad)[..bad.len()]);
    assert_eq!(refused, Err(Violation { code: CloseCode::INVALID_DATA, reason: "text is not UTF-8" }));

    let open = compressed("\u{e4}".as_bytes().split_last().unwrap().1);
    assert_eq!(parse(None, 10, &frame(0xC1, &open)).map_err(|violation| violation.code), Err(CloseCode::INVALID_DATA));
    assert!(parse(None, 10, &frame(0xC2, &open)).is_ok());
}

#[test]
fn a_frame_that_says_to_be_compressed_where_none_is_breaks_the_protocol() {
    let hello = compressed(b"Hello");
    let refused = Err(Violation { code: CloseCode::PROTOCOL, reason: "reserved bits are set" });
    assert_eq!(parse(None, 9, &[frame(0x41, &hello), frame(0xC0, &[])].concat()), refused);
    assert_eq!(parse(None, 9, &frame(0xC9, b"p")), refused);
    let mut without = Parser::new(Role::Client, Limits { message: 9, fragments: 9 });
    assert_eq!(feed(&mut without, &frame(0xC1, &hello)), refused);
}

#[test]
fn one_read_does_not_come_to_more_than_can_be_parked() {
    const LIMIT: usize = 50_000;
    let message = frame(0xC2, &compressed(&[0; LIMIT]));
    let count = 100;
    let mut parser = parser(None, LIMIT);
    let mut out = VecDeque::new();
    parser.feed(&mut message.repeat(count), &mut out).unwrap();
    let mut taken = 0;
    loop {
        assert_eq!(out.len(), 2, "64 KiB and what is begun then");
        taken += out.drain(..).len();
        if taken == count {
            break;
        }
        assert!(parser.has_rest());
        parser.feed_rest(&mut out).unwrap();
    }
    assert!(!parser.has_rest());
    assert_eq!(feed(&mut parser, &message).unwrap(), [Input::Binary(vec![0; LIMIT].into())]);
}

fn messages() -> impl Strategy<Value = Vec<Bytes>> {
    let message = prop_oneof![
        3 => "[a-cäß€😀]{0,40}".prop_map(|text| Bytes::from(text.into_bytes())),
        1 => ("[ab€]{1,3}", 0..9000usize).prop_map(|(text, times)| text.repeat(times).into_bytes().into()),
        1 => vec(any::<u8>(), 0..3000).prop_map(|noise| noise.iter().map(|byte| char::from(*byte)).collect::<String>().into()),
    ];
    vec(message, 1..8)
}

proptest! {
    #[test]
    fn messages_are_read_as_they_were_said_however_they_are_cut(
        messages in messages(),
        bits in WINDOW_BITS,
        keeps_context: bool,
        fragments in vec(any::<Index>(), 0..5),
        reads in vec(any::<Index>(), 0..20),
    ) {
        let mut peer = Peer::new(bits, keeps_context);
        let mut bytes = Vec::new();
        for message in &messages {
            let payload = peer.message(message);
            let mut cuts: Vec<usize> = fragments.iter().map(|cut| cut.index(payload.len() + 1)).collect();
            cuts.extend([0, payload.len()]);
            cuts.sort_unstable();
            for (at, piece) in cuts.windows(2).enumerate() {
                let first = if at == 0 { 0x41 } else { 0x00 };
                let fin = if at + 2 == cuts.len() { 0x80 } else { 0x00 };
                bytes.extend(frame(first | fin, &payload[piece[0]..piece[1]]));
            }
        }
        let mut cuts: Vec<usize> = reads.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut parser = parser(keeps_context.then_some(bits), 1 << 20);
        let mut read = Vec::new();
        for piece in cuts.windows(2) {
            read.extend(feed(&mut parser, &bytes[piece[0]..piece[1]]).unwrap());
        }
        let said: Vec<Input> = messages.iter().map(|text| Input::Text(String::from_utf8(text.to_vec()).unwrap())).collect();
        prop_assert_eq!(read, said);
        prop_assert!(!parser.is_mid_message());
    }

    #[test]
    fn noise_is_broken_or_bounded_whatever_it_is(
        payload in vec(any::<u8>(), 0..300),
        limit in 0..2000usize,
        keeps_context: bool,
    ) {
        let read = parse(keeps_context.then_some(15), limit, &frame(0xC2, &payload));
        if let Ok(inputs) = read {
            prop_assert!(matches!(&inputs[..], [Input::Binary(bytes)] if bytes.len() <= limit));
        }
    }
}
