//! The value of `codec = ..`: a type of the user's.

use syn::parse::ParseStream;
use syn::{LitStr, Type};

use crate::syntax::args;
use crate::syntax::types::{last_ident, text};

const REMEDY: &str = "write a type of yours in front of a serde format, `codec = Postcard`, with `impl BinaryCodec for Postcard`: ten \
                      lines, which the documentation of `BinaryCodec` has";

/// Crates of serde formats. Their names are no types, which the compiler would say without a word about codecs.
const CRATES: [&str; 10] = [
    "postcard",
    "rmp_serde",
    "bincode",
    "ciborium",
    "serde_cbor",
    "minicbor_serde",
    "bitcode",
    "bson",
    "serde_json",
    "flexbuffers",
];

pub fn parse(input: ParseStream) -> syn::Result<Type> {
    if input.peek(LitStr) {
        return Err(input.error(format!("a codec is a type, and not a string\n{REMEDY}")));
    }
    let ty = args::ty(input).map_err(|error| syn::Error::new(error.span(), format!("expected a type\n{REMEDY}")))?;
    let is_crate = |ty: &Type| CRATES.contains(&text(ty).as_str());
    match last_ident(&ty) {
        Some(name) if is_crate(&ty) => {
            Err(syn::Error::new(name.span(), format!("`{name}` is a crate, and no codec\n{REMEDY}")))
        }
        _ => Ok(ty),
    }
}
