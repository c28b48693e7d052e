//! The spans of generated tokens: where the compiler shows an error, and where it looks names up.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::Type;

/// The span for tokens next to a local or `self`: errors are shown at the user's token, and names are resolved at the call site. A
/// span of the user's own would not find them inside `macro_rules!`, which has hygiene for locals and `self`.
pub fn beside_locals(user: Span) -> Span {
    Span::call_site().located_at(user)
}

/// The span of a type's last token: together with that of the first it covers the whole type.
pub fn end(ty: &Type) -> Span {
    ty.to_token_stream().into_iter().last().map_or_else(Span::call_site, |token| token.span())
}
