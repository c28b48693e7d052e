//! Every form that serde gives a type, with values of it.

#![allow(deprecated)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use channel_runtime::describe::Describe;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

macro_rules! shape {
    ($($item:item)*) => {
        $(#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Describe)] $item)*
    };
}

shape! {
    /// Numbers that a double holds, and some that it may not.
    pub struct Numbers { pub tiny: u8, pub small: i16, pub whole: i32, pub long: u64, pub float: f64, pub short: f32 }

    pub struct Wide { pub big_u: u128, pub big_i: i128 }

    pub struct Plain { pub yes: bool, pub text: String, pub letter: char, pub nothing: () }

    pub struct Options {
        pub maybe: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub skipped: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        pub list: Vec<u8>,
        #[serde(default)]
        pub count: u32,
        pub twice: Option<Option<bool>>,
    }

    /// Keys that Rust does not have.
    #[serde(rename_all = "camelCase")]
    pub struct Keys {
        pub first_name: u8,
        #[serde(rename = "last-name")]
        pub last_name: u8,
        #[serde(rename(serialize = "out", deserialize = "in"))]
        pub both: u8,
        #[serde(alias = "old")]
        pub new: u8,
        #[serde(rename = "it's \"odd\"\n")]
        pub odd: u8,
        #[serde(rename = "1st")]
        pub first: u8,
        #[serde(skip)]
        pub hidden: u8,
        #[serde(skip_serializing, default)]
        pub read: u8,
        #[serde(skip_deserializing)]
        pub written: u8,
        pub r#type: u8,
    }

    /// Ends a comment: */ and goes on.
    #[serde(deny_unknown_fields)]
    pub struct Closed {
        /// Ends one, too: */
        ///
        /// In two paragraphs.
        pub only: u8,
    }

    pub enum External {
        Unit,
        Newtype(u8),
        Tuple(u8, String),
        /// Has fields.
        Struct { a: u8, b: Option<u8> },
        #[serde(rename = "odd-name")]
        Odd,
        #[serde(skip)]
        #[allow(dead_code)]
        Never,
    }

    #[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
    pub enum Internal {
        Unit,
        Struct { line_width: f64 },
        Newtype(Point),
        Map(BTreeMap<String, String>),
    }

    #[serde(tag = "t", content = "c")]
    pub enum Adjacent {
        Unit,
        Newtype(Point),
        Tuple(u8, bool),
        Struct { x: u8 },
    }

    #[serde(untagged)]
    pub enum Untagged {
        Nothing,
        Number(u8),
        Text(String),
        Struct { x: u8 },
        Point(Point),
    }

    #[derive(Eq, PartialOrd, Ord, Hash)]
    #[serde(rename_all = "lowercase")]
    pub enum Color {
        Red,
        /// Darker.
        Blue,
    }

    #[serde(rename_all = "lowercase")]
    pub enum Open {
        Known,
        #[serde(other)]
        Unknown,
    }

    pub enum Mixed {
        Named,
        #[serde(untagged)]
        Other(String),
    }

    pub struct Point { pub x: i32, pub y: i32 }

    pub struct Outer {
        pub own: u8,
        #[serde(flatten)]
        pub point: Point,
        #[serde(flatten)]
        pub kind: Internal,
    }

    pub struct WithExternal {
        pub own: u8,
        #[serde(flatten)]
        pub which: External,
    }

    pub struct WithOption {
        #[serde(flatten)]
        pub point: Option<Point>,
        pub own: u8,
    }

    pub struct WithRest {
        pub own: u8,
        #[serde(flatten)]
        pub rest: HashMap<String, u8>,
    }

    pub struct Newtype(pub String);
    #[derive(Eq, PartialOrd, Ord)]
    pub struct Id(pub u32);
    #[serde(transparent)]
    pub struct Transparent { pub inner: Vec<Point> }
    pub struct Pair(pub u8, pub Newtype);
    pub struct Unit;

    pub struct Lists {
        pub list: Vec<u8>,
        pub maybe: Vec<Option<u8>>,
        pub set: BTreeSet<u8>,
        pub three: [u8; 3],
        pub nine: [u8; 9],
        pub tuple: (u8, String),
        pub nested: Vec<Vec<Color>>,
    }

    pub struct Maps {
        pub texts: BTreeMap<String, u8>,
        pub numbers: BTreeMap<u32, Color>,
        pub negative: BTreeMap<i64, bool>,
        pub ids: BTreeMap<Id, bool>,
        pub colors: BTreeMap<Color, u8>,
        pub letters: BTreeMap<char, u8>,
        pub bools: BTreeMap<bool, u8>,
        pub uuids: BTreeMap<Uuid, u8>,
        pub wide: BTreeMap<u128, u8>,
    }

    pub struct Formats {
        pub at: DateTime<Utc>,
        pub day: NaiveDate,
        pub uuid: Uuid,
        pub url: Url,
        pub price: Decimal,
        pub ip: IpAddr,
        pub all: Vec<Uuid>,
    }

    pub struct Times { pub took: Duration, pub since: SystemTime, pub range: Range<u16> }

    pub struct Item { pub name: String, pub note: Option<String> }

    /// One page of many.
    pub struct Page<T> { pub items: Vec<T>, pub next: Option<u32> }

    pub struct Tree { pub big: u128, pub children: Vec<Tree> }

    #[serde(tag = "op", rename_all = "snake_case")]
    pub enum Expression {
        Number { value: f64 },
        Add { left: Box<Expression>, right: Box<Expression> },
    }

    /// What may be larger than a double holds, and what may not.
    pub struct Marked {
        #[describe(bigint)]
        pub big_id: u64,
        #[describe(bigint)]
        pub big_list: Vec<Option<i64>>,
        #[describe(bigint)]
        pub big_serial: Option<Serial>,
        pub count: u64,
    }
    pub struct Serial(pub u64);

    /// serde reads no `u128` in an enum that is represented so.
    #[serde(tag = "kind")]
    pub enum Amount {
        Exact { #[describe(bigint)] big: u64 },
        Listed { #[describe(bigint)] big: Vec<u64> },
        None,
    }

    pub struct Empty {}

    /// It says what it is.
    #[serde(tag = "kind", rename = "tagged")]
    pub struct Tagged { pub a: u8 }

    #[serde(try_from = "String", into = "String")]
    pub struct Code(pub u8);

    /// Each contains the other.
    pub struct Block { pub items: Vec<Entry> }

    pub enum Entry { Text(String), Block(#[describe(recursive)] Block) }

    pub struct Old {
        /// Take another.
        #[deprecated = "use `new`"]
        pub old: u8,
        #[deprecated]
        pub older: Option<u8>,
        pub new: u8,
    }

    pub struct Raw {
        #[serde(with = "channel_runtime::describe::base64")]
        pub base64: Vec<u8>,
        pub bytes: Vec<u8>, pub json: serde_json::Value }

    /// What is no number has no JSON, and is `null`.
    pub struct Floats { pub finite: f64, pub nothing: Option<f64>, pub endless: Option<f32> }

    /// 64 bits, of any machine.
    pub struct Sizes { pub size: usize, pub offset: isize }

    /// A page gets more than 2^53 as a number that has lost digits.
    pub struct Beyond { pub count: u64, pub balance: i64 }

    /// What is missing is as the whole's default.
    #[serde(default)]
    pub struct Defaults { pub count: u8, pub name: String, pub point: Option<Point> }

    pub struct DefaultBy {
        #[serde(default = "seven")]
        pub count: u8,
        #[serde(default = "red", rename = "colour")]
        pub color: Color,
    }

    pub struct WithAny {
        pub own: u8,
        #[serde(flatten)]
        pub rest: serde_json::Value,
    }

    pub struct Inside {
        pub hashed: HashSet<u8>,
        pub range: RangeInclusive<u16>,
        pub boxed: Box<Point>,
        pub shared: Arc<str>,
        pub cow: Cow<'static, str>,
        pub all: Arc<[Option<Box<Color>>]>,
    }

    /// Pointers are what they point to.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Pointed {
        Boxed(Box<Point>),
        Shared(Arc<Point>),
        Borrowed(Cow<'static, Point>),
        Fields { shared: Arc<str>, at: Option<Box<Point>> },
    }

    /// `None` is content.
    #[serde(tag = "t", content = "c")]
    pub enum Held {
        Maybe(Option<u8>),
        Boxed(Box<Option<Color>>),
        Cow(Cow<'static, str>),
        All(Arc<[Option<u8>]>),
    }

    pub enum Optional { Maybe(Option<Box<Point>>), Both(Option<u8>, Arc<str>) }

    /// What is skipped leaves a variant without content.
    pub enum Hushed { Nothing(#[serde(skip)] u8), Part(u8, #[serde(skip)] u8, u8) }

    /// Of two types.
    pub struct Either<L, R> { pub left: Option<L>, pub right: Vec<R> }

    // What TypeScript, its library or the core have already.
    pub struct Record { pub map: Map }
    pub struct Map { pub channel: Channel }
    pub struct Channel { pub deleted: bool }
    #[serde(rename = "string")]
    pub struct Lower { pub other: other::Point }
}

impl Default for Defaults {
    fn default() -> Self {
        Self { count: 7, name: "nobody".into(), point: Some(Point { x: 1, y: 2 }) }
    }
}

fn seven() -> u8 {
    7
}

fn red() -> Color {
    Color::Red
}

impl TryFrom<String> for Code {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0.to_string()
    }
}

/// Another type of a name that is taken.
pub mod other {
    use super::*;

    shape! {
        pub struct Point { pub x: f64 }
    }
}

pub fn numbers() -> Vec<Numbers> {
    let largest = Numbers {
        tiny: u8::MAX,
        small: i16::MIN,
        whole: i32::MIN,
        long: 9_007_199_254_740_991,
        float: f64::MAX,
        short: f32::MIN_POSITIVE,
    };
    vec![Numbers { tiny: 0, small: 0, whole: 0, long: 0, float: -0.0, short: 0.5 }, largest]
}

pub fn formats() -> Formats {
    Formats {
        at: "2026-02-03T04:05:06.123456789Z".parse().unwrap(),
        day: NaiveDate::from_ymd_opt(2026, 2, 3).unwrap(),
        uuid: Uuid::from_u128(7),
        url: Url::parse("https://example.org/a?b#c").unwrap(),
        price: "12.340".parse().unwrap(),
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        all: vec![Uuid::from_u128(1)],
    }
}

pub fn maps() -> Maps {
    Maps {
        texts: [("a b".to_owned(), 1), ("__proto__x".to_owned(), 2)].into(),
        numbers: [(7, Color::Red), (u32::MAX, Color::Blue)].into(),
        negative: [(-7, true)].into(),
        ids: [(Id(7), true)].into(),
        colors: [(Color::Red, 1)].into(),
        letters: [('ß', 1)].into(),
        bools: [(true, 1), (false, 0)].into(),
        uuids: [(Uuid::from_u128(7), 1)].into(),
        wide: [(u128::MAX, 1)].into(),
    }
}

pub fn keys() -> Keys {
    Keys { first_name: 1, last_name: 2, both: 3, new: 4, odd: 5, first: 6, hidden: 0, read: 0, written: 9, r#type: 10 }
}

pub fn lists() -> Lists {
    Lists {
        list: vec![],
        maybe: vec![Some(1), None],
        set: [1, 2].into(),
        three: [1, 2, 3],
        nine: [0; 9],
        tuple: (1, "a".into()),
        nested: vec![vec![Color::Red], vec![]],
    }
}

pub fn tree() -> Tree {
    let leaf = Tree { big: 1, children: vec![] };
    Tree { big: u128::MAX, children: vec![leaf.clone(), Tree { big: 2, children: vec![leaf] }] }
}

pub fn block() -> Block {
    Block { items: vec![Entry::Text("a".into()), Entry::Block(Block { items: vec![] })] }
}

#[allow(deprecated)]
pub fn old() -> Old {
    Old { old: 1, older: None, new: 2 }
}

pub fn sum() -> Expression {
    let number = |value| Box::new(Expression::Number { value });
    Expression::Add { left: number(1.0), right: Box::new(Expression::Add { left: number(2.5), right: number(-3.0) }) }
}

pub fn inside() -> Inside {
    Inside {
        hashed: [7].into(),
        range: 1..=4,
        boxed: Box::new(Point { x: 1, y: 2 }),
        shared: "a".into(),
        cow: "b".into(),
        all: [Some(Box::new(Color::Red)), None].into(),
    }
}
