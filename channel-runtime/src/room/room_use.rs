//! The use of a room by one session: the last use that ends drops the room's state, or calls the room's owner.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::room::live_room::LiveRoom;
use crate::room::reentrancy::Inside;
use crate::room::state::{self, State};

pub(crate) struct RoomUse(Arc<LiveRoom>);

impl LiveRoom {
    pub fn with<S: Send + 'static, R>(
        &self,
        make: impl FnOnce() -> Option<S>,
        act: impl FnOnce(&mut S) -> R,
    ) -> Option<R> {
        // Before the lock: a second `with` inside would wait for itself, or for one that waits for it.
        let _inside = Inside::with();
        let mut state = self.state.lock();
        if state.is_none() {
            *state = make().map(state::state);
        }
        let state = state.as_mut()?;
        Some(act(state.downcast_mut().expect("a room is opened with its channel's own `room_state`")))
    }

    pub fn take_state(&self) -> Option<State> {
        self.state.lock().take()
    }

    pub fn set_state(&self, state: State) {
        let before = self.state.lock().replace(state);
        // Not under the lock: its destructor is the user's code.
        drop(before);
    }

    fn forget_state(&self) {
        drop(self.take_state());
    }

    pub fn begin_use(self: &Arc<Self>) -> RoomUse {
        self.uses.fetch_add(1, Ordering::AcqRel);
        RoomUse(Arc::clone(self))
    }

    pub fn uses(&self) -> usize {
        self.uses.load(Ordering::Acquire)
    }
}

impl Drop for RoomUse {
    fn drop(&mut self) {
        if self.0.uses.fetch_sub(1, Ordering::AcqRel) == 1 {
            match &self.0.owner {
                Some(owner) => Arc::clone(owner).on_maybe_empty(),
                None if self.0.is_gone() => self.0.forget_state(),
                None => {}
            }
        }
    }
}
