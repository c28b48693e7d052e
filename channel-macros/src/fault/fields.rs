//! The fields of a fault, and the details that are made of them.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Fields, Member};

use super::model::Details;
use crate::describe::content::{Container, Names};
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::serde_attributes::{Direction, Rules, serde_arguments};
use crate::syntax::spans::beside_locals;

pub struct Field<'a> {
    pub member: Member,
    /// As a placeholder names it.
    pub name: String,
    pub local: Ident,
    /// Its key in the details. `None` if it stays here.
    pub key: Option<String>,
    field: &'a syn::Field,
}

pub fn all<'a>(fields: &'a Fields, rules: Rules, errors: &mut Errors) -> Vec<Field<'a>> {
    let all = fields.members().zip(fields.iter()).map(|(member, field)| {
        let name = match &member {
            Member::Named(name) => name.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let local = format_ident!("__{name}", span = beside_locals(field.ty.span()));
        let stays = is_skipped(&field.attrs, errors);
        let key = if stays { None } else { key(field, &name, rules, errors) };
        Field { member, name, local, key, field }
    });
    all.collect()
}

/// Its name as serde writes it. `None` if serde skips it.
fn key(field: &syn::Field, name: &str, rules: Rules, errors: &mut Errors) -> Option<String> {
    let arguments = serde_arguments(&field.attrs);
    for argument in &arguments {
        if ["flatten", "with", "serialize_with", "skip_serializing_if"].iter().any(|other| argument.name == other) {
            let what = format!("a fault's details are its fields one by one, and know no `{}`", argument.name);
            errors.at(
                &argument.name,
                what,
                "give the field a type that serde writes so by itself, or `#[fault(skip)]`",
            );
        }
    }
    if arguments.iter().any(|argument| argument.name == "skip") {
        return None;
    }
    let usual = |rules: Rules, direction| match direction {
        Direction::Serialize => rules.serialize.of_field(name),
        _ => rules.deserialize.of_field(name),
    };
    Names::of(&arguments, usual, rules).written().map(Into::into)
}

fn is_skipped(attrs: &[Attribute], errors: &mut Errors) -> bool {
    let mut skip = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("fault")) {
        let Ok(list) = attr.meta.require_list() else {
            errors.at(&attr.meta, "`#[fault]` on a field takes its argument in parentheses", "write `#[fault(skip)]`");
            continue;
        };
        args::each(list.tokens.clone(), errors, |input, errors| {
            let name = args::name(input)?;
            match name == "skip" {
                true => args::set(&mut skip, &name, (), errors),
                false => return Err(args::unknown(&name, "#[fault]", &["skip"])),
            }
            Ok(())
        });
    }
    skip.is_some()
}

pub fn details(fields: &[Field], rules: Rules, errors: &mut Errors) -> Details {
    let sent: Vec<_> = fields.iter().filter_map(|field| Some((field, field.key.as_ref()?))).collect();
    let Some(&(first, _)) = sent.first() else { return Details::None };
    let container = Container { rules, ..Container::default() };
    if first.field.ident.is_none() {
        if let Some((second, _)) = sent.get(1) {
            let what = "details have a key for each field, and these have no names";
            errors.at(
                &second.field.ty,
                what,
                "name the fields, `TooLow { least: u64, step: u64 }`, or `#[fault(skip)]` all but one",
            );
        }
        let only = [first.field.clone()].into_iter().collect();
        let fields = Fields::Unnamed(syn::FieldsUnnamed { paren_token: Default::default(), unnamed: only });
        let description = container.content(&fields, None, errors);
        return Details::Whole { local: first.local.clone(), description };
    }
    let named = sent.iter().map(|(field, _)| field.field.clone()).collect();
    let written = Fields::Named(syn::FieldsNamed { brace_token: Default::default(), named });
    let description: TokenStream = container.content(&written, None, errors);
    let fields = sent.iter().map(|(field, key)| ((*key).clone(), field.local.clone())).collect();
    Details::Fields { fields, description: quote!(#description) }
}
