//! What a commit may have to wait for is bounded.

use vitae_sqlite::StatementError;

use crate::support::*;

const ENDLESS: &str = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n)
    INSERT INTO {rows} (cents) SELECT count(i) FROM n";

#[test]
fn a_statement_without_end_is_an_error() {
    let file = File::new();
    let bus = file.bus(with("mine", ENDLESS));
    buy(&bus, "ada", 1);
    let (position, error) = stopped(&bus);
    let too_much = StatementError::TooMuch { statement: ENDLESS, steps: 5_000_000 };
    assert_eq!(position, 1);
    assert_eq!(statement_error(&error).to_string(), too_much.to_string());
    assert_eq!(ask(&file, "SELECT * FROM mine_rows"), "");
    buy(&bus, "ada", 2);
}

/// About 20,000 steps.
const LONG: &str = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 1000)
    UPDATE {rows} SET cents = cents + (SELECT count(i) FROM n) * 0";

#[test]
fn of_a_batch_that_is_too_much_as_many_are_written_as_fit() {
    let file = File::new();
    let bus = file.bus(with("mine", LONG).steps(100_000));
    for cents in 0..40 {
        buy(&bus, "ada", cents);
    }
    let before: i64 = ask(&file, "SELECT count(*) FROM bare_commits").parse().unwrap();
    bus.catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT count(*) FROM mine_rows"), "40");
    let after: i64 = ask(&file, "SELECT count(*) FROM bare_commits").parse().unwrap();
    assert!(after - before > 5, "{} transactions", after - before);
}
