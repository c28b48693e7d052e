//! A client in TypeScript: the core, the types, and one class for each channel, in one file.

mod bigints;
mod channels;
mod comment;
mod definitions;
mod expression;
mod forms;
mod naming;
mod present;
mod sentences;
pub(super) mod words;

use channels::Printer;
use forms::Expressions;
use naming::Names;
use words::CORE;

use super::opaque::Opaque;
use super::stamp::{stamped, with_option};
use crate::protocol::describe::Description;

const CORE_JS: &str = include_str!("core.js");
const CORE_D_TS: &str = include_str!("core.d.ts");
const REACT: &str = include_str!("react.ts");
const REACT_JS: &str = include_str!("react.js");
const REACT_D_TS: &str = include_str!("react.d.ts");

/// A TypeScript client of these channels, to be printed in one form or another.
///
/// ```
/// # use channel_runtime::{contract, describe::Description};
/// # fn write(description: &Description) -> Result<(), Box<dyn std::error::Error>> {
/// std::fs::write("web/channels.ts", contract::typescript(description).bigint().typescript()?)?;
/// # Ok(())
/// # }
/// ```
pub fn typescript(description: &Description) -> Typescript<'_> {
    Typescript { description, bigint: false, opaque_as_unknown: false }
}

/// What [`typescript`] returns.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is printed before one of the forms is asked for"]
pub struct Typescript<'d> {
    description: &'d Description,
    bigint: bool,
    opaque_as_unknown: bool,
}

impl Typescript<'_> {
    /// Makes all integers of 64 bits `bigint`, as if each field had `#[describe(bigint)]`. Otherwise they are `number`, and a client
    /// that receives one that loses digits has an `error` event.
    pub fn bigint(mut self) -> Self {
        self.bigint = true;
        self
    }

    /// Makes `unknown` of types that are not [`Describe`](crate::describe::Describe), which are an error otherwise.
    pub fn opaque_as_unknown(mut self) -> Self {
        self.opaque_as_unknown = true;
        self
    }

    /// One `.ts` file without imports, which bundlers, Node, Deno and Bun take as it is: nothing in it has to be compiled away but
    /// types.
    ///
    /// # Errors
    /// If the form of a type is not known.
    pub fn typescript(&self) -> Result<String, Opaque> {
        let parts = self.parts(true, |printer| vec![printer.interface(), printer.typescript()])?;
        Ok(self.file(CORE, &parts))
    }

    /// The same as JavaScript, for pages without a build step. Its types are in [`declarations`](Self::declarations).
    ///
    /// # Errors
    /// If the form of a type is not known.
    pub fn javascript(&self) -> Result<String, Opaque> {
        let parts = self.parts(false, |printer| vec![printer.javascript()])?;
        Ok(self.file(CORE_JS, &parts))
    }

    /// The types of [`javascript`](Self::javascript): `channels.d.ts` beside `channels.js`.
    ///
    /// # Errors
    /// If the form of a type is not known.
    pub fn declarations(&self) -> Result<String, Opaque> {
        let parts = self.parts(true, |printer| vec![printer.interface(), printer.declaration()])?;
        Ok(self.file(CORE_D_TS, &parts))
    }

    /// React's hooks for the client of [`typescript`](Self::typescript), which `client` names: `./channels.ts`. The hooks are in a
    /// file of their own, because they import React.
    pub fn react(&self, client: &str) -> String {
        stamped(&self.description.fingerprint, &REACT.replace("'./core.ts'", &words::quoted(client)))
    }

    /// React's hooks for the client of [`javascript`](Self::javascript).
    pub fn react_javascript(&self) -> String {
        stamped(&self.description.fingerprint, REACT_JS)
    }

    /// The types of [`react_javascript`](Self::react_javascript), for the client that `client` names: `./channels.js`.
    pub fn react_declarations(&self, client: &str) -> String {
        stamped(&self.description.fingerprint, &REACT_D_TS.replace("'./core.js'", &words::quoted(client)))
    }

    fn file(&self, core: &str, parts: &[String]) -> String {
        let file = stamped(&self.description.fingerprint, &format!("{}\n\n{}", core.trim(), parts.join("\n")));
        if self.bigint { with_option(&file, "bigint") } else { file }
    }

    /// The types, if they are wanted, and what `class` makes of each channel.
    fn parts(&self, has_types: bool, class: impl Fn(&Printer<'_, '_>) -> Vec<String>) -> Result<Vec<String>, Opaque> {
        if !self.opaque_as_unknown {
            Opaque::check(self.description)?;
        }
        let names = Names::of(self.description, self.bigint);
        let expressions = Expressions { types: &self.description.types, names: names.of_types(), bigint: self.bigint };
        let mut parts = Vec::new();
        if has_types {
            for ty in &names.types {
                let all = ty.names().into_iter();
                parts.extend(all.map(|(name, direction)| expressions.definition(&name, ty.definition, direction)));
            }
            for named in &names.messages {
                let all = named.names().into_iter();
                parts.extend(
                    all.map(|(name, direction)| expressions.message(&name, named.message, named.is_flat, direction)),
                );
            }
        }
        for (channel, name) in self.description.channels.iter().zip(&names.channels) {
            let printer =
                Printer { description: self.description, expressions: &expressions, names: &names, channel, name };
            parts.extend(class(&printer));
        }
        parts.retain(|part| !part.is_empty());
        Ok(parts)
    }
}
