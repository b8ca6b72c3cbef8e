//! The lines as serde writes and reads them.
//!
//! Owns the names of the members: part of the format.

use std::collections::BTreeMap;

use serde::de::{Deserializer, IgnoredAny};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::schema::Value;

/// What the first line calls the format.
pub(super) const FORMAT: &str = "vitae-log";

/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Log(LogLine),
    Schema(SchemaLine),
    Commit(CommitLine),
}

/// A later version may have more members here, which must not hide that it is one.
#[derive(Serialize, Deserialize)]
pub(super) struct LogLine {
    pub(super) format: String,
    pub(super) version: u32,
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) events: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SchemaLine {
    pub(super) kind: String,
    pub(super) version: u32,
    pub(super) text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommitLine {
    pub(super) id: String,
    pub(super) position: u64,
    pub(super) recorded_at: i64,
    pub(super) digest: String,
    pub(super) events: Vec<EventLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    pub(super) category: String,
    pub(super) stream: String,
    pub(super) version: u64,
    pub(super) kind: String,
    pub(super) kind_version: u32,
    pub(super) occurred_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) correlation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) causation: Option<CauseLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) erased: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shown: Option<Shown>,
}

/// The event that caused another.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CauseLine {
    pub(super) commit: String,
    pub(super) index: u32,
}

/// A payload as people read it. Reading it back gives nothing, whatever it is.
pub(super) struct Shown(pub(super) Value);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not kept, and of any depth: nothing of it comes upon the stack.
        IgnoredAny::deserialize(deserializer).map(|_| Self(Value::Null))
    }
}
