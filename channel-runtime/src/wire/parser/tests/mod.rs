mod memory;
mod properties;

use bytes::Bytes;

use super::*;
use crate::wire::close::CloseCode;
use crate::wire::frame::{close_frame, frame, masked_frame};

const LIMITS: Limits = Limits { message: 1 << 20, fragments: 64 };
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn server(message: usize) -> Parser {
    Parser::new(Role::Server, Limits { message, fragments: 64 })
}

fn feed(parser: &mut Parser, bytes: &[u8]) -> (Vec<Input>, Result<(), Violation>) {
    let mut out = VecDeque::new();
    let result = parser.feed(&mut bytes.to_vec(), &mut out);
    (out.into(), result)
}

fn take(parser: &mut Parser, bytes: &[u8]) -> Vec<Input> {
    let (inputs, result) = feed(parser, bytes);
    assert_eq!(result, Ok(()));
    inputs
}

fn feed_cut(parser: &mut Parser, bytes: &[u8], cuts: &[usize]) -> (Vec<Input>, Result<(), Violation>) {
    let mut out = vec![];
    let mut start = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let (inputs, result) = feed(parser, &bytes[start..end]);
        out.extend(inputs);
        if result.is_err() {
            return (out, result);
        }
        start = end;
    }
    (out, Ok(()))
}

fn parse(role: Role, limits: Limits, bytes: &[u8]) -> (Vec<Input>, Result<(), Violation>) {
    let whole = feed(&mut Parser::new(role, limits), bytes);
    let cuts: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(feed_cut(&mut Parser::new(role, limits), bytes, &cuts), whole, "byte by byte: {bytes:x?}");
    whole
}

fn from_client(bytes: &[u8]) -> (Vec<Input>, Result<(), Violation>) {
    parse(Role::Server, LIMITS, bytes)
}

fn masked(opcode: Opcode, fin: bool, payload: impl AsRef<[u8]>) -> Vec<u8> {
    masked_frame(opcode, fin, payload.as_ref(), MASK)
}

fn text(text: &str) -> Input {
    Input::Text(text.into())
}

/// A frame whose header claims more than [`masked_frame`] can make it claim.
fn raw(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    apply_mask(&mut payload, MASK);
    [header, &MASK, &payload].concat()
}

/// RFC 6455, section 5.7.
#[test]
fn the_examples_of_the_rfc_are_read() {
    let from_server = |bytes: &[u8]| parse(Role::Client, LIMITS, bytes);
    assert_eq!(from_server(b"\x81\x05Hello"), (vec![text("Hello")], Ok(())));
    assert_eq!(
        from_client(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]),
        (vec![text("Hello")], Ok(()))
    );
    assert_eq!(from_server(b"\x01\x03Hel\x80\x02lo"), (vec![text("Hello")], Ok(())));
    assert_eq!(from_server(b"\x89\x05Hello"), (vec![Input::Ping("Hello".into())], Ok(())));
    assert_eq!(
        from_client(&[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]),
        (vec![Input::Pong("Hello".into())], Ok(()))
    );
    assert_eq!(
        from_server(&[&[0x82, 0x7E, 0x01, 0x00][..], &[7; 256]].concat()),
        (vec![Input::Binary(vec![7; 256].into())], Ok(()))
    );
    assert_eq!(
        from_server(&[&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0][..], &[7; 65536]].concat()),
        (vec![Input::Binary(vec![7; 65536].into())], Ok(()))
    );
}

#[test]
fn an_empty_frame_is_a_message() {
    for (opcode, input) in [
        (Opcode::Text, text("")),
        (Opcode::Binary, Input::Binary(Bytes::new())),
        (Opcode::Ping, Input::Ping(Bytes::new())),
        (Opcode::Pong, Input::Pong(Bytes::new())),
        (Opcode::Close, Input::Close(None)),
    ] {
        assert_eq!(from_client(&masked(opcode, true, "")), (vec![input.clone()], Ok(())));
        assert_eq!(parse(Role::Client, LIMITS, &frame(opcode, b"")), (vec![input], Ok(())));
    }
}

