//! The arguments of a handler or a hook, recognized by their form: the message or datum by value, the socket as `&Socket`, and the
//! app as any other reference. A method that belongs to a room or to all connections has no `self` and no socket.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{
    FnArg, GenericParam, Pat, PathArguments, ReturnType, Safety, Signature, Token, Type, TypeParamBound, parse_quote,
    parse_quote_spanned,
};

use crate::channel::model::{Argument, Call, Owner};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;
use crate::syntax::names::camel;
use crate::syntax::receiver::{is_reference, takes_mut_self};
use crate::syntax::types::{first_type, is_data, is_named, last_segment, text, ungroup};

#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// "a handler", "`on_close`"
    pub who: &'a str,
    pub usage: &'a str,
    pub of: Owner,
}

/// `None` after an error that rules out a call.
pub fn parse(sig: &Signature, expected: Expected, errors: &mut Errors) -> Option<Call> {
    let is_callable = check_receiver(sig, expected, errors) & check_modifiers(sig, expected, errors);
    let arguments = arguments(sig, expected, errors)?;
    let (output, returns) = match &sig.output {
        ReturnType::Default => (sig.ident.to_token_stream(), None),
        ReturnType::Type(_, ty) => (ty.to_token_stream(), Some((**ty).clone())),
    };
    is_callable.then(|| Call {
        name: sig.ident.clone(),
        is_async: sig.asyncness.is_some(),
        takes_self: expected.of == Owner::Connection,
        takes_mut_self: takes_mut_self(sig),
        arguments,
        output,
        returns,
        app_place: None,
    })
}

fn arguments(sig: &Signature, expected: Expected, errors: &mut Errors) -> Option<Vec<Argument>> {
    let Expected { who, usage, of } = expected;
    let has_wrong_self = of != Owner::Connection && sig.receiver().is_some();
    let mut arguments: Vec<Argument> = Vec::new();
    for input in &sig.inputs {
        let FnArg::Typed(input) = input else { continue };
        let argument = match argument(&input.ty, of) {
            Ok(argument) => argument,
            // The error at `self` says already that the method belongs to no connection.
            Err(_) if has_wrong_self && is_reference_to_socket(&input.ty) => return None,
            Err((what, remedy)) => {
                errors.at(&input.ty, format_args!("{who} {what}"), remedy.as_deref().unwrap_or(usage));
                return None;
            }
        };
        let kind = std::mem::discriminant(&argument);
        if arguments.iter().any(|other| std::mem::discriminant(other) == kind) {
            taken_twice(&argument, sig, expected, errors);
            return None;
        }
        arguments.push(argument);
    }
    Some(arguments)
}

fn taken_twice(argument: &Argument, sig: &Signature, expected: Expected, errors: &mut Errors) {
    let Expected { who, usage, of } = expected;
    let twice = match argument {
        Argument::Datum(_) => "takes one argument by value",
        Argument::Socket(_) => "takes the socket once",
        Argument::App(_) if of == Owner::Channel => "takes the app once, and nothing else by reference",
        Argument::App(_) if of == Owner::Room => {
            "takes the app once, and it is all that comes by reference but the room"
        }
        Argument::App(_) => "takes the app once, and it is all that comes by reference but the socket",
        Argument::Room(_) | Argument::State(_) => "takes the room once",
    };
    let is_message = expected.is_handler() && matches!(argument, Argument::Datum(_));
    let remedy = is_message.then(|| one_message(sig)).flatten();
    errors.at(argument.ty(), format_args!("{who} {twice}"), remedy.as_deref().unwrap_or(usage));
}

impl Expected<'_> {
    fn is_handler(&self) -> bool {
        self.who == "a handler"
    }
}

/// The remedy, if the arguments look like the fields of one message.
fn one_message(sig: &Signature) -> Option<String> {
    let data = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) if !matches!(ungroup(&input.ty), Type::Reference(_)) => Some(input),
        _ => None,
    });
    let fields: Option<Vec<_>> = data
        .map(|input| match &*input.pat {
            Pat::Ident(name) if is_data(&input.ty) => Some(format!("{}: {}", name.ident, text(&input.ty))),
            _ => None,
        })
        .collect();
    let (name, fields) = (sig.ident.unraw().to_string(), fields?.join(", "));
    let message = camel(&name);
    Some(format!(
        "they are the fields of one message: `#[message(type = {name:?})] struct {message} {{ {fields} }}`; take `m: {message}`"
    ))
}

/// Writes `<Self>` after a bare `Socket`, with an error: the compiler's own would suggest `Socket<C>`.
pub fn name_sockets(sig: &mut Signature, errors: &mut Errors) {
    for input in &mut sig.inputs {
        let FnArg::Typed(input) = input else { continue };
        let (ty, is_reference) = match &mut *input.ty {
            Type::Reference(reference) => (&mut *reference.elem, true),
            ty => (ty, false),
        };
        if let Type::Path(path) = ty
            && let Some(segment) = path.path.segments.last_mut()
            && segment.ident == "Socket"
            && segment.arguments.is_none()
        {
            if is_reference {
                errors.at(&segment.ident, "the socket's channel is missing", "write `&Socket<Self>`");
            }
            segment.arguments = PathArguments::AngleBracketed(parse_quote_spanned!(segment.ident.span()=> <Self>));
        }
    }
}

