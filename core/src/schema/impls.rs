//! The shapes of the standard library's types, as serde walks them.
//!
//! Owns which of them a payload can hold. Never those that serde writes as text in one format and as
//! numbers in another (IP addresses), in each system in another way (`OsString`), or that are no
//! plain values (cells, locks, atomics).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, Saturating, Wrapping,
};
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Schema, Shape};

macro_rules! shapes {
    ($($type:ty => $shape:expr;)*) => {
        $(impl Schema for $type { const SHAPE: Shape = $shape; })*
    };
}

shapes! {
    bool => Shape::Bool;
    u8 => Shape::U8;
    u16 => Shape::U16;
    u32 => Shape::U32;
    u64 => Shape::U64;
    u128 => Shape::U128;
    usize => Shape::U64;
    i8 => Shape::I8;
    i16 => Shape::I16;
    i32 => Shape::I32;
    i64 => Shape::I64;
    i128 => Shape::I128;
    isize => Shape::I64;
    NonZeroU8 => Shape::U8;
    NonZeroU16 => Shape::U16;
    NonZeroU32 => Shape::U32;
    NonZeroU64 => Shape::U64;
    NonZeroU128 => Shape::U128;
    NonZeroUsize => Shape::U64;
    NonZeroI8 => Shape::I8;
    NonZeroI16 => Shape::I16;
    NonZeroI32 => Shape::I32;
    NonZeroI64 => Shape::I64;
    NonZeroI128 => Shape::I128;
    NonZeroIsize => Shape::I64;
    f32 => Shape::F32;
    f64 => Shape::F64;
    char => Shape::Char;
    str => Shape::String;
    String => Shape::String;
    Path => Shape::String;
    PathBuf => Shape::String;
    CStr => Shape::Bytes;
    CString => Shape::Bytes;
    () => Shape::Unit;
    Duration => Shape::Struct(&[("secs", Shape::U64), ("nanos", Shape::U32)]);
    SystemTime => Shape::Struct(&[
        ("secs_since_epoch", Shape::U64),
        ("nanos_since_epoch", Shape::U32),
    ]);
}

macro_rules! generic {
    ($(<$($param:ident $(: ?$sized:ident)?),*> $type:ty => $shape:expr;)*) => {
        $(impl<$($param: Schema $(+ ?$sized)?),*> Schema for $type { const SHAPE: Shape = $shape; })*
    };
}

generic! {
    <T: ?Sized> Box<T> => T::SHAPE;
    <T> Wrapping<T> => T::SHAPE;
    <T> Saturating<T> => T::SHAPE;
    <T> Reverse<T> => T::SHAPE;
    <T> Option<T> => Shape::Option(&T::SHAPE);
    <T> Vec<T> => Shape::list_of(&T::SHAPE);
    <T> VecDeque<T> => Shape::list_of(&T::SHAPE);
    <T> LinkedList<T> => Shape::list_of(&T::SHAPE);
    <T> BinaryHeap<T> => Shape::list_of(&T::SHAPE);
    <T> BTreeSet<T> => Shape::list_of(&T::SHAPE);
    <K, V> BTreeMap<K, V> => Shape::map_of(&K::SHAPE, &V::SHAPE);
    <T> [T] => Shape::list_of(&T::SHAPE);
    <T, E> Result<T, E> => Shape::Enum(&[("Ok", T::SHAPE), ("Err", E::SHAPE)]);
    <T> Bound<T> => Shape::Enum(&[
        ("Unbounded", Shape::Unit),
        ("Included", T::SHAPE),
        ("Excluded", T::SHAPE),
    ]);
    <T> Range<T> => Shape::Struct(&[("start", T::SHAPE), ("end", T::SHAPE)]);
    <T> RangeInclusive<T> => Shape::Struct(&[("start", T::SHAPE), ("end", T::SHAPE)]);
    <T> RangeFrom<T> => Shape::Struct(&[("start", T::SHAPE)]);
    <T> RangeTo<T> => Shape::Struct(&[("end", T::SHAPE)]);
}

/// With serde's `rc` feature.
impl<T: Schema + ?Sized> Schema for Arc<T> {
    const SHAPE: Shape = T::SHAPE;
}

impl<T: Schema, S> Schema for HashSet<T, S> {
    const SHAPE: Shape = Shape::list_of(&T::SHAPE);
}

impl<K: Schema, V: Schema, S> Schema for HashMap<K, V, S> {
    const SHAPE: Shape = Shape::map_of(&K::SHAPE, &V::SHAPE);
}

impl<T: Schema + ToOwned + ?Sized> Schema for Cow<'_, T> {
    const SHAPE: Shape = T::SHAPE;
}

impl<T: ?Sized> Schema for PhantomData<T> {
    const SHAPE: Shape = Shape::Unit;
}

macro_rules! arrays {
    ($($length:literal)*) => {
        $(impl<T: Schema> Schema for [T; $length] {
            const SHAPE: Shape = Shape::Array(&T::SHAPE, $length);
        })*
    };
}

// As long as serde has them.
arrays! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
}

macro_rules! tuples {
    ($(($($item:ident)+))*) => {
        $(impl<$($item: Schema),+> Schema for ($($item,)+) {
            const SHAPE: Shape = Shape::Tuple(&[$($item::SHAPE),+]);
        })*
    };
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
    (A B C D E F G H I)
    (A B C D E F G H I J)
    (A B C D E F G H I J K)
    (A B C D E F G H I J K L)
    (A B C D E F G H I J K L M)
    (A B C D E F G H I J K L M N)
    (A B C D E F G H I J K L M N O)
    (A B C D E F G H I J K L M N O P)
}
