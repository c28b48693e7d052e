//! A reference parser of RFC 6455, to compare with the real one: as plain as possible, front to back, with everything copied.

use crate::wire::close::CloseCode;
use crate::wire::parser::{Input, Limits, Role};

pub(super) fn read(stream: &[u8], role: Role, limits: Limits) -> (Vec<Input>, Option<CloseCode>) {
    let mut reader = Reader { rest: stream, role, limits, said: vec![], message: None };
    let end = loop {
        if let Err(end) = reader.frame() {
            break end;
        }
    };
    let refused = match end {
        End::NoMore => None,
        End::Refused(code) => Some(code),
    };
    (reader.said, refused)
}

struct Reader<'s> {
    rest: &'s [u8],
    role: Role,
    limits: Limits,
    said: Vec<Input>,
    message: Option<Message>,
}

struct Message {
    is_text: bool,
    content: Vec<u8>,
    fragments: usize,
}

enum End {
    /// The bytes have ended, or the peer has sent a Close.
    NoMore,
    Refused(CloseCode),
}

const PROTOCOL: End = End::Refused(CloseCode::PROTOCOL);
const TOO_BIG: End = End::Refused(CloseCode::TOO_BIG);
const NOT_UTF8: End = End::Refused(CloseCode::INVALID_DATA);

fn refuse_if(wrong: bool, end: End) -> Result<(), End> {
    if wrong { Err(end) } else { Ok(()) }
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], End> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(End::NoMore)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn frame(&mut self) -> Result<(), End> {
        let [first] = self.take()?;
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
        let is_control = opcode >= 8;
        refuse_if(first & 0x70 != 0, PROTOCOL)?;
        refuse_if(!matches!(opcode, 0..=2 | 8..=10), PROTOCOL)?;
        refuse_if(is_control && !fin, PROTOCOL)?;
        let [second] = self.take()?;
        let is_masked = second & 0x80 != 0;
        refuse_if(is_masked != (self.role == Role::Server), PROTOCOL)?;
        let short = u64::from(second & 0x7F);
        refuse_if(is_control && short > 125, PROTOCOL)?;
        let (len, shortest) = match short {
            126 => (u64::from(u16::from_be_bytes(self.take()?)), 126),
            127 => (u64::from_be_bytes(self.take()?), 65_536),
            _ => (short, 0),
        };
        refuse_if(len < shortest || len > i64::MAX as u64, PROTOCOL)?;
        let mask = if is_masked { self.take()? } else { [0; 4] };

        if !is_control {
            self.admit(opcode, len)?;
        }
        let at_hand = self.rest.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        let is_whole = at_hand as u64 == len;
        let payload = self.rest[..at_hand].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        self.rest = &self.rest[at_hand..];
        match opcode {
            _ if is_control && !is_whole => Err(End::NoMore),
            0x8 => self.close(payload),
            0x9 => {
                self.said.push(Input::Ping(payload.into()));
                Ok(())
            }
            0xA => {
                self.said.push(Input::Pong(payload.into()));
                Ok(())
            }
            _ => self.data(&payload, is_whole, is_whole && fin),
        }
    }

    fn admit(&mut self, opcode: u8, len: u64) -> Result<(), End> {
        refuse_if((opcode == 0) != self.message.is_some(), PROTOCOL)?;
        let message = self.message.get_or_insert(Message { is_text: opcode == 1, content: vec![], fragments: 0 });
        message.fragments += 1;
        refuse_if(opcode == 0 && message.fragments > self.limits.fragments, TOO_BIG)?;
        refuse_if(message.content.len() as u64 + len > self.limits.message as u64, TOO_BIG)
    }

    fn data(&mut self, payload: &[u8], is_whole: bool, is_last: bool) -> Result<(), End> {
        let mut message = self.message.take().expect("it was admitted");
        message.content.extend_from_slice(payload);
        if message.is_text {
            let error = str::from_utf8(&message.content).err();
            refuse_if(error.is_some_and(|error| is_last || error.error_len().is_some()), NOT_UTF8)?;
        }
        match is_last {
            true if message.is_text => {
                self.said.push(Input::Text(String::from_utf8(message.content).expect("checked")))
            }
            true => self.said.push(Input::Binary(message.content.into())),
            false => self.message = Some(message),
        }
        if is_whole { Ok(()) } else { Err(End::NoMore) }
    }

    fn close(&mut self, payload: Vec<u8>) -> Result<(), End> {
        let close = match payload.split_first_chunk() {
            None => {
                refuse_if(!payload.is_empty(), PROTOCOL)?;
                None
            }
            Some((code, reason)) => {
                let code = CloseCode::new(u16::from_be_bytes(*code)).ok_or(PROTOCOL)?;
                Some((code, String::from_utf8(reason.to_vec()).map_err(|_| NOT_UTF8)?))
            }
        };
        self.said.push(Input::Close(close));
        Err(End::NoMore)
    }
}
