//! Amounts and times as people read them.

use engine::units::{EventTime, Micros, Money, Zone};

use super::metrics::Amount;

/// Rupees with a true minus sign and the digits grouped in lakh and crore: `−₹1,23,456.70`.
pub(super) fn rupees(money: Money) -> String {
    let sign = if money.0 < 0 { "−" } else { "" };
    let paise = money.0.unsigned_abs();
    format!("{sign}₹{}.{:02}", grouped(paise / 100), paise % 100)
}

/// Rupees without decimals where there are no paise.
pub(super) fn round_rupees(money: Money) -> String {
    let text = rupees(money);
    text.strip_suffix(".00").map_or_else(|| text.clone(), str::to_owned)
}

/// A whole number with its digits grouped in thousands, lakh and crore.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 3 / 2);
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        if place > 0 && left >= 3 && left % 2 == 1 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share of 1 in per cent with one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0).replace('-', "−")
}

/// `1 Oct 2025`
pub(super) fn date(zone: Zone, time: EventTime) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = (time.0 + zone.offset.0).div_euclid(Micros::DAY.0);
    let (year, month, day) = engine::units::civil_from_days(days);
    let month = MONTHS.get((month - 1) as usize).copied().unwrap_or_default();
    format!("{day} {month} {year}")
}

/// `09:15:18`, without the date.
pub(super) fn time_of_day(zone: Zone, time: EventTime) -> String {
    zone.iso(time).get(11..19).unwrap_or_default().to_owned()
}

/// `1 Oct 2025, 09:15:18`
pub(super) fn date_time(zone: Zone, time: EventTime) -> String {
    format!("{}, {}", date(zone, time), time_of_day(zone, time))
}

/// The name of a weekday; 0 is Monday.
pub(super) fn weekday(number: u32) -> &'static str {
    const NAMES: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    NAMES.get(number as usize).copied().unwrap_or_default()
}

/// `10:00–11:00`
pub(super) fn hour(number: u32) -> String {
    format!("{number:02}:00–{:02}:00", number + 1)
}

/// A figure with its unit; a dash where there is none.
pub(super) fn amount(zone: Zone, amount: Option<Amount>) -> String {
    match amount {
        None => "–".to_owned(),
        Some(Amount::Money(money)) => rupees(money),
        Some(Amount::Rupees(average)) => rupees(Money((average * 100.0).round() as i128)),
        Some(Amount::Share(share)) => percent(share),
        Some(Amount::Percent(of_hundred)) => format!("{of_hundred:.2} %"),
        Some(Amount::Ratio(ratio)) => format!("{ratio:.2}").replace('-', "−"),
        Some(Amount::Count(count)) => grouped(count as u128),
        Some(Amount::Time(time)) => date_time(zone, time),
    }
}
