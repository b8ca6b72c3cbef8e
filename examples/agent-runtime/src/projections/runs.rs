//! `runs`: every run with its counters, in the order in which they were opened.

use serde::{Deserialize, Serialize};
use vitae::{HandlerError, Projection, Rows};

use super::key;
use crate::run::{
    Counters, Place, RequestKind, RequestRaised, RequestSettled, RunClosed, RunOpened, RunStatus,
    ToolFailed, ToolStarted, Trigger,
};

/// The view's name.
pub const VIEW: &str = "runs";

/// A row of the view.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct RunRow {
    /// The run's public id.
    pub run_id: String,
    /// Why it was opened.
    pub trigger: Trigger,
    /// How it stands.
    pub status: RunStatus,
    /// What was counted.
    pub counters: Counters,
}

/// The projection.
#[must_use]
pub fn projection() -> Projection {
    Projection::new(VIEW)
        .on(|event: &RunOpened, _, rows| {
            let row = RunRow {
                run_id: event.run_id.clone(),
                trigger: event.trigger,
                status: RunStatus::Running,
                counters: Counters::default(),
            };
            rows.put(row_key(&event.place), &row)
        })
        .on(|event: &ToolStarted, _, rows| {
            change(&event.place, rows, |row| row.counters.tool_uses += 1)
        })
        .on(|event: &ToolFailed, _, rows| {
            change(&event.place, rows, |row| row.counters.tool_failures += 1)
        })
        .on(|event: &RequestRaised, _, rows| match event.kind {
            RequestKind::Permission => {
                change(&event.place, rows, |row| row.counters.permission_requests += 1)
            }
            RequestKind::Stop => Ok(()),
        })
        .on(|event: &RequestSettled, _, rows| {
            change(&event.place, rows, |row| row.counters.blocks += u64::from(event.blocked))
        })
        .on(|event: &RunClosed, _, rows| {
            change(&event.place, rows, |row| row.status = event.status)
        })
}

fn row_key(place: &Place) -> Vec<u8> {
    key(&[&place.session], u64::from(place.run))
}

fn change(
    place: &Place,
    rows: &mut Rows<'_>,
    change: impl FnOnce(&mut RunRow),
) -> Result<(), HandlerError> {
    let key = row_key(place);
    let mut row: RunRow = rows.get(&key)?.ok_or("the run was never opened")?;
    change(&mut row);
    rows.put(key, &row)
}
