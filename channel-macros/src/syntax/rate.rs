//! Rates: `rate = "5/s"`, `burst = 10` and `per = "user"` of a message, and a channel's own rate of frames under other names.

use syn::parse::ParseStream;
use syn::{Ident, LitInt, LitStr};

use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::names::one_of;

const UNITS: [(&str, u32); 3] = [("s", 1), ("min", 60), ("h", 3600)];

#[derive(Default)]
pub struct Limit {
    rate: Option<Rate>,
    burst: Option<(Ident, u32)>,
    per: Option<(Ident, Per)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    seconds: u32,
}

impl Rate {
    /// The count, the seconds, and the burst, which is the count if none is given.
    pub fn parts(self, burst: Option<u32>) -> [u32; 3] {
        [self.count, self.seconds, burst.unwrap_or(self.count)]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Connection,
    User,
}

impl Limit {
    pub fn argument(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        match name.to_string().as_str() {
            "rate" => args::set(&mut self.rate, name, rate(name, input)?, errors),
            "burst" => args::set(&mut self.burst, name, (name.clone(), burst(name, input)?), errors),
            _ => args::set(&mut self.per, name, (name.clone(), per(name, input)?), errors),
        }
        Ok(())
    }

    pub fn check(&self, has_broken_rate: bool, errors: &mut Errors) {
        if self.rate.is_some() || has_broken_rate {
            return;
        }
        let of_rate = self.burst.iter().map(|(name, _)| name).chain(self.per.iter().map(|(name, _)| name));
        for name in of_rate {
            errors.at(
                name,
                format_args!("`{name}` belongs to a rate"),
                format_args!("write `rate = \"5/s\", {name} = ..`"),
            );
        }
    }

    pub fn rate(&self) -> Option<[u32; 3]> {
        Some(self.rate?.parts(self.burst.as_ref().map(|(_, burst)| *burst)))
    }

    pub fn is_per_user(&self) -> bool {
        self.per.as_ref().is_some_and(|(_, per)| *per == Per::User)
    }
}

fn value<T: syn::parse::Parse>(name: &Ident, input: ParseStream, what: &str, remedy: &str) -> syn::Result<T> {
    args::value(input).map_err(|error| syn::Error::new(error.span(), format!("`{name}` is {what}\nwrite `{remedy}`")))
}

pub fn rate(name: &Ident, input: ParseStream) -> syn::Result<Rate> {
    let example = format!("{name} = \"{}/s\"", args::bare_number(input).as_deref().unwrap_or("5"));
    let literal: LitStr = value(name, input, "a string, a number of messages in a time", &example)?;
    let units = one_of(&UNITS.map(|(unit, _)| unit));
    let error = |what: String, remedy: String| Err(syn::Error::new(literal.span(), format!("{what}\n{remedy}")));
    let text = literal.value();
    let Some((count, unit)) = text.split_once('/') else {
        let what = format!("the rate {text:?} does not say in which time");
        let number = text.trim().parse::<u32>().ok().filter(|number| *number > 0).unwrap_or(5);
        return error(what, format!("write a number, a slash and {units}: `{name} = \"{number}/s\"`"));
    };
    let Some((_, seconds)) = UNITS.into_iter().find(|(known, _)| *known == unit.trim()) else {
        return error(
            format!("the rate {text:?} is in no time that is known"),
            format!("the time is {units}: `{name} = \"5/s\"`"),
        );
    };
    match count.trim().parse::<u32>() {
        Ok(count @ 1..) => Ok(Rate { count, seconds }),
        Ok(0) => error(
            format!("the rate {text:?} lets nothing pass"),
            "take the handler away where nobody may say it".into(),
        ),
        _ => {
            let what = format!("the rate {text:?} does not begin with a number of messages");
            error(what, format!("write a whole number, a slash and {units}: `{name} = \"5/s\"`"))
        }
    }
}

pub fn burst(name: &Ident, input: ParseStream) -> syn::Result<u32> {
    let what = "how many may come at once, a whole number from 1";
    let example = format!("{name} = 10");
    let literal: LitInt = value(name, input, what, &example)?;
    literal
        .base10_parse()
        .ok()
        .filter(|burst| *burst > 0)
        .ok_or_else(|| syn::Error::new(literal.span(), format!("`{name}` is {what}\nwrite `{example}`")))
}

fn per(name: &Ident, input: ParseStream) -> syn::Result<Per> {
    let (what, remedy) = ("whose messages are counted", "per = \"connection\"` or `per = \"user\"");
    let literal: LitStr = value(name, input, what, remedy)?;
    match literal.value().as_str() {
        "connection" => Ok(Per::Connection),
        "user" => Ok(Per::User),
        other => {
            let text = format!("messages are not counted per {other:?}\nwrite `{remedy}`");
            Err(syn::Error::new(literal.span(), text))
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;
    use syn::parse::Parser as _;

    use super::*;

    fn limit(tokens: TokenStream) -> (Limit, Vec<String>) {
        let (mut limit, mut errors) = (Limit::default(), Errors::default());
        args::each(tokens, &mut errors, |input, errors| limit.argument(&args::name(input)?, input, errors));
        limit.check(false, &mut errors);
        (limit, errors.messages())
    }

    #[test]
    fn rates_are_read_with_their_bursts() {
        let read = |tokens| {
            let limit = limit(tokens).0;
            (limit.rate(), limit.is_per_user())
        };
        assert_eq!(read(quote!(rate = "5/s")), (Some([5, 1, 5]), false));
        assert_eq!(read(quote!(burst = 10, rate = " 30 / min ", per = "user")), (Some([30, 60, 10]), true));
        assert_eq!(read(quote!(rate = "1/h", per = "connection")), (Some([1, 3600, 1]), false));
        assert_eq!(read(quote!()), (None, false));
    }

    #[test]
    fn what_is_no_rate_is_one_error_each() {
        for tokens in [
            quote!(rate = 5),
            quote!(rate),
            quote!(rate = "5"),
            quote!(rate = "5/d"),
            quote!(rate = "0/s"),
            quote!(rate = "-1/s"),
            quote!(rate = "1.5/s"),
            quote!(rate = "99999999999/s"),
            quote!(rate = "5/s", burst = 0),
            quote!(rate = "5/s", burst = "10"),
            quote!(rate = "5/s", burst = 99999999999),
            quote!(rate = "5/s", per = "room"),
            quote!(rate = "5/s", rate = "6/s"),
            quote!(burst = 10),
            quote!(per = "user"),
        ] {
            assert_eq!(limit(tokens.clone()).1.len(), 1, "{tokens}: {:?}", limit(tokens.clone()).1);
        }
        for (tokens, remedy) in [
            (quote!(rate = 20), "20/s"),
            (quote!(rate = "20"), "20/s"),
            (quote!(rate = 0), "5/s"),
            (quote!(rate), "5/s"),
            (quote!(rate = "many"), "5/s"),
        ] {
            let told = limit(tokens.clone()).1.remove(0);
            assert!(told.ends_with(&format!("`rate = \"{remedy}\"`")), "{tokens}: {told}");
        }
        let parser = |input: ParseStream| rate(&Ident::new("rate", proc_macro2::Span::call_site()), input);
        assert!(parser.parse2(quote!(= "4294967295/h")).is_ok());
    }
}
