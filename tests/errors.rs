//! Each mistake in `errors/` is told in one clear error, at the token to change. After a change to an error's words,
//! `TRYBUILD=overwrite cargo test --test errors` writes the texts anew, for a human to read.

#[test]
fn every_mistake_has_its_error() {
    trybuild::TestCases::new().compile_fail("tests/errors/*/*.rs");
}
