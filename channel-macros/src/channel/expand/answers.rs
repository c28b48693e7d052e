//! The answer of a handler. Each part of the return type is sent by itself, so that an error stands at the wrong part.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use crate::channel::model::Call;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{is_data, last_segment, type_arguments};

pub fn replied(call: &Call) -> TokenStream {
    let (tokens, sent) = (call.tokens("__message"), sent(call, "reply_data"));
    quote! {
        let __reply = #tokens;
        #sent
    }
}

pub fn handling(call: &Call, unawaited: TokenStream) -> TokenStream {
    handled(call, unawaited, "reply_data")
}

/// For `on_text`, where other advice is given for data.
pub fn text_handling(call: &Call, unawaited: TokenStream) -> TokenStream {
    handled(call, unawaited, "reply_text")
}

fn handled(call: &Call, unawaited: TokenStream, of_data: &str) -> TokenStream {
    let reply = sent(call, of_data);
    if !call.is_async {
        return quote!({ let __reply = #unawaited; ::channel_runtime::private::Handling::Done(#reply) });
    }
    // A future that is not `Send` is reported at the handler.
    let span = beside_locals(call.name.span());
    let later = quote_spanned!(span=> ::channel_runtime::private::Handling::later);
    quote!(#later(#unawaited, |__reply| #reply))
}

/// Sends the local `__reply`, which the call returned. `of_data` names the function for types of the standard library.
fn sent(call: &Call, of_data: &str) -> TokenStream {
    match &call.returns {
        Some(ty) => sent_as(ty, of_data),
        None => whole(&call.name),
    }
}

fn sent_as(ty: &Type, of_data: &str) -> TokenStream {
    let segment = last_segment(ty);
    let arguments = segment.map(type_arguments).unwrap_or_default();
    match (segment.map(|segment| segment.ident.to_string()).as_deref(), &*arguments) {
        // With one argument it is an alias such as `io::Result<T>`.
        (Some("Result"), [answer] | [answer, _]) => {
            let error = local("__error", arguments.get(1).copied().unwrap_or(ty));
            let answered = sent_as(answer, of_data);
            quote! {
                match __reply {
                    ::core::result::Result::Ok(__reply) => { #answered }
                    ::core::result::Result::Err(__error) => ::channel_runtime::private::fail(__socket, #error),
                }
            }
        }
        (Some("Option"), [answer]) => {
            let answered = sent_as(answer, of_data);
            quote! {
                match __reply {
                    ::core::option::Option::Some(__reply) => { #answered }
                    ::core::option::Option::None => ::channel_runtime::private::reply(__socket, ()),
                }
            }
        }
        (Some("Deferred"), [answer]) => {
            let reply = local("__reply", answer);
            quote!(::channel_runtime::private::reply_deferred(__socket, #reply))
        }
        (Some("Bytes" | "Text"), []) => {
            let reply = local("__reply", ty);
            quote!(::channel_runtime::private::reply_raw(__socket, #reply))
        }
        _ if is_data(ty) => {
            let (reply, send) = (local("__reply", ty), Ident::new(of_data, Span::call_site()));
            quote!(::channel_runtime::private::#send(__socket, #reply))
        }
        _ => whole(ty),
    }
}

fn whole(at: &impl ToTokens) -> TokenStream {
    let reply = local("__reply", at);
    quote!(::channel_runtime::private::reply(__socket, #reply))
}

fn local(name: &str, at: &impl ToTokens) -> Ident {
    format_ident!("{name}", span = beside_locals(at.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_text(ty: TokenStream) -> String {
        let text = sent_as(&syn::parse2(ty).unwrap(), "reply_data").to_string();
        text.replace(' ', "").replace("::channel_runtime::private::", "").replace("::core::", "")
    }

    #[test]
    fn each_part_is_sent_for_itself() {
        let reply = "reply(__socket,__reply)";
        assert_eq!(sent_text(quote!(Moved)), reply);
        assert_eq!(sent_text(quote!(Success<Moved>)), reply);
        assert_eq!(sent_text(quote!(Deferred<Moved>)), "reply_deferred(__socket,__reply)");
        let option = format!(
            "match__reply{{option::Option::Some(__reply)=>{{{reply}}}option::Option::None=>reply(__socket,()),}}"
        );
        assert_eq!(sent_text(quote!(std::option::Option<Moved>)), option);
        let result = format!(
            "match__reply{{result::Result::Ok(__reply)=>{{{option}}}result::Result::Err(__error)=>fail(__socket,__error),}}"
        );
        assert_eq!(sent_text(quote!(Result<Option<Moved>, Fault>)), result);
        assert_eq!(sent_text(quote!(io::Result<Option<Moved>>)), result);
    }

    #[test]
    fn an_alias_is_sent_as_it_is() {
        for alias in [quote!(Result), quote!(GameResult), quote!(GameResult<Moved, Fault>), quote!(Option)] {
            assert_eq!(sent_text(alias), "reply(__socket,__reply)");
        }
    }
}
