//! Reads an error type and its `#[fault(..)]`.

use proc_macro2::Ident;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Data, DeriveInput, Fields, GenericParam, LitStr, Token};

use super::code;
use super::fields::{self, Field};
use super::message;
use super::model::{Bound, Case, Declared, ErrorType, Inner, Message, Outcome};
use crate::syntax::args;
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::names::closest;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::serde_attributes::{Rules, serde_arguments};

pub fn parse(item: &DeriveInput, errors: &mut Errors) -> ErrorType {
    let mut runtime = Runtime::default();
    let name = &item.ident;
    if name == "Fault" {
        let what = "the macros take each error that is named `Fault` for the framework's own";
        errors.at(name, what, "give it another name, such as `GameFault`");
    }
    for param in &item.generics.params {
        if !matches!(param, GenericParam::Lifetime(_)) {
            let what = "the faults of an error are the same for all its values, so it has no type parameters";
            errors.at(param, what, "write the type itself");
        }
    }
    let arguments = serde_arguments(&item.attrs);
    let mut of = Of { enumeration: None, cases: Vec::new() };
    match &item.data {
        Data::Struct(data) => {
            let said = said(&item.attrs, Some(&mut runtime), errors);
            let place =
                Place { name, attrs: &item.attrs, rules: Rules::of("rename_all", &arguments), path: quote!(#name) };
            of.case(place, &data.fields, said, errors);
        }
        Data::Enum(data) => {
            of.enumeration = Some(name);
            if let Some(Said::Coded { code, .. }) = said(&item.attrs, Some(&mut runtime), errors) {
                errors.at(
                    code,
                    "the codes of an enum stand on its variants",
                    "move it to the variant that it belongs to",
                );
            }
            let of_fields = Rules::of("rename_all_fields", &arguments);
            for variant in &data.variants {
                let (ident, own) = (&variant.ident, serde_arguments(&variant.attrs));
                let has_own = own.iter().any(|argument| argument.name == "rename_all");
                let rules = if has_own { Rules::of("rename_all", &own) } else { of_fields };
                let said = said(&variant.attrs, None, errors);
                let place = Place { name: ident, attrs: &variant.attrs, rules, path: quote!(#name::#ident) };
                of.case(place, &variant.fields, said, errors);
            }
        }
        Data::Union(_) => errors.at(name, "a union is no error for a client", "derive it on a struct or an enum"),
    }
    ErrorType { name: name.clone(), generics: item.generics.clone(), cases: of.cases, runtime }
}

/// What stands in `#[fault(..)]`.
enum Said {
    Coded { code: LitStr, message: Option<LitStr> },
    Transparent(Ident),
    Internal(Ident),
}

/// The attributes of a variant or a type. `runtime` is set by `crate = ..`, which stands on a type. `None` if nothing is said of a
/// fault, or with an error.
fn said(attrs: &[Attribute], mut runtime: Option<&mut Runtime>, errors: &mut Errors) -> Option<Said> {
    let mut found = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("fault")) {
        let Ok(list) = attr.meta.require_list() else {
            let what = "`#[fault]` takes a code and a message in parentheses";
            errors.at(&attr.meta, what, "write `#[fault(\"game.full\", \"the game is full\")]`");
            continue;
        };
        let parsed = (|input: ParseStream| one(input, runtime.as_deref_mut())).parse2(list.tokens.clone());
        match errors.take(parsed).flatten() {
            Some(_) if found.is_some() => {
                errors.at(&attr.meta, "it is one fault, and this is its second code", "take one of them away");
            }
            Some(said) => found = Some(said),
            None => {}
        }
    }
    found
}

fn one(input: ParseStream, runtime: Option<&mut Runtime>) -> syn::Result<Option<Said>> {
    if input.peek(LitStr) {
        let code = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        let message = if input.peek(LitStr) { Some(input.parse()?) } else { None };
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error(MORE));
        }
        return Ok(Some(Said::Coded { code, message }));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error("the code of a fault is a string literal\nwrite `\"game.full\", \"the game is full\"`"));
    }
    let name = args::name(input)?;
    let said = match (name.to_string().as_str(), runtime) {
        ("transparent", _) => Some(Said::Transparent(name.clone())),
        ("internal", _) => Some(Said::Internal(name.clone())),
        ("crate", Some(runtime)) => {
            runtime.0 = Some(runtime_path::value(input)?);
            None
        }
        ("skip", _) => {
            let what = "`skip` keeps one field out of the details, and stands on the field";
            return Err(syn::Error::new(name.span(), format!("{what}\nmove it there")));
        }
        (constant, _) if input.peek(Token![::]) || constant.starts_with(char::is_uppercase) => {
            let what = "the code of a fault is a string literal, which the description and the lock read";
            return Err(syn::Error::new(
                name.span(),
                format!("{what}\nwrite it here, `\"game.full\", \"the game is full\"`"),
            ));
        }
        (_, runtime) => {
            let known = ["transparent", "internal", "crate"];
            let known = if runtime.is_some() { &known[..] } else { &known[..2] };
            return Err(args::unknown(&name, "#[fault]", known));
        }
    };
    if !input.is_empty() {
        return Err(input.error(format!("nothing stands behind `{name}`\ntake it away")));
    }
    Ok(said)
}

const MORE: &str = "a fault has a code and a message, in which fields stand in braces\nwrite `\"bid.too_low\", \"bid {least} or more\"`; \
                    what is more than a field is a field of its own";

/// Where a fault stands.
struct Place<'a> {
    name: &'a Ident,
    attrs: &'a [Attribute],
    rules: Rules,
    path: proc_macro2::TokenStream,
}

