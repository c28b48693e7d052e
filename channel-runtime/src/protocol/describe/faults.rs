//! The faults of an error type in constants, as `#[derive(Fault)]` writes them.

use super::shape::Content;
use crate::protocol::const_text::{ConstText, same};

/// An error type whose faults are known in constants: a handler's contract has them, in [`describe`](super) and in the lock.
///
/// [`#[derive(Fault)]`](derive@crate::Fault) implements it. If `From` is written by hand, implement it by hand:
///
/// ```
/// use channel_runtime::Fault;
/// use channel_runtime::describe::{Content, DescribeFaults, FaultKind, Faults};
///
/// pub struct Closed;
///
/// impl From<Closed> for Fault {
///     fn from(_: Closed) -> Self {
///         Fault::new("bid.closed", "the auction is over")
///     }
/// }
///
/// impl DescribeFaults for Closed {
///     const FAULTS: Faults = Faults::new(&[FaultKind::new("bid.closed", "the auction is over", Content::Unit)]);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the faults of `{Self}` are not known",
    label = "not described",
    note = "put `#[derive(channel_runtime::Fault)]` on `{Self}`"
)]
pub trait DescribeFaults {
    /// The faults that the type becomes.
    const FAULTS: Faults;
}

/// The faults of an error type. No two have the same code.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    own: &'static [FaultKind],
    /// Those of the types in it. `None` if they are not known.
    within: &'static [Option<Self>],
}

/// A fault: its code, and what is sent with it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FaultKind {
    /// The code, such as `bid.too_low`.
    pub code: &'static str,
    /// The message, with placeholders for the fields.
    pub message: &'static str,
    /// The documentation; empty if there is none.
    pub docs: &'static str,
    /// The details. [`Unit`](Content::Unit) if there are none.
    pub details: Content,
}

impl FaultKind {
    /// A fault with a code of your own.
    ///
    /// # Panics
    ///
    /// If the code has no dot: single words are the framework's.
    #[track_caller]
    pub const fn new(code: &'static str, message: &'static str, details: Content) -> Self {
        let bytes = code.as_bytes();
        let (mut at, mut has_dot) = (0, false);
        while at < bytes.len() {
            has_dot |= bytes[at] == b'.';
            at += 1;
        }
        if !has_dot {
            let text =
                ConstText::concat(&["the fault code \"", code, "\" has no dot, and single words are the framework's"]);
            panic!("{}", text.as_str());
        }
        Self { code, message, docs: "", details }
    }

    /// Sets the documentation.
    #[must_use]
    pub const fn with_docs(self, docs: &'static str) -> Self {
        Self { docs, ..self }
    }
}

impl Faults {
    /// These faults alone.
    ///
    /// # Panics
    ///
    /// If two have the same code.
    #[track_caller]
    pub const fn new(own: &'static [FaultKind]) -> Self {
        Self { own, within: &[] }.once()
    }

    /// Adds those of the types in it. `None` if they are not known.
    #[doc(hidden)]
    #[track_caller]
    #[must_use]
    pub const fn __within(self, within: &'static [Option<Self>]) -> Self {
        Self { within, ..self }.once()
    }

    /// The fault at this place. `None` behind the last one.
    pub const fn get(&self, index: usize) -> Option<FaultKind> {
        if index < self.own.len() { Some(self.own[index]) } else { fault(self.within, index - self.own.len()) }
    }

    /// How many are known.
    pub const fn len(&self) -> usize {
        let (mut len, mut at) = (self.own.len(), 0);
        while at < self.within.len() {
            if let Some(within) = &self.within[at] {
                len += within.len();
            }
            at += 1;
        }
        len
    }

    /// Whether none is known.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there may be faults with other codes, such as those of a `Fault` in it.
    pub const fn has_others(&self) -> bool {
        let mut at = 0;
        while at < self.within.len() {
            match &self.within[at] {
                Some(faults) if !faults.has_others() => at += 1,
                _ => return true,
            }
        }
        false
    }

    #[track_caller]
    const fn once(self) -> Self {
        let mut at = 1;
        while let Some(fault) = self.get(at) {
            let mut before = 0;
            while before < at {
                if let Some(other) = self.get(before)
                    && same(other.code, fault.code)
                {
                    let text = ConstText::<512>::concat(&[
                        "two faults have the code \"",
                        fault.code,
                        "\", with the messages \"",
                        other.message,
                        "\" and \"",
                        fault.message,
                        "\"\na client knows a fault by its code: give one of the two another",
                    ]);
                    panic!("{}", text.as_str());
                }
                before += 1;
            }
            at += 1;
        }
        self
    }
}

/// The fault at this place in all of the lists. `None` behind the last one.
pub(crate) const fn fault(lists: &[Option<Faults>], index: usize) -> Option<FaultKind> {
    let (mut left, mut at) = (index, 0);
    while at < lists.len() {
        if let Some(faults) = &lists[at] {
            let len = faults.len();
            if left < len {
                return faults.get(left);
            }
            left -= len;
        }
        at += 1;
    }
    None
}
