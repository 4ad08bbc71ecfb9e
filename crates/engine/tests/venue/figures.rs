//! Charges, protection prices, ids and hours: each figure against its rule.

use engine::units::{Micros, Money, Paise, Qty, Zone};
use engine::venue::{
    Charges, Duration, Hours, Kind, Leg, OrderRequest, OrderType, Phase, Product, Rate, RateCard,
    RuleRequest, Rules, Side, Terms, Variety, average, limit_range, market_price,
};

use super::common::{instrument, quote, time, venue};

fn charges(name: &str, product: Product, side: Side, rupees: i128) -> Charges {
    let card = RateCard::APRIL_2026;
    Charges::of(card.of(&instrument(name), product), side, Money(rupees * 100))
}

fn parts(charges: &Charges) -> [i128; 6] {
    let Charges { brokerage, stt, exchange, sebi, stamp, gst } = *charges;
    [brokerage, stt, exchange, sebi, stamp, gst].map(|part| part.0)
}

#[test]
fn a_lakh_of_premium_costs_what_the_published_rates_say() {
    let buy = charges("option", Product::Intraday, Side::Buy, 100_000);
    assert_eq!(parts(&buy), [2_000, 0, 3_503 + 50, 10, 300, 1_001]);
    let sale = charges("option", Product::Intraday, Side::Sell, 100_000);
    assert_eq!(parts(&sale), [2_000, 15_000, 3_503 + 50, 10, 0, 1_001]);
    assert_eq!(buy.total(), Money(6_864));
}

#[test]
fn a_lakh_of_shares_costs_by_its_product() {
    let delivery = charges("share", Product::Delivery, Side::Sell, 100_000);
    assert_eq!(parts(&delivery), [2_000, 10_000, 297 + 10, 10, 0, 417]);
    let intraday = charges("share", Product::Intraday, Side::Buy, 100_000);
    assert_eq!(parts(&intraday), [2_000, 0, 297 + 10, 10, 300, 417]);
}

#[test]
fn a_lakh_of_futures_is_taxed_on_its_sale() {
    let future = charges("future", Product::Carryforward, Side::Sell, 100_000);
    assert_eq!(parts(&future), [2_000, 5_000, 173 + 10, 10, 0, 395]);
    let gold = charges("gold", Product::Carryforward, Side::Sell, 100_000);
    assert_eq!(parts(&gold), [2_000, 1_000, 210, 10, 0, 400]);
}

#[test]
fn brokerage_of_shares_is_a_share_within_its_bounds() {
    let of = |rupees| charges("share", Product::Delivery, Side::Buy, rupees).brokerage;
    assert_eq!([of(100), of(10_000), of(1_000_000)], [Money(500), Money(1_000), Money(2_000)]);
}

#[test]
fn an_order_without_a_trade_costs_nothing() {
    assert_eq!(charges("option", Product::Intraday, Side::Buy, 0).total(), Money::ZERO);
}

#[test]
fn rates_and_averages_round_half_up() {
    assert_eq!(Rate(5_000).of(Money(1_000)), Money(1));
    assert_eq!(Rate(4_999).of(Money(1_000)), Money(0));
    assert_eq!(average(Money(201), Qty(2)), Paise(101));
    assert_eq!(average(Money(7), Qty(0)), Paise(0));
}

#[test]
fn market_orders_are_protected_by_the_published_distances() {
    // Paise of the last price, the protected buy and the protected sale.
    let table = [
        ("option", 900, 1_080, 720),
        ("option", 1_000, 1_100, 900),
        ("option", 2_000, 2_100, 1_900),
        ("option", 5_000, 5_250, 4_750),
        ("option", 5_005, 5_130, 4_880),
        ("option", 5, 10, 5),
        ("cheap", 900, 1_260, 540),
        ("cheap", 1_500, 1_800, 1_200),
        ("cheap", 3_000, 3_300, 2_700),
        ("cheap", 10_000, 10_500, 9_500),
        ("future", 2_500_000, 2_512_500, 2_487_500),
        ("gold", 700_000, 707_000, 693_000),
        ("share", 80_000, 80_400, 79_600),
        ("option", 99_000, 100_000, 96_525),
    ];
    for (name, last, buy, sale) in table {
        let instrument = instrument(name);
        let price = |side| market_price(&instrument, side, Paise(last)).0;
        assert_eq!((price(Side::Buy), price(Side::Sell)), (buy, sale), "{name} {last}");
    }
}

#[test]
fn limits_are_held_to_the_exchanges_range() {
    let range = |kind, last| limit_range(kind, Paise(last)).map(|(low, high)| (low.0, high.0));
    assert_eq!(range(Kind::IndexOption, 3_000), Some((1_000, 5_000)));
    assert_eq!(range(Kind::StockOption, 8_000), Some((4_800, 11_200)));
    assert_eq!(range(Kind::IndexFuture, 800_000), Some((780_000, 820_000)));
    assert_eq!(range(Kind::IndexFuture, 2_500_000), Some((2_450_000, 2_550_000)));
    assert_eq!(range(Kind::StockFuture, 4_000), Some((3_850, 4_150)));
    assert_eq!(range(Kind::Cash, 4_000), None);
    assert_eq!(range(Kind::CommodityOption, 4_000), None);
}

