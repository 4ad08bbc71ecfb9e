//! Tests of the rate limits: the table itself, and that no window is ever exceeded or wasted.

use proptest::prelude::*;

use super::*;

#[test]
fn a_second_login_within_the_second_waits_for_the_rest_of_it() {
    let mut limiter = Limiter::default();
    assert_eq!(limiter.take(routes::LOGIN, Mono(0)), Ok(()));
    let later = Mono(0).after(Duration::from_millis(400));
    assert_eq!(limiter.take(routes::LOGIN, later), Err(Duration::from_millis(650)));
    assert_eq!(limiter.take(routes::PROFILE, later), Ok(()), "routes do not share");
    assert_eq!(limiter.take(routes::LOGIN, later.after(Duration::from_millis(650))), Ok(()));
}

#[test]
fn the_hourly_window_holds_when_the_second_has_room() {
    let mut limiter = Limiter::default();
    let mut now = Mono(0);
    for _ in 0..1000 {
        assert_eq!(limiter.take(routes::PROFILE, now), Ok(()));
        now = now.after(Duration::from_secs(1));
    }
    let wait = limiter.take(routes::PROFILE, now).expect_err("1,000 in the hour");
    assert_eq!(wait, Duration::from_secs(2600) + EDGE);
}

/// How many calls pass at one moment.
fn at_once(mut limiter: Limiter, route: &str) -> usize {
    (0..20).take_while(|_| limiter.take(route, Mono(0)).is_ok()).count()
}

#[test]
fn orders_share_one_allowance_and_so_do_candles_and_open_interest() {
    let mut limiter = Limiter::broker();
    for route in [routes::PLACE_ORDER, routes::MODIFY_ORDER, routes::CANCEL_ORDER].repeat(3) {
        assert_eq!(limiter.take(route, Mono(0)), Ok(()));
    }
    assert_eq!(limiter.take(routes::CANCEL_ORDER, Mono(0)), Err(Duration::from_secs(1)));
    for route in [routes::CANDLES, routes::OPEN_INTEREST, routes::CANDLES] {
        assert_eq!(limiter.take(route, Mono(0)), Ok(()));
    }
    assert!(limiter.take(routes::OPEN_INTEREST, Mono(0)).is_err());
}

#[test]
fn a_client_asks_less_often_than_the_broker_allows() {
    for (route, broker, polite) in [
        (routes::QUOTE, 10, 1),
        (routes::CANDLES, 3, 2),
        (routes::LTP, 10, 10),
        (routes::CHARGES, 1, 1),
        (routes::GTT_CREATE, 9, 9),
        ("/unheard-of", 1, 1),
    ] {
        assert_eq!(at_once(Limiter::broker(), route), broker, "{route}");
        assert_eq!(at_once(Limiter::default(), route), polite, "{route}");
    }
    let quotes = [0, 1, 6, 100].map(|quotes| at_once(Limiter::polite(quotes), routes::QUOTE));
    assert_eq!(quotes, [1, 1, 6, 6]);
}

#[test]
fn every_route_has_one_row() {
    for route in &routes::ROUTES {
        let rows = TABLE.iter().filter(|row| row.routes.contains(&route.path)).count();
        assert_eq!(rows, 1, "{}", route.path);
        let windows = windows(route.path);
        assert!(windows.is_sorted_by(|a, b| a.calls < b.calls && a.period < b.period));
    }
    let listed = TABLE.iter().map(|row| row.routes.len()).sum::<usize>();
    assert_eq!(listed, routes::ROUTES.len());
    assert_eq!(windows(routes::PLACE_ORDER), [window(9, 1), window(500, 60), window(1000, 3600)]);
}

/// Routes, and pauses in milliseconds that sometimes are long enough for every window.
fn schedule() -> impl Strategy<Value = Vec<(&'static str, u64)>> {
    let route = prop::sample::select(&routes::ROUTES[..]).prop_map(|route| route.path);
    let few = prop::sample::select(vec![routes::PLACE_ORDER, routes::CANCEL_ORDER, routes::QUOTE]);
    let pause = prop_oneof![8 => 0..300_u64, 2 => 0..2_000_u64, 1 => 0..4_000_000_u64];
    prop::collection::vec((prop_oneof![route, few], pause), 1..700)
}

