//! The expansions stand anywhere: beside users' items of any name, inside `macro_rules!`, without a prelude, and without a
//! warning. Behaviour is tested elsewhere; what matters here is that this compiles.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic)]
#![allow(
    clippy::unused_self,
    clippy::unused_async,
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "the handlers here do nothing; what is expanded from them has no such excuse"
)]

#[path = "hygiene/no_mistakes.rs"]
mod no_mistakes;
#[path = "hygiene/no_prelude.rs"]
mod no_prelude;

mod clashing_names {
    //! Items of the user's with the names that expansions could mean by mistake.
    #![allow(dead_code, non_upper_case_globals)]

    use channel_runtime::{Fault, Socket, channel, channels, message};

    struct Result;
    struct Ok;
    struct Err;
    struct Some;
    struct None;
    struct Option;
    struct Vec;
    struct String;
    struct Box;
    struct Arc;
    struct Default;
    struct Clone;
    struct Send;
    struct From;
    struct Into;
    struct Future;
    struct Message;
    struct Channel;
    struct Route;
    struct Room;
    struct Reply;
    struct Serialize;
    struct Deserialize;
    trait Display {}
    mod core {}
    mod std {}
    mod serde {}
    mod channel_runtime_ {}
    const app: u8 = 0;
    const handshake: u8 = 0;
    const params: u8 = 0;
    const socket: u8 = 0;
    const fields: u8 = 0;
    const index: u8 = 0;
    const serializer: u8 = 0;
    const formatter: u8 = 0;
    const text: u8 = 0;
    const reply: u8 = 0;

    #[message(type = "say")]
    struct Say {
        words: u64,
    }

    #[message(type = "bye")]
    struct Bye;

    /// Not raw text.
    #[message(type = "text")]
    struct Text;

    /// Not raw bytes.
    #[message(type = "bytes")]
    struct Bytes;

    #[message(binary, kind = 1)]
    struct Dot {
        data: ::channel_runtime::Bytes,
    }

    impl Dot {
        fn from_bytes(data: ::channel_runtime::Bytes) -> ::core::result::Result<Self, &'static str> {
            ::core::result::Result::Ok(Self { data })
        }

        fn to_bytes(&self, out: &mut ::std::vec::Vec<u8>) {
            out.extend_from_slice(&self.data);
        }
    }

    #[channel("/clash/:place", rooms(Key))]
    struct Clash {
        place: u32,
        #[state]
        self_: u8,
        #[state(7)]
        seven: u8,
    }

    struct Key;

    impl ::std::fmt::Display for Key {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("key")
        }
    }

    #[channel(sends(Say, Bye, Dot, Text as TextMessage, Bytes as BytesMessage))]
    impl Clash {
        #[message]
        fn read(&self, dot: Dot) -> Dot {
            dot
        }

        #[message]
        fn handle(&mut self, message: Say, _: &Socket<Self>) -> Say {
            message
        }

        #[message(type = "reply")]
        async fn connected(&self) -> ClashToClient {
            ClashToClient::Bye(Bye)
        }

        async fn on_connect(&mut self) -> ::core::result::Result<(), Fault> {
            ::core::result::Result::Ok(())
        }

        // Not hooks, though the runtime's own traits have such names.
        fn closed(&self) -> u8 {
            self.seven
        }

        fn index(&self) -> u8 {
            self.self_
        }
    }

    #[test]
    fn it_can_be_served() {
        let _ = channels![Clash].app(());
        assert_eq!(Clash::room(&7).path().unwrap(), "/clash/7");
        let sent = <ClashToClient as ::channel_runtime::Messages>::TYPES;
        assert_eq!(sent, ["say", "bye", "(binary 1) dot", "text", "bytes"]);
    }
}

mod clashing_primitives {
    //! serde's own derives stand back here: they write `str` and `usize` without a path.
    #![allow(dead_code, non_camel_case_types)]

    use channel_runtime::{channel, channels};

    struct str;
    struct usize;
    struct bool;

    #[channel("/primitive/:place")]
    struct Primitive {
        place: u32,
    }

    #[channel]
    impl Primitive {
        #[message(type = "reply")]
        fn reply(&self) {}

        #[message(type = "other")]
        fn other(&self) {}

        fn on_binary(&self) {}
    }

    #[test]
    fn it_can_be_served() {
        let _ = channels![Primitive].app(());
    }
}

mod inside_macro_rules {
    //! Structs, impl blocks and types that come out of a macro of the user's.
    #![allow(dead_code)]

