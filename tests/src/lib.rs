//! Tests of the published crates, written as a downstream user would.
