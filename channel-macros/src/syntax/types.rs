//! A user's type, as far as its tokens show it: its last name, its first argument, its text.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{GenericArgument, Lifetime, PathArguments, PathSegment, Type};

/// The type without parentheses, and without the invisible group around a `$t:ty` of `macro_rules!`.
pub fn ungroup(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

pub fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ungroup(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

pub fn last_ident(ty: &Type) -> Option<&Ident> {
    last_segment(ty).map(|segment| &segment.ident)
}

pub fn first_type(segment: &PathSegment) -> Option<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

pub fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

pub fn arc(ty: &Type) -> Option<&Type> {
    last_segment(ty).filter(|segment| segment.ident == "Arc").and_then(first_type)
}

/// A message borrows nothing. If its struct has lifetimes, that is one error, and no second one at a `Name<'_>`.
pub fn for_static(ty: &Type) -> Type {
    let mut ty = ty.clone();
    if let Type::Path(path) = &mut ty
        && let Some(PathSegment { arguments: PathArguments::AngleBracketed(arguments), .. }) =
            path.path.segments.last_mut()
    {
        for argument in &mut arguments.args {
            if let GenericArgument::Lifetime(lifetime) = argument {
                *lifetime = Lifetime::new("'static", lifetime.span());
            }
        }
    }
    ty
}

pub fn is_named(ty: &Type, name: &str) -> bool {
    last_ident(ty).is_some_and(|ident| ident == name)
}

/// By its name. An `Option` of one is one too.
pub fn is_extractor(ty: &Type) -> bool {
    let Some(segment) = last_segment(ty) else { return false };
    match first_type(segment) {
        Some(inner) if segment.ident == "Option" => is_extractor(inner),
        Some(_) => segment.ident == "Auth" || segment.ident == "Jwt",
        None => segment.ident == "Handshake",
    }
}

/// It means the same in another body: it has no lifetime and is no `impl Trait`.
pub fn is_nameable(ty: &Type) -> bool {
    fn has(tokens: TokenStream, is_it: &impl Fn(&TokenTree) -> bool) -> bool {
        tokens.into_iter().any(|token| match &token {
            TokenTree::Group(group) => has(group.stream(), is_it),
            token => is_it(token),
        })
    }
    !has(ty.to_token_stream(), &|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        _ => false,
    })
}

pub fn is_unit(ty: &Type) -> bool {
    matches!(ungroup(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

pub fn text(ty: &Type) -> String {
    let mut text = quote::quote!(#ty).to_string();
    for (spaced, tight) in
        [(" :: ", "::"), (":: ", "::"), (" < ", "<"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ",")]
    {
        text = text.replace(spaced, tight);
    }
    text.replace("& ", "&")
}

pub fn is_string(ty: &Type) -> bool {
    matches!(text(ungroup(ty)).trim_start_matches("::"), "String" | "std::string::String" | "alloc::string::String")
}

/// A type of the standard library, by its name: those can't be messages, and are answered in a `Success`.
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

/// `Deferred<T>`, also in an `Option` or a `Result`.
pub fn is_deferred(ty: &Type) -> bool {
    let Some(segment) = last_segment(ty) else { return false };
    segment.ident == "Deferred"
        || ((segment.ident == "Option" || segment.ident == "Result") && first_type(segment).is_some_and(is_deferred))
}
