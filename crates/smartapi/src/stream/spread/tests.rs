//! Tests of the plan: examples, and random changes against a set.

use proptest::prelude::*;

use super::*;
use crate::packet::{ExchangeType, Mode};

fn one(number: usize) -> Subscription {
    Subscription {
        mode: Mode::Quote,
        exchange_type: ExchangeType::NSE_FO,
        token: number.to_string(),
    }
}

fn some(numbers: impl IntoIterator<Item = usize>) -> Vec<Subscription> {
    numbers.into_iter().map(one).collect()
}

fn sizes(plan: &Spread) -> [usize; MAX_CONNECTIONS] {
    [0, 1, 2].map(|connection| plan.of(connection).count())
}

#[test]
fn the_first_connection_is_the_traders_and_the_others_fill_the_next_ones() {
    let plan = Spread::new(&some(0..2), &some(0..1500)).expect("fits");
    assert_eq!(sizes(&plan), [2, 1000, 498], "what is traded is not carried twice");
    assert!(plan.is_needed(0) && plan.is_needed(1) && plan.is_needed(2));
    let alone = Spread::new(&some(0..2), &[]).expect("fits");
    assert_eq!([0, 1, 2].map(|connection| alone.is_needed(connection)), [true, false, false]);
}

#[test]
fn a_thousand_traded_and_two_thousand_others_fit_and_one_more_is_refused_with_the_numbers() {
    let mut plan = Spread::new(&some(0..1000), &some(1000..3000)).expect("fits");
    assert_eq!(sizes(&plan), [1000; 3]);
    assert_eq!(plan.subscribe(&some(0..3000)), Ok(vec![]), "what is there is free");
    let full = plan.subscribe(&some(3000..3001)).expect_err("full");
    assert_eq!(full, SpreadFault::Full { was: 2001, most: 2000 });
    let traded = Spread::new(&some(0..1001), &[]).expect_err("too many");
    assert_eq!(traded, SpreadFault::Traded { was: 1001, most: 1000 });
    assert_eq!(plan.trade(&some(0..1001)), Err(traded));
    for (fault, values) in [(full, ["2001", "2000"]), (traded, ["1001", "1000"])] {
        let text = fault.to_string();
        assert!(values.iter().all(|value| text.contains(value)), "{text}");
        assert!(!fault.hint().is_empty());
    }
}

#[test]
fn a_change_moves_nothing_else() {
    let mut plan = Spread::new(&some(0..1), &some(1..1501)).expect("fits");
    let moves = plan.unsubscribe(&some([1, 9999]));
    let change = Change { unsubscribe: some([1]), subscribe: vec![] };
    assert_eq!(moves, [Move { connection: 1, change }]);
    let moves = plan.subscribe(&some([1])).expect("fits");
    let change = Change { unsubscribe: vec![], subscribe: some([1]) };
    assert_eq!(moves, [Move { connection: 1, change }], "into the place that was left");
}

#[test]
fn a_refused_connection_gives_away_what_fits_and_names_the_rest() {
    let mut plan = Spread::with_room(5, &some(0..2), &some(2..10)).expect("fits");
    assert_eq!(sizes(&plan), [2, 5, 3]);
    let _ = plan.refuse(1);
    assert_eq!((sizes(&plan), plan.unserved().count()), ([2, 3, 5], 3));
    let gone: Vec<_> = plan.of(2).take(3).cloned().collect();
    let _ = plan.unsubscribe(&gone);
    assert_eq!(plan.unserved().count(), 0, "room came up: {:?}", sizes(&plan));
    assert!(!plan.is_needed(1));
}

#[test]
fn nothing_but_what_is_traded_is_ever_put_on_the_first_connection() {
    let mut plan = Spread::with_room(5, &some(0..1), &some(1..7)).expect("fits");
    let _ = plan.refuse(1);
    let _ = plan.refuse(2);
    assert_eq!((plan.of(FIRST).count(), plan.unserved().count()), (1, 6));
    let _ = plan.restore(2);
    assert_eq!((sizes(&plan), plan.unserved().count()), ([1, 1, 5], 1));
}

