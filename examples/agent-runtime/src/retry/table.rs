//! The table `[retry]` of a workflow file.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

use super::RetryPlan;

/// The longest pause that can be asked for.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which turns are run again. Without the table, and without a key, none is.
///
/// ```toml
/// [retry]
/// crashed = 5             # how often a turn whose agent failed is run again
/// first = "1s"            # the pause before it; it doubles each further time
/// at_most = "60s"         # the longest pause
/// denied = 2              # how often a turn is run again that was denied a permission
/// blocked_waits = true    # a blocked workflow waits for somebody, and does not end
/// ```
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct RetryTable {
    /// How often a turn is run again whose agent process failed.
    pub crashed: u32,
    /// The pause before the first time, such as `1s` or `250ms`. It doubles each further time.
    #[serde(deserialize_with = "duration")]
    pub first: Duration,
    /// The longest pause; a day at the most.
    #[serde(deserialize_with = "duration")]
    pub at_most: Duration,
    /// How often a turn is run again that was denied a permission.
    pub denied: u32,
    /// Whether a blocked workflow waits for somebody, and does not end.
    pub blocked_waits: bool,
}

/// Why a table cannot be meant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetryTableError {
    /// The pause would shrink.
    #[error("`first` is longer than `at_most`")]
    Shrinks,
    /// The pause is too long.
    #[error("`at_most` is longer than a day")]
    TooLong,
}

impl Default for RetryTable {
    fn default() -> Self {
        Self {
            crashed: 0,
            first: Duration::from_secs(1),
            at_most: Duration::from_secs(60),
            denied: 0,
            blocked_waits: false,
        }
    }
}

impl RetryTable {
    /// What the table allows; `None` if that is nothing.
    ///
    /// # Errors
    /// [`RetryTableError`] if it cannot be meant.
    pub fn plan(&self) -> Result<Option<RetryPlan>, RetryTableError> {
        if self.at_most > A_DAY {
            return Err(RetryTableError::TooLong);
        }
        if self.first > self.at_most {
            return Err(RetryTableError::Shrinks);
        }
        if self.crashed == 0 && self.denied == 0 && !self.blocked_waits {
            return Ok(None);
        }
        let millis = |pause: Duration| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Ok(Some(RetryPlan {
            crashed: self.crashed,
            first_ms: millis(self.first),
            at_most_ms: millis(self.at_most),
            denied: self.denied,
            blocked_waits: self.blocked_waits,
        }))
    }
}

/// A duration as people write it.
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let duration = text.parse::<SignedDuration>().ok();
    duration.and_then(|duration| Duration::try_from(duration).ok()).ok_or_else(|| {
        let form = "write such as \"1m 30s\"";
        serde::de::Error::custom(format!("`{text}` is no length of time; {form}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &str) -> Result<RetryTable, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_run_again_unless_asked_for() {
        assert_eq!(table("{}").unwrap().plan(), Ok(None));
        assert_eq!(table(r#"{"first": "2s"}"#).unwrap().plan(), Ok(None));
    }

    #[test]
    fn a_table_says_how_often_and_when() {
        let said = r#"{"crashed": 3, "first": "250ms", "denied": 1, "blocked_waits": true}"#;
        let plan = RetryPlan {
            crashed: 3,
            first_ms: 250,
            at_most_ms: 60_000,
            denied: 1,
            blocked_waits: true,
        };
        assert_eq!(table(said).unwrap().plan(), Ok(Some(plan)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(table(r#"{"crashes": 3}"#).unwrap_err().contains("unknown field `crashes`"));
        for text in ["soon", "-1s", "1month", "7"] {
            let said = table(&format!(r#"{{"first": "{text}"}}"#)).unwrap_err();
            assert!(said.contains(&format!("`{text}` is no length of time")), "{said}");
        }
        assert!(table(r#"{"crashed": -1}"#).is_err());
        let plan = |json| table(json).unwrap().plan();
        assert_eq!(plan(r#"{"first": "2m"}"#), Err(RetryTableError::Shrinks));
        assert_eq!(plan(r#"{"at_most": "25h"}"#), Err(RetryTableError::TooLong));
    }
}
