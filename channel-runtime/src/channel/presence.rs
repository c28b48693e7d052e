//! Which channels tell who is present, and what is seen of each connection.

use serde::Serialize;

use crate::channel::Channel;
use crate::protocol::const_text::{ConstText, same};
use crate::protocol::describe::{Content, Definition, Kind, Type};

/// The name of the hook.
pub(crate) const PRESENCE: &str = "presence";

/// A channel that tells who is present in its rooms: `#[channel(.., presence = Seen)]`, with the hook `presence`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell who is present",
    label = "`{Self}` has no `presence`",
    note = "name what is seen of a connection, `#[channel(.., presence = Seen)] struct {Self}`, and write the hook `fn presence(&self) -> Seen`"
)]
pub trait HasPresence: Channel {
    /// What is seen of a connection.
    type Seen: PresenceValue;
}

/// What may be seen of a connection: its JSON is an object of at most 1 KiB, without a field `id`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be what is seen of who is present",
    label = "it is not `Serialize + Clone + PartialEq`",
    note = "write `#[derive(Serialize, Clone, PartialEq)]` above `{Self}`"
)]
pub trait PresenceValue: Serialize + Clone + PartialEq + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + Clone + PartialEq + Send + Sync + 'static> PresenceValue for T {}

/// Fails, in a constant, if a channel has no hook that says what is seen of a connection.
#[track_caller]
pub const fn asked<C: Channel>(seen: &str) {
    let mut at = 0;
    while at < C::HOOKS.len() {
        if same(C::HOOKS[at], PRESENCE) {
            return;
        }
        at += 1;
    }
    if C::IS_WHOLE {
        let text = ConstText::concat(&[
            "`presence = ",
            seen,
            "` needs to know what is seen\nwrite `fn presence(&self) -> ",
            seen,
            "` in `#[channel] impl ",
            C::NAME,
            "`",
        ]);
        panic!("{}", text.as_str());
    }
}

/// Fails, in a constant, if what is seen is known to be no object, or to have a field `id`, which is the connection's.
#[track_caller]
pub const fn seen(ty: Type) {
    let Type::Named(Definition { name, kind: Kind::Struct(content), .. }) = ty else { return };
    let mut text = ConstText::<512>::new();
    match content {
        Content::Unit | Content::Tuple(_) => text.push_all(&[
            "what is seen of a connection is an object, and `",
            name,
            "` is none in JSON\ngive it fields with names, as in `struct ",
            name,
            " { name: String }`",
        ]),
        Content::As(_) => return,
        fields => {
            let mut at = 0;
            while let Some(field) = fields.field(at) {
                if matches!(field.written, Some(key) if same(key, "id")) {
                    text.push_all(&[
                        "`",
                        name,
                        "` has a field `id`, which is the connection's beside what is seen of it\ngive the field another name",
                    ]);
                    panic!("{}", text.as_str());
                }
                at += 1;
            }
            return;
        }
    }
    panic!("{}", text.as_str());
}
