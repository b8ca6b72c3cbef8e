//! What must not compile, and what rustc says about it. One folder for each rule.

#[test]
fn messages_are_as_they_were_read() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
