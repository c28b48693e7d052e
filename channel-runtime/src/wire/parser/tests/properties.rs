//! Properties of every stream, valid, damaged or random.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{LIMITS, feed, feed_cut};
use crate::wire::frame::{Opcode, masked_frame};
use crate::wire::parser::{Input, Limits, Parser, Role};

#[derive(Clone, Debug)]
struct Stream {
    bytes: Vec<u8>,
    inputs: Vec<Input>,
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..40usize, 3 => 120..132usize, 1 => 65_530..65_542usize]
}

fn control() -> impl Strategy<Value = Stream> {
    (any::<bool>(), vec(any::<u8>(), 0..=125), any::<[u8; 4]>()).prop_map(|(ping, payload, mask)| {
        let opcode = if ping { Opcode::Ping } else { Opcode::Pong };
        let bytes = masked_frame(opcode, true, &payload, mask);
        let payload = Bytes::from(payload);
        Stream { bytes, inputs: vec![if ping { Input::Ping(payload) } else { Input::Pong(payload) }] }
    })
}

fn message() -> impl Strategy<Value = Stream> {
    let fragments = vec((any::<Index>(), proptest::option::of(control()), any::<[u8; 4]>()), 0..4);
    ("[aä€😀]{1,5}", size(), any::<bool>(), fragments, any::<[u8; 4]>()).prop_map(
        |(alphabet, size, is_text, mut fragments, mask)| {
            let mut content: String = alphabet.chars().cycle().take(size).collect();
            content.truncate(content.floor_char_boundary(size));
            content.extend(std::iter::repeat_n('x', size - content.len()));

            let cut = |index: &Index| index.index(size + 1);
            fragments.sort_by_key(|(index, ..)| cut(index));
            let mut stream = Stream { bytes: vec![], inputs: vec![] };
            let mut opcode = if is_text { Opcode::Text } else { Opcode::Binary };
            let mut start = 0;
            for (index, control, mask) in &fragments {
                let end = cut(index);
                stream.bytes.extend(masked_frame(opcode, false, &content.as_bytes()[start..end], *mask));
                if let Some(control) = control {
                    stream.bytes.extend(&control.bytes);
                    stream.inputs.extend(control.inputs.clone());
                }
                opcode = Opcode::Continuation;
                start = end;
            }
            stream.bytes.extend(masked_frame(opcode, true, &content.as_bytes()[start..], mask));
            stream.inputs.push(if is_text { Input::Text(content) } else { Input::Binary(content.into()) });
            stream
        },
    )
}

fn stream() -> impl Strategy<Value = Stream> {
    vec(prop_oneof![3 => message(), 1 => control()], 0..6).prop_map(|parts| Stream {
        bytes: parts.iter().flat_map(|part| part.bytes.iter().copied()).collect(),
        inputs: parts.into_iter().flat_map(|part| part.inputs).collect(),
    })
}

fn sorted(cuts: &[Index], len: usize) -> Vec<usize> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(len + 1)).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_stream_is_read_the_same_however_it_is_cut(stream in stream(), cuts in vec(any::<Index>(), 0..40)) {
        let mut whole = Parser::new(Role::Server, LIMITS);
        prop_assert_eq!(feed(&mut whole, &stream.bytes), (stream.inputs.clone(), Ok(())));
        prop_assert!(whole.assembler.is_none());

        let mut pieces = Parser::new(Role::Server, LIMITS);
        let cuts = sorted(&cuts, stream.bytes.len());
        prop_assert_eq!(feed_cut(&mut pieces, &stream.bytes, &cuts), (stream.inputs, Ok(())));
        prop_assert!(pieces.assembler.is_none());
    }

    #[test]
    fn a_damaged_stream_is_refused_the_same_however_it_is_cut(
        stream in stream(),
        damage in vec((any::<Index>(), any::<u8>()), 1..4),
        cuts in vec(any::<Index>(), 0..40),
        limit in 0..70_000usize,
    ) {
        let mut bytes = stream.bytes;
        for (index, byte) in damage {
            if !bytes.is_empty() {
                let end = bytes.len().min(40);
                let at = if byte % 2 == 0 { index.index(bytes.len()) } else { index.index(end) };
                bytes[at] = byte;
            }
        }
        let limits = Limits { message: limit, fragments: 3 };
        let whole = feed(&mut Parser::new(Role::Server, limits), &bytes);
        let mut parser = Parser::new(Role::Server, limits);
        prop_assert_eq!(feed_cut(&mut parser, &bytes, &sorted(&cuts, bytes.len())), whole);
    }

    #[test]
    fn garbage_takes_no_more_memory_than_the_limit(
        garbage in vec((prop_oneof![0..=2u8, 0x80..=0x82u8, 0x88..=0x8Au8, any::<u8>()], vec(any::<u8>(), 0..40)), 1..40),
        limit in 0..200usize,
        client: bool,
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let mut parser = Parser::new(role, Limits { message: limit, fragments: 5 });
        for (opcode, payload) in garbage {
            // A header that announces twice the bytes that follow, so that the next bytes are read as payload and header in turn.
            let masked = if client { 0 } else { 0x80 };
            let mut bytes = vec![opcode, masked | (payload.len() as u8 * 2)];
            bytes.extend(payload);
            let failed = feed(&mut parser, &bytes).1.is_err();
            prop_assert!(parser.held() <= limit + 125);
            if failed {
                parser = Parser::new(role, Limits { message: limit, fragments: 5 });
            }
        }
    }
}
