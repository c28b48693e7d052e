//! What is printed, of descriptions that are written by hand.

use serde_json::{Value, json};

use crate::contract::typescript;
use crate::protocol::describe::Description;

/// The text below the core.
fn printed(channels: Value, types: Value) -> String {
    let description = json!({ "fingerprint": "0123456789abcdef", "channels": channels, "types": types });
    let description: Description = serde_json::from_value(description).unwrap();
    let file = typescript(&description).typescript().unwrap();
    let core = include_str!("../typescript/core.ts").trim();
    file.split_once(core).expect("the core stands above").1.to_owned()
}

fn channel(with: Value) -> Value {
    let mut channel = json!({
        "name": "Game", "path": "/game", "fingerprint": "aa", "binary_from_client": false, "binary_to_client": false,
    });
    channel.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    json!([channel])
}

fn from_client(message: Value) -> String {
    let mut whole = json!({ "type": "bid", "name": "Bid", "content": { "kind": "unit" } });
    whole.as_object_mut().unwrap().extend(message.as_object().unwrap().clone());
    printed(channel(json!({ "from_client": [whole] })), json!({}))
}

fn has(text: &str, line: &str) {
    assert!(text.contains(line), "{line:?} is not in: {text}");
}

#[test]
fn faults_are_typed_by_their_handler() {
    let details = json!({ "kind": "fields", "fields": [
        { "read": "least", "written": "least", "type": { "kind": "integer", "signed": false, "bits": 32 }, "has_default": false,
          "may_be_skipped": false },
    ] });
    let reply = json!({ "nothing": true, "faults": [
        { "code": "bid.too_low", "message": "bid {least} or more", "docs": "Somebody was faster.", "details": details },
        { "code": "bid.closed", "message": "the lot is sold" },
        { "code": "bid.closed", "message": "the lot is sold" },
    ] });
    let text = from_client(json!({ "reply": reply }));
    has(
        &text,
        "  faults: {
    bid: {
      /**
       * Somebody was faster.
       *
       * bid {least} or more
       */
      'bid.too_low': { least: number }
      /** the lot is sold */
      'bid.closed': undefined
    }
  }
",
    );
    let text = from_client(json!({ "reply": { "nothing": true, "other_faults": true } }));
    has(&text, "  faults: { bid: { '*': unknown } }\n");
    has(&from_client(json!({ "reply": { "nothing": true } })), "  faults: {}\n");
}

#[test]
fn an_answer_is_what_the_handler_returns() {
    has(&from_client(json!({ "reply": { "nothing": true } })), "  answers: {}\n");
    let success = json!({ "kind": "bool" });
    has(&from_client(json!({ "reply": { "nothing": false, "success": success } })), "  answers: { bid: boolean }\n");
    has(
        &from_client(json!({ "reply": { "nothing": true, "success": success } })),
        "  answers: { bid: boolean | undefined }\n",
    );
    has(&from_client(json!({})), "  answers: { bid: unknown }\n");
    has(&from_client(json!({ "reply": { "nothing": true, "binary": true } })), "  answers: {}\n");
}

#[test]
fn a_rate_is_a_sentence_and_a_table() {
    let of = |rate: Value| from_client(json!({ "rate": rate }));
    let text = of(json!({ "count": 20, "seconds": 1, "burst": 20 }));
    has(&text, "  static override readonly rates = { bid: [20, 1, 20] }\n");
    has(&text, "  /** At most 20 in a second. */\n");
    let text = of(json!({ "count": 5, "seconds": 60, "burst": 10, "per_user": true }));
    has(&text, "  /** At most 5 in a minute, 10 at once, over all connections of a user. */\n");
    let text = from_client(json!({ "timeout_ms": 1500, "docs": "Bids." }));
    has(&text, "  static override readonly timeouts = { bid: 1500 }\n");
    has(&text, "   * Bids.\n   *\n   * Answered within 1500 ms.\n");
}

