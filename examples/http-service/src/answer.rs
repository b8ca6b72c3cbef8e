//! What the service says: of a booking, or of what went wrong.

use std::error::Error;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vitae::store::AppendError;
use vitae::{Aggregate, CommitReason, DecideError, LoadError, RecordError, RecordReason, Refusal};

use crate::booking::Booking;

/// A booking as a client sees it.
pub(crate) struct Shown(Aggregate<Booking>);

impl Shown {
    pub(crate) fn of(booking: Aggregate<Booking>) -> Self {
        Self(booking)
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            id: &'a str,
            version: Option<u64>,
            #[serde(flatten)]
            booking: &'a Booking,
        }
        Json(Body {
            id: self.0.stream().id().as_str(),
            version: self.0.version().map(|version| version.get()),
            booking: self.0.state(),
        })
        .into_response()
    }
}

/// Why there is no other answer.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    #[serde(skip)]
    status: StatusCode,
    error: String,
    /// What can happen instead, where that is the trouble.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legal: Vec<&'static str>,
}

impl Failure {
    fn new(status: StatusCode, error: impl ToString) -> Self {
        Self { status, error: error.to_string(), legal: Vec::new() }
    }

    pub(crate) fn bad_request(error: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// What a client can do nothing about. The whole story is for the operator.
    fn internal(error: &dyn Error) -> Self {
        eprintln!("failed: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            eprintln!("  because: {cause}");
            source = cause.source();
        }
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the service failed; try again later")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match &error {
            LoadError::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, &error),
            LoadError::InvalidId(_) => Self::bad_request(&error),
            _ => Self::internal(&error),
        }
    }
}

type Refused = RecordError<Aggregate<Booking>, Refusal>;

impl From<DecideError<Refused>> for Failure {
    fn from(error: DecideError<Refused>) -> Self {
        match error {
            DecideError::InvalidKey(_) => Self::bad_request(&error),
            DecideError::Load(error) => error.into(),
            DecideError::Refused(error) => error.into(),
            DecideError::Commit(error) => error.into(),
            _ => Self::internal(&error),
        }
    }
}

/// An event that cannot happen, or that a guard refused, is the client's mistake.
impl From<Refused> for Failure {
    fn from(error: Refused) -> Self {
        match error.reason() {
            RecordReason::Illegal(illegal) => Self {
                legal: illegal.legal().collect(),
                ..Self::new(StatusCode::CONFLICT, illegal)
            },
            RecordReason::Refused(refusal) => Self::new(StatusCode::CONFLICT, refusal),
            _ => Self::bad_request(&error),
        }
    }
}

impl From<CommitReason> for Failure {
    fn from(error: CommitReason) -> Self {
        let CommitReason::Append(reason) = &error else {
            return Self::internal(&error);
        };
        let status = match reason {
            AppendError::Conflict { .. } => StatusCode::CONFLICT,
            AppendError::Busy | AppendError::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
            AppendError::Invalid(_) => StatusCode::BAD_REQUEST,
            _ => return Self::internal(&error),
        };
        Self::new(status, reason)
    }
}
