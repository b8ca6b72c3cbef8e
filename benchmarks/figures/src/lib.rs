//! What is measured in rounds, as medians, ranges and ratios.
//!
//! Machines are shared and their speed drifts, so everything is measured in rounds. A ratio of two
//! figures is taken within a round: both sides of it ran under the same conditions. A difference of
//! two that are near each other is taken of their [`Quartiles`], and nothing is divided by one that
//! may be nothing.

mod quartiles;

use std::fmt;

pub use crate::quartiles::Quartiles;

/// A figure for each round.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        match sorted.len() {
            0 => f64::NAN,
            count if count % 2 == 1 => sorted[count / 2],
            count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        }
    }

    /// The least and the most, or `None` if nothing was measured.
    pub fn range(&self) -> Option<(f64, f64)> {
        let sorted = self.sorted();
        Some((*sorted.first()?, *sorted.last()?))
    }

    pub fn quartiles(&self) -> Quartiles {
        Quartiles::of(&self.sorted())
    }

    /// This over the other, round by round.
    pub fn over(&self, other: &Self) -> Self {
        assert_eq!(self.0.len(), other.0.len(), "both were measured in every round");
        Self(self.0.iter().zip(&other.0).map(|(one, other)| one / other).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// The median, and the range in brackets.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = self.sorted();
        let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else {
            return f.write_str("nothing was measured");
        };
        let digits = f.precision().unwrap_or(2);
        let text = format!("{:.digits$} [{least:.digits$}, {most:.digits$}]", self.median());
        f.pad_integral(true, "", &text)
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}
