//! Messages as text frames: JSON of the codec in frames of the wire.

use std::ops::Range;

use time::OffsetDateTime;

use crate::channel::Channel;
use crate::protocol::codec::{self, EncodeError, Head};
use crate::protocol::envelope::Envelope;
use crate::protocol::fault::Fault;
use crate::protocol::message::Message;
use crate::wire::frame::{Frame, FrameBuilder, Opcode};

#[inline]
pub(crate) fn frame_of(
    opcode: Opcode,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<Frame, EncodeError> {
    let mut builder = FrameBuilder::new();
    write(builder.payload_mut())?;
    Ok(builder.finish(opcode))
}

#[inline]
pub(crate) fn text_of(
    is_kept: bool,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<Frame, EncodeError> {
    if !is_kept {
        return frame_of(Opcode::Text, write);
    }
    let mut builder = FrameBuilder::spare_to_be_numbered();
    write(builder.payload_mut())?;
    Ok(builder.finish_exactly(Opcode::Text))
}

/// For a room that may keep it: with the space for a number.
pub(crate) fn message_frame<E: Envelope, M: Message>(
    message: &M,
    room: Option<&str>,
    is_kept: bool,
) -> Result<Frame, EncodeError> {
    match M::KIND {
        None => text_of(is_kept, |json| E::encode(message, Head { reference: None, room }, json)),
        Some(kind) => frame_of(Opcode::Binary, |out| codec::encode_binary(kind, message, out)),
    }
}

pub(crate) fn fault_frame(fault: &Fault, head: Head<'_>) -> Frame {
    let mut builder = FrameBuilder::new();
    codec::encode_fault(fault, &timestamp(), head, builder.payload_mut());
    builder.finish(Opcode::Text)
}

/// The current time as in messages: RFC 3339, UTC, always with nine digits after the second, so that texts sort like times:
/// `2026-03-01T12:00:00.123456789Z`.
pub fn timestamp() -> String {
    rfc3339(OffsetDateTime::now_utc())
}

/// The [`timestamp`] of an answer, which the framework's own envelope alone has.
pub(crate) fn now<C: Channel>() -> String {
    if const { <C::Envelope as Envelope>::IS_FLAT } { timestamp() } else { String::new() }
}

/// In a year with four digits. Formatted by hand, because every error and every success with data has a time.
fn rfc3339(utc: OffsetDateTime) -> String {
    let (year, month, day) = utc.to_calendar_date();
    let (hour, minute, second, nanosecond) = utc.to_hms_nano();
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    let mut fill = |place: Range<usize>, mut number: u32| {
        for digit in text[place].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    fill(0..4, year.unsigned_abs());
    fill(5..7, u8::from(month).into());
    fill(8..10, day.into());
    fill(11..13, hour.into());
    fill(14..16, minute.into());
    fill(17..19, second.into());
    fill(20..29, nanosecond);
    text.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_has_nine_digits_behind_the_second() {
        for (nanoseconds, expected) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_772_366_400_123_456_789, "2026-03-01T12:00:00.123456789Z"),
            (1_772_366_400_123_000_000, "2026-03-01T12:00:00.123000000Z"),
            (1_772_366_400_000_000_001, "2026-03-01T12:00:00.000000001Z"),
            (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999999Z"),
        ] {
            let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap();
            assert_eq!(rfc3339(time), expected);
        }
        assert_eq!(timestamp().len(), "1970-01-01T00:00:00.000000000Z".len());
    }
}
