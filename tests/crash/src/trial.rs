//! Many images, judged by as many threads as the machine has.
//!
//! Owns the counting. Never makes an image.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::image::Image;
use crate::judge::{Verdict, judge};
use crate::scratch;
use crate::workload::Record;

/// What became of many images.
#[derive(Default, Debug)]
pub struct Outcomes {
    /// How many were judged; images that are the same count once.
    pub judged: usize,
    /// How many were whole, but without something that had been acknowledged; and one of them.
    pub lost: usize,
    /// How many were wrong in any other way.
    pub broken: usize,
    /// How many commits were found at the most.
    pub most_found: usize,
    /// The first that was not right.
    pub first: Option<(String, Verdict)>,
}

impl Outcomes {
    /// Fails the test if a single image was not right.
    #[track_caller]
    pub fn must_be_right(&self) {
        println!("{} images judged, {} commits at the most", self.judged, self.most_found);
        assert!(
            self.first.is_none(),
            "{} of {}: {:?}",
            self.lost + self.broken,
            self.judged,
            self.first
        );
    }
}

/// Judges each image by the record.
#[must_use]
pub fn try_all(images: impl Iterator<Item = Image> + Send, record: &Record) -> Outcomes {
    let (attempted, acknowledged) = (record.attempted(), record.acknowledged());
    try_each(images, |path, image| judge(path, &attempted, &acknowledged[..image.acknowledged]))
}

/// Judges each image in a folder of its own; what is found is for `judge` to count.
#[must_use]
pub fn try_each(
    images: impl Iterator<Item = Image> + Send,
    judge: impl Fn(&Path, &Image) -> Result<usize, Verdict> + Sync,
) -> Outcomes {
    let mut known = HashSet::new();
    let images = Mutex::new(images.filter(move |image| known.insert(image.fingerprint())));
    let outcomes = Mutex::new(Outcomes::default());
    let judge_some = || {
        let folder = scratch();
        loop {
            let image = images.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(image) = image else {
                return;
            };
            image.restore(folder.path());
            let path = folder.path().join("events.db");
            let verdict = catch_unwind(AssertUnwindSafe(|| judge(&path, &image)))
                .unwrap_or_else(|_| Err(Verdict::Broken("it panicked".to_owned())));
            count(&mut outcomes.lock().unwrap(), image, verdict);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(judge_some);
        }
    });
    outcomes.into_inner().unwrap()
}

fn count(outcomes: &mut Outcomes, image: Image, verdict: Result<usize, Verdict>) {
    outcomes.judged += 1;
    match verdict {
        Ok(found) => {
            outcomes.most_found = outcomes.most_found.max(found);
            return;
        }
        Err(Verdict::Lost(_)) => outcomes.lost += 1,
        Err(Verdict::Broken(_)) => outcomes.broken += 1,
    }
    if let (None, Err(verdict)) = (&outcomes.first, verdict) {
        outcomes.first = Some((image.place, verdict));
    }
}
