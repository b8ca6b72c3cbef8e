//! What handlers hand out, and how it is run.
//!
//! Owns the statements of a batch. Never decides whether they are kept.

use rusqlite::types::{ToSql, ToSqlOutput, Value};
use rusqlite::{Connection, params_from_iter};
use vitae::{HandlerError, TablesError};

use super::StatementError;
use super::declared::Declared;
use super::error::{blame, was_interrupted};

/// What a handler makes of one event: statements, in the order in which they are to be run.
#[derive(Default, Debug)]
pub struct Sql(Vec<Statement>);

#[derive(Debug)]
struct Statement {
    text: &'static str,
    parameters: Vec<Value>,
}

impl Sql {
    /// Adds a statement. It names tables in braces, and has its parameters as `?1`, `?2` and so on:
    /// values never stand in its text.
    ///
    /// It is run after the handler has returned; a row can be read only within a statement: `INSERT INTO
    /// {totals} … ON CONFLICT DO UPDATE SET cents = cents + excluded.cents`.
    ///
    /// # Errors
    /// If a parameter cannot be a value of SQLite.
    pub fn execute(
        &mut self,
        statement: &'static str,
        parameters: &[&dyn ToSql],
    ) -> Result<(), HandlerError> {
        let parameters = parameters.iter().map(|parameter| value(*parameter));
        let parameters = parameters.collect::<Result<_, _>>()?;
        self.0.push(Statement { text: statement, parameters });
        Ok(())
    }
}

fn value(parameter: &dyn ToSql) -> Result<Value, HandlerError> {
    match parameter.to_sql()? {
        ToSqlOutput::Borrowed(value) => Ok(value.try_into()?),
        ToSqlOutput::Owned(value) => Ok(value),
        _ => Err("a parameter is no number, text or bytes".into()),
    }
}

/// Runs what was made of some events.
pub(super) fn run(
    connection: &Connection,
    declared: &Declared,
    prefix: &str,
    written: &[Sql],
    steps: u64,
) -> Result<(), TablesError> {
    let mut filled = String::new();
    for (fitting, sql) in written.iter().enumerate() {
        let event = |error: StatementError| TablesError::Event { fitting, source: error.into() };
        for Statement { text: statement, parameters } in &sql.0 {
            declared
                .fill(prefix, statement, &mut filled)
                .map_err(|name| event(StatementError::Undeclared { name, statement }))?;
            connection
                .prepare_cached(&filled)
                .and_then(|mut prepared| prepared.execute(params_from_iter(parameters)))
                .map_err(|error| {
                    blame(error, |source| {
                        event(match was_interrupted(&source) {
                            true => StatementError::TooMuch { statement, steps },
                            false => StatementError::Failed { statement, source },
                        })
                    })
                })?;
            if connection.is_autocommit() {
                return Err(event(StatementError::Ended { statement }));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::declared::Declaration;
    use super::*;

    /// The authorizer refuses it, on a connection that has one.
    #[test]
    fn nothing_is_run_after_a_statement_that_has_ended_the_transaction() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE rows (a); BEGIN").unwrap();
        let table = Declaration { name: "t", statement: "", is_table: true };
        let declared = Declared::new("p".to_owned(), vec![table]).unwrap();
        let mut written = Sql::default();
        written.execute("COMMIT", &[]).unwrap();
        written.execute("INSERT INTO rows VALUES (1)", &[]).unwrap();
        let error = run(&connection, &declared, "", &[written], 0).unwrap_err();
        let TablesError::Event { fitting: 0, source } = error else { panic!("{error:?}") };
        assert!(source.to_string().contains("has ended the transaction"), "{source}");
        let rows = "SELECT count(*) FROM rows";
        assert_eq!(connection.query_row(rows, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
    }
}
