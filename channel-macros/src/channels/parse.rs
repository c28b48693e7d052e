//! From the tokens of `channels![..]` to [`List`], with every error. The lock file is read here.

use std::path::Path;
use std::{env, fs};

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::ParseStream;
use syn::{LitStr, Type};

use super::lock_file::{Section, sections};
use super::model::{List, Lock, VARIABLE};
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::types;

pub fn list(tokens: TokenStream, errors: &mut Errors) -> List {
    let (list, behind) = split(tokens);
    let channels = channels(list, errors);
    let (lock, runtime) = options(behind, errors);
    List { channels, lock, runtime }
}

fn split(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let is_semicolon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let mut tokens = tokens.into_iter();
    let list = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    (list, tokens.collect())
}

fn options(tokens: TokenStream, errors: &mut Errors) -> (Option<Lock>, Runtime) {
    let (mut runtime, mut file) = (Runtime::default(), None);
    args::each(tokens, errors, |input, errors| {
        let name = args::name(input)?;
        match name.to_string().as_str() {
            "lock" => args::set(&mut file, &name, file_name(input)?, errors),
            "crate" => args::set(&mut runtime.0, &name, runtime_path::value(input)?, errors),
            _ => return Err(args::unknown(&name, "channels!", &["lock", "crate"])),
        }
        Ok(())
    });
    (file.and_then(|file| lock(file, errors)), runtime)
}

fn channels(tokens: TokenStream, errors: &mut Errors) -> Vec<Type> {
    let mut channels: Vec<Type> = Vec::new();
    args::each(tokens, errors, |input, errors| {
        let channel = args::ty(input)?;
        let text = types::text(&channel);
        if channels.iter().any(|other| types::text(other) == text) {
            errors.at(&channel, format_args!("`{text}` is listed twice"), "take one of them away");
        } else {
            channels.push(channel);
        }
        Ok(())
    });
    channels
}

fn file_name(input: ParseStream) -> syn::Result<LitStr> {
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

fn read(name: &str, command: &str) -> Result<Vec<Section>, (String, String)> {
    let Ok(root) = env::var("CARGO_MANIFEST_DIR") else {
        let what = format!("where `{name}` is can't be told: CARGO_MANIFEST_DIR is not set");
        return Err((what, "a lock's file stands beside the package's Cargo.toml; set it to that directory".into()));
    };
    let text = fs::read_to_string(Path::new(&root).join(name)).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            (format!("there is no lock `{name}` beside the package's Cargo.toml"), format!("write it: {command}"))
        }
        _ => (format!("the lock `{name}` can't be read: {error}"), format!("write it anew: {command}")),
    })?;
    sections(&text).map_err(|flaw| (format!("the lock `{name}` {flaw}"), format!("write it anew: {command}")))
}

/// Any program or test that makes the list rewrites the lock.
fn command() -> String {
    let runs = env::var_os("CARGO_BIN_NAME").is_some();
    format!("{VARIABLE}=accept cargo {}", if runs { "run" } else { "test" })
}

fn lock(file: LitStr, errors: &mut Errors) -> Option<Lock> {
    let command = command();
    if env::var(VARIABLE).is_ok_and(|asked| asked == "accept") {
        return Some(Lock { file, command, sections: None });
    }
    match read(&file.value(), &command) {
        Ok(sections) => Some(Lock { file, command, sections: Some(sections) }),
        Err((what, remedy)) => {
            errors.at(&file, what, remedy);
            None
        }
    }
}
