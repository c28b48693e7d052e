//! Misspelt hooks: `on_conect` for `on_connect`.

use crate::channel::model::HookKind;
use crate::syntax::names::distance;

/// The first letter must be right, so that `on_turn_end` and `on_king` stay plain methods.
pub fn meant_by(name: &str) -> Option<HookKind> {
    let stem = |name: &'static str| name.strip_prefix("on_room_").or(name.strip_prefix("on_")).unwrap_or(name);
    match name {
        "on_open" | "on_opened" | "on_connection" => return Some(HookKind::Connect),
        "on_disconnect" | "on_disconnected" | "on_disconnection" => return Some(HookKind::Close),
        "on_error" => return Some(HookKind::Invalid),
        // A word of its own.
        "on_test" => return None,
        _ => {}
    }
    if let Some(bare) = name.strip_prefix("on_").filter(|bare| HookKind::named(bare).is_some() || *bare == "authorise")
    {
        return meant_by(bare).or(HookKind::named(bare));
    }
    let slip = |kind: &HookKind| {
        let meant = stem(kind.name());
        let prefix = kind.name().len() - meant.len();
        let given = match prefix {
            0 => name,
            8 => name.strip_prefix("on_room_").or_else(|| name.strip_prefix("on_room"))?,
            _ => name.strip_prefix("on_").or_else(|| name.strip_prefix("on"))?,
        };
        let is_close = given.starts_with(&meant[..1])
            && distance(given, meant) <= (given.chars().count().max(meant.len()) / 3).max(1);
        // `snapshot_of` and `present` may well be methods of their own.
        let is_plain = matches!(kind, HookKind::Snapshot | HookKind::Presence) && distance(given, meant) > 1;
        (is_close && !is_plain).then(|| distance(name, kind.name()))
    };
    HookKind::ALL.into_iter().filter(|kind| slip(kind).is_some()).min_by_key(slip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_found() {
        for (slip, hook) in [
            ("on_conect", "on_connect"),
            ("on_connected", "on_connect"),
            ("onconnect", "on_connect"),
            ("on_open", "on_connect"),
            ("on_opened", "on_connect"),
            ("on_authorize", "authorize"),
            ("on_authorise", "authorize"),
            ("on_identity", "identity"),
            ("on_expires_at", "expires_at"),
            ("on_closed", "on_close"),
            ("on_disconnect", "on_close"),
            ("on_pign", "on_ping"),
            ("on_bniary", "on_binary"),
            ("on_txet", "on_text"),
            ("on_texts", "on_text"),
            ("on_invalidate", "on_invalid"),
            ("authorise", "authorize"),
            ("authorized", "authorize"),
            ("identify", "identity"),
            ("expire_at", "expires_at"),
            ("expires", "expires_at"),
            ("snapshots", "snapshot"),
            ("snaphsot", "snapshot"),
            ("on_snapshot", "snapshot"),
            ("presense", "presence"),
            ("on_presence", "presence"),
            ("on_refreshed", "on_refresh"),
            ("on_refesh", "on_refresh"),
            ("on_reauthorise", "on_reauthorize"),
            ("on_room_opened", "on_room_open"),
            ("on_roomopen", "on_room_open"),
            ("on_room_clsoe", "on_room_close"),
            ("on_room_closed", "on_room_close"),
        ] {
            assert_eq!(meant_by(slip).map(HookKind::name), Some(hook), "{slip}");
        }
    }

    #[test]
    fn plain_methods_are_left_alone() {
        for name in [
            "on_turn_end",
            "on_king",
            "on_test",
            "on_tick",
            "on_move",
            "on_count",
            "on_player",
            "seat",
            "close",
            "connect",
            "on",
            "on_",
            "expired",
            "snap",
            "snapshot_of",
            "take_snapshot",
            "present",
            "presence_of",
            "refresh",
            "on_reset",
            "on_retry",
            "on_request",
            "on_room",
            "on_room_",
            "on_room_join",
            "on_room_full",
            "room_open",
        ] {
            assert_eq!(meant_by(name), None, "{name}");
        }
    }
}
