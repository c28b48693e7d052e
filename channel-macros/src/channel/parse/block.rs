//! A channel's impl block: its attribute, its methods, and the checks that need all of them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::format_ident;
use syn::Type;
use syn::spanned::Spanned as _;

use super::arguments;
use super::handlers::HANDLER;
use super::lists::Lists;
use super::methods::{Methods, is_marker};
use crate::channel::check::declared::Declared;
use crate::channel::check::deferrals::Deferrals;
use crate::channel::check::unmarked::{self, is_called};
use crate::channel::check::{foreign_hooks, hooks, idempotent, raw_text};
use crate::channel::model::{Call, Channel, HookKind};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::ImplBlock;
use crate::syntax::incomplete;
use crate::syntax::types;

/// `None` if the block can't be a channel's, which is reported. Our attributes are removed from the methods.
pub fn parse(args: TokenStream, block: &mut ImplBlock, errors: &mut Errors) -> Option<Channel> {
    let mut lists = Lists::parse(args, errors);
    let name = self_name(block, errors);
    let declared = name.as_ref().map(Declared::of).unwrap_or_default();
    lists.add_misplaced(&declared.misplaced);
    let called = called_in(block);
    let mut methods = Methods {
        channel: Channel {
            name: name.clone().unwrap_or_else(|| format_ident!("_Nameless")),
            self_ty: types::ungroup(&block.self_ty).clone(),
            handlers: Vec::new(),
            hooks: Vec::new(),
            notices: Vec::new(),
            sends: lists.sends,
            sends_bytes: lists.sends_bytes,
            sends_text: lists.sends_text,
            envelope: lists.envelope,
            unmarked: Vec::new(),
            struct_is_sound: declared.looks_sound,
            conditional: Vec::new(),
            runtime: lists.runtime,
        },
        declared: &declared,
        called: &called,
        seen: Vec::new(),
        marked: Vec::new(),
        errors,
    };
    for method in block.methods_mut() {
        methods.read(method);
    }
    let Methods { mut channel, marked, .. } = methods;
    for tokens in block.other_items_mut() {
        incomplete::method(tokens, |name| HookKind::named(name).is_some(), is_marker, errors);
    }
    let deferrals = Deferrals::of(block);
    for handler in &mut channel.handlers {
        handler.defers = deferrals.hide(&handler.call.name, handler.call.returns.as_ref());
    }
    place_apps(&mut channel);
    lists.received.check(&channel.handlers, errors);
    hooks::check_pairs(&channel, &declared, errors);
    idempotent::check(&channel, block, &declared, errors);
    raw_text::check(&mut channel, block, errors);
    let asked = foreign_hooks::check(block, &marked);
    let candidates = block.methods().filter_map(|method| {
        // A method that can't be a handler was not meant to be one.
        let call = arguments::parse(&method.sig, HANDLER, &mut Errors::default())?;
        Some((method, call.datum()?.clone()))
    });
    channel.unmarked = unmarked::find(candidates, block, &channel);
    channel.unmarked.retain(|unmarked| !asked.contains(&unmarked.name));
    name.is_some().then_some(channel)
}

/// A method that another one calls is no hook, whatever its name.
fn called_in(block: &ImplBlock) -> Vec<Ident> {
    let names = block.methods().map(|method| &method.sig.ident);
    names.filter(|name| is_called(name, block)).cloned().collect()
}

fn self_name(block: &ImplBlock, errors: &mut Errors) -> Option<Ident> {
    let remedy = "write `#[channel] impl GameChannel { .. }`";
    if let Some(of_trait) = &block.of_trait {
        errors.at(of_trait, "a channel's handlers stand in an impl block of its own, not in a trait's", remedy);
        return None;
    }
    let segment = types::last_segment(&block.self_ty);
    let is_generic = segment.is_some_and(|segment| !segment.arguments.is_none());
    if is_generic || !block.generics.params.is_empty() {
        let what = "a channel has no type parameters or lifetimes: each connection owns its value";
        errors.at(&block.self_ty, what, "take them away, or write a channel for each of the types");
        return None;
    }
    if segment.is_none() {
        errors.at(&block.self_ty, "a channel is a struct", remedy);
    }
    segment.map(|segment| segment.ident.clone())
}

/// A missing app is reported at the first method that takes it: the compiler drops an error that equals an earlier one.
fn place_apps(channel: &mut Channel) {
    let handlers = channel.handlers.iter_mut().map(|handler| &mut handler.call);
    let hooks = channel.hooks.iter_mut().map(|hook| &mut hook.call);
    let notices = channel.notices.iter_mut().map(|notice| &mut notice.call);
    let mut places: Vec<(String, Span)> = Vec::new();
    for call in handlers.chain(hooks).chain(notices) {
        let Some(app) = app(call) else { continue };
        let (name, span) = (types::text(app), app.span());
        let known = places.iter().find(|(other, _)| *other == name).map(|(_, place)| *place);
        if known.is_none() {
            places.push((name, span));
        }
        call.app_place = Some(known.unwrap_or(span));
    }
}

fn app(call: &Call) -> Option<&Type> {
    let Some(Type::Reference(app)) = call.app() else { return None };
    Some(types::arc(&app.elem).unwrap_or(&app.elem))
}
