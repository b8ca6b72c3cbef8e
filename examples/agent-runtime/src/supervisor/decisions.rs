//! What somebody or something decides on a request.

use vitae::store::QueryItem;
use vitae::{Aggregate, tag};

use super::{Heard, SuperviseError, Supervisor};
use crate::hook::Answer;
use crate::request::{
    AwaitingPermission, AwaitingStop, Decided, PermissionDecided, Request, RequestTyped,
    StopDecided, request_stream,
};
use crate::session::{DecisionIgnored, Session};

impl Supervisor {
    /// Somebody or something answered a request.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow); also if no hook had this id.
    pub fn decide(
        &self,
        request: &str,
        answer: &Answer,
        heard: Heard,
    ) -> Result<(), SuperviseError> {
        let stream = request_stream(&self.session, request);
        let why = match self.load::<Request>(&stream, &heard)?.typed() {
            RequestTyped::AwaitingPermission(asked) => {
                return self.commit(decide_permission(asked, answer)?, heard);
            }
            RequestTyped::AwaitingStop(asked) => {
                return self.commit(decide_stop(asked, answer)?, heard);
            }
            RequestTyped::Decided(_) => "it was decided before",
            RequestTyped::Lapsed(_) => "a further run had opened",
            RequestTyped::Unasked(_) if self.heard_of(request)? => "it asks for no decision",
            RequestTyped::Unasked(_) => {
                return Err(SuperviseError::UnknownRequest { request: request.to_owned() });
            }
        };
        let ignored = DecisionIgnored {
            session: self.session.clone(),
            request: request.to_owned(),
            source: answer.source().to_owned(),
            why: why.to_owned(),
        };
        self.commit(self.load::<Session>(&self.session, &heard)?.record(ignored)?, heard)
    }

    /// Whether any hook had this id.
    fn heard_of(&self, hook: &str) -> Result<bool, SuperviseError> {
        let tags = vec![tag("session", &self.session)?, tag("hook", hook)?];
        self.is_there(QueryItem { tags, ..QueryItem::default() })
    }
}

fn decide_permission(
    asked: Aggregate<Request, AwaitingPermission>,
    answer: &Answer,
) -> Result<Aggregate<Request, Decided>, SuperviseError> {
    let AwaitingPermission { place, request, .. } = asked.state().clone();
    let (source, decision) = (answer.source().to_owned(), answer.for_permission());
    Ok(asked.record(PermissionDecided { place, request, source, decision })?)
}

fn decide_stop(
    asked: Aggregate<Request, AwaitingStop>,
    answer: &Answer,
) -> Result<Aggregate<Request, Decided>, SuperviseError> {
    let AwaitingStop { place, request, has_message } = asked.state().clone();
    let (source, decision) = (answer.source().to_owned(), answer.for_stop());
    let counts = !has_message;
    Ok(asked.record(StopDecided { place, request, source, decision, counts })?)
}
