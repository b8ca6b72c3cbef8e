//! What can be asked, and what is answered.

use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, PoisonError};

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::watch;
use vitae::{GlobalPosition, LoadError};

use super::{Sights, assets};
use crate::answering::{AnswerError, Said};
use crate::overview::{
    Line, Moment, Overview, SightError, Waiting, lifecycle, moments, tree, waiting, whole,
};
use crate::relay::outside::words;
use crate::supervisor::SuperviseError;

/// How many events come with an overview.
const MOMENTS: usize = 200;

pub(super) fn router(sights: Sights, stopped: watch::Receiver<()>) -> Router {
    let live = move |sights| live(sights, stopped);
    Router::new()
        .route("/api/state", get(state))
        .route("/api/whole", get(whole_of))
        .route("/api/live", get(live))
        .route("/api/diagram/{lifecycle}/{state}", get(diagram))
        .route("/api/answer", post(answer))
        .merge(assets::router())
        .with_state(sights)
}

/// Which position is asked for: 0 is before the first event, none the end of the log.
#[derive(Deserialize)]
struct At {
    at: Option<u64>,
}

/// Everything at a position.
#[derive(Serialize)]
struct Shown {
    /// The end of the log; 0 without an event.
    head: u64,
    /// The position that is shown.
    position: u64,
    #[serde(flatten)]
    overview: Overview,
    /// The lives as a tree.
    tree: Vec<Line>,
    /// What waited for an answer, the oldest first.
    waiting: Vec<Waiting>,
    /// How many lives were forgotten to stay within what a person can look at.
    forgotten: u64,
    /// The last events, the newest first.
    moments: Vec<Moment>,
}

async fn state(
    State(sights): State<Sights>,
    Query(At { at }): Query<At>,
) -> Result<Json<Shown>, Failure> {
    let look = Arc::clone(&sights.looks).try_acquire_owned().map_err(|_| Failure::busy())?;
    let seen = tokio::task::spawn_blocking(move || {
        let _look = look;
        seen(&sights, at)
    });
    Ok(Json(seen.await.map_err(|error| Failure::internal(&error))??))
}

fn seen(sights: &Sights, at: Option<u64>) -> Result<Shown, SightError> {
    let head = sights.store.head()?.map_or(0, GlobalPosition::get);
    let position = at.unwrap_or(head).min(head);
    let (mut overview, mut last) = (Overview::default(), Vec::new());
    if let Some(position) = GlobalPosition::new(position) {
        // Whoever panicked while they held the history left it at the end of some event.
        let mut history = sights.history.lock().unwrap_or_else(PoisonError::into_inner);
        overview = history.at(position)?;
        let query = history.scope().query();
        drop(history);
        last = moments(sights.store.as_ref(), &query, Some(position), MOMENTS)?;
    }
    Ok(Shown {
        head,
        position,
        tree: tree(&overview),
        waiting: waiting(&overview),
        forgotten: overview.forgotten(),
        overview,
        moments: last,
    })
}

/// Which of what waits is asked for, by the id of its stream.
#[derive(Deserialize)]
struct Of {
    id: String,
}

/// All of what is asked, of which an overview has the beginning.
async fn whole_of(
    State(sights): State<Sights>,
    Query(Of { id }): Query<Of>,
) -> Result<Json<serde_json::Value>, Failure> {
    let look = Arc::clone(&sights.looks).try_acquire_owned().map_err(|_| Failure::busy())?;
    let read = tokio::task::spawn_blocking(move || {
        let _look = look;
        let mut history = sights.history.lock().unwrap_or_else(PoisonError::into_inner);
        // Of another session nothing is told.
        let waits = waiting(history.newest()?).iter().any(|it| it.id == id);
        drop(history);
        if waits { whole(sights.store.as_ref(), &id) } else { Ok(None) }
    });
    let text = read.await.map_err(|error| Failure::internal(&error))??;
    let nothing = || Failure::new(StatusCode::NOT_FOUND, "nothing waits under this id");
    Ok(Json(json!({ "text": text.ok_or_else(nothing)? })))
}

/// Where the log ends, now and whenever it has grown.
async fn live(
    State(sights): State<Sights>,
    mut stopped: watch::Receiver<()>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let permit = Arc::clone(&sights.listeners).try_acquire_owned();
    let permit = permit.map_err(|_| Failure::busy())?;
    let changes = sights.store.changes();
    let head = changes.head();
    let grown = stream::unfold((changes, head), |(changes, seen)| async move {
        // What keeps it from knowing ends it: the browser connects again.
        let head = changes.past(seen).await.ok()?;
        Some((head.get(), (changes, Some(head))))
    });
    let ends = stream::iter([head.map_or(0, GlobalPosition::get)]).chain(grown);
    let events = ends.map(move |end| {
        let _held = &permit;
        Ok(Event::default().data(end.to_string()))
    });
    // Nothing is ever sent: it ends when the other end does.
    let stop = async move { drop(stopped.changed().await) };
    Ok(Sse::new(events.take_until(Box::pin(stop))).keep_alive(KeepAlive::default()))
}

/// A lifecycle's picture with a state marked. Nothing that an agent said is in it.
async fn diagram(Path((name, state)): Path<(String, String)>) -> Response {
    let drawn = lifecycle(&name).and_then(|it| (it.diagram)().with_current(&state).ok());
    match drawn {
        Some(diagram) => {
            let kind = (header::CONTENT_TYPE, "image/svg+xml");
            // It is the same for as long as the program is, and is not to flicker.
            ([kind, (header::CACHE_CONTROL, "private, max-age=3600")], diagram.to_svg())
                .into_response()
        }
        None => Failure::new(StatusCode::NOT_FOUND, "no such lifecycle or state").into_response(),
    }
}

/// What is posted: to whom, and an answer in the words of the channels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    session: String,
    request: String,
    reply: Box<RawValue>,
}

async fn answer(
    State(sights): State<Sights>,
    headers: HeaderMap,
    posted: Result<Json<Posted>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    if !sights.token.is_in(&headers) {
        let error = "answering needs the token that was printed at the start";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, error));
    }
    let Json(posted) = posted.map_err(|error| Failure::new(error.status(), error.body_text()))?;
    let reply = words::reply(posted.reply.get().as_bytes());
    let reply = reply.map_err(|error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, error))?;
    let said = Said { session: posted.session, request: posted.request, reply };
    let taken = tokio::task::spawn_blocking(move || sights.desk.take(&said));
    taken.await.map_err(|error| Failure::internal(&error))??;
    Ok(StatusCode::NO_CONTENT)
}

/// Why there is no other answer.
struct Failure(StatusCode, String);

impl Failure {
    fn new(status: StatusCode, error: impl ToString) -> Self {
        Self(status, error.to_string())
    }

    fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many ask at once; try again later")
    }

    /// The page is for whoever runs the program, so it says the whole story.
    fn internal(error: &dyn Error) -> Self {
        let causes = std::iter::successors(Some(error), |&error| error.source());
        let story: Vec<String> = causes.map(ToString::to_string).collect();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, story.join(": "))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<SightError> for Failure {
    fn from(error: SightError) -> Self {
        Self::internal(&error)
    }
}

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        let status = match &error {
            AnswerError::Supervise(
                SuperviseError::Over { .. } | SuperviseError::NotPending { .. },
            ) => StatusCode::CONFLICT,
            AnswerError::Supervise(SuperviseError::Record(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            AnswerError::Supervise(SuperviseError::Load(LoadError::InvalidId(_))) => {
                StatusCode::BAD_REQUEST
            }
            _ => return Self::internal(&error),
        };
        Self::new(status, error)
    }
}
