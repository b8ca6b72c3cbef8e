//! Which flaw is caught by which tests of the kit.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vitae::testing::store::RULES;
use vitae_tests::Backend;

use crate::beside::*;
use crate::commits::*;
use crate::conditions::*;
use crate::disk::backend;
use crate::erasures::*;
use crate::flaw::Sound;
use crate::handles::*;
use crate::reads::*;
use crate::snapshots::*;
use crate::waking::*;

/// What is caught over SQLite, in `on_files`.
pub(crate) const CAUGHT_ON_FILES: [&str; 4] = [
    "r02_a_killed_process_loses_nothing_that_was_acknowledged",
    "r11_damage_is_never_shown",
    "r14_a_file_cut_short_is_refused_and_left_alone",
    "r16_several_processes_see_one_log",
];

/// The tests of the kit that a backend does not pass, of those that are asked for.
pub(crate) fn failing(backend: fn() -> Backend, asked: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let fails = |test: fn(_), backend: Backend| {
        catch_unwind(AssertUnwindSafe(|| test(backend.subject()))).is_err()
    };
    let asked = RULES.iter().filter(|rule| asked(rule.name));
    asked.filter(|rule| fails(rule.test, backend())).map(|rule| rule.name).collect()
}

macro_rules! flaws {
    ($($test:ident: $flaw:ident => [$($rule:literal)*];)+) => {
        /// What is caught in memory.
        const CAUGHT: &[&str] = &[$($($rule,)*)+];

        $(#[test]
        fn $test() {
            let caught: [&str; _] = [$($rule),*];
            assert_eq!(failing(backend::<$flaw>, |_| true), caught);
        })+
    };
}