/// Whether all windows of the row have room, counted from all calls that passed.
fn has_room(passed: &[(usize, Mono)], place: usize, windows: &[Window], now: Mono) -> bool {
    windows.iter().all(|window| {
        let within = |call: &&(usize, Mono)| call.0 == place && now.since(call.1) < window.period;
        passed.iter().filter(within).count() < window.calls
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_call_passes_exactly_when_all_its_windows_have_room(calls in schedule(), polite: bool) {
        let mut limiter = if polite { Limiter::polite(3) } else { Limiter::broker() };
        let (mut now, mut passed) = (Mono(0), Vec::new());
        for (route, pause) in calls {
            now = now.after(Duration::from_millis(pause));
            let place = place(route).expect("in the table");
            let windows = limiter.allowances[place].windows.clone();
            let room = has_room(&passed, place, &windows, now);
            match limiter.take(route, now) {
                Ok(()) => {
                    prop_assert!(room && has_room(&passed, place, TABLE[place].windows, now));
                    passed.push((place, now));
                }
                Err(wait) => {
                    prop_assert!(!room && !wait.is_zero());
                    let too_soon = Mono(now.after(wait).0 - 1);
                    prop_assert!(!has_room(&passed, place, &windows, too_soon));
                    now = now.after(wait);
                    prop_assert_eq!(limiter.take(route, now), Ok(()));
                    passed.push((place, now));
                }
            }
        }
    }
}

/// Three windows, each of more calls and longer than the one before, such that all can bind.
fn nested() -> impl Strategy<Value = Vec<Window>> {
    (1..4_usize, 1..4_usize, 1..6_usize, 5..20_u64, 1..6_u64, 1..6_u64).prop_map(
        |(few, more, most, short, longer, longest)| {
            let window = |calls, ms| Window { calls, period: Duration::from_millis(ms) };
            let middle = (few + more, short * (longer + 1));
            let last = (middle.0 + most, middle.1 * (longest + 1));
            vec![window(few, short), window(middle.0, middle.1), window(last.0, last.1)]
        },
    )
}

/// Asks for a call after each of these pauses, and says by the plain count whether the answers are right.
fn agrees(windows: &[Window], pauses: &[Duration]) -> Result<(), TestCaseError> {
    let mut allowance = Allowance { windows: windows.to_vec(), past: VecDeque::new() };
    let (mut now, mut passed) = (Mono(0), Vec::new());
    for pause in pauses {
        now = now.after(*pause);
        let room = has_room(&passed, 0, windows, now);
        match allowance.take(now) {
            Ok(()) => prop_assert!(room),
            Err(wait) => {
                prop_assert!(!room && !wait.is_zero());
                prop_assert!(!has_room(&passed, 0, windows, Mono(now.after(wait).0 - 1)));
                now = now.after(wait);
                prop_assert_eq!(allowance.take(now), Ok(()));
            }
        }
        passed.push((0, now));
    }
    Ok(())
}

proptest! {
    #[test]
    fn nested_windows_hold_all_together(
        windows in nested(),
        pauses in prop::collection::vec((0..30_u64).prop_map(Duration::from_millis), 1..120),
    ) {
        agrees(&windows, &pauses)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// So many calls that the second, the minute and the hour are all met.
    #[test]
    fn the_windows_of_orders_hold_all_together(
        pauses in prop::collection::vec((0..200_u64).prop_map(Duration::from_millis), 1100),
    ) {
        agrees(windows(routes::PLACE_ORDER), &pauses)?;
    }
}

#[test]
fn routes_that_share_an_allowance_have_one_name_for_it() {
    assert_eq!(allowance(routes::OPEN_INTEREST), allowance(routes::CANDLES));
    assert_eq!(allowance(routes::CANCEL_ORDER), allowance(routes::PLACE_ORDER));
    assert_ne!(allowance(routes::LTP), allowance(routes::QUOTE));
    assert_eq!(allowance("/unheard-of"), "/unheard-of");
}
