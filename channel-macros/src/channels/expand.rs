//! From [`List`] to the expression that makes the `Channels`, and the constants that check it.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use super::lock_file::Section;
use super::model::{List, Lock, VARIABLE};

pub fn list(List { channels, lock, .. }: &List) -> TokenStream {
    let overlaps = overlaps(channels);
    let (checks, accept) = lock.as_ref().map(|lock| lock_checks(lock, channels)).unwrap_or_default();
    let with = with(channels);
    quote!({ #overlaps #checks #accept #with })
}

pub fn with(channels: &[Type]) -> TokenStream {
    // The parentheses have the channel's span, so that the whole call has it, and the compiler's errors stand there.
    channels.iter().fold(quote!(::channel_runtime::Channels::new()), |list, channel| {
        let mut list = Group::new(Delimiter::Parenthesis, list);
        list.set_span(channel.span());
        quote_spanned!(channel.span()=> #list.with::<#channel>())
    })
}

/// Each check is a constant at the later channel, so that all errors show at once.
fn overlaps(channels: &[Type]) -> TokenStream {
    if channels.len() < 2 {
        return TokenStream::new();
    }
    let routes: Vec<_> = channels
        .iter()
        .map(|channel| quote_spanned!(channel.span()=> <#channel as ::channel_runtime::Route>::ROUTE))
        .collect();
    let checks = channels.iter().enumerate().skip(1).map(|(at, second)| {
        quote_spanned! {second.span()=>
            const _: () = ::channel_runtime::private::unambiguous(__ROUTES, #at);
        }
    });
    quote! {
        const __ROUTES: &[(&::core::primitive::str, ::channel_runtime::private::Path)] = &[#(#routes),*];
        #(#checks)*
        // A type that is no channel is the same error here and in the list, and the compiler shows one of two equal ones.
        #(_ = #routes;)*
    }
}

fn lock_checks(Lock { file, command, sections }: &Lock, channels: &[Type]) -> (TokenStream, TokenStream) {
    let path = quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file));
    let shapes =
        channels.iter().map(|channel| quote_spanned!(channel.span()=> <#channel as ::channel_runtime::Channel>::SHAPE));
    // So that cargo compiles again if the file or the variable changes.
    let variable = quote!(
        const _: ::core::option::Option<&::core::primitive::str> = ::core::option_env!(#VARIABLE);
    );
    let shapes = quote! {
        #variable
        const __SHAPES: &[::channel_runtime::private::lock::ChannelShape] = &[#(#shapes),*];
    };
    let Some(sections) = sections else {
        let accept = quote! {
            ::channel_runtime::private::lock::accept(__SHAPES, #path, #file, #command, ::core::cfg!(test));
        };
        return (shapes, accept);
    };
    let sections = sections.iter().map(|section| {
        let (Section { header, lines }, sum) = (section, section.sum());
        // One token, which the compiler reads only if the sum differs.
        let lines: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        quote! {
            ::channel_runtime::private::lock::Section {
                header: #header,
                lines: #lines,
                sum: #sum,
            }
        }
    });
    let checks = channels
        .iter()
        .enumerate()
        .map(|(at, channel)| check(channel.span(), &quote!(channel(&__LOCK, &__SHAPES[#at]))));
    let rest = check(file.span(), &quote!(rest(&__LOCK, __SHAPES, &__TYPES)));
    let checks = quote! {
        #shapes
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
        const __LOCK: ::channel_runtime::private::lock::Lock<'static> = ::channel_runtime::private::lock::Lock {
            file: #file,
            command: #command,
            sections: &[#(#sections),*],
        };
        const __TYPES: ::channel_runtime::private::lock::Types =
            ::channel_runtime::private::lock::Types::of(__SHAPES);
        #(#checks)*
        #rest
    };
    (checks, TokenStream::new())
}

fn check(place: proc_macro2::Span, call: &TokenStream) -> TokenStream {
    quote_spanned! {place=>
        // The evaluation grows with the lines, and ends.
        #[allow(long_running_const_eval)]
        const _: () = match ::channel_runtime::private::lock::#call {
            ::core::option::Option::Some(__text) => ::core::panic!("{}", __text.as_str()),
            ::core::option::Option::None => (),
        };
    }
}
