//! The description of a type, as a constant.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::syntax::types::{last_segment, ungroup};

/// How types are described: by their `Describe` if they have it, else by their text.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The type being described, which is mentioned by name; `None` if it can't contain itself.
    pub own: Option<Own<'a>>,
    pub recursive: bool,
    pub opaque: bool,
}

#[derive(Clone, Copy)]
pub struct Own<'a> {
    /// Its name in the source.
    pub ident: &'a Ident,
    /// Its name in the description.
    pub name: &'a str,
}

impl Context<'_> {
    pub fn ty(&self, ty: &Type) -> TokenStream {
        let ty = ungroup(ty);
        // A type that contains the one being described would need that description first.
        if self.recursive || self.mentions_own(ty) {
            self.written(ty)
        } else if is_plain(ty) {
            quote!(<#ty as __s::Describe>::TYPE)
        } else if self.opaque {
            self.written(ty)
        } else {
            let written = self.written(ty);
            quote!(__s::or(__s::Of::<#ty>::TYPE, #written))
        }
    }

    /// By its text alone; the names of the standard library's containers are believed.
    fn written(&self, ty: &Type) -> TokenStream {
        let inside = |ty: &Type| self.ty(ty);
        match ty {
            Type::Tuple(tuple) if !tuple.elems.is_empty() => {
                let items = tuple.elems.iter().map(inside);
                quote!(__s::Type::Tuple(&[#(#items),*]))
            }
            Type::Array(array) => {
                let (item, len) = (inside(&array.elem), &array.len);
                quote!(__s::Type::Array(&#item, #len))
            }
            _ => match last_segment(ty) {
                Some(segment) => self.segment(ty, segment),
                None => self.undescribed(ty),
            },
        }
    }

    fn segment(&self, ty: &Type, segment: &PathSegment) -> TokenStream {
        let arguments = arguments(segment);
        let name = segment.ident.to_string();
        match (name.as_str(), &arguments[..]) {
            ("Box" | "Rc" | "Arc", [inner]) => self.ty(inner),
            ("Option", [inner]) => {
                let inner = self.ty(inner);
                quote!(__s::Type::Nullable(&#inner))
            }
            ("Vec" | "VecDeque" | "BTreeSet" | "HashSet" | "IndexSet" | "LinkedList", [items, ..]) => {
                let items = self.ty(items);
                quote!(__s::Type::List(&#items))
            }
            ("HashMap" | "BTreeMap" | "IndexMap", [key, value, ..]) => {
                let (key, value) = (self.ty(key), self.ty(value));
                quote!(__s::Type::Record { key: &#key, value: &#value })
            }
            _ if let Some(Own { name, .. }) =
                self.own.filter(|own| segment.ident == "Self" || segment.ident == *own.ident) =>
            {
                quote!(__s::Type::Recursive(#name))
            }
            _ if self.recursive && arguments.is_empty() => quote!(__s::Type::Recursive(#name)),
            _ => self.undescribed(ty),
        }
    }

    /// By its last name: an import from elsewhere changes nothing on the wire.
    fn undescribed(&self, ty: &Type) -> TokenStream {
        let name = short(ty);
        if self.opaque { quote!(__s::Type::Opaque(#name)) } else { quote!(__s::Type::Undescribed(#name)) }
    }

    pub fn written_by(&self, functions: &str) -> TokenStream {
        if self.opaque { quote!(__s::Type::Opaque(#functions)) } else { quote!(__s::Type::WrittenBy(#functions)) }
    }

    fn mentions_own(&self, ty: &Type) -> bool {
        self.own.is_some_and(|own| mentions(ty.to_token_stream(), own.ident))
    }
}

/// Whether it is made of the prelude's types alone, by their names, so that the compiler need not be asked for `Describe`. A
/// `HashMap` or a `String<64>` may be another crate's, which has none.
pub fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 17] = [
        "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f32", "f64",
    ];
    const CONTAINERS: [&str; 3] = ["Option", "Vec", "Box"];
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().map(ungroup).all(is_plain),
        Type::Array(array) => is_plain(ungroup(&array.elem)),
        Type::Path(path) if path.path.get_ident().is_some() => PLAIN.iter().any(|name| path.path.is_ident(name)),
        Type::Path(path) if path.qself.is_none() && path.path.segments.len() == 1 => {
            let segment = &path.path.segments[0];
            let is_known = CONTAINERS.iter().any(|name| segment.ident == name);
            match (&segment.arguments, &arguments(segment)[..]) {
                (PathArguments::AngleBracketed(all), [only]) if all.args.len() == 1 => is_known && is_plain(only),
                _ => false,
            }
        }
        _ => false,
    }
}

fn arguments(segment: &PathSegment) -> Vec<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ungroup(ty)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn mentions(tokens: TokenStream, own: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self" || ident == *own,
        TokenTree::Group(group) => mentions(group.stream(), own),
        _ => false,
    })
}

fn short(ty: &Type) -> String {
    match last_segment(ty) {
        Some(segment) => {
            let arguments: Vec<String> = arguments(segment).into_iter().map(short).collect();
            match &arguments[..] {
                [] => segment.ident.to_string(),
                arguments => format!("{}<{}>", segment.ident, arguments.join(", ")),
            }
        }
        None => crate::syntax::types::text(ty),
    }
}
