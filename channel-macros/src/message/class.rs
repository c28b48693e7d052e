//! The class of a message to clients: `volatile`, or `latest(key = symbol, every = "100ms")`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Ident, ItemStruct, parenthesized, token};

use super::model::{Class, Key, Latest};
use super::object_check;
use crate::syntax::args;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::names::{closest, one_of};
use crate::syntax::spans::beside_locals;

/// The words, as they were read.
#[derive(Default)]
pub struct ClassArgs {
    volatile: Option<Ident>,
    latest: Option<(Ident, LatestArgs)>,
}

#[derive(Clone, Default)]
struct LatestArgs {
    key: Option<Ident>,
    every: Option<u64>,
}

impl ClassArgs {
    pub const NAMES: [&'static str; 2] = ["volatile", "latest"];

    pub fn argument(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        let is_latest = name == "latest";
        if (is_latest && self.volatile.is_some()) || (!is_latest && self.latest.is_some()) {
            let remedy =
                "take one away: a volatile one may be missing for good, and of a latest one the newest is sent";
            errors.at(name, "a message is either `volatile` or `latest`", remedy);
        }
        if is_latest {
            let read = latest(name, input, errors);
            args::set(&mut self.latest, name, (name.clone(), read.as_ref().cloned().unwrap_or_default()), errors);
            return read.map(drop);
        }
        if input.peek(token::Paren) {
            let what = "`volatile` has no arguments: such a message replaces none";
            args::skip(input)?;
            errors.at(name, what, "write `volatile`, or `latest(..)` for the newest value of each key");
        } else {
            args::is_flag(input, "`volatile` is a word by itself", "write `volatile`", errors)?;
        }
        args::set(&mut self.volatile, name, name.clone(), errors);
        Ok(())
    }

    pub fn check(self, item: &ItemStruct, errors: &mut Errors) -> Option<Class> {
        let Some((_, LatestArgs { key, every })) = self.latest else {
            return self.volatile.map(|_| Class::Volatile);
        };
        let key = key.and_then(|field| check_key(field, item, errors));
        let every = u32::try_from(every.unwrap_or(0)).expect("a duration is at most a day");
        Some(Class::Latest(Latest { key, every }))
    }
}

fn latest(word: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<LatestArgs> {
    let mut all = LatestArgs::default();
    if !input.peek(token::Paren) {
        let remedy = "write `latest`, or `latest(key = symbol, every = \"100ms\")`";
        args::is_flag(input, "`latest` has its arguments in parentheses", remedy, errors)?;
        return Ok(all);
    }
    let content;
    parenthesized!(content in input);
    args::each(content.parse()?, errors, |input, errors| {
        let name = args::name(input)?;
        match name.to_string().as_str() {
            "key" => {
                let what = "`key` is the name of a field\nwrite `key = symbol`";
                input.parse::<syn::Token![=]>().map_err(|_| syn::Error::new(name.span(), what))?;
                let span = input.span();
                let field = args::name(input).map_err(|_| syn::Error::new(span, what))?;
                args::set(&mut all.key, &name, field, errors);
            }
            "every" => {
                let time = durations::value(&name, "the least time between two values of a key", "100ms", input)?;
                args::set(&mut all.every, &name, time, errors);
            }
            _ => return Err(args::unknown(&name, &word.to_string(), &["key", "every"])),
        }
        Ok(())
    });
    Ok(all)
}

fn check_key(field: Ident, item: &ItemStruct, errors: &mut Errors) -> Option<Key> {
    let names: Vec<String> = item.fields.iter().filter_map(|it| Some(it.ident.as_ref()?.unraw().to_string())).collect();
    let found = item.fields.iter().find(|it| it.ident.as_ref().is_some_and(|ident| ident.unraw() == field.unraw()));
    let Some(found) = found else {
        let written = field.unraw().to_string();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let remedy = match closest(&written, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => "write `latest` without a key".to_owned(),
            None => format!("expected {}", one_of(&names)),
        };
        errors.at(&field, format_args!("`{}` has no field `{written}`", item.ident.unraw()), remedy);
        return None;
    };
    let name = object_check::written_key(item, found);
    Some(Key { field, name })
}

impl Class {
    /// Of its shape.
    pub fn shape(&self) -> TokenStream {
        match self {
            Self::Volatile => quote!(.volatile()),
            Self::Latest(latest) => {
                let (key, every) = (latest.key_name(), latest.every);
                quote!(.latest(#key, #every))
            }
        }
    }

    /// Of its impl of `Message`.
    pub fn items(&self) -> TokenStream {
        let delivery = match self {
            Self::Volatile => quote!(::channel_runtime::Delivery::Volatile),
            Self::Latest(latest) => {
                let (key, every) = (latest.key_name(), latest.every);
                quote!(::channel_runtime::Delivery::latest(#key, #every))
            }
        };
        let key = match self {
            Self::Latest(Latest { key: Some(Key { field, .. }), .. }) => {
                // The error for a type that does not write itself stands at the word.
                let span = beside_locals(field.span());
                let key = quote_spanned!(span=> ::channel_runtime::private::NewestKey::newest_key(&self.#field));
                Some(quote! {
                    fn newest_key(&self) -> ::std::sync::Arc<::core::primitive::str> {
                        #key
                    }
                })
            }
            _ => None,
        };
        quote! {
            const DELIVERY: ::channel_runtime::Delivery = #delivery;
            #key
        }
    }
}

impl Latest {
    fn key_name(&self) -> TokenStream {
        match &self.key {
            Some(Key { name, .. }) => quote!(::core::option::Option::Some(#name)),
            None => quote!(::core::option::Option::None),
        }
    }
}
