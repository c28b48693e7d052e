//! The window sizes of a message's receivers, for which it is compressed.

use std::sync::atomic::{AtomicU32, Ordering};

use super::rfc7692::WINDOW_BITS;
use super::{Agreed, Compression};

const SIZES: usize = (*WINDOW_BITS.end() - *WINDOW_BITS.start() + 1) as usize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Windows(u8);

impl Windows {
    pub fn of(receivers: impl IntoIterator<Item = Option<Agreed>>) -> Self {
        Self(receivers.into_iter().flatten().fold(0, |set, agreed| set | 1 << place(agreed)))
    }

    /// With the widest that there may be.
    pub fn and_widest(self, compression: &Compression) -> Self {
        Self(self.0 | 1 << (compression.in_range().window_bits - WINDOW_BITS.start()))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The sizes, as powers of two.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        WINDOW_BITS.filter(move |bits| self.0 & 1 << (bits - WINDOW_BITS.start()) != 0)
    }
}

/// How many members of a room have which window. Read without the room's lock: a message may be compressed in vain, or sent plain.
#[derive(Debug, Default)]
pub(crate) struct WindowCounts([AtomicU32; SIZES]);

impl WindowCounts {
    pub fn add(&self, agreed: Option<Agreed>) {
        if let Some(agreed) = agreed {
            self.0[place(agreed)].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn remove(&self, agreed: Option<Agreed>) {
        if let Some(agreed) = agreed {
            self.0[place(agreed)].fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub fn windows(&self, except: Option<Agreed>) -> Windows {
        let except = except.map(place);
        let sizes = self.0.iter().enumerate();
        Windows(sizes.fold(0, |set, (at, count)| {
            let here = count.load(Ordering::Relaxed) > u32::from(except == Some(at));
            set | u8::from(here) << at
        }))
    }
}

fn place(agreed: Agreed) -> usize {
    usize::from(agreed.server_bits - WINDOW_BITS.start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(server_bits: u8) -> Option<Agreed> {
        Some(Agreed { server_bits, client_context: None })
    }

    #[test]
    fn the_windows_are_those_of_who_is_here() {
        let tally = WindowCounts::default();
        let windows = |except| tally.windows(except).iter().collect::<Vec<_>>();
        for member in [None, agreed(15), agreed(9), agreed(9)] {
            tally.add(member);
        }
        assert_eq!(windows(None), [9, 15]);
        assert_eq!(windows(agreed(9)), [9, 15]);
        assert_eq!(windows(agreed(15)), [9]);
        tally.remove(agreed(9));
        tally.remove(None);
        assert_eq!(windows(agreed(9)), [15]);
        tally.remove(agreed(9));
        tally.remove(agreed(15));
        assert!(tally.windows(None).is_empty());
        assert!(tally.windows(agreed(12)).is_empty());
    }

    #[test]
    fn a_list_of_receivers_has_each_window_once() {
        let windows = Windows::of([agreed(12), None, agreed(10), agreed(12)]);
        assert_eq!(windows.iter().collect::<Vec<_>>(), [10, 12]);
        assert!(Windows::of([None, None]).is_empty());
    }
}
