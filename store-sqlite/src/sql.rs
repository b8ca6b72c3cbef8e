//! The SQL of the store: each statement from a file, or from parts that several share.
//!
//! Owns the names of the statements. Never builds a statement from data.

macro_rules! statements {
    ($($name:ident = $($file:literal)+;)+) => {
        $(pub(crate) const $name: &str = concat!($(include_str!(concat!("sql/", $file, ".sql"))),+);)+
    };
}

statements! {
    FORMAT_1 = "format_1";
    CREATE_META = "create_meta";
    LOG_ID = "log_id";

    LAST_COMMIT = "last_commit";
    COMMIT_BY_ID = "commit_by_id";
    COMMITS = "commits";
    INSERT_COMMIT = "insert_commit";

    KIND = "kind";
    KINDS = "kinds";
    INSERT_KIND = "insert_kind";

    STREAM = "stream";
    STREAMS_OF_CATEGORY = "streams_of_category";
    STREAM_VERSIONS = "stream_versions";
    INSERT_STREAM = "insert_stream";
    UPDATE_STREAM = "update_stream";

    INSERT_EVENT = "insert_event";
    LOG_FORWARDS = "event_columns" "event_of_log" "log_forwards";
    LOG_BACKWARDS = "event_columns" "event_of_log" "log_backwards";
    EVENT_AT = "event_columns" "event_of_log" "event_at";
    STREAM_FORWARDS = "event_columns" "event_of_stream" "stream_forwards";
    STREAM_BACKWARDS = "event_columns" "event_of_stream" "stream_backwards";

    ERASE_PAYLOAD = "erase_payload";

    INSERT_TAG = "insert_tag";
    HAS_TAG = "has_tag";
    COUNT_TAGS = "count_tags";
    TAGGED_FORWARDS = "tagged_forwards";
    TAGGED_BACKWARDS = "tagged_backwards";

    CHECKPOINT = "checkpoint";
    PUT_CHECKPOINT = "put_checkpoint";

    ROW = "row";
    ROW_VERSION = "row_version";
    ROWS_FROM = "rows_from";
    ROWS_AFTER = "rows_after";
    PUT_ROW = "put_row";
    DELETE_ROW = "delete_row";
}
