//! What handlers may know of events that are read one after the other.

use crate::aggregate::context_of;
use crate::lifecycle::Context;
use crate::name::{InvalidName, Name, StreamId};
use crate::store::EventRef;

/// Makes contexts. Remembers the last one: the category is mostly the same again, and the stream often.
#[derive(Default)]
pub(in crate::bus) struct Contexts {
    last: Option<Context>,
}

impl Contexts {
    pub(in crate::bus) fn of(&mut self, event: &EventRef<'_>) -> Result<&Context, InvalidName> {
        let stream = self.stream_of(event)?;
        Ok(self.last.insert(context_of(stream, event)))
    }

    fn stream_of(&mut self, event: &EventRef<'_>) -> Result<StreamId, InvalidName> {
        let last = self.last.take().map(|context| context.stream);
        match last.filter(|last| last.category().as_str() == event.category()) {
            Some(last) if last.id().as_str() == event.stream() => Ok(last),
            Some(last) => {
                Ok(StreamId::from_names(last.into_category(), Name::new(event.stream())?))
            }
            None => StreamId::new(event.category(), event.stream()),
        }
    }
}
