//! A channel with a message for each form, which the server returns as it has read it, and channels that are unlike it.

#![allow(clippy::enum_variant_names)]

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::describe::Describe;
use channel_runtime::envelope::JsonRpc;
use channel_runtime::{Channels, Fault, Socket, Success, Text, channel, channels, message};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::shapes::*;

macro_rules! corpus {
    ($($name:ident $case:ident $wire:literal: $ty:ty = $values:expr;)*) => {
        $(
            #[message(type = $wire)]
            pub struct $case { pub value: $ty }
        )*

        /// Returns each message as it was read.
        #[channel("/corpus")]
        pub struct Corpus;

        #[channel(sends($($case),*))]
        impl Corpus {
            $(
                #[message]
                fn $name(&self, message: $case) -> $case {
                    message
                }
            )*

            /// Sends each value that is made in Rust.
            #[message(type = "tell")]
            fn tell(&self, socket: &Socket<Self>) {
                $(for value in $values {
                    socket.send($case { value });
                })*
            }
        }
    };
}

corpus! {
    numbers NumbersCase "numbers": Numbers = numbers();
    wide WideCase "wide": Wide = [Wide { big_u: u128::MAX, big_i: i128::MIN }, Wide { big_u: 5, big_i: -5 }];
    plain PlainCase "plain": Plain = [Plain { yes: true, text: "a\u{2028}\"'\\\n</script>".into(), letter: '💧', nothing: () }];
    options OptionsCase "options": Options = [
        Options { maybe: None, skipped: None, list: vec![], count: 0, twice: None },
        Options { maybe: Some(1), skipped: Some("a".into()), list: vec![1], count: 1, twice: Some(Some(true)) },
    ];
    keys KeysCase "keys": Keys = [keys()];
    closed ClosedCase "closed": Closed = [Closed { only: 1 }];
    external ExternalCase "external": External = [
        External::Unit,
        External::Newtype(1),
        External::Tuple(1, "a".into()),
        External::Struct { a: 1, b: None },
        External::Odd,
    ];
    internal InternalCase "internal": Internal = [
        Internal::Unit,
        Internal::Struct { line_width: 0.5 },
        Internal::Newtype(Point { x: 1, y: 2 }),
        Internal::Map([("a".to_owned(), "b".to_owned())].into()),
    ];
    adjacent AdjacentCase "adjacent": Adjacent = [
        Adjacent::Unit,
        Adjacent::Newtype(Point { x: 1, y: 2 }),
        Adjacent::Tuple(1, true),
        Adjacent::Struct { x: 1 },
    ];
    untagged UntaggedCase "untagged": Untagged = [
        Untagged::Nothing,
        Untagged::Number(1),
        Untagged::Text("a".into()),
        Untagged::Struct { x: 1 },
    ];
    color ColorCase "color": Color = [Color::Red, Color::Blue];
    open OpenCase "open": Open = [Open::Known, Open::Unknown];
    mixed MixedCase "mixed": Mixed = [Mixed::Named, Mixed::Other("else".into())];
    outer OuterCase "outer": Outer = [
        Outer { own: 1, point: Point { x: 1, y: 2 }, kind: Internal::Struct { line_width: 1.0 } },
        Outer { own: 1, point: Point { x: 1, y: 2 }, kind: Internal::Unit },
    ];
    with_external WithExternalCase "with_external": WithExternal = [
        WithExternal { own: 1, which: External::Unit },
        WithExternal { own: 1, which: External::Newtype(1) },
        WithExternal { own: 1, which: External::Struct { a: 1, b: Some(2) } },
    ];
    with_option WithOptionCase "with_option": WithOption = [
        WithOption { point: None, own: 1 },
        WithOption { point: Some(Point { x: 1, y: 2 }), own: 1 },
    ];
    with_rest WithRestCase "with_rest": WithRest = [WithRest { own: 1, rest: [("more".to_owned(), 2)].into() }];
    newtype NewtypeCase "newtype": Newtype = [Newtype("a".into())];
    transparent TransparentCase "transparent": Transparent = [Transparent { inner: vec![Point { x: 1, y: 2 }] }];
    pair PairCase "pair": Pair = [Pair(1, Newtype("a".into()))];
    unit UnitCase "unit": Unit = [Unit];
    lists ListsCase "lists": Lists = [lists()];
    maps MapsCase "maps": Maps = [maps()];
    formats FormatsCase "formats": Formats = [formats()];
    times TimesCase "times": Times = [
        Times { took: Duration::from_millis(1500), since: std::time::UNIX_EPOCH + Duration::from_secs(5), range: 1..4 },
    ];
    items ItemsCase "items": Page<Item> = [Page { items: vec![Item { name: "a".into(), note: None }], next: Some(2) }];
    ids IdsCase "ids": Page<u32> = [Page { items: vec![1], next: None }];
    tree TreeCase "tree": Tree = [tree()];
    expression ExpressionCase "expression": Expression = [sum()];
    raw RawCase "raw": Raw = [Raw { base64: vec![0, 255, 7], bytes: vec![0, 255], json: json!({ "any": [1, null, "x"] }) }];
    marked MarkedCase "marked": Marked = [
        Marked { big_id: u64::MAX, big_list: vec![Some(i64::MIN), None], big_serial: Some(Serial(u64::MAX)), count: 7 },
        Marked { big_id: 1, big_list: vec![Some(2)], big_serial: None, count: 3 },
    ];
    amount AmountCase "amount": Amount = [Amount::Exact { big: 1 }, Amount::Listed { big: vec![2] }, Amount::None];
    empty EmptyCase "empty": Empty = [Empty {}];
    tagged TaggedCase "tagged": Tagged = [Tagged { a: 1 }];
    code CodeCase "code": Code = [Code(7)];
    block BlockCase "block": Block = [block()];
    old OldCase "old": Old = [old()];
    floats FloatsCase "floats": Floats = [
        Floats { finite: f64::MIN_POSITIVE, nothing: Some(f64::NAN), endless: Some(f32::INFINITY) },
        Floats { finite: 0.1, nothing: Some(1e21), endless: None },
    ];
    sizes SizesCase "sizes": Sizes = [Sizes { size: usize::MAX, offset: isize::MIN }, Sizes { size: 1, offset: -1 }];
    beyond BeyondCase "beyond": Beyond = [
        Beyond { count: (1 << 53) + 1, balance: i64::MIN + 1 },
        Beyond { count: 1 << 53, balance: -1 },
    ];
    defaults DefaultsCase "defaults": Defaults = [Defaults::default(), Defaults { point: None, ..Defaults::default() }];
    default_by DefaultByCase "default_by": DefaultBy = [DefaultBy { count: 0, color: Color::Blue }];
    with_any WithAnyCase "with_any": WithAny = [
        WithAny { own: 1, rest: json!({}) },
        WithAny { own: 1, rest: json!({ "any": [1, null], "text": "x" }) },
    ];
    inside InsideCase "inside": Inside = [inside()];
    pointed PointedCase "pointed": Pointed = [
        Pointed::Boxed(Box::new(Point { x: 1, y: 2 })),
        Pointed::Shared(Point { x: 1, y: 2 }.into()),
        Pointed::Borrowed(Cow::Owned(Point { x: 1, y: 2 })),
        Pointed::Fields { shared: "a".into(), at: None },
        Pointed::Fields { shared: "a".into(), at: Some(Point { x: 1, y: 2 }.into()) },
    ];
    held HeldCase "held": Held = [
        Held::Maybe(None),
        Held::Maybe(Some(1)),
        Held::Boxed(Some(Color::Red).into()),
        Held::Cow("a".into()),
        Held::All([None, Some(1)].into()),
    ];
    optional OptionalCase "optional": Optional = [
        Optional::Maybe(None),
        Optional::Maybe(Some(Point { x: 1, y: 2 }.into())),
        Optional::Both(None, "a".into()),
    ];
    hushed HushedCase "hushed": Hushed = [Hushed::Nothing(0), Hushed::Part(1, 0, 2)];
    either EitherCase "either": Either<Point, Page<Color>> = [
        Either { left: None, right: vec![Page { items: vec![Color::Red], next: None }] },
        Either { left: Some(Point { x: 1, y: 2 }), right: vec![] },
    ];
    other_way OtherWayCase "other_way": Either<Color, u8> = [Either { left: Some(Color::Blue), right: vec![1] }];
    nested NestedCase "nested": Page<Vec<Option<Page<u32>>>> = [
        Page { items: vec![vec![None, Some(Page { items: vec![1], next: None })]], next: None },
    ];
    taken TakenCase "taken": (Record, Lower) = [
        (Record { map: Map { channel: Channel { deleted: true } } }, Lower { other: other::Point { x: 0.5 } }),
    ];
}

