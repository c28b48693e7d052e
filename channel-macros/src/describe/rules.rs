//! The rules of `garde` on a field, as far as its attributes say them in literals. `garde` itself reports what is wrong in them.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, ExprUnary, Lit, UnOp};

/// A call for the description of the field. `None` if there is no such rule.
pub fn rules(attrs: &[Attribute]) -> Option<TokenStream> {
    let mut rules = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("garde")) {
        let _ = attr.parse_nested_meta(|meta| {
            let rule = match () {
                () if meta.path.is_ident("length") => length(&meta)?,
                () if meta.path.is_ident("range") => range(&meta)?,
                () if meta.path.is_ident("pattern") => pattern(&meta)?,
                () => {
                    skip(&meta)?;
                    None
                }
            };
            rules.extend(rule);
            Ok(())
        });
    }
    (!rules.is_empty()).then(|| quote!(.__rules(&[#(#rules),*])))
}

fn length(meta: &ParseNestedMeta) -> syn::Result<Option<TokenStream>> {
    let mut unit = quote!(Simple);
    let bounds = bounds(meta, |name| {
        match name {
            "simple" => {}
            "bytes" => unit = quote!(Bytes),
            "chars" => unit = quote!(Chars),
            "graphemes" => unit = quote!(Graphemes),
            "utf16" => unit = quote!(Utf16),
            _ => return false,
        }
        true
    })?;
    let number = |bound: Option<Expr>| match bound {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => number.base10_parse::<u64>().ok(),
        _ => None,
    };
    let [min, max] = bounds.map(number);
    let is_bound = min.is_some() || max.is_some();
    let [min, max] = [min, max].map(|bound| option(bound.map(|bound| quote!(#bound))));
    Ok(is_bound.then(|| quote!(__s::Rule::Length { min: #min, max: #max, unit: __s::Unit::#unit })))
}

fn range(meta: &ParseNestedMeta) -> syn::Result<Option<TokenStream>> {
    let bounds = bounds(meta, |_| false)?;
    let [min, max] = bounds.map(|bound| number(&bound?, false));
    let is_bound = min.is_some() || max.is_some();
    let [min, max] = [option(min), option(max)];
    Ok(is_bound.then(|| quote!(__s::Rule::Range { min: #min, max: #max })))
}

fn pattern(meta: &ParseNestedMeta) -> syn::Result<Option<TokenStream>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let text = content.parse::<Expr>()?;
    Ok(match text {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(quote!(__s::Rule::Pattern(#text))),
        _ => None,
    })
}

/// `min` and `max`; `equal` is both. `flag` returns whether it knows an argument without a value.
fn bounds(meta: &ParseNestedMeta, mut flag: impl FnMut(&str) -> bool) -> syn::Result<[Option<Expr>; 2]> {
    let [mut min, mut max] = [None, None];
    meta.parse_nested_meta(|meta| {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        if flag(&name) {
            return Ok(());
        }
        let value: Expr = meta.value()?.parse()?;
        match &*name {
            "min" => min = Some(value),
            "max" => max = Some(value),
            "equal" => (min, max) = (Some(value.clone()), Some(value)),
            _ => {}
        }
        Ok(())
    })?;
    Ok([min, max])
}

fn number(value: &Expr, is_negative: bool) -> Option<TokenStream> {
    let sign = is_negative.then(|| quote!(-));
    match value {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if !is_negative => number(expr, true),
        Expr::Group(group) => number(&group.expr, is_negative),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if !["f32", "f64"].contains(&number.suffix()) => {
            let number = number.base10_parse::<i128>().ok()?;
            Some(quote!(__s::Bound::Integer(#sign #number)))
        }
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            let number = number.base10_digits().parse::<f64>().ok()?;
            Some(quote!(__s::Bound::Float(#sign #number)))
        }
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => {
            let number = number.base10_parse::<f64>().ok()?;
            Some(quote!(__s::Bound::Float(#sign #number)))
        }
        _ => None,
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Passes over the arguments of another rule.
fn skip(meta: &ParseNestedMeta) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(syn::Token![,]) {
        meta.input.parse::<TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attribute: &str) -> String {
        let field: syn::ItemStruct = syn::parse_str(&format!("{attribute} struct A;")).unwrap();
        let rules = rules(&field.attrs).map(|rules| rules.to_string().replace(' ', "")).unwrap_or_default();
        rules.replace("::core::option::Option::", "").replace("__s::", "")
    }

    #[test]
    fn literals_are_read_and_all_else_is_passed_over() {
        let one = |rule: &str| format!(".__rules(&[{rule}])");
        for (attribute, expected) in [
            ("#[garde(skip)]", String::new()),
            ("#[garde(length(min = LEAST))]", String::new()),
            ("#[garde(length(min = 1, max = MOST))]", one("Rule::Length{min:Some(1u64),max:None,unit:Unit::Simple}")),
            ("#[garde(length(chars, equal = 2))]", one("Rule::Length{min:Some(2u64),max:Some(2u64),unit:Unit::Chars}")),
            (
                "#[garde(range(min = -1.5, max = 7u8))]",
                one("Rule::Range{min:Some(Bound::Float(-1.5f64)),max:Some(Bound::Integer(7i128))}"),
            ),
            (
                "#[garde(inner(length(max = 1)), custom(f(1, 2)), ascii, pattern(r\"^a$\"), contains(\"x\"))]",
                one("Rule::Pattern(r\"^a$\")"),
            ),
            ("#[garde(dive)] #[garde(range(max = 3))]", one("Rule::Range{min:None,max:Some(Bound::Integer(3i128))}")),
            ("#[garde(range(=))]", String::new()),
        ] {
            assert_eq!(read(attribute), expected, "{attribute}");
        }
    }
}
