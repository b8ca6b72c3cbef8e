//! One test for each rule of the store contract, for any backend.
//!
//! Owns what a store must do, as functions over a [`Subject`]. Never knows which backend it tests,
//! and never measures time.
//!
//! A backend says how it is opened and gets every test, in a module of the name it gives:
//!
//! ```
//! use vitae::MemoryStore;
//! use vitae::testing::store::Backend;
//!
//! vitae::store_conformance!(memory, Backend::in_memory(MemoryStore::new));
//! # fn main() {}
//! ```
//!
//! How to come from the trait to a backend that passes: [docs/writing-a-backend.md].
//!
//! # The rules
//! The number of a rule (see [`crate::store`]) stands in the names of its tests.
//!
//! | rule | tested |
//! |---|---|
//! | R1, R3 to R6, R8, R10, R12, R13, R17, R19 | through the trait |
//! | R2 | where a log outlives its handle: by opening it again, and by ending a process that writes |
//! | R7 | through the trait as far as it goes; an outcome that is unknown with the hook [`Backend::failing`] |
//! | R9 | through the trait, within one handle; that another handle or process wakes is for the backend's own tests |
//! | R11 | through the trait; damage where a log is a file: bits of it are flipped |
//! | R14 | where a log outlives its handle, and cut short where it is a file; more with [`Backend::refuses`] |
//! | R15 | with the hook [`Backend::jammed`] |
//! | R16 | threads always; several handles and several processes where a log outlives its handle |
//! | R18 | with the hook [`Backend::opens`] |
//! | R20 | by closing with commits under way; a read-only opening is for the backend's own tests |
//!
//! What is not tested of a backend is said on the standard error when its tests run.
//!
//! That the power may fail (R2), that a creation is cut short (R14) and how much memory is used (R15)
//! cannot be seen from here.
//!
//! [docs/writing-a-backend.md]: https://github.com/vitae-rs/vitae/blob/main/docs/writing-a-backend.md

mod backend;
mod children;
mod draft;
mod observe;
mod place;
mod rules;
mod subject;

pub use backend::Backend;
pub use draft::{Draft, name, position, schema, stream, version};
pub use observe::{Seen, read_all, read_pages};
pub use subject::Subject;

use place::Place;

/// A test of the kit.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name of its test, which begins with the number of the rule.
    pub name: &'static str,
    /// What it holds a store to. It panics if the store does something else.
    pub test: fn(Subject),
}

/// Every test of the kit. For testing the kit itself: a backend is tested with
/// [`store_conformance!`](crate::store_conformance).
pub const RULES: &[Rule] = crate::store_conformance!(@rules table ());

/// Runs a rule in a test, or what a process does in it that the test has started.
#[doc(hidden)]
pub fn run(rule: &str, backend: Backend, test: &'static str) {
    // The harness names a test by its path without the crate.
    let test = test.split_once("::").map_or(test, |(_, path)| path);
    let subject = match children::started_as() {
        Some((folder, role)) => Subject::new(backend, Place::of_another(folder)).in_role(role),
        None => backend.subject(),
    };
    let rule = RULES.iter().find(|known| known.name == rule).unwrap();
    (rule.test)(subject.in_test(test));
}

/// Makes a module with a test for each rule of the store contract.
///
/// The [`Backend`](crate::testing::store::Backend) is made anew for each of them, and sees what the
/// surrounding module sees.
#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $backend:expr $(,)?) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::store_conformance!(@rules tests ($backend));
        }
    };
    (@tests ($backend:expr) $($rule:ident)+) => {
        $(#[test]
        fn $rule() {
            let test = ::core::concat!(::core::module_path!(), "::", ::core::stringify!($rule));
            $crate::testing::store::run(::core::stringify!($rule), $backend, test);
        })+
    };
    (@table () $($rule:ident)+) => {
        &[$(Rule { name: ::core::stringify!($rule), test: rules::$rule }),+]
    };
    (@rules $make:ident $with:tt) => {
        $crate::store_conformance! { @$make $with
            r01_a_commit_is_all_or_nothing
            r01_a_commit_spans_streams_checkpoints_and_rows
            r01_a_stale_row_rejects_its_commit_alone
            r01_a_row_deleted_and_made_again_has_a_new_version
            r01_the_rows_that_a_commit_puts_get_one_version
            r01_a_row_that_is_not_there_may_be_expected_so
            r01_rows_are_listed_in_bytewise_order
            r01_a_snapshot_is_kept_with_its_events
            r01_a_commit_may_be_a_snapshot_alone
            r01_the_newest_snapshot_of_a_stream_is_kept
            r01_a_rejected_commit_keeps_no_snapshot
            r02_what_was_acknowledged_is_there_after_reopening
            r02_a_killed_process_loses_nothing_that_was_acknowledged
            r03_positions_have_no_gaps_and_follow_the_order_of_commits
            r03_a_reader_misses_nothing_while_eight_write
            r04_versions_start_at_one_and_have_no_gaps
            r05_a_mismatch_is_a_conflict_and_nothing_is_written
            r05_what_is_only_expected_is_checked_and_makes_no_stream
            r05_the_first_stream_that_differs_is_named
            r06_the_same_commit_again_gives_the_first_receipt
            r06_the_same_id_with_other_content_is_refused
            r06_a_snapshot_is_content_of_its_commit
            r07_a_receipt_tells_what_became_of_a_commit
            r07_committing_and_appending_say_the_same
            r07_after_an_unknown_outcome_nothing_is_taken_until_reopened
            r08_a_stream_is_read_in_both_directions
            r08_the_log_is_filtered_by_kind_category_and_tag
            r08_pages_are_bounded_by_bytes_and_hold_at_least_one_event
            r08_streams_of_a_category_are_listed
            r08_many_events_of_two_tags_are_read_in_pages
            r08_events_come_back_as_they_went_in
            r09_whoever_is_woken_can_read_what_woke_it
            r09_what_was_acknowledged_need_not_be_waited_for
            r09_a_task_is_woken_as_a_thread_is
            r09_a_subscription_misses_nothing_and_doubles_nothing
            r09_a_subscription_stays_where_it_is_told_to_begin
            r09_closing_ends_every_wait
            r10_checkpoints_move_by_compare_and_set
            r10_a_checkpoint_never_points_behind_the_head
            r10_a_checkpoint_of_another_log_has_diverged
            r11_verify_counts_the_events
            r11_damage_is_never_shown
            r11_an_erased_payload_is_gone_and_everything_else_holds
            r11_what_was_erased_may_be_erased_again
            r11_a_payload_may_come_erased
            r11_an_erasure_is_part_of_its_commit
            r11_an_erasure_drops_the_snapshot_of_its_stream
            r11_an_imported_event_has_its_time_and_its_checksum
            r12_another_shape_under_one_name_is_refused
            r12_schemas_are_listed
            r13_bad_input_is_refused
            r13_bad_snapshots_are_refused
            r13_an_erasure_has_an_act_and_a_place
            r13_numbers_out_of_range_do_no_harm
            r14_what_is_no_store_is_refused_and_left_alone
            r14_a_file_cut_short_is_refused_and_left_alone
            r15_a_full_queue_answers_busy_and_writes_nothing
            r15_a_dropped_ticket_cancels_nothing
            r16_of_several_writers_one_wins
            r16_two_handles_see_one_log
            r16_several_processes_see_one_log
            r17_a_condition_holds_or_nothing_is_written
            r17_a_condition_finds_what_a_read_finds
            r17_of_several_that_decide_one_wins
            r18_old_formats_open
            r19_strange_questions_get_answers
            r20_closing_answers_every_ticket
        }
    };
}
