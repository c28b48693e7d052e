//! Re-entry of a room's locks by the user's code: a panic, never a deadlock.

use std::cell::Cell;
use std::thread::LocalKey;

thread_local! {
    // Set while an `Inside` lives, which a panic drops too.
    static IN_WITH: Cell<bool> = const { Cell::new(false) };
    static IN_SEND_WITH: Cell<bool> = const { Cell::new(false) };
}

/// The user's code runs under a room's lock on this thread.
pub(super) struct Inside(&'static LocalKey<Cell<bool>>);

impl Inside {
    /// Under the lock of the room's state.
    pub fn with() -> Self {
        assert_outside_send_with();
        assert!(!IN_WITH.get(), "`with` inside `with`: take what you need out of the first, then run the second");
        IN_WITH.set(true);
        Self(&IN_WITH)
    }

    /// Under the lock of the room's members.
    pub fn send_with() -> Self {
        IN_SEND_WITH.set(true);
        Self(&IN_SEND_WITH)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Called before a lock of the registry or of a room's members is taken, which inside `send_with` would be a deadlock.
pub(crate) fn assert_outside_send_with() {
    assert!(
        !IN_SEND_WITH.get(),
        "inside `send_with` the room is locked: use what its closure is given, and send afterwards"
    );
}
