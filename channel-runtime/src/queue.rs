//! The bytes that wait for one client: whole frames, in order.
//!
//! Small frames are copied behind one another, so that many of them leave in one plain write; large ones are shared with
//! the other clients they wait for. The boundaries between frames are not lost: each says its own length.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::Poll;

use bytes::Bytes;

use crate::wire::frame::frame_len;

/// Up to this many bytes a frame is copied, where others wait before it: below it a copy costs less than a reference.
const SMALL: usize = 1024;

/// The most bytes that small frames gather to before another row of them begins.
const ROW: usize = 16 * 1024;

/// The most pieces given to one write.
const PIECES_PER_WRITE: usize = 16;

#[derive(Default)]
pub(crate) struct Queue {
    pieces: VecDeque<Piece>,
    /// How much of the first piece has been written.
    written: usize,
    /// What waits.
    bytes: usize,
}

enum Piece {
    /// One frame.
    Shared(Bytes),
    /// Small frames, one behind the other.
    Row(Vec<u8>),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared(frame) => frame,
            Self::Row(frames) => frames,
        }
    }
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many bytes wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends a frame.
    pub fn push(&mut self, frame: &Bytes) {
        self.bytes += frame.len();
        match self.pieces.back_mut() {
            Some(Piece::Row(row)) if frame.len() <= SMALL && row.len() + frame.len() <= ROW => {
                row.extend_from_slice(frame)
            }
            // A first frame that waits alone is not copied: most often it leaves before another comes.
            Some(last) if frame.len() <= SMALL && last.bytes().len() <= SMALL => {
                let mut row = Vec::with_capacity((last.bytes().len() + frame.len()).next_power_of_two());
                row.extend_from_slice(last.bytes());
                row.extend_from_slice(frame);
                *last = Piece::Row(row);
            }
            _ => self.pieces.push_back(Piece::Shared(frame.clone())),
        }
    }

    /// Appends all of another queue, of which nothing has been written.
    pub fn append(&mut self, other: &mut Self) {
        self.bytes += std::mem::take(&mut other.bytes);
        self.pieces.append(&mut other.pieces);
    }

    /// Drops every frame that has not begun to be written.
    pub fn keep_begun(&mut self) {
        self.pieces.truncate(usize::from(self.written > 0));
        if let Some(first) = self.pieces.front_mut() {
            let bytes = first.bytes();
            let mut end = 0;
            while end < self.written {
                end += frame_len(&bytes[end..]);
            }
            *first = Piece::Row(bytes[..end].to_vec());
        }
        self.bytes = self.pieces.front().map_or(0, |first| first.bytes().len() - self.written);
    }

    /// All that waits, in one piece.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes);
        for piece in &self.pieces {
            bytes.extend_from_slice(piece.bytes());
        }
        bytes.drain(..self.written);
        bytes
    }

    /// Gives what waits to `write`, as much as it takes; ready when nothing waits any more.
    ///
    /// # Errors
    /// Those of `write`; a write of nothing is one.
    pub fn write_to(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        while let Some(first) = self.pieces.front() {
            let first = IoSlice::new(&first.bytes()[self.written..]);
            let written = if self.pieces.len() == 1 {
                write(&[first])
            } else {
                let mut slices = [IoSlice::new(&[]); PIECES_PER_WRITE];
                for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                    *slice = IoSlice::new(piece.bytes());
                }
                slices[0] = first;
                write(&slices[..self.pieces.len().min(PIECES_PER_WRITE)])
            };
            match written {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(bytes)) => self.advance(bytes),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.written += bytes;
        while let Some(first) = self.pieces.front() {
            let len = first.bytes().len();
            if self.written < len {
                return;
            }
            self.written -= len;
            self.pieces.pop_front();
        }
        // Idle connections keep no burst's worth of room.
        if self.pieces.capacity() > 4 {
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::frame::{Opcode, frame};

    /// A client that takes so many bytes at each write, and nothing more when there are no more numbers.
    fn take(queue: &mut Queue, mut takes: impl Iterator<Item = usize>) -> (Vec<u8>, bool) {
        let mut taken = Vec::new();
        let written = queue.write_to(|slices| {
            let Some(most) = takes.next() else { return Poll::Pending };
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
            taken.extend_from_slice(&bytes);
            Poll::Ready(Ok(bytes.len()))
        });
        (taken, written.is_ready())
    }

    fn frames(sizes: &[usize]) -> Vec<Bytes> {
        sizes.iter().enumerate().map(|(n, size)| frame(Opcode::Binary, &vec![n as u8; *size])).collect()
    }

    proptest! {
        #[test]
        fn whole_frames_leave_in_order_however_they_are_taken(
            sizes in prop::collection::vec(prop_oneof![0..200usize, 900..1100usize, 2000..70_000usize], 1..40),
            takes in prop::collection::vec(1..5000usize, 0..400),
        ) {
            let mut queue = Queue::default();
            let all: Vec<u8> = frames(&sizes).iter().flatten().copied().collect();
            for frame in frames(&sizes) {
                queue.push(&frame);
            }
            prop_assert_eq!(queue.bytes(), all.len());
            let (mut taken, _) = take(&mut queue, takes.into_iter());
            prop_assert_eq!(queue.bytes(), all.len() - taken.len());
            let (rest, done) = take(&mut queue, std::iter::repeat(10_000));
            taken.extend(rest);
            prop_assert!(done && queue.is_empty() && queue.bytes() == 0);
            prop_assert!(taken == all);
        }

        #[test]
        fn a_frame_that_has_begun_is_kept_and_no_other(
            sizes in prop::collection::vec(prop_oneof![0..200usize, 900..1100usize, 2000..70_000usize], 1..20),
            taken in 0..100_000usize,
        ) {
            let frames = frames(&sizes);
            let all: Vec<u8> = frames.iter().flatten().copied().collect();
            let mut queue = Queue::default();
            for frame in &frames {
                queue.push(frame);
            }
            let (mut seen, _) = take(&mut queue, std::iter::once(taken.max(1)));
            queue.keep_begun();
            let (rest, _) = take(&mut queue, std::iter::repeat(1000));
            seen.extend(rest);
            let mut ends = frames.iter().scan(0, |end, frame| { *end += frame.len(); Some(*end) });
            let first_end_after = ends.find(|end| *end >= seen.len()).unwrap();
            prop_assert_eq!(seen.len(), first_end_after);
            prop_assert!(seen[..] == all[..seen.len()]);
        }
    }

    #[test]
    fn small_frames_leave_in_one_plain_write_and_idle_queues_are_small() {
        let mut queue = Queue::default();
        for frame in frames(&[100; 16]) {
            queue.push(&frame);
        }
        let mut writes = Vec::new();
        let done = queue.write_to(|slices| {
            writes.push((slices.len(), slices[0].len()));
            Poll::Ready(Ok(slices[0].len()))
        });
        assert!(done.is_ready());
        assert_eq!(writes, [(1, 16 * 102)]);
        assert!(queue.pieces.capacity() <= 4);
    }
}
