//! What happens to packets of the market stream.

use sandbox::Pacing;
use smartapi::packet::{FrameError, decode, token_text};

use super::{FAST, faulty, subscribed};
use crate::client::rows;

/// The sequence numbers of a tape of `rows` under a fault.
fn sequences(rows: usize, fault: &str, seen: usize) -> Vec<i64> {
    let sandbox = faulty(rows, FAST, &[fault]);
    subscribed(&sandbox).sequences(seen)
}

#[test]
fn a_gap_leaves_numbers_out() {
    assert_eq!(sequences(9, "gap@3:times=2", 7), [1, 2, 3, 6, 7, 8, 9]);
    assert_eq!(sequences(3, "gap@0", 2), [2, 3], "also the very first");
}

#[test]
fn a_duplicate_comes_twice() {
    assert_eq!(sequences(6, "duplicate@3", 7), [1, 2, 3, 4, 4, 5, 6]);
}

#[test]
fn a_reordered_packet_comes_after_its_successor() {
    assert_eq!(sequences(6, "reorder@3", 6), [1, 2, 3, 5, 4, 6]);
    assert_eq!(sequences(6, "reorder@2:times=2", 6), [1, 2, 3, 5, 4, 6], "one waits at a time");
    assert_eq!(sequences(5, "reorder@4", 5), [1, 2, 3, 4, 5], "the last has no successor");
}

#[test]
fn faults_of_packets_hold_at_full_speed_and_in_each_mode() {
    let sandbox = faulty(2_000, Pacing::FullSpeed, &["gap@1000", "duplicate@1500"]);
    let mut stream = subscribed(&sandbox);
    let seen = stream.sequences(2_000);
    assert_eq!(seen[998..1_002], [999, 1_000, 1_002, 1_003]);
    assert_eq!(seen[1_497..1_502], [1_499, 1_500, 1_501, 1_501, 1_502]);

    let sandbox = faulty(6, FAST, &["gap@3"]);
    let mut stream = subscribed(&sandbox);
    stream.subscribe(1);
    let mut seen = [Vec::new(), Vec::new()];
    while seen.iter().any(|mode| mode.last() != Some(&6)) {
        let packet = stream.packet();
        seen[usize::from(packet.mode == 3)].push(packet.sequence);
    }
    assert!(seen.iter().all(|mode| !mode.contains(&4) && mode.contains(&5)), "{seen:?}");
}

#[test]
fn a_wrong_length_is_one_byte_short_or_as_asked() {
    let faults = ["wrong-length@1", "wrong-length@2:50", "wrong-length@3:400", "wrong-length@4:0"];
    let sandbox = faulty(6, FAST, &faults);
    let mut stream = subscribed(&sandbox);
    let frames: Vec<_> = (0..6).map(|_| stream.bytes()).collect();
    let lengths: Vec<usize> = frames.iter().map(|frame| frame.len()).collect();
    assert_eq!(lengths, [379, 378, 50, 400, 0, 379]);
    let short = decode(&frames[1]).err();
    assert_eq!(short, Some(FrameError::Length { mode: 3, was: 378, needs: 379 }));
    let head = decode(&frames[3]).unwrap().head().unwrap();
    assert_eq!(head.sequence.get(), 4, "what is too long is cut by its reader");
    assert_eq!(decode(&frames[4]).err(), Some(FrameError::Noise { was: 0 }));
}

#[test]
fn a_huge_price_needs_more_than_32_bits() {
    let sandbox = faulty(4, FAST, &["huge-price@2"]);
    let mut stream = subscribed(&sandbox);
    let prices: Vec<i64> = (0..4).map(|_| stream.packet().price).collect();
    let mut expected: Vec<i64> = rows(4).iter().map(|row| row.price_paise).collect();
    expected[2] += 1 << 32;
    assert_eq!(prices, expected);
}

#[test]
fn a_long_token_fills_its_field() {
    let sandbox = faulty(4, FAST, &["long-token@2"]);
    let mut stream = subscribed(&sandbox);
    let tokens: Vec<Vec<u8>> = (0..4)
        .map(|_| token_text(&decode(&stream.bytes()).unwrap().head().unwrap().token).to_vec())
        .collect();
    let own = b"47338".to_vec();
    assert_eq!(tokens, [own.clone(), own.clone(), b"4733899999999999999999999".to_vec(), own]);
}
