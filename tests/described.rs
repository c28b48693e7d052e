//! What a client is made from beside the form of the messages: names, needs, rates, deadlines, rules, what is deprecated, and where
//! a description is opaque.

use std::str::FromStr;

use channel_runtime::describe::{
    Base64, ChannelDescription, Content, ContentDescription, Definition, Describe, Description, Field,
    FieldDescription, Kind, MessageDescription, Needs, PlaceDescription, Rule, Type, TypeDescription,
};
use channel_runtime::{
    Auth, Authenticate, Batched, Deferred, Extract, Fault, Handshake, Reject, Socket, Success, Token, channel,
    channels, contract, message,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

fn description<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

fn fields(message: &MessageDescription) -> &[FieldDescription] {
    match &message.content {
        ContentDescription::Fields { fields, .. } => fields,
        other => panic!("{other:?} has no fields"),
    }
}

fn field<'a>(message: &'a MessageDescription, key: &str) -> &'a FieldDescription {
    let found = fields(message).iter().find(|field| field.written.as_deref() == Some(key));
    found.unwrap_or_else(|| panic!("{} has no key {key}", message.wire_type))
}

fn said<'a>(channel: &'a ChannelDescription, wire_type: &str) -> &'a MessageDescription {
    let mut all = channel.from_client.iter().chain(&channel.to_client);
    all.find(|message| message.wire_type == wire_type).unwrap_or_else(|| panic!("no message {wire_type}"))
}

/// Of a number, written as a text where it stands alone.
#[derive(Clone, Copy, Serialize, Deserialize, Describe)]
pub struct UserId(u64);

#[derive(Clone, Copy, Serialize, Deserialize, Describe)]
#[serde(transparent)]
pub struct Maybe {
    inner: Option<u8>,
}

#[derive(Serialize, Deserialize, Describe)]
#[serde(untagged)]
pub enum Loose {
    Number(u8),
    Nothing,
}

#[derive(Serialize, Deserialize, Describe)]
#[deprecated = "nobody pages any more"]
pub struct Page<T> {
    items: Vec<T>,
}

/// Written as `"e4"`.
#[derive(Clone, Serialize, Deserialize, Describe)]
#[serde(try_from = "String", into = "String")]
pub struct Square(u8);

impl TryFrom<String> for Square {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Square> for String {
    fn from(square: Square) -> Self {
        square.0.to_string()
    }
}

/// Serde reads a missing key of this type as `None`.
#[derive(Clone, Serialize, Deserialize, Describe)]
#[serde(from = "Option<u8>", into = "Option<u8>")]
pub struct Perhaps(Option<u8>);

impl From<Option<u8>> for Perhaps {
    fn from(number: Option<u8>) -> Self {
        Self(number)
    }
}

impl From<Perhaps> for Option<u8> {
    fn from(Perhaps(number): Perhaps) -> Self {
        number
    }
}

#[message(type = "placed")]
pub struct Placed {
    on: Square,
    perhaps: Perhaps,
}

/// The tables of the game.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, Describe)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    Red,
    White,
}

impl FromStr for Table {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "t-red" { Ok(Self::Red) } else { Err(()) }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "t-{self:?}")
    }
}

impl FromStr for UserId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Says a line.
#[message(type = "say_it", rate = "2/s", burst = 4)]
pub struct ChatMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    plain: Option<String>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    by: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twice: Option<Option<u8>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maybe: Option<Maybe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loose: Option<Loose>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    list: Vec<u8>,
    always: Option<u8>,
}

#[message(type = "counted")]
pub struct Counted {
    #[describe(bigint)]
    total: u64,
    #[describe(bigint)]
    by: Option<Vec<UserId>>,
    small: u64,
    #[serde(with = "channel_runtime::describe::base64")]
    data: Vec<u8>,
    #[serde(with = "channel_runtime::describe::base64::option", default)]
    more: Option<bytes::Bytes>,
    #[serde(with = "hex")]
    #[describe(as = Base64)]
    odd: Vec<u8>,
}

