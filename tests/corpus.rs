//! A value of every form goes from Rust to TypeScript and back.
//!
//! The files in `tests/typescript/corpus` are made here, but for `said.ts` and `mistakes.ts`, which are written by hand. tsc and ajv
//! check them in `tests/typescript/corpus.test.mjs`, which makes `said.json` of `said.ts`.
//!
//! After a change that is meant, `CORPUS=accept cargo test --test corpus` writes them anew, for a human to read.

#[path = "corpus/channels.rs"]
mod channels_of_corpus;
#[path = "corpus/shapes.rs"]
mod shapes;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use channel_runtime::channels;
use channel_runtime::contract;
use channel_runtime::describe::Description;
use channel_runtime::testing;
use channels_of_corpus::{Corpus, corpus};
use serde_json::Value;
use serde_json::value::RawValue;

/// What the file says, or what it shall say from now on.
fn stands(name: &str, now: &str) {
    let path = format!("tests/typescript/corpus/{name}");
    if std::env::var_os("CORPUS").is_some_and(|asked| asked == "accept") {
        fs::write(&path, now).unwrap();
    }
    let stood = fs::read_to_string(&path).unwrap_or_default();
    let line = now.lines().zip(stood.lines()).position(|(now, stood)| now != stood);
    assert!(now == stood, "{path} is another one, from line {line:?} on: CORPUS=accept cargo test --test corpus");
}

/// Where whole files are written, which tsc reads in the tests of TypeScript.
fn made() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What is printed below the core.
fn below<'f>(file: &'f str, core: &str) -> &'f str {
    let core = fs::read_to_string(format!("channel-runtime/src/contract/typescript/{core}")).unwrap();
    let (_, printed) = file.split_once(core.trim()).expect("the core stands above");
    printed.trim_start()
}

const IMPORT: &str = "import { Channel, bigints, segment, whoIsPresent, type Answer, type Call, type Options, \
                      type Protocol } from '../../../channel-runtime/src/contract/typescript/core.ts'\n";

#[test]
fn the_printed_client_stands() {
    let description = corpus().app(()).describe();
    let client = contract::typescript(&description);
    let (typescript, javascript) = (client.typescript().unwrap(), client.javascript().unwrap());
    let declarations = client.declarations().unwrap();
    stands("client.ts", &format!("{IMPORT}\n{}", below(&typescript, "core.ts")));
    stands("client.js.txt", below(&javascript, "core.js"));
    stands("client.d.ts.txt", below(&declarations, "core.d.ts"));
    let bigint = client.bigint().typescript().unwrap();
    let files = [
        ("channels.ts", typescript),
        ("bigint.ts", bigint),
        ("script.js", javascript),
        ("script.d.ts", declarations),
        ("channels.react.ts", client.react("./channels.ts")),
        ("script.react.js", client.react_javascript()),
        ("script.react.d.ts", client.react_declarations("./script.js")),
        ("many.ts", contract::typescript(&many()).typescript().unwrap()),
        ("described.ts", contract::typescript(&described()).opaque_as_unknown().typescript().unwrap()),
    ];
    files.into_iter().for_each(|(name, text)| fs::write(made().join(name), text).unwrap());
}

/// The wire of `tests/describe.rs`.
fn described() -> Description {
    serde_json::from_str(&fs::read_to_string("tests/describe/channels.json").unwrap()).unwrap()
}

/// Twenty channels of twenty messages each.
fn many() -> Description {
    let description = corpus().app(()).describe();
    let mut many = serde_json::to_value(&description).unwrap();
    let channel = many["channels"][0].clone();
    let channels = (0..20).map(|number| {
        let mut channel = channel.clone();
        channel["name"] = format!("Corpus{number}").into();
        for side in ["from_client", "to_client"] {
            channel[side].as_array_mut().unwrap().truncate(20);
        }
        channel
    });
    many["channels"] = channels.collect();
    serde_json::from_value(many).unwrap()
}

#[test]
fn a_first_line_has_the_fingerprint_and_the_hash_of_the_rest() {
    let description = corpus().app(()).describe();
    let file = contract::typescript(&description).typescript().unwrap();
    let (line, rest) = file.split_once('\n').unwrap();
    let hash = rest
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let fingerprint = &description.fingerprint;
    let made = "// Made from Rust by channel-runtime: change the Rust.";
    assert_eq!(line, format!("{made} fingerprint {fingerprint} contents {hash:016x}"));
}

