//! The `[permissions]` table of a workflow's file.
//!
//! ```toml
//! [permissions]
//! deny = ["WebFetch", { tool = "Bash", from_iteration = 5 }]
//! approve = ["Read", "mcp__github__*", { tool = "Edit", to_iteration = 3, for = "30m" }]
//! ```
//! Owns its words, and refuses what makes no sense. Never tries a rule.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use toml::value::Datetime;

use super::{Limits, Rule, Verdict};

/// The table. Deny rules come first, whatever the order in the file.
#[derive(Deserialize, Clone, PartialEq, Eq, Default, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct PermissionsTable {
    deny: Vec<Entry>,
    approve: Vec<Entry>,
}

/// A rule without what it says: that is the list it stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    tool: String,
    limits: Limits,
}

/// A rule with limits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limited {
    tool: String,
    from_iteration: Option<u32>,
    to_iteration: Option<u32>,
    until: Option<Datetime>,
    r#for: Option<String>,
}

impl PermissionsTable {
    /// The rules, in the order in which they are numbered.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let rule = |verdict| {
            move |entry: &Entry| Rule {
                verdict,
                tool: entry.tool.clone(),
                limits: entry.limits.clone(),
                answer_to: None,
            }
        };
        let deny = self.deny.iter().map(rule(Verdict::Deny));
        deny.chain(self.approve.iter().map(rule(Verdict::Approve))).collect()
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, as `untagged` would not say which key of a table is wrong.
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tool, or a table with `tool` and limits")
    }

    fn visit_str<E: Error>(self, tool: &str) -> Result<Entry, E> {
        Entry::new(tool.to_owned(), Limits::default()).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        let limited = Limited::deserialize(MapAccessDeserializer::new(map))?;
        let limits = Limits {
            from_iteration: limited.from_iteration,
            to_iteration: limited.to_iteration,
            until: limited.until.map(|until| time(&until)).transpose().map_err(Error::custom)?,
            lasts: limited.r#for.map(|text| duration(&text)).transpose().map_err(Error::custom)?,
        };
        Entry::new(limited.tool, limits).map_err(Error::custom)
    }
}

impl Entry {
    fn new(tool: String, limits: Limits) -> Result<Self, String> {
        if tool.is_empty() {
            return Err("a tool without a name; write `*` for every tool".to_owned());
        }
        // Who writes `Web*` means something, and would find that it is never met.
        if let Some(prefix) = tool.strip_suffix('*')
            && !prefix.is_empty()
            && !prefix.ends_with("__")
        {
            return Err(format!("`{tool}`: a prefix ends in `__*`; write out the tool's name"));
        }
        let (first, last) = (limits.from_iteration.unwrap_or(1), limits.to_iteration);
        if first == 0 || last.is_some_and(|last| last < first) {
            return Err(format!("`{tool}`: no iteration is in these limits; they count from 1"));
        }
        Ok(Self { tool, limits })
    }
}

/// A time with its offset, in Unix milliseconds.
fn time(until: &Datetime) -> Result<i64, String> {
    let time = until.to_string().parse::<jiff::Timestamp>();
    let time = time.map_err(|_| format!("`{until}` needs a date, a time and an offset, or `Z`"))?;
    Ok(time.as_millisecond())
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<SignedDuration>().ok();
    let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
    let duration = duration.filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| format!("`{text}` is no length of time; write such as \"1h 30m\""))
}
