//! The rules for hooks: how each is written, what it takes and returns.

use syn::{Attribute, Signature, Type};

use super::declared::Declared;
use super::misplaced::Misplaced;
use crate::channel::model::{Call, Channel, HookKind, Owner};
use crate::syntax::errors::Errors;
use crate::syntax::receiver::is_shared;
use crate::syntax::types::{last_segment, text, ungroup};

/// Each argument but `self` may be left out.
pub fn usage(kind: HookKind, declared: &Declared) -> String {
    let (name, app, (state, from)) = (kind.name(), declared.app_argument(), declared.state());
    match kind {
        HookKind::Authorize => format!("write `async fn {name}(&self{app}) -> Result<(), Reject>`"),
        HookKind::Identity => {
            "write `fn identity(&self) -> &UserId`, or without the `&`, or an `Option` of either".into()
        }
        HookKind::Expires => "write `fn expires_at(&self) -> Option<SystemTime>`".into(),
        HookKind::Snapshot => {
            format!("write `fn {name}(&self, state: &{state}) -> Message`{from}")
        }
        HookKind::Presence => format!("write `fn presence(&self) -> {}`", declared.seen()),
        HookKind::Connect => format!("write `async fn {name}(&mut self, socket: &Socket<Self>{app})`"),
        HookKind::Refresh => {
            format!("write `async fn {name}(&mut self, token: Token, socket: &Socket<Self>{app}) -> Result<(), Fault>`")
        }
        HookKind::Reauthorize => {
            format!("write `async fn {name}(&mut self, room: Room<Self>, socket: &Socket<Self>{app}) -> bool`")
        }
        HookKind::Text => format!("write `async fn {name}(&mut self, text: Text, socket: &Socket<Self>{app})`"),
        HookKind::Binary | HookKind::Ping | HookKind::Pong => {
            format!("write `async fn {name}(&mut self, data: Bytes, socket: &Socket<Self>{app})`")
        }
        HookKind::Invalid => {
            format!("write `async fn {name}(&mut self, error: DecodeError, socket: &Socket<Self>{app})`")
        }
        HookKind::Close => format!("write `async fn {name}(&mut self, close: Close, socket: &Socket<Self>{app})`"),
        HookKind::RoomOpen => {
            format!("write `async fn {name}(room: &Room<Self>{app}) -> Result<{state}, Fault>`{from}")
        }
        HookKind::RoomClose => format!("write `async fn {name}(room: &Room<Self>, state: {state}{app})`{from}"),
    }
}

pub fn check(kind: HookKind, sig: &Signature, call: &Call, cfgs: &[Attribute], usage: &str, errors: &mut Errors) {
    let who = format!("`{}`", kind.name());
    if let (Some(datum), false) = (call.datum(), kind.has_datum()) {
        errors.at(datum, format_args!("{who} takes nothing by value"), usage);
    }
    if kind.is_before_the_upgrade() {
        check_before_the_upgrade(&who, sig, call, usage, errors);
    }
    match kind {
        HookKind::RoomOpen => check_opening(cfgs, errors),
        HookKind::Identity => check_identity(sig, call, cfgs, usage, errors),
        HookKind::Expires => check_end(sig, call, usage, errors),
        HookKind::Presence => check_presence(sig, call, usage, errors),
        HookKind::Refresh | HookKind::Reauthorize if call.returns.is_none() => {
            errors.at(&sig.ident, format_args!("{who} returns what it has decided"), usage);
        }
        _ => {}
    }
    if kind == HookKind::Reauthorize
        && let Some(room) = call.app().filter(|ty| is_reference_to(ty, "Room"))
    {
        errors.at(room, format_args!("{who} takes the room by value"), usage);
    }
}

fn check_before_the_upgrade(who: &str, sig: &Signature, call: &Call, usage: &str, errors: &mut Errors) {
    if let Some(socket) = call.socket() {
        errors.at(socket, format_args!("{who} runs before there is a socket"), usage);
    }
    if let Some(receiver) = sig.receiver()
        && !is_shared(receiver)
    {
        errors.at(receiver, format_args!("{who} takes `&self`"), usage);
    }
}