#[test]
fn control_frames_are_delivered_where_they_stand_between_fragments() {
    let bytes = [
        masked(Opcode::Text, false, "Hä".as_bytes().split_last().unwrap().1),
        masked(Opcode::Ping, true, "p"),
        masked(Opcode::Continuation, false, ""),
        masked(Opcode::Pong, true, ""),
        masked(Opcode::Continuation, true, b"\xA4lt"),
        masked(Opcode::Binary, false, ""),
        masked(Opcode::Ping, true, [9; 125]),
        masked(Opcode::Continuation, true, ""),
    ];
    let expected = vec![
        Input::Ping("p".into()),
        Input::Pong(Bytes::new()),
        text("Hält"),
        Input::Ping(vec![9; 125].into()),
        Input::Binary(Bytes::new()),
    ];
    assert_eq!(from_client(&bytes.concat()), (expected, Ok(())));
}

#[test]
fn each_violation_is_refused_and_what_came_before_it_is_kept() {
    const PROTOCOL: CloseCode = CloseCode::PROTOCOL;
    const NOT_UTF8: CloseCode = CloseCode::INVALID_DATA;
    let close = |payload: &[u8]| masked(Opcode::Close, true, payload);
    let started = masked(Opcode::Text, false, "a");
    let cases: Vec<(&str, CloseCode, Vec<u8>)> = vec![
        ("reserved bits are set", PROTOCOL, raw(&[0xC1, 0x80], b"")),
        ("reserved bits are set", PROTOCOL, raw(&[0xA1, 0x80], b"")),
        ("reserved bits are set", PROTOCOL, raw(&[0x91, 0x80], b"")),
        ("reserved opcode", PROTOCOL, raw(&[0x83, 0x80], b"")),
        ("reserved opcode", PROTOCOL, raw(&[0x8F, 0x80], b"")),
        ("frame of a client is not masked", PROTOCOL, b"\x81\x01a".to_vec()),
        ("fragmented control frame", PROTOCOL, masked(Opcode::Ping, false, "")),
        ("fragmented control frame", PROTOCOL, masked(Opcode::Close, false, "")),
        ("control frame over 125 bytes", PROTOCOL, masked(Opcode::Ping, true, [0; 126])),
        ("control frame over 125 bytes", PROTOCOL, masked(Opcode::Pong, true, [0; 65536])),
        ("length is not in its shortest form", PROTOCOL, raw(&[0x81, 0xFE, 0, 1], b"a")),
        ("length is not in its shortest form", PROTOCOL, raw(&[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1], b"a")),
        ("length over 63 bits", PROTOCOL, raw(&[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1], b"a")),
        ("continuation of no message", PROTOCOL, masked(Opcode::Continuation, true, "a")),
        ("continuation of no message", PROTOCOL, masked(Opcode::Continuation, false, "")),
        ("message within a fragmented message", PROTOCOL, [started.clone(), masked(Opcode::Text, true, "b")].concat()),
        ("message within a fragmented message", PROTOCOL, [started, masked(Opcode::Binary, false, "")].concat()),
        ("close code of one byte", PROTOCOL, close(&[3])),
        ("invalid close code", PROTOCOL, close(&999u16.to_be_bytes())),
        ("invalid close code", PROTOCOL, close(&1005u16.to_be_bytes())),
        ("invalid close code", PROTOCOL, close(&2999u16.to_be_bytes())),
        ("invalid close code", PROTOCOL, close(&5000u16.to_be_bytes())),
        ("text is not UTF-8", NOT_UTF8, close(b"\x03\xE8\xFF")),
        ("text is not UTF-8", NOT_UTF8, close(b"\x03\xE8\xE2\x82")),
        ("text is not UTF-8", NOT_UTF8, masked(Opcode::Text, true, b"a\xFF")),
        ("text is not UTF-8", NOT_UTF8, masked(Opcode::Text, true, b"\xE2\x82")),
        ("text is not UTF-8", NOT_UTF8, masked(Opcode::Text, true, b"\xED\xA0\x80")),
        (
            "text is not UTF-8",
            NOT_UTF8,
            [masked(Opcode::Text, false, b"\xE2\x82"), masked(Opcode::Continuation, true, "")].concat(),
        ),
        ("message over the size limit", CloseCode::TOO_BIG, masked(Opcode::Text, true, vec![b'a'; LIMITS.message + 1])),
        ("message over the size limit", CloseCode::TOO_BIG, raw(&[0x82, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0], b"")),
        (
            "message in too many fragments",
            CloseCode::TOO_BIG,
            [masked(Opcode::Text, false, "a"), masked(Opcode::Continuation, false, "").repeat(LIMITS.fragments)]
                .concat(),
        ),
    ];
    for (reason, code, bytes) in cases {
        let (inputs, result) = from_client(&[masked(Opcode::Text, true, "before"), bytes].concat());
        assert_eq!(result, Err(Violation { code, reason }));
        assert_eq!(inputs, [text("before")], "{reason}");
    }
    let masked_by_server = parse(Role::Client, LIMITS, &masked(Opcode::Text, true, "a")).1;
    assert_eq!(masked_by_server, Err(Violation::protocol("frame of a server is masked")));
}

