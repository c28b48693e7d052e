//! `#[describe(..)]` on a field.

use syn::{Attribute, Fields, Type};

use crate::args;
use crate::errors::Errors;

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
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("describe")) {
            let Ok(list) = attr.meta.require_list() else {
                let remedy = "write `#[describe(as = String)]` or `#[describe(recursive)]`";
                errors.at(&attr.meta, "`#[describe]` takes its arguments in parentheses", remedy);
                continue;
            };
            args::each(list.tokens.clone(), errors, |input, errors| {
                let name = args::name(input)?;
                match name.to_string().as_str() {
                    "as" => args::set(&mut stands_for, &name, args::value(input)?, errors),
                    "recursive" => args::set(&mut recursive, &name, (), errors),
                    _ => return Err(args::unknown(&name, "#[describe]", &["as", "recursive"])),
                }
                Ok(())
            });
        }
        Self { stands_for, recursive: recursive.is_some() }
    }
}

/// Takes them away, where no derive will.
pub fn strip(fields: &mut Fields) {
    for field in fields {
        field.attrs.retain(|attr| !attr.path().is_ident("describe"));
    }
}
