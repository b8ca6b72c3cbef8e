//! Values as SQLite has them.
//!
//! Owns their order, and how they are written down.

use std::cmp::Ordering;
use std::fmt::Write;

use rusqlite::Row;
use rusqlite::types::ValueRef;

/// The order that SQLite sorts values in, by their bytes if they are texts.
pub(super) fn order_of(one: ValueRef<'_>, other: ValueRef<'_>) -> Ordering {
    match (one, other) {
        (ValueRef::Integer(one), ValueRef::Integer(other)) => one.cmp(&other),
        // There is no NaN in SQLite.
        (ValueRef::Real(one), ValueRef::Real(other)) => {
            one.partial_cmp(&other).unwrap_or(Ordering::Equal)
        }
        (ValueRef::Integer(one), ValueRef::Real(other)) => order_of_numbers(one, other),
        (ValueRef::Real(one), ValueRef::Integer(other)) => order_of_numbers(other, one).reverse(),
        (ValueRef::Text(one), ValueRef::Text(other))
        | (ValueRef::Blob(one), ValueRef::Blob(other)) => one.cmp(other),
        _ => class(one).cmp(&class(other)),
    }
}

const fn class(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    }
}

/// Exact, where not every integer is a `f64`: in two halves, which are.
fn order_of_numbers(integer: i64, real: f64) -> Ordering {
    const HALF: f64 = 4_294_967_296.0;
    let high = (real / HALF).floor();
    let low = real - high * HALF;
    let [a, b, c, d, rest @ ..] = integer.to_be_bytes();
    let halves = (i32::from_be_bytes([a, b, c, d]).into(), u32::from_be_bytes(rest).into());
    halves.partial_cmp(&(high, low)).unwrap_or(Ordering::Equal)
}

/// Values of a row as SQL has them, separated by commas.
pub(super) fn written(
    row: &Row<'_>,
    places: impl Iterator<Item = usize>,
) -> rusqlite::Result<Vec<u8>> {
    let mut text = String::new();
    for place in places {
        if !text.is_empty() {
            text.push_str(", ");
        }
        write_value(row.get_ref(place)?, &mut text);
    }
    Ok(text.into_bytes())
}

/// No other value is written like it.
fn write_value(value: ValueRef<'_>, text: &mut String) {
    // To write to a `String` never fails.
    _ = match value {
        ValueRef::Null => text.write_str("NULL"),
        ValueRef::Integer(number) => write!(text, "{number}"),
        ValueRef::Real(number) if number.is_infinite() => write!(text, "{}9e999", sign(number)),
        ValueRef::Real(number) => write!(text, "{number:?}"),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            // A text in SQL ends with a NUL.
            Ok(found) if !found.contains('\0') => write!(text, "'{}'", found.replace('\'', "''")),
            _ => write!(text, "CAST({} AS TEXT)", blob(bytes)),
        },
        ValueRef::Blob(bytes) => text.write_str(&blob(bytes)),
    };
}

fn sign(number: f64) -> &'static str {
    if number.is_sign_negative() { "-" } else { "" }
}

fn blob(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + 3);
    text.push_str("X'");
    bytes.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const VALUES: &[&str] = &[
        "NULL",
        "-9223372036854775808",
        "-4294967297",
        "-1",
        "0",
        "1",
        "4294967296",
        "9007199254740993",
        "9223372036854775807",
        "-9e999",
        "-9.3e18",
        "-4294967296.5",
        "-1e-300",
        "0.0",
        "0.1",
        "1.0",
        "4294967296.0",
        "9007199254740992.0",
        "9223372036854775807.0",
        "9e999",
        "''",
        "'A'",
        "'a'",
        "'a''b'",
        "'ä'",
        "'1'",
        "CAST(X'610062' AS TEXT)",
        "CAST(X'ff' AS TEXT)",
        "X''",
        "X'31'",
        "X'ff00'",
    ];

    fn values() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute("CREATE TABLE v (a)", ()).unwrap();
        for value in VALUES {
            connection.execute(&format!("INSERT INTO v VALUES ({value})"), ()).unwrap();
        }
        connection
    }

    #[test]
    fn values_are_in_the_order_of_sqlite() {
        let query = "SELECT x.a, y.a, coalesce((x.a > y.a) - (x.a < y.a),
                     (x.a IS NOT NULL) - (y.a IS NOT NULL)) FROM v x, v y";
        let connection = values();
        let mut select = connection.prepare(query).unwrap();
        let mut rows = select.query(()).unwrap();
        let mut pairs = 0;
        while let Some(row) = rows.next().unwrap() {
            let (one, other) = (row.get_ref(0).unwrap(), row.get_ref(1).unwrap());
            let order: i64 = row.get(2).unwrap();
            assert_eq!(order_of(one, other), order.cmp(&0), "{one:?}, {other:?}");
            pairs += 1;
        }
        assert_eq!(pairs, VALUES.len() * VALUES.len());
    }

    #[test]
    fn what_is_written_of_a_value_is_that_value_in_sql_and_no_other() {
        let connection = values();
        let mut select = connection.prepare("SELECT a FROM v").unwrap();
        let mut rows = select.query(()).unwrap();
        let mut all = std::collections::HashSet::new();
        while let Some(row) = rows.next().unwrap() {
            let text = String::from_utf8(written(row, 0..1).unwrap()).unwrap();
            let mut again = connection.prepare(&format!("SELECT {text}")).unwrap();
            let mut again = again.query(()).unwrap();
            let again = again.next().unwrap().unwrap();
            assert_eq!(again.get_ref(0).unwrap(), row.get_ref(0).unwrap(), "{text}");
            all.insert(text);
        }
        assert_eq!(all.len(), VALUES.len());
    }
}
