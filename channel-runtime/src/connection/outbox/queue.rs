//! The queue of frames that wait for one client, in order. A frame is shared with the queues of other clients.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::task::Poll;

use crate::wire::frame::{Frame, len_of};

/// Up to so many bytes of small frames are copied for one write: from the cache, which costs less than a vectored write.
const GATHERED: usize = 16 * 1024;

pub(crate) const GATHERED_OWN: usize = 4 * 1024;

#[derive(Default)]
pub(crate) struct Queue {
    /// Mostly one frame waits, which needs no list: a broadcast to thousands would fetch each member's list from memory, twice.
    first: Option<Frame>,
    #[expect(clippy::box_collection, reason = "every connection holds the place, and mostly nothing there")]
    rest: Option<Box<VecDeque<Frame>>>,
    /// Of the first frame, in bytes.
    written: usize,
    bytes: usize,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn longest(&self) -> usize {
        self.frames().map(|frame| frame.len()).max().unwrap_or(0)
    }

    fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.first.iter().chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }

    pub fn push(&mut self, frame: Frame) {
        self.bytes += frame.len();
        match &mut self.first {
            None => self.first = Some(frame),
            Some(_) => self.rest.get_or_insert_default().push_back(frame),
        }
    }

    /// Appends a frame that is for this client alone. If the last frame is so too, this is copied to its end, which saves memory.
    pub fn gather(&mut self, frame: Frame) {
        let last = self.last_mut();
        if last.is_some_and(|last| last.extend([&frame], GATHERED_OWN)) {
            self.bytes += frame.len();
        } else {
            self.push(frame);
        }
    }

    pub fn gather_bytes<const N: usize>(&mut self, parts: [&[u8]; N]) {
        let last = self.last_mut();
        if last.is_some_and(|last| last.extend(parts, GATHERED_OWN)) {
            self.bytes += len_of(parts);
        } else {
            self.push(Frame::copied(parts));
        }
    }

    fn last_mut(&mut self) -> Option<&mut Frame> {
        self.rest.as_mut().and_then(|rest| rest.back_mut()).or(self.first.as_mut())
    }

    /// Nothing of the other queue has been written.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
        } else {
            self.bytes += other.bytes;
            let rest = self.rest.get_or_insert_default();
            rest.extend(other.first);
            rest.extend(other.rest.into_iter().flat_map(|others| *others));
        }
    }

    pub fn keep_begun(&mut self) {
        self.rest = None;
        self.first.take_if(|_| self.written == 0);
        self.bytes = self.first.as_ref().map_or(0, |first| first.len() - self.written);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.frames().flat_map(|frame| frame.iter()).copied().collect::<Vec<u8>>();
        bytes.drain(..self.written);
        bytes
    }

    /// Passes what waits to `write`, as much as it takes. Ready when the queue is empty. A write of 0 bytes is an error.
    pub fn write_to(&mut self, mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>) -> Poll<io::Result<()>> {
        thread_local! {
            /// Out of its cell while a stream writes it, which may run the user's code. After a panic the next write makes another.
            static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        while let Some(first) = &self.first {
            let first = &first[self.written..];
            let second = self.rest.as_ref().and_then(|rest| rest.front()).map_or(usize::MAX, |second| second.len());
            let written = if first.len().saturating_add(second) > GATHERED {
                write(first)
            } else {
                let mut scratch = SCRATCH.take();
                scratch.clear();
                scratch.extend_from_slice(first);
                for frame in self.rest.iter().flat_map(|rest| rest.iter()) {
                    if scratch.len() + frame.len() > GATHERED {
                        break;
                    }
                    scratch.extend_from_slice(frame);
                }
                let written = write(&scratch);
                SCRATCH.set(scratch);
                written
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
        while let Some(first) = &self.first {
            if self.written < first.len() {
                return;
            }
            self.written -= first.len();
            self.first = self.rest.as_mut().and_then(|rest| rest.pop_front());
        }
        // Idle connections keep no burst's worth of memory.
        self.rest.take_if(|rest| rest.capacity() > 32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::frame::{Opcode, frame};

    fn take(queue: &mut Queue, mut takes: impl Iterator<Item = usize>) -> (Vec<u8>, bool) {
        let mut taken = Vec::new();
        let written = queue.write_to(|bytes| {
            let Some(most) = takes.next() else { return Poll::Pending };
            let bytes = &bytes[..most.min(bytes.len())];
            taken.extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        });
        (taken, written.is_ready())
    }

    fn frames(sizes: &[usize]) -> Vec<Frame> {
        sizes.iter().enumerate().map(|(n, size)| frame(Opcode::Binary, &vec![n as u8; *size])).collect()
    }

    proptest! {
        #[test]
        fn whole_frames_leave_in_order_however_they_are_taken(
            sizes in prop::collection::vec(prop_oneof![0..200usize, 900..1100usize, 2000..70_000usize], 1..40),
            takes in prop::collection::vec(1..5000usize, 0..400),
        ) {
            let mut queue = Queue::default();
            let all: Vec<u8> = frames(&sizes).iter().flat_map(|frame| frame.iter()).copied().collect();
            for frame in frames(&sizes) {
                queue.push(frame);
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
            let all: Vec<u8> = frames.iter().flat_map(|frame| frame.iter()).copied().collect();
            let mut queue = Queue::default();
            for frame in frames.iter().cloned() {
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

    proptest! {
        #[test]
        fn frames_of_ones_own_and_of_others_leave_in_order(
            steps in prop::collection::vec((any::<bool>(), 0..3000usize, 0..2000usize), 1..60),
        ) {
            let (mut queue, mut held, mut all, mut taken) = (Queue::default(), Vec::new(), Vec::new(), Vec::new());
            for (n, (own, size, takes)) in steps.into_iter().enumerate() {
                let frame = frame(Opcode::Binary, &vec![n as u8; size]);
                all.extend_from_slice(&frame);
                if own {
                    queue.gather(frame);
                } else {
                    held.push(frame.clone());
                    queue.push(frame);
                }
                taken.extend(take(&mut queue, (takes > 0).then_some(takes).into_iter()).0);
                prop_assert_eq!(queue.bytes(), all.len() - taken.len());
            }
            taken.extend(take(&mut queue, std::iter::repeat(10_000)).0);
            prop_assert!(queue.is_empty() && taken == all);
        }
    }

    #[test]
    fn small_frames_leave_in_one_write_and_idle_queues_are_small() {
        let mut queue = Queue::default();
        for frame in frames(&[100; 16]) {
            queue.push(frame);
        }
        let mut writes = Vec::new();
        let done = queue.write_to(|bytes| {
            writes.push(bytes.len());
            Poll::Ready(Ok(bytes.len()))
        });
        assert!(done.is_ready());
        assert_eq!(writes, [16 * 102]);
        for frame in frames(&[100; 64]) {
            queue.push(frame);
        }
        assert!(take(&mut queue, std::iter::repeat(1000)).1);
        assert!(queue.rest.is_none());
    }
}
