//! The runtime has another name here, or comes through another crate: `crate = ..` says where it is. Nothing called
//! `channel_runtime` can be found.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic)]
#![allow(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    reason = "the handlers here do nothing; what is expanded from them has no such excuse"
)]

/// By the name that `Cargo.toml` gives it.
pub mod renamed {
    use rt::describe::Describe;
    // With all of these here, nothing that is expanded may be told to write them without their path.
    #[doc(no_inline)]
    pub use rt::{
        Channel, FromPath, Message, Messages, Protocol, Reply, Room, RoomKind, RoomOf, Route, SendsBytes, SentBy,
    };
    use rt::{Fault, Socket, channel, message};

    /// Said.
    #[message(type = "said", crate = rt)]
    #[derive(Debug)]
    pub struct Said {
        /// What.
        pub text: String,
        /// How.
        #[serde(default)]
        pub tone: Option<Tone<u8>>,
    }

    /// Said in one byte.
    #[message(binary, kind = 1, crate = rt)]
    #[derive(Debug)]
    pub struct Dot(pub u8);

    impl Dot {
        fn from_bytes(data: rt::Bytes) -> Result<Self, &'static str> {
            data.first().map(|&byte| Self(byte)).ok_or("nothing")
        }

        fn to_bytes(&self, out: &mut Vec<u8>) {
            out.push(self.0);
        }
    }

    /// How something is said.
    #[derive(Debug, serde::Serialize, serde::Deserialize, Describe)]
    #[describe(crate = rt)]
    pub enum Tone<T> {
        /// So loud.
        Loud(T),
        /// As usual.
        Usual {
            /// Another one beside it.
            #[describe(recursive)]
            other: Option<Box<Self>>,
        },
    }

    /// Who is asked for by name.
    #[derive(Debug)]
    pub struct Topic(pub String);

    impl std::fmt::Display for Topic {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }

    /// The app.
    #[derive(Debug)]
    pub struct App {
        /// Whether nobody comes in.
        pub is_closed: bool,
    }

    /// A channel of raw text.
    #[channel("/raw", crate = rt)]
    #[derive(Debug)]
    pub struct Raw;

    #[channel(sends(rt::Text), crate = rt)]
    impl Raw {
        fn on_text(&self, text: rt::Text) -> rt::Text {
            text
        }
    }

    /// A message of JSON-RPC.
    #[message(type = "error", foreign, crate = rt)]
    #[derive(Debug)]
    pub struct Failed {
        /// What it answers.
        pub r#ref: u8,
    }

    /// Why nothing is done.
    #[derive(Debug, Fault)]
    #[fault(crate = rt)]
    pub enum Undone {
        /// It was done.
        #[fault("rpc.done", "done at {at}")]
        Done {
            /// When.
            at: u8,
        },
        /// Another reason.
        #[fault(transparent)]
        Other(Fault),
        /// Something broke.
        #[fault(internal)]
        Broken(std::fmt::Error),
    }

    /// A channel of JSON-RPC.
    #[channel("/rpc", crate = rt)]
    #[derive(Debug)]
    pub struct Rpc;

    #[channel(sends(Failed), envelope = rt::envelope::JsonRpc, crate = rt)]
    impl Rpc {
        #[message(type = "success")]
        #[expect(clippy::unnecessary_wraps, reason = "that a `Result` is returned is what is tried here")]
        fn done(&self) -> Result<Failed, Undone> {
            Ok(Failed { r#ref: 7 })
        }
    }

    /// A channel with everything.
    #[channel("/renamed/:id", app = App, rooms(Topic), room_state = u32, subprotocols("a.1", optional), crate = rt)]
    #[derive(Debug)]
    pub struct Renamed {
        id: u32,
        #[extract]
        handshake: rt::Handshake,
        #[state]
        said: usize,
    }

    #[channel(sends(Said, Bytes), receives(Said, "leave"), crate = rt)]
    impl Renamed {
        fn identity(&self) -> u32 {
            self.id
        }

        fn authorize(&self, app: &App) -> Result<(), rt::Reject> {
            if app.is_closed { Err(rt::Reject::not_found("no app")) } else { Ok(()) }
        }

        fn on_connect(&mut self, socket: &Socket<Self>) {
            socket.join(&Topic(self.handshake.header("topic").unwrap_or_default().to_owned()));
        }

        fn on_binary(&mut self, data: rt::Bytes, socket: &Socket<Self>) {
            socket.send_bytes(data);
        }

        fn on_invalid(&self, error: rt::DecodeError) -> Fault {
            error.into()
        }

        /// Says it again.
        ///
        /// # Errors
        /// Where nothing is said.
        #[message]
        async fn say(&mut self, said: Said, socket: &Socket<Self>) -> Result<Said, Fault> {
            socket.flushed().await;
            self.said += 1;
            if said.text.is_empty() { Err(Fault::validation("say something")) } else { Ok(said) }
        }

        /// Leaves.
        #[message(type = "leave")]
        fn leave(&self) -> RenamedToClient {
            Said { text: self.said.to_string(), tone: None }.into()
        }
    }
}

/// Through a crate that passes it on.
pub mod passed_on {
    use elsewhere::channel_runtime::{channel, message};

    /// Asked.
    #[message(type = "asked", crate = elsewhere::channel_runtime)]
    #[derive(Debug)]
    pub struct Asked;

    elsewhere::bare_message!(Ping, "ping");

    /// A channel.
    #[channel("/passed-on/:name", crate = elsewhere::channel_runtime)]
    #[derive(Debug)]
    pub struct PassedOn {
        name: String,
    }

    #[channel(sends(Asked, Ping, elsewhere::Moved), crate = elsewhere::channel_runtime)]
    impl PassedOn {
        /// Asks again.
        #[message]
        fn asked(&self, asked: Asked) -> Option<Asked> {
            (!self.name.is_empty()).then_some(asked)
        }

        /// Answers.
        #[message]
        fn ping(&self, ping: Ping) -> Ping {
            ping
        }
    }
}

/// By a path of its own.
pub mod nested {
    /// Where this crate keeps it.
    pub mod inner {
        #[doc(no_inline)]
        pub use rt as channels;
    }

    use inner::channels::channel;

    /// A channel without anything.
    #[channel("/nested", crate = crate::nested::inner::channels)]
    #[derive(Debug)]
    pub struct Nested;

    #[channel(crate = crate::nested::inner::channels)]
    impl Nested {}
}

#[cfg(test)]
mod tests {
    use elsewhere::{Lobby, Moved};
    use rt::{channels, testing};

    use super::nested::Nested;
    use super::passed_on::{Asked, PassedOn, Ping};
    use super::renamed::{App, Raw, Renamed, RenamedFromClient, Said, Tone};

    #[tokio::test]
    async fn all_of_it_is_served() {
        let server = channels![Renamed, Raw, PassedOn, Nested, Lobby; lock = "channels.lock", crate = rt];
        let server = server.app(App { is_closed: false });
        let app = testing::app(server);

        let mut renamed = app.connect::<Renamed>("/renamed/7").await.unwrap();
        renamed.send(Said { text: "hello".into(), tone: Some(Tone::Loud(3)) });
        let said = renamed.expect::<Said>().await;
        assert!(said.text == "hello" && matches!(said.tone, Some(Tone::Loud(3))), "{said:?}");
        renamed.send(RenamedFromClient::Leave);
        assert_eq!(renamed.expect::<Said>().await.text, "1");

        let mut passed_on = app.connect::<PassedOn>("/passed-on/x").await.unwrap();
        passed_on.send(Asked);
        let Asked = passed_on.expect().await;
        passed_on.send(Ping);
        let Ping = passed_on.expect().await;

        let mut nested = app.connect::<Nested>("/nested").await.unwrap();
        nested.send_text(r#"{"type":"nothing"}"#);
        nested.expect_error("unknown_type").await;

        let mut lobby = app.connect::<Lobby>("/lobby/x").await.unwrap();
        lobby.send(Moved { to: "e4".into() });
        lobby.expect_nothing().await;
    }
}