fn request(qty: i64, price: i64) -> OrderRequest {
    OrderRequest {
        instrument: instrument("option").key,
        variety: Variety::Normal,
        side: Side::Buy,
        terms: Terms {
            order_type: OrderType::Limit,
            product: Product::Intraday,
            duration: Duration::Day,
            qty: Qty(qty),
            price: Paise(price),
            trigger: Paise(0),
        },
        disclosed: Qty::ZERO,
        tag: "mine".to_owned(),
    }
}

#[test]
fn ids_have_the_brokers_form_and_follow_from_the_seed() {
    let now = time(1, Micros::minutes(600));
    let ids = |seed| {
        let mut venue = venue(Rules { seed, ..Rules::default() });
        let one = venue.place(request(75, 100), now).expect("taken");
        let two = venue.place(request(75, 100), now).expect("taken");
        [
            one.id.to_string(),
            two.id.to_string(),
            one.unique_id.to_string(),
            two.unique_id.to_string(),
        ]
    };
    assert_eq!(ids(7), ids(7));
    let [one, two, first, second] = ids(7);
    assert_eq!((one.as_str(), two.as_str()), ("260106000000001", "260106000000002"));
    assert_ne!(first, second);
    assert_ne!(first, ids(8)[2]);
    let parts: Vec<&str> = first.split('-').collect();
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(parts[2].starts_with('4') && "89ab".contains(&parts[3][..1]), "{first}");
}

#[test]
fn an_order_remembers_what_was_asked_and_when_it_traded() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    let key = instrument("option").key;
    venue.on_quote(key, &quote(10_000, (9_995, 75), (10_005, 75)), now).expect("listed");
    let receipt = venue.place(request(150, 10_005), now).expect("taken");
    let order = venue.order(receipt.id).expect("kept").clone();
    assert_eq!((order.filled, order.unfilled(), order.cancelled), (Qty(75), Qty(75), Qty::ZERO));
    assert_eq!((order.tag.as_str(), order.unique_id), ("mine", receipt.unique_id));
    assert_eq!((order.placed_at, order.arrived_at), (now, Some(now)));
    assert_eq!(order.last_fill, Some((venue.trades()[0].id, now)));
    assert_eq!(order.exchange_id.map(|id| id.to_string().len()), Some(16));
    assert_eq!(order.charges.total(), venue.funds().charges);
    venue.on_time(now + Micros::minutes(600));
    let order = venue.order(receipt.id).expect("kept");
    assert_eq!((order.unfilled(), order.cancelled), (Qty::ZERO, Qty(75)));
    venue.on_time(now + Micros::DAY);
    assert!(venue.order(receipt.id).is_none() && venue.trades().is_empty());
}

#[test]
fn it_watches_while_an_order_is_alive_or_a_rule_waits() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    let key = instrument("option").key;
    assert!(!venue.is_watching());
    let id = venue.place(request(75, 100), now).expect("taken").id;
    assert!(venue.is_watching());
    venue.cancel(id, Variety::Normal, now).expect("alive");
    assert!(!venue.is_watching());
    let leg = Leg { price: Paise(9_000), trigger: Paise(9_000) };
    let rule = RuleRequest {
        instrument: key,
        side: Side::Buy,
        product: Product::Carryforward,
        qty: Qty(75),
        disclosed: Qty::ZERO,
        leg,
        stop: None,
        days: None,
    };
    let rule = venue.create_rule(rule, now).expect("taken");
    assert!(venue.is_watching());
    venue.cancel_rule(rule, key, now).expect("waits");
    assert!(!venue.is_watching());
}

#[test]
fn time_does_not_step_back() {
    let now = time(0, Micros::minutes(600));
    let mut venue = venue(Rules::default());
    venue.on_time(now);
    let receipt = venue.place(request(75, 100), now - Micros::DAY).expect("taken");
    assert_eq!(venue.order(receipt.id).map(|order| order.placed_at), Some(now));
}

#[test]
fn hours_say_what_happens_to_an_order() {
    let at =
        |hours: Hours, day, minutes| hours.phase(Zone::INDIA, time(day, Micros::minutes(minutes)));
    let shares = |day, minutes| at(Hours::EQUITY, day, minutes);
    assert_eq!(shares(0, 539), Phase::AfterMarket);
    assert_eq!(shares(0, 540), Phase::Shut);
    assert_eq!(shares(0, 555), Phase::Open);
    assert_eq!(shares(0, 929), Phase::Open);
    assert_eq!(shares(0, 930), Phase::Shut);
    assert_eq!(shares(0, 960), Phase::AfterMarket);
    assert_eq!(shares(5, 600), Phase::AfterMarket);
    assert_eq!(at(Hours::COMMODITY, 0, 1_409), Phase::Open);
    assert_eq!(at(Hours::COMMODITY, 0, 1_410), Phase::Shut);
    assert_eq!(at(Hours::ALWAYS, 6, 0), Phase::Open);
    let (opens, closes) = Hours::EQUITY.session(Zone::INDIA, time(4, Micros::minutes(930)));
    assert_eq!((opens, closes), (time(7, Micros::minutes(555)), time(7, Micros::minutes(930))));
}
