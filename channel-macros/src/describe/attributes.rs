//! `#[describe(..)]` on a field or a type.

use syn::parse::ParseStream;
use syn::{Attribute, Fields, Type};

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
}

impl Attributes {
    pub fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut stands_for = None;
        let mut recursive = None;
        let mut opaque = None;
        let usage = "`#[describe(as = String)]`, `#[describe(recursive)]` or `#[describe(opaque)]`";
        each(attrs, usage, errors, |input, errors| {
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "as" => args::set(&mut stands_for, &name, args::value(input)?, errors),
                "recursive" => args::set(&mut recursive, &name, (), errors),
                "opaque" => args::set(&mut opaque, &name, name.clone(), errors),
                _ => return Err(args::unknown(&name, "#[describe]", &["as", "recursive", "opaque"])),
            }
            Ok(())
        });
        if let (Some(_), Some(opaque)) = (&stands_for, &opaque) {
            let what = "`as` says what the field is on the wire, and `opaque` that nobody is to see it";
            errors.at(opaque, what, "take one of them away");
        }
        Self { stands_for, recursive: recursive.is_some(), opaque: opaque.is_some() }
    }
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
                "opaque" => args::set(&mut opaque, &name, (), errors),
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