    use channel_runtime::{Fault, Socket, channel, channels, message};

    macro_rules! chat {
        ($name:ident, $path:literal, $id:ident: $id_ty:ty, $said:ident, $type:literal, $app:ty, $kind:ty, $handler:ident, $offer:literal, $code:literal, $dot:ident, $number:literal, $codec:ty, $envelope:ty) => {
            #[message(binary, kind = $number, codec = $codec)]
            struct $dot {
                x: u8,
            }

            #[message(type = $type)]
            struct $said {
                text: String,
            }

            #[channel($path, app = $app, rooms($kind), room_state = Vec<u8>, subprotocols($offer, close = $code))]
            struct $name {
                $id: $id_ty,
                #[state(1 + 1)]
                count: usize,
            }

            #[channel(sends($said, $dot), envelope = $envelope)]
            impl $name {
                #[message]
                fn paint(&self, dot: $dot) -> $dot {
                    dot
                }

                #[message]
                async fn $handler(&mut self, said: $said, socket: &Socket<Self>, _: &$app) -> Result<$said, Fault> {
                    let count = self.count;
                    socket.room().with(move |bytes, _| bytes.push(u8::try_from(count).unwrap_or(0)));
                    Ok(said)
                }

                #[message(type = "leave")]
                async fn leave(&mut self) {
                    self.count += 1;
                }

                async fn on_connect(&mut self, socket: &Socket<Self>) {
                    socket.send($said { text: String::new() });
                }
            }
        };
    }

    struct App;

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Topic(&'static str);

    impl std::fmt::Display for Topic {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    chat!(Chat, "/chat/:room_id", room_id: String, Said, "said", App, Topic, say, "chat.1", 4406, Dot, 1, super::no_prelude::Json, channel_runtime::envelope::Flat);
    chat!(Other, "/other/:id", id: u64, Told, "told", App, Topic, tell, "other.1", 1002, Point, b'p', super::no_prelude::Json, channel_runtime::envelope::JsonRpc);

    #[test]
    fn they_can_be_served() {
        let channels = channels![Chat, Other];
        let _ = channels.app(App);
        assert_eq!(Chat::room("a b").path(), Some("/chat/a%20b"));
        assert_eq!(Other::room(&9).path(), Some("/other/9"));
    }
}

pub mod public {
    //! A library's channels: all that is generated has docs.

    use channel_runtime::{channel, message};

    /// Said.
    #[message(type = "said")]
    #[derive(Debug)]
    pub struct Said {
        /// What.
        pub text: String,
    }

    enum Json {}

    impl channel_runtime::BinaryCodec for Json {
        fn read<T: serde::de::DeserializeOwned>(data: &[u8]) -> Result<T, impl std::fmt::Display> {
            serde_json::from_slice(data)
        }

        fn write<T: serde::Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl std::fmt::Display> {
            serde_json::to_writer(out, message)
        }
    }

    /// Painted, by a private codec.
    #[message(binary, kind = 1, codec = Json)]
    #[derive(Debug)]
    pub struct Painted {
        /// The color.
        pub color: u8,
    }

    /// A channel.
    #[channel("/public/:id")]
    #[derive(Debug)]
    pub struct Public {
        id: u32,
    }

    #[channel(sends(Said, Painted), receives(Said, "leave"))]
    impl Public {
        #[message]
        fn said(&self, said: Said) -> Option<Said> {
            (self.id > 0).then_some(said)
        }

        #[message(type = "leave")]
        fn leave(&self) {}
    }

    /// A channel that neither hears nor says anything.
    #[channel("/quiet")]
    #[derive(Debug)]
    pub struct Quiet;

    #[channel]
    impl Quiet {}
}

mod inside_a_function {
    use channel_runtime::{channel, channels, message};

    #[test]
    fn a_channel_can_be_local() {
        #[message(type = "ping")]
        struct Ping;

        #[channel("/")]
        struct Local;

        #[channel(sends(Ping))]
        impl Local {
            #[message]
            fn ping(&self, ping: Ping) -> Ping {
                ping
            }
        }

        let _ = channels![Local].app(());
        assert_eq!(Local::room().path(), Some("/"));
    }
}

mod conditions {
    //! `cfg` on a handler holds for all that comes from it, and the places of the others follow.

    use channel_runtime::{Messages as _, channel, message};

    #[message(type = "always")]
    struct Always;

    #[cfg(any())]
    #[message(type = "never")]
    struct Never;

    #[message(type = "last")]
    struct Last;

    /// For another module.
    #[message(type = "shared")]
    pub(super) struct Shared;

    #[channel("/conditions")]
    struct Conditional {
        #[cfg(any())]
        #[extract]
        nothing: NoSuchType,
        #[cfg(not(any()))]
        #[state(3)]
        three: u8,
    }

    #[channel(sends(
        Always,
        #[cfg(any())]
        Never,
        Last,
        #[cfg(any())]
        NoSuchType::Text,
        #[cfg(not(any()))]
        channel_runtime::Text,
        #[cfg(any())]
        Bytes
    ))]
    impl Conditional {
        #[cfg(any())]
        fn on_text(&self) {}

        #[cfg(any())]
        #[message]
        fn never(&self, _: Never) {}

        #[message]
        fn always(&self, always: Always) -> Option<Always> {
            (self.three == 3).then_some(always)
        }

        #[cfg(any())]
        #[message(type = "last")]
        fn either(&self) {}

        #[cfg(not(any()))]
        #[message]
        fn either(&self, last: Last) -> Last {
            last
        }

        #[cfg(any())]
        fn on_connect(&self, _: &Socket<Self>) {}

        #[cfg(not(any()))]
        fn on_connect(&self) {}
    }

    #[test]
    fn what_is_not_there_is_not_counted() {
        assert_eq!(ConditionalFromClient::TYPES, ["always", "last"]);
        assert_eq!(ConditionalToClient::TYPES, ["always", "last"]);
        assert_eq!(ConditionalFromClient::Last(Last).index(), 1);
        assert_eq!(format!("{:?}", ConditionalToClient::from(Last)), "Last");
    }
}

