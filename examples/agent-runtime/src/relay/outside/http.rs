//! HTTP on the loopback address, for whoever has the token.
//!
//! ```text
//! GET  /requests              what waits
//! GET  /requests/{id}         one, and how it ended if it is over
//! POST /requests/{id}/answer  {"answer": "allow"}, "deny" (with "reason"), "always", or
//!                             "text" (with "text")
//! ```
//! The only async room: a thread with a runtime of its own, which hands what blocks to other threads.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

use super::words;
use crate::supervisor::{SuperviseError, Supervisor};

/// The channel's name on the log.
const NAME: &str = "http";

/// The fewest characters of a token.
const SHORTEST_TOKEN: usize = 16;

/// What whoever asks must have.
#[derive(Clone)]
pub struct Token(String);

/// The channel, while it is open. It closes when this is dropped.
pub struct Http {
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
}

/// What every request needs.
#[derive(Clone)]
struct Service {
    supervisor: Arc<Supervisor>,
    token: Token,
}

type Answer = (StatusCode, Json<Value>);

impl Token {
    /// A token out of random bytes.
    ///
    /// # Errors
    /// If the operating system has none.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// A token that somebody chose; `None` if it is shorter than 16 characters, or has some that
    /// cannot stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = text.len() >= SHORTEST_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The token itself, to be handed to who may answer.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).map(axum::http::HeaderValue::as_bytes);
        let given = given.and_then(|given| given.strip_prefix(b"Bearer "));
        // In a time that does not say how much of it is right.
        given.is_some_and(|given| given.ct_eq(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Http {
    /// Opens the channel on a port of the loopback address; 0 is any that is free.
    ///
    /// # Errors
    /// If the port is taken, or there is no thread to be had.
    pub fn open(supervisor: Supervisor, port: u16, token: Token) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let router = router(Service { supervisor: Arc::new(supervisor), token });
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            // Not to be stopped by a connection that somebody leaves open.
            tokio::select! {
                served = async { axum::serve(listener, router).await } => served,
                _ = stopped => Ok(()),
            }
        };
        let thread =
            std::thread::Builder::new().name("relay-http".to_owned()).spawn(move || {
                // Serving has no error but one at the very beginning, which a bound port does not have.
                let _: io::Result<()> = runtime.block_on(serve);
            })?;
        Ok(Self { address, thread: Some(thread), stop: Some(stop) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Its panic is not ours.
            let _: Result<(), _> = thread.join();
        }
    }
}

fn router(service: Service) -> Router {
    Router::new()
        .route("/requests", get(list))
        .route("/requests/{id}", get(one))
        .route("/requests/{id}/answer", post(answer))
        .layer(DefaultBodyLimit::max(words::MAX_ANSWER))
        .layer(from_fn_with_state(service.clone(), authorised))
        .with_state(service)
}

/// Before anything is looked at, its token is.
async fn authorised(State(service): State<Service>, request: Request, next: Next) -> Response {
    if service.token.is_in(request.headers()) {
        return next.run(request).await;
    }
    says(StatusCode::UNAUTHORIZED, "give the token: `Authorization: Bearer TOKEN`").into_response()
}

async fn list(State(service): State<Service>) -> Answer {
    blocking(move || {
        let mut rows = service.supervisor.pending()?;
        rows.retain(|row| row.until.is_some());
        for row in &rows {
            // Who asks is who can answer.
            service.supervisor.offered(&row.request, NAME)?;
        }
        let rows: Vec<Value> = rows.iter().map(words::shown).collect();
        Ok((StatusCode::OK, Json(Value::Array(rows))))
    })
    .await
}

async fn one(State(service): State<Service>, Path(id): Path<String>) -> Answer {
    blocking(move || {
        if let Some(how) = service.supervisor.relay(&id)?.ending() {
            return Ok((StatusCode::OK, Json(json!({ "request": id, "over": how }))));
        }
        let rows = service.supervisor.pending()?;
        let Some(row) = rows.iter().find(|row| row.request == id && row.until.is_some()) else {
            return Ok(says(StatusCode::NOT_FOUND, "no such request was relayed"));
        };
        service.supervisor.offered(&id, NAME)?;
        Ok((StatusCode::OK, Json(words::shown(row))))
    })
    .await
}

async fn answer(State(service): State<Service>, Path(id): Path<String>, body: Bytes) -> Answer {
    let reply = match words::reply(&body) {
        Ok(reply) => reply,
        Err(error) => return says(StatusCode::BAD_REQUEST, error),
    };
    blocking(move || {
        service.supervisor.answer(&id, NAME, &reply)?;
        Ok((StatusCode::OK, Json(json!({ "request": id, "over": reply.to_string() }))))
    })
    .await
}

/// Does what reads or writes the log on a thread for that.
async fn blocking(
    work: impl FnOnce() -> Result<Answer, SuperviseError> + Send + 'static,
) -> Answer {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => says(status_of(&error), error),
        Err(_) => says(StatusCode::INTERNAL_SERVER_ERROR, "it went wrong here"),
    }
}

const fn status_of(error: &SuperviseError) -> StatusCode {
    match error {
        SuperviseError::Over { .. } => StatusCode::CONFLICT,
        SuperviseError::NotPending { .. } => StatusCode::NOT_FOUND,
        SuperviseError::Record(_) => StatusCode::UNPROCESSABLE_ENTITY,
        SuperviseError::Load(_) | SuperviseError::InvalidName(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn says(status: StatusCode, error: impl ToString) -> Answer {
    (status, Json(json!({ "error": error.to_string() })))
}
