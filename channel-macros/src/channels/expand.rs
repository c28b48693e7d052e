//! From [`List`] to the expression that makes the `Channels`, and the constants that check it.

use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use super::lock_file::Section;
use super::model::{Asked, Files, Generated, List, Lock, VARIABLE};

pub fn list(list: &List) -> TokenStream {
    let List { channels, files, .. } = list;
    let (overlaps, clustered) = (overlaps(channels), clustered(list));
    let Some(files) = files else {
        let list = finished(list, None);
        return quote!({ #overlaps #clustered #list });
    };
    let (checks, settle) = (checks(files, channels), settle(files));
    let list = finished(list, older(files));
    quote!({ #overlaps #clustered #checks #settle #list })
}

/// The list itself. `older` is called on it.
pub fn finished(List { channels, cluster, .. }: &List, older: Option<TokenStream>) -> TokenStream {
    let with = if cluster.is_some() { "with_clustered" } else { "with" };
    // The parentheses have the channel's span, so that the whole call has it, and the compiler's errors stand there.
    let list = channels.iter().fold(quote!(::channel_runtime::Channels::new()), |list, channel| {
        let mut list = Group::new(Delimiter::Parenthesis, list);
        list.set_span(channel.span());
        let with = Ident::new(with, channel.span());
        quote_spanned!(channel.span()=> #list.#with::<#channel>())
    });
    let cluster = cluster.as_ref().map(|_| quote!(.cluster()));
    quote!(#list #older #cluster)
}

/// What the channels of a cluster have to say. Each check is a constant, so that all errors show at once.
fn clustered(List { channels, cluster, .. }: &List) -> Option<TokenStream> {
    let cluster = cluster.as_ref()?;
    let has_cluster = quote_spanned! {cluster.span()=>
        const _: () = ::channel_runtime::private::has_cluster();
    };
    let checks = channels.iter().map(|channel| {
        let checks = [quote!(ROOMS), quote!(NOTICES)]
            .map(|about| panicking(channel.span(), &quote!(::channel_runtime::private::Clustered::<#channel>::#about)));
        quote!(#(#checks)*)
    });
    Some(quote! {
        #has_cluster
        const _: () = {
            #[allow(unused_imports)]
            use ::channel_runtime::private::NoChannel as _;
            #(#checks)*
        };
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

fn path(file: &str) -> TokenStream {
    quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file))
}

/// What the compiler holds against the channels.
fn checks(Files { asked, command, lock, generated }: &Files, channels: &[Type]) -> TokenStream {
    let shapes =
        channels.iter().map(|channel| quote_spanned!(channel.span()=> <#channel as ::channel_runtime::Channel>::SHAPE));
    // So that cargo compiles again if a file or the variable changes.
    let variable = quote!(
        const _: ::core::option::Option<&::core::primitive::str> = ::core::option_env!(#VARIABLE);
    );
    let shapes = quote! {
        #variable
        const __SHAPES: &[::channel_runtime::private::lock::ChannelShape] = &[#(#shapes),*];
    };
    let needs = (*asked != Asked::Nothing).then(|| generated.first()).flatten().map(|first| {
        let command = if *asked == Asked::Check { command.replace("accept", "check") } else { command.clone() };
        let call = quote!(needs_generator(::channel_runtime::private::lock::GENERATOR, #command));
        check(first.literal.span(), &call)
    });
    if *asked == Asked::Accept {
        return quote!(#shapes #needs);
    }
    let lock = lock.as_ref().map(|lock| lock_checks(lock, command, channels));
    let generated = generated_checks(generated, command);
    quote!(#shapes #needs #lock #generated)
}

fn lock_checks(Lock { file, sections }: &Lock, command: &str, channels: &[Type]) -> TokenStream {
    let path = path(&file.value());
    let sections = sections.iter().map(|section| {
        let (Section { header, lines, .. }, sum) = (section, section.sum());
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
    quote! {
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
    }
}

fn generated_checks(generated: &[Generated], command: &str) -> TokenStream {
    if generated.is_empty() {
        return TokenStream::new();
    }
    let checks = generated.iter().enumerate().filter_map(|(at, Generated { literal, name, wire, .. })| {
        let (path, wire) = (path(name), (*wire)?);
        // Usually all files of one literal are of one wire, and one error says it.
        let is_said = |before: &Generated| before.literal.value() == literal.value() && before.wire == Some(wire);
        let check = (!generated[..at].iter().any(is_said))
            .then(|| check(literal.span(), &quote!(made_of(__SHAPES, __WIRE, #wire, #name, #command))));
        Some(quote! {
            const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
            #check
        })
    });
    quote! {
        #[allow(long_running_const_eval)]
        const __WIRE: ::core::primitive::u64 = ::channel_runtime::private::lock::sum(__SHAPES);
        #(#checks)*
    }
}

/// The call that writes or compares the files in the program.
fn settle(Files { asked, command, lock, generated }: &Files) -> TokenStream {
    if *asked == Asked::Nothing {
        return TokenStream::new();
    }
    let lock = match lock {
        Some(Lock { file, .. }) => quote!(::core::option::Option::Some(#file)),
        None => quote!(::core::option::Option::None),
    };
    let generated = generated.iter().map(|Generated { literal, name, kind, bigint, .. }| {
        let (kind, client) = (format_ident!("{}", kind.name()), literal.value());
        let client = file_name(&client);
        quote! {
            ::channel_runtime::private::lock::Generated {
                file: #name,
                kind: ::channel_runtime::private::lock::Kind::#kind,
                client: #client,
                bigint: #bigint,
            }
        }
    });
    quote! {
        ::channel_runtime::private::lock::settle(&::channel_runtime::private::lock::Files {
            channels: __SHAPES,
            root: ::core::env!("CARGO_MANIFEST_DIR"),
            lock: #lock,
            generated: &[#(#generated),*],
            generator: ::channel_runtime::private::lock::GENERATOR,
            command: #command,
            in_test: ::core::cfg!(test),
        });
    }
}

/// By this the client's other files import it.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What the server knows of the wires that the channels had. Nothing if the lock has none.
fn older(Files { lock, .. }: &Files) -> Option<TokenStream> {
    let sections = lock.iter().flat_map(|lock| &lock.sections);
    let mut older = sections.filter(|section| !section.compatible.is_empty() || !section.broken.is_empty()).peekable();
    older.peek()?;
    let older = older.map(|Section { header, compatible, broken, .. }| {
        let path = header.strip_prefix("channel ").unwrap_or(header);
        quote! {
            ::channel_runtime::private::lock::Older {
                path: #path,
                compatible: &[#(#compatible),*],
                broken: &[#(#broken),*],
            }
        }
    });
    Some(quote!(.older(&[#(#older),*])))
}

fn check(place: proc_macro2::Span, call: &TokenStream) -> TokenStream {
    let panicking = panicking(place, &quote!(::channel_runtime::private::lock::#call));
    quote! {
        // The evaluation grows with the lines, and ends.
        #[allow(long_running_const_eval)]
        #panicking
    }
}

/// Fails with the text, if there is one.
fn panicking(place: proc_macro2::Span, text: &TokenStream) -> TokenStream {
    quote_spanned! {place=>
        const _: () = match #text {
            ::core::option::Option::Some(__text) => ::core::panic!("{}", __text.as_str()),
            ::core::option::Option::None => (),
        };
    }
}
