//! What a channel in a cluster has to say, checked in constants: what would stay on one node without a word is an error.

use std::marker::PhantomData;

use crate::channel::each_node::{Text, unsaid};
use crate::session::dispatch::Dispatch;
use crate::socket::crossing::{Crossing, NoticeEntry};

/// Fails, in a constant, in a crate without the feature.
#[track_caller]
#[expect(clippy::assertions_on_constants, reason = "the crate's features decide")]
pub const fn has_cluster() {
    assert!(
        cfg!(feature = "cluster"),
        "`cluster` needs a bus, which channel-runtime has with a feature\n\
         turn on `nats` or `redis`: `features = [\"nats\"]`"
    );
}

/// The errors of a channel, found as in `describe::probe`, so that a type that is no channel has its own error alone.
#[derive(Debug)]
pub struct Clustered<C>(PhantomData<C>);

impl<C: Dispatch> Clustered<C> {
    /// Of its rooms.
    pub const ROOMS: Option<Text> = unsaid::<C>();
    /// Of its notices.
    pub const NOTICES: Option<Text> = stranded(C::NAME, C::NOTICES);
}

/// For types that are no channels.
pub trait NoChannel {
    /// None.
    const ROOMS: Option<Text> = None;
    /// None.
    const NOTICES: Option<Text> = None;
}

impl<C> NoChannel for Clustered<C> {}

/// Names the notices that don't cross and don't say so.
const fn stranded(channel: &str, notices: &[NoticeEntry]) -> Option<Text> {
    let (mut count, mut at) = (0, 0);
    while at < notices.len() {
        count += matches!(notices[at].crossing, Crossing::No) as usize;
        at += 1;
    }
    let [has, it, its_handler] = match count {
        0 => return None,
        1 => [" has a notice", "it", "it is for connections of its own node alone, mark its handler"],
        _ => [" has notices", "them", "they are for connections of their own node alone, mark their handlers"],
    };
    let mut text = Text::new();
    text.push_all(&[
        "`",
        channel,
        "`",
        has,
        " that can't reach the other nodes of a cluster, because serde does not write and read ",
    ]);
    text.push_all(&[it, ": "]);
    let (mut named, mut at) = (0, 0);
    while at < notices.len() {
        let NoticeEntry { handler, notice, crossing } = &notices[at];
        if matches!(crossing, Crossing::No) {
            text.push_all(&[if named == 0 { "`" } else { "; `" }, notice, "`, of the handler `", handler, "`"]);
            named += 1;
        }
        at += 1;
    }
    text.push_all(&["\nderive `Serialize` and `Deserialize`; or, if ", its_handler, " `#[notice(here)]`"]);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::crossing::Relay;

    #[test]
    fn each_notice_that_neither_crosses_nor_says_so_is_named() {
        let entry = |handler, crossing| NoticeEntry { handler, notice: "Renamed", crossing };
        let said = |entries: &[NoticeEntry]| stranded("Users", entries).map(|text| text.as_str().to_owned());
        let serde = Crossing::Serde::<Relay>(|_, _| unreachable!("no notice is sent"));
        assert_eq!(said(&[entry("a", Crossing::Here), entry("b", serde)]), None);
        let one = said(&[entry("a", Crossing::No), entry("b", Crossing::Here)]).unwrap();
        assert!(one.contains(" has a notice ") && one.contains(" it: `Renamed`, of the handler `a`\nderive"), "{one}");
        let two = said(&[entry("a", Crossing::No), entry("b", Crossing::No)]).unwrap();
        assert!(two.contains("`Renamed`, of the handler `a`; `Renamed`, of the handler `b`\nderive"), "{two}");
    }
}
