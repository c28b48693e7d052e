//! The input of a connection: one whole control frame or message at a time.

use std::cell::RefCell;
use std::str;

use bytes::Bytes;

use super::close::{CloseCode, Violation};
use super::header::Opcode;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Text(String),
    Binary(Bytes),
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<(CloseCode, String)>),
}

impl Input {
    pub(super) fn read(opcode: Opcode, payload: &[u8]) -> Result<Self, Violation> {
        Ok(match opcode {
            Opcode::Text => Self::Text(owned(read_text(payload)?)),
            // `Assembler` collects continuations, so none gets here.
            Opcode::Binary | Opcode::Continuation => Self::Binary(Bytes::copy_from_slice(payload)),
            Opcode::Ping => Self::Ping(Bytes::copy_from_slice(payload)),
            Opcode::Pong => Self::Pong(Bytes::copy_from_slice(payload)),
            Opcode::Close => Self::Close(read_close(payload)?),
        })
    }
}

fn read_text(payload: &[u8]) -> Result<&str, Violation> {
    str::from_utf8(payload).map_err(|_| Violation::NOT_UTF8)
}

/// A thread keeps this many spare strings, each with at most this many bytes of capacity.
const SPARES: usize = 16;
const SPARE_BYTES: usize = 1024;

thread_local! {
    static SPARE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn owned(text: &str) -> String {
    if text.len() > SPARE_BYTES {
        return text.to_owned();
    }
    let mut owned = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
    owned.push_str(text);
    owned
}

pub(crate) fn reuse(mut text: String) {
    if (1..=SPARE_BYTES).contains(&text.capacity()) {
        text.clear();
        // A destructor of the program may drop a text after this thread's list was destroyed.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARES {
                spare.push(text);
            }
        });
    }
}

/// Reads the payload of a Close frame: nothing, or a code and a reason (RFC 6455, section 5.5.1).
fn read_close(payload: &[u8]) -> Result<Option<(CloseCode, String)>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation::protocol("close code of one byte")) };
    };
    let code = CloseCode::new(u16::from_be_bytes(*code)).ok_or(Violation::protocol("invalid close code"))?;
    Ok(Some((code, read_text(reason)?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_string_serves_again_and_no_other_is_kept() {
        let spare = || SPARE.with_borrow(Vec::len);
        reuse(String::new());
        reuse("x".repeat(SPARE_BYTES + 1));
        assert_eq!(spare(), 0);
        let first = owned("hello");
        let at = first.as_ptr();
        reuse(first);
        assert_eq!(spare(), 1);
        let second = owned("bye");
        assert_eq!((second.as_ptr(), &*second, spare()), (at, "bye", 0));
        (0..2 * SPARES).for_each(|_| reuse(String::from("x")));
        assert_eq!(spare(), SPARES);
    }
}