#[test]
fn what_is_traded_can_be_replaced_and_comes_from_the_others() {
    let mut plan = Spread::with_room(5, &some(0..2), &some(2..4)).expect("fits");
    let moves = plan.trade(&some(1..3)).expect("fits");
    let first = Change { unsubscribe: some([0]), subscribe: some([2]) };
    let second = Change { unsubscribe: some([2]), subscribe: vec![] };
    let expected = [Move { connection: 0, change: first }, Move { connection: 1, change: second }];
    assert_eq!(moves, expected);
    assert_eq!(plan.unserved().count(), 0);
    let _ = plan.refuse(FIRST);
    assert_eq!(plan.unserved().cloned().collect::<Vec<_>>(), some(1..3), "traded ones are named");
}

#[derive(Clone, Debug)]
enum Step {
    Subscribe(Vec<usize>),
    Unsubscribe(Vec<usize>),
    Trade(Vec<usize>),
    Refuse(usize),
    Restore(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let numbers = || prop::collection::vec(0_usize..24, 0..8);
    prop_oneof![
        numbers().prop_map(Step::Subscribe),
        numbers().prop_map(Step::Unsubscribe),
        numbers().prop_map(Step::Trade),
        (0_usize..5).prop_map(Step::Refuse),
        (0_usize..5).prop_map(Step::Restore),
    ]
}

/// Carries moves out on what the connections have, and checks that each was needed.
fn carry_out(have: &mut [BTreeSet<Subscription>; MAX_CONNECTIONS], moves: Vec<Move>) {
    for Move { connection, change } in moves {
        for one in &change.unsubscribe {
            assert!(have[connection].remove(one), "{one:?} was not on {connection}");
        }
        for one in change.subscribe {
            assert!(have[connection].insert(one), "connection {connection} had it");
        }
        assert!(have[connection].len() <= 5, "over the limit");
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_or_carried_twice_and_no_limit_is_passed(
        traded in prop::collection::vec(0_usize..24, 0..5),
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut plan = Spread::with_room(5, &some(traded.clone()), &[]).expect("few");
        let mut trade: BTreeSet<Subscription> = some(traded).into_iter().collect();
        let mut others: BTreeSet<Subscription> = BTreeSet::new();
        let mut have = [0, 1, 2].map(|connection| plan.of(connection).cloned().collect());
        for step in steps {
            let moves = match step {
                Step::Subscribe(numbers) => {
                    let more = some(numbers.clone()).into_iter().filter(|one| !trade.contains(one));
                    let more: BTreeSet<_> = others.iter().cloned().chain(more).collect();
                    match plan.subscribe(&some(numbers)) {
                        Ok(moves) => {
                            others = more;
                            moves
                        }
                        Err(fault) => {
                            prop_assert_eq!(fault, SpreadFault::Full { was: more.len(), most: 10 });
                            continue;
                        }
                    }
                }
                Step::Unsubscribe(numbers) => {
                    for one in some(numbers.clone()) {
                        let _ = (others.remove(&one), trade.remove(&one));
                    }
                    plan.unsubscribe(&some(numbers))
                }
                Step::Trade(numbers) => {
                    let wanted: BTreeSet<_> = some(numbers.clone()).into_iter().collect();
                    match plan.trade(&some(numbers)) {
                        Ok(moves) => {
                            others.retain(|one| !wanted.contains(one));
                            trade = wanted;
                            moves
                        }
                        Err(fault) => {
                            let was = wanted.len();
                            prop_assert_eq!(fault, SpreadFault::Traded { was, most: 5 });
                            continue;
                        }
                    }
                }
                Step::Refuse(connection) => plan.refuse(connection),
                Step::Restore(connection) => plan.restore(connection),
            };
            carry_out(&mut have, moves);
            let planned = [0, 1, 2].map(|connection| plan.of(connection).cloned().collect());
            prop_assert_eq!(&have, &planned, "moves lead from plan to plan");
            prop_assert_eq!(&have[FIRST], &trade, "the first carries what is traded alone");
            let rest: Vec<_> = have[1..].iter().flatten().cloned().collect();
            prop_assert_eq!(rest.len(), others.len(), "nothing twice");
            prop_assert_eq!(&rest.into_iter().collect::<BTreeSet<_>>(), &others, "nothing lost");
            prop_assert_eq!(plan.count(), trade.len() + others.len());
            let open = SIDES.into_iter().filter(|&place| !plan.is_refused[place]);
            let room: usize = open.map(|place| 5 - have[place].len()).sum();
            let waits = SIDES.into_iter().any(|place| plan.is_refused[place] && !have[place].is_empty());
            prop_assert!(!waits || room == 0, "served where there is room");
        }
    }
}
