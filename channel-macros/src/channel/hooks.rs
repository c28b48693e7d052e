//! The hooks: known by name, each with the arguments it can take.

use syn::{Attribute, ReceiverKind, ReturnType, Signature, Type};

use super::arguments::{Call, Expected, Of};
use super::declared::Declared;
use super::misplaced::Misplaced;
use crate::syntax::errors::Errors;
use crate::syntax::names::distance;
use crate::syntax::types::{first_type, last_segment, text, ungroup};

pub struct Hook {
    pub kind: Kind,
    pub cfgs: Vec<Attribute>,
    pub call: Call,
    /// What `identity` returns, without `Option` and `&`.
    pub key: Option<Type>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Authorize,
    Identity,
    Expires,
    Connect,
    Refresh,
    Reauthorize,
    Binary,
    Ping,
    Pong,
    Invalid,
    Close,
    RoomOpen,
    RoomClose,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Authorize,
        Self::Identity,
        Self::Expires,
        Self::Connect,
        Self::Refresh,
        Self::Reauthorize,
        Self::Binary,
        Self::Ping,
        Self::Pong,
        Self::Invalid,
        Self::Close,
        Self::RoomOpen,
        Self::RoomClose,
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Identity => "identity",
            Self::Expires => "expires_at",
            Self::Connect => "on_connect",
            Self::Refresh => "on_refresh",
            Self::Reauthorize => "on_reauthorize",
            Self::Binary => "on_binary",
            Self::Ping => "on_ping",
            Self::Pong => "on_pong",
            Self::Invalid => "on_invalid",
            Self::Close => "on_close",
            Self::RoomOpen => "on_room_open",
            Self::RoomClose => "on_room_close",
        }
    }

    /// How it is written in full, with the types that the channel's struct names; each argument but `self` may be left out.
    fn usage(self, declared: &Declared) -> String {
        let (name, app, (state, from)) = (self.name(), declared.app_argument(), declared.state());
        match self {
            Self::Authorize => format!("write `async fn {name}(&self{app}) -> Result<(), Reject>`"),
            Self::Identity => {
                "write `fn identity(&self) -> &UserId`, or without the `&`, or an `Option` of either".into()
            }
            Self::Expires => "write `fn expires_at(&self) -> Option<SystemTime>`".into(),
            Self::Connect => format!("write `async fn {name}(&mut self, socket: &Socket<Self>{app})`"),
            Self::Refresh => format!(
                "write `async fn {name}(&mut self, token: Token, socket: &Socket<Self>{app}) -> Result<(), Fault>`"
            ),
            Self::Reauthorize => {
                format!("write `async fn {name}(&mut self, room: Room<Self>, socket: &Socket<Self>{app}) -> bool`")
            }
            Self::Binary | Self::Ping | Self::Pong => {
                format!("write `async fn {name}(&mut self, data: Bytes, socket: &Socket<Self>{app})`")
            }
            Self::Invalid => {
                format!("write `async fn {name}(&mut self, error: DecodeError, socket: &Socket<Self>{app})`")
            }
            Self::Close => format!("write `async fn {name}(&mut self, close: Close, socket: &Socket<Self>{app})`"),
            Self::RoomOpen => {
                format!("write `async fn {name}(room: &Room<Self>{app}) -> Result<{state}, Fault>`{from}")
            }
            Self::RoomClose => format!("write `async fn {name}(room: &Room<Self>, state: {state}{app})`{from}"),
        }
    }

    /// Whether it is about something: bytes, an error, a close.
    fn has_datum(self) -> bool {
        !matches!(self, Self::Authorize | Self::Identity | Self::Expires | Self::Connect | Self::RoomOpen)
    }

    /// The name of what it is about.
    fn datum(self) -> Option<&'static str> {
        match self {
            Self::Refresh => Some("Token"),
            Self::Binary | Self::Ping | Self::Pong => Some("Bytes"),
            Self::Invalid => Some("DecodeError"),
            Self::Close => Some("Close"),
            Self::Reauthorize => Some("Room"),
            _ => None,
        }
    }

    fn of(self) -> Of {
        match self {
            Self::RoomOpen | Self::RoomClose => Of::Room,
            _ => Of::Connection,
        }
    }

    fn is_before_the_upgrade(self) -> bool {
        matches!(self, Self::Authorize | Self::Identity | Self::Expires)
    }
}

