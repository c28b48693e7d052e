//! `#[deprecated]` on an item or a field.

use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta};

/// The note, which may be empty. `None` if it is not deprecated. A malformed attribute is the compiler's to report.
pub fn note(attrs: &[Attribute]) -> Option<String> {
    let attr = attrs.iter().find(|attr| attr.path().is_ident("deprecated"))?;
    let mut note = String::new();
    match &attr.meta {
        Meta::NameValue(meta) => {
            if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value {
                note = text.value();
            }
        }
        Meta::List(_) => {
            let _ = attr.parse_nested_meta(|meta| {
                let text = meta.value()?.parse::<LitStr>()?;
                if meta.path.is_ident("note") {
                    note = text.value();
                }
                Ok(())
            });
        }
        Meta::Path(_) => {}
    }
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_is_read_in_each_form() {
        let note_of = |item: &str| note(&syn::parse_str::<syn::ItemStruct>(item).unwrap().attrs);
        assert_eq!(note_of("struct A;"), None);
        assert_eq!(note_of("#[deprecated] struct A;").as_deref(), Some(""));
        assert_eq!(note_of("#[deprecated = \"use B\"] struct A;").as_deref(), Some("use B"));
        assert_eq!(note_of("#[deprecated(since = \"1\", note = \"use B\")] struct A;").as_deref(), Some("use B"));
    }
}
