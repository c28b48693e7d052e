//! `#[describe(..)]` on a field, and on a type.

use syn::parse::ParseStream;
use syn::{Attribute, Fields, Type};

use crate::args;
use crate::errors::Errors;
use crate::runtime::{self, Runtime};

/// What the user says of a field's type.
#[derive(Default)]
pub struct Attributes {
    /// `as = String`: it is on the wire as this type.
    pub stands_for: Option<Type>,
    /// `recursive`: mentioned by name alone.
    pub recursive: bool,
}

impl Attributes {
    pub fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut stands_for = None;
        let mut recursive = None;
        each(attrs, "`#[describe(as = String)]` or `#[describe(recursive)]`", errors, |input, errors| {
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "as" => args::set(&mut stands_for, &name, args::value(input)?, errors),
                "recursive" => args::set(&mut recursive, &name, (), errors),
                _ => return Err(args::unknown(&name, "#[describe]", &["as", "recursive"])),
            }
            Ok(())
        });
        Self { stands_for, recursive: recursive.is_some() }
    }
}

/// What a type says of the runtime: `#[describe(crate = ..)]`.
pub fn runtime(attrs: &[Attribute], errors: &mut Errors) -> Runtime {
    let mut runtime = Runtime::default();
    each(attrs, "`#[describe(crate = my_crate::channel_runtime)]`", errors, |input, errors| {
        let name = args::name(input)?;
        match name.to_string().as_str() {
            "crate" => args::set(&mut runtime.0, &name, runtime::value(input)?, errors),
            _ => return Err(args::unknown(&name, "#[describe]", &["crate"])),
        }
        Ok(())
    });
    runtime
}

/// The arguments of all of them.
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

/// Takes them away, where no derive will.
pub fn strip(fields: &mut Fields) {
    for field in fields {
        field.attrs.retain(|attr| !attr.path().is_ident("describe"));
    }
}