/// Where a piece goes.
#[message(type = "move")]
pub struct Move {
    pub from: String,
    pub to: String,
}

/// The keys of a message may be those of another type.
#[message(type = "moved.to")]
pub struct Moved {
    #[serde(flatten)]
    pub point: Point,
    pub by: Seat,
}

/// As a whole it is another type.
#[message(type = "whole")]
pub struct Whole(pub Point);

/// Has rules.
#[message(type = "ruled", validate)]
#[derive(Validate)]
pub struct Ruled {
    /// The name.
    #[garde(length(chars, min = 1, max = 20))]
    pub name: String,
    #[garde(range(min = 1, max = 9))]
    pub count: u8,
    #[garde(length(max = 3))]
    pub tags: Vec<Uuid>,
}

/// In both directions.
#[message(type = "typing")]
pub struct Typing {
    pub on: bool,
}

#[message(type = "closed")]
pub struct Closing {}

#[message(binary, kind = 1)]
pub struct Pixel {
    pub x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        data.first().map(|&x| Self { x }).ok_or_else(|| "a pixel has a place".to_owned())
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Describe)]
#[serde(rename_all = "lowercase")]
pub enum Seat {
    Red,
    White,
}

impl std::fmt::Display for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Debug, Fault)]
#[allow(dead_code)]
pub enum MoveError {
    /// Wait for the other one.
    #[fault("game.not_your_turn", "it is the turn of {turn}")]
    NotYourTurn { turn: Seat, big: u128 },
    #[fault("game.over", "the game is over")]
    Over,
}

