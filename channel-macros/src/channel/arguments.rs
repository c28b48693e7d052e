//! What a handler or a hook takes, told by form: by value the message or the hook's datum, by reference to `Socket` the
//! socket, by any other reference the app. What belongs to a room or to all connections has no `self`, and no socket.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    FnArg, GenericParam, Pat, PathArguments, Receiver, ReceiverKind, Safety, Signature, Token, Type, TypeParamBound,
    parse_quote, parse_quote_spanned,
};

use super::answer::is_data;
use super::turns::takes_mut_self;
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;
use crate::syntax::names::camel;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{arc, first_type, is_nameable, is_named, is_unit, last_segment, text, ungroup};

/// How a method of the user's is called.
pub struct Call {
    pub name: Ident,
    pub is_async: bool,
    takes_self: bool,
    pub takes_mut_self: bool,
    pub arguments: Vec<Argument>,
    /// The return type, or the name where there is none: where an error about the answer stands.
    pub output: TokenStream,
    /// The return type, where there is one.
    pub returns: Option<Type>,
    /// Where it is told that the channel has no app: at the first of those that take it, so that it is told once.
    pub app_place: Option<Span>,
}

pub enum Argument {
    /// The message, or what the hook is about.
    Datum(Type),
    Socket(Type),
    App(Type),
    /// Of what belongs to a room.
    Room(Type),
}

impl Argument {
    fn ty(&self) -> &Type {
        match self {
            Self::Datum(ty) | Self::Socket(ty) | Self::App(ty) | Self::Room(ty) => ty,
        }
    }
}

/// What is being read, for the errors.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// "a handler", "`on_close`"
    pub who: &'a str,
    /// How it is written.
    pub usage: &'a str,
    pub of: Of,
}

/// Whose it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A method.
    Connection,
    /// An associated function.
    Room,
    /// An associated function, of batches.
    Channel,
}

impl Of {
    /// Why there is neither `self` nor a socket.
    fn whose(self) -> &'static str {
        match self {
            Self::Connection => "belongs to a connection",
            Self::Room => "belongs to a room, not to one of its connections",
            Self::Channel => "belongs to all connections of its channel",
        }
    }
}

impl Call {
    /// The method as it is called, if its signature allows that.
    pub fn parse(sig: &Signature, expected: Expected, errors: &mut Errors) -> Option<Self> {
        let Expected { who, usage, of } = expected;
        let is_callable = check_receiver(sig, expected, errors) & check_modifiers(sig, expected, errors);
        let has_self = of != Of::Connection && sig.receiver().is_some();
        let mut arguments = Vec::new();
        for input in &sig.inputs {
            let FnArg::Typed(input) = input else { continue };
            let argument = match argument(&input.ty, of) {
                Ok(argument) => argument,
                // That it belongs to no connection is told once.
                Err(_) if has_self && is_reference_to_socket(&input.ty) => return None,
                Err((what, remedy)) => {
                    errors.at(&input.ty, format_args!("{who} {what}"), remedy.as_deref().unwrap_or(usage));
                    return None;
                }
            };
            let has_it = |other: &&Argument| std::mem::discriminant(*other) == std::mem::discriminant(&argument);
            if arguments.iter().any(|other| has_it(&other)) {
                let twice = match argument {
                    Argument::Datum(_) => "takes one argument by value",
                    Argument::Socket(_) => "takes the socket once",
                    Argument::App(_) if of == Of::Channel => "takes the app once, and nothing else by reference",
                    Argument::App(_) if of == Of::Room => {
                        "takes the app once, and it is all that comes by reference but the room"
                    }
                    Argument::App(_) => "takes the app once, and it is all that comes by reference but the socket",
                    Argument::Room(_) => "takes the room once",
                };
                let one = (expected.is_handler() && matches!(argument, Argument::Datum(_)))
                    .then(|| one_message(sig))
                    .flatten();
                errors.at(argument.ty(), format_args!("{who} {twice}"), one.as_deref().unwrap_or(usage));
                return None;
            }
            arguments.push(argument);
        }
        let output = match &sig.output {
            syn::ReturnType::Default => sig.ident.to_token_stream(),
            syn::ReturnType::Type(_, ty) => ty.to_token_stream(),
        };
        let returns = match &sig.output {
            syn::ReturnType::Default => None,
            syn::ReturnType::Type(_, ty) => Some((**ty).clone()),
        };
        let (name, is_async, takes_self) = (sig.ident.clone(), sig.asyncness.is_some(), of == Of::Connection);
        let takes_mut_self = takes_mut_self(sig);
        let call = Self { name, is_async, takes_self, takes_mut_self, arguments, output, returns, app_place: None };
        is_callable.then_some(call)
    }

