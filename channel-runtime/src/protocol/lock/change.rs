//! The rating of each change of the wire: whether older clients still work after it.

use super::cover::covers;
use super::faults::{is_fault, of_fault};
use super::line::{Entry, after, ends, starts, until};
use crate::protocol::const_text::same;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// The lock can't decide it: a new name may mean the same as the old one.
    Unclear,
    Breaks,
}

#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub verdict: Verdict,
    pub text: &'static str,
}

const fn fine(text: &'static str) -> Change {
    Change { verdict: Verdict::Fine, text }
}

const fn unclear(text: &'static str) -> Change {
    Change { verdict: Verdict::Unclear, text }
}

const fn breaks(text: &'static str) -> Change {
    Change { verdict: Verdict::Breaks, text }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Envelope,
    /// Whether what is sent to a room is kept.
    History,
    /// What is seen of who is present.
    Presence,
    Subprotocol,
    Param,
    Raw,
    Message,
    /// Whether a message may be sent again.
    Idempotent,
    /// Whether it may be dropped or replaced.
    Class,
    Answer,
    /// A fault with which a handler may answer.
    Fault,
    Field,
    /// Something without a key of its own: a flattened field, or the content of a variant.
    Content,
    Closed,
    Tagging,
    Variant,
}

impl About {
    /// Whether lines of its fields may follow.
    pub const fn holds_others(self) -> bool {
        matches!(self, Self::Message | Self::Variant | Self::Fault)
    }
}

impl Entry<'_> {
    pub const fn about(&self, of_channel: bool) -> About {
        let (first, second) = self.words();
        let last = if second.is_empty() { first } else { second };
        match () {
            () if same(self.key, "(envelope)") => About::Envelope,
            () if starts(self.key, "(history)").is_some() => About::History,
            () if same(self.key, "(presence)") => About::Presence,
            () if starts(self.key, "(").is_some() => About::Subprotocol,
            () if self.key.is_empty() || self.key.as_bytes()[0] == b'/' => About::Param,
            () if same(first, "(binary)") || same(first, "(text)") => About::Raw,
            () if same(second, "(answer)") => About::Answer,
            () if same(second, "(idempotent)") => About::Idempotent,
            () if same(second, "(class)") => About::Class,
            () if is_fault(self.key) => About::Fault,
            () if same(last, "*") || ends(last, " *").is_some() => About::Closed,
            () if starts(last, "..").is_some() || ends(last, " ..").is_some() => About::Content,
            () if same(first, "|") && second.is_empty() => About::Tagging,
            () if same(first, "|") && after(second, b' ').is_empty() => About::Variant,
            () if of_channel && second.is_empty() => About::Message,
            () => About::Field,
        }
    }

    /// Whether a codec writes it: a fault is JSON, whatever it answers.
    const fn is_by_codec(&self) -> bool {
        self.is_of_binary() && of_fault(self.key).is_none()
    }
}

/// Of a binary message's field: some codecs write fields without their names, others with them.
const CODEC: &str = "is new: does the codec still read what old clients write, and they what it writes?";
const CODEC_CHANGED: &str =
    "has another type now: does the codec still read what old clients write, and they what it writes?";
const CODEC_GONE: &str = "is gone: does the codec still read what old clients write, and they what it writes?";

/// Rates another name of a binary message.
pub const fn of_name(is_of_another_kind: bool) -> Change {
    if is_of_another_kind {
        breaks("has the name of another kind now, and only the kind is on the wire")
    } else {
        unclear("has another name now, and only its kind is on the wire: is it the same message?")
    }
}

/// Rates a line that is not in the lock. `renamed`: older clients use another name of the field, which is still read.
pub const fn added(new: Entry, of_channel: bool, renamed: bool) -> Change {
    let read = new.is_read();
    match new.about(of_channel) {
        About::Envelope => breaks("is new, and old clients write in the framework's own envelope"),
        About::History => {
            fine("is new: what is sent there has a number now, and a client that comes back hears what it missed")
        }
        About::Presence => fine("is new: old clients pass over who is present"),
        About::Idempotent => fine("is new: old clients never send it again"),
        About::Class => breaks("is new, and old clients wait for each one"),
        About::Subprotocol if new.value.is_empty() => fine("is new"),
        About::Subprotocol => breaks("is new, and old clients that offer none are refused"),
        About::Field | About::Content | About::Closed if new.is_by_codec() => unclear(CODEC),
        About::Param => unclear("is new: is it another name for the one that is gone?"),
        About::Raw | About::Message => fine("is new"),
        // The framework's codes may be answered too, and new ones be among them: a client has to pass over a code that it does not
        // know, so a `switch` over the codes has its `default`.
        About::Fault => fine("is new: a client that does not know the code has the message"),
        About::Answer if read => unclear("is new: it was no question, and old clients don't answer it"),
        About::Answer if new.is_of_binary() => unclear("is new: nothing was sent"),
        About::Answer => unclear("is new: it was a `success` without data"),
        About::Content => unclear("is new"),
        About::Closed => breaks("is new: what else old clients say is refused"),
        About::Tagging => unclear("is new"),
        About::Variant if read => fine("is new"),
        About::Variant => breaks("is new, and old clients don't know it"),
        About::Field if new.read_as().is_some() => fine("is new"),
        About::Field if renamed => fine("is a new name, and the old one is still read"),
        About::Field if read && !new.optional => {
            breaks("is new and required; with `#[serde(default)]`, or as an `Option`, it may be missing")
        }
        About::Field => fine("is new"),
    }
}

