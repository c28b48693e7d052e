//! `channels![..; lock = "channels.lock"]`: the file is read here and compared in constants, for messages may come from other
//! crates, where only the compiler knows them.

use std::path::Path;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{LitStr, Type};

use super::lock_file::{Section, sections};
use crate::errors::Errors;

/// The variable that accepts a change.
const VARIABLE: &str = "CHANNELS_LOCK";

/// A lock file that is to be compared with the channels.
pub struct Lock {
    file: LitStr,
    /// What is in it, and nothing where a change is being accepted.
    sections: Option<Vec<Section>>,
}

/// What follows `lock`: the file's name.
pub fn value(input: ParseStream) -> syn::Result<LitStr> {
    let literal = (|| {
        input.parse::<syn::Token![=]>()?;
        input.parse::<LitStr>()
    })();
    let remedy = "write `lock = \"channels.lock\"`";
    let literal =
        literal.map_err(|error| syn::Error::new(error.span(), format!("a lock is a file's name\n{remedy}")))?;
    let name = literal.value();
    let flaw = match () {
        () if name.is_empty() => "a lock's file has a name",
        () if Path::new(&name).has_root() => "a lock's name begins at the directory of the package's Cargo.toml",
        () => return Ok(literal),
    };
    Err(syn::Error::new(literal.span(), format!("{flaw}\n{remedy}")))
}

/// The sections, or what is wrong and what to do about it.
fn read(name: &str) -> Result<Vec<Section>, (String, String)> {
    let Ok(root) = env::var("CARGO_MANIFEST_DIR") else {
        let what = format!("where `{name}` is can't be told: CARGO_MANIFEST_DIR is not set");
        return Err((what, "a lock's file stands beside the package's Cargo.toml; set it to that directory".into()));
    };
    let text = fs::read_to_string(Path::new(&root).join(name)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            (format!("there is no lock `{name}` beside the package's Cargo.toml"), format!("write it: {}", command()))
        }
        _ => (format!("the lock `{name}` can't be read: {error}"), format!("write it anew: {}", command())),
    })?;
    sections(&text).map_err(|flaw| (format!("the lock `{name}` {flaw}"), format!("write it anew: {}", command())))
}

/// What rewrites the lock: a program that comes as far as its list of channels.
fn command() -> String {
    // Set for programs alone.
    let runs = env::var_os("CARGO_BIN_NAME").is_some();
    format!("{VARIABLE}=accept cargo {}", if runs { "run" } else { "test" })
}

impl Lock {
    /// The file, where it is a lock.
    pub fn read(file: LitStr, errors: &mut Errors) -> Option<Self> {
        if env::var(VARIABLE).is_ok_and(|asked| asked == "accept") {
            return Some(Self { file, sections: None });
        }
        match read(&file.value()) {
            Ok(sections) => Some(Self { file, sections: Some(sections) }),
            Err((what, remedy)) => {
                errors.at(&file, what, remedy);
                None
            }
        }
    }

    /// The checks, and the call that accepts a change.
    pub fn expand(&self, channels: &[Type]) -> (TokenStream, TokenStream) {
        let (file, command) = (&self.file, command());
        let path = quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file));
        let shapes = channels
            .iter()
            .map(|channel| quote_spanned!(channel.span()=> <#channel as ::channel_runtime::Channel>::SHAPE));
        // Mentioned for cargo, which compiles anew when the file or the variable changes.
        let variable = quote!(
            const _: ::core::option::Option<&::core::primitive::str> = ::core::option_env!(#VARIABLE);
        );
        let shapes = quote! {
            #variable
            const __SHAPES: &[::channel_runtime::private::lock::ChannelShape] = &[#(#shapes),*];
        };
        let Some(sections) = &self.sections else {
            let accept = quote! {
                ::channel_runtime::private::lock::accept(__SHAPES, #path, #file, #command, ::core::cfg!(test));
            };
            return (shapes, accept);
        };
        let sections = sections.iter().map(|section| {
            let (Section { header, lines }, sum) = (section, section.sum());
            // One token, and read by the compiler only where the sum is another.
            let lines: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
            quote! {
                ::channel_runtime::private::lock::Section {
                    header: #header,
                    lines: #lines,
                    sum: #sum,
                }
            }
        });
        let checks = channels
            .iter()
            .enumerate()
            .map(|(at, channel)| check(channel.span(), &quote!(channel(&__LOCK, &__SHAPES[#at]))));
        let rest = check(file.span(), &quote!(rest(&__LOCK, __SHAPES, &__TYPES)));
        let checks = quote! {
            #shapes
            const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
            const __LOCK: ::channel_runtime::private::lock::Lock<'static> = ::channel_runtime::private::lock::Lock {
                file: #file,
                command: #command,
                sections: &[#(#sections),*],
            };
            const __TYPES: ::channel_runtime::private::lock::Types =
                ::channel_runtime::private::lock::Types::of(__SHAPES);
            #(#checks)*
            #rest
        };
        (checks, TokenStream::new())
    }
}

/// A constant of its own for each, so that all that has changed shows at once.
fn check(place: proc_macro2::Span, call: &TokenStream) -> TokenStream {
    quote_spanned! {place=>
        // The more lines there are, the longer it takes, and it ends.
        #[allow(long_running_const_eval)]
        const _: () = match ::channel_runtime::private::lock::#call {
            ::core::option::Option::Some(__text) => ::core::panic!("{}", __text.as_str()),
            ::core::option::Option::None => (),
        };
    }
}
