//! The pilot over packets with gaps: what it keeps for the time line.

use client::market::{KernelStamp, NotBefore};
use engine::config::load;
use engine::probe::Stage;
use engine::tick_path::feed::{Feed, Subscription};
use engine::tick_path::strategy::Momentum;
use engine::venue::FillModel;
use smartapi::clock::Wall;
use smartapi::packet::{
    ExchangeType, FromZeros as _, IntoBytes as _, Mode, SnapQuote, token_field,
};

use super::*;
use crate::measured::log::{Dates, events};
use crate::report::timeline::Kind;

fn packet(sequence: i64) -> Vec<u8> {
    let mut packet = SnapQuote::new_zeroed();
    let head = &mut packet.quote.head;
    head.mode = Mode::SnapQuote as u8;
    head.exchange_type = ExchangeType::NSE_FO.0;
    head.token = token_field("47338").expect("fits");
    head.sequence = sequence.into();
    head.exchange_ts_ms = 1_759_723_560_000.into();
    head.ltp = 19_500.into();
    packet.as_bytes().to_vec()
}

fn pilot(cycles: &Cycles, events: usize) -> Pilot<Momentum, Meter<Cycles>> {
    let config = load(&[]).expect("defaults");
    let token = token_field("47338").expect("fits");
    let feed =
        Feed::new(Subscription { segment: ExchangeType::NSE_FO, token, mode: Mode::SnapQuote });
    let meter = Meter::new(cycles.clone(), Stage::Framing, 10);
    let strategy = Momentum::new(&config);
    let path = TickPath::live(&config, feed, strategy, FillModel::default(), meter, 0);
    Pilot { states: Log::new(events), gaps: Log::new(events), ..Pilot::new(path, cycles, u64::MAX) }
}

fn dates(cycles: &Cycles) -> Dates {
    Dates { origin: 0, now: cycles.raw(), date: Wall(0) }
}

fn receive(pilot: &mut Pilot<Momentum, Meter<Cycles>>, cycles: &Cycles, sequence: i64) -> u64 {
    let read = cycles.raw();
    let (kernel, after) = (KernelStamp::Missing, NotBefore { raw: read, wall_ns: 0 });
    let stamps = Stamps { kernel, after, read, framed: cycles.raw() };
    assert_eq!(pilot.on_payload(&packet(sequence), stamps), Flow::Continue);
    read
}

#[test]
fn a_gap_is_kept_with_the_stamp_of_the_packet_behind_it() {
    let cycles = Cycles::new();
    let mut pilot = pilot(&cycles, 8);
    let begin = cycles.raw();
    pilot.on_state(&ConnectionState::Live);
    for sequence in [5, 6] {
        receive(&mut pilot, &cycles, sequence);
    }
    let first = receive(&mut pilot, &cycles, 9);
    // Late, and again: neither is a gap.
    for sequence in [7, 9, 10] {
        receive(&mut pilot, &cycles, sequence);
    }
    let second = receive(&mut pilot, &cycles, 12);
    assert_eq!(pilot.path.frames().duplicate, 1);
    let (events, left_out) = events(pilot.states, pilot.gaps, &cycles, begin, dates(&cycles));
    let gaps: Vec<(u64, &str)> = events
        .iter()
        .filter(|event| event.kind == Kind::Gap)
        .map(|event| (event.at_ns, event.text.as_str()))
        .collect();
    let expected = [
        (cycles.nanos(begin, first), "2 sequence numbers were skipped before 9"),
        (cycles.nanos(begin, second), "1 sequence number was skipped before 12"),
    ];
    assert_eq!((gaps.as_slice(), left_out), (expected.as_slice(), 0));
    assert_eq!(events.first().map(|event| event.kind), Some(Kind::Live));
}

#[test]
fn gaps_beyond_the_room_are_counted_and_take_none_from_the_states() {
    let cycles = Cycles::new();
    let mut pilot = pilot(&cycles, 4);
    for number in 1..=20 {
        receive(&mut pilot, &cycles, number * 10);
    }
    pilot.on_state(&ConnectionState::Stopped);
    let (events, left_out) = events(pilot.states, pilot.gaps, &cycles, 0, dates(&cycles));
    assert_eq!((events.len(), left_out), (4 + 1, 19 - 4));
    assert_eq!(events.last().map(|event| event.kind), Some(Kind::Stopped));
    assert_eq!(pilot.path.broker().arrivals().missing, 19 * 9);
}

#[test]
fn states_and_refusals_are_handed_over_without_words() {
    let cycles = Cycles::new();
    let mut pilot = pilot(&cycles, 4);
    let (news, heard) = sync_channel(4);
    (pilot.news, pilot.origin) = (news, cycles.raw());
    let since = Mono(7);
    pilot.on_state(&ConnectionState::Stale { since });
    pilot.on_text("pong");
    pilot.on_text(r#"{"correlationID":"a1","errorCode":"E1002","errorMessage":"too many"}"#);
    let news: Vec<News> = heard.try_iter().collect();
    let [News::State { state, at }, News::Refused(error)] = news.as_slice() else {
        panic!("{news:?}");
    };
    assert_eq!(*state, ConnectionState::Stale { since });
    assert!(at.0 > 0 && at.0 < cycles.nanos(0, cycles.raw()), "on the stream's own clock");
    assert_eq!(error.error_code, "E1002");
}
