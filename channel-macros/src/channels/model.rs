//! The model of a list of channels.

use syn::{Ident, LitStr, Type};

use super::lock_file::Section;
use crate::syntax::runtime_path::Runtime;

/// The environment variable: `accept` in it writes the files, `check` compares them.
pub const VARIABLE: &str = "CHANNELS_LOCK";

pub struct List {
    pub channels: Vec<Type>,
    /// `None` if none is named, or one can't be read.
    pub files: Option<Files>,
    /// The word `cluster`.
    pub cluster: Option<Ident>,
    pub runtime: Runtime,
}

/// The names of the files, as they are written.
#[derive(Default)]
pub struct Named {
    pub lock: Option<LitStr>,
    pub client: Option<Client>,
    pub asyncapi: Option<LitStr>,
    pub schemas: Option<LitStr>,
}

/// `client("web/channels.ts", react, bigint)`
pub struct Client {
    pub file: LitStr,
    pub react: bool,
    pub bigint: bool,
}

/// The files that are held against the channels.
pub struct Files {
    pub asked: Asked,
    pub command: String,
    pub lock: Option<Lock>,
    pub generated: Vec<Generated>,
}

/// What the environment asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// An error where a file is of another wire.
    Nothing,
    /// The same, and a program that compares the files byte by byte.
    Check,
    /// A program that writes the files.
    Accept,
}

pub struct Lock {
    pub file: LitStr,
    /// The file's content; empty while a change is being accepted.
    pub sections: Vec<Section>,
}

/// A file that is generated from the channels.
pub struct Generated {
    /// As it is written in the list.
    pub literal: LitStr,
    /// Its own name, which is another one if several are generated for one literal.
    pub name: String,
    pub kind: Kind,
    /// Whether integers of 64 bits are a `bigint`.
    pub bigint: bool,
    /// The fingerprint of the wire that it was generated for. `None` while a change is being accepted.
    pub wire: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    TypeScript,
    JavaScript,
    Declarations,
    React,
    ReactJavaScript,
    ReactDeclarations,
    AsyncApi,
    Schemas,
}

impl Kind {
    /// The name of the variant in the runtime.
    pub fn name(self) -> &'static str {
        match self {
            Self::TypeScript => "TypeScript",
            Self::JavaScript => "JavaScript",
            Self::Declarations => "Declarations",
            Self::React => "React",
            Self::ReactJavaScript => "ReactJavaScript",
            Self::ReactDeclarations => "ReactDeclarations",
            Self::AsyncApi => "AsyncApi",
            Self::Schemas => "Schemas",
        }
    }

    pub fn is_json(self) -> bool {
        matches!(self, Self::AsyncApi | Self::Schemas)
    }
}

/// The kind of a client, by its name, and the name without its end. `None` if it is neither TypeScript nor JavaScript.
pub fn kind(name: &str) -> Option<(Kind, &str)> {
    let typescript = name.strip_suffix(".ts").map(|stem| (Kind::TypeScript, stem));
    typescript.or_else(|| name.strip_suffix(".js").map(|stem| (Kind::JavaScript, stem)))
}
