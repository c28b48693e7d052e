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

    #[channel(sends(Say, Bye))]
    impl Clash {
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
        ($name:ident, $path:literal, $id:ident: $id_ty:ty, $said:ident, $type:literal, $app:ty, $kind:ty, $handler:ident) => {
            #[message(type = $type)]
            struct $said {
                text: String,
            }

            #[channel($path, app = $app, rooms($kind), room_state = Vec<u8>)]
            struct $name {
                $id: $id_ty,
                #[state(1 + 1)]
                count: usize,
            }

            #[channel(sends($said))]
            impl $name {
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

    chat!(Chat, "/chat/:room_id", room_id: String, Said, "said", App, Topic, say);
    chat!(Other, "/other/:id", id: u64, Told, "told", App, Topic, tell);

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

    /// A channel.
    #[channel("/public/:id")]
    #[derive(Debug)]
    pub struct Public {
        id: u32,
    }

    #[channel(sends(Said), receives(Said, "leave"))]
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

    #[channel("/conditions")]
    struct Conditional {
        #[cfg(any())]
        #[extract]
        nothing: NoSuchType,
        #[cfg(not(any()))]
        #[state(3)]
        three: u8,
    }

    #[channel(sends(Always, #[cfg(any())] Never, Last))]
    impl Conditional {
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
