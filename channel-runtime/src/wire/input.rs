//! What a peer says, one whole frame or message at a time.

use std::str;

use bytes::Bytes;

use super::close::{CloseCode, Violation};
use super::header::Opcode;

/// What the peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Text(String),
    Binary(Bytes),
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<(CloseCode, String)>),
}

impl Input {
    /// What a whole frame says.
    pub(super) fn read(opcode: Opcode, payload: &[u8]) -> Result<Self, Violation> {
        Ok(match opcode {
            Opcode::Text => Self::Text(read_text(payload)?),
            // Continuations are gathered by `Partial`; none gets here.
            Opcode::Binary | Opcode::Continuation => Self::Binary(Bytes::copy_from_slice(payload)),
            Opcode::Ping => Self::Ping(Bytes::copy_from_slice(payload)),
            Opcode::Pong => Self::Pong(Bytes::copy_from_slice(payload)),
            Opcode::Close => Self::Close(read_close(payload)?),
        })
    }
}

fn read_text(payload: &[u8]) -> Result<String, Violation> {
    str::from_utf8(payload).map(str::to_owned).map_err(|_| Violation::NOT_UTF8)
}

/// RFC 6455, section 5.5.1: nothing, or a code and a reason.
fn read_close(payload: &[u8]) -> Result<Option<(CloseCode, String)>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation::protocol("close code of one byte")) };
    };
    let code = CloseCode::new(u16::from_be_bytes(*code)).ok_or(Violation::protocol("invalid close code"))?;
    Ok(Some((code, read_text(reason)?)))
}
