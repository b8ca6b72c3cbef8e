//! Numbers with a meaning: versions and positions. They start at 1; absence is `None`, never 0.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident over $inner:ty = $plain:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// The first one: 1.
            pub const FIRST: Self = Self(<$inner>::MIN);

            /// The number, or `None` for 0.
            #[must_use]
            pub const fn new(number: $plain) -> Option<Self> {
                match <$inner>::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The number, 1 or more.
            #[must_use]
            pub const fn get(self) -> $plain {
                self.0.get()
            }

            /// The next one, or `None` after the largest.
            #[must_use]
            pub const fn next(self) -> Option<Self> {
                match self.0.checked_add(1) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The one before, or `None` before the first.
            #[must_use]
            pub const fn previous(self) -> Option<Self> {
                Self::new(self.0.get() - 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

number! {
    /// The place of an event in its stream: 1, 2, 3 … without gaps. As the version of a stream it
    /// is that of the stream's last event.
    StreamVersion over NonZeroU64 = u64
}

number! {
    /// The place of an event in the log: 1, 2, 3 … without gaps, in the order of commits.
    GlobalPosition over NonZeroU64 = u64
}

number! {
    /// The version of an event kind's payload. A changed payload is a new version.
    KindVersion over NonZeroU32 = u32
}

number! {
    /// The version of a view row: a number that is never given twice to the same row, not even
    /// after a deletion. Larger is newer. All rows that one commit puts get the same.
    RowVersion over NonZeroU64 = u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_start_at_one_and_end_at_the_largest() {
        assert_eq!(StreamVersion::new(0), None);
        assert_eq!(StreamVersion::FIRST.get(), 1);
        assert_eq!(StreamVersion::FIRST.previous(), None);
        assert_eq!(StreamVersion::FIRST.next().map(StreamVersion::get), Some(2));
        assert_eq!(GlobalPosition::new(u64::MAX).and_then(GlobalPosition::next), None);
    }
}
