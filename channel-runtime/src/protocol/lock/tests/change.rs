//! The rating of changes of one line.

use crate::protocol::lock::change::{Verdict, added, changed, removed};
use crate::protocol::lock::cover::covers;
use crate::protocol::lock::line::Entry;

fn verdict(old: &str, new: &str) -> Verdict {
    changed(Entry::read(old), Entry::read(new), true).verdict
}

#[test]
fn what_a_client_says_may_become_wider_and_what_it_hears_narrower() {
    use Verdict::{Breaks, Fine, Unclear};
    for (narrow, wide, verdict_of_client, verdict_of_server) in [
        ("u8", "u16", Fine, Fine),
        ("u8", "i16", Fine, Fine),
        ("u32", "f64", Fine, Fine),
        ("f32", "f64", Fine, Fine),
        ("string", "string | null", Fine, Fine),
        ("string(uuid)", "string", Fine, Fine),
        ("[u8]", "[u16]", Fine, Fine),
        ("[u8; 4]", "[u8]", Fine, Fine),
        ("{string: u8}", "{string: u8 | null}", Fine, Fine),
        ("Piece", "any", Fine, Fine),
        ("Piece", "Piece | null", Fine, Fine),
        ("u8", "i8", Breaks, Breaks),
        ("u64", "f64", Breaks, Breaks),
        ("string", "u8", Breaks, Breaks),
        ("[u8; 4]", "[u8; 5]", Breaks, Breaks),
        ("string(date)", "string(uuid)", Breaks, Breaks),
        ("(u8, u8)", "[u8]", Breaks, Breaks),
        ("Piece", "Man", Unclear, Unclear),
        ("opaque Square", "opaque Field", Unclear, Unclear),
        ("[Piece]", "[Man]", Unclear, Unclear),
        ("piece", "man", Unclear, Unclear),
        ("opaque codes", "[opaque more::codes]", Unclear, Unclear),
        ("string(date)", "[string(Uuid)]", Breaks, Breaks),
        ("\"Man\"", "\"King\"", Breaks, Breaks),
    ] {
        let line = |direction: &str, ty: &str| format!("{direction} move from: {ty}");
        assert_eq!(verdict(&line(">", narrow), &line(">", wide)), verdict_of_client, "> {narrow} to {wide}");
        assert_eq!(verdict(&line("<", wide), &line("<", narrow)), verdict_of_server, "< {wide} to {narrow}");
        if verdict_of_client == Fine {
            assert_eq!(verdict(&line(">", wide), &line(">", narrow)), Breaks, "> {wide} to {narrow}");
            assert_eq!(verdict(&line("<", narrow), &line("<", wide)), Breaks, "< {narrow} to {wide}");
        }
    }
    assert_eq!(covers("string | null", "null"), Some(true));
    assert_eq!(covers("success u16", "success u8"), Some(true));
    assert_eq!(covers("moved | nothing", "moved"), Some(true));
    assert_eq!(covers("won | moved | nothing", "moved | won"), Some(true));
    assert_eq!(verdict("< move (answer): won | moved", "< move (answer): moved | nothing"), Verdict::Breaks);
    assert_eq!(verdict("< move (answer): moved", "< move (answer): won"), Verdict::Breaks);
    assert_eq!(verdict("< move (answer): moved", "< move (answer): success Piece"), Verdict::Breaks);
    assert_eq!(verdict("< move (answer): success Piece", "< move (answer): success Man"), Verdict::Unclear);
    assert_eq!(covers("u8 | null", "[u8 | null]"), Some(false));
    assert_eq!(covers("[u16 | null] | null", "[u8]"), Some(true));
    assert_eq!(covers("Piece | null", "Man | null"), None);
}

#[test]
fn whether_a_field_may_be_missing_depends_on_who_says_it() {
    use Verdict::{Breaks, Fine};
    assert_eq!(verdict("> move to?: u8", "> move to: u8"), Breaks);
    assert_eq!(verdict("> move to: u8", "> move to?: u8"), Fine);
    assert_eq!(verdict("< moved to?: u8", "< moved to: u8"), Fine);
    assert_eq!(verdict("< moved to: u8", "< moved to?: u8"), Breaks);
}

#[test]
fn what_comes_and_what_goes() {
    use Verdict::{Breaks, Fine, Unclear};
    for (line, of_channel, verdict_of_new, verdict_of_gone) in [
        ("> move", true, Fine, Breaks),
        ("< moved", true, Fine, Breaks),
        ("> (binary)", true, Fine, Breaks),
        ("> (text)", true, Fine, Breaks),
        ("< (text)", true, Fine, Breaks),
        ("> move to: u8", true, Breaks, Breaks),
        ("> move to?: u8", true, Fine, Breaks),
        ("> move to: read as from", true, Fine, Breaks),
        ("< moved to: u8", true, Fine, Breaks),
        ("> move *: no other keys", true, Breaks, Fine),
        ("< say (answer): success u8", true, Unclear, Breaks),
        ("> to: u8", false, Breaks, Breaks),
        ("> | king", false, Fine, Breaks),
        ("< | king", false, Breaks, Fine),
        ("> | king crowns: u8", false, Breaks, Breaks),
        ("< | king crowns: u8", false, Fine, Breaks),
    ] {
        let entry = Entry::read(line);
        assert_eq!(added(entry, of_channel, false).verdict, verdict_of_new, "{line} is new");
        assert_eq!(removed(entry, of_channel).verdict, verdict_of_gone, "{line} is gone");
    }
    assert_eq!(added(Entry::read("> move to: u8"), true, true).verdict, Fine);
    assert_eq!(
        changed(Entry::read("> |: external"), Entry::read("> |: untagged"), false).verdict,
        Breaks,
        "another representation"
    );
}

#[test]
fn an_alias_that_becomes_something_else_is_for_a_human_to_judge() {
    use Verdict::Unclear;
    assert_eq!(verdict("> move target: read as to", "> move target: string"), Unclear);
    assert_eq!(verdict("> move target: read as to", "> move target: read as from"), Unclear);
}
