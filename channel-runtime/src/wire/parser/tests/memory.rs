//! The memory that a parser uses.

use super::{masked, server, take};
use crate::wire::frame::Opcode;
use crate::wire::parser::{Limits, Parser, Role};

#[test]
fn an_idle_parser_is_small_and_owns_nothing() {
    assert!(size_of::<Parser>() <= 48, "{}", size_of::<Parser>());
    let bytes = [
        masked(Opcode::Text, true, "whole"),
        masked(Opcode::Ping, true, "control"),
        masked(Opcode::Binary, true, [1; 300]),
    ];
    let mut parser = server(1000);
    for bytes in bytes {
        let (end, rest) = bytes.split_last().unwrap();
        for byte in rest {
            take(&mut parser, &[*byte]);
            assert!(parser.is_mid_message());
        }
        assert_eq!(take(&mut parser, &[*end]).len(), 1);
        assert!(!parser.is_mid_message() && parser.assembler.is_none());
        assert_eq!(take(&mut parser, &bytes).len(), 1);
        assert!(!parser.is_mid_message() && parser.assembler.is_none());
    }
    take(&mut parser, &masked(Opcode::Text, false, ""));
    take(&mut parser, &masked(Opcode::Ping, true, ""));
    assert!(parser.is_mid_message(), "a fragmented message goes on after the ping");
    take(&mut parser, &masked(Opcode::Continuation, true, ""));
    assert!(parser.assembler.is_none());
}

#[test]
fn a_header_alone_takes_no_memory_and_a_message_no_more_than_it_has() {
    for opcode in [Opcode::Text, Opcode::Binary] {
        // Three bytes per character, so that pieces end within a character.
        let bytes = masked(opcode, true, format!("{}x", "€".repeat((1 << 20) / 3)));
        let mut parser = server(4 << 20);
        take(&mut parser, &bytes[..14]);
        assert_eq!(parser.held(), 0);
        take(&mut parser, &bytes[14..15]);
        assert!(parser.held() <= 64);
        take(&mut parser, &bytes[15..1000]);
        assert!(parser.held() <= 2000);
        for piece in bytes[1000..bytes.len() - 1].chunks(99_999) {
            take(&mut parser, piece);
            assert!(parser.held() <= 1 << 20);
        }
        assert_eq!(parser.held(), 1 << 20);
    }
}

#[test]
fn many_small_pieces_are_moved_seldom() {
    for opcode in [Opcode::Text, Opcode::Binary] {
        let mut parser = Parser::new(Role::Server, Limits { message: 1 << 20, fragments: usize::MAX });
        take(&mut parser, &masked(opcode, false, ""));
        let mut moves = 0;
        for _ in 0..10_000 {
            let before = parser.held();
            take(&mut parser, &masked(Opcode::Continuation, false, "a"));
            moves += usize::from(parser.held() != before);
        }
        assert!(moves < 10, "{moves}");
    }
}
