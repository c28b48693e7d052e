//! Mutexes with a rank, and a check in debug builds that a thread takes them in the order of their ranks.
//!
//! A thread takes a lock only if it holds none of the same rank or a later one, so that no two wait for each other for ever.

use std::fmt;
use std::ops::{Deref, DerefMut};

use parking_lot::{Mutex, MutexGuard};

pub(crate) mod rank {
    /// The rooms of a channel that are opened and closed.
    pub const ROOM_HOOKS: u8 = 0;
    /// A room's state, while the user's `with` runs.
    pub const ROOM_STATE: u8 = 1;
    pub const JOINED: u8 = 2;
    /// A shard of the registry.
    pub const SHARD: u8 = 3;
    pub const MEMBERS: u8 = 4;
    pub const OUTBOX: u8 = 5;
    /// What waits for the bus. Under no other lock is it taken first.
    #[cfg(feature = "cluster")]
    pub const LANE: u8 = 6;
}

pub(crate) struct Ranked<const RANK: u8, T>(Mutex<T>);

pub(crate) struct RankedGuard<'a, const RANK: u8, T> {
    value: MutexGuard<'a, T>,
    #[cfg(debug_assertions)]
    _held: held::Held<RANK>,
}

impl<const RANK: u8, T> Ranked<RANK, T> {
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// # Panics
    /// In a debug build, if this thread holds a lock of this rank or a later one.
    #[inline]
    pub fn lock(&self) -> RankedGuard<'_, RANK, T> {
        RankedGuard {
            #[cfg(debug_assertions)]
            _held: held::Held::take(),
            value: self.0.lock(),
        }
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    #[inline]
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

impl<const RANK: u8, T: Default> Default for Ranked<RANK, T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<const RANK: u8, T: fmt::Debug> fmt::Debug for Ranked<RANK, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const RANK: u8, T> Deref for RankedGuard<'_, RANK, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<const RANK: u8, T> DerefMut for RankedGuard<'_, RANK, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(debug_assertions)]
mod held {
    use std::cell::Cell;

    thread_local! {
        static HELD: Cell<u8> = const { Cell::new(0) };
    }

    pub struct Held<const RANK: u8>(());

    impl<const RANK: u8> Held<RANK> {
        pub fn take() -> Self {
            let held = HELD.get();
            assert!(held >> RANK == 0, "a lock of rank {RANK} is taken while locks of these ranks are held: {held:#b}");
            HELD.set(held | 1 << RANK);
            Self(())
        }
    }

    impl<const RANK: u8> Drop for Held<RANK> {
        fn drop(&mut self) {
            HELD.set(HELD.get() & !(1 << RANK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_in_the_order_of_their_ranks() {
        let (members, outbox) = (Ranked::<{ rank::MEMBERS }, _>::new(1), Ranked::<{ rank::OUTBOX }, _>::new(2));
        let first = members.lock();
        assert_eq!(*first + *outbox.lock(), 3);
        drop(first);
        assert_eq!(*outbox.lock(), 2);
        assert_eq!(*members.lock(), 1);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a lock of rank 4 is taken while locks of these ranks are held: 0b100000")]
    fn a_lock_of_an_earlier_rank_is_a_panic() {
        let (members, outbox) = (Ranked::<{ rank::MEMBERS }, _>::new(()), Ranked::<{ rank::OUTBOX }, _>::new(()));
        let _outbox = outbox.lock();
        let _members = members.lock();
    }
}
