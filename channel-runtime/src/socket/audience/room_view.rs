//! A room as a message is made for it, under its lock; and whether the message has its number of members in it.

use std::cell::Cell;

thread_local! {
    /// Whether the number of members was read. Only of rooms that other nodes may have, too.
    static WAS_READ: Cell<bool> = const { Cell::new(false) };
}

/// A room while a message is made for it.
#[derive(Clone, Copy, Debug)]
pub struct RoomView {
    len: usize,
    /// Other nodes may have it, too.
    is_shared: bool,
}

impl RoomView {
    pub(super) fn new(len: usize, is_shared: bool) -> Self {
        Self { len, is_shared }
    }

    /// The number of members, on this node. While other nodes have clients, the log warns of that, once for each type of a message.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a message is made for members, of whom the sender is most often one"
    )]
    pub fn len(&self) -> usize {
        if self.is_shared {
            WAS_READ.set(true);
        }
        self.len
    }
}

/// Whether the number of a shared room has been read in this thread since this was last asked.
pub(super) fn take_was_read() -> bool {
    WAS_READ.take()
}
