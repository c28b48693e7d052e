//! One mistake a file in `errors/`, with what the compiler says to it.

#[test]
fn mistakes_with_a_client() {
    trybuild::TestCases::new().compile_fail("tests/errors/*.rs");
}
