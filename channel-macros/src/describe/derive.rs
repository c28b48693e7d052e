//! `#[derive(Describe)]` on a struct or an enum.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Data, DataEnum, DeriveInput, Fields, GenericParam, Variant};

use super::attributes;
use super::content::{
    Container, Names, cfgs, deprecated_call, docs_call, has, name, stands_for, stands_for_option, struct_tag, travels,
};
use super::prelude::names;
use super::types::{Context, Own};
use crate::syntax::deprecated;
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::serde_attributes::{Direction, Rules, SerdeArgument, serde_arguments, value};

pub fn expand_derive(item: TokenStream) -> TokenStream {
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let (runtime, opaque) = attributes::of_type(&item.attrs, &mut errors);
    let ty = if opaque { named_alone(&item) } else { described(&item, &mut errors) };
    match errors.into_tokens() {
        None => runtime.place(implementation(&item, &ty)),
        Some(errors) => {
            let fallback = runtime.place(implementation(&item, &quote!(__s::Type::Json)));
            quote!(#errors #fallback)
        }
    }
}

fn implementation(item: &DeriveInput, ty: &TokenStream) -> TokenStream {
    let name = &item.ident;
    let mut generics = item.generics.clone();
    for param in &mut generics.params {
        if let GenericParam::Type(param) = param {
            param.bounds.push(syn::parse_quote!(::channel_runtime::describe::Describe));
        }
    }
    let (of_impl, of_type, bounds) = generics.split_for_impl();
    let names = names();
    let allow = deprecated::note(&item.attrs).map(|_| quote!(#[allow(deprecated)]));
    quote_spanned! {name.span()=>
        #[automatically_derived]
        #allow
        impl #of_impl ::channel_runtime::describe::Describe for #name #of_type #bounds {
            const TYPE: ::channel_runtime::describe::Type = {
                #names
                #ty
            };
        }
    }
}

fn named_alone(item: &DeriveInput) -> TokenStream {
    let name = name(&item.ident, &serde_arguments(&item.attrs));
    quote!(__s::Type::Opaque(#name))
}

fn described(item: &DeriveInput, errors: &mut Errors) -> TokenStream {
    let arguments = serde_arguments(&item.attrs);
    let name = name(&item.ident, &arguments);
    let context = Context { own: Some(Own { ident: &item.ident, name: &name }), recursive: false, opaque: false };
    let kind = match stands_for(&arguments, context) {
        // Serde reads it as `None` from a missing key, which it does not for a struct.
        Some(other) if stands_for_option(&arguments) => return other,
        Some(other) => quote!(__s::Kind::Struct(__s::Content::As(#other))),
        None => match own_kind(item, &arguments, Container::new(&arguments, context), errors) {
            Some(kind) => kind,
            None => return quote!(__s::Type::Json),
        },
    };
    let docs = docs(&item.attrs);
    let parameters = item.generics.type_params().map(|param| {
        let ident = &param.ident;
        quote!(<#ident as ::channel_runtime::describe::Describe>::TYPE)
    });
    let deprecated = deprecated_call(&item.attrs);
    quote! {
        __s::Type::Named(&__s::defined(
            #name,
            ::core::module_path!(),
            &[#(#parameters),*],
            #docs,
            #kind
        ) #deprecated)
    }
}

/// `None` after an error.
fn own_kind(
    item: &DeriveInput,
    arguments: &[SerdeArgument],
    container: Container,
    errors: &mut Errors,
) -> Option<TokenStream> {
    match &item.data {
        Data::Struct(data) => {
            let content = container.content(&data.fields, struct_tag(&item.ident, arguments), errors);
            Some(quote!(__s::Kind::Struct(#content)))
        }
        Data::Enum(data) => Some(enumeration(data, arguments, container, errors)),
        Data::Union(_) => {
            errors.at(&item.ident, "a union has no form on the wire", "describe a struct or an enum");
            None
        }
    }
}

fn enumeration(data: &DataEnum, arguments: &[SerdeArgument], container: Container, errors: &mut Errors) -> TokenStream {
    let tagging = match (value(arguments, "tag"), value(arguments, "content")) {
        (Some(tag), Some(content)) => quote!(__s::Tagging::Adjacent { tag: #tag, content: #content }),
        (Some(tag), None) => quote!(__s::Tagging::Internal(#tag)),
        _ if has(arguments, "untagged") => quote!(__s::Tagging::Untagged),
        _ => quote!(__s::Tagging::External),
    };
    // The enum's `rename_all` is for its variants; their fields have `rename_all_fields`.
    let of_fields = Container { rules: Rules::of("rename_all_fields", arguments), has_default: false, ..container };
    let variants = data.variants.iter().filter_map(|item| variant(item, container.rules, of_fields, errors));
    quote!(__s::Kind::Enum { tagging: #tagging, variants: &[#(#variants),*] })
}

fn variant(item: &Variant, rules: Rules, of_fields: Container, errors: &mut Errors) -> Option<TokenStream> {
    let arguments = serde_arguments(&item.attrs);
    if has(&arguments, "skip") {
        return None;
    }
    let name = item.ident.unraw().to_string();
    let names = Names::of(
        &arguments,
        |rules, direction| match direction {
            Direction::Serialize => rules.serialize.of_variant(&name),
            _ => rules.deserialize.of_variant(&name),
        },
        rules,
    );
    let own = if has(&arguments, "rename_all") { Rules::of("rename_all", &arguments) } else { of_fields.rules };
    let content = match &item.fields {
        // Serde writes and reads it as a variant without content.
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 && !fields.unnamed.iter().any(travels) => {
            quote!(__s::Content::Unit)
        }
        fields => Container { rules: own, ..of_fields }.content(fields, None, errors),
    };
    let untagged = has(&arguments, "untagged").then(|| quote!(.__untagged()));
    let other = has(&arguments, "other").then(|| quote!(.__other()));
    let (cfgs, docs) = (cfgs(&item.attrs), docs_call(&item.attrs));
    let (main, others) = (names.main(), names.others(&quote!(__names)));
    Some(quote!(#(#cfgs)* __s::Variant::new(#main, #content) #others #untagged #other #docs))
}
