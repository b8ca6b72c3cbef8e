//! What these tests have in common: a clock, a bus with it, and members.

use std::sync::Arc;
use std::time::Duration;

use vitae::store::{EventStore, Query};
use vitae::{Batch, Bus, Consumer, ConsumerGroup, Consumers, ManualClock, Start, Timestamp};
use vitae_tests::Subject;

/// How long the leases of these tests are.
pub(crate) const LEASE: Duration = Duration::from_millis(900);

pub(crate) struct Team {
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<ManualClock>,
}

impl Team {
    pub(crate) fn new(log: &Subject) -> Self {
        Self::on(log.shared(), Arc::new(ManualClock::new(Timestamp::from_micros(0))))
    }

    pub(crate) fn on(store: Arc<dyn EventStore>, clock: Arc<ManualClock>) -> Self {
        let bus = Bus::builder(store).clock(Arc::clone(&clock) as Arc<_>).open().unwrap();
        Self { bus, clock }
    }

    /// A group that is not started yet.
    pub(crate) fn group(&self) -> Consumers {
        self.bus.consumers("mailer", Query::all()).partitions(4).lease(LEASE)
    }

    pub(crate) fn start(&self) -> ConsumerGroup {
        self.group().start(Start::Beginning).unwrap()
    }

    pub(crate) fn advance(&self, time: Duration) {
        use vitae::Clock;
        let micros = i64::try_from(time.as_micros()).unwrap();
        self.clock.set(Timestamp::from_micros(self.clock.now().as_micros() + micros));
    }
}

/// The next batch of what is there now.
pub(crate) fn next(member: &mut Consumer) -> Option<Batch<'_>> {
    member.next_timeout(Duration::ZERO).unwrap()
}

/// What stands in a batch: each event's stream and position.
pub(crate) fn events(batch: &Batch<'_>) -> Vec<(String, u64)> {
    let of = |event: vitae::store::EventRef<'_>| {
        (format!("{}/{}", event.category(), event.stream()), event.position().get())
    };
    batch.iter().map(of).collect()
}

/// Does everything that is there now.
pub(crate) fn work(member: &mut Consumer) -> Vec<(String, u64)> {
    let mut done = Vec::new();
    while let Some(batch) = next(member) {
        done.extend(events(&batch));
        assert!(done.len() < 10_000, "the same comes again and again");
        batch.done().unwrap();
    }
    done
}

/// The positions only, in order.
pub(crate) fn positions(events: impl IntoIterator<Item = (String, u64)>) -> Vec<u64> {
    let mut positions: Vec<_> = events.into_iter().map(|(_, position)| position).collect();
    positions.sort_unstable();
    positions
}

pub(crate) fn held(member: &Consumer) -> Vec<u16> {
    member.partitions().collect()
}
