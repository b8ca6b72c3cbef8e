//! Why nothing was decided.

use crate::bus::{CommitReason, LoadError};
use crate::name::InvalidName;
use crate::store::{ReadError, Receipt};

/// Why a decision was not made, or not carried out. `E` is what the decision itself says no with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError<E> {
    /// The key cannot be a name.
    #[error("the key of the request is not valid")]
    InvalidKey(#[from] InvalidName),
    /// The life could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The decision was not to do it. Nothing was written: the same key is decided anew. What stands
    /// behind the refusal is not in the [`source`](std::error::Error::source): it can be any type.
    // Not as the source: `E` may be a boxed error, which is none itself.
    #[error("{0}")]
    Refused(E),
    /// Serde refuses the answer. Nothing was written.
    #[error("the answer cannot be encoded; answer with a type that postcard can hold")]
    Answer(#[source] postcard::Error),
    /// The commit was not acknowledged.
    #[error(transparent)]
    Commit(CommitReason),
    /// The store could not be asked what it knows of the key, or the answer that it keeps has another
    /// type: then the key stands for another request.
    #[error("the store could not say what was answered to the key before")]
    Read(#[from] ReadError),
    /// The request was carried out, and its answer is not kept any more.
    #[error(
        "the request was carried out at {}, and its answer was forgotten; look at the life",
        receipt.recorded_at
    )]
    AnswerGone {
        /// The receipt of then.
        receipt: Receipt,
    },
}
