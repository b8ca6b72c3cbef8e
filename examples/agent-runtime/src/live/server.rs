//! The socket that a supervisor listens on.
//!
//! Owns the connections and their bounds: how many, how long a line, how long nothing may come.
//! Knows nothing of what is said.

use std::convert::Infallible;
use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use vitae::StreamId;
use vitae::store::{EventStore, Subscription};

use super::hearing::{Due, Hearing};
use super::lines::{Line, next_line};
use super::protocol::{LONGEST_LINE, Reply, Word};
use crate::request::{Decision, settled_by};

/// How many connections there are at a time. Each that waits for a decision is one.
const MOST_CONNECTIONS: usize = 128;

/// How long a client may take over its line, and over reading ours.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a connection that waits for a decision looks whether its client is still there.
const GLANCE: Duration = Duration::from_millis(100);

/// How long the end of a server waits for its connections.
const FAREWELL: Duration = Duration::from_secs(2);

/// A listening supervisor. Dropped, it answers those who wait that there is no decision, and removes
/// its socket.
pub struct Server {
    socket: PathBuf,
    over: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
    connections: Receiver<Infallible>,
}

impl Server {
    /// Listens. A socket that was left behind is replaced, without a moment in which there is none:
    /// the caller has made sure that nobody listens on it.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn start(socket: &Path, hearing: Arc<Hearing>) -> io::Result<Self> {
        let mut unready = socket.as_os_str().to_owned();
        unready.push(".new");
        let _ = fs::remove_file(&unready);
        let listener = UnixListener::bind(&unready)?;
        fs::set_permissions(&unready, fs::Permissions::from_mode(0o600))?;
        fs::rename(&unready, socket)?;
        let over = Arc::new(AtomicBool::new(false));
        let (alive, connections) = channel();
        let accept = {
            let over = Arc::clone(&over);
            move || accept(&listener, &hearing, &over, &alive)
        };
        let accepting = Some(thread::Builder::new().name("accept".to_owned()).spawn(accept)?);
        Ok(Self { socket: socket.to_owned(), over, accepting, connections })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts. If that fails it is not waiting.
        let woken = UnixStream::connect(&self.socket).is_ok();
        let _ = fs::remove_file(&self.socket);
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
            let _ = self.connections.recv_timeout(FAREWELL);
        }
    }
}

fn accept(
    listener: &UnixListener,
    hearing: &Arc<Hearing>,
    over: &Arc<AtomicBool>,
    alive: &Sender<Infallible>,
) {
    // As many as there are connections, and this.
    let places = Arc::new(());
    for stream in listener.incoming() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if Arc::strong_count(&places) > MOST_CONNECTIONS {
            let _ = say(&stream, &Reply::Busy);
            continue;
        }
        let (hearing, over) = (Arc::clone(hearing), Arc::clone(over));
        let guards = (Arc::clone(&places), alive.clone());
        let serve = move || {
            // A connection that breaks harms nobody else; its client comes again.
            let _ = serve(&stream, &hearing, &over);
            drop(guards);
        };
        // Without a thread, the connection closes, and its client comes again.
        let _ = thread::Builder::new().name("connection".to_owned()).spawn(serve);
    }
}

/// One line, and what is answered.
fn serve(stream: &UnixStream, hearing: &Hearing, over: &AtomicBool) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let line = match next_line(&mut BufReader::new(stream), LONGEST_LINE)? {
        Line::Whole(line) => line,
        Line::End => return Ok(()),
        Line::TooLong => {
            let why = format!("the line has more than {LONGEST_LINE} bytes");
            return say(stream, &Reply::Refused { why });
        }
    };
    let (request, waits) = match hearing.hear(&line) {
        Ok(Due::Nothing) => return say(stream, &Reply::Heard { due: false }),
        Ok(Due::Now(request)) => (request, false),
        Ok(Due::Wait(request)) => (request, true),
        Err(error) => return say(stream, &Reply::Refused { why: with_causes(&error) }),
    };
    say(stream, &Reply::Heard { due: true })?;
    let goes_on = || waits && !over.load(Ordering::SeqCst) && is_there(stream);
    let decision = decision_on(hearing.store(), request.clone(), goes_on)?;
    let answers = match decision {
        Some(Decision::Allow) => hearing.supervisor().answers_to(request.id().as_str()),
        _ => Ok(Vec::new()),
    };
    let answers = answers.map_err(io::Error::other)?;
    let decision = decision.unwrap_or_else(|| Decision::NoOpinion {
        reason: if waits { "the supervisor has ended" } else { "nobody has decided" }.to_owned(),
    });
    say(stream, &Reply::Answer(Word { decision, answers }))
}

/// What the log says of a request, as soon as it does; `None` once it is not to go on.
fn decision_on(
    store: &Arc<dyn EventStore>,
    request: StreamId,
    goes_on: impl Fn() -> bool,
) -> io::Result<Option<Decision>> {
    let mut events = Subscription::of_stream(store, request, None);
    let mut wait = Duration::ZERO;
    loop {
        match events.next_timeout(wait).map_err(io::Error::other)? {
            Some(page) => {
                for event in page.iter() {
                    if let Some(decision) = settled_by(&event).map_err(io::Error::other)? {
                        return Ok(Some(decision));
                    }
                }
            }
            None if goes_on() => wait = GLANCE,
            None => return Ok(None),
        }
    }
}

/// Whether the client still listens: one that has gone has closed its end.
fn is_there(stream: &UnixStream) -> bool {
    let mut one = [0];
    let looked = stream.set_nonblocking(true).and_then(|()| (&mut &*stream).read(&mut one));
    let _ = stream.set_nonblocking(false);
    matches!(looked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn say(mut stream: &UnixStream, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
