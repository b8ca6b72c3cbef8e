//! What is done around the log: erasing payloads, listing streams, export and import.

mod erasure;
mod files;
mod guide;
mod streams;
mod support;
mod transfer;
