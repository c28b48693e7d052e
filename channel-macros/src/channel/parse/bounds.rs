//! A channel's own limits: `message_bytes = "1MiB"` and the like.

use proc_macro2::Ident;
use syn::parse::ParseStream;

use crate::channel::model::Bounds;
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::rate::{self, Rate};
use crate::syntax::sizes;

pub const ARGUMENTS: [&str; 6] = [
    "message_bytes",
    "outbox_bytes",
    "message_rate",
    "message_burst",
    "message_rate_per_user",
    "message_burst_per_user",
];

#[derive(Default)]
pub struct BoundArgs {
    message_bytes: Option<usize>,
    outbox_bytes: Option<usize>,
    connection: OfFrames,
    user: OfFrames,
}

#[derive(Default)]
struct OfFrames {
    rate: Option<Rate>,
    burst: Option<(Ident, u32)>,
    is_broken: bool,
}

impl BoundArgs {
    pub fn argument(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        match name.to_string().as_str() {
            "message_bytes" => {
                let bytes = sizes::value(name, "the longest message of a client", "64KiB", input)?;
                args::set(&mut self.message_bytes, name, bytes, errors);
            }
            "outbox_bytes" => {
                let bytes = sizes::value(name, "the most that waits for a client", "1MiB", input)?;
                args::set(&mut self.outbox_bytes, name, bytes, errors);
            }
            "message_rate" => self.connection.set_rate(name, input, errors)?,
            "message_burst" => self.connection.set_burst(name, input, errors)?,
            "message_rate_per_user" => self.user.set_rate(name, input, errors)?,
            _ => self.user.set_burst(name, input, errors)?,
        }
        Ok(())
    }

    pub fn finish(self, errors: &mut Errors) -> Bounds {
        for (frames, rate) in [(&self.connection, "message_rate"), (&self.user, "message_rate_per_user")] {
            if let (None, false, Some((name, burst))) = (frames.rate, frames.is_broken, &frames.burst) {
                let remedy = format!("write `{rate} = \"100/s\", {name} = {burst}`");
                errors.at(name, format_args!("`{name}` belongs to a `{rate}`"), remedy);
            }
        }
        Bounds {
            message_bytes: self.message_bytes,
            outbox_bytes: self.outbox_bytes,
            message_rate: self.connection.parts(),
            message_rate_per_user: self.user.parts(),
        }
    }
}

impl OfFrames {
    fn set_rate(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        self.is_broken = true;
        let rate = rate::rate(name, input)?;
        args::set(&mut self.rate, name, rate, errors);
        Ok(())
    }

    fn set_burst(&mut self, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        let burst = rate::burst(name, input)?;
        args::set(&mut self.burst, name, (name.clone(), burst), errors);
        Ok(())
    }

    fn parts(&self) -> Option<[u32; 3]> {
        Some(self.rate?.parts(self.burst.as_ref().map(|(_, burst)| *burst)))
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;
    use crate::channel::expand;

    fn bounds(tokens: TokenStream) -> (String, Vec<String>) {
        let (mut bounds, mut errors) = (BoundArgs::default(), Errors::default());
        args::each(tokens, &mut errors, |input, errors| bounds.argument(&args::name(input)?, input, errors));
        let bounds = bounds.finish(&mut errors);
        let tokens = expand::bounds::constant(&bounds).unwrap_or_default().to_string().replace(' ', "");
        let set = tokens.split_once("NONE").map_or("", |(_, set)| set).trim_end_matches(';');
        (set.into(), errors.messages())
    }

    #[test]
    fn what_is_set_is_in_the_constant_and_without_any_there_is_none() {
        assert_eq!(bounds(quote!()), (String::new(), vec![]));
        let (set, errors) = bounds(quote!(outbox_bytes = "4MiB", message_bytes = "1MiB"));
        assert_eq!(errors, [""; 0]);
        assert_eq!(set, ".message_bytes(1048576usize).outbox_bytes(4194304usize)");
        let (set, errors) = bounds(quote!(message_burst = 50, message_rate = "20/s", message_rate_per_user = "1/min"));
        assert_eq!(errors, [""; 0]);
        assert_eq!(set, ".message_rate(20u32,1u32,50u32).message_rate_per_user(1u32,60u32,1u32)");
    }

    #[test]
    fn what_can_not_be_set_is_one_error_each() {
        for tokens in [
            quote!(message_bytes = 1024),
            quote!(message_bytes = "1MB"),
            quote!(message_bytes = "1MiB", message_bytes = "2MiB"),
            quote!(outbox_bytes),
            quote!(message_rate = 5),
            quote!(message_rate = "5", message_burst = 10),
            quote!(message_burst = 10),
            quote!(message_rate = "5/s", message_burst = 0),
            quote!(message_rate = "5/s", message_burst_per_user = 9),
        ] {
            let (_, errors) = bounds(tokens.clone());
            assert_eq!(errors.len(), 1, "{tokens}: {errors:?}");
        }
    }
}
