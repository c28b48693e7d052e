//! The fields of a channel's struct: each is made from a path parameter, the handshake or an expression.

use std::collections::HashMap;

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Field, Ident, Meta, MetaList, Token, Type};

use crate::channel::model::{OtherField, Param, Route, Source};
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::names::{closest, one_of};
use crate::syntax::path_pattern::Pattern;
use crate::syntax::types::{first_type, is_extractor, is_named, last_segment, text, ungroup};

const MARKERS: &[&str] = &["#[extract]", "#[state]"];

pub fn read<'a>(fields: impl Iterator<Item = &'a mut Field>, route: &mut Route, errors: &mut Errors) {
    let params = params(route);
    let marked = fields.filter_map(|field| take_field(field, &params, errors)).collect();
    sort_fields(marked, route, errors);
}

struct Marked {
    name: Ident,
    docs: String,
    ty: Type,
    cfgs: Vec<Attribute>,
    source: Option<Source>,
}

fn take_field(field: &mut Field, params: &[String], errors: &mut Errors) -> Option<Marked> {
    let mut source = None;
    for attr in field.attrs.extract_if(.., |attr| is_marker(attr, "extract") || is_marker(attr, "state")) {
        let found =
            if is_marker(&attr, "extract") { extract_marker(&attr, errors) } else { state_marker(&attr, errors) };
        if source.is_some() {
            let remedy = "keep one of `#[extract]` and `#[state]`";
            errors.at(&attr, "a field is made from one thing", remedy);
        }
        source = source.or(found);
    }
    let name = field.ident.clone()?;
    // A field with a source may have attributes of other derives.
    if source.is_none() && !params.contains(&name.unraw().to_string()) {
        for attr in field.attrs.extract_if(.., |attr| meant_by(attr).is_some()) {
            let (what, remedy) = meant_by(&attr)?;
            errors.at(attr.path(), what, remedy);
            source = Some(Source::State(None));
        }
    }
    Some(Marked {
        name,
        docs: docs(&field.attrs),
        ty: field.ty.clone(),
        cfgs: field.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect(),
        source,
    })
}

fn is_marker(attr: &Attribute, name: &str) -> bool {
    attr.path().is_ident(name)
}

fn meant_by(attr: &Attribute) -> Option<(String, String)> {
    let name = attr.path().get_ident()?.to_string();
    let what = format!("the field of a channel has no attribute `#[{name}]`");
    match name.as_str() {
        "message" | "notice" => {
            Some((what, format!("mark a method of the impl block `#[{name}]`, and a field {}", one_of(MARKERS))))
        }
        _ => closest(&name, ["extract", "state"]).map(|meant| (what, format!("did you mean `#[{meant}]`?"))),
    }
}

fn extract_marker(attr: &Attribute, errors: &mut Errors) -> Option<Source> {
    if !matches!(attr.meta, Meta::Path(_)) {
        errors.at(
            &attr.meta,
            "`#[extract]` has no arguments",
            "what to extract is the field's type: write `#[extract]`",
        );
    }
    Some(Source::Extract)
}

fn state_marker(attr: &Attribute, errors: &mut Errors) -> Option<Source> {
    match &attr.meta {
        Meta::Path(_) => Some(Source::State(None)),
        Meta::List(list) if !list.tokens.is_empty() && matches!(list.delimiter, syn::MacroDelimiter::Paren(_)) => {
            Some(Source::State(first_value(list, errors)))
        }
        Meta::NameValue(value) => {
            let expr = value.value.to_token_stream();
            let what = "the first value of a `#[state]` field stands in parentheses";
            errors.at(&attr.meta, what, format_args!("write `#[state({expr})]`"));
            Some(Source::State(None))
        }
        Meta::List(list) => {
            errors.at(
                list,
                "`#[state(..)]` without a value",
                "write `#[state]` for the type's `Default`, or `#[state(value)]`",
            );
            Some(Source::State(None))
        }
    }
}

/// Other crates' forms, `default` and `default = ..`, are errors.
fn first_value(list: &MetaList, errors: &mut Errors) -> Option<Expr> {
    let values = errors.take(list.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated))?;
    let first = match (values.first()?, values.len()) {
        (Expr::Path(path), 1) if path.path.is_ident("default") => {
            let remedy = "write `#[state]` for the type's `Default`, or `#[state(value)]`";
            errors.at(path, "`default` is no value", remedy);
            return None;
        }
        (Expr::Assign(assign), 1) => {
            let value = assign.right.to_token_stream();
            let what = "the first value of a `#[state]` field stands alone";
            errors.at(list, what, format_args!("write `#[state({value})]`"));
            return None;
        }
        (first, 1) => first.clone(),
        _ => {
            let all = values.to_token_stream();
            errors.at(list, "a `#[state]` field has one first value", format_args!("a tuple is `#[state(({all}))]`"));
            return None;
        }
    };
    Some(first)
}

fn params(route: &Route) -> Vec<String> {
    route.pattern.iter().flat_map(Pattern::params).map(str::to_owned).collect()
}