#[test]
fn a_channel_without_anything_is_a_class_that_connects() {
    let text = printed(channel(json!({})), json!({}));
    has(
        &text,
        "
export interface GameProtocol extends Protocol {
  says: {}
  hears: {}
  answers: {}
  faults: {}
}

/** `/game` */
export class Game extends Channel<GameProtocol> {
  static override readonly fingerprint: string = 'aa'
  constructor(options?: Options<GameProtocol>) { super('/game', options) }
}
",
    );
}

#[test]
fn what_a_handshake_needs_is_in_the_constructor() {
    let needs = json!([
        { "place": "token", "required": true },
        { "name": "room-code", "place": "query", "required": true },
        { "name": "lang", "place": "query", "required": false },
    ]);
    let text = printed(channel(json!({ "needs": needs })), json!({}));
    has(&text, "constructor(options: Options<GameProtocol> & { query: { 'room-code': string } }) {");
    has(&text, " * Needs a token, of `options.token` or a cookie.\n");
    has(&text, " * Needs `room-code` in `options.query`.\n");
    has(&text, " * Takes `lang` in `options.query`.\n");
}

#[test]
fn a_method_has_a_name_that_is_free() {
    let named =
        |wire_type: &str| json!({ "type": wire_type, "content": { "kind": "unit" }, "reply": { "nothing": true } });
    let types = ["close", "then", "join_game", "joinGame", "2d", "Get-Price", "URL", "it's", "%", "constructor"];
    let messages: Vec<_> = types.iter().map(|name| named(name)).collect();
    let text = printed(channel(json!({ "from_client": messages })), json!({}));
    for name in ["close_", "then_", "joinGame", "joinGame_", "_2d", "getPrice", "URL", "itS", "_", "constructor_"] {
        has(&text, &format!("  {name}(call?: Call): Answer<GameProtocol, "));
    }
    has(&text, "return this.request('it\\'s', {}, call)");
}

#[test]
fn a_type_with_a_comma_has_the_same_parameters_in_javascript() {
    let named = |wire_type: &str, content: &Value| json!({ "type": wire_type, "name": "Bid", "content": content });
    let content = json!({ "kind": "fields", "fields": [
        { "read": "n", "written": "n", "type": { "kind": "bool" }, "has_default": false, "may_be_skipped": false },
    ] });
    let messages = [named("bid, now", &content), named("stop, now", &json!({ "kind": "unit" }))];
    let description =
        json!({ "fingerprint": "", "channels": channel(json!({ "from_client": messages })), "types": {} });
    let text = typescript(&serde_json::from_value(description).unwrap()).javascript().unwrap();
    has(&text, "  bidNow(message, call) { return this.request('bid, now', message, call) }\n");
    has(&text, "  stopNow(call) { return this.request('stop, now', {}, call) }\n");
}

#[test]
fn a_question_has_its_answer() {
    let places = json!({ "answers": true, "rooms": false, "topics": false, "questions": "many", "batches": 0 });
    let question =
        json!({ "type": "Start", "name": "Start", "content": { "kind": "unit" }, "answer": { "kind": "bool" } });
    let text = printed(
        channel(json!({ "envelope": { "name": "ocpp", "places": places }, "to_client": [question] })),
        json!({}),
    );
    has(&text, "  asks: { Start: boolean }\n");
    has(&text, "stand in the envelope `ocpp`, which this file's core does not speak.");
    assert!(!text.contains("class Game"), "{text}");
}

#[test]
fn two_channels_of_one_name_are_two_classes() {
    let both = [channel(json!({}))[0].clone(), channel(json!({ "path": "/other" }))[0].clone()];
    let text = printed(json!(both), json!({}));
    has(&text, "export class Game extends Channel<GameProtocol>");
    has(&text, "export class Game2 extends Channel<Game2Protocol>");
}

