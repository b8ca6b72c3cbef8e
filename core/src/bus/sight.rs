//! What can be seen of a bus from outside: spans, counters and histograms.
//!
//! Owns their names. Never in the way: without somebody who listens, nothing is done.

use std::fmt::Display;
use std::time::Instant;

use tracing::Span;
use tracing::field::{Empty, display};
use tracing::span::EnteredSpan;

use super::parts::PartKind;
use super::{CommitReason, PendingTimer};
use crate::id::CommitId;
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

/// The span in which a timer fires: of the event that has set it, and of the kind that it makes happen.
pub(super) fn firing(name: &Name, timer: &PendingTimer) -> EnteredSpan {
    let PendingTimer { stream, kind, set_by: event, correlation, .. } = timer;
    let part = PartKind::Timers;
    tracing::debug_span!("handle", %part, %name, %kind, %stream, %event, %correlation).entered()
}

/// A commit, from when it is put together until the store's answer is taken.
pub(super) struct Committing {
    begun: Instant,
    span: Span,
}

impl Committing {
    pub(super) fn begin() -> Self {
        let span = tracing::debug_span!("commit", commit = Empty, correlation = Empty);
        Self { begun: Instant::now(), span }
    }

    /// Which one it is, once that is known.
    pub(super) fn identify(&self, commit: CommitId, correlation: impl FnOnce() -> CommitId) {
        if !self.span.is_disabled() {
            self.span.record("commit", display(commit));
            self.span.record("correlation", display(correlation()));
        }
    }

    /// Works on it, in its span.
    pub(super) fn work<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// It has come to its end.
    pub(super) fn conclude(&self, outcome: &Result<Receipt, CommitReason>) {
        self.work(|| match outcome {
            Ok(receipt) => tracing::debug!(commit = %receipt.commit, "committed"),
            Err(reason) => tracing::debug!(error = %reason, "not committed"),
        });
        time("vitae_commit_seconds", self.begun, Vec::new);
        match outcome {
            Ok(_) => committed(),
            Err(reason) => not_committed(is_unknown(reason)),
        }
    }
}

/// A commit is in the log, whoever has made it.
pub(super) fn committed() {
    count("vitae_commits_total", || vec![("outcome", "committed".to_owned())]);
}

/// A commit was not acknowledged, and is not tried again as it is.
pub(super) fn not_committed(unknown: bool) {
    let outcome = if unknown { "unknown" } else { "rejected" };
    count("vitae_commits_total", || vec![("outcome", outcome.to_owned())]);
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