/// The hook that a method's name was probably meant to be.
///
/// Strict enough for a method `on_turn_end` or `on_king` to be a plain one: the first letter is seldom the wrong one.
pub fn meant_by(name: &str) -> Option<Kind> {
    let stem = |name: &'static str| name.strip_prefix("on_room_").or(name.strip_prefix("on_")).unwrap_or(name);
    match name {
        "on_open" | "on_opened" | "on_connection" => return Some(Kind::Connect),
        "on_disconnect" | "on_disconnected" | "on_disconnection" => return Some(Kind::Close),
        "on_error" => return Some(Kind::Invalid),
        _ => {}
    }
    // The hooks before the upgrade have no `on_`.
    if let Some(bare) = name.strip_prefix("on_").filter(|bare| Kind::named(bare).is_some() || *bare == "authorise") {
        return meant_by(bare).or(Kind::named(bare));
    }
    let slip = |kind: &Kind| {
        let meant = stem(kind.name());
        let prefix = kind.name().len() - meant.len();
        let given = match prefix {
            0 => name,
            8 => name.strip_prefix("on_room_").or_else(|| name.strip_prefix("on_room"))?,
            _ => name.strip_prefix("on_").or_else(|| name.strip_prefix("on"))?,
        };
        let is_close = given.starts_with(&meant[..1])
            && distance(given, meant) <= (given.chars().count().max(meant.len()) / 3).max(1);
        is_close.then(|| distance(name, kind.name()))
    };
    Kind::ALL.into_iter().filter(|kind| slip(kind).is_some()).min_by_key(slip)
}

impl Hook {
    pub fn parse(
        kind: Kind,
        sig: &Signature,
        cfgs: Vec<Attribute>,
        declared: &Declared,
        errors: &mut Errors,
    ) -> Option<Self> {
        let (who, usage) = (format!("`{}`", kind.name()), kind.usage(declared));
        if let Some(misplaced) = Misplaced::find(sig, kind.of(), kind.datum(), declared) {
            tell_misplaced(kind, &misplaced, &usage, errors);
            return None;
        }
        let call = Call::parse(sig, Expected { who: &who, usage: &usage, of: kind.of() }, errors)?;
        let before = errors.len();
        if let (Some(datum), false) = (call.datum(), kind.has_datum()) {
            errors.at(datum, format_args!("{who} takes nothing by value"), &usage);
        }
        if let (Some(socket), true) = (call.socket(), kind.is_before_the_upgrade()) {
            errors.at(socket, format_args!("{who} runs before there is a socket"), &usage);
        }
        if kind.is_before_the_upgrade()
            && let Some(receiver) = sig.receiver()
            && !is_shared(receiver)
        {
            errors.at(receiver, format_args!("{who} takes `&self`"), &usage);
        }
        if kind == Kind::RoomOpen {
            check_opening(&cfgs, errors);
        }
        let key = if kind == Kind::Identity { key(sig, &call, &cfgs, &usage, errors) } else { None };
        match kind {
            Kind::Expires => check_end(sig, &call, &usage, errors),
            Kind::Refresh | Kind::Reauthorize if call.returns.is_none() => {
                errors.at(&sig.ident, format_args!("{who} returns what it has decided"), &usage);
            }
            _ => {}
        }
        if kind == Kind::Reauthorize
            && let Some(room) = call.app().filter(|ty| is_reference_to(ty, "Room"))
        {
            errors.at(room, format_args!("{who} takes the room by value"), &usage);
        }
        (errors.len() == before).then_some(Self { kind, cfgs, call, key })
    }
}

