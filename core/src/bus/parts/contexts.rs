//! What handlers may know of events that are read one after the other.

use crate::aggregate::context_of;
use crate::lifecycle::Context;
use crate::name::{InvalidName, Name, StreamId};
use crate::store::EventRef;

/// Makes contexts. Remembers the category, which is mostly that of the event before.
#[derive(Default)]
pub(in crate::bus) struct Contexts {
    category: Option<Name>,
}

impl Contexts {
    pub(in crate::bus) fn of(&mut self, event: &EventRef<'_>) -> Result<Context, InvalidName> {
        let known = self.category.take().filter(|known| known.as_str() == event.category());
        let category = known.map_or_else(|| Name::new(event.category()), Ok)?;
        self.category = Some(category.clone());
        let stream = StreamId::from_names(category, Name::new(event.stream())?);
        Ok(context_of(stream, event))
    }
}
