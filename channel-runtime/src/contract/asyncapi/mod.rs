//! AsyncAPI 3.0 of a description.

mod channels;
mod framework;
mod messages;
mod operations;
mod parts;

use crate::contract::json::Object;
use crate::contract::opaque::Opaque;
use crate::contract::schema::document::Document;
use crate::contract::schema::printer::Dialect;
use crate::protocol::describe::Description;

/// A description as a document of [AsyncAPI 3.0](https://www.asyncapi.com/docs/reference/specification/v3.0.0), for its tools and for
/// generators of code in any language.
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
///     #[message(rate = "5/s")]
///     fn say(&mut self, say: Say) {}
/// }
///
/// let description = channels![Chat].app(()).describe();
/// let json = contract::asyncapi(&description).title("chat").version("1.2.0").json()?;
/// let document: serde_json::Value = serde_json::from_str(&json).unwrap();
/// assert_eq!(document["channels"]["Chat"]["address"], "/chat/{room}");
/// assert_eq!(document["operations"]["Chat.say"]["action"], "receive");
/// assert_eq!(document["operations"]["Chat.say"]["x-rate"]["count"], 5);
/// # }
/// # Ok::<(), channel_runtime::contract::Opaque>(())
/// ```
///
/// The application is the server: it *receives* what clients send. Each message of a client is an operation, `Chat.say`, with its
/// possible answers as the `reply`, and all that a channel sends is another, `Chat.sends`.
///
/// | extension | of | |
/// |---|---|---|
/// | `x-channels-fingerprint` | `info` | [the fingerprint](Description::fingerprint) |
/// | `x-fingerprint`, `x-history`, `x-presence`, `x-rooms`, `x-subprotocols`, `x-envelope` | a channel | as described |
/// | `x-faults` | an operation | the codes that its handler declares, beside the framework's own |
/// | `x-other-faults` | an operation | whether there may be others |
/// | `x-rate` | an operation | `count` in `seconds`, at most `burst` at once, `per_user` or a connection |
/// | `x-timeout-ms`, `x-batch`, `x-idempotent` | an operation | as described |
/// | `x-faults` | `components` | each declared fault with its message, docs and details |
/// | `x-kind` | a message | the first byte of a binary message |
/// | `x-answer` | a message | what a client answers to a question |
/// | `x-delivery` | a message | `volatile` if it is not sent to a client that is behind; `latest(symbol) every 100ms` if it is sent the newest one of each `symbol`, at most so often |
///
/// Payloads are schemas in AsyncAPI's own format, a superset of JSON Schema draft-07; [`schemas`](super::schemas()) has the same in
/// 2020-12, and what is said there of their contents holds here. Messages have an example, if one can be made up.
///
/// A binary message is one of `application/octet-stream`, and raw text one of `text/plain`. In another [envelope](crate::Envelope) a
/// message is its payload alone, as `x-envelope` says. The frames that a client of the framework needs, such as `$hello`, are in
/// `components` and in no channel.
pub fn asyncapi(description: &Description) -> AsyncApi<'_> {
    AsyncApi { description, title: None, version: None, opaque_as_unknown: false }
}

/// AsyncAPI of a description, from [`asyncapi`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AsyncApi<'d> {
    description: &'d Description,
    title: Option<String>,
    version: Option<String>,
    opaque_as_unknown: bool,
}

impl AsyncApi<'_> {
    /// The application's name. Without it the title is the names of the channels.
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// The version of the application's interface. Without it the version is the fingerprint.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Accepts any JSON where the form of a type is not known, which is an error else.
    pub fn opaque_as_unknown(self) -> Self {
        Self { opaque_as_unknown: true, ..self }
    }

    /// The document. It depends on the description, title and version alone, so that it can be compared by its bytes.
    ///
    /// # Errors
    /// If the description has types whose form is not known.
    pub fn json(&self) -> Result<String, Opaque> {
        if !self.opaque_as_unknown {
            Opaque::check(self.description)?;
        }
        let document = Document::of(self.description, Dialect::Draft07, "#/components/schemas/");
        let names =
            || self.description.channels.iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>().join(", ");
        let info = Object::new()
            .with("title", self.title.clone().unwrap_or_else(names))
            .with("version", self.version.as_ref().unwrap_or(&self.description.fingerprint))
            .with("description", "Made from Rust by channel-runtime: change the Rust.")
            .with("x-channels-fingerprint", &self.description.fingerprint);
        let document = Object::new()
            .with("asyncapi", "3.0.0")
            .with("info", info)
            .with("defaultContentType", parts::JSON)
            .with("channels", channels::channels(&document))
            .with("operations", operations::operations(&document))
            .with("components", messages::components(&document));
        Ok(document.print())
    }
}
