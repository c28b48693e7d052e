//! Where a client of a channel connects.

/// The path at which clients of channel `C` connect: a room of the channel's path, such as `Game::room(&id)`, or its text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no path of `{C}`",
    label = "not a path of `{C}`",
    note = "a path is `{C}::room(..)`, of the server's code, or a text such as \"/game/7\", percent-encoded"
)]
pub trait Address<C> {
    /// The encoded path below the mount point. `None` for a room that is not the path's own.
    fn path(&self) -> Option<&str>;
}

impl<C> Address<C> for str {
    fn path(&self) -> Option<&str> {
        Some(self)
    }
}

impl<C> Address<C> for String {
    fn path(&self) -> Option<&str> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<C, A: Address<C> + ?Sized> Address<C> for &A {
    fn path(&self) -> Option<&str> {
        A::path(self)
    }
}
