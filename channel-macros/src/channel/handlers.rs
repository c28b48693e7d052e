//! The impl block's half: what the channel hears and says, and its hooks.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, LitStr, Type};

use super::answer::is_data;
use super::arguments::{self, Argument, Call, Expected, Of};
use super::batches::{self, Batch};
use super::bodies;
use super::declared::Declared;
use super::deferrals::{self, Deferrals};
use super::foreign;
use super::foreign_hooks;
use super::hooks::{self, Hook};
use super::lent;
use super::lists::{HandlerArgs, Lists};
use super::misplaced::Misplaced;
use super::notices::Notice;
use super::turns::Turn;
use super::unmarked::{Unmarked, is_called};
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::{ImplBlock, Method};
use crate::syntax::incomplete;
use crate::syntax::names::camel;
use crate::syntax::rate::Limit;
use crate::syntax::types;

pub const HANDLER: Expected = Expected {
    who: "a handler",
    usage: "write `#[message] async fn name(&mut self, m: Message, socket: &Socket<Self>, app: &App)`",
    of: Of::Connection,
};

/// A channel's impl block. After an error it holds what could be told.
pub struct Channel {
    pub name: Ident,
    pub self_ty: Type,
    pub handlers: Vec<Handler>,
    pub hooks: Vec<Hook>,
    pub notices: Vec<Notice>,
    pub lists: Lists,
    pub unmarked: Vec<Unmarked>,
    pub declared: Declared,
}

pub struct Handler {
    pub cfgs: Vec<Attribute>,
    pub docs: String,
    pub variant: Ident,
    pub payload: Payload,
    pub limit: Limit,
    pub turn: Turn,
    pub batch: Option<Batch>,
    pub call: Call,
    /// It takes over its answer, and its return type does not say so.
    pub defers: bool,
}

pub enum Payload {
    /// Its type on the wire is written on this struct.
    Struct(Box<Type>),
    /// Nothing but a type.
    Unit(LitStr),
}

impl Payload {
    pub fn tokens(&self) -> TokenStream {
        match self {
            Self::Struct(ty) => ty.to_token_stream(),
            Self::Unit(literal) => literal.to_token_stream(),
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Struct(ty) => types::text(ty),
            Self::Unit(literal) => Self::unit_text(literal),
        }
    }

    pub fn unit_text(literal: &LitStr) -> String {
        format!("{:?}", literal.value())
    }
}

impl Channel {
    pub fn name_from_client(&self) -> Ident {
        format_ident!("{}FromClient", self.name)
    }

    pub fn name_to_client(&self) -> Ident {
        format_ident!("{}ToClient", self.name)
    }

    pub fn hook(&self, kind: hooks::Kind) -> impl Iterator<Item = &Hook> {
        self.hooks.iter().filter(move |hook| hook.kind == kind)
    }
}

