//! The spans of generated tokens: where the compiler shows an error, and where it looks names up.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::Type;

/// For tokens beside a local or `self`: errors are shown at the user's token, names are found where the macro is called.
///
/// A user's own span on them would break inside `macro_rules!`, where locals and `self` have hygiene.
pub fn beside_locals(user: Span) -> Span {
    Span::call_site().located_at(user)
}

/// Where a type's last token stands; what begins at its first and ends there is all of it, which no span of the macro's own can be.
pub fn end(ty: &Type) -> Span {
    ty.to_token_stream().into_iter().last().map_or_else(Span::call_site, |token| token.span())
}
