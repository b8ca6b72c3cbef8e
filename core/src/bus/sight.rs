//! What can be seen of a bus from outside: spans, counters and histograms.
//!
//! Owns their names. Never in the way: without somebody who listens, nothing is done.

use std::fmt::Display;
use std::time::Instant;

use tracing::span::EnteredSpan;

use super::CommitReason;
use super::parts::PartKind;
use crate::lifecycle::Context;
use crate::name::Name;
use crate::store::{Outcome, Receipt};

/// The span in which a handler works on an event: what is logged in it carries the correlation.
pub(super) fn handling(
    part: PartKind,
    name: &Name,
    kind: impl Display,
    context: &Context,
) -> EnteredSpan {
    let (event, correlation) = (context.event_id(), context.correlation());
    let stream = context.stream();
    tracing::debug_span!("handle", %part, %name, %kind, %stream, %event, %correlation).entered()
}

/// A commit that somebody blocks for, until it is dropped.
pub(super) struct Waiting {
    begun: Instant,
    _span: EnteredSpan,
}

impl Waiting {
    pub(super) fn begin() -> Self {
        Self { begun: Instant::now(), _span: tracing::debug_span!("commit").entered() }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        time("vitae_commit_seconds", self.begun, Vec::new);
    }
}

/// A commit has come to its end, however it was waited for.
pub(super) fn concluded(outcome: &Result<Receipt, CommitReason>) {
    let label = match outcome {
        Ok(_) => "committed",
        Err(reason) if is_unknown(reason) => "unknown",
        Err(_) => "rejected",
    };
    match outcome {
        Ok(receipt) => tracing::debug!(commit = %receipt.commit, "committed"),
        Err(reason) => tracing::debug!(error = %reason, "not committed"),
    }
    count("vitae_commits_total", || vec![("outcome", label.to_owned())]);
}

fn is_unknown(reason: &CommitReason) -> bool {
    match reason {
        CommitReason::Append(error) => error.outcome() == Outcome::Unknown,
        CommitReason::Read(_) => true,
        _ => false,
    }
}

/// A commit is put together anew.
pub(super) fn retried() {
    count("vitae_commit_retries_total", Vec::new);
}

/// A part has had a step that did something, or failed.
pub(super) fn stepped(kind: PartKind, name: &Name, begun: Instant, failed: bool) {
    let labels = || vec![("kind", kind.to_string()), ("name", name.to_string())];
    time("vitae_part_step_seconds", begun, labels);
    if failed {
        count("vitae_part_failures_total", labels);
    }
}

/// A part has so many events of the log behind its own position.
pub(super) fn lags(kind: PartKind, name: &Name, events: u64) {
    #[cfg(feature = "metrics")]
    {
        let labels = [("kind", kind.to_string()), ("name", name.to_string())];
        #[expect(clippy::cast_precision_loss, reason = "a gauge has a `f64`")]
        metrics::gauge!("vitae_part_lag_events", &labels).set(events as f64);
    }
    #[cfg(not(feature = "metrics"))]
    let _ = (kind, name, events);
}

fn count(metric: &'static str, labels: impl FnOnce() -> Vec<(&'static str, String)>) {
    #[cfg(feature = "metrics")]
    metrics::counter!(metric, &labels()).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (metric, labels);
}

fn time(
    metric: &'static str,
    begun: Instant,
    labels: impl FnOnce() -> Vec<(&'static str, String)>,
) {
    #[cfg(feature = "metrics")]
    metrics::histogram!(metric, &labels()).record(begun.elapsed());
    #[cfg(not(feature = "metrics"))]
    let _ = (metric, begun, labels);
}