/// Somebody's own way of writing bytes.
mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

#[message(type = "confirm", answer = Vec<Table>)]
#[deprecated(note = "ask `sure`")]
pub struct Confirm {
    text: String,
    #[deprecated]
    #[serde(default)]
    old: u8,
}

#[message(type = "ruled", validate)]
#[derive(garde::Validate)]
pub struct Ruled {
    #[garde(length(chars, min = 1, max = 20))]
    name: String,
    #[garde(range(min = -1.5, max = 2.5))]
    number: f64,
    #[garde(range(min = -1))]
    whole: i8,
    #[garde(skip)]
    free: u8,
    #[garde(skip)]
    coded: Coded,
}

/// Described by hand.
#[derive(Serialize, Deserialize)]
pub struct Coded {
    code: String,
}

impl Describe for Coded {
    const TYPE: Type = {
        const FIELD: Field =
            Field { rules: &[Rule::Pattern("^[a-z]+$")], ..Field::new("code", Type::Text { format: None }) };
        const CODED: Kind = Kind::Struct(Content::Fields { fields: &[FIELD], closed: false });
        Type::Named(&Definition::new("Coded", "elsewhere", CODED))
    };
}

pub struct User;

impl Authenticate<()> for User {
    async fn authenticate(_: Token, (): &()) -> Result<Self, Reject> {
        Ok(Self)
    }
}

/// What a page is asked for in its query, and any client in a header.
pub struct Device;

impl<App: Sync> Extract<App> for Device {
    const NEEDS: Needs = Needs::all(&[Needs::query("device"), Needs::header("x-version").optional()]);

    async fn extract(_: &Handshake, _: &App) -> Result<Self, Reject> {
        Ok(Self)
    }
}

#[channel("/chat/:user/:table/:name/:table_too")]
pub struct Chat {
    user: UserId,
    /// Where one sits.
    table: Table,
    name: String,
    table_too: Table,
    #[extract]
    handshake: Handshake,
    #[extract]
    by: Option<Auth<User>>,
    #[extract]
    device: Device,
    #[extract]
    device_again: Option<Device>,
}

#[expect(deprecated, reason = "the question is")]
#[channel(sends(Counted, Confirm, Placed))]
impl Chat {
    #[message(rate = "20/s", per = "user", timeout = "1500ms")]
    async fn say_it(&self, _: ChatMessage) {}

    #[message(type = "leave_game")]
    #[deprecated = "close the connection"]
    fn leave(&self) {
        let Self { handshake, by, device, device_again, .. } = self;
        let _ = (handshake, by, device, device_again);
    }

    #[message(type = "page")]
    fn page(&self) -> Success<Page<UserId>> {
        Success(Page { items: vec![self.user] })
    }

    #[message(type = "later")]
    fn later(&self, socket: &Socket<Self>) -> Deferred<Result<Success<Table>, Fault>> {
        socket.defer().typed().1
    }
}

#[channel("/strict")]
pub struct Strict {
    #[extract]
    by: Auth<User>,
}

#[channel]
impl Strict {
    #[message(batch(size = 10, wait = "1s"))]
    async fn ruled(_: Vec<Batched<Self, Ruled>>) {}

    #[message(type = "odd type: 50%")]
    fn odd(&self) {
        let _ = &self.by;
    }
}

fn all() -> Description {
    channels![Chat, Strict].app(()).describe()
}

#[test]
fn a_message_has_the_name_of_its_struct_or_else_its_type_in_that_case() {
    let all = all();
    let names =
        |messages: &[MessageDescription]| messages.iter().map(|message| message.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&all.channels[0].from_client), ["ChatMessage", "LeaveGame", "Page", "Later"]);
    assert_eq!(names(&all.channels[0].to_client), ["Counted", "Confirm", "Placed"]);
    assert_eq!(names(&all.channels[1].from_client), ["Ruled", "OddType50"]);
    assert_eq!(said(&all.channels[0], "say_it").docs, "Says a line.");
}

