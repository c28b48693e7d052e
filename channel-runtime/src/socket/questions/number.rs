//! The number of a question to a client.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::message::Ref;

/// What names a question in its frame: unique in the process, so that no client can answer another's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

impl Number {
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub fn reference(self) -> Ref {
        Ref::Text(format!("s{}", self.0).into())
    }

    /// `None` if it names no question of ours.
    pub fn of(reference: &Ref) -> Option<Self> {
        let (Ref::Text(text) | Ref::Raw(text)) = reference else { return None };
        let digits = text.strip_prefix('s')?;
        let is_ours = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_ours.then(|| digits.parse().ok().map(Self)).flatten()
    }
}