struct Of<'a> {
    /// `None` for a struct.
    enumeration: Option<&'a Ident>,
    cases: Vec<Case>,
}

impl Of<'_> {
    fn case(&mut self, place: Place, fields: &Fields, said: Option<Said>, errors: &mut Errors) {
        let outcome = match said {
            Some(Said::Coded { code, message }) => {
                let fields = fields::all(fields, place.rules, errors);
                let declared = self.declared(&place, code, message, &fields, errors);
                declared.map(|declared| Outcome::Fault(Box::new(declared)))
            }
            Some(Said::Transparent(word)) => only(fields, &word, "becomes the fault", errors).map(Outcome::Transparent),
            Some(Said::Internal(word)) => only(fields, &word, "is written to the log", errors).map(Outcome::Internal),
            None => {
                let Place { name, attrs, .. } = place;
                // What was wrong with the attribute is reported already.
                let says_none = !attrs.iter().any(|attr| attr.path().is_ident("fault"));
                if says_none || self.enumeration.is_none() && errors.is_empty() {
                    let proposed = code::proposed(self.enumeration, name);
                    let remedy = format!("write `#[fault({proposed:?}, \"..\")]` above it");
                    errors.at(name, format_args!("`{name}` has no code"), remedy);
                }
                None
            }
        };
        let Place { name, path, .. } = place;
        self.cases.extend(outcome.map(|outcome| Case { path, name: name.clone(), outcome }));
    }

    fn declared(
        &self,
        Place { name, attrs, rules, .. }: &Place,
        code: LitStr,
        message: Option<LitStr>,
        fields: &[Field],
        errors: &mut Errors,
    ) -> Option<Declared> {
        code::check(&code, &code::proposed(self.enumeration, name), errors);
        let same = self
            .cases
            .iter()
            .find(|case| matches!(&case.outcome, Outcome::Fault(other) if other.code.value() == code.value()));
        if let Some(other) = same {
            let what = format!("`{}` has the code {:?} already", other.name, code.value());
            errors.at(&code, what, "a client knows a fault by its code: give one of the two another");
        }
        let message = match message {
            Some(written) => formatted(written, name, fields, errors)?,
            None => match displayed(attrs) {
                Some(written) => Message::Display(written),
                None => {
                    let what = format!("the fault {:?} has no message", code.value());
                    let remedy =
                        format!("write it behind the code, for people: `#[fault({:?}, \"..\")]`", code.value());
                    errors.at(&code, what, remedy);
                    return None;
                }
            },
        };
        let details = fields::details(fields, *rules, errors);
        let is_used = |field: &&Field| {
            let in_message = match &message {
                Message::Format { arguments, .. } => arguments.iter().any(|(_, local)| *local == field.local),
                Message::Display(_) => false,
            };
            in_message || field.key.is_some()
        };
        let bound = fields.iter().filter(is_used);
        let bound = bound.map(|field| Bound { member: field.member.clone(), local: field.local.clone() }).collect();
        Some(Declared { code, message, docs: docs(attrs), details, bound })
    }
}

/// The one field of a variant that is `transparent` or `internal`.
fn only(fields: &Fields, word: &Ident, what: &str, errors: &mut Errors) -> Option<Inner> {
    let mut all = fields.members().zip(fields.iter());
    match (all.next(), all.next()) {
        (Some((member, field)), None) => Some(Inner { member, ty: field.ty.clone() }),
        _ => {
            errors.at(
                word,
                format_args!("`{word}` is for one field, which {what}"),
                "give it the one field, as `Other(OtherError)`",
            );
            None
        }
    }
}

fn formatted(written: LitStr, name: &Ident, fields: &[Field], errors: &mut Errors) -> Option<Message> {
    let format = match message::read(&written.value()) {
        Ok(format) => format,
        Err(message::Mistake::NoName) => {
            let field = fields.first().map_or("least", |field| &field.name);
            errors.at(
                &written,
                "a placeholder names a field",
                format_args!("write `{{{field}}}`, or `{{{{}}}}` for the braces themselves"),
            );
            return None;
        }
        Err(message::Mistake::Brace) => {
            errors.at(&written, "a brace stands alone in the message", "write `{{` or `}}` for a brace itself");
            return None;
        }
    };
    let mut arguments = Vec::new();
    for used in &format.names {
        match fields.iter().find(|field| field.name == *used) {
            Some(field) => {
                let argument = format_ident!("{}", message::argument(used), span = written.span());
                arguments.push((argument, field.local.clone()));
            }
            None => {
                let remedy = match closest(used, fields.iter().map(|field| &*field.name)) {
                    Some(meant) => format!("did you mean `{{{meant}}}`?"),
                    None if fields.is_empty() => format!("`{name}` has no fields"),
                    None => format!(
                        "its fields are {}",
                        crate::syntax::names::listed(fields.iter().map(|field| &*field.name))
                    ),
                };
                errors.at(
                    &written,
                    format_args!("the message names `{{{used}}}`, which is no field of `{name}`"),
                    remedy,
                );
            }
        }
    }
    let text = LitStr::new(&format.text, written.span());
    Some(Message::Format { written, format: text, arguments })
}

/// The text of thiserror's `#[error("..")]`.
fn displayed(attrs: &[Attribute]) -> Option<LitStr> {
    let attr = attrs.iter().find(|attr| attr.path().is_ident("error"))?;
    let first = |input: ParseStream| {
        let text: LitStr = input.parse()?;
        input.parse::<proc_macro2::TokenStream>().map(|_| text)
    };
    first.parse2(attr.meta.require_list().ok()?.tokens.clone()).ok()
}