#[test]
fn a_type_has_its_name_its_arguments_and_its_module() {
    let all = all();
    let page = description(&all.types["Page<u64>"]);
    assert_eq!(page["name"], "Page");
    assert_eq!(page["arguments"], json!([{ "kind": "named", "name": "UserId" }]));
    assert_eq!(page["module"], module_path!());
    assert_eq!(page["deprecated"], "nobody pages any more");
    assert_eq!(description(&all.types["UserId"]).get("deprecated"), None);
}

#[test]
fn a_key_is_never_null_if_none_is_skipped_and_nothing_in_it_is_written_as_null() {
    let all = all();
    let say = said(&all.channels[0], "say_it");
    for (key, never_null) in [
        ("plain", true),
        ("by", true),
        ("twice", false),
        ("any", false),
        ("maybe", false),
        ("loose", false),
        ("list", false),
        ("always", false),
    ] {
        assert_eq!(field(say, key).never_null, never_null, "{key}");
        assert_eq!(field(say, key).may_be_skipped, key != "always", "{key}");
    }
}

#[test]
fn a_type_that_is_written_as_another_keeps_its_name_and_its_docs() {
    let all = all();
    let placed = said(&all.channels[0], "placed");
    assert_eq!(field(placed, "on").ty, TypeDescription::Named { name: "Square".into() });
    let square = description(&all.types["Square"]);
    assert_eq!(square["docs"], "Written as `\"e4\"`.");
    assert_eq!(square["struct"], json!({ "kind": "as", "type": { "kind": "text" } }));
    let read: Result<Placed, _> = serde_json::from_value(json!({ "on": "4" }));
    assert_eq!(field(placed, "perhaps").has_default, read.is_ok());
    assert!(read.is_ok());
}

#[test]
fn large_integers_are_marked_where_it_says_so() {
    let all = all();
    let counted = said(&all.channels[0], "counted");
    let marked: Vec<_> =
        fields(counted).iter().filter(|field| field.bigint).map(|field| field.read.clone().unwrap()).collect();
    assert_eq!(marked, ["total", "by"]);
}

#[test]
fn bytes_in_base64_are_described_and_travel_as_a_text() {
    let all = all();
    let counted = said(&all.channels[0], "counted");
    let text = TypeDescription::Text { format: Some("base64".into()) };
    assert_eq!(field(counted, "data").ty, text);
    assert_eq!(field(counted, "odd").ty, text);
    assert_eq!(field(counted, "more").ty, TypeDescription::Nullable { inner: text.into() });
    assert!(field(counted, "more").has_default);

    let written = Counted {
        total: 1,
        by: None,
        small: 1,
        data: vec![0xfb, 0xff, 0x00, 0x01],
        more: Some(bytes::Bytes::from_static(b"a")),
        odd: vec![],
    };
    let json = description(&written);
    assert_eq!((&json["data"], &json["more"]), (&json!("+/8AAQ=="), &json!("YQ==")));
    let read = |data: Value, more: Value| {
        let json = json!({ "total": 1, "small": 1, "data": data, "more": more, "odd": "" });
        serde_json::from_value::<Counted>(json).map(|read| (read.data, read.more)).map_err(|error| error.to_string())
    };
    assert_eq!(read(json!("+/8AAQ=="), json!(null)).unwrap(), (written.data.clone(), None));
    assert_eq!(read(json!("+/8AAQ"), json!("YQ")).unwrap(), (written.data, written.more));
    for (data, more) in [(json!("-_8AAQ"), json!(null)), (json!([1]), json!(null)), (json!(""), json!("Y!"))] {
        let error = read(data, more).unwrap_err();
        assert!(error.contains("expected bytes in base64"), "{error}");
    }
}

