//! Nothing is in scope here but what is imported.
#![no_implicit_prelude]

use ::channel_runtime::{DecodeError, Fault, Reject, Socket, channel, channels, message};

#[message(type = "said")]
struct Said {
    text: ::std::string::String,
}

#[message(type = "pong")]
struct Pong;

pub(crate) enum Json {}

impl ::channel_runtime::BinaryCodec for Json {
    fn read<T: ::serde::de::DeserializeOwned>(data: &[u8]) -> ::std::result::Result<T, impl ::std::fmt::Display> {
        ::serde_json::from_slice(data)
    }

    fn write<T: ::serde::Serialize>(
        message: &T,
        out: &mut ::std::vec::Vec<u8>,
    ) -> ::std::result::Result<(), impl ::std::fmt::Display> {
        ::serde_json::to_writer(out, message)
    }
}

#[message(binary, kind = 1, codec = Json)]
struct Dot(u8);

#[message(binary, kind = 2)]
struct Nothing;

impl Nothing {
    fn from_bytes(_: ::channel_runtime::Bytes) -> ::std::result::Result<Self, &'static str> {
        ::std::result::Result::Ok(Self)
    }

    fn to_bytes(&self, _: &mut ::std::vec::Vec<u8>) -> ::std::result::Result<(), &'static str> {
        ::std::result::Result::Ok(())
    }
}

struct App;

struct Told;

struct Topic;

impl ::std::fmt::Display for Topic {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.write_str("topic")
    }
}

#[channel("/bare/:id/:name", app = App, rooms(Topic))]
struct Bare {
    id: u32,
    name: ::std::string::String,
    #[extract]
    _handshake: ::channel_runtime::Handshake,
    #[state]
    count: u32,
}

#[channel(sends(Said, Pong, Bytes, Nothing), receives(Said, "ping", Dot))]
impl Bare {
    #[message]
    fn dot(&self, dot: Dot) -> ::std::option::Option<Nothing> {
        if dot.0 > 0 { ::std::option::Option::Some(Nothing) } else { ::std::option::Option::None }
    }

    fn authorize(&self, _app: &App) -> ::std::result::Result<(), Reject> {
        ::std::result::Result::Ok(())
    }

    fn identity(&self) -> ::std::option::Option<&::std::string::String> {
        ::std::option::Option::Some(&self.name)
    }

    async fn on_connect(&mut self, socket: &Socket<Self>) {
        self.count += self.id;
        socket.join(&Topic);
    }

    #[message]
    async fn say(&mut self, said: Said) -> Said {
        Said { text: said.text }
    }

    #[message(type = "ping")]
    fn ping(&self) -> Pong {
        Pong
    }

    #[notice]
    async fn told(&mut self, _: Told) {}

    #[notice]
    fn told_more(&self, _: ::std::vec::Vec<u8>) -> Pong {
        Pong
    }

    fn on_binary(&mut self, _: ::bytes::Bytes) {}

    async fn on_ping(&mut self, _: ::bytes::Bytes) {}

    async fn on_pong(&mut self) {}

    async fn on_invalid(&mut self, _: DecodeError) -> ::std::option::Option<Fault> {
        ::std::option::Option::None
    }

    fn expires_at(&self) -> ::std::option::Option<::std::time::SystemTime> {
        ::std::option::Option::None
    }

    async fn on_refresh(&mut self, _: ::channel_runtime::Token) -> ::std::result::Result<(), Fault> {
        ::std::result::Result::Ok(())
    }

    fn on_reauthorize(&mut self, _: ::channel_runtime::Room<Self>) -> bool {
        true
    }

    async fn on_close(&mut self, _: ::channel_runtime::Close) {}
}

struct Board;

#[message(type = "failed")]
struct Failed;

#[derive(Fault)]
#[allow(dead_code)]
enum Full {
    /// Nobody else.
    #[fault("place.full", "{name} is full")]
    Of { name: ::std::string::String, at: u8 },
    #[fault(transparent)]
    Other(Fault),
    #[fault(internal)]
    Broken(::std::fmt::Error),
}

impl Answers for Place {
    type Answer = ();
}

#[channel("/place/:id", app = App, room_state = Board, room_grace = "1s", history(size = 7), subprotocols("a.1", "a.2", close = 4406))]
struct Place {
    id: u32,
}

#[channel(sends(Pong))]
impl Place {
    fn snapshot(&self, _state: &Board) -> ::std::option::Option<Pong> {
        ::std::option::Option::None
    }

    async fn on_room_open(_room: &::channel_runtime::Room<Self>, _app: &App) -> ::std::result::Result<Board, Fault> {
        ::std::result::Result::Ok(Board)
    }

    fn on_room_close(_state: Board, _app: &App) {}

    #[message(batch(size = 10, wait = "100ms"))]
    async fn said(_: ::std::vec::Vec<::channel_runtime::Batched<Self, Said>>) -> ::std::result::Result<(), Fault> {
        ::std::result::Result::Ok(())
    }

    #[message(batch(size = 1, wait = "1s"))]
    fn failed(
        batch: ::std::vec::Vec<
            ::channel_runtime::Batched<Self, Failed, ::std::result::Result<<Self as Answers>::Answer, Full>>,
        >,
    ) -> ::std::result::Result<(), Full> {
        ::std::iter::Iterator::for_each(::std::iter::IntoIterator::into_iter(batch), |item| {
            item.fail(Full::Of { name: ::std::string::ToString::to_string("ann"), at: 7 });
        });
        ::std::result::Result::Ok(())
    }

    #[message(batch(size = 1, wait = "1s"))]
    fn ponged(_: ::std::vec::Vec<::channel_runtime::Batched<Self, Pong>>, _app: &App) {}
}

#[message(type = "error", foreign)]
struct Foreign {
    r#ref: u8,
}

trait Answers {
    type Answer;
}

impl Answers for Enveloped {
    type Answer = Said;
}

#[channel("/enveloped", app = App)]
struct Enveloped;

#[channel(sends(Foreign, Said), envelope = ::channel_runtime::envelope::Bare)]
impl Enveloped {
    #[message]
    fn failed(&self, foreign: Foreign) -> ::std::option::Option<Foreign> {
        ::std::option::Option::Some(foreign)
    }

    #[message(type = "success")]
    fn done(&self) -> ::std::option::Option<<Self as Answers>::Answer> {
        ::std::option::Option::None
    }

    fn on_connect(&self) -> ::std::result::Result<Foreign, Fault> {
        ::std::result::Result::Ok(Foreign { r#ref: 7 })
    }

    fn on_invalid(&self, _: DecodeError) {}

    #[notice]
    fn told(&self, _: Told) -> ::std::option::Option<Foreign> {
        ::std::option::Option::None
    }
}

#[test]
fn it_can_be_served() {
    let channels = channels![Bare, Place, Enveloped];
    let _ = channels.of::<Bare>();
    ::std::assert_eq!(Bare::room(&1, "x").path(), ::std::option::Option::Some("/bare/1/x"));
}
