//! Steps meet what they are for, at their moment, as often as they say, and are counted.

use smartapi::rest::routes::ROUTES;

use super::*;

const MS: u64 = 1_000_000;

fn plan(steps: &[&str]) -> Plan {
    let mut plan = Plan::new(0);
    assert!(plan.add(steps.iter().map(|step| step.parse().unwrap()).collect()));
    plan
}

fn sent(sent: u64) -> Now {
    Now { sent, ..Now::default() }
}

/// Milliseconds after the start; the first subscription came at 100.
fn ms(now: u64) -> Now {
    Now { now: now * MS, begun: (now >= 100).then_some(100 * MS), sent: 0 }
}

fn counts(plan: &Plan) -> Vec<(u64, u64)> {
    plan.told().iter().map(|told| (told.met, told.left)).collect()
}

const PLACE: &str = "/rest/secure/angelbroking/order/v1/placeOrder";
const CANCEL: &str = "/rest/secure/angelbroking/order/v1/cancelOrder";
const MASTER: &str = "/OpenAPI_File/files/OpenAPIScripMaster.json";

#[test]
fn after_so_many_packets_the_next_is_met_and_no_other() {
    let mut plan = plan(&["gap@3"]);
    let met: Vec<bool> = (0..6).map(|row| plan.packet(1, sent(row)).is_some()).collect();
    assert_eq!(met, [false, false, false, true, false, false]);
    assert_eq!(counts(&plan), [(1, 0)]);
}

#[test]
fn a_packet_meets_one_fault_and_the_next_one_the_next() {
    let mut plan = plan(&["duplicate@2", "gap@2:times=2"]);
    assert_eq!(plan.packet(1, sent(2)), Some(PacketFault::Duplicate));
    assert_eq!(plan.packet(1, sent(3)), Some(PacketFault::Gap));
    assert_eq!(counts(&plan), [(1, 0), (1, 1)]);
    assert_eq!(plan.packet(1, sent(4)), Some(PacketFault::Gap));
    assert_eq!(plan.packet(1, sent(5)), None);
}

#[test]
fn times_count_from_the_first_subscription_or_from_the_start() {
    let mut plan = plan(&["drop@50ms", "close@start+120ms"]);
    let stream = Stream::Market;
    assert_eq!(plan.next_look(stream, ms(10)), Some(120 * MS));
    assert_eq!(plan.line(stream, 1, false, ms(119)), None);
    assert_eq!(plan.next_look(stream, ms(119)), Some(120 * MS));
    assert_eq!(plan.line(stream, 1, false, ms(120)), Some(LineFault::Close));
    assert_eq!(plan.next_look(stream, ms(121)), Some(150 * MS));
    assert_eq!(plan.line(stream, 1, false, ms(149)), None);
    assert_eq!(plan.line(stream, 1, false, ms(150)), Some(LineFault::Drop));
    assert_eq!(plan.next_look(stream, ms(151)), None);
    assert!(!plan.disturbs_streams());
}

#[test]
fn each_stream_has_its_own_connections_and_faults() {
    let mut plan = plan(&["drop:stream=order", "refuse@connection2:429,stream=order"]);
    assert_eq!(plan.on_upgrade(Stream::Market, ms(0)), (1, None));
    assert_eq!(plan.on_upgrade(Stream::Market, ms(0)), (2, None));
    assert_eq!(plan.line(Stream::Market, 1, false, ms(0)), None);
    assert_eq!(plan.on_upgrade(Stream::Order, ms(0)), (1, None));
    assert_eq!(plan.line(Stream::Order, 1, false, ms(0)), Some(LineFault::Drop));
    assert_eq!(plan.on_upgrade(Stream::Order, ms(0)), (2, Some(429)));
    assert_eq!(plan.on_upgrade(Stream::Order, ms(0)), (3, None));
}

#[test]
fn from_a_connection_on_earlier_ones_are_left_alone() {
    let mut plan = plan(&["close@connection2:times=2", "gap@connection3"]);
    for number in 1..=3 {
        assert_eq!(plan.on_upgrade(Stream::Market, ms(0)), (number, None));
    }
    assert_eq!(plan.line(Stream::Market, 1, false, ms(0)), None);
    assert_eq!(plan.line(Stream::Market, 2, false, ms(0)), Some(LineFault::Close));
    assert_eq!(plan.line(Stream::Market, 3, false, ms(0)), Some(LineFault::Close));
    assert_eq!(plan.packet(2, ms(0)), None);
    assert_eq!(plan.packet(3, ms(0)), Some(PacketFault::Gap));
}

#[test]
fn a_connection_that_is_held_can_only_end() {
    let mut plan = plan(&["one-byte-frame", "stall:1s", "drop"]);
    assert_eq!(plan.line(Stream::Market, 1, true, ms(0)), Some(LineFault::Drop));
    assert_eq!(plan.line(Stream::Market, 1, true, ms(0)), None);
    assert_eq!(plan.line(Stream::Market, 1, false, ms(0)), Some(LineFault::OneByteFrame));
}