/// Makes a `self` by value mutable: it has an error, and the compiler is not to ask for `mut self` too.
pub fn free_receiver(method: &mut Method) {
    if let Some(FnArg::Receiver(receiver)) = method.sig.inputs.first_mut()
        && receiver.mutability.is_none()
        && !is_reference(receiver)
    {
        receiver.mutability = Some(Token![mut](receiver.self_token.span));
        method.attrs.push(parse_quote!(#[allow(unused_mut)]));
    }
}

/// What is wrong, and what to write; `None` for the method's usage.
type Wrong = (String, Option<String>);

fn argument(ty: &Type, of: Owner) -> Result<Argument, Wrong> {
    match ungroup(ty) {
        Type::Reference(reference) => {
            let names = |name| is_named(&reference.elem, name);
            if reference.mutability.is_some() {
                return Err(mutable(&reference.elem, of));
            }
            if is_named(&reference.elem, "str") || matches!(ungroup(&reference.elem), Type::Slice(_)) {
                return Err((format!("takes no `{}`", text(ty)), None));
            }
            Ok(match of {
                Owner::Room | Owner::Channel if names("Socket") => {
                    return Err((format!("{}: there is no socket", of.whose()), None));
                }
                Owner::Room if names("Room") => Argument::Room(ty.clone()),
                Owner::Connection if names("Socket") => Argument::Socket(ty.clone()),
                _ => Argument::App(ty.clone()),
            })
        }
        Type::Path(_) if of == Owner::Room && is_named(ty, "Room") => {
            Err(("takes the room by reference".into(), Some(format!("write `&{}`", text(ty)))))
        }
        Type::Path(_) if is_named(ty, "Socket") => {
            Err(("takes the socket by reference".into(), Some(format!("write `&{}`", text(ty)))))
        }
        Type::Path(_) | Type::Macro(_) => Ok(Argument::Datum(ty.clone())),
        _ => Err(("can't take this type".into(), None)),
    }
}

fn is_reference_to_socket(ty: &Type) -> bool {
    matches!(ungroup(ty), Type::Reference(reference) if is_named(&reference.elem, "Socket"))
}

fn mutable(ty: &Type, of: Owner) -> Wrong {
    let name = text(ty);
    let what = format!("takes no `&mut {name}`");
    let remedy = match of {
        _ if is_named(ty, "Socket") || is_named(ty, "Room") => format!("write `&{name}`"),
        Owner::Connection => format!(
            "the state of a room is reached by `socket.room().with(|state, room| ..)`, with `room_state = {name}` on the \
             struct; what is this connection's own is a field, `#[state]`; and the app is shared, `&{name}`"
        ),
        Owner::Channel => format!("what changes stands behind a lock in the app, which is shared: write `&{name}`"),
        Owner::Room => format!(
            "the room's state comes and goes by value, with `room_state = {name}` on the struct; the app is shared, `&{name}`"
        ),
    };
    (what, Some(remedy))
}

fn check_receiver(sig: &Signature, Expected { who, usage, of }: Expected, errors: &mut Errors) -> bool {
    if of != Owner::Connection {
        if let Some(receiver) = sig.receiver() {
            errors.at(receiver, format_args!("{who} {}: it has no `self`", of.whose()), usage);
        }
        return sig.receiver().is_none();
    }
    let Some(receiver) = sig.receiver() else {
        errors.at(&sig.ident, format_args!("{who} takes `&mut self` or `&self`"), usage);
        return false;
    };
    let is_reference = is_reference(receiver);
    if !is_reference {
        let what = format!("{who} takes `&mut self` or `&self`, for the connection keeps its value");
        errors.at(receiver, what, usage);
    }
    is_reference
}

fn check_modifiers(sig: &Signature, Expected { who, usage, .. }: Expected, errors: &mut Errors) -> bool {
    let before = errors.len();
    if let Safety::Unsafe(keyword) = &sig.safety {
        errors.at(keyword, format_args!("{who} can't be `unsafe`"), "take `unsafe` away");
    }
    let generic = |param: &&GenericParam| !matches!(param, GenericParam::Lifetime(_));
    if let Some(param) = sig.generics.params.iter().find(generic) {
        errors.at(param, format_args!("{who} has no type parameters"), usage);
    }
    if sig.asyncness.is_none()
        && let syn::ReturnType::Type(_, ty) = &sig.output
        && is_future(ty)
    {
        errors.at(
            ty,
            format_args!("{who} is `async` where it waits"),
            "write `async fn`, and return what the future would",
        );
    }
    errors.len() == before
}

fn is_future(ty: &Type) -> bool {
    let bounds = match ungroup(ty) {
        Type::ImplTrait(ty) => &ty.bounds,
        Type::TraitObject(ty) => &ty.bounds,
        ty => return last_segment(ty).and_then(first_type).is_some_and(is_future),
    };
    bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|segment| segment.ident == "Future"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;

    const EXPECTED: Expected = Expected { who: "a handler", usage: "write it so", of: Owner::Connection };

    fn call(tokens: TokenStream) -> (Option<Call>, Vec<String>) {
        let mut errors = Errors::default();
        let call = parse(&syn::parse2(tokens).unwrap(), EXPECTED, &mut errors);
        (call, errors.messages())
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for signature in [
            quote!(fn f()),
            quote!(fn f(self)),
            quote!(fn f(self: Box<Self>)),
            quote!(unsafe fn f(&self)),
            quote!(fn f<T>(&self)),
            quote!(fn f(&self, s: Socket<Self>)),
            quote!(fn f(&self, s: &mut Socket<Self>)),
            quote!(fn f(&self, m: impl Copy)),
            quote!(fn f(&self, a: A, b: B)),
            quote!(fn f(&self, a: &A, b: &B)),
            quote!(fn f(&self, a: &Socket<Self>, b: &Socket<Self>)),
            quote!(fn f(&self) -> impl Future<Output = ()> + Send),
            quote!(fn f(&self) -> Pin<Box<dyn std::future::Future<Output = ()> + '_>>),
        ] {
            let text = signature.to_string();
            let (call, errors) = call(signature);
            assert!(call.is_none() && errors.len() == 1, "{text}: {errors:?}");
        }
    }
}
