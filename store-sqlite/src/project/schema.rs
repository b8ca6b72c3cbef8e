//! The making, the showing and the removing of tables.
//!
//! Owns what stands in SQLite's schema for a projection, in the transaction that is open. Never touches
//! what is not the projection's.

use std::sync::Arc;

use rusqlite::Connection;
use vitae::TablesError;

use super::DeclarationError;
use super::declared::{Declaration, Declared};
use super::error::{blame, file, refused};
use super::rights::{May, Own, Rights};

/// How many rows of a former generation are removed in one transaction.
const REMOVED: usize = 1_024;

/// How many steps the making of empty tables may take.
const STEPS: u64 = 1_000_000;

/// Makes the tables of a generation, unless they are there.
pub(super) fn make(
    connection: &Connection,
    rights: &Rights,
    declared: &Declared,
    generation: u32,
) -> Result<(), TablesError> {
    let prefix = declared.prefix(generation);
    if !named(connection, "table", &prefix)?.is_empty() {
        return Ok(());
    }
    let own = declared.own(generation);
    for declaration in &declared.all {
        make_one(connection, rights, &own, (declared, &prefix), declaration)?;
    }
    for Declaration { name, is_table, .. } in &declared.all {
        check_one(connection, &prefix, name, *is_table)?;
    }
    Ok(())
}

fn make_one(
    connection: &Connection,
    rights: &Rights,
    own: &Arc<Own>,
    (declared, prefix): (&Declared, &str),
    Declaration { name, statement, .. }: &Declaration,
) -> Result<(), TablesError> {
    let mut filled = String::new();
    declared
        .fill(prefix, statement, &mut filled)
        .map_err(|name| refused(DeclarationError::Undeclared { name, statement }))?;
    rights.during(May::Make(Arc::clone(own)), STEPS, || connection.execute(&filled, ())).map_err(
        |error| {
            blame(error, |source| refused(DeclarationError::Refused { name, statement, source }))
        },
    )?;
    Ok(())
}

fn check_one(
    connection: &Connection,
    prefix: &str,
    name: &'static str,
    is_table: bool,
) -> Result<(), TablesError> {
    let full = format!("{prefix}{name}");
    let kind = if is_table { "table" } else { "index" };
    if !named(connection, kind, &full)?.contains(&full) {
        return Err(refused(DeclarationError::NotMade { name }));
    }
    // It could stand in the way of the store's own statements.
    let foreign = "SELECT count(*) FROM pragma_foreign_key_list(?1)";
    let foreign: i64 = connection.query_row(foreign, (&full,), |row| row.get(0)).map_err(file)?;
    if foreign > 0 {
        return Err(refused(DeclarationError::ForeignKey { name }));
    }
    Ok(())
}

/// Lets the views show the tables of a generation.
pub(super) fn show(
    connection: &Connection,
    declared: &Declared,
    generation: u32,
) -> Result<(), TablesError> {
    let prefix = declared.prefix(generation);
    let wanted = declared.tables().map(|table| {
        let view = declared.view(table);
        let sql = definition(&view, &format!("{prefix}{table}\""));
        (view, sql)
    });
    let wanted: Vec<(String, String)> = wanted.collect();
    let shown = shown(connection, declared)?;
    for (view, _) in shown.iter().filter(|shown| !wanted.contains(shown)) {
        connection.execute(&format!("DROP VIEW \"{view}\""), ()).map_err(file)?;
    }
    for (view, sql) in wanted.iter().filter(|wanted| !shown.contains(wanted)) {
        connection.execute(sql, ()).map_err(|error| {
            blame(error, |source| refused(DeclarationError::View { view: view.clone(), source }))
        })?;
    }
    Ok(())
}