mod raw_identifiers {
    use channel_runtime::{Message as _, Messages as _, channel, message};

    #[message(type = "move")]
    struct r#Move {
        r#fn: u8,
    }

    #[channel("/raw/:type")]
    struct Raw {
        r#type: u8,
    }

    #[channel(sends(r#Move as Moved))]
    impl Raw {
        #[message(as = Other)]
        fn r#move(&self, r#move: r#Move) -> RawToClient {
            RawToClient::Moved(Move { r#fn: self.r#type + r#move.r#fn })
        }

        #[message(type = "loop")]
        fn r#loop(&self) {}
    }

    #[test]
    fn they_are_named_without_the_prefix() {
        assert_eq!(Move::TYPE, "move");
        assert_eq!(RawFromClient::TYPES, ["move", "loop"]);
        assert_eq!(RawFromClient::Loop.index(), 1);
        assert_eq!(Raw::room(&3).path(), Some("/raw/3"));
    }
}

mod unusual {
    //! Legal, and seldom seen: visibility of every kind, lifetimes, attributes that are the user's, types by their full path.
    #![allow(unused_qualifications, reason = "they are what is tested")]

    use std::sync::Arc;

    use channel_runtime::{
        Bytes, Close, DecodeError, Fault, Hub, Messages as _, Socket, Success, channel, channels, message,
    };

    /// Old, and still said.
    #[deprecated = "say something else"]
    #[message(type = "old")]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[repr(C)]
    pub(crate) struct Old {
        /// How old.
        #[serde(default)]
        pub(super) years: u8,
        #[cfg(any())]
        never: NoSuchType,
        #[cfg(not(any()))]
        #[allow(clippy::box_collection, reason = "it is what is tested")]
        pub(in crate::unusual) text: u32,
    }

    /// Old, and taken by value because it is `Copy`.
    #[deprecated]
    #[message(binary, kind = 1)]
    #[derive(Clone, Copy)]
    struct OldDot(u8);

    #[allow(deprecated, reason = "a deprecated struct's own functions")]
    impl OldDot {
        fn from_bytes(data: Bytes) -> Result<Self, &'static str> {
            data.first().copied().map(Self).ok_or("empty")
        }

