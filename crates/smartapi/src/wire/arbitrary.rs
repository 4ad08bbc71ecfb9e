//! Random values of the wire for property tests, within what the broker's forms can say.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{Fixed, Open, Rows, TimeOfDay, Word};
use crate::clock::Wall;

/// The last second whose year has four digits in India.
const LAST_SECOND: i64 = 253_402_280_999;

impl<const PLACES: u32> Arbitrary for Fixed<PLACES> {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    /// At most fifteen digits, so that a JSON number is exact.
    fn arbitrary_with((): ()) -> Self::Strategy {
        const MOST: i64 = 999_999_999_999_999;
        prop_oneof![Just(0), -10_000_000_i64..10_000_000, -MOST..=MOST]
            .prop_map(Self::from_raw)
            .boxed()
    }
}

impl Arbitrary for Wall {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        (0..=LAST_SECOND).prop_map(Self).boxed()
    }
}

impl Arbitrary for TimeOfDay {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        (0..86_400_u32).prop_map(Self).boxed()
    }
}

impl<W: Word + std::fmt::Debug> Arbitrary for Open<W> {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let known = proptest::sample::select(W::ALL).prop_map(Self::Known);
        let other = any::<String>().prop_filter("a known word", |text| W::of(text).is_none());
        prop_oneof![known, Just(Self::default()), other.prop_map(Self::Other)].boxed()
    }
}

impl<T: Arbitrary + 'static> Arbitrary for Rows<T> {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        few().prop_map(Self).boxed()
    }
}

/// A short list.
pub(crate) fn few<T: Arbitrary + 'static>() -> BoxedStrategy<Vec<T>> {
    vec(any::<T>(), 0..3).boxed()
}

/// A short list for each of a few keys.
pub(crate) fn few_by_key<K, T>() -> BoxedStrategy<BTreeMap<K, Vec<T>>>
where
    K: Arbitrary + Ord + 'static,
    T: Arbitrary + 'static,
{
    btree_map(any::<K>(), few(), 0..4).boxed()
}

/// A time without seconds.
pub(crate) fn full_minute() -> BoxedStrategy<Wall> {
    (0..=LAST_SECOND / 60).prop_map(|minute| Wall(minute * 60)).boxed()
}
