//! Sizes as attributes write them: `"512B"`, `"64KiB"`, `"1MiB"`.

use proc_macro2::Ident;
use syn::LitStr;
use syn::parse::ParseStream;

use crate::syntax::args;

const UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

const LARGEST: u64 = 1 << 30;

/// The size after the `=` of an argument, in bytes. Errors say `what` it is and show an `example`.
pub fn value(name: &Ident, what: &str, example: &str, input: ParseStream) -> syn::Result<usize> {
    let bare = args::bare_number(input).and_then(|number| number.parse().ok()).map(written);
    let example = bare.filter(|size| bytes(size).is_ok()).unwrap_or_else(|| example.into());
    let literal: LitStr = args::value(input).map_err(|error| {
        syn::Error::new(error.span(), format!("`{name}` is a string, {what}\nwrite `{name} = \"{example}\"`"))
    })?;
    bytes(&literal.value()).map_err(|text| syn::Error::new(literal.span(), text))
}

fn written(bytes: u64) -> String {
    let mut units = UNITS.into_iter().rev();
    let (unit, factor) = units.find(|(_, factor)| bytes.is_multiple_of(*factor)).unwrap_or(UNITS[0]);
    format!("{}{unit}", bytes / factor)
}

fn bytes(text: &str) -> Result<usize, String> {
    let usual = "write a whole number and its unit, such as \"512B\", \"64KiB\" or \"1MiB\"";
    let error = |what: &str, remedy: &str| Err(format!("{text:?} {what}\n{remedy}"));
    let advise = |what: &str, size: &str, remedy: String| match bytes(size) {
        Ok(_) => error(what, &remedy),
        Err(_) => error(what, usual),
    };
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim());
    let Ok(number) = number.parse::<u64>() else { return error("is no size", usual) };
    let Some((_, factor)) = UNITS.into_iter().find(|(known, _)| *known == unit) else {
        return match meant(unit) {
            Some(meant) => {
                let size = format!("{number}{meant}");
                advise("is in no unit that is known", &size, format!("did you mean \"{size}\"?"))
            }
            None if unit.is_empty() => {
                let size = written(number);
                advise("has no unit", &size, format!("write \"{size}\""))
            }
            None => error("is no size", usual),
        };
    };
    match number.saturating_mul(factor) {
        0 => error("is no size at all", usual),
        bytes @ 1..=LARGEST => Ok(bytes as usize),
        _ => error("is more than \"1GiB\"", "no bound is larger"),
    }
}

/// The unit that was probably meant. `KB` means `KiB`: nobody sets a bound to the byte.
fn meant(unit: &str) -> Option<&'static str> {
    match unit.to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" => Some("B"),
        "k" | "kb" | "kib" => Some("KiB"),
        "m" | "mb" | "mib" => Some("MiB"),
        "g" | "gb" | "gib" => Some("GiB"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use proptest::prelude::*;
    use quote::quote;
    use syn::parse::Parser as _;

    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, size) in [("1B", 1), ("512 B", 512), ("64KiB", 65_536), ("1MiB", 1 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["", "MiB", "-1MiB", "1.5MiB", "1 megabyte", "0MiB", "2GiB", "99999999999999999999B"] {
            assert!(bytes(text).is_err_and(|error| error.contains(&format!("{text:?}"))), "{text}");
        }
    }

    #[test]
    fn another_unit_is_told_with_the_one_that_was_meant() {
        for (text, meant) in [("1MB", "1MiB"), ("64kb", "64KiB"), ("2 mib", "2MiB"), ("1G", "1GiB"), ("512", "512B")] {
            let told = bytes(text).unwrap_err();
            assert!(told.contains(&format!("\"{meant}\"")), "{text}: {told}");
            assert!(bytes(meant).is_ok(), "{meant}");
        }
        assert!(bytes("65536").unwrap_err().ends_with("write \"64KiB\""));
    }

    #[test]
    fn a_number_without_its_unit_is_repeated_with_one() {
        let name = Ident::new("message_bytes", Span::call_site());
        for (tokens, written) in [
            (quote!(= 1_048_576), "1MiB"),
            (quote!(= 1000), "1000B"),
            (quote!(= 0), "64KiB"),
            (quote!(= 3_000_000_000), "64KiB"),
            (quote!(= 1024 * 1024), "1KiB"),
            (quote!(), "64KiB"),
        ] {
            let read = (|input: ParseStream| value(&name, "a size", "64KiB", input)).parse2(tokens.clone());
            let told = read.map_err(|error| error.to_string()).unwrap_err();
            assert!(told.ends_with(&format!("write `message_bytes = \"{written}\"`")), "{tokens}: {told}");
        }
    }

    proptest! {
        #[test]
        fn what_is_advised_is_a_size(text in "[0-9]{0,12} ?([kKmMgG]i?)?[bB]?") {
            if let Err(told) = bytes(&text) {
                let advice = told.lines().nth(1).unwrap_or_default();
                for size in advice.split('"').skip(1).step_by(2) {
                    prop_assert!(bytes(size).is_ok(), "{text:?}: {told}");
                }
            }
        }
    }
}