fn sort_fields(marked: Vec<Marked>, route: &mut Route, errors: &mut Errors) {
    let mut unmarked: HashMap<String, Param> = HashMap::new();
    let names = params(route);
    let renamed = misnamed(&marked, &names);
    for Marked { name, docs, ty, cfgs, source } in marked {
        let plain = name.unraw().to_string();
        let is_param = names.contains(&plain);
        match source {
            Some(source) => {
                if is_param {
                    let what = format!("the field `{name}` is made from the path's `:{plain}`");
                    errors.at(&name, what, "take its attribute away, or give the parameter or the field another name");
                }
                route.fields.push(OtherField { name, ty, cfgs, source });
            }
            None => {
                if is_param && let Some(cfg) = cfgs.first() {
                    let what = format!("the field of a path's parameter, `:{plain}`, is always there");
                    errors.at(cfg, what, "take the `cfg` away");
                } else if !is_param && route.pattern.as_ref().is_some_and(|pattern| !pattern.is_guessed) {
                    match &renamed {
                        _ if is_extractor(&ty) => unmarked_extractor(&name, &ty, errors),
                        Some(param) => misnamed_field(&name, &plain, param, errors),
                        None => unmade_field(&name, &plain, &names, route, errors),
                    }
                }
                if is_param {
                    check_param(&plain, &ty, errors);
                }
                unmarked.insert(plain, Param { name, docs, ty });
            }
        }
    }
    if route.pattern.as_ref().is_some_and(|pattern| pattern.is_guessed) {
        return;
    }
    let others: Vec<String> = route.fields.iter().map(|field| field.name.unraw().to_string()).collect();
    for name in &names {
        match unmarked.remove(name) {
            Some(param) => route.params.push(param),
            // Reported above, at the field.
            None if others.contains(name) || renamed.as_ref() == Some(name) => {}
            None if unmarked.keys().any(|field| !names.contains(field) && is_meant(field, name)) => {}
            None => {
                let literal = route.pattern.as_ref().map(|pattern| &pattern.literal);
                let what = format!("`{}` has no field for the path's parameter `:{name}`", route.name);
                errors.at(
                    literal,
                    what,
                    format_args!("add one: `{}: String`, or any type that is `FromStr` and `Display`", as_field(name)),
                );
            }
        }
    }
}

fn check_param(name: &str, ty: &Type, errors: &mut Errors) {
    match ungroup(ty) {
        Type::Reference(_) => {
            let what = format!("the field of a path's parameter, `:{name}`, owns its value");
            errors.at(ty, what, "take it as a `String`");
        }
        _ if is_named(ty, "Option") => {
            let inner = last_segment(ty).and_then(first_type).map_or_else(|| "String".into(), text);
            let what = format!("the path's parameter `:{name}` is always there");
            errors.at(ty, what, format_args!("write `{inner}`; a path without it is another channel's"));
        }
        _ => {}
    }
}

/// The only parameter without a field, if there is only one field without a parameter: they probably belong together.
fn misnamed(marked: &[Marked], params: &[String]) -> Option<String> {
    let plain = |marked: &Marked| marked.name.unraw().to_string();
    let lacks_field = |param: &&String| !marked.iter().any(|marked| plain(marked) == **param);
    let lacks_param =
        |marked: &&Marked| marked.source.is_none() && !params.contains(&plain(marked)) && !is_extractor(&marked.ty);
    let ([param], [field]) = (
        &params.iter().filter(lacks_field).collect::<Vec<_>>()[..],
        &marked.iter().filter(lacks_param).collect::<Vec<_>>()[..],
    ) else {
        return None;
    };
    (!is_meant(&plain(field), param)).then(|| (*param).clone())
}

fn misnamed_field(name: &Ident, plain: &str, param: &str, errors: &mut Errors) {
    let what = format!("the field `{plain}` is no parameter of the path, and its `:{param}` has no field");
    let remedy = format!(
        "name it `{}` if that is what it is; else add `{0}: String`, and mark this one {}",
        as_field(param),
        one_of(MARKERS)
    );
    errors.at_span(name.span(), what, remedy);
}

fn unmade_field(name: &Ident, plain: &str, params: &[String], route: &Route, errors: &mut Errors) {
    let pattern = route.pattern.as_ref().map(|pattern| pattern.literal.value()).unwrap_or_default();
    let what = format!("the path \"{pattern}\" has no parameter `:{plain}`");
    let remedy = match params.iter().find(|param| is_meant(plain, param)) {
        Some(meant) => format!("did you mean `{}`?", as_field(meant)),
        None => format!(
            "mark the field `#[extract]` if it is made from the handshake, as `Auth<User>` is, and `#[state]` if it is the \
             connection's own; or put `:{plain}` into the path"
        ),
    };
    errors.at_span(name.span(), what, remedy);
}

fn unmarked_extractor(name: &Ident, ty: &Type, errors: &mut Errors) {
    let what = format!("the field `{name}` is made from the handshake, and is not marked so");
    errors.at_span(name.span(), what, format_args!("write `#[extract] {name}: {}`", text(ty)));
}

fn is_meant(field: &str, param: &str) -> bool {
    closest(field, [param]).is_some()
}

fn as_field(name: &str) -> String {
    match syn::parse_str::<Ident>(name) {
        Ok(_) => name.into(),
        Err(_) => format!("r#{name}"),
    }
}
