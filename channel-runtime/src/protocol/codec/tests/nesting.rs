use super::{malformed, read, reference, text_ref};
use crate::protocol::codec::samples::{Game, Pong};

#[test]
fn deep_nesting_is_refused_without_a_stack_overflow() {
    for depth in [10_000, 1_000_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        for nest in [format!("{open}{close}"), open.clone(), r#"{"a":"#.repeat(depth)] {
            for text in [
                nest.clone(),
                format!(r#"{{"type":"move","from":{nest}}}"#),
                format!(r#"{{"type":"extended","id":1,"ignored":{nest}}}"#),
                format!(r#"{{"type":"say","text":"a","ignored":{nest}}}"#),
                format!(r#"{{"type":"opaque","count":1,"data":{nest}}}"#),
                format!(r#"{{"type":"pong","ignored":{nest}}}"#),
                format!(r#"{{"ignored":{nest},"type":"pong"}}"#),
                format!(r#"{{"type":"jump","ignored":{nest}}}"#),
                format!(r#"{{"type":"pong","$ignored":{nest}}}"#),
                format!(r#"{{"type":"pong","ref":{nest}}}"#),
                format!(r#"{{"type":{nest}}}"#),
            ] {
                malformed(&text);
            }
        }
    }
}

#[test]
fn nesting_is_read_up_to_127_levels_and_refused_at_its_place_beyond() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for field in ["ignored", "data"] {
        let text = |levels| format!(r#"{{"type":"opaque","ref":"7","count":1,"data":0,"{field}":{}}}"#, nested(levels));
        let text = |levels| if field == "data" { text(levels).replace(r#""data":0,"#, "") } else { text(levels) };
        read(&text(126));
        let too_deep = text(127);
        let place = too_deep.find("[[").unwrap() + 127;
        assert_eq!(malformed(&too_deep), ("nested too deep".into(), 1, place));
        assert_eq!(reference(&too_deep), text_ref("7"));
    }
    let (_, line, column) = malformed(&format!("{{\"type\":\"pong\",\n\n\"x\":\n {}}}", nested(127)));
    assert_eq!((line, column), (4, 128));
}

#[test]
fn brackets_side_by_side_or_in_strings_are_no_nesting() {
    let flat = format!(r#"{{"type":"pong","x":[{}[]]}}"#, "[{}],".repeat(5_000));
    assert_eq!(read(&flat), Game::Pong(Pong));
    let quoted = r#"[[\"{{\\"#.repeat(5_000);
    assert!(matches!(read(&format!(r#"{{"type":"say","text":"{quoted}"}}"#)), Game::Say(_)));
    let hidden = r#"["]","#.repeat(200);
    malformed(&format!(r#"{{"type":"pong","x":{hidden}0{}}}"#, "]".repeat(200)));
}