flaws! {
    without_a_flaw_none_fails: Sound => [];
    r01_checkpoints_of_refused_move: CheckpointsOfRefusedMove => ["r01_a_commit_is_all_or_nothing"];
    r01_last_row_is_forgotten: LastRowIsForgotten => [
        "r01_a_commit_spans_streams_checkpoints_and_rows"
    ];
    r01_stale_rows_are_written: StaleRowsAreWritten => [
        "r01_a_stale_row_rejects_its_commit_alone"
    ];
    r01_versions_come_again: VersionsComeAgain => [
        "r01_a_row_deleted_and_made_again_has_a_new_version"
    ];
    r01_each_row_counts_for_itself: EachRowCountsForItself => [
        "r01_the_rows_that_a_commit_puts_get_one_version"
    ];
    r01_absent_rows_are_not_looked_at: AbsentRowsAreNotLookedAt => [
        "r01_a_row_that_is_not_there_may_be_expected_so"
    ];
    r01_rows_are_listed_backwards: RowsAreListedBackwards => [
        "r01_rows_are_listed_in_bytewise_order"
    ];
    r01_last_snapshot_is_forgotten: LastSnapshotIsForgotten => [
        "r01_a_snapshot_is_kept_with_its_events"
        "r11_an_erasure_drops_the_snapshot_of_its_stream"
    ];
    r01_snapshots_have_places: SnapshotsHavePlaces => ["r01_a_commit_may_be_a_snapshot_alone"];
    r01_first_of_a_version_is_kept: FirstOfAVersionIsKept => [
        "r01_the_newest_snapshot_of_a_stream_is_kept"
    ];
    r01_snapshots_of_refused_are_kept: SnapshotsOfRefusedAreKept => [
        "r01_a_rejected_commit_keeps_no_snapshot"
    ];
    r02_rows_end_with_their_handle: RowsEndWithTheirHandle => [
        "r02_what_was_acknowledged_is_there_after_reopening"
    ];
    r02_identity_is_of_the_handle: IdentityIsOfTheHandle => [
        "r02_what_was_acknowledged_is_there_after_reopening"
        "r16_two_handles_see_one_log"
    ];
    r03_refused_leave_a_gap: RefusedLeaveAGap => [
        "r03_positions_have_no_gaps_and_follow_the_order_of_commits"
        "r07_committing_and_appending_say_the_same"
        "r16_two_handles_see_one_log"
    ];
    r03_receipts_name_one_event: ReceiptsNameOneEvent => [
        "r03_positions_have_no_gaps_and_follow_the_order_of_commits"
        "r11_an_imported_event_has_its_time_and_its_checksum"
    ];
    r03_later_positions_come_first: LaterPositionsComeFirst => [
        "r03_a_reader_misses_nothing_while_eight_write"
    ];
    r04_streams_are_written_in_turn: StreamsAreWrittenInTurn => [
        "r03_a_reader_misses_nothing_while_eight_write"
        "r04_versions_start_at_one_and_have_no_gaps"
    ];
    r05_exact_is_at_least: ExactIsAtLeast => [
        "r05_a_mismatch_is_a_conflict_and_nothing_is_written"
        "r16_of_several_writers_one_wins"
        "r16_two_handles_see_one_log"
    ];
    r05_expectations_need_an_event: ExpectationsNeedAnEvent => [
        "r05_what_is_only_expected_is_checked_and_makes_no_stream"
    ];
    r05_the_last_conflict_is_named: TheLastConflictIsNamed => [
        "r05_the_first_stream_that_differs_is_named"
    ];
    r06_conflicts_come_first: ConflictsComeFirst => [
        "r06_the_same_commit_again_gives_the_first_receipt"
        "r07_committing_and_appending_say_the_same"
        "r16_two_handles_see_one_log"
    ];
    r06_the_id_is_enough: TheIdIsEnough => [
        "r06_the_same_id_with_other_content_is_refused"
        "r06_a_snapshot_is_content_of_its_commit"
        "r07_committing_and_appending_say_the_same"
        "r11_an_erasure_is_part_of_its_commit"
    ];
    r06_snapshots_are_no_content: SnapshotsAreNoContent => [
        "r06_a_snapshot_is_content_of_its_commit"
    ];
    r07_receipts_are_for_events: ReceiptsAreForEvents => [
        "r07_a_receipt_tells_what_became_of_a_commit"
    ];
    r07_committing_hides_repetitions: CommittingHidesRepetitions => [
        "r07_committing_and_appending_say_the_same"
    ];
    r07_unknown_is_forgotten: UnknownIsForgotten => [
        "r07_after_an_unknown_outcome_nothing_is_taken_until_reopened"
    ];
    r07_unknown_is_nothing: UnknownIsNothing => [
        "r07_after_an_unknown_outcome_nothing_is_taken_until_reopened"
    ];
    r08_backwards_is_exclusive: BackwardsIsExclusive => ["r08_a_stream_is_read_in_both_directions"];
    r08_tags_are_alternatives: TagsAreAlternatives => [
        "r08_the_log_is_filtered_by_kind_category_and_tag"
    ];
    r08_bytes_are_not_bounded: BytesAreNotBounded => [
        "r08_pages_are_bounded_by_bytes_and_hold_at_least_one_event"
    ];
    r08_streams_are_listed_from: StreamsAreListedFrom => ["r08_streams_of_a_category_are_listed"];
    r08_many_tagged_are_cut: ManyTaggedAreCut => ["r08_many_events_of_two_tags_are_read_in_pages"];
    r08_causes_are_lost: CausesAreLost => ["r08_events_come_back_as_they_went_in"];
    r09_woken_too_early: WokenTooEarly => [
        "r09_whoever_is_woken_can_read_what_woke_it"
        "r09_a_subscription_misses_nothing_and_doubles_nothing"
    ];
    r09_woken_later: WokenLater => [
        "r09_a_task_is_woken_as_a_thread_is"
        "r09_a_subscription_stays_where_it_is_told_to_begin"
    ];
    r09_first_events_wake: FirstEventsWake => [
        "r09_what_was_acknowledged_need_not_be_waited_for"
        "r09_a_subscription_stays_where_it_is_told_to_begin"
    ];
    r09_many_of_a_kind_are_cut: ManyOfAKindAreCut => [
        "r09_a_subscription_misses_nothing_and_doubles_nothing"
    ];
    r09_waits_outlive_the_handle: WaitsOutliveTheHandle => ["r09_closing_ends_every_wait"];
    r10_checkpoints_are_overwritten: CheckpointsAreOverwritten => [
        "r10_checkpoints_move_by_compare_and_set"
        "r16_two_handles_see_one_log"
    ];
    r10_checkpoints_from_the_future: CheckpointsFromTheFuture => [
        "r10_a_checkpoint_never_points_behind_the_head"
    ];
    r10_checkpoints_are_not_confirmed: CheckpointsAreNotConfirmed => [
        "r10_a_checkpoint_of_another_log_has_diverged"
    ];
    r11_empty_logs_are_damaged: EmptyLogsAreDamaged => [
        "r01_a_commit_is_all_or_nothing"
        "r11_verify_counts_the_events"
    ];
    r11_erased_are_missed_backwards: ErasedAreMissedBackwards => [
        "r11_an_erased_payload_is_gone_and_everything_else_holds"
    ];
    r11_erased_once: ErasedOnce => ["r11_what_was_erased_may_be_erased_again"];
    r11_erased_is_empty: ErasedIsEmpty => [
        "r11_a_payload_may_come_erased"
        "r11_an_imported_event_has_its_time_and_its_checksum"
    ];
    r11_erasures_are_no_content: ErasuresAreNoContent => ["r11_an_erasure_is_part_of_its_commit"];
    r11_snapshots_outlive_erasures: SnapshotsOutliveErasures => [
        "r11_an_erasure_drops_the_snapshot_of_its_stream"
    ];
    r11_imports_are_new: ImportsAreNew => ["r11_an_imported_event_has_its_time_and_its_checksum"];
    r12_shapes_are_not_compared: ShapesAreNotCompared => [
        "r12_another_shape_under_one_name_is_refused"
        "r16_two_handles_see_one_log"
    ];
    r12_versions_share_a_shape: VersionsShareAShape => [
        "r12_another_shape_under_one_name_is_refused"
    ];
    r12_schemas_have_no_order: SchemasHaveNoOrder => ["r12_schemas_are_listed"];
    r13_too_many_tags_are_cut: TooManyTagsAreCut => ["r13_bad_input_is_refused"];
    r13_large_states_are_cut: LargeStatesAreCut => ["r13_bad_snapshots_are_refused"];
    r13_erasures_behind_the_head: ErasuresBehindTheHead => [
        "r13_an_erasure_has_an_act_and_a_place"
    ];
    r13_times_are_rounded: TimesAreRounded => ["r13_numbers_out_of_range_do_no_harm"];
    r14_everything_opens: EverythingOpens => [
        "r14_what_is_no_store_is_refused_and_left_alone"
    ];
    r15_queue_has_no_end: QueueHasNoEnd => ["r15_a_full_queue_answers_busy_and_writes_nothing"];
    r15_busy_is_written: BusyIsWritten => ["r15_a_full_queue_answers_busy_and_writes_nothing"];
    r15_append_blocks: AppendBlocks => ["r15_a_full_queue_answers_busy_and_writes_nothing"];
    r15_queue_of_one_place: QueueOfOnePlace => [
        "r03_a_reader_misses_nothing_while_eight_write"
        "r09_whoever_is_woken_can_read_what_woke_it"
        "r09_a_subscription_misses_nothing_and_doubles_nothing"
        "r15_a_dropped_ticket_cancels_nothing"
        "r16_of_several_writers_one_wins"
        "r17_of_several_that_decide_one_wins"
    ];
    r16_others_come_between: OthersComeBetween => [
        "r16_of_several_writers_one_wins"
        "r17_of_several_that_decide_one_wins"
    ];
    r16_head_is_of_the_handle: HeadIsOfTheHandle => ["r16_two_handles_see_one_log"];
    r17_one_condition_is_looked_at: OneConditionIsLookedAt => [
        "r17_a_condition_holds_or_nothing_is_written"
        "r17_a_condition_finds_what_a_read_finds"
    ];
    r17_one_tag_breaks_a_condition: OneTagBreaksACondition => [
        "r17_a_condition_finds_what_a_read_finds"
    ];
    r17_after_is_inclusive: AfterIsInclusive => [
        "r11_an_imported_event_has_its_time_and_its_checksum"
        "r17_a_condition_holds_or_nothing_is_written"
        "r17_a_condition_finds_what_a_read_finds"
    ];
    r18_old_logs_are_refused: OldLogsAreRefused => ["r18_old_formats_open"];
    r19_no_events_are_no_page: NoEventsAreNoPage => ["r19_strange_questions_get_answers"];
    r20_closing_forgets_tickets: ClosingForgetsTickets => ["r20_closing_answers_every_ticket"];
}

#[test]
fn each_test_of_the_kit_catches_a_flaw() {
    let caught: BTreeSet<_> = CAUGHT.iter().chain(&CAUGHT_ON_FILES).copied().collect();
    let uncaught = RULES.iter().map(|rule| rule.name).filter(|name| !caught.contains(name));
    assert_eq!(uncaught.collect::<Vec<_>>(), [] as [&str; 0]);
}