/// Reads attribute and block; our attributes are taken off the methods. Nothing where there is no channel to speak of.
pub fn parse(args: TokenStream, block: &mut ImplBlock, errors: &mut Errors) -> Option<Channel> {
    let mut lists = Lists::parse(args, errors);
    let name = self_name(block, errors);
    let declared = name.as_ref().map(Declared::of).unwrap_or_default();
    lists.add_misplaced(declared.misplaced_sends.as_deref());
    let mut channel = Channel {
        name: name.clone().unwrap_or_else(|| format_ident!("_Nameless")),
        self_ty: types::ungroup(&block.self_ty).clone(),
        handlers: Vec::new(),
        hooks: Vec::new(),
        notices: Vec::new(),
        lists,
        unmarked: Vec::new(),
        declared,
    };
    let called = called_in(block);
    let (mut seen, mut marked) = (Vec::new(), Vec::new());
    for method in block.methods_mut() {
        let markers: Vec<Attribute> = method.attrs.extract_if(.., |attr| is_marker(attr)).collect();
        let cfgs: Vec<Attribute> = method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
        // Which of two conditions hold is not known here.
        if cfgs.is_empty() {
            if seen.contains(&method.sig.ident) {
                written_twice(method, !markers.is_empty(), errors);
                continue;
            }
            seen.push(method.sig.ident.clone());
        }
        if !markers.is_empty() {
            marked.push(method.sig.ident.clone());
        }
        bodies::check(method, &channel.name, errors);
        lent::check(method, errors);
        foreign::check(method, bodies::socket(method).as_ref(), &channel.lists.runtime);
        let is_ours = !markers.is_empty() || hooks::Kind::named(&method.sig.ident.unraw().to_string()).is_some();
        channel.add(method, markers, cfgs, errors);
        if !is_ours && !called.contains(&method.sig.ident) {
            tell_misspelt(&method.sig.ident, errors);
        }
        if is_ours {
            arguments::free_receiver(method);
        }
    }
    for tokens in block.other_items_mut() {
        incomplete::method(tokens, |name| hooks::Kind::named(name).is_some(), is_marker_path, errors);
    }
    let found = Deferrals::of(block);
    for handler in &mut channel.handlers {
        handler.defers = found.hide(&handler.call.name, handler.call.returns.as_ref());
    }
    channel.place_apps();
    channel.lists.check_received(&channel.handlers, errors);
    hooks::check_pairs(&channel.hooks, &channel.declared, errors);
    let asked = foreign_hooks::check(block, &marked);
    channel.unmarked = Unmarked::find(block, &channel);
    channel.unmarked.retain(|unmarked| !asked.contains(&unmarked.name));
    name.is_some().then_some(channel)
}

/// The methods that another one of the block calls: they are no hooks, whatever they are called.
fn called_in(block: &ImplBlock) -> Vec<Ident> {
    let names = block.methods().map(|method| &method.sig.ident);
    names.filter(|name| is_called(name, block)).cloned().collect()
}

/// The error for a hook under another name.
fn tell_misspelt(method: &Ident, errors: &mut Errors) {
    let name = method.unraw().to_string();
    if let Some(meant) = hooks::meant_by(&name) {
        errors.at(
            method,
            format_args!("a channel has no hook `{name}`"),
            format_args!("did you mean `{}`?", meant.name()),
        );
    }
}

/// The error for a hook or a handler with the name of another one; of plain methods the compiler tells.
fn written_twice(method: &mut Method, is_marked: bool, errors: &mut Errors) {
    let name = &method.sig.ident;
    let (what, remedy) = match (is_marked, hooks::Kind::named(&name.unraw().to_string())) {
        (true, _) => (format!("there is a method `{name}` already"), "give this handler another name"),
        (false, Some(_)) => (format!("the hook `{name}` is written twice"), "put both into one, or take one away"),
        (false, None) => return,
    };
    errors.at(name, what, remedy);
    // The compiler would tell of it too.
    method.sig.ident = format_ident!("__{}", name.unraw(), span = name.span());
}

/// The attribute `#[message]`, also by its full path, or `#[notice]`.
fn is_marker(attr: &Attribute) -> bool {
    is_marker_path(attr.path())
}

fn is_marker_path(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "message") || path.is_ident("notice")
}

fn is_notice(attr: &Attribute) -> bool {
    attr.path().is_ident("notice")
}

/// The channel's name, where the block can be a channel's.
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

impl Channel {
    /// That there is no app is told where it is first taken: the compiler drops what it has said before, word for word.
    fn place_apps(&mut self) {
        let handlers = self.handlers.iter_mut().map(|handler| &mut handler.call);
        let hooks = self.hooks.iter_mut().map(|hook| &mut hook.call);
        let notices = self.notices.iter_mut().map(|notice| &mut notice.call);
        let mut places: Vec<(String, Span)> = Vec::new();
        for call in handlers.chain(hooks).chain(notices) {
            let Some(Type::Reference(app)) = call.app() else { continue };
            let app = types::arc(&app.elem).unwrap_or(&app.elem);
            let name = types::text(app);
            let place = match places.iter().find(|(other, _)| *other == name) {
                Some((_, place)) => *place,
                None => {
                    let place = app.span();
                    places.push((name, place));
                    place
                }
            };
            call.app_place = Some(place);
        }
    }

