//! Sums, differences and ratios of medians, each with what is known of its quartiles.

use std::fmt;

/// A median between its quartiles.
#[derive(Clone, Copy, Debug)]
pub struct Quartiles {
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
}

impl Quartiles {
    /// Of sorted figures; between two of them the quartile is weighed.
    pub(crate) fn of(sorted: &[f64]) -> Self {
        let at = |quarter: usize| {
            let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
            let (whole, rest) = (quarter * last / 4, (quarter * last % 4) as f64 / 4.0);
            let next = sorted[(whole + 1).min(last)];
            sorted[whole] + (next - sorted[whole]) * rest
        };
        Self { lower: at(1), median: at(2), upper: at(3) }
    }

    pub fn with(self, other: Self) -> Self {
        Self {
            lower: self.lower + other.lower,
            median: self.median + other.median,
            upper: self.upper + other.upper,
        }
    }

    /// At its widest: the quartiles of a difference are those that lie farthest apart.
    pub fn without(self, other: Self) -> Self {
        Self {
            lower: self.lower - other.upper,
            median: self.median - other.median,
            upper: self.upper - other.lower,
        }
    }

    /// At its widest, as [`Self::without`]. `None` if one of them may be nothing.
    pub fn over(self, other: Self) -> Option<Self> {
        (self.lower > 0.0 && other.lower > 0.0).then(|| Self {
            lower: self.lower / other.upper,
            median: self.median / other.median,
            upper: self.upper / other.lower,
        })
    }

    pub fn times(self, factor: f64) -> Self {
        let Self { lower, median, upper } = self;
        Self { lower: lower * factor, median: median * factor, upper: upper * factor }
    }
}

/// The median, and the quartiles in brackets.
impl fmt::Display for Quartiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let Self { lower, median, upper } = self;
        write!(f, "{median:.digits$} [{lower:.digits$}, {upper:.digits$}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_weighed_between_figures() {
        let Quartiles { lower, median, upper } = Quartiles::of(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!([lower, median, upper], [1.75, 2.5, 3.25]);
        let Quartiles { lower, median, upper } = Quartiles::of(&[7.0]);
        assert_eq!([lower, median, upper], [7.0; 3]);
    }

    #[test]
    fn what_may_be_nothing_divides_nothing() {
        let near = Quartiles { lower: 1.0, median: 2.0, upper: 3.0 };
        let nearly = Quartiles { lower: 1.5, median: 2.5, upper: 3.5 };
        let difference = nearly.without(near);
        assert_eq!([difference.lower, difference.median, difference.upper], [-1.5, 0.5, 2.5]);
        assert!(near.over(difference).is_none());
        assert!(difference.over(near).is_none());
    }
}
