//! The official Python SDK's packet parser against our decoder, on the same SnapQuote packets.

use std::hint::black_box;

use smartapi::packet::{DepthRow, IntoBytes as _, Packet, SnapQuote, decode, token_text};

use crate::clock::{Cycles, time};
use crate::fault::Fault;
use crate::plan::Plan;
use crate::processes::{Python, Talking};
use crate::report::{Comparison, Limit, Row, Subject, Table, Unit};
use crate::stats::alternate;
use crate::ticks;

/// Packets that both sides go round: they fit into the first cache.
const PACKETS: usize = 64;

pub(super) fn run(plan: Plan, python: &Python) -> Result<Table, Fault> {
    let packets = ticks::packets(PACKETS);
    let mut sdk = Sdk::start(python, &packets)?;
    let cycles = Cycles::new();
    // Short rounds and many of them, so that few are interrupted.
    let repetitions = 1_000;
    ours(&packets, repetitions, &cycles)?;
    let pairs = alternate(
        plan.of(101, 5),
        || sdk.nanos_per_packet(2),
        || ours(&packets, repetitions, &cycles),
    )?;
    let row = Row::pairs("a SnapQuote packet of 379 bytes", Unit::Nanos, pairs)
        .target(Subject::B, Limit::AtMost(20.0))
        .target(Subject::Compared, Limit::AtLeast(1000.0));
    Ok(Table {
        title: "The packet parser",
        a: "`_parse_binary_data` of the official Python SDK",
        b: "`smartapi::packet::decode` and every field it shows, ten levels of depth among them",
        comparison: Comparison::AOverB,
        rows: vec![row],
        notes: vec![format!(
            "Both sides went round the same {PACKETS} packets and gave the same checksum over all \
             their values. Ours adds them up while it is timed, checks the token and the sides of the \
             book, and each round's sum has to be right."
        )],
    })
}

/// The SDK's parser in a process of its own.
struct Sdk(Talking);

impl Sdk {
    /// Errors: [`Fault`] too if it reads other values out of the packets than we do.
    fn start(python: &Python, packets: &[SnapQuote]) -> Result<Self, Fault> {
        let path = python.write("packets", packets.as_bytes())?;
        let length = size_of::<SnapQuote>().to_string();
        let mut talking = python.start("parser.py", &[&path, &length])?;
        let (theirs, ours) = (talking.hear::<u64>()?, checksum(packets));
        if theirs != ours {
            let what = format!("the SDK parsed other values than we: checksums {theirs}, {ours}");
            return Err(Fault::new(what, "compare the two field by field"));
        }
        Ok(Self(talking))
    }

    fn nanos_per_packet(&mut self, repetitions: u64) -> Result<f64, Fault> {
        self.0.say(&repetitions)?;
        self.0.hear()
    }
}

/// The sum of all values but the tokens.
fn total(packets: &[SnapQuote]) -> u64 {
    let values = packets.iter().flat_map(|packet| values(packet).into_iter().skip(1));
    values.fold(0, |total, value| total.wrapping_add(value as u64))
}

/// Nanoseconds a packet.
///
/// Errors: [`Fault`] if another sum comes out than the packets' values have.
fn ours(packets: &[SnapQuote], repetitions: u64, cycles: &Cycles) -> Result<f64, Fault> {
    let none = || Fault::new("there are no packets", "look at ticks.rs");
    let token = packets.first().ok_or_else(none)?.quote.head.token;
    let all = |packets: &[SnapQuote]| {
        let mut sums = packets.iter().map(|packet| sum(packet.as_bytes(), &token));
        sums.try_fold(0u64, |total, sum| Some(total.wrapping_add(sum?)))
    };
    let expected = total(packets);
    let mut right = 0;
    let took = time(cycles, || {
        for _ in 0..repetitions {
            right += u64::from(all(black_box(packets)) == Some(expected));
        }
    });
    if right != repetitions {
        let what = format!("the values of {right} of {repetitions} rounds were right");
        return Err(Fault::new(what, "compare `sum` and `values` of this file"));
    }
    Ok(took as f64 / (repetitions * packets.len() as u64) as f64)
}