    fn add(&mut self, method: &mut Method, markers: Vec<Attribute>, cfgs: Vec<Attribute>, errors: &mut Errors) {
        let name = method.sig.ident.unraw().to_string();
        let kind = hooks::Kind::named(&name);
        if !markers.is_empty() || kind.is_some() {
            arguments::name_sockets(&mut method.sig, errors);
        }
        match &markers[..] {
            [] | [_] => {}
            [first, second, ..] => match (is_notice(first), is_notice(second)) {
                (false, false) => {
                    errors.at(second, "a handler takes one message", "write a second handler for the second message");
                }
                (true, true) => errors.at(second, "`#[notice]` is written twice", "take one of them away"),
                _ => {
                    let what =
                        "a message comes from the client and a notice from the server: a handler takes one of them";
                    errors.at(second, what, "write two methods, and what both do in a third");
                    return;
                }
            },
        }
        match (markers.first(), kind) {
            (Some(marker), Some(_)) => {
                let what = if is_notice(marker) { "notice" } else { "message" };
                let remedy = format!("take `#[{what}]` away, or give the handler another name");
                errors.at(marker, format_args!("`{name}` is a hook, called without a {what}"), remedy);
            }
            (Some(marker), None) if is_notice(marker) => {
                if let Some(notice) = Notice::parse(marker, &method.sig, cfgs, &self.declared, errors) {
                    notice.add_to(&mut self.notices, errors);
                }
            }
            (Some(marker), None) => self.add_handler(method, marker, cfgs, errors),
            (None, Some(kind)) => self.hooks.extend(Hook::parse(kind, &method.sig, cfgs, &self.declared, errors)),
            (None, None) if name == "room" => {
                let remedy = "the path makes a `room(..)` for each channel; give this method another name";
                errors.at(&method.sig.ident, format_args!("`{}` has a function `room` already", self.name), remedy);
                // The compiler would tell of it too, and of all calls.
                method.sig.ident = format_ident!("__room", span = method.sig.ident.span());
            }
            (None, None) => {}
        }
    }

    fn add_handler(&mut self, method: &Method, marker: &Attribute, cfgs: Vec<Attribute>, errors: &mut Errors) {
        let HandlerArgs { wire_type, variant, limit, turn, batch, is_broken } = HandlerArgs::parse(marker, errors);
        if let (Some(misplaced), None) = (Misplaced::find(&method.sig, Of::Connection, None, &self.declared), &batch) {
            tell_misplaced(&misplaced, &method.sig, wire_type.is_some(), errors);
            return;
        }
        let read = match &batch {
            Some(_) => batches::call(&method.sig, wire_type, &turn, errors),
            None if batches::has_no_bounds(&method.sig, errors) => None,
            None => {
                turn.check(&method.sig, errors);
                single(&method.sig, wire_type, is_broken, errors)
            }
        };
        let (Some((call, payload)), batch) = (read, batch.flatten()) else { return };
        if let Some(inner) = call.returns.as_ref().and_then(deferrals::nested) {
            let remedy = "write what is answered in the end: `Deferred<Answered>`, `Deferred<Result<Answered, Fault>>`";
            errors.at(inner, "a deferred answer is no answer to be deferred once more", remedy);
        }
        let variant = match (variant, &payload) {
            (Some(variant), _) => variant,
            (None, Payload::Unit(_)) => {
                format_ident!("{}", camel(&call.name.unraw().to_string()), span = call.name.span())
            }
            (None, Payload::Struct(ty)) => match types::last_ident(ty) {
                Some(name) => name.unraw(),
                None => {
                    errors.at(ty, format_args!("`{}` is not a message", types::text(ty)), HANDLER.usage);
                    return;
                }
            },
        };
        let handler =
            Handler { cfgs, docs: docs(&method.attrs), variant, payload, limit, turn, batch, call, defers: false };
        if self.is_new(&handler, errors) {
            self.handlers.push(handler);
        }
    }

