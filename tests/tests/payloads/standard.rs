//! The standard library's types.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::num::*;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::rendered_as_json;

#[test]
fn numbers() {
    rendered_as_json(&(u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX));
    rendered_as_json(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, isize::MIN));
    rendered_as_json(&(i8::MAX, i16::MAX, i32::MAX, i64::MAX, i128::MAX, isize::MAX));
    rendered_as_json(&(NonZeroU8::MAX, NonZeroU16::MAX, NonZeroU32::MAX, NonZeroU64::MAX));
    rendered_as_json(&(NonZeroI8::MIN, NonZeroI16::MIN, NonZeroI32::MIN, NonZeroI64::MIN));
    rendered_as_json(&(NonZeroU128::MAX, NonZeroUsize::MAX, NonZeroI128::MIN, NonZeroIsize::MIN));
    rendered_as_json(&(Wrapping(300_u16), Saturating(-1_i32), Reverse(7_u8)));
    rendered_as_json(&(f32::MIN_POSITIVE, f64::MAX, true, false, '\u{10ffff}'));
}

#[test]
fn texts_bytes_and_times() {
    rendered_as_json("ß");
    rendered_as_json(&(String::from("a\0b"), Box::<str>::from("c"), Cow::Borrowed("d")));
    rendered_as_json(&PathBuf::from("ä"));
    rendered_as_json(Path::new("/tmp"));
    rendered_as_json::<CStr>(c"bytes");
    rendered_as_json(&(CString::from(c""), Cow::<[u8]>::Borrowed(b"list")));
    rendered_as_json(&(Duration::new(1, 2), SystemTime::UNIX_EPOCH + Duration::new(3, 4)));
}

#[test]
fn collections() {
    rendered_as_json(&[1_u8, 2, 3][..]);
    rendered_as_json(&(
        vec![(1_u8, 'a')],
        VecDeque::from([-1_i16]),
        LinkedList::from(["x".to_owned()]),
    ));
    rendered_as_json(&(
        BTreeSet::from([1_u32, 2]),
        HashSet::from([1_u8]),
        BinaryHeap::from([1_u64]),
    ));
    rendered_as_json(&BTreeMap::from([("a".to_owned(), Some(1_u8)), ("b".to_owned(), None)]));
    rendered_as_json(&HashMap::from([('k', vec![[0_u8; 4]])]));
    rendered_as_json(&([0_u16; 0], [1_u16; 1], [i64::MIN; 32]));
    rendered_as_json(&(1_u8,));
    rendered_as_json(&(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'p'));
}

#[test]
fn what_holds_others() {
    rendered_as_json(&(Some(1_u8), None::<u8>, Some(None::<u8>), Box::new(1_i8), ()));
    rendered_as_json(&(Ok::<u8, String>(1), Err::<u8, String>("no".to_owned()), PhantomData::<u8>));
    rendered_as_json(&[Bound::Unbounded, Bound::Included(1_u8), Bound::Excluded(2)]);
    rendered_as_json(&(1_u8..2, 3_u8..=4, 5_u8.., ..6_u8));
}
