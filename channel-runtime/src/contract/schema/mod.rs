//! JSON Schema of a description: one printer with two dialects, and the document in the newer one.

pub(super) mod document;
mod enums;
pub(super) mod frames;
mod names;
mod objects;
pub(super) mod printer;
mod rules;
mod sample;
mod shape;
pub(super) mod words;

use document::Document;
use printer::Dialect;

use crate::contract::directions::Direction;
use crate::contract::json::Object;
use crate::contract::opaque::Opaque;
use crate::protocol::describe::Description;

/// A description as one document of [JSON Schema 2020-12](https://json-schema.org/draft/2020-12), for validators and generators of
/// code in any language.
///
/// ```
/// # #[cfg(feature = "server")] {
/// # use channel_runtime::{channel, channels, contract, message};
/// #[message(type = "say")]
/// pub struct Say { text: String }
///
/// #[channel("/chat/:room")]
/// pub struct Chat { room: String }
///
/// #[channel]
/// impl Chat {
///     #[message]
///     fn say(&mut self, say: Say) {}
/// }
///
/// let description = channels![Chat].app(()).describe();
/// let document: serde_json::Value = serde_json::from_str(&contract::schemas(&description).json()?).unwrap();
/// assert_eq!(document["$defs"]["Say"]["required"], serde_json::json!(["type", "text"]));
/// assert_eq!(document["x-channels"]["Chat"]["says"]["say"], "#/$defs/Say");
/// # }
/// # Ok::<(), channel_runtime::contract::Opaque>(())
/// ```
///
/// - `$defs` has each named type, each message as a whole frame, and the answers: `Success`, `Error`, `Chat.history.success` for
///   an answer with data, and `fault.bid.too_low` for the details of a fault.
/// - A type that is written differently than it is read has two definitions: `Outline` for what a client receives, `OutlineSaid`
///   for what it sends.
/// - `x-channels` names the definition of each message by its channel, its direction and its type.
/// - `x-delivery` of a message to clients is `volatile` if it is not sent to a client that is behind, and for
///   example `latest(symbol) every 100ms` if such a client is sent the newest one of each `symbol`, at most so often.
/// - A validator that refuses keywords it does not know is told these: `x-channels`, `x-channels-fingerprint` and `x-delivery`.
/// - What the server ignores, a schema permits, and so it does for a client: only with `#[serde(deny_unknown_fields)]` are other
///   keys refused, and only in what a client sends. Aliases are not offered.
/// - Rules of garde are said of what a client sends, as far as a schema can say them without refusing what the server accepts.
/// - In another [envelope](crate::Envelope) a message's schema is that of its payload. Binary messages and raw text have none.
/// - Formats are those of JSON Schema. Another one, such as `decimal`, is named in the `description`, because some validators refuse
///   formats that they do not know.
pub fn schemas(description: &Description) -> Schemas<'_> {
    Schemas { description, opaque_as_unknown: false }
}

/// JSON Schema of a description, from [`schemas`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Schemas<'d> {
    description: &'d Description,
    opaque_as_unknown: bool,
}

impl Schemas<'_> {
    /// Accepts any JSON where the form of a type is not known, which is an error else.
    pub fn opaque_as_unknown(self) -> Self {
        Self { opaque_as_unknown: true, ..self }
    }

    /// The document. It depends on the description alone, so that it can be compared by its bytes.
    ///
    /// # Errors
    /// If the description has types whose form is not known.
    pub fn json(&self) -> Result<String, Opaque> {
        if !self.opaque_as_unknown {
            Opaque::check(self.description)?;
        }
        let document = Document::of(self.description, Dialect::Draft2020, "#/$defs/");
        let mut definitions = document.types();
        for (name, schema) in document.frames() {
            definitions.set(&name, schema);
        }
        let by_type = |channel, direction| -> Object {
            let messages = document.messages(channel, direction);
            messages.map(|(name, entry)| (&entry.message.wire_type, format!("#/$defs/{name}"))).collect()
        };
        let channels: Object = self
            .description
            .channels
            .iter()
            .map(|channel| {
                let messages = Object::new()
                    .with("says", by_type(channel, Direction::Said))
                    .with("hears", by_type(channel, Direction::Heard));
                (&channel.name, messages)
            })
            .collect();
        let document = Object::new()
            .with("$schema", "https://json-schema.org/draft/2020-12/schema")
            .with("$comment", "Made from Rust by channel-runtime: change the Rust.")
            .with("x-channels-fingerprint", &self.description.fingerprint)
            .with("x-channels", channels)
            .with("$defs", definitions);
        Ok(document.print())
    }
}