    pub fn datum(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::Datum(ty) => Some(ty),
            _ => None,
        })
    }

    pub fn socket(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::Socket(ty) => Some(ty),
            _ => None,
        })
    }

    pub fn app(&self) -> Option<&Type> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::App(ty) => Some(ty),
            _ => None,
        })
    }

    /// The call in the body of a trait's method, awaited; `datum` is the local that holds the datum.
    pub fn tokens(&self, datum: &str) -> TokenStream {
        self.awaited(self.begun(datum))
    }

    /// As [`tokens`](Self::tokens), in the impl of another type.
    pub fn tokens_of(&self, owner: &Type, datum: &str) -> TokenStream {
        let span = beside_locals(self.name.span());
        self.awaited(self.begun_of(quote_spanned!(span=> <#owner>), owner, datum))
    }

    /// The call, once it has begun, awaited.
    fn awaited(&self, call: TokenStream) -> TokenStream {
        let span = beside_locals(self.name.span());
        match self.is_async {
            true => quote_spanned!(span=> ::channel_runtime::private::send(#call).await),
            false => call,
        }
    }

    /// The call, not awaited.
    pub fn begun(&self, datum: &str) -> TokenStream {
        let span = beside_locals(self.name.span());
        let owner: Type = parse_quote_spanned!(span=> Self);
        self.begun_of(owner.to_token_stream(), &owner, datum)
    }

    /// As [`begun`](Self::begun), of a method whose future holds a `T`. That `T` is not `Send` is told where it is asked of `T` itself,
    /// and not a second time of the future.
    pub fn begun_holding(&self, held: TokenStream, datum: &str) -> TokenStream {
        let begun = self.begun(datum);
        if !self.is_async {
            return begun;
        }
        let span = beside_locals(self.name.span());
        let future = quote_spanned!(span=> ::channel_runtime::private::Holding::<#held>::future(#begun));
        quote!({
            #[allow(unused_imports)]
            use ::channel_runtime::private::HoldingMore as _;
            #future
        })
    }

    fn begun_of(&self, path: TokenStream, owner: &Type, datum: &str) -> TokenStream {
        let span = beside_locals(self.name.span());
        let name = &self.name;
        let arguments = self.arguments.iter().map(|argument| {
            let local = match argument {
                Argument::Datum(_) => datum,
                Argument::Socket(_) => "__socket",
                Argument::App(_) => "__app",
                Argument::Room(_) => "__room",
            };
            let local = format_ident!("{local}", span = beside_locals(argument.ty().span()));
            match argument {
                Argument::App(Type::Reference(app)) if is_nameable(&app.elem) && !is_unit(&app.elem) => {
                    given(owner, &app.elem, &local, self.app_place)
                }
                Argument::App(_) => quote_spanned!(local.span()=> &**#local),
                _ => local.into_token_stream(),
            }
        });
        // By path, so that no trait's method of that name is meant.
        let receiver = self.takes_self.then(|| quote_spanned!(span=> self,));
        quote_spanned!(span=> #path::#name(#receiver #(#arguments),*))
    }

    /// The local `name`, standing where an error about the answer should.
    pub fn answer(&self, name: &str) -> TokenStream {
        let local = Ident::new(name, proc_macro2::Span::call_site());
        let tokens = self.output.clone().into_iter();
        let mut spans = tokens.map(|token| token.span());
        let span = spans.next().unwrap_or_else(|| self.name.span());
        let span = spans.last().and_then(|last| span.join(last)).unwrap_or(span);
        let mut local = local;
        local.set_span(beside_locals(span));
        quote!(#local)
    }
}

impl Expected<'_> {
    fn is_handler(&self) -> bool {
        self.who == "a handler"
    }
}

/// How the arguments of a handler are one message, where they look like its fields.
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

/// The app, where the struct names one: else that is the one error, at its place. An app of another type is told of at the argument.
/// Where it is taken as an `&Arc<App>`, it is lent as it is shared.
fn given(owner: &Type, app: &Type, argument: &Ident, place: Option<Span>) -> TokenStream {
    let span = beside_locals(place.unwrap_or_else(|| app.span()));
    let (app, lend) = match arc(app) {
        Some(app) => (app, Ident::new("shared", span)),
        None => (app, Ident::new("given", span)),
    };
    let given = Ident::new("__given", argument.span());
    let owner: TokenStream = owner.to_token_stream().into_iter().map(|token| located_at(token, span)).collect();
    quote_spanned! {span=> {
        let __given = <#owner as ::channel_runtime::private::HasApp<#app>>::#lend(__app);
        #given
    }}
}

/// The token found as ever, and shown elsewhere.
fn located_at(mut token: TokenTree, place: Span) -> TokenTree {
    token.set_span(token.span().located_at(place));
    token
}

/// Writes `<Self>` behind a bare `Socket`, with an error: the compiler's own would lead to `Socket<C>`.
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
            // By value it is told of anyway.
            if is_reference {
                errors.at(&segment.ident, "the socket's channel is missing", "write `&Socket<Self>`");
            }
            segment.arguments = PathArguments::AngleBracketed(parse_quote_spanned!(segment.ident.span()=> <Self>));
        }
    }
}

/// A `self` by value is told of, and its body does what a `&mut self` allows: the compiler is not to ask for a `mut self`.
pub fn free_receiver(method: &mut Method) {
    if let Some(FnArg::Receiver(receiver)) = method.sig.inputs.first_mut()
        && receiver.mutability.is_none()
        && !is_reference(receiver)
    {
        receiver.mutability = Some(Token![mut](receiver.self_token.span));
        method.attrs.push(parse_quote!(#[allow(unused_mut)]));
    }
}

/// What is wrong with an argument's type, and what to write; where that is nothing special, the whole signature.
type Wrong = (String, Option<String>);

fn argument(ty: &Type, of: Of) -> Result<Argument, Wrong> {
    match ungroup(ty) {
        Type::Reference(reference) => {
            let names = |name| is_named(&reference.elem, name);
            if reference.mutability.is_some() {
                return Err(mutable(&reference.elem, of));
            }
            if is_named(&reference.elem, "str") || matches!(ungroup(&reference.elem), Type::Slice(_)) {
                // No app is one of these.
                return Err((format!("takes no `{}`", text(ty)), None));
            }
            Ok(match of {
                Of::Room | Of::Channel if names("Socket") => {
                    return Err((format!("{}: there is no socket", of.whose()), None));
                }
                Of::Room if names("Room") => Argument::Room(ty.clone()),
                Of::Connection if names("Socket") => Argument::Socket(ty.clone()),
                _ => Argument::App(ty.clone()),
            })
        }
        Type::Path(_) if of == Of::Room && is_named(ty, "Room") => {
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

/// The error for a `&mut T`, which was probably meant to be something that changes.
fn mutable(ty: &Type, of: Of) -> Wrong {
    let name = text(ty);
    let what = format!("takes no `&mut {name}`");
    let remedy = match of {
        _ if is_named(ty, "Socket") || is_named(ty, "Room") => format!("write `&{name}`"),
        Of::Connection => format!(
            "the state of a room is reached by `socket.room().with(|state, room| ..)`, with `room_state = {name}` on the \
             struct; what is this connection's own is a field, `#[state]`; and the app is shared, `&{name}`"
        ),
        Of::Channel => format!("what changes stands behind a lock in the app, which is shared: write `&{name}`"),
        Of::Room => format!(
            "the room's state comes and goes by value, with `room_state = {name}` on the struct; the app is shared, `&{name}`"
        ),
    };
    (what, Some(remedy))
}

fn check_receiver(sig: &Signature, Expected { who, usage, of }: Expected, errors: &mut Errors) -> bool {
    if of != Of::Connection {
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

/// Whether it is lent, and not given away: `&self`, `self: &Self`.
pub fn is_reference(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => matches!(ungroup(ty), Type::Reference(_)),
        _ => false,
    }
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

/// Whether a type is written as `impl Future<..>`, or a pinned `dyn` one.
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
    use super::*;

    const EXPECTED: Expected = Expected { who: "a handler", usage: "write it so", of: Of::Connection };

    fn call(tokens: TokenStream) -> (Option<Call>, Vec<String>) {
        let mut errors = Errors::default();
        let call = Call::parse(&syn::parse2(tokens).unwrap(), EXPECTED, &mut errors);
        (call, errors.messages())
    }

    #[test]
    fn arguments_are_told_by_form_in_any_order() {
        let (call, errors) = call(quote!(async fn f(&mut self, app: &crate::App, s: &x::Socket<Self>, m: Move)));
        assert_eq!(errors, [""; 0]);
        let tokens = call.unwrap().tokens("__message").to_string();
        assert_eq!(
            tokens.replace(' ', ""),
            "::channel_runtime::private::send(Self::f(self,{let__given=<Selfas::channel_runtime::private::HasApp<crate::App>>\
             ::given(__app);__given},__socket,__message)).await"
        );
    }

    #[test]
    fn an_app_that_is_taken_as_it_is_shared_is_lent_so() {
        let (call, errors) = call(quote!(fn f(&mut self, app: &std::sync::Arc<App>)));
        assert_eq!(errors, [""; 0]);
        let tokens = call.unwrap().tokens("__message").to_string().replace(' ', "");
        assert!(tokens.contains("HasApp<App>>::shared(__app)"), "{tokens}");
    }

    #[test]
    fn what_is_not_async_is_not_awaited() {
        let tokens = call(quote!(fn f<'a>(self: &'a Self) -> u8)).0.unwrap().tokens("__m").to_string();
        assert_eq!(tokens.replace(' ', ""), "Self::f(self,)");
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
