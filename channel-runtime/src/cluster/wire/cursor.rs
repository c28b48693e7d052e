//! Numbers, names and bytes, read one after the other from a slice.

use std::fmt;

use crate::connection::id::ConnectionId;

/// What is left to read. Each call takes what it returns off the front. After a `None` it is of no use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// `None` if it is not the shortest form, or has more than 32 bits.
    pub fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for (place, byte) in self.0.iter().enumerate().take(5) {
            let bits = u32::from(byte & 0x7F);
            value |= bits.checked_shl(7 * place as u32).filter(|shifted| shifted >> (7 * place) == bits)?;
            if byte & 0x80 == 0 {
                let is_shortest = *byte != 0 || place == 0;
                self.0 = &self.0[place + 1..];
                return is_shortest.then_some(value);
            }
        }
        None
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let mut rest = *self;
        let len = rest.varint()? as usize;
        let (bytes, rest) = rest.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn name(&mut self) -> Option<&'a str> {
        str::from_utf8(self.bytes()?).ok()
    }

    pub fn connection(&mut self) -> Option<ConnectionId> {
        Some(ConnectionId::of(self.u64()?, self.u64()?))
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.rest()).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What stands behind its number, each read when it is asked for. All of it was read once, and is well formed.
pub(crate) struct List<'a, T> {
    left: usize,
    cursor: Cursor<'a>,
    read: fn(&mut Cursor<'a>) -> Option<T>,
}

impl<'a, T> List<'a, T> {
    pub(super) fn read(cursor: &mut Cursor<'a>, read: fn(&mut Cursor<'a>) -> Option<T>) -> Option<Self> {
        let left = cursor.varint()? as usize;
        let list = Self { left, cursor: *cursor, read };
        for _ in 0..left {
            read(cursor)?;
        }
        Some(list)
    }
}

impl<T> Iterator for List<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        (self.read)(&mut self.cursor)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for List<'_, T> {}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
