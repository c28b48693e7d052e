//! `#[channel("/path", ..)]` on a struct: the arguments and the struct.

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Fields, Ident, ItemStruct, LitStr, Type};

use super::bounds::{self, BoundArgs};
use super::fields;
use super::history;
use super::presence;
use super::rooms::{self, Listed};
use super::subprotocols;
use crate::channel::model::{Bounds, History, OfBlock, Presence, Route, Subprotocols};
use crate::syntax::args;
use crate::syntax::docs::docs;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::path_pattern::Pattern;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::types::text;

const ARGUMENTS: [&str; 9] =
    ["app", "rooms", "room_state", "room_grace", "history", "presence", "each_node", "subprotocols", "crate"];

/// Of the attribute on a struct, and not on an impl block.
pub fn is_argument(name: &str) -> bool {
    name != "crate" && (ARGUMENTS.contains(&name) || bounds::ARGUMENTS.contains(&name))
}

pub fn parse(args: TokenStream, mut item: ItemStruct, errors: &mut Errors) -> (ItemStruct, Route) {
    let args = Args::parse(args, errors);
    let mut route = Route {
        name: item.ident.clone(),
        docs: docs(&item.attrs),
        vis: item.vis.clone(),
        pattern: args.path.map(|path| Pattern::parse(path, errors)),
        app: args.app,
        room_state: args.room_state,
        room_grace: args.room_grace,
        each_node: args.each_node,
        history: args.history,
        presence: args.presence,
        bounds: args.bounds,
        subprotocols: args.subprotocols,
        rooms: rooms::kinds(args.rooms, errors),
        params: Vec::new(),
        fields: Vec::new(),
        has_generics: !item.generics.params.is_empty(),
        runtime: Runtime(args.runtime),
        misplaced: args.misplaced,
    };
    if route.pattern.is_none() && errors.is_empty() {
        let what = format!("the channel `{}` has no path", route.name);
        errors.at_span(proc_macro2::Span::call_site(), what, "write `#[channel(\"/path\")]`");
    }
    if route.has_generics {
        let what = "a channel has no type parameters or lifetimes: each connection owns its value";
        errors.at(&item.generics.params, what, "take them away, or write a channel for each of the types");
    }
    match &mut item.fields {
        Fields::Named(fields) => {
            fields::read(fields.named.iter_mut(), &mut route, errors);
        }
        Fields::Unit => fields::read([].iter_mut(), &mut route, errors),
        Fields::Unnamed(fields) => {
            let remedy = "name them: `{ game_id: GameId, .. }`";
            errors.at(&*fields, "a channel's fields have names, for each says what it is made from", remedy);
        }
    }
    (item, route)
}

struct Args {
    path: Option<LitStr>,
    app: Option<Type>,
    room_state: Option<Type>,
    room_grace: Option<u64>,
    each_node: Option<Ident>,
    history: Option<History>,
    presence: Option<Presence>,
    bounds: Bounds,
    subprotocols: Option<Subprotocols>,
    rooms: Vec<Listed>,
    runtime: Option<syn::Path>,
    misplaced: OfBlock,
}

impl Args {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut bound_args = BoundArgs::default();
        let (rooms, room_grace, each_node, bounds) = (Vec::new(), None, None, Bounds::default());
        let (subprotocols, runtime, misplaced) = (None, None, OfBlock::default());
        let mut all = Self {
            path: None,
            app: None,
            room_state: None,
            room_grace,
            each_node,
            history: None,
            presence: None,
            bounds,
            subprotocols,
            rooms,
            runtime,
            misplaced,
        };
        args::each(tokens, errors, |input, errors| {
            if input.peek(syn::Lit) {
                if !input.peek(LitStr) {
                    return Err(input.error("a channel's path is a string\nwrite `#[channel(\"/path\")]`"));
                }
                let path = input.parse::<LitStr>()?;
                if all.path.is_some() {
                    let remedy = "write a second channel for the second path";
                    errors.at(path, "a channel has one path", remedy);
                } else {
                    all.path = Some(path);
                }
                return Ok(());
            }
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "app" => args::set(&mut all.app, &name, owned(&name, input, errors)?, errors),
                "room_state" => args::set(&mut all.room_state, &name, owned(&name, input, errors)?, errors),
                "room_grace" => {
                    let what = "how long an empty room stays open";
                    args::set(&mut all.room_grace, &name, durations::value(&name, what, "30s", input)?, errors)
                }
                "each_node" => {
                    args::is_flag(input, "`each_node` is a word by itself", "write `each_node`", errors)?;
                    args::set(&mut all.each_node, &name, name.clone(), errors);
                }
                "history" => {
                    let history = history::bounds(&name, input, errors)?;
                    args::set(&mut all.history, &name, history, errors);
                }
                "presence" => {
                    let presence = presence::of(&name, input, errors)?;
                    args::set(&mut all.presence, &name, presence, errors);
                }
                "placed" => {
                    let what = "`placed` is not there yet: no room can be kept on one node of several";
                    let remedy =
                        "write `each_node`, if each node may have rooms of its own; or run one node, without `cluster`";
                    errors.at(&name, what, remedy);
                    args::skip(input)?;
                }
                "rooms" => all.rooms.extend(args::list::<Listed>(&name, input, errors)?),
                "subprotocols" => {
                    let list = subprotocols::list(&name, input, errors)?;
                    args::set(&mut all.subprotocols, &name, list, errors);
                }
                "crate" => args::set(&mut all.runtime, &name, runtime_path::value(input)?, errors),
                "sends" | "receives" => {
                    let listed = input.parse::<Option<proc_macro2::Group>>()?;
                    if name == "sends" {
                        all.misplaced.sends = listed.map(|listed| listed.stream().to_string());
                    }
                    let remedy = format!("write `#[channel({name}(..))]` on the impl block");
                    errors.at(&name, format_args!("`{name}(..)` belongs to what the channel does"), remedy);
                }
                "envelope" => {
                    let envelope = args::value::<Type>(input)?;
                    let remedy = format!("write `#[channel(envelope = {})]` on the impl block", text(&envelope));
                    errors.at(&name, "the envelope belongs to the channel's impl block", remedy);
                    all.misplaced.envelope = Some(text(&envelope));
                }
                "path" => {
                    let path = args::value::<LitStr>(input)?;
                    let what = "a channel's path has no name";
                    errors.at(&name, what, format_args!("write `#[channel({:?})]`", path.value()));
                    all.path = all.path.take().or(Some(path));
                }
                "state" => {
                    all.room_state = Some(args::value(input)?);
                    let remedy = "write `room_state = ..`; what is a connection's own is a field, `#[state]`";
                    errors.at(&name, "the state that the members of a room share is its `room_state`", remedy);
                }
                bound if bounds::ARGUMENTS.contains(&bound) => bound_args.argument(&name, input, errors)?,
                _ => return Err(args::unknown(&name, "#[channel]", &[&ARGUMENTS[..], &bounds::ARGUMENTS].concat())),
            }
            Ok(())
        });
        all.bounds = bound_args.finish(errors);
        all
    }
}

/// The type after `app =` or `room_state =`. A reference is an error: it would need a lifetime that the user can't write.
fn owned(name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Type> {
    match args::value(input)? {
        Type::Reference(reference) if reference.lifetime.is_none() => {
            let what = format!("`{name}` is a type that is owned; the methods are lent it");
            errors.at(&reference, what, format_args!("write `{name} = {}`", text(&reference.elem)));
            Ok(*reference.elem)
        }
        ty => Ok(ty),
    }
}
