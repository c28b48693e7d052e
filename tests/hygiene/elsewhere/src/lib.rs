//! What the tests find in another crate: messages, channels, an app, and types that are none of these.

pub use channel_runtime;
use channel_runtime::{channel, message};

/// A message.
#[message(type = "moved")]
#[derive(Debug)]
pub struct Moved {
    /// Where to.
    pub to: String,
}

/// Another one of the same type.
#[message(type = "moved")]
#[derive(Debug)]
pub struct MovedToo;

/// A message of a name, for those who do not know the runtime.
#[macro_export]
macro_rules! bare_message {
    ($name:ident, $type:literal) => {
        /// A message without fields.
        #[$crate::channel_runtime::message(type = $type, crate = $crate::channel_runtime)]
        #[derive(Debug)]
        pub struct $name;
    };
}

/// No message.
#[derive(Debug)]
pub struct Plain {
    /// Anything.
    pub text: String,
}

/// An app.
#[derive(Debug)]
pub struct App;

/// A channel that stands in any app.
#[channel("/lobby/:name")]
#[derive(Debug)]
pub struct Lobby {
    name: String,
}

#[channel(sends(Moved))]
impl Lobby {
    /// Moves.
    #[message]
    pub fn moved(&self, moved: Moved) -> Option<Moved> {
        self.name.is_empty().then_some(moved)
    }
}

/// A channel of [`App`].
#[channel("/desk", app = App)]
#[derive(Debug)]
pub struct Desk;

#[channel]
impl Desk {}