        fn to_bytes(self, out: &mut Vec<u8>) {
            out.push(self.0);
        }
    }

    #[deprecated]
    #[message(binary, kind = 2, codec = Json)]
    struct OldLine {
        #[serde(skip)]
        name: &'static str,
        ends: (u8, u8),
    }

    enum Json {}

    impl channel_runtime::BinaryCodec for Json {
        fn read<T: serde::de::DeserializeOwned>(data: &[u8]) -> Result<T, impl std::fmt::Display> {
            serde_json::from_slice(data)
        }

        fn write<T: serde::Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl std::fmt::Display> {
            serde_json::to_writer(out, message)
        }
    }

    #[message(type = "nested")]
    struct Nested {
        inner: Option<Box<[(u8, u8)]>>,
    }

    /// A message that no client says, and none hears.
    #[message(type = "draft")]
    struct Draft {
        text: String,
    }

    /// With all that a handler may be, and beside it what is none.
    #[channel("/unusual/:r/:nested", app = self::App, rooms(super::unusual::Place), room_state = Vec<Arc<str>>)]
    #[derive(Clone)]
    #[must_use]
    pub(in crate::unusual) struct Unusual {
        r: std::net::Ipv4Addr,
        /// A parameter may be of any type that is text.
        nested: std::num::NonZero<u8>,
        #[state(vec![String::from("a"); 2].into_iter().map(|text| text + "b").collect())]
        texts: std::collections::BTreeSet<String>,
        #[state]
        hub: Option<Hub<Unusual>>,
    }

    pub(in crate::unusual) struct App;

    pub(in crate::unusual) struct Place(u8);

    impl std::fmt::Display for Place {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fmt(f)
        }
    }

    trait Named {
        const NAME: &'static str;
    }

    impl Named for Unusual {
        const NAME: &'static str = "not the framework's";
    }

    #[allow(deprecated, reason = "old messages are still heard")]
    #[channel(sends(Old, self::Nested as Inner, #[cfg(not(any()))] super::conditions::Shared, Bytes, OldDot), receives(Old, "go", Nested, OldLine))]
    impl Unusual {
        const LIMIT: usize = 7;

        /// Takes lifetimes of its own.
        #[message]
        #[inline]
        #[must_use]
        pub(crate) async fn old<'a, 'b: 'a>(
            &'a mut self,
            old: Old,
            socket: &'b Socket<Self>,
            _app: &'a App,
        ) -> Option<Old> {
            socket.flushed().await;
            self.longest("a", "b").is_empty().then_some(old)
        }

        #[deprecated]
        #[message(type = "go", as = Went)]
        fn go(&mut self) -> Result<Success<usize>, Fault> {
            self.texts.clear();
            Ok(Success(Self::LIMIT))
        }

        #[message]
        fn old_line(&self, OldLine { name, ends }: OldLine) -> OldDot {
            OldDot(if name.is_empty() { ends.0 } else { ends.1 })
        }

        #[message]
        pub(in crate::unusual) fn nested(&self, Nested { inner }: Nested) -> UnusualToClient {
            UnusualToClient::Inner(Nested { inner: inner.filter(|_| self.nested.get() > 1) })
        }

        /// In the form of a handler, and called by another method.
        fn keep(&mut self, draft: Draft, _: &Socket<Self>) {
            self.texts.insert(draft.text);
        }

        #[must_use]
        fn longest<'a, T>(&self, a: &'a T, b: &'a T) -> &'a str
        where
            T: ?Sized + AsRef<str>,
        {
            if self.texts.len() > Self::LIMIT { a.as_ref() } else { b.as_ref() }
        }

        fn identity(&self) -> Option<&std::net::Ipv4Addr> {
            Some(&self.r).filter(|_| self.hub.is_none())
        }

        fn on_connect(
            self: &'_ mut Unusual,
            socket: &channel_runtime::Socket<Unusual>,
        ) -> Result<Option<Nested>, Fault> {
            socket.join(&Place(self.nested.get()));
            self.hub = Some(socket.hub_of::<Self>());
            self.keep(Draft { text: String::new() }, socket);
            Ok(None)
        }

        #[cfg_attr(not(any()), inline)]
        async fn on_binary(&mut self, data: Bytes, socket: &Socket<Self>) {
            socket.flushed().await;
            socket.send_bytes(data);
        }

        fn on_invalid(&mut self, _: DecodeError) {}

        fn on_close(&mut self, _: Close) -> Result<(), std::fmt::Error> {
            Ok(())
        }
    }

    #[test]
    fn it_is_what_it_was() {
        assert_eq!(<Unusual as Named>::NAME, "not the framework's");
        assert_eq!(UnusualFromClient::TYPES, ["old", "go", "(binary 2) old_line", "nested"]);
        assert_eq!(UnusualToClient::TYPES, ["old", "nested", "shared", "(binary 1) old_dot"]);
        assert_eq!(format!("{:?}", UnusualFromClient::Went), "Went");
        let room = Unusual::room(&std::net::Ipv4Addr::LOCALHOST, &std::num::NonZero::<u8>::MIN);
        assert_eq!(room.path(), Some("/unusual/127.0.0.1/1"));
        let _ = channels![self::Unusual, super::public::Quiet].app(App);
    }
}
