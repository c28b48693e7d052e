//! From an error type: `From` for `Fault`, and its faults as a constant.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::model::{Bound, Case, Declared, Details, ErrorType, Inner, Message, Outcome};
use crate::describe;
use crate::syntax::spans::beside_locals;

pub fn expand(of: &ErrorType) -> TokenStream {
    let arms = of.cases.iter().map(arm);
    let from = from(of, &quote!(match __self { #(#arms)* }));
    let faults = faults(of);
    quote!(#from #faults)
}

/// For the other errors of a crate, not for use: the type has a mistake of its own.
pub fn fallback(of: &ErrorType) -> TokenStream {
    from(
        of,
        &quote!({
            let _ = __self;
            ::core::unreachable!()
        }),
    )
}

/// The argument is `__self`, because the local of a field is its name behind `__`, and no field is named `self`.
fn from(ErrorType { name, generics, .. }: &ErrorType, body: &TokenStream) -> TokenStream {
    let (of_impl, of_type, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #of_impl ::core::convert::From<#name #of_type> for ::channel_runtime::Fault #bounds {
            fn from(__self: #name #of_type) -> Self {
                #body
            }
        }
    }
}

fn arm(Case { path, outcome, .. }: &Case) -> TokenStream {
    match outcome {
        Outcome::Transparent(Inner { member, ty }) => {
            let inner = format_ident!("__inner", span = beside_locals(ty.span()));
            quote!(#path { #member: #inner, .. } => ::channel_runtime::private::transparent(#inner),)
        }
        Outcome::Internal(Inner { member, ty }) => {
            let inner = format_ident!("__inner", span = beside_locals(ty.span()));
            quote!(#path { #member: #inner, .. } => ::channel_runtime::Fault::internal(#inner),)
        }
        Outcome::Fault(declared) => {
            let Declared { code, message, details, bound, .. } = &**declared;
            let bound = bound.iter().map(|Bound { member, local }| quote!(#member: ref #local,));
            let message = match message {
                Message::Display(_) => quote!(::std::string::ToString::to_string(&__self)),
                Message::Format { format, arguments, .. } => {
                    let arguments = arguments.iter().map(|(name, local)| quote!(, #name = #local));
                    quote!(::std::format!(#format #(#arguments)*))
                }
            };
            let details = match details {
                Details::None => TokenStream::new(),
                Details::Fields { fields, .. } => {
                    fields.iter().map(|(key, local)| quote!(.field(#key, #local))).collect()
                }
                Details::Whole { local, .. } => quote!(.whole(#local)),
            };
            quote!(#path { #(#bound)* .. } => ::channel_runtime::private::declared(#code, #message) #details .end(),)
        }
    }
}

fn faults(of: &ErrorType) -> TokenStream {
    let ErrorType { name, generics, cases, .. } = of;
    let (of_impl, of_type, bounds) = generics.split_for_impl();
    let own = cases.iter().filter_map(|case| match &case.outcome {
        Outcome::Fault(declared) => Some(kind(declared)),
        _ => None,
    });
    let inner = cases.iter().filter_map(|case| match &case.outcome {
        Outcome::Transparent(Inner { ty, .. }) => Some((case.name.span(), quote!(__s::FaultsOf::<#ty>::FAULTS))),
        _ => None,
    });
    let (spans, inner): (Vec<_>, Vec<_>) = inner.unzip();
    let within = spans.first().map(|first| quote_spanned!(beside_locals(*first)=> .__within(&[#(#inner),*])));
    // A constant of an impl is evaluated where it is used; two of one code are an error at once.
    let checked = (within.is_some() && generics.params.is_empty())
        .then(|| quote!(const _: () = { let _ = <#name as ::channel_runtime::describe::DescribeFaults>::FAULTS; };));
    let names = describe::names();
    quote! {
        #[automatically_derived]
        impl #of_impl ::channel_runtime::describe::DescribeFaults for #name #of_type #bounds {
            const FAULTS: ::channel_runtime::describe::Faults = {
                #names
                __s::Faults::new(&[#(#own),*]) #within
            };
        }

        #checked
    }
}

fn kind(Declared { code, message, docs, details, .. }: &Declared) -> TokenStream {
    let message = message.written();
    let details = match details {
        Details::None => quote!(__s::Content::Unit),
        Details::Fields { description, .. } | Details::Whole { description, .. } => description.clone(),
    };
    let docs = (!docs.is_empty()).then(|| quote!(.with_docs(#docs)));
    quote!(__s::FaultKind::new(#code, #message, #details) #docs)
}
