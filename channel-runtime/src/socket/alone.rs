//! Whether the code that runs here is a message's handler beside which its client's other messages wait, in builds with
//! `debug_assertions`: so that one that waits for its client's answer can be warned of.

use std::any::type_name;
use std::cell::Cell;
use std::collections::BTreeSet;

use parking_lot::Mutex;

thread_local! {
    static IS_ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Polls a handler, or what is none. A panic passes through.
#[inline]
pub(crate) fn polled<R>(is_alone: bool, poll: impl FnOnce() -> R) -> R {
    if !cfg!(debug_assertions) {
        return poll();
    }
    /// A handler may poll another one: in a test that drives both.
    struct Restored(bool);

    impl Drop for Restored {
        fn drop(&mut self) {
            IS_ALONE.set(self.0);
        }
    }

    let _restored = Restored(IS_ALONE.replace(is_alone));
    poll()
}

/// Once for each type of a question.
pub(super) fn warn_of_asking<C>(kind: &'static str) {
    static WARNED: Mutex<BTreeSet<(&str, &str)>> = Mutex::new(BTreeSet::new());
    if !cfg!(debug_assertions) || !IS_ALONE.get() || !WARNED.lock().insert((type_name::<C>(), kind)) {
        return;
    }
    tracing::warn!(
        channel = type_name::<C>(),
        kind,
        "a handler waits for a client's answer, and its own client's other messages wait for the handler: \
         take the answer by `.notify(..)`, or wait for it in a task or a `concurrent` handler"
    );
}
