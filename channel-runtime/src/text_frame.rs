//! Messages as text frames: where the codec meets the wire.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::codec::{self, EncodeError, Head};
use crate::fault::Fault;
use crate::message::Message;
use crate::wire::frame::{Frame, FrameBuilder, Opcode};

/// A frame of what `write` writes.
pub(crate) fn text_frame(write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Result<Frame, EncodeError> {
    let mut builder = FrameBuilder::new();
    write(builder.payload_mut())?;
    Ok(builder.finish(Opcode::Text))
}

/// A frame of a message; `room` is what stands in `"$room"`.
pub(crate) fn message_frame<M: Message>(message: &M, room: Option<&str>) -> Result<Frame, EncodeError> {
    text_frame(|json| codec::encode(message, Head { reference: None, room }, json))
}

/// A frame of an error, which can always be encoded.
pub(crate) fn fault_frame(fault: &Fault, head: Head<'_>) -> Frame {
    let mut builder = FrameBuilder::new();
    codec::encode_fault(fault, &timestamp(), head, builder.payload_mut());
    builder.finish(Opcode::Text)
}

/// The time now as messages carry it: RFC 3339, UTC, `2026-03-01T12:00:00.123456789Z`.
pub fn timestamp() -> String {
    // Fails only for years beyond 9999.
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}
