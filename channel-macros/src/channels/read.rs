//! The files that a list names, read while it expands.

use std::path::Path;
use std::{env, fs, io};

use syn::LitStr;

use super::generated_file;
use super::lock_file::{Section, sections};
use super::model::{Asked, Client, Files, Generated, Kind, Lock, Named, VARIABLE, kind};
use crate::syntax::errors::Errors;

/// `None` if the list names no files, or one can't be used.
pub fn files(named: Named, errors: &mut Errors) -> Option<Files> {
    let Named { lock, client, asyncapi, schemas } = named;
    let mut generated: Vec<Generated> = client.map(of_client).unwrap_or_default();
    let json = [(asyncapi, Kind::AsyncApi), (schemas, Kind::Schemas)];
    generated.extend(json.into_iter().filter_map(|(literal, kind)| {
        let literal = literal?;
        Some(Generated { name: literal.value(), literal, kind, bigint: false, wire: None })
    }));
    if lock.is_none() && generated.is_empty() {
        return None;
    }
    let (before, command, asked) = (errors.len(), command(), asked());
    if let Some(misspelt) = misspelt()
        && let Some(file) = lock.as_ref().or_else(|| generated.first().map(|file| &file.literal))
    {
        let what = format!("the variable {VARIABLE} is `{misspelt}`");
        errors.at(file, what, "set it to `accept` or `check`, or not at all");
    }
    twice(lock.as_ref(), &generated, errors);
    if errors.len() > before {
        return None;
    }
    let mut read = |file: &LitStr, result: Result<(), Flaw>| {
        if let Err((what, remedy)) = result {
            errors.at(file, what, remedy);
        }
    };
    let lock = lock.map(|file| {
        let mut lock = Lock { file, sections: Vec::new() };
        if asked != Asked::Accept {
            let result = read_lock(&lock.file.value(), &command).map(|sections| lock.sections = sections);
            read(&lock.file, result);
        }
        lock
    });
    if asked != Asked::Accept {
        for file in &mut generated {
            let result = read_wire(file, &command).map(|wire| file.wire = Some(wire));
            read(&file.literal, result);
        }
    }
    (errors.len() == before).then_some(Files { asked, command, lock, generated })
}

/// What is wrong, and what to do.
type Flaw = (String, String);

fn of_client(Client { file, react, bigint }: Client) -> Vec<Generated> {
    let name = file.value();
    let Some((script, stem)) = kind(&name) else { return Vec::new() };
    let files = match script {
        Kind::TypeScript => vec![(Kind::TypeScript, ".ts"), (Kind::React, ".react.ts")],
        _ => vec![
            (Kind::JavaScript, ".js"),
            (Kind::Declarations, ".d.ts"),
            (Kind::ReactJavaScript, ".react.js"),
            (Kind::ReactDeclarations, ".react.d.ts"),
        ],
    };
    files
        .into_iter()
        .filter(|(_, end)| react || !end.starts_with(".react"))
        .map(|(kind, end)| {
            // The hooks have no integers.
            let bigint = bigint && !end.starts_with(".react");
            Generated { literal: file.clone(), name: format!("{stem}{end}"), kind, bigint, wire: None }
        })
        .collect()
}

fn twice(lock: Option<&LitStr>, generated: &[Generated], errors: &mut Errors) {
    let mut known: Vec<String> = lock.map(LitStr::value).into_iter().collect();
    for Generated { literal, name, .. } in generated {
        if known.contains(name) {
            errors.at(literal, format_args!("`{name}` is named twice"), "give each file a name of its own");
        }
        known.push(name.clone());
    }
}

fn asked() -> Asked {
    match env::var(VARIABLE).as_deref() {
        Ok("accept") => Asked::Accept,
        Ok("check") => Asked::Check,
        _ => Asked::Nothing,
    }
}

fn misspelt() -> Option<String> {
    env::var(VARIABLE).ok().filter(|value| !["", "accept", "check"].contains(&value.as_str()))
}

/// Any program or test that makes the list rewrites the files. Cargo does not say of a program whether it is an example, but where its
/// source is does.
fn command() -> String {
    // There is no compiler to ask in this crate's own tests.
    let source = if proc_macro::is_available() { proc_macro::Span::call_site().file() } else { String::new() };
    let is_example = Path::new(&source).iter().any(|folder| folder == "examples");
    let runs = match env::var("CARGO_BIN_NAME") {
        Ok(name) if is_example => format!("run --example {name}"),
        Ok(_) => "run".to_owned(),
        Err(_) => "test".to_owned(),
    };
    format!("{VARIABLE}=accept cargo {runs}")
}

fn text(name: &str, what: &str) -> Result<io::Result<String>, Flaw> {
    let Ok(root) = env::var("CARGO_MANIFEST_DIR") else {
        let flaw = format!("where `{name}` is can't be told: CARGO_MANIFEST_DIR is not set");
        let remedy = format!("{what} stands beside the package's Cargo.toml; set it to that directory");
        return Err((flaw, remedy));
    };
    Ok(fs::read_to_string(Path::new(&root).join(name)))
}

fn read_lock(name: &str, command: &str) -> Result<Vec<Section>, Flaw> {
    let anew = format!("write it anew: {command}");
    let text = text(name, "a lock's file")?.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            (format!("there is no lock `{name}` beside the package's Cargo.toml"), format!("write it: {command}"))
        }
        _ => (format!("the lock `{name}` can't be read: {error}"), anew.clone()),
    })?;
    sections(&text).map_err(|flaw| (format!("the lock `{name}` {flaw}"), anew))
}

fn read_wire(Generated { name, kind, bigint, .. }: &Generated, command: &str) -> Result<u64, Flaw> {
    let anew = format!("write it anew: {command}");
    let text = text(name, "a generated file")?.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => (format!("there is no `{name}`"), format!("write it: {command}")),
        _ => (format!("`{name}` can't be read: {error}"), anew.clone()),
    })?;
    generated_file::wire(&text, *kind, *bigint).map_err(|flaw| match flaw {
        generated_file::Flaw::Changed(what) => {
            (format!("`{name}` {what}"), format!("change the Rust and not this file, and {anew}"))
        }
        generated_file::Flaw::Other(what) => (format!("`{name}` {what}"), anew),
    })
}
