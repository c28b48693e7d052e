use crate::contract::stamp::stamped;

#[test]
fn the_first_line_has_the_hash_of_what_follows() {
    let file = stamped("330bf7dbdce97a1b", "a\nb\n");
    let (line, body) = file.split_once('\n').unwrap();
    assert_eq!(body, "a\nb\n");
    let expected = "// Made from Rust by channel-runtime: change the Rust. fingerprint 330bf7dbdce97a1b contents ";
    assert_eq!(line.strip_prefix(expected), Some("78ed6781f136a14e"));
}

#[test]
fn a_checkout_with_carriage_returns_has_the_same_hash() {
    assert_eq!(stamped("0", "a\nb\n").lines().next(), stamped("0", "a\r\nb\r\n").lines().next());
    assert_ne!(stamped("0", "a\nb\n").lines().next(), stamped("0", "a\nB\n").lines().next());
}
