//! Which event goes to which stream.

use crate::deposit::{Account, Deposit, mix};

/// Over so many streams events are spread at random.
pub const STREAMS: u32 = 10_000;

/// The one that `load-100000` loads; after it come those of `load-1000`.
const LONG: u32 = STREAMS;

/// The first of those that `load-10` loads.
const SHORT: u32 = 2 * STREAMS;

/// The first of those that `load-1000-together` loads, and how many there are.
const TOGETHER: u32 = 3 * STREAMS;
const TOGETHER_STREAMS: u64 = 10;

/// The streams that a plan can name are those below.
const ALL: u32 = TOGETHER + TOGETHER_STREAMS as u32;

/// An event that is to be appended.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// The number of its stream.
    pub stream: u32,
    /// Its version; the stream must be at the one before.
    pub version: u64,
    pub deposit: Deposit<'static>,
    /// What it belongs to; eight events of a stream have one correlation.
    pub correlation: [u8; 16],
    /// What caused it.
    pub causation: [u8; 16],
}

impl Planned {
    fn new(stream: u32, version: u64) -> Self {
        let id = |what: u64, number: u64| {
            let number = u64::from(stream) << 32 | number;
            let halves = [mix(number ^ what << 60), mix(mix(number))];
            let mut id = [0; 16];
            id[..8].copy_from_slice(&halves[0].to_be_bytes());
            id[8..].copy_from_slice(&halves[1].to_be_bytes());
            // As a UUID of version 7 has them.
            id[6] = 0x70 | id[6] & 0x0f;
            id[8] = 0x80 | id[8] & 0x3f;
            id
        };
        Self {
            stream,
            version,
            deposit: Deposit::of(stream, version),
            correlation: id(1, version / 8),
            causation: id(2, version),
        }
    }
}

/// The id of a stream.
pub fn stream_id(stream: u32) -> String {
    format!("iban-{stream:08}")
}

/// The ids of all streams that a plan can name.
pub fn stream_ids() -> Vec<String> {
    (0..ALL).map(stream_id).collect()
}

/// The first event of every stream: what an append job finds.
pub fn begun() -> impl Iterator<Item = Planned> {
    (0..STREAMS).map(|stream| Planned::new(stream, 1))
}

/// The part of one writer in an append job: events over its own streams at random, each stream at
/// version 1 before. Writers share no stream, so that the version that each expects is right.
#[derive(Clone, Debug)]
pub struct Share {
    writer: u32,
    writers: u32,
    left: u64,
    random: u64,
    /// By the stream's place among those of the writer.
    versions: Vec<u64>,
}

impl Share {
    /// The parts of all writers.
    pub fn of(writers: u32, events: u64) -> Vec<Self> {
        let part = |writer: u32| {
            let (writers, writer) = (u64::from(writers), u64::from(writer));
            events / writers + u64::from(writer < events % writers)
        };
        (0..writers)
            .map(|writer| Self {
                writer,
                writers,
                left: part(writer),
                random: mix(u64::from(writer)),
                versions: vec![1; (STREAMS - writer).div_ceil(writers) as usize],
            })
            .collect()
    }

    /// How many events are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The streams of the writer, with their versions.
    pub fn streams(&self) -> impl Iterator<Item = (u32, u64)> {
        let stream = |place| self.writer + place as u32 * self.writers;
        self.versions.iter().enumerate().map(move |(place, version)| (stream(place), *version))
    }
}

impl Iterator for Share {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        self.left = self.left.checked_sub(1)?;
        self.random = mix(self.random);
        let place = (self.random % self.versions.len() as u64) as usize;
        self.versions[place] += 1;
        let stream = self.writer + place as u32 * self.writers;
        Some(Planned::new(stream, self.versions[place]))
    }
}

/// The log that is read: with a million events, one stream has about 100,000 of them, twenty have
/// about 1,000 and a hundred have about 10, each spread over the whole log; ten more have 1,000 that
/// stand together; the rest are spread over [`STREAMS`] at random.
pub fn filled(events: u64) -> impl Iterator<Item = Planned> {
    let mut versions = vec![0; ALL as usize];
    filled_streams(events).map(move |stream| {
        versions[stream as usize] += 1;
        Planned::new(stream, versions[stream as usize])
    })
}

fn filled_streams(events: u64) -> impl Iterator<Item = u32> {
    let middle = (events / 50_000).max(1);
    let short = (events / 10_000).max(1);
    // In the middle of the log: what a system remembers of the newest events holds none of them.
    let together = events / 2;
    let length = together_length(events);
    let mut random = mix(events);
    (0..events).map(move |index| match index {
        _ if (together..together + TOGETHER_STREAMS * length).contains(&index) => {
            TOGETHER + ((index - together) / length) as u32
        }
        _ if index % 10 == 0 => LONG,
        _ if index % 50 == 1 => LONG + 1 + (index / 50 % middle) as u32,
        _ if index % 1_000 == 2 => SHORT + (index / 1_000 % short) as u32,
        _ => {
            random = mix(random);
            (random % u64::from(STREAMS)) as u32
        }
    })
}

/// How many events of a stream stand together: in a small log fewer, so that most of it is as it is in
/// a large one.
fn together_length(events: u64) -> u64 {
    (events / 200).min(1_000)
}

/// The streams that a load job loads from the log that is read, with their lengths. In a log of
/// fewer than a million events the long one is a tenth of it.
pub fn loaded(length: u64, together: bool, events: u64) -> Vec<(u32, u64)> {
    let streams = match length {
        _ if together => TOGETHER..ALL,
        10 => SHORT..TOGETHER,
        1_000 => LONG + 1..SHORT,
        _ => LONG..LONG + 1,
    };
    let mut lengths = vec![0; ALL as usize];
    for stream in filled_streams(events) {
        lengths[stream as usize] += 1;
    }
    streams
        .map(|stream| (stream, lengths[stream as usize]))
        .filter(|(_, length)| *length > 0)
        .collect()
}

/// What the events of the whole log come to.
pub fn total(events: impl Iterator<Item = Planned>) -> Account {
    let mut total = Account::default();
    for planned in events {
        total.deposit(&planned.deposit);
    }
    total
}
