//! The tables that a projection declares, and how they are called.
//!
//! Owns the names in the file, which begin with `sql:`, and those that readers see. Never asks the file
//! anything.

use std::sync::Arc;

use super::TableProjectionError;
use super::rights::Own;

/// The longest name of a projection, a table or an index in bytes, inclusive.
const MAX_NAME_BYTES: usize = 64;

/// Something that a projection has made.
#[derive(Clone, Copy)]
pub(super) struct Declaration {
    pub(super) name: &'static str,
    pub(super) statement: &'static str,
    pub(super) is_table: bool,
}

pub(super) struct Declared {
    projection: String,
    /// In the order in which they are made.
    pub(super) all: Vec<Declaration>,
}

impl Declared {
    pub(super) fn new(
        projection: String,
        all: Vec<Declaration>,
    ) -> Result<Self, TableProjectionError> {
        let names = all.iter().map(|declaration| declaration.name);
        for name in std::iter::once(projection.as_str()).chain(names) {
            if !is_name(name) {
                return Err(TableProjectionError::InvalidName { name: name.to_owned() });
            }
        }
        for (at, Declaration { name, .. }) in all.iter().enumerate() {
            if all.iter().skip(at + 1).any(|other| other.name == *name) {
                return Err(TableProjectionError::Repeated { name });
            }
        }
        if !all.iter().any(|declaration| declaration.is_table) {
            return Err(TableProjectionError::NoTable { projection });
        }
        Ok(Self { projection, all })
    }

    /// What the names of everything in a generation begin with.
    pub(super) fn prefix(&self, generation: u32) -> String {
        format!("{}{generation}:", self.any_prefix())
    }

    /// The same of every generation.
    pub(super) fn any_prefix(&self) -> String {
        format!("sql:{}:", self.projection)
    }

    /// The name of a view, by which readers find a table.
    pub(super) fn view(&self, table: &str) -> String {
        format!("{}_{table}", self.projection)
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().filter(|declaration| declaration.is_table).map(|table| table.name)
    }

    pub(super) fn own(&self, generation: u32) -> Arc<Own> {
        let (prefix, mut own) = (self.prefix(generation), Own::default());
        for Declaration { name, is_table, .. } in &self.all {
            let names = if *is_table { &mut own.tables } else { &mut own.indexes };
            names.insert(format!("{prefix}{name}"));
        }
        Arc::new(own)
    }

    /// Puts the names of a generation in the place of those in braces. Braces around anything but a name
    /// stay as they are. Fails with a name that is not declared.
    pub(super) fn fill(
        &self,
        prefix: &str,
        statement: &str,
        filled: &mut String,
    ) -> Result<(), String> {
        filled.clear();
        let mut rest = statement;
        while let Some((before, behind)) = rest.split_once('{') {
            filled.push_str(before);
            match behind.split_once('}') {
                Some((name, behind)) if is_name(name) => {
                    if !self.all.iter().any(|declaration| declaration.name == name) {
                        return Err(name.to_owned());
                    }
                    filled.extend(["\"", prefix, name, "\""]);
                    rest = behind;
                }
                _ => {
                    filled.push('{');
                    rest = behind;
                }
            }
        }
        filled.push_str(rest);
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
    fits && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
