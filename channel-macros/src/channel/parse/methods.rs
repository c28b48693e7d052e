//! The methods of a channel's impl block. Each is classified by its name and its marker, and then read.

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, Path};

use super::{arguments, handlers, hooks, notices, snapshot};
use crate::channel::check::declared::Declared;
use crate::channel::check::misspelt_hooks::meant_by;
use crate::channel::check::{bodies, foreign_methods, lent, socket};
use crate::channel::model::{Channel, HookKind};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;

pub struct Methods<'a> {
    pub channel: Channel,
    pub declared: &'a Declared,
    pub called: &'a [Ident],
    /// Without the methods that have a `cfg`: which of two `cfg`s holds is not known here.
    pub seen: Vec<Ident>,
    pub marked: Vec<Ident>,
    pub errors: &'a mut Errors,
}

enum Role {
    Handler(Attribute),
    Notice(Attribute),
    Hook(HookKind),
    MarkedHook(Attribute),
    /// With its second marker.
    HandlerOfBoth(Attribute),
    MisspeltHook(HookKind),
    /// `room`, which is generated.
    Reserved,
    Plain,
}

impl Role {
    fn of(name: &str, markers: &[Attribute], is_called: bool) -> Self {
        match (markers, HookKind::named(name)) {
            ([first, second, ..], _) if is_notice(first) != is_notice(second) => Self::HandlerOfBoth(second.clone()),
            ([marker, ..], Some(_)) => Self::MarkedHook(marker.clone()),
            ([marker, ..], None) if is_notice(marker) => Self::Notice(marker.clone()),
            ([marker, ..], None) => Self::Handler(marker.clone()),
            ([], Some(kind)) => Self::Hook(kind),
            ([], None) if name == "room" => Self::Reserved,
            ([], None) => match meant_by(name) {
                Some(meant) if !is_called => Self::MisspeltHook(meant),
                _ => Self::Plain,
            },
        }
    }

    fn is_ours(&self) -> bool {
        !matches!(self, Self::MisspeltHook(_) | Self::Reserved | Self::Plain)
    }
}

impl Methods<'_> {
    pub fn read(&mut self, method: &mut Method) {
        let markers: Vec<Attribute> = method.attrs.extract_if(.., |attr| is_marker(attr.path())).collect();
        let cfgs: Vec<Attribute> = method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
        let name = method.sig.ident.clone();
        if cfgs.is_empty() {
            if self.seen.contains(&name) {
                written_twice(method, !markers.is_empty(), self.errors);
                return;
            }
            self.seen.push(name.clone());
        }
        if !markers.is_empty() {
            self.marked.push(name.clone());
        }
        bodies::check(method, &self.channel.name, self.errors);
        lent::check(method, self.errors);
        foreign_methods::check(method, socket::argument(method).as_ref(), &self.channel.runtime);
        let role = Role::of(&name.unraw().to_string(), &markers, self.called.contains(&name));
        if role.is_ours() {
            arguments::name_sockets(&mut method.sig, self.errors);
            repeated_marker(&markers, self.errors);
        }
        let is_ours = role.is_ours();
        self.add(role, method, cfgs);
        if is_ours {
            arguments::free_receiver(method);
            snapshot::free_state(method);
        }
    }

    fn add(&mut self, role: Role, method: &mut Method, cfgs: Vec<Attribute>) {
        let Self { channel, declared, errors, .. } = self;
        match role {
            Role::Handler(marker) => {
                let has_envelope = channel.envelope.is_some();
                if let Some(handler) = handlers::parse(&marker, method, cfgs, declared, has_envelope, errors)
                    && handlers::is_new(&handler, &channel.handlers, errors)
                {
                    channel.handlers.push(handler);
                }
            }
            Role::Notice(marker) => {
                if let Some(notice) = notices::parse(&marker, &method.sig, cfgs, declared, errors)
                    && notices::is_new(&notice, &channel.notices, errors)
                {
                    channel.notices.push(notice);
                }
            }
            Role::Hook(kind) => channel.hooks.extend(hooks::parse(kind, &method.sig, cfgs, declared, errors)),
            Role::MarkedHook(marker) => marked_hook(&marker, &method.sig.ident, errors),
            Role::HandlerOfBoth(second) => handler_of_both(&second, errors),
            Role::MisspeltHook(meant) => misspelt_hook(&method.sig.ident, meant, errors),
            Role::Reserved => reserved(method, &channel.name, errors),
            Role::Plain => {}
        }
    }
}

/// Of `#[message]`, which may be qualified, or `#[notice]`.
pub fn is_marker(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "message") || path.is_ident("notice")
}

fn is_notice(attr: &Attribute) -> bool {
    attr.path().is_ident("notice")
}

/// The first of two counts.
fn repeated_marker(markers: &[Attribute], errors: &mut Errors) {
    let [first, second, ..] = markers else { return };
    match (is_notice(first), is_notice(second)) {
        (false, false) => {
            errors.at(second, "a handler takes one message", "write a second handler for the second message");
        }
        (true, true) => errors.at(second, "`#[notice]` is written twice", "take one of them away"),
        _ => {}
    }
}

fn handler_of_both(second: &Attribute, errors: &mut Errors) {
    let what = "a message comes from the client and a notice from the server: a handler takes one of them";
    errors.at(second, what, "write two methods, and what both do in a third");
}

fn marked_hook(marker: &Attribute, method: &Ident, errors: &mut Errors) {
    let (name, what) = (method.unraw(), if is_notice(marker) { "notice" } else { "message" });
    let remedy = format!("take `#[{what}]` away, or give the handler another name");
    errors.at(marker, format_args!("`{name}` is a hook, called without a {what}"), remedy);
}

fn misspelt_hook(method: &Ident, meant: HookKind, errors: &mut Errors) {
    let what = format!("a channel has no hook `{}`", method.unraw());
    errors.at(method, what, format_args!("did you mean `{}`?", meant.name()));
}

fn reserved(method: &mut Method, channel: &Ident, errors: &mut Errors) {
    let remedy = "the path makes a `room(..)` for each channel; give this method another name";
    errors.at(&method.sig.ident, format_args!("`{channel}` has a function `room` already"), remedy);
    // Renamed, so that the compiler does not report the two functions and all calls.
    method.sig.ident = format_ident!("__room", span = method.sig.ident.span());
}

/// A plain method that is written twice is the compiler's error.
fn written_twice(method: &mut Method, is_marked: bool, errors: &mut Errors) {
    let name = &method.sig.ident;
    let (what, remedy) = match (is_marked, HookKind::named(&name.unraw().to_string())) {
        (true, _) => (format!("there is a method `{name}` already"), "give this handler another name"),
        (false, Some(_)) => (format!("the hook `{name}` is written twice"), "put both into one, or take one away"),
        (false, None) => return,
    };
    errors.at(name, what, remedy);
    method.sig.ident = format_ident!("__{}", name.unraw(), span = name.span());
}