#[test]
fn text_fails_at_the_first_impossible_byte_before_its_frame_is_complete() {
    let mut parser = server(1000);
    let started =
        [masked(Opcode::Text, false, b"\xF4"), masked(Opcode::Continuation, true, b"\x8F\xBF\xBF\xED\xA0.....")];
    let bytes = started.concat();
    let impossible = bytes.len() - 6;
    assert_eq!(feed(&mut parser, &bytes[..impossible]), (vec![], Ok(())));
    assert_eq!(feed(&mut parser, &bytes[impossible..=impossible]), (vec![], Err(Violation::NOT_UTF8)));
}

#[test]
fn an_oversized_message_is_refused_at_its_header_and_nothing_of_it_is_kept() {
    let too_big = Err(Violation::too_big("message over the size limit"));
    for opcode in [Opcode::Text, Opcode::Binary] {
        let exact = masked(opcode, true, [b'a'; 1000]);
        assert_eq!(take(&mut server(1000), &exact).len(), 1);

        let header = &masked(opcode, true, [b'a'; 1001])[..8];
        let mut parser = server(1000);
        assert_eq!(feed(&mut parser, header), (vec![], too_big));
        assert!(parser.assembler.is_none());

        let mut parser = server(1000);
        assert_eq!(feed(&mut parser, &masked(opcode, false, [b'a'; 600])), (vec![], Ok(())));
        let header = &masked(Opcode::Continuation, false, [b'a'; 401])[..8];
        assert_eq!(feed(&mut parser, header), (vec![], too_big));
        assert!(parser.assembler.is_none());

        let fits = [masked(opcode, false, [b'a'; 600]), masked(Opcode::Continuation, true, [b'a'; 400])].concat();
        assert_eq!(take(&mut server(1000), &fits).len(), 1);
    }
}

#[test]
fn the_limits_are_those_of_messages_alone() {
    let bytes = masked(Opcode::Ping, true, [7; 125]);
    assert_eq!(parse(Role::Server, Limits { message: 0, fragments: 0 }, &bytes).0.len(), 1);

    let fragments = [
        masked(Opcode::Text, false, "a"),
        masked(Opcode::Ping, true, ""),
        masked(Opcode::Ping, true, ""),
        masked(Opcode::Continuation, true, "b"),
    ];
    let limits = Limits { message: 2, fragments: 2 };
    assert_eq!(parse(Role::Server, limits, &fragments.concat().repeat(2)).0.len(), 6);
}

#[test]
fn nothing_is_read_after_a_close() {
    let cases = [
        (vec![], None),
        (vec![0x03, 0xE9], Some((CloseCode::GOING_AWAY, String::new()))),
        ([&[0x0F, 0xA0], "grüß dich".as_bytes()].concat(), Some((CloseCode::new(4000).unwrap(), "grüß dich".into()))),
    ];
    for (payload, expected) in cases {
        let close = masked(Opcode::Close, true, payload);
        let bytes = [masked(Opcode::Text, false, "begun"), close, b"\xFFgarbage".to_vec()].concat();
        assert_eq!(from_client(&bytes), (vec![Input::Close(expected)], Ok(())));
    }
    let mut parser = server(1000);
    take(&mut parser, &[masked(Opcode::Text, false, "begun"), masked(Opcode::Close, true, "")].concat());
    assert!(!parser.is_mid_message());
    let sent = close_frame(CloseCode::RESTART, "back soon");
    let (inputs, _) = parse(Role::Client, LIMITS, &[&sent[..], &frame(Opcode::Text, b"late")].concat());
    assert_eq!(inputs, [Input::Close(Some((CloseCode::RESTART, "back soon".into())))]);
}

#[test]
fn nothing_is_read_after_a_violation() {
    let mut parser = server(1000);
    assert!(feed(&mut parser, &masked(Opcode::Continuation, true, "")).1.is_err());
    assert_eq!(feed(&mut parser, &masked(Opcode::Text, true, "late")), (vec![], Ok(())));
    assert!(!parser.is_mid_message());
}
