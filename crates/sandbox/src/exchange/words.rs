//! The venue's words, prices and times in those of the wire, and back.

use engine::units::{EventTime, Micros, Money, Paise, Zone, civil_from_days};
use engine::venue;
use smartapi::clock::Wall;
use smartapi::rest::{OrderType, Product, Side, Validity, Variety};
use smartapi::wire::{Open, Rupees, TimeOfDay, Word};

/// The wire's word for what the venue calls by the same one.
pub(crate) fn word<W: Word>(word: &str) -> Open<W> {
    W::of(word).map_or_else(|| Open::Other(word.to_owned()), Open::Known)
}

pub(crate) const fn variety(variety: Variety) -> venue::Variety {
    match variety {
        Variety::Normal => venue::Variety::Normal,
        Variety::StopLoss => venue::Variety::StopLoss,
        Variety::Robo => venue::Variety::Robo,
    }
}

pub(crate) const fn side(side: Side) -> venue::Side {
    match side {
        Side::Buy => venue::Side::Buy,
        Side::Sell => venue::Side::Sell,
    }
}

pub(crate) const fn order_type(order_type: OrderType) -> venue::OrderType {
    match order_type {
        OrderType::Market => venue::OrderType::Market,
        OrderType::Limit => venue::OrderType::Limit,
        OrderType::StopLossLimit => venue::OrderType::StopLimit,
        OrderType::StopLossMarket => venue::OrderType::StopMarket,
    }
}

pub(crate) const fn product(product: Product) -> venue::Product {
    match product {
        Product::Delivery => venue::Product::Delivery,
        Product::CarryForward => venue::Product::Carryforward,
        Product::Margin => venue::Product::Margin,
        Product::Intraday => venue::Product::Intraday,
        Product::Bracket => venue::Product::Bracket,
    }
}

pub(crate) const fn duration(validity: Validity) -> venue::Duration {
    match validity {
        Validity::Day => venue::Duration::Day,
        Validity::Ioc => venue::Duration::Ioc,
    }
}

/// A price in rupees.
pub(crate) const fn rupees(price: Paise) -> Rupees {
    Rupees::from_raw(price.0.saturating_mul(100))
}

/// An amount in rupees; beyond ₹922 trillion that much.
pub(crate) fn amount(money: Money) -> Rupees {
    let raw = money.0.saturating_mul(100);
    Rupees::from_raw(raw.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

/// An instant to the second.
pub(crate) const fn wall(at: EventTime) -> Wall {
    Wall(at.0.div_euclid(1_000_000))
}

/// The time of the day in India.
pub(crate) fn time_of_day(at: EventTime) -> TimeOfDay {
    let since_midnight = at - Zone::INDIA.day_start(at);
    TimeOfDay((since_midnight.0 / 1_000_000) as u32)
}

/// An instant in India as `ddMMyyyyHHmmss`, which eDIS alone has.
pub(crate) fn digits(at: EventTime) -> String {
    let midnight = Zone::INDIA.day_start(at) + Zone::INDIA.offset;
    let (year, month, day) = civil_from_days((midnight - EventTime::MIN).0 / Micros::DAY.0);
    let time = time_of_day(at).to_string().replace(':', "");
    format!("{day:02}{month:02}{year:04}{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_the_same_on_both_sides() {
        let same = |wire: Vec<&str>, venue: Vec<&str>| assert_eq!(wire, venue);
        let all = Variety::ALL.iter().map(|&word| (word.text(), variety(word).word()));
        let (wire, venue) = all.unzip();
        same(wire, venue);
        let all = Side::ALL.iter().map(|&word| (word.text(), side(word).word()));
        let (wire, venue) = all.unzip();
        same(wire, venue);
        let all = OrderType::ALL.iter().map(|&word| (word.text(), order_type(word).word()));
        let (wire, venue) = all.unzip();
        same(wire, venue);
        let all = Product::ALL.iter().map(|&word| (word.text(), product(word).word()));
        let (wire, venue) = all.unzip();
        same(wire, venue);
        let all = Validity::ALL.iter().map(|&word| (word.text(), duration(word).word()));
        let (wire, venue) = all.unzip();
        same(wire, venue);
    }

    #[test]
    fn every_status_of_the_venue_is_known_on_the_wire() {
        for status in venue::Status::ALL {
            let known = word::<smartapi::rest::OrderStatus>(status.word()).known();
            assert_eq!(known.map(Word::text), Some(status.word()));
            assert_eq!(known.map(|known| known.is_final()), Some(status.is_final()));
        }
    }

    #[test]
    fn prices_and_times_keep_their_value() {
        assert_eq!(rupees(Paise(19_435)).to_string(), "194.35");
        assert_eq!(amount(Money(-5)).to_string(), "-0.05");
        assert_eq!(amount(Money(i128::MAX)), Rupees::from_raw(i64::MAX));
        let at = EventTime(1_759_290_318_999_999);
        assert_eq!(
            (wall(at), time_of_day(at).to_string()),
            (Wall(1_759_290_318), "09:15:18".into())
        );
        assert_eq!(digits(at), "01102025091518");
    }
}
