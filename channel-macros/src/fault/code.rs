//! The code of a fault: what it may be, and what to propose.

use proc_macro2::Ident;
use syn::LitStr;
use syn::ext::IdentExt as _;

use crate::syntax::errors::Errors;
use crate::syntax::names::snake;

/// The code to propose: `bid.too_low` for `TooLow` of `BidError`, and for a struct `BidTooLow`.
pub fn proposed(enumeration: Option<&Ident>, name: &Ident) -> String {
    let name = bare(&snake(&name.unraw().to_string()));
    match enumeration.map(|of| bare(&snake(&of.unraw().to_string()))) {
        Some(of) if !of.is_empty() => format!("{of}.{name}"),
        Some(_) => format!("my.{name}"),
        None => match name.split_once('_') {
            Some((first, rest)) => format!("{first}.{rest}"),
            None => format!("my.{name}"),
        },
    }
}

/// Without `_error`, which every one of them is.
fn bare(name: &str) -> String {
    let endings = ["_error", "_fault", "_err"];
    if ["error", "fault"].contains(&name) {
        return String::new();
    }
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name).to_owned()
}

/// The rule of `Fault::new`, and that a code is one word.
pub fn check(code: &LitStr, proposed: &str, errors: &mut Errors) {
    let text = code.value();
    if text.chars().any(|char| char.is_whitespace() || char.is_control()) {
        errors.at(code, "the code of a fault has no blanks", format_args!("write `{proposed:?}`"));
    } else if !text.contains('.') {
        let of = proposed.split('.').next().unwrap_or("my");
        let what = format!("`{text}` is no code of yours: single words are the framework's, now or in a later version");
        errors.at(
            code,
            what,
            format_args!("write a code with a dot, `\"{of}.{}\"`", if text.is_empty() { "full" } else { &text }),
        );
    } else if text.split('.').any(str::is_empty) {
        errors.at(
            code,
            "the code of a fault has a word before and behind each dot",
            format_args!("write `{proposed:?}`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn codes_are_proposed_from_names() {
        let ident = |name| Ident::new(name, Span::call_site());
        for (of, name, code) in [
            (Some("BidError"), "TooLow", "bid.too_low"),
            (Some("Error"), "Closed", "my.closed"),
            (Some("GameFault"), "NotFoundError", "game.not_found"),
            (None, "BidClosed", "bid.closed"),
            (None, "Closed", "my.closed"),
        ] {
            assert_eq!(proposed(of.map(ident).as_ref(), &ident(name)), code);
        }
    }

    #[test]
    fn a_code_is_words_between_dots() {
        for (code, is_one) in [
            ("bid.too_low", true),
            ("rpc.-32050", true),
            ("a.b.c", true),
            ("full", false),
            ("", false),
            ("internal", false),
            ("bid.", false),
            (".low", false),
            ("bid..low", false),
            ("bid.too low", false),
        ] {
            let mut errors = Errors::default();
            check(&LitStr::new(code, Span::call_site()), "bid.low", &mut errors);
            assert_eq!(errors.is_empty(), is_one, "{code}");
        }
    }
}
