//! One test for each rule of the store contract, for any backend.
//!
//! Owns what a store must do, as functions over a [`Subject`]. Never knows which backend it tests,
//! and never measures time.
//!
//! A backend says how it is opened and gets every test:
//!
//! ```
//! vitae_tests::conformance!(memory, || {
//!     vitae_tests::Subject::volatile(std::sync::Arc::new(vitae::MemoryStore::new()))
//! });
//! # fn main() {}
//! ```

mod draft;
mod observe;
pub mod rules;
mod subject;

pub use draft::{Draft, name, position, schema, stream, version};
pub use observe::{Seen, read_all, read_pages};
pub use subject::Subject;

/// Makes a module with one test for each rule of the contract.
#[macro_export]
macro_rules! conformance {
    ($backend:ident, $open:expr) => {
        mod $backend {
            #[allow(unused_imports)]
            use super::*;
            $crate::conformance! { @tests $open;
                r01_a_commit_is_all_or_nothing
                r01_a_commit_spans_streams_checkpoints_and_rows
                r01_a_stale_row_rejects_its_commit_alone
                r01_a_row_deleted_and_made_again_has_a_new_version
                r01_a_row_that_is_not_there_may_be_expected_so
                r01_rows_are_listed_in_bytewise_order
                r02_what_was_acknowledged_is_there_after_reopening
                r03_positions_have_no_gaps_and_follow_the_order_of_commits
                r04_versions_start_at_one_and_have_no_gaps
                r05_a_mismatch_is_a_conflict_and_nothing_is_written
                r05_what_is_only_expected_is_checked_and_makes_no_stream
                r05_the_first_stream_that_differs_is_named
                r06_the_same_commit_again_gives_the_first_receipt
                r06_the_same_id_with_other_content_is_refused
                r07_a_receipt_tells_what_became_of_a_commit
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
                r12_another_shape_under_one_name_is_refused
                r12_schemas_are_listed
                r13_bad_input_is_refused
                r13_numbers_out_of_range_do_no_harm
                r16_a_reader_sees_every_position_once_while_others_write
                r16_of_several_writers_one_wins
                r17_a_condition_holds_or_nothing_is_written
                r19_strange_questions_get_answers
            }
        }
    };
    (@tests $open:expr; $($rule:ident)+) => {
        $(#[test]
        fn $rule() {
            $crate::rules::$rule($open());
        })+
    };
}
