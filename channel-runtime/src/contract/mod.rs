//! What others generate from a description: a client in TypeScript, JSON Schema, AsyncAPI, a page.
//!
//! Everything here is a function of a [`Description`](crate::describe::Description) that returns text. `channels![..; lock = "..",
//! client = "web/channels.ts"]` writes and checks the files by itself; from a program it looks like this:
//!
//! ```
//! # #[cfg(feature = "server")] {
//! # use channel_runtime::{channel, channels, contract, message};
//! #[message(type = "say")]
//! pub struct Say { text: String }
//!
//! #[channel("/chat/:room")]
//! pub struct Chat { room: String }
//!
//! #[channel]
//! impl Chat {
//!     #[message]
//!     fn say(&mut self, say: Say) {}
//! }
//!
//! let description = channels![Chat].app(()).describe();
//! let client = contract::typescript(&description).typescript()?;
//! assert!(client.contains("export class Chat extends Channel<ChatProtocol> {"));
//! assert!(client.contains("say(message: Say, call?: Call)"));
//! # }
//! # Ok::<(), channel_runtime::contract::Opaque>(())
//! ```
//!
//! # The generated TypeScript
//!
//! A file has no imports: the core that connects stands above the types, and below them one class for each channel. What serde writes
//! decides the types, and a type that it writes differently than it reads is there twice:
//!
//! | Rust | a client receives | a client sends |
//! |---|---|---|
//! | `bool`, `String`, `char`, `()` | `boolean`, `string`, `string`, `null` | the same |
//! | integers up to 32 bits, floats | `number` | the same |
//! | integers of 64 bits | `number`, or `bigint` if [asked for](Typescript::bigint) or `#[describe(bigint)]` | the same |
//! | integers of 128 bits | `bigint` | the same |
//! | `Option<T>` | `T \| null` | may be missing too |
//! | the same, skipped if it is `None` | may be missing, never `null` | as above |
//! | a field with `#[serde(default)]` | always there | may be missing |
//! | `Vec`, sets; arrays up to 8, tuples | `T[]`; `[A, B]` | the same |
//! | maps by text; by integers; by an enum of units | `Record<string, V>`; `{ [key: number]: V }`; `{ [K in Color]?: V }` | the same |
//! | enums, in serde's four representations | unions | the same, and any text for `#[serde(other)]` |
//! | `#[serde(flatten)]` | `&` | the same |
//! | dates, `Uuid`, `Url`, `Decimal`, base64 | `string`, with `@format` in its comment | the same |
//! | newtypes | an alias | the same |
//!
//! `Outline` is what a client receives, and `OutlineSaid` what it sends if that is another type. A generic type has one
//! definition for each list of arguments: `PageItem`. A name that TypeScript or the core has already ends with `_`, and two types of
//! one name have their channel's or module's name before it.
//!
//! A channel in [another envelope](crate::Envelope), or one that takes raw text, has its types there and no class, because the core
//! speaks only the default envelope. Binary messages are no types; the class's comment lists them.

mod asyncapi;
mod directions;
#[cfg(feature = "server")]
pub(crate) mod files;
mod json;
mod names;
mod opaque;
#[cfg(feature = "server")]
mod page;
mod schema;
mod stamp;
#[cfg(test)]
mod tests;
mod typescript;

pub use asyncapi::{AsyncApi, asyncapi};
pub use opaque::Opaque;
#[cfg(feature = "server")]
pub use page::{Described, page};
pub use schema::{Schemas, schemas};
pub use typescript::{Typescript, typescript};
