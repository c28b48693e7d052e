use crate::protocol::envelope::{Malformed, array, items, object, string};

#[track_caller]
fn error<T: std::fmt::Debug>(read: Result<T, Malformed>) -> (String, usize, usize) {
    let Malformed { reason, line, column, .. } = read.unwrap_err();
    (reason, line, column)
}

#[test]
fn items_are_slices_of_the_text_as_they_stand() {
    let text = " [ 1.50 , \"a\\u0062\",\n[ ] , {\"a\" : null}, 1e999 ] ";
    let expected = ["1.50", "\"a\\u0062\"", "[ ]", "{\"a\" : null}", "1e999"];
    assert_eq!(&*array::<5>(text).unwrap(), expected);
    assert_eq!(&*array::<9>(text).unwrap(), expected);
    assert_eq!(items(text, 5).unwrap(), expected);
    assert_eq!(error(items(text, 4)).0, "invalid length 5, expected an array of at most 4");
    assert_eq!(items(" [ ] ", 0).unwrap(), [""; 0]);
    assert_eq!(array::<4>(text).unwrap_err().line, 2);
    assert_eq!(&*array::<0>("[]").unwrap(), [""; 0]);
    for bad in ["", "{}", "[1", "[1,]", "[1]2", "[1 2]", "[nul]", "[\"\n\"]"] {
        assert!(array::<4>(bad).is_err() && items(bad, 9).is_err(), "{bad}");
    }
}

#[test]
fn an_object_s_values_are_found_by_their_keys_and_others_skipped() {
    let text = r#"{"b": [1, 2],"\u0061":"x","c":{"a":7},"d":null}"#;
    assert_eq!(object(text, ["a", "b", "d", "e"]).unwrap(), [Some("\"x\""), Some("[1, 2]"), Some("null"), None]);
    assert_eq!(error(object(r#"{"a":1,"\u0061":2}"#, ["a"])).0, "a second `a`");
    assert!(object(r#"{"b":1,"b":2}"#, ["a"]).is_ok());
    for bad in ["", "[]", "{", "{\"a\":1}}", "{\"a\":1,}", "{\"a\"}", "{\"b\":nul}", "{1:2}"] {
        assert!(object(bad, ["a"]).is_err(), "{bad}");
    }
}

#[test]
fn a_string_is_borrowed_unless_it_has_escapes() {
    use std::borrow::Cow;
    assert!(matches!(string("\"é \u{7f}\""), Some(Cow::Borrowed("é \u{7f}"))));
    assert!(matches!(string("\"\""), Some(Cow::Borrowed(""))));
    assert_eq!(string(r#""a\n\ud83d\ude00\"""#).unwrap(), "a\n😀\"");
    for bad in ["", "\"", "a", "7", "null", "\"a\"b\"", "\"\\\"", "\"\\ud800\"", "\"\n\"", "\"a\" x"] {
        assert_eq!(string(bad), None, "{bad}");
    }
}

#[test]
fn a_place_is_that_of_the_slice_in_its_text() {
    let text = "[1,\n \"é\", 2]";
    let items = array::<3>(text).unwrap();
    let at = |slice: &str| {
        let Malformed { line, column, .. } = Malformed::new("no").at(text, slice);
        (line, column)
    };
    assert_eq!(
        [at(text), at(items[0]), at(items[1]), at(items[2]), at(&text[text.len()..])],
        [(1, 1), (1, 2), (2, 2), (2, 8), (2, 10)]
    );
    assert_eq!(at("elsewhere"), (1, 1));
    assert_eq!(at(""), (1, 1));
}
