//! What an outbox knows of its client's knowledge: whether it hears the framework's own frames.

use std::sync::atomic::Ordering;

use super::{Inner, Outbox};
use crate::connection::framework_frames::announcement;
use crate::connection::outbox::Sender;
use crate::wire::close::Close;
use crate::wire::frame::Frame;

impl Outbox {
    /// Its client is a knowing one, and hears this first. It is pushed before anybody else can push.
    pub fn welcome(&self, welcome: Frame, window: u32) {
        self.return_window.store(window, Ordering::Relaxed);
        // Its own task writes it, which has not begun.
        let _ = self.push(welcome, Sender::Own);
    }

    pub fn is_knowing(&self) -> bool {
        self.return_window.load(Ordering::Relaxed) > 0
    }

    /// Within how many milliseconds a client returns that is closed now, for a knowing one. More than zero.
    pub fn set_return_window(&self, window: u32) {
        if self.is_knowing() {
            self.return_window.store(window, Ordering::Relaxed);
        }
    }

    /// Before a Close after which a knowing client comes back.
    pub(super) fn announce(&self, inner: &mut Inner, close: &Close) {
        let window = self.return_window.load(Ordering::Relaxed);
        if window > 0
            && let Some(closing) = announcement(close, window)
        {
            inner.queue.push(closing);
        }
    }
}
