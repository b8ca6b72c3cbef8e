//! The one kind of event: 100 bytes of postcard, and the state that it is folded into.

use serde::{Deserialize, Serialize};

/// The category of all streams.
pub const CATEGORY: &str = "account";

/// The stored name of the event.
pub const KIND: &str = "account.deposited";

/// Of which a note is a part: as many bytes as characters.
const TEXT: &str = "Rent for the third quarter, paid in advance by standing order, with thanks \
                    for the repaired window and the keys to the cellar; receipt to follow by post.";

/// 100 bytes as postcard: 5 of the number, 3 of the cents, 1 of the region, 91 of the note.
const NOTE: usize = 90;

/// The payload of an event, borrowed. Every field follows from its stream and version, so that
/// whoever reads it can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit<'a> {
    pub number: u64,
    pub cents: u32,
    pub region: u8,
    pub note: &'a str,
}

impl Deposit<'static> {
    /// That of a version of a stream.
    pub fn of(stream: u32, version: u64) -> Self {
        let mixed = mix(u64::from(stream) << 32 | version);
        let [low, middle, high, region, start, ..] = mixed.to_le_bytes();
        let start = usize::from(start) % (TEXT.len() - NOTE);
        Self {
            number: 1 << 28 | mixed >> 40,
            cents: 1 << 14 | u32::from_le_bytes([low, middle, high & 0x0f, 0]),
            region: region % 16,
            note: &TEXT[start..start + NOTE],
        }
    }
}

/// [`Deposit`] for those who cannot borrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedDeposit {
    pub number: u64,
    pub cents: u32,
    pub region: u8,
    pub note: String,
}

impl OwnedDeposit {
    pub fn borrowed(&self) -> Deposit<'_> {
        let Self { number, cents, region, ref note } = *self;
        Deposit { number, cents, region, note }
    }
}

impl From<Deposit<'_>> for OwnedDeposit {
    fn from(deposit: Deposit<'_>) -> Self {
        let Deposit { number, cents, region, note } = deposit;
        Self { number, cents, region, note: note.to_owned() }
    }
}

/// An id as those write it who keep ids as text.
pub fn id_text(id: &[u8; 16]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    [&id[..4], &id[4..6], &id[6..8], &id[8..10], &id[10..]].map(hex).join("-")
}

/// What a stream's events are folded into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub events: u64,
    pub cents: u64,
    pub numbers: u64,
    pub regions: u64,
    pub note_bytes: u64,
}

impl Account {
    /// A stream after its events up to a version.
    pub fn after(stream: u32, version: u64) -> Self {
        let mut account = Self::default();
        for version in 1..=version {
            account.deposit(&Deposit::of(stream, version));
        }
        account
    }

    pub fn deposit(&mut self, deposit: &Deposit<'_>) {
        self.events += 1;
        self.cents += u64::from(deposit.cents);
        self.numbers ^= deposit.number;
        self.regions += u64::from(deposit.region);
        self.note_bytes += deposit.note.len() as u64;
    }
}

/// A number that looks random and is not (the finaliser of SplitMix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