#[test]
fn a_handler_s_rate_and_deadline_are_described() {
    let all = all();
    let [chat, strict] = &all.channels[..] else { panic!("two channels") };
    let rate = description(&said(chat, "say_it").rate);
    assert_eq!(rate, json!({ "count": 20, "seconds": 1, "burst": 20, "per_user": true }));
    let timeouts = chat.from_client.iter().map(|message| message.timeout_ms);
    assert_eq!(timeouts.collect::<Vec<_>>(), [Some(1500), None, None, None]);
    let batched = strict.from_client.iter().map(|message| message.batch);
    assert_eq!(batched.collect::<Vec<_>>(), [true, false]);
    assert!(chat.from_client.iter().all(|message| !message.batch));
}

#[test]
fn what_the_extractors_need_is_described_once_and_required_if_one_of_them_requires_it() {
    let all = all();
    let needs = |channel: &ChannelDescription| {
        let needs = channel.needs.iter();
        needs.map(|need| (need.name.clone(), need.place, need.required)).collect::<Vec<_>>()
    };
    assert_eq!(
        needs(&all.channels[0]),
        [
            (None, PlaceDescription::Token, false),
            (Some("device".into()), PlaceDescription::Query, true),
            (Some("x-version".into()), PlaceDescription::Header, false),
        ]
    );
    assert_eq!(needs(&all.channels[1]), [(None, PlaceDescription::Token, true)]);
}

#[test]
fn a_parameter_s_text_is_a_number_only_if_its_type_is_one() {
    let all = all();
    let texts: Vec<_> = all.channels[0].params.iter().map(|param| param.text.clone()).collect();
    let any = || TypeDescription::Text { format: None };
    assert_eq!(texts, [TypeDescription::Integer { signed: false, bits: 64 }, any(), any(), any()]);
    assert_eq!(all.channels[0].params[1].ty, TypeDescription::Named { name: "Table".into() });
}

#[test]
fn what_is_deprecated_says_so_with_its_note() {
    let all = all();
    let notes =
        |messages: &[MessageDescription]| messages.iter().map(|message| message.deprecated.clone()).collect::<Vec<_>>();
    assert_eq!(notes(&all.channels[0].from_client), [None, Some("close the connection".into()), None, None]);
    assert_eq!(notes(&all.channels[0].to_client), [None, Some("ask `sure`".into()), None]);
    let confirm = said(&all.channels[0], "confirm");
    assert_eq!(
        (field(confirm, "text").deprecated.clone(), field(confirm, "old").deprecated.as_deref()),
        (None, Some(""))
    );
}

#[test]
fn a_question_says_what_is_answered() {
    let all = all();
    let answer = said(&all.channels[0], "confirm").answer.clone().unwrap();
    assert_eq!(answer, TypeDescription::List { items: Box::new(TypeDescription::Named { name: "Table".into() }) });
    assert!(all.channels[0].from_client.iter().all(|message| message.answer.is_none()));
}

#[test]
fn the_rules_of_garde_are_described_where_they_are_literals() {
    let all = all();
    let ruled = said(&all.channels[1], "ruled");
    assert_eq!(
        description(&field(ruled, "name").rules),
        json!([{ "kind": "length", "min": 1, "max": 20, "unit": "chars" }])
    );
    assert_eq!(description(&field(ruled, "number").rules), json!([{ "kind": "range", "min": -1.5, "max": 2.5 }]));
    assert_eq!(description(&field(ruled, "whole").rules), json!([{ "kind": "range", "min": -1 }]));
    assert_eq!(field(ruled, "free").rules, []);
    let coded = description(&all.types["Coded"]);
    assert_eq!(coded["struct"]["fields"][0]["rules"], json!([{ "kind": "pattern", "regex": "^[a-z]+$" }]));
}

