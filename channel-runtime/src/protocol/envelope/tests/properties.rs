use proptest::collection::vec;
use proptest::prelude::*;

use crate::protocol::codec::tests::strategies::{json, message, reference};
use crate::protocol::envelope::{Bare, Flat, JsonRpc, Phoenix};
use crate::protocol::message::Ref;
use crate::testing::fuzz;
use crate::testing::fuzz::envelopes::{Calls, messages_survive};

/// An id and its like, as no client of ours writes it.
fn strange() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => json().prop_map(|json| json.to_string()),
        1 => "-?[0-9]{1,140}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,4})?",
        1 => "\"([a-z]|\\\\u00[0-7][0-9a-f]|\\\\ud83d|\\\\ude00){0,140}\"",
        1 => "[\\[\\]{}\",:a-z0-9 ]{0,12}",
    ]
}

proptest! {
    #[test]
    fn what_one_side_writes_the_other_reads(message in message(), reference in reference()) {
        let reference = reference.unwrap_or(Ref::Number(7));
        messages_survive::<Flat>(&message, reference.clone());
        messages_survive::<Bare>(&message, reference.clone());
        messages_survive::<JsonRpc>(&message, reference.clone());
        messages_survive::<Phoenix>(&message, reference.clone());
        messages_survive::<Calls>(&message, reference);
    }

    #[test]
    fn any_text_is_read_or_refused_and_its_answer_is_json(text in any::<String>()) {
        fuzz::envelopes(text.as_bytes());
    }

    #[test]
    fn so_is_anything_like_json_rpc(
        entries in vec(("jsonrpc|method|params|id|result|error|[a-z]{0,3}", strange()), 0..6),
        kind in "say|move|leave_game|wide|jump",
        is_whole in any::<bool>(),
    ) {
        let mut entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        if is_whole {
            entries.retain(|entry| !entry.starts_with("\"jsonrpc") && !entry.starts_with("\"method"));
            entries.extend(["\"jsonrpc\":\"2.0\"".to_owned(), format!("\"method\":\"{kind}\"")]);
        }
        let text = format!("{{{}}}", entries.join(","));
        fuzz::envelopes(text.as_bytes());
        fuzz::envelopes(format!("[{text},{text}]").as_bytes());
    }

    #[test]
    fn so_is_anything_like_an_array_of_phoenix(
        items in vec(strange(), 0..7),
        topic in "room:7|phoenix|room:8",
        event in "say|leave_game|heartbeat|phx_join|phx_leave|phx_reply|jump",
    ) {
        fuzz::envelopes(format!("[{}]", items.join(",")).as_bytes());
        if let [join_ref, reference, payload, ..] = &items[..] {
            fuzz::envelopes(format!("[{join_ref},{reference},\"{topic}\",\"{event}\",{payload}]").as_bytes());
            fuzz::envelopes(format!("[2,{reference},\"{event}\",{payload}]").as_bytes());
        }
    }
}