pub const fn removed(old: Entry, of_channel: bool) -> Change {
    let read = old.is_read();
    match old.about(of_channel) {
        About::Envelope => breaks("is gone, and old clients write in it"),
        About::History => fine("is gone: who comes back has always missed what was sent meanwhile"),
        About::Presence => fine("is gone: nobody is present for old clients"),
        About::Idempotent => {
            breaks("is gone: old clients send it again when an answer is lost, and it is handled again")
        }
        About::Class => fine("is gone: each one is sent"),
        About::Subprotocol if old.value.is_empty() => breaks("is gone, and old clients offer it"),
        About::Subprotocol => fine("is gone: a client may offer none"),
        About::Field | About::Content | About::Closed if old.is_by_codec() => unclear(CODEC_GONE),
        About::Param => unclear("is gone: has it got another name?"),
        About::Closed => fine("is gone: other keys are passed over"),
        About::Fault => fine("is gone: old clients wait for it in vain"),
        About::Answer if read => fine("is gone: it is no question now, and old clients hear it as any message"),
        About::Answer if old.is_of_binary() => breaks("is gone: nothing is sent now"),
        About::Answer => breaks("is gone: it is a `success` without data now"),
        About::Content | About::Tagging => breaks("is gone"),
        About::Variant if !read => fine("is gone"),
        About::Variant | About::Message | About::Raw if read => breaks("is gone, and old clients still say it"),
        About::Message | About::Raw | About::Variant => breaks("is gone, and old clients wait for it"),
        About::Field if old.read_as().is_some() => breaks("is gone, and old clients still say it"),
        About::Field if read => breaks(
            "is gone, and old clients still say it; if it has another name now, keep this one: `#[serde(alias = \"..\")]`",
        ),
        About::Field if old.optional => unclear("is gone; it could be missing before"),
        About::Field => breaks("is gone, and old clients read it"),
    }
}

/// Rates a field whose name is now an alias of another field; `value` is the type of that field.
pub const fn renamed(old: Entry, value: &str) -> Change {
    match covers(value, old.value) {
        Some(true) => fine("has another name now, and this one is still read"),
        Some(false) => breaks("has another name now, and another type too"),
        None => unclear("has another name now, which names another type too: is it written as before?"),
    }
}

pub const fn changed(old: Entry, new: Entry, of_channel: bool) -> Change {
    let about = new.about(of_channel);
    let read = new.is_read() && !matches!(about, About::Presence);
    match about {
        About::Field | About::Content if new.is_by_codec() => unclear(CODEC_CHANGED),
        About::Field if new.read_as().is_some() => unclear("is read as another field now"),
        About::Field if old.read_as().is_some() => unclear("is a field of its own now"),
        About::Field if read && old.optional && !new.optional => breaks("could be missing, and is required now"),
        About::Field if !read && !old.optional && new.optional => breaks("was always there, and may be missing now"),
        About::Field | About::Param | About::Content | About::Answer | About::Presence => {
            let (narrow, wide) = if read { (old.value, new.value) } else { (new.value, old.value) };
            match covers(wide, narrow) {
                Some(true) if same(wide, narrow) => fine("changed whether it may be missing"),
                Some(true) => fine(if read { "is wider now" } else { "is narrower now" }),
                _ if covers_text(narrow, wide) => {
                    breaks(if read { "is narrower now" } else { "is wider now, and old clients read the old type" })
                }
                Some(_) => breaks("has another type now"),
                // Messages are compared by name; the data of a `success` is compared by type.
                None if is_message(&old, of_channel) || is_message(&new, of_channel) => {
                    breaks("is another message now")
                }
                None => unclear("names another type now: is it written as before?"),
            }
        }
        About::Tagging => breaks("is written in another way"),
        About::Envelope => breaks("is another one now, and old clients write in the old one"),
        About::Class if same(new.value, "volatile") => {
            breaks("is another one now, and old clients wait for the newest one")
        }
        About::Class => fine("is another one now: the newest one is sent"),
        About::Subprotocol
        | About::History
        | About::Variant
        | About::Message
        | About::Idempotent
        | About::Fault
        | About::Raw
        | About::Closed => unclear("is another one now"),
    }
}

const fn is_message(entry: &Entry, of_channel: bool) -> bool {
    matches!(entry.about(of_channel), About::Answer) && starts(entry.value, "success ").is_none()
}

const fn covers_text(wide: &str, narrow: &str) -> bool {
    matches!(covers(wide, narrow), Some(true))
}

/// The names of parameters may differ.
pub const fn same_path(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a, b);
    loop {
        let (first_a, first_b) = (until(a, b'/'), until(b, b'/'));
        let both = starts(first_a, ":").is_some() && starts(first_b, ":").is_some();
        if !both && !same(first_a, first_b) {
            return false;
        }
        if a.len() == first_a.len() || b.len() == first_b.len() {
            return a.len() == first_a.len() && b.len() == first_b.len();
        }
        (a, b) = (after(a, b'/'), after(b, b'/'));
    }
}
