//! A client in TypeScript: the core, the types, and one class for each channel, in one file.

mod bigints;
mod channels;
mod comment;
mod definitions;
mod expression;
mod forms;
mod naming;
mod sentences;
mod words;

use channels::Printer;
use forms::Expressions;
use naming::Names;
use words::CORE;

use super::opaque::Opaque;
use super::stamp::stamped;
use crate::protocol::describe::Description;

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
        self.file(CORE, |printer| printer.typescript())
    }

    /// The core, the types, and what `class` makes of each channel.
    fn file(&self, core: &str, class: impl Fn(&Printer<'_, '_>) -> String) -> Result<String, Opaque> {
        if !self.opaque_as_unknown {
            Opaque::check(self.description)?;
        }
        let names = Names::of(self.description, self.bigint);
        let expressions = Expressions { types: &self.description.types, names: names.of_types(), bigint: self.bigint };
        let mut body = format!("{}\n", core.trim());
        for ty in &names.types {
            for (name, direction) in ty.names() {
                body.push('\n');
                body.push_str(&expressions.definition(&name, ty.definition, direction));
            }
        }
        for named in &names.messages {
            for (name, direction) in named.names() {
                body.push('\n');
                body.push_str(&expressions.message(&name, named.message, named.is_flat, direction));
            }
        }
        for (channel, name) in self.description.channels.iter().zip(&names.channels) {
            let printer =
                Printer { description: self.description, expressions: &expressions, names: &names, channel, name };
            body.push_str(&format!("\n{}{}", printer.interface(), class(&printer)));
        }
        Ok(stamped(&self.description.fingerprint, &body))
    }
}
