//! How what a handler returned goes to its client: each part that the return type shows is sent for itself, so that an error
//! names the part that is wrong, and stands at it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use super::arguments::Call;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{last_segment, ungroup};

/// The call, and what it returned sent to the client.
pub fn replied(call: &Call) -> TokenStream {
    let (tokens, sent) = (call.tokens("__message"), sent(call));
    quote! {
        let __reply = #tokens;
        #sent
    }
}

/// The local `__reply`, which the call returned, sent.
pub fn sent(call: &Call) -> TokenStream {
    match &call.returns {
        Some(ty) => sent_as(ty),
        None => whole(&call.name),
    }
}

/// The same for what is of this type.
fn sent_as(ty: &Type) -> TokenStream {
    let segment = last_segment(ty);
    let arguments = segment.map(type_arguments).unwrap_or_default();
    match (segment.map(|segment| segment.ident.to_string()).as_deref(), &*arguments) {
        // With one argument it is an alias such as `io::Result<T>`, whose error stands elsewhere.
        (Some("Result"), [answer] | [answer, _]) => {
            let error = local("__error", arguments.get(1).copied().unwrap_or(ty));
            let answered = sent_as(answer);
            quote! {
                match __reply {
                    ::core::result::Result::Ok(__reply) => { #answered }
                    ::core::result::Result::Err(__error) => ::channel_runtime::private::fail(__socket, #error),
                }
            }
        }
        (Some("Option"), [answer]) => {
            let answered = sent_as(answer);
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
        _ if is_data(ty) => {
            let reply = local("__reply", ty);
            quote!(::channel_runtime::private::reply_data(__socket, #reply))
        }
        _ => whole(ty),
    }
}

/// Whether it is written as a type of the standard library's, which can be no message: its error says how data is answered.
pub fn is_data(ty: &Type) -> bool {
    const DATA: [&str; 30] = [
        "String", "str", "char", "bool", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f32", "f64", "Vec", "VecDeque", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Box", "Arc", "Rc",
        "Cow", "Duration", "Value",
    ];
    match ungroup(ty) {
        Type::Tuple(tuple) => !tuple.elems.is_empty(),
        Type::Array(_) | Type::Reference(_) => true,
        ty => last_segment(ty).is_some_and(|segment| DATA.iter().any(|name| segment.ident == name)),
    }
}

/// All of it at once.
fn whole(at: &impl ToTokens) -> TokenStream {
    let reply = local("__reply", at);
    quote!(::channel_runtime::private::reply(__socket, #reply))
}

/// A local, standing where an error about it should.
fn local(name: &str, at: &impl ToTokens) -> Ident {
    format_ident!("{name}", span = beside_locals(at.span()))
}

fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_text(ty: TokenStream) -> String {
        let text = sent_as(&syn::parse2(ty).unwrap()).to_string();
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