fn check_opening(cfgs: &[Attribute], errors: &mut Errors) {
    if let Some(cfg) = cfgs.first() {
        let what = "`on_room_open` can't be conditional, because it makes the state of a room";
        errors.at(cfg, what, "put the `cfg` into its body");
    }
}

fn check_identity(sig: &Signature, call: &Call, cfgs: &[Attribute], usage: &str, errors: &mut Errors) {
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
}

/// `expires_at` reads a field, and runs again whenever the end may have changed.
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

/// `presence` reads fields, and runs again whenever they may have changed.
fn check_presence(sig: &Signature, call: &Call, usage: &str, errors: &mut Errors) {
    if let Some(keyword) = &sig.asyncness {
        errors.at(keyword, "`presence` is not `async`: it says what is seen at the moment", usage);
    }
    if let Some(app) = call.app() {
        errors.at(app, "`presence` takes `&self` alone", usage);
    }
    if call.returns.is_none() {
        errors.at(&sig.ident, "`presence` returns what is seen of this connection", usage);
    }
}

fn is_reference_to(ty: &Type, name: &str) -> bool {
    let Type::Reference(reference) = ungroup(ty) else { return false };
    last_segment(&reference.elem).is_some_and(|segment| segment.ident == name)
}

/// What a hook needs beside itself.
pub fn check_pairs(channel: &Channel, declared: &Declared, errors: &mut Errors) {
    let hooks = &channel.hooks;
    if let Some(snapshot) = hooks.iter().find(|hook| hook.kind == HookKind::Snapshot)
        && declared.is_known
        && declared.room_state.is_none()
    {
        let what = format!("`snapshot` sends the state of the room, and the rooms of `{}` have none", channel.name);
        let remedy = "give them one: `#[channel(\"..\", room_state = Board)]` on the struct; or send in `on_connect` what a client begins with";
        errors.at(&snapshot.call.name, what, remedy);
    }
    let presence = hooks.iter().find(|hook| hook.kind == HookKind::Presence);
    if let (Some(presence), true, None) = (presence, declared.is_known, &declared.seen) {
        let what = format!("`presence` says what is seen of a connection, and `{}` tells nobody", channel.name);
        let seen = presence.call.returns.as_ref().map_or_else(|| "Seen".into(), text);
        let remedy =
            format!("name it on the struct: `#[channel(\"..\", presence = {seen})]`; or give the method another name");
        errors.at(&presence.call.name, what, remedy);
    }
    let Some(reauthorize) = hooks.iter().find(|hook| hook.kind == HookKind::Reauthorize) else { return };
    if !hooks.iter().any(|hook| hook.kind == HookKind::Refresh) {
        let what = "`on_reauthorize` runs after `on_refresh`, which is not there";
        errors.at(&reauthorize.call.name, what, usage(HookKind::Refresh, declared));
    }
}

pub fn report_misplaced(kind: HookKind, misplaced: &Misplaced, usage: &str, errors: &mut Errors) {
    let who = format!("`{}`", kind.name());
    match misplaced {
        Misplaced::State(ty) if kind == HookKind::RoomClose => {
            let what = format!("{who} takes the room's state by value, for nobody else has it any more");
            errors.at(ty, what, usage);
        }
        Misplaced::State(ty) if kind == HookKind::RoomOpen => {
            errors.at(ty, format_args!("{who} makes the room's state, and is given none"), usage);
        }
        Misplaced::State(ty) if kind.is_before_the_upgrade() => {
            errors.at(ty, format_args!("{who} takes no `{}`", text(ty)), usage);
        }
        Misplaced::Room(ty) if kind.is_before_the_upgrade() => {
            errors.at(ty, format_args!("{who} runs before the client is in a room"), usage);
        }
        Misplaced::Extractor(input) if kind.owner() == Owner::Room => {
            errors.at(&input.ty, format_args!("{who} belongs to a room, not to one of its connections"), usage);
        }
        _ => misplaced.report(who, usage, errors),
    }
}