/// The error for an argument that can only be a mistake.
fn tell_misplaced(kind: Kind, misplaced: &Misplaced, usage: &str, errors: &mut Errors) {
    let who = format!("`{}`", kind.name());
    match misplaced {
        Misplaced::State(ty) if kind == Kind::RoomClose => {
            let what = format!("{who} takes the room's state by value, for nobody else has it any more");
            errors.at(ty, what, usage);
        }
        Misplaced::State(ty) if kind == Kind::RoomOpen => {
            errors.at(ty, format_args!("{who} makes the room's state, and is given none"), usage);
        }
        Misplaced::State(ty) if kind.is_before_the_upgrade() => {
            errors.at(ty, format_args!("{who} takes no `{}`", text(ty)), usage);
        }
        Misplaced::Room(ty) if kind.is_before_the_upgrade() => {
            errors.at(ty, format_args!("{who} runs before the client is in a room"), usage);
        }
        Misplaced::Extractor(input) if kind.of() == Of::Room => {
            errors.at(&input.ty, format_args!("{who} belongs to a room, not to one of its connections"), usage);
        }
        _ => misplaced.tell(who, usage, errors),
    }
}

/// A hook that another one's work makes run is of no use without that.
pub fn check_pairs(hooks: &[Hook], declared: &Declared, errors: &mut Errors) {
    let Some(reauthorize) = hooks.iter().find(|hook| hook.kind == Kind::Reauthorize) else { return };
    if !hooks.iter().any(|hook| hook.kind == Kind::Refresh) {
        let what = "`on_reauthorize` runs after `on_refresh`, which is not there";
        errors.at(&reauthorize.call.name, what, Kind::Refresh.usage(declared));
    }
}

/// What the hook returns is what the channel's rooms begin with.
fn check_opening(cfgs: &[Attribute], errors: &mut Errors) {
    if let Some(cfg) = cfgs.first() {
        let what = "`on_room_open` can't be conditional, for it tells how the state of a room is made";
        errors.at(cfg, what, "put the `cfg` into its body");
    }
}

fn is_shared(receiver: &syn::Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => matches!(ungroup(ty), Type::Reference(ty) if ty.mutability.is_none()),
        _ => false,
    }
}

/// What is special about `expires_at`: it reads what is there, as often as the connection's end may have changed.
fn check_end(sig: &Signature, call: &Call, usage: &str, errors: &mut Errors) {
    if let Some(keyword) = &sig.asyncness {
        errors.at(keyword, "`expires_at` is not `async`: it reads what the extractors found", usage);
    }
    if let Some(app) = call.app() {
        errors.at(app, "`expires_at` takes `&self` alone", usage);
    }
    if call.returns.is_none() {
        errors.at(&sig.ident, "`expires_at` returns when the connection's authority ends", usage);
    }
}

fn is_reference_to(ty: &Type, name: &str) -> bool {
    let Type::Reference(reference) = ungroup(ty) else { return false };
    last_segment(&reference.elem).is_some_and(|segment| segment.ident == name)
}

/// What `identity` returns: `K`, `&K`, `Option<K>` or `Option<&K>`.
fn key(sig: &Signature, call: &Call, cfgs: &[Attribute], usage: &str, errors: &mut Errors) -> Option<Type> {
    if let Some(keyword) = &sig.asyncness {
        errors.at(keyword, "`identity` is not `async`: it reads what the extractors found", usage);
    }
    if let Some(app) = call.app() {
        errors.at(app, "`identity` takes `&self` alone", usage);
    }
    if let Some(cfg) = cfgs.first() {
        let remedy = "put the `cfg` into its body, and return an `Option`";
        errors.at(cfg, "`identity` can't be conditional, for it gives the channel its type of user", remedy);
    }
    let ReturnType::Type(_, output) = &sig.output else {
        errors.at(&sig.ident, "`identity` returns who the user is", usage);
        return None;
    };
    let mut key = ungroup(output);
    if let Some(inner) = option(key) {
        key = ungroup(inner);
    }
    if let Type::Reference(reference) = key {
        key = ungroup(&reference.elem);
    }
    match key {
        Type::Path(_) if text(key) == "str" => {
            errors.at(
                output,
                "`str` can't be an identity, for the connection keeps its own",
                "return a `String` or `&String`",
            );
            None
        }
        Type::Path(_) | Type::Macro(_) | Type::Tuple(_) => Some(key.clone()),
        _ => {
            errors.at(output, format_args!("`{}` can't be an identity", text(key)), usage);
            None
        }
    }
}