#[test]
fn a_channel_s_fingerprint_is_that_of_a_list_of_it_alone() {
    let all = all();
    let alone = [channels![Chat].app(()).describe(), channels![Strict].app(()).describe()];
    for (channel, alone) in all.channels.iter().zip(&alone) {
        assert_eq!(channel.fingerprint, alone.fingerprint);
        assert_ne!(channel.fingerprint, all.fingerprint);
    }
}

#[test]
fn all_of_it_is_read_back_as_it_was_written() {
    let all = all();
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Description>(&json).unwrap(), all);
}

/// A description as 0.1 wrote it.
#[test]
fn an_older_description_is_read() {
    let old = json!({
        "fingerprint": "0123456789abcdef",
        "channels": [{
            "name": "Game",
            "path": "/game/:id",
            "params": [{ "name": "id", "type": { "kind": "integer", "signed": false, "bits": 64 } }],
            "from_client": [{
                "type": "move",
                "content": { "kind": "fields", "fields": [{
                    "read": "to", "written": "to", "type": { "kind": "named", "name": "Square" },
                    "has_default": false, "may_be_skipped": false, "flat": false,
                }], "closed": false },
                "reply": { "nothing": true, "fails": true },
            }],
            "binary_from_client": false,
            "binary_to_client": false,
        }],
        "types": { "Square": { "docs": "One of 64.", "struct": { "kind": "as", "type": { "kind": "text" } } } },
    });
    let read: Description = serde_json::from_value(old).unwrap();
    let game = &read.channels[0];
    assert_eq!((&*game.fingerprint, game.needs.len(), &*game.from_client[0].name), ("", 0, ""));
    assert!(!field(&game.from_client[0], "to").never_null);
    assert_eq!(read.types["Square"].name, "");
}

mod opaque {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub struct Hidden(u8);

    #[derive(Fault)]
    pub enum Refused {
        #[fault("hides.refused", "no")]
        Refused { because: Hidden },
    }

    #[derive(Serialize, Deserialize, Describe)]
    pub enum Shape {
        Named { inside: Hidden },
        Pair(u8, Option<Hidden>),
    }

    #[message(type = "sent")]
    pub struct Sent {
        hidden: Vec<Hidden>,
        shape: Shape,
        #[describe(opaque)]
        on_purpose: Option<Hidden>,
        #[serde(with = "hex")]
        bytes: Vec<u8>,
    }

    #[message(type = "asked", answer = Hidden)]
    pub struct Asked {}

    #[message(binary, kind = 1)]
    pub struct Raw(bytes::Bytes);

    impl Raw {
        fn from_bytes(bytes: bytes::Bytes) -> Result<Self, &'static str> {
            Ok(Self(bytes))
        }

        fn to_bytes(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.0);
        }
    }

    #[channel("/hides/:secret")]
    pub struct Hides {
        secret: Secret,
    }

    pub struct Secret;

    impl FromStr for Secret {
        type Err = ();

        fn from_str(_: &str) -> Result<Self, ()> {
            Ok(Self)
        }
    }

    impl std::fmt::Display for Secret {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("-")
        }
    }

    #[channel(sends(Asked))]
    impl Hides {
        #[message]
        fn sent(&self, _: Sent) -> Result<Success<Hidden>, Refused> {
            match self.secret.to_string().len() as u8 {
                0 => Err(Refused::Refused { because: Hidden(0) }),
                len => Ok(Success(Hidden(len))),
            }
        }

        #[message]
        fn raw(&self, _: Raw) {}
    }
}

#[test]
fn each_place_of_an_opaque_type_is_listed() {
    let places: Vec<_> = channels![opaque::Hides].app(()).describe().opaque().iter().map(ToString::to_string).collect();
    assert_eq!(
        places,
        [
            "`Hidden` in `sent.hidden` of `Hides`",
            "`Hidden` in `sent.on_purpose` of `Hides`",
            "`hex` in `sent.bytes` of `Hides`",
            "`Hidden` in `hides.refused.because`, a fault of `sent` of `Hides`",
            "`Hidden` in the answer to `sent` of `Hides`",
            "`Hidden` in the answer to `asked` of `Hides`",
            "`Hidden` in `Shape::Named.inside`",
            "`Hidden` in `Shape::Pair.1`",
        ]
    );
    assert_eq!(all().opaque(), []);
}

