//! Any bytes as the broker's list of instruments, and as the list that is kept: no panic, and what was
//! read survives being kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smartapi::instruments::{Day, Index, parse};

fuzz_target!(|bytes: &[u8]| {
    let _ = Index::from_bytes(bytes);
    let Ok((index, _)) = parse(bytes) else { return };
    let kept = Index::from_bytes(&index.to_bytes()).expect("its own form");
    assert_eq!(kept.len(), index.len());
    for (one, other) in index.iter().zip(kept.iter()) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    let words = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes));
    let today = Day::new(2025, 11, 20).expect("a date");
    let _ = index.find(&words, None, today);
});
