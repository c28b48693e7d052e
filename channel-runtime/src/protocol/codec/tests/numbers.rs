//! Numbers that fit their fields and numbers that do not, at every place.

use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::fmt::Debug;

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::everywhere;
use crate::protocol::codec::samples::{Game, Wide};
use crate::protocol::codec::{DecodeError, EncodeError, Head, decode, decode_only_carefully, encode_one_of};
use crate::protocol::message::Messages;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Of<T> {
    x: T,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat<T> {
    #[serde(flatten)]
    x: T,
}

#[derive(Debug, PartialEq)]
struct Only<T>(T);

impl<T: Serialize + for<'de> Deserialize<'de> + Send + 'static> Messages for Only<T> {
    const TYPES: &'static [&'static str] = &["only"];

    fn decode<'de, D: Deserializer<'de>>(_: usize, fields: D) -> Result<Self, D::Error> {
        T::deserialize(fields).map(Self)
    }

    fn index(&self) -> usize {
        0
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

type Read<T> = Result<T, DecodeError>;

fn text_of(x: &str) -> [String; 3] {
    [
        format!(r#"{{"type":"only","x":{x}}}"#),
        format!(r#"{{"x":{x},"type":"only"}}"#),
        format!(r#"{{"a":1,"type":"only","x":{x}}}"#),
    ]
}

#[track_caller]
fn read<T>(x: &str) -> Read<T>
where
    T: Serialize + for<'de> Deserialize<'de> + Send + Debug + PartialEq + 'static,
{
    let ways = text_of(x).map(|text| {
        let (quick, careful) =
            (decode::<Only<Of<T>>>(&text).message, decode_only_carefully::<Only<Of<T>>>(&text).message);
        assert_eq!(quick, careful, "{text}");
        quick.map(|Only(Of { x })| x)
    });
    let [first, others @ ..] = ways;
    for other in others {
        match (&first, other) {
            (Ok(first), Ok(other)) => assert_eq!(*first, other, "{x}"),
            (Err(first), Err(other)) => assert_eq!(path(first), path(&other), "{x}"),
            (_, other) => panic!("{x}: {other:?}"),
        }
    }
    first
}

#[track_caller]
fn path(error: &DecodeError) -> &str {
    match error {
        DecodeError::InvalidPayload { path, .. } => path,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused<T>(x: &str, at: &str)
where
    T: Serialize + for<'de> Deserialize<'de> + Send + Debug + PartialEq + 'static,
{
    match read::<T>(x) {
        Ok(value) => panic!("{x}: {value:?}"),
        Err(error) => assert_eq!(path(&error), at, "{x}: {error}"),
    }
}

/// Whether serde_json passes numbers of unknown type on as maps, so that serde reads no number that it has buffered.
pub(super) fn is_of_arbitrary_precision() -> bool {
    serde_json::from_str::<Value>("1e400").is_ok()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    at: f32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum External {
    One(f32),
    Two(f32, f32),
    Named { at: f32 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Point { at: f32 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of")]
enum Adjacent {
    Point(f32),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Point { at: f32 },
    Number(f32),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(f32);

#[test]
fn what_an_f32_has_no_room_for_is_no_message_wherever_it_stands() {
    refused::<f32>("1e39", "x");
    refused::<f32>("-3.41e38", "x");
    refused::<Option<f32>>("1e39", "x");
    refused::<Box<f32>>("1e39", "x");
    refused::<Vec<f32>>("[1,1e39]", "x[1]");
    refused::<[f32; 2]>("[1,1e39]", "x[1]");
    refused::<(u8, f32)>("[1,1e39]", "x[1]");
    refused::<BTreeMap<String, f32>>(r#"{"a":1e39}"#, "x.a");
    refused::<HashMap<String, Vec<Option<f32>>>>(r#"{"a":[null,1e39]}"#, "x.a[1]");
    refused::<Newtype>("1e39", "x");
    refused::<Point>(r#"{"at":1e39}"#, "x.at");
    refused::<Vec<Point>>(r#"[{"at":1e39}]"#, "x[0].at");
    refused::<External>(r#"{"One":1e39}"#, "x.One");
    refused::<External>(r#"{"Two":[1,1e39]}"#, "x.Two[1]");
    refused::<External>(r#"{"Named":{"at":1e39}}"#, "x.Named.at");
    if is_of_arbitrary_precision() {
        return;
    }
    refused::<Internal>(r#"{"kind":"Point","at":1e39}"#, "x.at");
    refused::<Adjacent>(r#"{"of":1e39,"kind":"Point"}"#, "x.of");
    refused::<Untagged>(r#"{"at":1e39}"#, "x.at");
    refused::<Untagged>("1e39", "x");
    refused::<Flat<Point>>(r#"{"at":1e39}"#, "x.at");
}

#[test]
fn what_is_flat_among_a_message_s_own_fields_is_seen_too() {
    if is_of_arbitrary_precision() {
        return;
    }
    for text in everywhere("only", &[r#""at":-1e39"#, r#""b":2"#]) {
        let flat = decode::<Only<Flat<Point>>>(&text).message.unwrap_err();
        let plain = decode::<Only<Point>>(&text).message.unwrap_err();
        assert_eq!((path(&flat), path(&plain)), ("at", "at"), "{text}");
        assert_eq!(decode_only_carefully::<Only<Flat<Point>>>(&text).message.unwrap_err(), flat);
    }
}

#[test]
fn what_an_f32_has_room_for_is_read_as_ever() {
    assert_eq!(read::<f32>("3.4028235e38").unwrap(), f32::MAX);
    assert_eq!(read::<f32>("3.40282350000001e38").unwrap(), f32::MAX);
    assert_eq!(read::<f32>("1e-60").unwrap(), 0.0);
    assert_eq!(read::<f32>("18446744073709551615").unwrap(), u64::MAX as f32);
    assert_eq!(read::<Option<f32>>("null").unwrap(), None);
    assert_eq!(read::<Vec<f32>>("[1,-2.5,3e2]").unwrap(), [1.0, -2.5, 300.0]);
    if !is_of_arbitrary_precision() {
        assert_eq!(read::<Internal>(r#"{"at":2.5,"kind":"Point"}"#).unwrap(), Internal::Point { at: 2.5 });
    }
}

#[test]
fn what_is_too_large_for_an_f32_is_read_by_whatever_has_room() {
    assert_eq!(read::<f64>("1e39").unwrap(), 1e39);
    assert_eq!(read::<Value>("[1e39,1]").unwrap(), serde_json::json!([1e39, 1]));
    if !is_of_arbitrary_precision() {
        assert_eq!(read::<Flat<HashMap<String, f64>>>(r#"{"a":1e39}"#).unwrap().x["a"], 1e39);
    }
    assert_eq!(read::<(Value, f32)>("[1e39,2]").unwrap().1, 2.0);
}

#[test]
fn an_integer_may_be_written_as_a_whole_float() {
    assert_eq!(read::<u8>("7.0").unwrap(), 7);
    assert_eq!(read::<i8>("-7.0").unwrap(), -7);
    assert_eq!(read::<u64>("1e3").unwrap(), 1000);
    for number in [(1_i64 << 49) - 1, 1 - (1 << 49), 499_999_999_999_999, 123_456_789_012_345] {
        assert_eq!(read::<i64>(&format!("{number}.0")).unwrap(), number);
    }
    assert_eq!(read::<u32>("-0.0").unwrap(), 0);
    assert_eq!(read::<u32>("-0").unwrap(), 0);
    assert_eq!(read::<std::num::NonZeroU16>("1.0").unwrap().get(), 1);
    assert_eq!(read::<Option<Vec<u8>>>("[1.0,2]").unwrap(), Some(vec![1, 2]));
    assert_eq!(read::<CString>("[97.0,98]").unwrap(), CString::from(c"ab"));
    assert_eq!(read::<HashMap<u8, u8>>(r#"{"1":2.0}"#).unwrap(), HashMap::from([(1, 2)]));
    assert_eq!(read::<std::time::Duration>(r#"{"secs":1.0,"nanos":0.0}"#).unwrap().as_secs(), 1);
}

#[test]
fn no_other_float_is_an_integer() {
    refused::<u8>("1.5", "x");
    refused::<u8>("256.0", "x");
    refused::<u8>("-1.0", "x");
    refused::<std::num::NonZeroU8>("0.0", "x");
    // From here on it may have been another number.
    refused::<i64>("562949953421312.0", "x");
    refused::<i64>("9007199254740991.0", "x");
    refused::<u64>("1e19", "x");
    refused::<i64>("1e400", "x");
    decode::<Game>(r#"{"type":"wide","number":5.0}"#).message.unwrap_err();
    refused::<bool>("1.0", "x");
    refused::<String>("1.0", "x");
    assert_eq!(read::<Value>("[1.0,1]").unwrap().to_string(), "[1.0,1]");
}

#[test]
fn each_integer_is_read_within_its_bounds() {
    assert_eq!(read::<u64>("18446744073709551615").unwrap(), u64::MAX);
    refused::<u64>("18446744073709551616", "x");
    refused::<i64>("9223372036854775808", "x");
    refused::<i64>("-9223372036854775809", "x");
    refused::<u8>("256", "x");
    refused::<i8>("-129", "x");
    refused::<i128>("170141183460469231731687303715884105728", "x");
    refused::<u128>("340282366920938463463374607431768211456", "x");
    refused::<char>(r#""ab""#, "x");
    refused::<std::time::Duration>(r#"{"secs":18446744073709551615,"nanos":4294967295}"#, "x");
}

#[test]
fn a_wide_integer_is_read_wherever_its_type_stands_behind_a_decoy_too() {
    let decoy = r#""decoy":{"type":"leave_game","number":1}"#;
    for number in [i128::MIN, -1, i128::from(u64::MAX) + 1, i128::MAX] {
        let field = format!(r#""number":{number}"#);
        for fields in [vec![&*field], vec![decoy, &field], vec![&field, decoy]] {
            for text in everywhere("wide", &fields) {
                assert_eq!(decode::<Game>(&text).message, Ok(Game::Wide(Wide { number })), "{text}");
                assert_eq!(decode_only_carefully::<Game>(&text).message, Ok(Game::Wide(Wide { number })), "{text}");
            }
        }
    }
}

#[test]
fn keys_are_numbers_as_values_are() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Scores(HashMap<u32, i64>);

    let read = |text: &str| decode::<Only<Scores>>(text).message.map(|Only(Scores(scores))| scores);
    assert_eq!(read(r#"{"type":"only","1.0":2.0}"#), Ok(HashMap::from([(1, 2)])));
    read(r#"{"type":"only","1.5":2}"#).unwrap_err();
    read(r#"{"type":"only"," 1":2}"#).unwrap_err();
}

#[track_caller]
fn written<T>(x: T) -> Result<String, EncodeError>
where
    T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
{
    let mut out = b"before".to_vec();
    let written = encode_one_of(&Only(Of { x }), Head::default(), &mut out);
    if written.is_err() {
        assert_eq!(out, b"before");
    }
    written.map(|()| String::from_utf8(out).unwrap()[6..].to_owned())
}

#[track_caller]
fn unwritten<T>(x: T)
where
    T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
{
    let error = written(x).unwrap_err();
    let text = r#"a message of type "only" can't be written: a number is NaN or infinite, which JSON can't say"#;
    assert_eq!(error.to_string(), text);
}

#[test]
fn nan_and_infinities_are_not_written_wherever_they_stand() {
    const INF: f32 = f32::INFINITY;
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        unwritten(number);
        unwritten(number as f32);
        unwritten(Some(number));
        unwritten(vec![1.0, number]);
        unwritten((1, number));
        unwritten(HashMap::from([(1, number)]));
        unwritten(BTreeMap::from([("a".to_owned(), vec![Some(number)])]));
    }
    unwritten(Newtype(INF));
    unwritten(Point { at: INF });
    unwritten(External::One(INF));
    unwritten(External::Two(0.0, INF));
    unwritten(External::Named { at: INF });
    unwritten(Internal::Point { at: INF });
    unwritten(Adjacent::Point(INF));
    unwritten(Untagged::Number(INF));
    unwritten(Flat { x: Point { at: INF } });
    let mut out = Vec::new();
    encode_one_of(&Only(Flat { x: Point { at: INF } }), Head::default(), &mut out).unwrap_err();
    assert_eq!(out, b"");
}

#[test]
fn all_else_is_written_as_serde_json_writes_it() {
    let value = serde_json::json!({ "a": [1, -2.5, null, true, "text"], "b": { "c": 1e300 } });
    assert_eq!(written(value.clone()).unwrap(), format!(r#"{{"type":"only","x":{value}}}"#));
    for x in [External::One(1.5), External::Two(0.0, -0.0), External::Named { at: f32::MIN }] {
        let json = serde_json::to_string(&x).unwrap();
        assert_eq!(written(x).unwrap(), format!(r#"{{"type":"only","x":{json}}}"#));
    }
    assert_eq!(written(i128::MIN).unwrap(), format!(r#"{{"type":"only","x":{}}}"#, i128::MIN));
    let raw = serde_json::value::RawValue::from_string("[ 1.0 ]".into()).unwrap();
    assert_eq!(written(raw).unwrap(), r#"{"type":"only","x":[ 1.0 ]}"#);
    assert_eq!(written(CString::from(c"ab")).unwrap(), r#"{"type":"only","x":[97,98]}"#);
    assert_eq!(written(((), Some(Option::<u8>::None), 'c')).unwrap(), r#"{"type":"only","x":[null,null,"c"]}"#);
}

#[test]
fn a_payload_that_can_read_more_than_json_is_not_held_back() {
    fn read_infinity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        match Option::<f32>::deserialize(deserializer)? {
            Some(number) if number < 0.0 => Err(D::Error::custom("less than nothing")),
            Some(number) => Ok(number),
            None => Ok(f32::INFINITY),
        }
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Bound {
        #[serde(deserialize_with = "read_infinity")]
        most: f32,
    }

    for text in everywhere("only", &[r#""most":null"#, r#""b":2"#]) {
        assert_eq!(decode::<Only<Bound>>(&text).message.unwrap().0.most, f32::INFINITY, "{text}");
    }
}