/// A kind of room.
#[derive(Describe)]
pub struct Lot(u64);

impl std::fmt::Display for Lot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Another one.
#[derive(Describe)]
pub struct Seller(String);

impl std::fmt::Display for Seller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[message(type = "offer")]
pub struct Offer {
    amount: u64,
}

#[message(type = "withdraw")]
pub struct Withdraw {
    amount: u64,
}

#[message(type = "lots_are")]
pub struct LotsAre {
    count: usize,
}

#[channel(
    "/market/:name",
    room_state = Vec<u64>,
    history(size = 500, age = "10m", recent = 50),
    rooms(Lot(history), Seller)
)]
pub struct Market {
    name: String,
}

#[channel(sends(LotsAre))]
impl Market {
    fn identity(&self) -> &String {
        &self.name
    }

    fn snapshot(&self, lots: &Vec<u64>) -> LotsAre {
        LotsAre { count: lots.len() }
    }

    #[message(idempotent, rate = "5/s")]
    fn offer(&mut self, _: Offer) {}

    #[message(type = "pass", idempotent, timeout = "2s")]
    async fn pass(&mut self) {}

    #[message(batch(size = 2, wait = "1s"), idempotent)]
    fn withdrawn(_: Vec<Batched<Self, Withdraw>>) {}

    #[message(type = "leave")]
    fn leave(&mut self) {}
}

#[test]
fn what_is_kept_and_what_may_be_sent_again_is_described() {
    let all = channels![Market].app(()).describe();
    let market = description(&all.channels[0]);
    assert_eq!(market["history"], json!({ "size": 500, "bytes": 262_144, "age_ms": 600_000, "recent": 50 }));
    let rooms: Vec<_> = all.channels[0].rooms.iter().map(|room| (room.kind.as_str(), room.history)).collect();
    assert!(matches!(rooms[..], [("lot", Some(kept)), ("seller", None)] if (kept.size, kept.age_ms) == (256, 300_000)));
    let again: Vec<_> = all.channels[0].from_client.iter().map(|message| message.idempotent).collect();
    assert_eq!(again, [true, true, true, false]);
    assert_eq!(market["from_client"][3].get("idempotent"), None);
    assert_eq!(all.channels[0].hooks, ["identity", "snapshot"]);
    assert_eq!(serde_json::from_value::<Description>(description(&all)).unwrap(), all);
}

#[test]
fn what_is_kept_and_what_may_be_sent_again_is_in_the_documents() {
    let all = channels![Market].app(()).describe();
    let schemas: Value = serde_json::from_str(&contract::schemas(&all).json().unwrap()).unwrap();
    let properties = |name: &str| schemas["$defs"][name]["properties"].clone();
    assert_eq!(properties("LotsAre")["$seq"]["type"], "integer");
    assert_eq!(properties("Offer")["$id"]["maxLength"], 64);
    assert_eq!(properties("Leave").get("$id"), None);
    assert_eq!(properties("Success")["$again"]["const"], true);
    let document: Value = serde_json::from_str(&contract::asyncapi(&all).json().unwrap()).unwrap();
    let market = &document["channels"]["Market"];
    assert_eq!(market["x-history"]["size"], 500);
    assert_eq!(market["x-rooms"][0]["history"]["age_ms"], 300_000);
    assert_eq!(market["x-rooms"][1].get("history"), None);
    assert_eq!(document["operations"]["Market.offer"]["x-idempotent"], true);
    let joined = &document["components"]["messages"]["channels.joined"]["payload"]["properties"];
    assert_eq!(joined["fresh"]["enum"], json!(["first", "expired", "replaced", "too_far"]));
}
