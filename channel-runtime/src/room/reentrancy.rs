//! Re-entry of a room's locks by the user's code: a panic, never a deadlock.

use std::cell::Cell;
use std::thread::LocalKey;

thread_local! {
    // Reset by the drop of `Inside`, also in a panic.
    static IN_WITH: Cell<bool> = const { Cell::new(false) };
    static IN_SEND_WITH: Cell<bool> = const { Cell::new(false) };
}

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

pub(crate) fn assert_outside_send_with() {
    assert!(
        !IN_SEND_WITH.get(),
        "inside `send_with` the room is locked: use what its closure is given, and send afterwards"
    );
}