    fn is_new(&self, handler: &Handler, errors: &mut Errors) -> bool {
        // Which of two conditions hold is not known here; the compiler finds what is left.
        let others = self.handlers.iter().filter(|other| handler.cfgs.is_empty() && other.cfgs.is_empty());
        let text = handler.payload.text();
        for other in others {
            if other.payload.text() == text {
                let what = format!("`{text}` already has a handler, `{}`", other.call.name);
                errors.at(handler.payload.tokens(), what, "take one of the two away");
                return false;
            }
            if other.variant == handler.variant {
                let variant = &handler.variant;
                let what = format!("`{text}` and `{}` would both be the variant `{variant}`", other.payload.text());
                let remedy = match &handler.payload {
                    Payload::Struct(_) => format!("give it another name: `#[message(as = Other{variant})]`"),
                    Payload::Unit(_) => {
                        format!("give it another name: `#[message(type = {text}, as = Other{variant})]`")
                    }
                };
                errors.at(handler.payload.tokens(), what, remedy);
                return false;
            }
        }
        true
    }
}

/// The error for an argument that can only be a mistake; beside the app a reference was probably meant to be the message.
fn tell_misplaced(misplaced: &Misplaced, sig: &syn::Signature, is_typed: bool, errors: &mut Errors) {
    let takes_by_value =
        |input: &FnArg| matches!(input, FnArg::Typed(input) if !matches!(*input.ty, Type::Reference(_)));
    match misplaced {
        Misplaced::Stranger(message) if !is_typed && !sig.inputs.iter().any(takes_by_value) => {
            let what = format!("the handler `{}` takes its message by reference", sig.ident.unraw());
            errors.at(message, what, format_args!("write `{}`", types::text(&message.elem)));
        }
        _ => misplaced.tell(HANDLER.who, HANDLER.usage, errors),
    }
}

/// The call of a handler of one message at a time, and the message.
fn single(
    sig: &syn::Signature,
    wire_type: Option<LitStr>,
    is_broken: bool,
    errors: &mut Errors,
) -> Option<(Call, Payload)> {
    let call = Call::parse(sig, HANDLER, errors)?;
    let payload = match (call.datum(), wire_type) {
        (Some(ty), None) => Payload::Struct(Box::new(ty.clone())),
        (None, Some(literal)) => Payload::Unit(literal),
        (Some(ty), Some(literal)) if is_data(ty) => {
            let what =
                format!("`{}` is no message: a message is a struct, with its type written on it", types::text(ty));
            let message = camel(&call.name.unraw().to_string());
            let field = match types::is_named(ty, "Value") {
                true => "#[serde(flatten)] fields: serde_json::Map<String, serde_json::Value>".into(),
                false => format!("value: {}", types::text(ty)),
            };
            let remedy = format!(
                "write `#[message(type = {:?})] struct {message} {{ {field} }}`, and here `#[message]` and `m: {message}`",
                literal.value()
            );
            errors.at(ty, what, remedy);
            return None;
        }
        (Some(ty), Some(literal)) => {
            let what = format!("this message's type is written on its struct, `{}`", types::text(ty));
            errors.at(literal, what, "write `#[message]`");
            return None;
        }
        (None, None) => {
            if !is_broken {
                no_message(&call, sig, errors);
            }
            return None;
        }
    };
    Some((call, payload))
}

/// The error for a handler without a message and without a type.
fn no_message(call: &Call, sig: &syn::Signature, errors: &mut Errors) {
    let name = call.name.unraw();
    let by_reference = call.arguments.iter().find_map(|argument| match argument {
        Argument::App(Type::Reference(ty)) if types::arc(&ty.elem).is_none() => Some(ty),
        _ => None,
    });
    let typed = sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).count();
    match by_reference {
        // What comes by reference is the app; alone it was probably meant to be the message.
        Some(reference) if typed == 1 || call.socket().is_some() => {
            let inner = types::text(&reference.elem);
            let remedy = format!(
                "write `{inner}`; or, if that is the app and the message has no fields, `#[message(type = \"{name}\")]`"
            );
            errors.at(reference, format_args!("the handler `{name}` takes its message by reference"), remedy);
        }
        _ => {
            let remedy =
                format!("take it by value, `m: Message`, or write `#[message(type = \"{name}\")]` if it has no fields");
            errors.at(&call.name, format_args!("the handler `{name}` has no message"), remedy);
        }
    }
}