#[test]
fn a_description_of_version_0_1_is_enough() {
    let reply = json!({ "nothing": false, "success": { "kind": "named", "name": "Page<game::Item>" } });
    let message = json!({ "type": "join_game", "content": { "kind": "unit" }, "reply": reply });
    let item = json!({ "struct": { "kind": "as", "type": { "kind": "null" } } });
    let page = json!({ "struct": { "kind": "as", "type": { "kind": "named", "name": "game::Item" } } });
    let types = json!({ "game::Item": item, "shop::Item": item, "Page<game::Item>": page });
    let text = printed(channel(json!({ "from_client": [message] })), types);
    has(&text, "export type Item = null\n");
    has(&text, "export type PageItem = Item\n");
    has(&text, "  answers: { join_game: PageItem }\n");
}

#[test]
fn the_core_knows_where_the_large_integers_stand() {
    let field = |key: &str, ty: &Value, flat: bool| json!({ "read": key, "written": key, "type": ty, "has_default": false, "may_be_skipped": false, "flat": flat });
    let fields = |fields: &[Value]| json!({ "kind": "fields", "fields": fields });
    let wide = json!({ "kind": "integer", "signed": false, "bits": 128 });
    let named = |name: &str| json!({ "kind": "named", "name": name });
    let tree = fields(&[
        field("id", &wide, false),
        field("children", &json!({ "kind": "list", "items": named("Tree") }), false),
    ]);
    let shape = json!({ "tagging": { "kind": "adjacent", "tag": "t", "content": "c" }, "variants": [
        { "read": "Pair", "written": "Pair", "content": { "kind": "tuple", "items": [{ "kind": "bool" }, wide] } },
        { "read": "Said", "content": { "kind": "as", "type": wide } },
    ] });
    let types = json!({
        "Tree": { "name": "Tree", "struct": tree },
        "Inner": { "name": "Inner", "struct": fields(&[field("flat", &wide, false)]) },
        "Shape": { "name": "Shape", "enum": shape },
    });
    let map = json!({ "kind": "record", "key": { "kind": "text" }, "value": { "kind": "nullable", "inner": wide } });
    let message = json!({ "type": "all", "name": "All", "content": fields(&[
        field("tree", &named("Tree"), false), field("inner", &named("Inner"), true), field("shape", &named("Shape"), false),
        field("map", &map, false), field("a.b%", &map, false), field("*", &wide, false),
    ]) });
    let fault = json!({ "code": "a.b", "message": "", "details": fields(&[field("most", &wide, false)]) });
    let asked = json!({ "type": "ask", "content": { "kind": "unit" }, "reply": {
        "nothing": false, "success": { "kind": "list", "items": wide }, "faults": [fault],
    } });
    let text = printed(channel(json!({ "from_client": [asked], "to_client": [message] })), types);
    has(
        &text,
        "  static override readonly bigints = /* @__PURE__ */ bigints({ \
         all: ['tree.**.id', 'flat', 'shape.c.1', 'map.*', 'a%2Eb%25.*', '%2A'], '=ask': ['data.*'], error: ['details.most'] })\n",
    );
}

#[test]
fn rules_are_tags_and_none_ends_the_comment() {
    let rules = json!([
        { "kind": "pattern", "regex": "^a*/$" },
        { "kind": "length", "min": 1, "max": 9, "unit": "bytes" },
    ]);
    let field = json!({ "read": "name", "written": "name", "docs": "Ends */ here.", "type": { "kind": "text" }, "rules": rules,
        "has_default": false, "may_be_skipped": false, "deprecated": "no\nmore" });
    let text = from_client(json!({ "content": { "kind": "fields", "fields": [field] } }));
    has(
        &text,
        "  /**
   * Ends *\\/ here.
   * @pattern ^a*\\/$
   * @minLength 1 bytes
   * @maxLength 9 bytes
   * @deprecated no more
   */
  name: string
",
    );
}

#[test]
fn a_message_that_may_be_sent_again_is_in_a_table() {
    let text = from_client(json!({ "idempotent": true, "rate": { "count": 20, "seconds": 1, "burst": 20 } }));
    has(&text, "  static override readonly idempotent = { bid: true }\n");
    has(&text, "  /** At most 20 in a second. Sent again if its answer is lost, and handled once. */\n");
}