/// The values as TypeScript, for tsc, and as JSON, for ajv.
#[tokio::test(start_paused = true)]
async fn what_rust_writes_is_what_typescript_expects() {
    let app = testing::app(corpus().app(()));
    let mut client = app.connect::<Corpus>("/corpus").await.unwrap();
    client.send_text(r#"{"type":"tell"}"#);
    app.settle().await;
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(text) = client.try_next_text().await {
        let value: Value = serde_json::from_str(&text).unwrap();
        heard.entry(value["type"].as_str().unwrap().to_owned()).or_default().push(text);
    }
    assert!(heard.len() > 25, "{} types", heard.len());
    assert!(!heard.contains_key("error"), "{:?}", heard["error"]);

    let mut json = String::from("{");
    let mut literals = String::from("// Made from Rust: values as they are written there.\n");
    literals.push_str("import type { CorpusProtocol } from './client.ts'\n\n");
    literals.push_str("export const heard: { [K in keyof CorpusProtocol['hears']]: CorpusProtocol['hears'][K][] } = {");
    for (wire_type, values) in &heard {
        let comma = if json.len() > 1 { "," } else { "" };
        json.push_str(&format!("{comma}\n  \"{wire_type}\": [\n    {}\n  ]", values.join(",\n    ")));
        let values: Vec<_> = values.iter().map(|value| literal(value)).collect();
        literals.push_str(&format!("\n  {wire_type}: [\n    {},\n  ],", values.join(",\n    ")));
    }
    stands("heard.json", &format!("{json}\n}}\n"));
    stands("heard.ts", &format!("{literals}\n}}\n"));
}

/// JSON is a literal of TypeScript, but for a `bigint`, whose key begins with `big` here.
fn literal(json: &str) -> String {
    let mut literal = String::new();
    let mut rest = json;
    while let Some(at) = rest.find("\"big") {
        let value = at + rest[at..].find("\":").expect("a key has a value") + 2;
        let ends: &[char] = if rest[value..].starts_with('[') { &[']'] } else { &[',', '}'] };
        let end = value + rest[value..].find(ends).expect("a value ends");
        literal.push_str(&rest[..value]);
        let mut before = ' ';
        for char in rest[value..=end].chars() {
            if before.is_ascii_digit() && !char.is_ascii_digit() {
                literal.push('n');
            }
            literal.push(char);
            before = char;
        }
        rest = &rest[end + 1..];
    }
    literal + rest
}

/// By their type, each as the text that stands in the file.
type Texts = BTreeMap<String, Vec<Box<RawValue>>>;

fn texts(name: &str) -> Texts {
    serde_json::from_str(&fs::read_to_string(format!("tests/typescript/corpus/{name}")).unwrap()).unwrap()
}

/// What the channel returns for each, which is what it has read.
async fn echoed(said: impl IntoIterator<Item = String>) -> Vec<String> {
    let app = testing::app(corpus().app(()));
    let mut client = app.connect::<Corpus>("/corpus").await.unwrap();
    let mut all = Vec::new();
    for said in said {
        client.send_text(&said);
        let answer = client.expect_text().await;
        assert!(
            answer.contains(r#","ref":1,"#) && !answer.contains(r#""type":"error""#),
            "{said} is answered {answer}"
        );
        all.push(answer.replacen(r#""ref":1,"#, "", 1));
    }
    all
}

/// Keys that only one side writes, so that the server can't read what it has written.
const READ_OTHERWISE: &str = "keys";

/// To the byte, so that a key that is read as its default, another variant or two fields that are swapped are found.
#[tokio::test(start_paused = true)]
async fn what_rust_has_written_comes_again_when_it_is_sent_back() {
    let heard: Vec<String> = texts("heard.json")
        .into_iter()
        .filter(|(wire_type, _)| wire_type != READ_OTHERWISE)
        .flat_map(|(_, values)| values.into_iter().map(|value| value.get().to_owned()))
        .collect();
    assert!(heard.len() > 70, "{} values", heard.len());
    let said = heard.iter().map(|text| text.replacen(r#"","value""#, r#"","ref":1,"value""#, 1));
    for (echoed, heard) in echoed(said).await.into_iter().zip(heard) {
        assert_eq!(echoed, heard);
    }
}

/// `said.json` is what JSON makes of `said.ts`, whose types tsc checks, and `echoed.json` is what Rust makes of `said.json`.
#[tokio::test(start_paused = true)]
async fn what_typescript_says_is_what_rust_reads() {
    let said = texts("said.json");
    let description = corpus().app(()).describe();
    let types = description.channels[0].from_client.iter().map(|message| message.wire_type.as_str());
    for wire_type in types.filter(|wire_type| *wire_type != "tell") {
        assert!(said.get(wire_type).is_some_and(|all| !all.is_empty()), "{wire_type}");
    }
    let mut json = String::from("{");
    for (wire_type, values) in &said {
        let messages =
            values.iter().map(|value| value.get().replacen('{', &format!(r#"{{"type":"{wire_type}","ref":1,"#), 1));
        let echoed = echoed(messages).await;
        let comma = if json.len() > 1 { "," } else { "" };
        json.push_str(&format!("{comma}\n  \"{wire_type}\": [\n    {}\n  ]", echoed.join(",\n    ")));
        for (said, echoed) in values.iter().zip(echoed) {
            let read: Value = serde_json::from_str(&echoed).unwrap();
            assert_eq!(read["type"], wire_type.as_str());
            let said: Value = serde_json::from_str(said.get()).unwrap();
            if !OTHER_TEXTS.contains(&&**wire_type) {
                assert!(is_in(&said["value"], &read["value"]), "{said} is read as {read}");
            }
        }
    }
    stands("echoed.json", &format!("{json}\n}}\n"));
}

/// Here a value has other texts: keys are renamed, an unknown variant is `unknown`, the first of two forms that fit is read, a URL has
/// a path, and base64 its padding. `echoed.json` has them.
const OTHER_TEXTS: &[&str] = &[READ_OTHERWISE, "open", "untagged", "formats", "raw"];

/// Whether all that was said is there, beside what serde fills in.
fn is_in(said: &Value, read: &Value) -> bool {
    match (said, read) {
        (Value::Object(said), Value::Object(read)) => said.iter().all(|(key, value)| match read.get(key) {
            Some(read) => is_in(value, read),
            // Not written if it is `None`.
            None => value.is_null(),
        }),
        (Value::Array(said), Value::Array(read)) => {
            said.len() == read.len() && said.iter().zip(read).all(|(said, read)| is_in(said, read))
        }
        // 1 is written as 1.0 if it is a float, and an `f32` has other digits.
        (Value::Number(said), Value::Number(read)) if read.is_f64() => said.as_f64() == read.as_f64(),
        _ => said == read,
    }
}

/// So that its type is not true of it: docs/clients.md, "What is not promised".
#[tokio::test(start_paused = true)]
async fn a_float_that_is_no_number_is_written_as_null_which_is_not_read() {
    use shapes::Floats;
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let floats = Floats { finite: value, nothing: None, endless: None };
        assert_eq!(serde_json::to_string(&floats).unwrap(), r#"{"finite":null,"nothing":null,"endless":null}"#);
    }
    let app = testing::app(corpus().app(()));
    let mut client = app.connect::<Corpus>("/corpus").await.unwrap();
    client.send_text(r#"{"type":"floats","ref":1,"value":{"finite":null,"nothing":null,"endless":null}}"#);
    let answer: Value = serde_json::from_str(&client.expect_text().await).unwrap();
    assert_eq!((&answer["code"], &answer["details"]["path"]), (&"invalid_payload".into(), &"value.finite".into()));
}

#[test]
fn opaque_types_are_an_error_that_says_where() {
    let description = channels![opaque::Hides].app(()).describe();
    let error = contract::typescript(&description).typescript().unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(
        lines[..lines.len() - 1],
        [
            "a client can't know the form of these types, which are not `Describe`",
            "  `Undescribed` in `look.at` of `Hides`",
            "  `Undescribed` in `look.all` of `Hides`",
            "  `Undescribed` in `Inner.of`",
        ]
    );
    assert!(lines[lines.len() - 1].contains("#[derive(channel_runtime::describe::Describe)]"), "{error}");
    let client = contract::typescript(&description).opaque_as_unknown().typescript().unwrap();
    assert!(client.contains("export interface Look { at: unknown; all: unknown[]; inner: Inner }"));
    assert!(client.contains("constructor(params: { place: string }, options?"));
}

/// A path's parameter need not be described, because it is text.
mod opaque {
    use std::fmt;
    use std::str::FromStr;

    use channel_runtime::describe::Describe;
    use channel_runtime::{channel, message};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub struct Undescribed(u8);

    #[derive(Serialize, Deserialize, Describe)]
    pub struct Inner {
        of: Undescribed,
    }

    pub struct Place(u8);

    impl fmt::Display for Place {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl FromStr for Place {
        type Err = std::num::ParseIntError;

        fn from_str(text: &str) -> Result<Self, Self::Err> {
            text.parse().map(Self)
        }
    }

    #[message(type = "look")]
    pub struct Look {
        at: Undescribed,
        all: Vec<Undescribed>,
        inner: Inner,
    }

    #[channel("/hides/:place")]
    pub struct Hides {
        place: Place,
    }

    #[channel]
    impl Hides {
        #[message]
        fn look(&self, look: Look) {
            let _ = (look.at.0, look.all.len(), look.inner.of.0, self.place.0);
        }
    }
}