/// A game of two.
#[channel("/game/:game_id/ü/:seat")]
pub struct Game {
    /// The game's number.
    game_id: u64,
    seat: String,
}

#[channel(sends(Moved, Whole, Typing, Closing, Pixel))]
impl Game {
    /// Moves a piece.
    #[message(rate = "20/s", timeout = "5s")]
    async fn make_move(&self, _: Move) -> Result<Moved, MoveError> {
        Ok(Moved { point: Point { x: 1, y: 2 }, by: Seat::Red })
    }

    #[message]
    fn typing(&self, typing: Typing, socket: &Socket<Self>) {
        socket.others().send(typing);
    }

    /// How many there were, if it is known.
    #[message(type = "how_many")]
    fn how_many(&self) -> Result<Option<Success<u64>>, Fault> {
        Ok(None)
    }

    /// Its method can't be `close`.
    #[message(type = "close")]
    fn end(&self) -> Closing {
        Closing {}
    }

    #[message(type = "then-what")]
    fn then_what(&self) -> Success<Vec<Page<Item>>> {
        Success(vec![])
    }

    #[message]
    fn whole(&self, whole: Whole) -> Whole {
        whole
    }

    #[message]
    fn ruled(&self, _: Ruled) {}

    /// Was of use.
    #[deprecated = "send `typing`"]
    #[message(type = "old_typing")]
    fn old_typing(&self) {}

    #[message]
    fn pixel(&self, pixel: Pixel) -> Pixel {
        pixel
    }
}

#[message(type = "subtract")]
pub struct Subtract {
    pub minuend: i64,
    pub subtrahend: i64,
}

/// In another envelope there are types alone.
#[channel("/rpc")]
pub struct Rpc;

#[channel(envelope = JsonRpc)]
impl Rpc {
    #[message]
    fn subtract(&self, m: Subtract) -> Success<i64> {
        Success(m.minuend - m.subtrahend)
    }
}

/// And where texts are no messages.
#[channel("/notes")]
pub struct Notes;

#[channel(sends(Text))]
impl Notes {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

#[message(type = "bid")]
pub struct Bid {
    pub amount: u32,
}

#[message(type = "raised")]
pub struct Raised {
    pub amount: u32,
    pub by: Seat,
}

/// A lot as it is.
#[message(type = "lot")]
pub struct LotIs {
    pub bids: Vec<u32>,
}

#[derive(Debug, Fault)]
#[allow(dead_code)]
pub enum BidError {
    #[fault("auction.too_low", "bid {least} or more")]
    TooLow { least: u32 },
}

/// Nobody misses a bid, and none is made twice.
#[channel("/auction/:lot/:bidder", room_state = Vec<u32>, history(recent = 5))]
pub struct Auction {
    #[allow(dead_code)]
    lot: u32,
    bidder: u32,
}

#[channel(sends(Raised, LotIs))]
impl Auction {
    fn identity(&self) -> u32 {
        self.bidder
    }

    fn snapshot(&self, bids: &Vec<u32>) -> LotIs {
        LotIs { bids: bids.clone() }
    }

    /// Raises the bid.
    #[message(idempotent)]
    fn bid(&self, bid: Bid, socket: &Socket<Self>) -> Result<Success<usize>, BidError> {
        socket.room().with(|bids, room| {
            bids.push(bid.amount);
            room.send(Raised { amount: bid.amount, by: Seat::Red });
            Ok(Success(bids.len()))
        })
    }
}

/// What is seen of who watches.
#[derive(Clone, Debug, PartialEq, Serialize, Describe)]
pub struct Watching {
    pub seat: Option<Seat>,
    pub points: Vec<Point>,
    pub big_since: u64,
}

/// Who watches is told who else does.
#[channel("/watch/:room", presence = Watching)]
pub struct Watch {
    #[allow(dead_code)]
    room: String,
}

#[channel(sends(Closing))]
impl Watch {
    fn presence(&self) -> Watching {
        Watching { seat: None, points: vec![], big_since: u64::MAX }
    }

    /// Its method can't be `present`.
    #[message(type = "present")]
    fn present(&self) -> Closing {
        Closing {}
    }
}

pub fn corpus() -> Channels<()> {
    channels![Corpus, Game, Rpc, Notes, Auction, Watch]
}
