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
    FORMAT_2 = "format_2";
    CREATE_META = "create_meta";
    LOG_ID = "log_id";
    SEAL_META = "seal_meta";

    HEAD = "head";
    MOMENT = "moment";
    WRITER_STATE = "writer_state";
    PUT_INDEXED = "put_indexed";

    KIND = "kind";
    KINDS = "kinds";
    KIND_NAME = "kind_name";
    INSERT_KIND = "insert_kind";
    SEAL_KIND = "seal_kind";

    STREAM = "stream";
    STREAM_NUMBERED = "stream_numbered";
    STREAM_NAMES = "stream_names";
    STREAMS = "streams";
    STREAMS_OF_CATEGORY = "streams_of_category";
    INSERT_STREAM = "insert_stream";
    PUT_STREAM = "put_stream";
    CHUNK = "chunk";
    PUT_CHUNK = "put_chunk";

    BUNDLE = "bundle";
    BUNDLED_CHUNKS = "bundled_chunks";
    COUNT_BUNDLES = "count_bundles";
    INSERT_BUNDLE = "insert_bundle";
    PUT_CHUNK_BUNDLE = "put_chunk_bundle";
    DELETE_BUNDLE = "delete_bundle";

    COMMIT_CHUNK = "commit_chunk";
    NEXT_COMMIT_CHUNK = "next_commit_chunk";
    COMMIT_CHUNKS = "commit_chunks";
    INSERT_COMMIT_CHUNK = "insert_commit_chunk";
    PUT_COMMIT_CHUNK = "put_commit_chunk";
    BARE_COMMIT = "bare_commit";
    BARE_COMMITS = "bare_commits";
    NEXT_BARE_COMMIT = "next_bare_commit";
    PUT_BARE_COMMIT = "put_bare_commit";
    SEAL_BARE_COMMIT = "seal_bare_commit";

    INSERT_BLOCK = "insert_block";
    PUT_BLOCK = "put_block";
    MISCOUNTED = "miscounted";
    LOG_FORWARDS = "block_columns" "log_forwards";
    LOG_BACKWARDS = "block_columns" "log_backwards";
    NEXT_BLOCK = "block_columns" "next_block";
    BLOCKS_AT = "block_columns" "blocks_at";
    BLOCKS_WITH = "block_columns" "blocks_with";

    INSERT_TAG = "insert_tag";
    HAS_TAG = "has_tag";
    COUNT_TAGS = "count_tags";
    TAGGED_FORWARDS = "tagged_forwards";
    TAGGED_BACKWARDS = "tagged_backwards";

    CHECKPOINT = "checkpoint";
    CHECKPOINT_NAMES = "checkpoint_names";
    PUT_CHECKPOINT = "put_checkpoint";

    SNAPSHOT = "snapshot";
    PUT_SNAPSHOT = "put_snapshot";
    DROP_SNAPSHOT = "drop_snapshot";
    MARK_ERASED = "mark_erased";
    IS_ERASED = "is_erased";

    ROW = "row";
    ALL_ROWS = "all_rows";
    ROW_VERSION = "row_version";
    ROWS_FROM = "rows_from";
    ROWS_AFTER = "rows_after";
    PUT_ROW = "put_row";
    DELETE_ROW = "delete_row";
    PUT_LAST_ROW_VERSION = "put_last_row_version";
}
