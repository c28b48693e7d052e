//! The description of fields, of a struct or a variant, as serde's attributes change them.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, Field, Fields, FieldsNamed, Ident, LitStr};

use super::attributes::Attributes;
use super::rules::rules;
use super::types::{Context, is_plain};
use crate::syntax::deprecated;
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::serde_attributes::{Direction, Rules, SerdeArgument, serde_arguments, value};
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{last_segment, ungroup};

#[derive(Clone, Copy, Default)]
pub struct Container<'a> {
    pub rules: Rules,
    /// `#[serde(default)]`: every field may be missing.
    pub has_default: bool,
    pub closed: bool,
    pub transparent: bool,
    pub context: Context<'a>,
}

impl<'a> Container<'a> {
    pub fn new(arguments: &[SerdeArgument], context: Context<'a>) -> Self {
        Self {
            rules: Rules::of("rename_all", arguments),
            has_default: has(arguments, "default"),
            closed: has(arguments, "deny_unknown_fields"),
            transparent: has(arguments, "transparent"),
            context,
        }
    }

    /// `None` unless all fields are plain, so that the compiler need not be asked.
    pub fn plain<'f>(&self, fields: &'f Fields) -> Option<(Vec<&'f syn::Type>, String)> {
        const MOST: usize = 12;
        let Fields::Named(named) = fields else { return None };
        let types = named.named.iter().map(|field| &field.ty);
        if types.len() > MOST || !types.clone().all(|ty| is_plain(ungroup(ty))) {
            return None;
        }
        Some((types.collect(), self.texts(named)?))
    }

    /// The names and docs for `__s::Content::Plain`; `None` if more is to be described.
    fn texts(&self, fields: &FieldsNamed) -> Option<String> {
        let is_usual = !self.closed && !self.has_default && !self.transparent && self.rules == Rules::default();
        let telling = ["serde", "describe", "cfg", "cfg_attr", "deprecated"];
        let tells = |attr: &Attribute| telling.iter().any(|name| attr.path().is_ident(name));
        let mut fields_attrs = fields.named.iter().map(|field| &field.attrs);
        if !is_usual || fields_attrs.any(|attrs| attrs.iter().any(tells) || rules(attrs).is_some()) {
            return None;
        }
        let mut texts = String::new();
        for name in fields.named.iter().filter_map(|field| field.ident.as_ref()) {
            texts += &format!("{} ", name.unraw());
        }
        let docs = fields.named.iter().map(|field| docs(&field.attrs).replace('\0', ""));
        if docs.clone().any(|docs| !docs.is_empty()) {
            docs.for_each(|docs| texts += &format!("\0{docs}"));
        }
        Some(texts)
    }

    /// The `tag` is a key with a fixed text, which stands first.
    pub fn content(&self, fields: &Fields, tag: Option<TokenStream>, errors: &mut Errors) -> TokenStream {
        match fields {
            Fields::Unit => quote!(__s::Content::Unit),
            Fields::Named(named) if self.transparent => match named.named.iter().find(|field| travels(field)) {
                Some(field) => self.only(field, errors),
                None => quote!(__s::Content::Unit),
            },
            Fields::Named(named)
                if tag.is_none()
                    && let Some(texts) = self.texts(named) =>
            {
                let types = named.named.iter().map(|field| self.context.ty(&field.ty));
                quote!(__s::Content::Plain { texts: #texts, types: &[#(#types),*] })
            }
            Fields::Named(named) => {
                let fields = named.named.iter().filter_map(|field| self.field(field, errors));
                let fields = tag.into_iter().chain(fields);
                match self.closed {
                    false => quote!(__s::fields(&[#(#fields),*])),
                    true => quote!(__s::Content::Fields { fields: &[#(#fields),*], closed: true }),
                }
            }
            Fields::Unnamed(unnamed) => {
                let travelling: Vec<&Field> = unnamed.unnamed.iter().filter(|field| travels(field)).collect();
                match (&travelling[..], unnamed.unnamed.len()) {
                    ([only], 1) => self.only(only, errors),
                    ([only], _) if self.transparent => self.only(only, errors),
                    (items, _) => {
                        let items = items.iter().map(|item| {
                            let ty = self.without_key(item, errors);
                            let cfgs = cfgs(&item.attrs);
                            quote!(#(#cfgs)* #ty)
                        });
                        quote!(__s::Content::Tuple(&[#(#items),*]))
                    }
                }
            }
        }
    }

    fn only(&self, field: &Field, errors: &mut Errors) -> TokenStream {
        let ty = self.without_key(field, errors);
        quote!(__s::Content::As(#ty))
    }

    /// A field of a tuple or a newtype, or the only one of a struct.
    fn without_key(&self, field: &Field, errors: &mut Errors) -> TokenStream {
        let said = Attributes::parse(&field.attrs, errors);
        if let Some(bigint) = &said.bigint {
            let remedy = "put it on each field that has a key, and holds a value of this type";
            errors.at(bigint, "`bigint` is said of a field with a key", remedy);
        }
        self.ty(field, &said).0
    }

    fn ty(&self, field: &Field, said: &Attributes) -> (TokenStream, bool) {
        let arguments = serde_arguments(&field.attrs);
        let with = ["with", "deserialize_with", "serialize_with"].iter().find_map(|name| value(&arguments, name));
        let is_read_otherwise = has(&arguments, "with") || has(&arguments, "deserialize_with");
        let opaque = said.opaque || self.context.opaque;
        let context = Context { recursive: said.recursive, opaque, ..self.context };
        let ty = match (&said.stands_for, with) {
            (Some(ty), _) => quote!(<#ty as ::channel_runtime::describe::Describe>::TYPE),
            (None, Some(with)) => made_with(&with.value(), context),
            (None, None) => context.ty(&field.ty),
        };
        (ty, is_read_otherwise)
    }

    fn field(&self, field: &Field, errors: &mut Errors) -> Option<TokenStream> {
        if !travels(field) {
            return None;
        }
        let name = field.ident.as_ref()?.unraw().to_string();
        let arguments = serde_arguments(&field.attrs);
        let keys = Names::of(
            &arguments,
            |rules, direction| match direction {
                Direction::Serialize => rules.serialize.of_field(&name),
                _ => rules.deserialize.of_field(&name),
            },
            self.rules,
        );
        let said = Attributes::parse(&field.attrs, errors);
        let (ty, is_read_otherwise) = self.ty(field, &said);
        let default = match (self.has_default || has(&arguments, "default"), is_read_otherwise) {
            (true, _) => Some(quote!(.__default(true))),
            // Only serde's own way reads a missing `Option` as `None`.
            (false, true) => Some(quote!(.__default(false))),
            (false, false) => None,
        };
        let skipped = has(&arguments, "skip_serializing_if").then(|| match is_skipped_if_none(&arguments) {
            true => quote!(.__never_null()),
            false => quote!(.__skipped()),
        });
        let flat = has(&arguments, "flatten").then(|| quote!(.__flat()));
        let (docs, rules) = (docs_call(&field.attrs), rules(&field.attrs));
        let deprecated = deprecated_call(&field.attrs);
        let (cfgs, key, others) = (cfgs(&field.attrs), keys.main(), keys.others(&quote!(__keys)));
        let more = quote!(#others #default #skipped #flat #docs #deprecated #rules);
        let field = quote!(__s::Field::new(#key, #ty) #more);
        Some(match &said.bigint {
            // A function, because the compiler would show its error for a method at all that stands before.
            Some(bigint) => {
                let marked = quote_spanned!(beside_locals(bigint.span())=> __s::bigint(#field));
                quote!(#(#cfgs)* #marked)
            }
            None => quote!(#(#cfgs)* #field),
        })
    }
}

fn made_with(module: &str, context: Context) -> TokenStream {
    if context.opaque {
        return context.written_by(module);
    }
    let text = |format: &str| quote!(__s::Type::Text { format: ::core::option::Option::Some(#format) });
    let (module, optional) = match module.strip_suffix("::option").or_else(|| module.strip_suffix("_option")) {
        Some(module) => (module, true),
        None => (module, false),
    };
    let seconds = ["time::serde::timestamp", "chrono::serde::ts_"];
    let ty = match module.trim_start_matches("::") {
        "time::serde::rfc3339" | "time::serde::iso8601" => text("date-time"),
        "time::serde::rfc2822" => quote!(__s::Type::Text { format: ::core::option::Option::None }),
        module if module.ends_with("::describe::base64") => text("base64"),
        module if seconds.iter().any(|begin| module.starts_with(begin)) => {
            quote!(__s::Type::Integer { signed: true, bits: 64 })
        }
        module => return context.written_by(module),
    };
    if optional { quote!(__s::Type::Nullable(&#ty)) } else { ty }
}

pub fn travels(field: &Field) -> bool {
    let arguments = serde_arguments(&field.attrs);
    !(has(&arguments, "skip") || has(&arguments, "skip_serializing") && has(&arguments, "skip_deserializing"))
}

/// The type of serde's `from`, `try_from` and `into`; if they name two, the text says so.
pub fn stands_for(arguments: &[SerdeArgument], context: Context) -> Option<TokenStream> {
    let read = value(arguments, "from").or_else(|| value(arguments, "try_from"));
    let written = value(arguments, "into");
    if let (Some(read), Some(written)) = (read, written)
        && read.value() != written.value()
    {
        return Some(context.written_by(&format!("{}, written as {}", read.value(), written.value())));
    }
    // Serde itself reports a text that is no type.
    Some(context.ty(&read.or(written)?.parse().ok()?))
}

/// Whether the type that [`stands_for`] describes is an `Option`.
pub fn stands_for_option(arguments: &[SerdeArgument]) -> bool {
    let others = ["from", "try_from", "into"].into_iter().filter_map(|name| value(arguments, name));
    let types = others.filter_map(|text| text.parse::<syn::Type>().ok());
    types.into_iter().any(|ty| last_segment(&ty).is_some_and(|segment| segment.ident == "Option"))
}

pub fn name(ident: &Ident, arguments: &[SerdeArgument]) -> String {
    value(arguments, "rename").map_or_else(|| ident.unraw().to_string(), LitStr::value)
}

/// The key of `#[serde(tag = "..")]` on a struct. It is always written, and may be missing when read.
pub fn struct_tag(ident: &Ident, arguments: &[SerdeArgument]) -> Option<TokenStream> {
    let tag = value(arguments, "tag")?;
    let name = name(ident, arguments);
    Some(quote!(__s::Field::new(#tag, __s::Type::Literal(#name)).__default(true)))
}

fn is_skipped_if_none(arguments: &[SerdeArgument]) -> bool {
    let predicate = value(arguments, "skip_serializing_if").map(|path| path.value().replace(' ', ""));
    let paths = ["Option::is_none", "std::option::Option::is_none", "core::option::Option::is_none"];
    predicate.is_some_and(|predicate| paths.contains(&predicate.trim_start_matches("::")))
}

pub fn has(arguments: &[SerdeArgument], name: &str) -> bool {
    arguments.iter().any(|argument| argument.name == name)
}

pub fn cfgs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
}

pub fn docs_call(attrs: &[Attribute]) -> Option<TokenStream> {
    let docs = docs(attrs);
    (!docs.is_empty()).then(|| quote!(.__docs(#docs)))
}

/// The call of `__deprecated`, if it is.
pub fn deprecated_call(attrs: &[Attribute]) -> Option<TokenStream> {
    deprecated::note(attrs).map(|note| quote!(.__deprecated(#note)))
}

pub struct Names {
    read: Option<String>,
    written: Option<String>,
    aliases: Vec<String>,
}

impl Names {
    pub fn of(arguments: &[SerdeArgument], usual: impl Fn(Rules, Direction) -> String, rules: Rules) -> Self {
        let renamed = |direction: Direction| {
            let of_direction = |argument: &&SerdeArgument| {
                argument.name == "rename" && (argument.direction == direction || argument.direction == Direction::Both)
            };
            let given = arguments.iter().find(of_direction).and_then(|argument| argument.value.as_ref());
            given.map_or_else(|| usual(rules, direction), LitStr::value)
        };
        let aliases = arguments.iter().filter(|argument| argument.name == "alias");
        Self {
            read: (!has(arguments, "skip_deserializing")).then(|| renamed(Direction::Deserialize)),
            written: (!has(arguments, "skip_serializing")).then(|| renamed(Direction::Serialize)),
            aliases: aliases.filter_map(|argument| argument.value.as_ref()).map(LitStr::value).collect(),
        }
    }

    /// `None` if it is never written.
    pub fn written(&self) -> Option<&str> {
        self.written.as_deref()
    }

    pub fn main(&self) -> &str {
        self.read.as_deref().or(self.written.as_deref()).unwrap_or_default()
    }

    pub fn others(&self, call: &TokenStream) -> TokenStream {
        let side = |name: &Option<String>| match name {
            Some(name) => quote!(::core::option::Option::Some(#name)),
            None => quote!(::core::option::Option::None),
        };
        let names = (self.read != self.written).then(|| {
            let (read, written) = (side(&self.read), side(&self.written));
            quote!(.#call(#read, #written))
        });
        let aliases = &self.aliases;
        let aliases = (!aliases.is_empty()).then(|| quote!(.__aliases(&[#(#aliases),*])));
        quote!(#names #aliases)
    }
}