/// The views of a projection, with their definitions.
fn shown(
    connection: &Connection,
    declared: &Declared,
) -> Result<Vec<(String, String)>, TablesError> {
    let select = "SELECT name, sql FROM sqlite_schema WHERE type = 'view'";
    let mut select = connection.prepare(select).map_err(file)?;
    let views = select
        .query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(file)?;
    let any = declared.any_prefix();
    let ours = |(view, sql): &(String, String)| sql.starts_with(&definition(view, &any));
    Ok(views.into_iter().filter(ours).collect())
}

/// What a view of ours is, as SQLite keeps it: up to the name of the table, or a part of it.
fn definition(view: &str, table: &str) -> String {
    format!("CREATE VIEW \"{view}\" AS SELECT * FROM \"{table}")
}

/// Deletes rows of a generation. Says how many.
pub(super) fn shrink(connection: &Connection, prefix: &str) -> Result<usize, TablesError> {
    for table in named(connection, "table", prefix)? {
        let key = key_of(connection, &table)?;
        let delete = format!(
            "DELETE FROM \"{table}\" WHERE ({key}) IN (SELECT {key} FROM \"{table}\" LIMIT {REMOVED})"
        );
        let deleted = connection.execute(&delete, ()).map_err(file)?;
        if deleted > 0 {
            return Ok(deleted);
        }
    }
    Ok(0)
}

/// What tells the rows of a table apart.
fn key_of(connection: &Connection, table: &str) -> Result<String, TablesError> {
    let without_rowid = "SELECT wr FROM pragma_table_list(?1)";
    let without_rowid = connection.query_row(without_rowid, (table,), |row| row.get::<_, bool>(0));
    if !without_rowid.map_err(file)? {
        return Ok("rowid".to_owned());
    }
    let columns = primary_key(connection, table)?;
    let quoted = columns.iter().map(|column| format!("\"{}\"", column.replace('"', "\"\"")));
    Ok(quoted.collect::<Vec<_>>().join(", "))
}

/// The columns of a table's primary key; none if it has no such key.
pub(super) fn primary_key(
    connection: &Connection,
    table: &str,
) -> Result<Vec<String>, TablesError> {
    let columns = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
    names(connection, columns, table)
}

/// The columns of a table that readers see; none if there is no such table.
pub(super) fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, TablesError> {
    names(
        connection,
        "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
        table,
    )
}

fn names(connection: &Connection, select: &str, table: &str) -> Result<Vec<String>, TablesError> {
    let mut select = connection.prepare(select).map_err(file)?;
    let names = select.query_map((table,), |row| row.get(0));
    names.and_then(Iterator::collect).map_err(file)
}

/// Removes the tables of a generation.
pub(super) fn remove(connection: &Connection, prefix: &str) -> Result<(), TablesError> {
    for table in named(connection, "table", prefix)? {
        connection.execute(&format!("DROP TABLE \"{table}\""), ()).map_err(file)?;
    }
    Ok(())
}

/// The tables, or the indexes, whose names begin with something.
fn named(connection: &Connection, kind: &str, prefix: &str) -> Result<Vec<String>, TablesError> {
    let select =
        "SELECT name FROM sqlite_schema WHERE type = ?1 AND substr(name, 1, length(?2)) = ?2";
    let mut select = connection.prepare_cached(select).map_err(file)?;
    let found = select
        .query_map((kind, prefix), |row| row.get(0))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>);
    found.map_err(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_deleted_so_many_at_a_time_whatever_tells_them_apart() {
        for make in [
            "CREATE TABLE \"p:t\" (a, b)",
            "CREATE TABLE \"p:t\" (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID",
            "CREATE TABLE \"p:t\" (a, \"b \"\"c\" PRIMARY KEY) WITHOUT ROWID",
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute(make, ()).unwrap();
            let fill =
                "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 2500)
                        INSERT INTO \"p:t\" SELECT 'x', i FROM n";
            connection.execute(fill, ()).unwrap();
            let deleted = [(); 4].map(|()| shrink(&connection, "p:").unwrap());
            assert_eq!(deleted, [1_024, 1_024, 452, 0], "{make}");
        }
    }
}
