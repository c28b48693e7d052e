//! `#[describe(..)]` on a field or a type.

use syn::parse::ParseStream;
use syn::{Attribute, Fields, Ident, Type};

use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::runtime_path::{self, Runtime};

#[derive(Default)]
pub struct Attributes {
    /// `as = String`: its type on the wire.
    pub stands_for: Option<Type>,
    /// `recursive`: it is described by name alone.
    pub recursive: bool,
    /// `opaque`: its types are known by name alone, in a lock too.
    pub opaque: bool,
    /// `bigint`: its integers may be larger than a script's numbers are exact.
    pub bigint: Option<Ident>,
}

impl Attributes {
    pub fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut stands_for = None;
        let mut recursive = None;
        let mut opaque = None;
        let mut bigint = None;
        let usage =
            "`#[describe(as = String)]`, `#[describe(recursive)]`, `#[describe(opaque)]` or `#[describe(bigint)]`";
        each(attrs, usage, errors, |input, errors| {
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "as" => args::set(&mut stands_for, &name, args::value(input)?, errors),
                "recursive" => flag(&mut recursive, &name, input, errors)?,
                "opaque" => flag(&mut opaque, &name, input, errors)?,
                "bigint" => flag(&mut bigint, &name, input, errors)?,
                "crate" => {
                    args::skip(input)?;
                    errors.at(&name, "`crate` is said of a type", "put it above the type that derives `Describe`");
                }
                _ => return Err(args::unknown(&name, "#[describe]", OF_FIELDS)),
            }
            Ok(())
        });
        if let (Some(_), Some(opaque)) = (&stands_for, &opaque) {
            let what = "`as` says what the field is on the wire, and `opaque` that nobody is to see it";
            errors.at(opaque, what, "take one of them away");
        }
        if let (Some(_), Some(bigint)) = (&opaque, &bigint) {
            let what = "`opaque` says that nobody is to see what the field is, and `bigint` what its integers are";
            errors.at(bigint, what, "take one of them away");
        }
        Self { stands_for, recursive: recursive.is_some(), opaque: opaque.is_some(), bigint }
    }
}

const OF_FIELDS: &[&str] = &["as", "recursive", "opaque", "bigint"];

/// An argument without a value.
fn flag(place: &mut Option<Ident>, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    let what = format_args!("`{name}` stands alone");
    args::is_flag(input, what, format_args!("write `#[describe({name})]`"), errors)?;
    args::set(place, name, name.clone(), errors);
    Ok(())
}

/// The runtime's path from `crate = ..`, and whether the type is `opaque`.
pub fn of_type(attrs: &[Attribute], errors: &mut Errors) -> (Runtime, bool) {
    let mut runtime = Runtime::default();
    let mut opaque = None;
    each(
        attrs,
        "`#[describe(crate = my_crate::channel_runtime)]` or `#[describe(opaque)]`",
        errors,
        |input, errors| {
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "crate" => args::set(&mut runtime.0, &name, runtime_path::value(input)?, errors),
                "opaque" => flag(&mut opaque, &name, input, errors)?,
                of_field if OF_FIELDS.contains(&of_field) => {
                    args::skip(input)?;
                    let remedy = "put it on the field; a type that is written as another one says so to serde: `#[serde(into = \"String\")]`";
                    errors.at(&name, format_args!("`{name}` is said of a field"), remedy);
                }
                _ => return Err(args::unknown(&name, "#[describe]", &["crate", "opaque"])),
            }
            Ok(())
        },
    );
    (runtime, opaque.is_some())
}

fn each(
    attrs: &[Attribute],
    usage: &str,
    errors: &mut Errors,
    mut argument: impl FnMut(ParseStream, &mut Errors) -> syn::Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("describe")) {
        match attr.meta.require_list() {
            Ok(list) => args::each(list.tokens.clone(), errors, &mut argument),
            Err(_) => {
                let what = "`#[describe]` takes its arguments in parentheses";
                errors.at(&attr.meta, what, format_args!("write {usage}"));
            }
        }
    }
}

/// Removes `#[describe(..)]` from fields, where no derive knows it: without one the compiler would refuse the attribute.
pub fn strip(fields: &mut Fields) {
    for field in fields {
        field.attrs.retain(|attr| !attr.path().is_ident("describe"));
    }
}
