//! What each node of a cluster has of a channel for itself: the state, the history and the hooks of its rooms, how long they stay, and
//! the answers to idempotent messages. The channel says with `each_node` that this is meant.

use crate::channel::Channel;
use crate::channel::history::is_kept;
use crate::protocol::const_text::{ConstText, same};
use crate::protocol::message::Messages;

/// Long enough for a channel with many notices.
pub type Text = ConstText<4096>;

/// Fails, in a constant, if a channel says `each_node` of nothing.
#[track_caller]
pub const fn each_node<C: Channel>() {
    if C::IS_WHOLE && has(&held::<C>()) == 0 && !is_idempotent::<C>() {
        let text = ConstText::concat(&[
            "`each_node` is about what each node has of its rooms for itself, and the rooms of `",
            C::NAME,
            "` have no `room_state`, no `room_grace`, no `history`, no `presence` and no hook\ntake it away: what is sent reaches the clients of all nodes in any case",
        ]);
        panic!("{}", text.as_str());
    }
}

/// The error for a channel in a cluster that does not say so. `None` if it need not.
pub(crate) const fn unsaid<C: Channel>() -> Option<Text> {
    let (held, is_idempotent) = (held::<C>(), is_idempotent::<C>());
    if !C::IS_WHOLE || C::EACH_NODE || has(&held) == 0 && !is_idempotent {
        return None;
    }
    let mut text = Text::new();
    if has(&held) > 0 {
        text.push_all(&["the rooms of `", C::NAME, "` have "]);
        push_names(&mut text, &held);
        text.push(", which each node of a cluster has for itself: ");
        let shares = has(&held) - is_kept::<C>() as usize - C::PRESENCE.is_some() as usize;
        text.push(match (shares, is_kept::<C>(), C::PRESENCE.is_some()) {
            (0, true, true) => "a client that comes back to another node is not sent what it missed, and clients of one node are not told who is present on another",
            (0, true, false) => MISSED,
            (0, false, _) => "clients of one node are not told who is present on another",
            (_, true, _) => "two nodes would load, change and save the same room, and a client that comes back to another node is not sent what it missed",
            _ => "two nodes would load, change and save the same room",
        });
    }
    if is_idempotent {
        if has(&held) > 0 {
            text.push("; and ");
        }
        text.push_all(&[
            "`",
            C::NAME,
            "` has messages that are `idempotent`, and each node of a cluster knows its own alone: one that is sent again to another \
             node is handled again",
        ]);
    }
    text.push_all(&[
        "\nif that is meant, say so: `#[channel(\"",
        C::PATH.pattern(),
        "\", .., each_node)]`; if not, keep `",
        C::NAME,
        "` on one node, in a list without `cluster`",
    ]);
    Some(text)
}

const MISSED: &str = "a client that comes back to another node is not sent what it missed";

type Held = [(bool, &'static str); 6];

const fn held<C: Channel>() -> Held {
    let (state, _) = C::INITIAL_STATE;
    [
        (!same(state, "()"), "room_state"),
        (is_kept::<C>(), "history"),
        (C::PRESENCE.is_some(), "presence"),
        (C::OPENS_ROOMS, "on_room_open"),
        (C::CLOSES_ROOMS, "on_room_close"),
        (C::ROOM_GRACE.is_some(), "room_grace"),
    ]
}

const fn is_idempotent<C: Channel>() -> bool {
    let messages = <C::FromClient as Messages>::SHAPES;
    let mut at = 0;
    while at < messages.len() {
        if messages[at].idempotent {
            return true;
        }
        at += 1;
    }
    false
}

const fn has(held: &Held) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < held.len() {
        count += held[at].0 as usize;
        at += 1;
    }
    count
}

const fn push_names(text: &mut Text, held: &Held) {
    let (all, mut said, mut at) = (has(held), 0, 0);
    while at < held.len() {
        let (is_there, name) = held[at];
        if is_there {
            let before = match said {
                0 => "`",
                _ if said + 1 == all => " and `",
                _ => ", `",
            };
            text.push_all(&[before, name, "`"]);
            said += 1;
        }
        at += 1;
    }
}
