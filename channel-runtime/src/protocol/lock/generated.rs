//! The files that are generated from the channels: what is known of them at compile time.

use super::fingerprint;
use super::report::Text;
use crate::protocol::describe::{ChannelShape, Description};

/// A file that `channels![..]` names.
#[derive(Clone, Copy, Debug)]
pub struct Generated<'a> {
    /// The name, from the package's directory on.
    pub file: &'a str,
    /// What is in it.
    pub kind: Kind,
    /// The name of the client's own file, which others beside it import.
    pub client: &'a str,
    /// Whether integers of 64 bits are a `bigint`.
    pub bigint: bool,
}

/// What a generated file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client.
    TypeScript,
    /// The client, for pages without a build.
    JavaScript,
    /// The types of that.
    Declarations,
    /// The client's hooks for React.
    React,
    /// The same, for pages without a build.
    ReactJavaScript,
    /// The types of that.
    ReactDeclarations,
    /// A description in AsyncAPI.
    AsyncApi,
    /// The messages in JSON Schema.
    Schemas,
}

/// Makes the text of a file, or says why it can't.
pub type Generator = fn(&Description, &Generated) -> Result<String, String>;

/// The generator of a crate without the feature `contract`.
#[cfg(not(feature = "contract"))]
pub const GENERATOR: Option<Generator> = None;

/// The error for a file that was generated for another wire. `None` if it is of this one.
pub const fn made_of(channels: &[ChannelShape], wire: u64, made: u64, file: &str, command: &str) -> Option<Text> {
    let mut at = 0;
    while at < channels.len() {
        if !channels[at].is_whole {
            return None;
        }
        at += 1;
    }
    if wire == made {
        return None;
    }
    let mut text = Text::new();
    text.push_all(&["`", file, "` was made of another wire, "]);
    fingerprint::push(&mut text, made);
    text.push_all(&["\nif the wire is as it is meant, write the file anew: ", command]);
    Some(text)
}

/// The error for a crate that can't generate files. `None` if it can.
pub const fn needs_generator(generator: Option<Generator>, command: &str) -> Option<Text> {
    if generator.is_some() {
        return None;
    }
    let mut text = Text::new();
    text.push("to generate a file needs the feature `contract` of channel-runtime\nadd it for this once: ");
    text.push_all(&[command, " --features channel-runtime/contract"]);
    Some(text)
}