#[test]
fn requests_of_a_route_are_counted_apart() {
    let mut plan = plan(&["lost-answer@placeOrder#2"]);
    let lost = Some(RequestFault::Lost { carried_out: true });
    let faults: Vec<_> =
        [PLACE, CANCEL, CANCEL, PLACE, PLACE].map(|path| plan.on_request(path, ms(0)).fault).into();
    assert_eq!(faults, [None, None, None, lost, None]);
}

#[test]
fn a_slow_answer_may_be_a_wrong_one_too() {
    let mut plan = plan(&["slow-answer:2s,times=2", "slow-answer:1s", "empty-body", "null-body"]);
    let first = plan.on_request(PLACE, ms(0));
    assert_eq!(first.delay, Duration::from_secs(3));
    assert!(first.fault.is_some());
    let second = plan.on_request(PLACE, ms(0));
    assert_eq!(second.delay, Duration::from_secs(2));
    assert!(second.fault.is_some_and(|fault| Some(fault) != first.fault));
    assert_eq!(plan.on_request(PLACE, ms(0)), Meeting::default());
}

#[test]
fn without_a_route_only_rest_is_met() {
    let mut plan = plan(&["html-page", "null-body:route=OpenAPIScripMaster.json"]);
    assert!(plan.on_request(MASTER, ms(0)).fault.is_some());
    assert_eq!(plan.on_request(MASTER, ms(0)).fault, None);
    assert!(plan.on_request(PLACE, ms(0)).fault.is_some());
    assert_eq!(counts(&plan), [(1, 0), (1, 0)]);
}

#[test]
fn a_request_may_be_the_moment_of_another_place() {
    let mut plan = plan(&["drop@placeOrder", "expire-tokens@#2"]);
    assert_eq!(plan.line(Stream::Market, 1, false, ms(0)), None);
    plan.on_request(CANCEL, ms(0));
    assert_eq!(plan.account(ms(0)), Account::default());
    plan.on_request(PLACE, ms(0));
    assert_eq!(plan.line(Stream::Market, 1, false, ms(0)), Some(LineFault::Drop));
    assert!(plan.account(ms(0)).expire);
    assert_eq!(plan.account(ms(0)), Account::default());
}

#[test]
fn the_last_of_several_shifts_of_the_clock_holds() {
    let mut plan = plan(&["clock-skew:90s", "clock-skew:-1m"]);
    assert_eq!(plan.account(ms(0)), Account { expire: false, skew_s: Some(-60) });
}

#[test]
fn updates_are_counted_from_when_the_step_was_added() {
    let mut plan = plan(&["lost-update@update2"]);
    assert_eq!(plan.on_update(ms(0)), None);
    assert!(plan.add(vec!["late-update@update2:1s".parse().unwrap()]));
    assert_eq!(plan.on_update(ms(0)), Some(UpdateFault::Lost));
    assert_eq!(plan.on_update(ms(0)), Some(UpdateFault::Late(Duration::from_secs(1))));
    assert_eq!(plan.on_update(ms(0)), None);
}

#[test]
fn only_the_order_stream_has_to_look_for_packets_that_others_send() {
    let mut plan = plan(&["drop@500:stream=order", "drop@500"]);
    assert_eq!(plan.next_look(Stream::Market, sent(7)), None);
    assert_eq!(plan.next_look(Stream::Order, sent(7)), Some(LOOK_NS));
    assert_eq!(plan.line(Stream::Order, 1, false, sent(500)), Some(LineFault::Drop));
    assert_eq!(plan.next_look(Stream::Order, sent(500)), None);
}

#[test]
fn only_faults_of_streams_disturb_them_and_calling_off_ends_that() {
    let mut plan = plan(&["expire-tokens@9s", "failure", "lost-update", "refuse"]);
    assert!(!plan.disturbs_streams());
    plan.add(vec!["gap@9".parse().unwrap()]);
    assert!(plan.disturbs_streams());
    plan.clear();
    assert!(!plan.disturbs_streams());
    assert!(plan.told().is_empty());
}

#[test]
fn steps_that_are_over_make_room_and_beyond_the_limit_none_is_taken() {
    let step: Step = "gap".parse().unwrap();
    let mut plan = Plan::new(0);
    assert!(plan.add(vec![step.clone(); MOST_STEPS]));
    assert!(!plan.add(vec![step.clone()]));
    assert!(plan.packet(1, ms(0)).is_some());
    assert!(plan.add(vec![step.clone()]));
    assert!(!plan.add(vec![step]));
}

#[test]
fn every_spelling_of_every_route_is_met_with_a_route_and_without() {
    for route in &ROUTES {
        for path in [&[route.path], route.aliases].concat() {
            let named = format!("lost-request@#2:route={}", route.path);
            let mut plan = plan(&["empty-body", &named]);
            assert!(plan.on_request(path, sent(0)).fault.is_some(), "{path}");
            assert_eq!(counts(&plan), [(1, 0), (0, 1)], "{path}");
            let lost = RequestFault::Lost { carried_out: false };
            assert_eq!(plan.on_request(path, sent(0)).fault, Some(lost), "{path}");
        }
    }
}
