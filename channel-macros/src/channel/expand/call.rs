//! The call of a user's method, in the body of a generated one.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Type, parse_quote_spanned};

use crate::channel::model::{Argument, Call};
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{arc, is_nameable, is_unit};

impl Call {
    /// The call in a method of a trait that `Self` implements, awaited; `datum` is the local with the message or datum.
    pub fn tokens(&self, datum: &str) -> TokenStream {
        self.awaited(self.unawaited(datum))
    }

    /// As [`tokens`](Self::tokens), in an impl for another type.
    pub fn tokens_of(&self, owner: &Type, datum: &str) -> TokenStream {
        let span = beside_locals(self.name.span());
        self.awaited(self.unawaited_of(quote_spanned!(span=> <#owner>), owner, datum))
    }

    fn awaited(&self, call: TokenStream) -> TokenStream {
        let span = beside_locals(self.name.span());
        match self.is_async {
            true => quote_spanned!(span=> ::channel_runtime::private::send(#call).await),
            false => call,
        }
    }

    pub fn unawaited(&self, datum: &str) -> TokenStream {
        let span = beside_locals(self.name.span());
        let owner: Type = parse_quote_spanned!(span=> Self);
        self.unawaited_of(owner.to_token_stream(), &owner, datum)
    }

    /// As [`unawaited`](Self::unawaited), for a future that holds a `T`: one that is not `Send` is reported at `T` alone.
    pub fn unawaited_holding(&self, held: TokenStream, datum: &str) -> TokenStream {
        let unawaited = self.unawaited(datum);
        if !self.is_async {
            return unawaited;
        }
        let span = beside_locals(self.name.span());
        let future = quote_spanned!(span=> ::channel_runtime::private::SendCheck::<#held>::future(#unawaited));
        quote!({
            #[allow(unused_imports)]
            use ::channel_runtime::private::NotSend as _;
            #future
        })
    }

    fn unawaited_of(&self, path: TokenStream, owner: &Type, datum: &str) -> TokenStream {
        let span = beside_locals(self.name.span());
        let name = &self.name;
        let arguments = self.arguments.iter().map(|argument| {
            let local = match argument {
                Argument::Datum(_) => datum,
                Argument::Socket(_) => "__socket",
                Argument::App(_) => "__app",
                Argument::Room(_) => "__room",
                Argument::State(_) => "__state",
            };
            let local = format_ident!("{local}", span = beside_locals(argument.ty().span()));
            match argument {
                Argument::App(Type::Reference(app)) if is_nameable(&app.elem) && !is_unit(&app.elem) => {
                    given(owner, &app.elem, &local, self.app_place)
                }
                Argument::App(_) => quote_spanned!(local.span()=> &**#local),
                Argument::State(Type::Reference(state)) if is_nameable(&state.elem) && !is_unit(&state.elem) => {
                    lent(owner, &state.elem)
                }
                _ => local.into_token_stream(),
            }
        });
        // By path, so that no trait's method of that name is called.
        let receiver = self.takes_self.then(|| quote_spanned!(span=> self,));
        quote_spanned!(span=> #path::#name(#receiver #(#arguments),*))
    }

    /// The local `name`, whose errors stand at the method's return type.
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

/// The app, if the struct names one; else one error at `place`. An app of another type is an error at the argument. For an
/// `&Arc<App>` the shared app is passed.
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

/// The room's state, of the type that the hook names. All has that type's place, so that one error tells of a wrong one.
fn lent(owner: &Type, state: &Type) -> TokenStream {
    let span = beside_locals(state.span());
    quote_spanned! {span=> {
        let __lent: &#state = <#owner as ::channel_runtime::private::HasRoomState<#state>>::lent::<#state>(__state);
        __lent
    }}
}

fn located_at(mut token: TokenTree, place: Span) -> TokenTree {
    token.set_span(token.span().located_at(place));
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::model::Owner;
    use crate::channel::parse::arguments::{self, Expected};
    use crate::syntax::errors::Errors;

    const EXPECTED: Expected = Expected { who: "a handler", usage: "write it so", of: Owner::Connection };

    fn call(tokens: TokenStream) -> (Option<Call>, Vec<String>) {
        let mut errors = Errors::default();
        let call = arguments::parse(&syn::parse2(tokens).unwrap(), EXPECTED, &mut errors);
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
}
