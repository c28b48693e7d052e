//! A binary message: the arguments `binary`, `kind` and `codec`, their rules, and the methods of its impl.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, ItemStruct, Lit, LitStr, Token, Type};

use super::codec;
use super::model::Binary;
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::names::snake;
use crate::syntax::spans::beside_locals;

#[derive(Default)]
pub struct BinaryArgs {
    binary: Option<Ident>,
    kind: Option<(Ident, Option<u8>)>,
    codec: Option<(Ident, Type)>,
    has_value: bool,
}

impl BinaryArgs {
    pub const NAMES: [&str; 3] = ["binary", "kind", "codec"];

    pub fn argument(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        match name.to_string().as_str() {
            "kind" => {
                let kind = kind(name, input, errors)?;
                args::set(&mut self.kind, name, (name.clone(), kind), errors);
            }
            "codec" => {
                input.parse::<Token![=]>()?;
                args::set(&mut self.codec, name, (name.clone(), codec::parse(input)?), errors);
            }
            _ => {
                let remedy = "write `#[message(binary, kind = 1)]`: the first byte is its `kind`";
                self.has_value |= !args::is_flag(input, "`binary` has no value", remedy, errors)?;
                args::set(&mut self.binary, name, name.clone(), errors);
            }
        }
        Ok(())
    }

    /// `None` if this is no binary message, or not a whole one.
    pub fn check(self, item: &ItemStruct, wire_type: Option<&LitStr>, errors: &mut Errors) -> Option<Binary> {
        let Self { binary, kind, codec, has_value } = self;
        let Some(binary) = binary else {
            if let Some((name, _)) = &kind {
                let remedy = "write `#[message(binary, kind = 1)]`, or take `kind` away";
                errors.at(name, "`kind` is the first byte of a binary message", remedy);
            }
            if let Some((name, _)) = &codec {
                let remedy = "write `#[message(binary, kind = 1, codec = ..)]`, or take `codec` away";
                errors.at(name, "`codec` reads and writes a binary message", remedy);
            }
            return None;
        };
        if let Some(wire_type) = wire_type {
            let what = "a binary message has no type: its first byte, its kind, says which message it is";
            errors.at(wire_type, what, "take `type = \"..\"` away, or take `binary` away");
        }
        let Some((_, kind)) = kind else {
            if has_value {
                return None;
            }
            errors.at(
                &binary,
                format_args!("the binary message `{}` has no kind", item.ident),
                "write `#[message(binary, kind = 1)]`: its first byte, which no other binary message of a channel has",
            );
            return None;
        };
        let name = snake(&item.ident.unraw().to_string());
        kind.map(|kind| Binary {
            wire_type: LitStr::new(&format!("(binary {kind}) {name}"), proc_macro2::Span::call_site()),
            kind,
            codec: codec.map(|(_, codec)| codec),
        })
    }

    pub fn is_binary(&self) -> bool {
        self.binary.is_some()
    }

    /// Also if `binary` itself is missing, which `check` reports.
    pub fn is_meant(&self) -> bool {
        self.binary.is_some() || self.kind.is_some() || self.codec.is_some()
    }

    pub fn has_codec(&self) -> bool {
        self.codec.is_some()
    }
}

/// A number, or a byte such as `b'p'`. `None` after an error.
fn kind(name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Option<u8>> {
    let what = "the kind of a binary message is its first byte, from 0 to 255";
    let remedy = "write a number, `kind = 1`, or a byte, `kind = b'p'`";
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(name.span(), format!("{what}\nwrite `kind = 1`")));
    }
    input.parse::<Token![=]>()?;
    if input.peek(Lit) || input.peek(Token![-]) && input.peek2(Lit) {
        // What follows it must be a comma.
        let literal = input.parse::<Lit>()?;
        let kind = match &literal {
            Lit::Int(number) if matches!(number.suffix(), "" | "u8") => number.base10_parse().ok(),
            Lit::Byte(byte) if byte.suffix().is_empty() => Some(byte.value()),
            _ => None,
        };
        if kind.is_none() {
            errors.at(literal, what, remedy);
        }
        return Ok(kind);
    }
    let said: TokenStream = input.fork().parse()?;
    let said: TokenStream = said.into_iter().take_while(|token| token.to_string() != ",").collect();
    errors.at(said, what, remedy);
    args::skip(input)?;
    Ok(None)
}

/// Serde's attributes in a message that no serde format reads or writes.
pub fn refuse_serde_attributes(item: &ItemStruct, errors: &mut Errors) {
    let fields = item.fields.iter().flat_map(|field| &field.attrs);
    let is_serde = |attr: &&Attribute| attr.path().is_ident("serde");
    for attr in item.attrs.iter().chain(fields).filter(is_serde) {
        errors.at(
            attr,
            "serde does not read this message: its own `from_bytes` does",
            "take the attribute away, or name a codec: `#[message(binary, kind = .., codec = Postcard)]`",
        );
    }
}

impl Binary {
    /// The constants and methods that make it a binary message.
    pub fn methods(&self, name: &Ident) -> TokenStream {
        let private = quote!(::channel_runtime::private);
        let (read, write) = match &self.codec {
            Some(codec) => {
                // The same both times, so that a type that is no codec is one error.
                let by_codec = quote_spanned!(codec.span()=> ::channel_runtime::private::by_codec::<#codec, _>);
                (quote!((#by_codec().read)(&__data)), quote!((#by_codec().write)(self, __out)))
            }
            None => {
                // An error about what is missing, or has another form, stands at the struct's name.
                let span = beside_locals(name.span());
                let read = quote_spanned!(span=> ::channel_runtime::private::from_bytes::<Self, _, _, _>(Self::from_bytes, __data));
                let write = quote_spanned!(span=> ::channel_runtime::private::to_bytes::<Self, _, _, _>(Self::to_bytes, self, __out));
                let found = |name| quote!(#[allow(unused_imports)] use ::channel_runtime::private::#name as _;);
                let (read_here, written_here) = (found(quote!(NoFromBytes)), found(quote!(NoToBytes)));
                (quote!(#read_here #read), quote!(#written_here #write))
            }
        };
        let kind = self.kind;
        quote! {
            const KIND: ::core::option::Option<::core::primitive::u8> = ::core::option::Option::Some(#kind);

            fn from_fields<'__de, __D: #private::serde::Deserializer<'__de>>(
                __fields: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #private::from_byte_fields(__fields)
            }

            fn to_fields<__S: #private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #private::to_byte_fields(self, __serializer)
            }

            fn from_binary(
                __data: ::channel_runtime::private::Bytes,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                #read
            }

            fn to_binary(
                &self,
                __out: &mut ::std::vec::Vec<::core::primitive::u8>,
            ) -> ::core::result::Result<(), ::std::string::String> {
                #write
            }
        }
    }
}

/// Serde's traits for a message without a codec: every message has them. As a part of another one it is its bytes.
pub fn serde_as_bytes(name: &Ident) -> TokenStream {
    let private = quote!(::channel_runtime::private);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::serde::Serialize for #name {
            fn serialize<__S: #private::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #private::to_byte_fields(self, __serializer)
            }
        }

        #[automatically_derived]
        #[allow(deprecated)]
        impl<'__de> #private::serde::Deserialize<'__de> for #name {
            fn deserialize<__D: #private::serde::Deserializer<'__de>>(
                __deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #private::from_byte_fields(__deserializer)
            }
        }
    }
}