/// Decodes a frame, reads every field as a user of the decoder would, and adds all values up; `None`
/// unless it is a packet of this token with the two sides of its book in order.
#[inline]
fn sum(frame: &[u8], token: &[u8; 25]) -> Option<u64> {
    let Ok(Packet::SnapQuote(packet)) = decode(frame) else { return None };
    let side = |rows: &[DepthRow], flag| {
        rows.iter().fold((true, 0u64), |(valid, sum), row| {
            let (qty, px) = (row.qty.get() as u64, row.px.get() as u64);
            let rest = u64::from(row.orders.get()) + u64::from(row.flag.get());
            let sum = sum.wrapping_add(qty).wrapping_add(px).wrapping_add(rest);
            (valid & (row.flag.get() == flag), sum)
        })
    };
    let ((buys_valid, buys), (sells_valid, sells)) =
        (side(packet.buys(), 1), side(packet.sells(), 0));
    let figures = figures(packet).into_iter();
    let sum = figures.fold(buys.wrapping_add(sells), |sum, figure| sum.wrapping_add(figure as u64));
    (buys_valid & sells_valid & (packet.quote.head.token == *token)).then_some(sum)
}

/// One number that changes when any value of any packet does; parser.py makes the same.
fn checksum(packets: &[SnapQuote]) -> u64 {
    let values = packets.iter().flat_map(|packet| match decode(packet.as_bytes()) {
        Ok(Packet::SnapQuote(packet)) => values(packet),
        _ => Vec::new(),
    });
    values.fold(0, |total: u64, value| total.wrapping_mul(31).wrapping_add(value as u64))
}

/// Every value as a whole number, in the order of parser.py.
fn values(packet: &SnapQuote) -> Vec<i64> {
    let token = std::str::from_utf8(token_text(&packet.quote.head.token)).ok();
    let mut values = vec![token.and_then(|token| token.parse().ok()).unwrap_or_default()];
    values.extend(figures(packet));
    for row in &packet.depth {
        let (flag, orders) = (row.flag.get().into(), row.orders.get().into());
        values.extend([flag, row.qty.get(), row.px.get(), orders]);
    }
    values
}

/// What stands between the token and the book, in the order of parser.py.
#[inline]
fn figures(packet: &SnapQuote) -> [i64; 21] {
    let (quote, head) = (&packet.quote, &packet.quote.head);
    [
        head.mode.into(),
        head.exchange_type.into(),
        head.sequence.get(),
        head.exchange_ts_ms.get(),
        head.ltp.get(),
        quote.last_traded_qty.get(),
        quote.average_price.get(),
        quote.day_volume.get(),
        quote.total_buy_qty.get() as i64,
        quote.total_sell_qty.get() as i64,
        quote.open.get(),
        quote.high.get(),
        quote.low.get(),
        quote.previous_close.get(),
        packet.last_traded_ts_s.get(),
        packet.open_interest.get(),
        // The SDK reads this double as a whole number.
        packet.open_interest_change_pct.get().to_bits() as i64,
        packet.upper_circuit.get(),
        packet.lower_circuit.get(),
        packet.high_52w.get(),
        packet.low_52w.get(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_changes_with_every_byte_that_holds_a_value() {
        let packets = ticks::packets(1);
        let [packet] = packets.as_slice() else { panic!("one packet") };
        let before = checksum(&packets);
        // The token's padding is no value, and a digit may become none.
        for place in (27..size_of::<SnapQuote>()).filter(|place| !(75..91).contains(place)) {
            let mut bytes = packet.as_bytes().to_vec();
            bytes[place] ^= 1;
            let Ok(Packet::SnapQuote(changed)) = decode(&bytes) else { panic!("no packet") };
            assert_ne!(checksum(&[*changed]), before, "byte {place}");
        }
    }

    #[test]
    fn what_is_timed_adds_up_every_value_of_a_valid_packet() {
        let [mut packet] = ticks::packets(1).try_into().expect("one packet");
        let token = packet.quote.head.token;
        assert_eq!(sum(packet.as_bytes(), &token), Some(total(&[packet])));
        assert_eq!(sum(&packet.as_bytes()[1..], &token), None);
        assert_eq!(sum(packet.as_bytes(), &[0; 25]), None);
        packet.depth.swap(0, 9);
        assert_eq!(sum(packet.as_bytes(), &token), None);
    }
}