fn option(ty: &Type) -> Option<&Type> {
    last_segment(ty).filter(|segment| segment.ident == "Option").and_then(first_type)
}

#[cfg(test)]
mod tests {
    use quote::quote;

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
            ("on_invalidate", "on_invalid"),
            ("authorise", "authorize"),
            ("authorized", "authorize"),
            ("identify", "identity"),
            ("expire_at", "expires_at"),
            ("expires", "expires_at"),
            ("on_refreshed", "on_refresh"),
            ("on_refesh", "on_refresh"),
            ("on_reauthorise", "on_reauthorize"),
            ("on_room_opened", "on_room_open"),
            ("on_roomopen", "on_room_open"),
            ("on_room_clsoe", "on_room_close"),
            ("on_room_closed", "on_room_close"),
        ] {
            assert_eq!(meant_by(slip).map(Kind::name), Some(hook), "{slip}");
        }
    }

    #[test]
    fn plain_methods_are_left_alone() {
        for name in [
            "on_turn_end",
            "on_king",
            "on_move",
            "on_count",
            "on_player",
            "seat",
            "close",
            "connect",
            "on",
            "on_",
            "expired",
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

    #[test]
    fn an_identity_is_what_stands_inside() {
        for output in [quote!(Id), quote!(&Id), quote!(Option<Id>), quote!(std::option::Option<&'a Id>)] {
            let mut errors = Errors::default();
            let hook = Hook::parse(
                Kind::Identity,
                &syn::parse2(quote!(fn identity(&self) -> #output)).unwrap(),
                vec![],
                &Declared::default(),
                &mut errors,
            );
            assert_eq!(text(&hook.unwrap().key.unwrap()), "Id");
        }
    }

    #[test]
    fn signatures_that_cannot_be_called_are_refused() {
        for (kind, signature) in [
            (Kind::Connect, quote!(fn on_connect(&mut self, m: Move))),
            (Kind::Authorize, quote!(fn authorize(&mut self))),
            (Kind::Authorize, quote!(fn authorize(&self, s: &Socket<Self>))),
            (Kind::Identity, quote!(fn identity(&self))),
            (Kind::Identity, quote!(async fn identity(&self) -> Id)),
            (Kind::Identity, quote!(fn identity(&self) -> &str)),
            (Kind::Identity, quote!(fn identity(&self, app: &App) -> Id)),
            (Kind::Identity, quote!(fn identity(&self) -> impl Copy)),
            (Kind::Expires, quote!(fn expires_at(&self))),
            (Kind::Expires, quote!(async fn expires_at(&self) -> SystemTime)),
            (Kind::Expires, quote!(fn expires_at(&mut self) -> SystemTime)),
            (Kind::Expires, quote!(fn expires_at(&self, app: &App) -> SystemTime)),
            (Kind::Refresh, quote!(fn on_refresh(&mut self, token: Token))),
            (Kind::Reauthorize, quote!(fn on_reauthorize(&mut self, room: Room<Self>))),
            (Kind::Reauthorize, quote!(fn on_reauthorize(&mut self, room: &Room<Self>) -> bool)),
        ] {
            let text = signature.to_string();
            let mut errors = Errors::default();
            let hook = Hook::parse(kind, &syn::parse2(signature).unwrap(), vec![], &Declared::default(), &mut errors);
            assert!(hook.is_none(), "{text}");
            assert_eq!(errors.messages().len(), 1, "{text}");
        }
    }
}
