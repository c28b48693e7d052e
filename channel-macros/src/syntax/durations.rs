//! Durations as attributes write them: `"100ms"`, `"2s"`, `"5min"` or `"5m"`, `"1h"`.

use proc_macro2::Ident;
use syn::LitStr;
use syn::parse::ParseStream;

use crate::syntax::args;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000)];

const LONGEST: u64 = 24 * 3_600_000;

/// The duration after the `=` of an argument, in milliseconds. Errors say `what` it is and show an `example`.
pub fn value(name: &Ident, what: &str, example: &str, input: ParseStream) -> syn::Result<u64> {
    let example = match args::bare_number(input) {
        Some(number) => format!("{number}{}", example.trim_start_matches(|char: char| char.is_ascii_digit())),
        None => example.into(),
    };
    let literal: LitStr = args::value(input).map_err(|error| {
        syn::Error::new(error.span(), format!("`{name}` is a string, {what}\nwrite `{name} = \"{example}\"`"))
    })?;
    milliseconds(&literal)
}

fn milliseconds(literal: &LitStr) -> syn::Result<u64> {
    let text = literal.value();
    let error = |what: &str| {
        let text = format!(
            "{text:?} {what}\nwrite a whole number and its unit, such as \"100ms\", \"2s\", \"5min\" or \"1h\""
        );
        Err(syn::Error::new(literal.span(), text))
    };
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Some((_, factor)) = UNITS.into_iter().find(|(known, _)| *known == unit.trim()) else {
        return error("is no time");
    };
    match number.parse::<u64>().map(|number| number.saturating_mul(factor)) {
        Ok(0) => error("is no time at all"),
        Ok(time @ 1..=LONGEST) => Ok(time),
        Ok(_) => error("is longer than a day"),
        Err(_) => error("is no time"),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use quote::quote;
    use syn::parse::Parser as _;

    use super::*;

    #[test]
    fn a_number_without_its_unit_is_repeated_with_one() {
        let wait = Ident::new("wait", Span::call_site());
        for (tokens, written) in [
            (quote!(= 500), "500ms"),
            (quote!(= 1_000), "1000ms"),
            (quote!(= 0), "100ms"),
            (quote!(= 5u8), "100ms"),
            (quote!(), "100ms"),
        ] {
            let read = (|input: ParseStream| value(&wait, "how long", "100ms", input)).parse2(tokens.clone());
            let told = read.map_err(|error| error.to_string()).unwrap_err();
            assert!(told.ends_with(&format!("write `wait = \"{written}\"`")), "{tokens}: {told}");
        }
    }

    #[test]
    fn times_are_read() {
        let read = |text| milliseconds(&LitStr::new(text, Span::call_site())).map_err(|error| error.to_string());
        for (text, time) in [("100ms", 100), ("2s", 2000), ("5 min", 300_000), ("5m", 300_000), ("24h", LONGEST)] {
            assert_eq!(read(text), Ok(time));
        }
        for text in
            ["", "2", "s", "-2s", "1.5s", "2 seconds", "0s", "25h", "99999999999999999999s", "9999999999999999h"]
        {
            assert!(read(text).is_err_and(|error| error.contains(&format!("{text:?}"))), "{text}");
        }
    }
}
