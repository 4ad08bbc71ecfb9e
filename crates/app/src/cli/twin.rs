//! The command line of `myquant sandbox`: the broker's twin for any other program.

use std::net::Ipv4Addr;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use sandbox::Latency;
use smartapi::instruments::Day;

use super::{PlaybackArgs, SettingsArgs, number_in};

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) playback: PlaybackArgs,
    #[command(flatten)]
    pub(crate) instrument: InstrumentArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    /// Day that the generator makes, and of the list of instruments [default: the last weekday whose 09:36 has come in India, and today's list; of a recording its own]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, conflicts_with = "ticks_file")]
    pub(crate) day: Option<Day>,
    /// Rows that the generator makes
    #[arg(long, value_name = "N", default_value_t = 80_000, conflicts_with = "ticks_file")]
    pub(crate) rows: usize,
    /// Let the market move at once, instead of from the first subscription on
    #[arg(long)]
    pub(crate) start_now: bool,
    /// The account's money in whole rupees
    #[arg(long, value_name = "RUPEES", default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(0..=1_000_000_000_000))]
    pub(crate) funds: i64,
    /// Shares of NSE that the account holds, such as SBIN-EQ:100:780.50 (symbol, quantity, price paid) (repeatable)
    #[arg(long, value_name = "SYM:QTY:PRICE")]
    pub(crate) holding: Vec<Held>,
    /// Deposit per unit in whole rupees, for futures and short sales; without it they are rejected
    #[arg(long, value_name = "RUPEES", value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    pub(crate) deposit: Option<i64>,
    /// Whose time it is at the exchange
    #[arg(long, value_enum, default_value_t = MarketHours::Tape)]
    pub(crate) market_hours: MarketHours,
    /// Refuse MARKET and IOC orders, as the rules for algorithms do since April 2026, instead of
    /// making a MARKET order a LIMIT order
    #[arg(long)]
    pub(crate) refuse_market_orders: bool,
    /// Take orders and GTT rules from this address alone, as if it was registered for the API key
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) static_ip: Option<Ipv4Addr>,
    #[command(flatten)]
    pub(crate) switches: SwitchArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
}

/// With what clients log in; what is not given is made at the start.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Client code that logs in [default: a random one]
    #[arg(long, value_name = "CODE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) client_id: Option<String>,
    /// Its PIN [default: a random one]
    #[arg(long, value_name = "PIN", value_parser = pin)]
    pub(crate) password: Option<String>,
    /// API key [default: a random one]
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) api_key: Option<String>,
    /// Secret of the one-time codes in base32 [default: a random one]
    #[arg(long, value_name = "BASE32", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) totp_secret: Option<String>,
}

/// How long everything takes, and how patient it is.
#[derive(Debug, Args)]
pub(crate) struct PaceArgs {
    /// Time from every REST request to its answer: 20ms, 10ms..30ms, p50=20ms,p99=120ms, or a list of times
    #[arg(long, value_name = "LATENCY")]
    pub(crate) rest_latency: Option<Latency>,
    /// The same of every packet and order update
    #[arg(long, value_name = "LATENCY")]
    pub(crate) stream_latency: Option<Latency>,
    /// Time that the broker's checks of an order take, by the exchange's clock
    #[arg(long, value_name = "D", value_parser = delay)]
    pub(crate) order_checks: Option<Duration>,
    /// Time from there to the exchange, which modifications and cancellations take too
    #[arg(long, value_name = "D", value_parser = delay)]
    pub(crate) order_travel: Option<Duration>,
    /// A stream whose client is silent so long is closed
    #[arg(long, value_name = "D", value_parser = super::duration, default_value = "60s")]
    pub(crate) idle_timeout: Duration,
    /// Demand the headers X-PrivateKey, X-UserType and X-SourceID of every REST call
    #[arg(long)]
    pub(crate) strict_headers: bool,
}

/// Four digits.
fn pin(text: &str) -> Result<String, String> {
    let is_pin = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_pin.then(|| text.to_owned()).ok_or_else(|| "must be a PIN of four digits".to_owned())
}

/// `1500us`, `20ms`, `2s`.
fn delay(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(Latency::Constant(delay)) if delay <= Duration::from_secs(3600) => Ok(delay),
        _ => Err("must be a time such as 20ms or 2s, of at most an hour".to_owned()),
    }
}

/// What brokers are seen to do differently.
#[derive(Debug, Args)]
pub(crate) struct SwitchArgs {
    /// Accept the one-time code of the next 30 seconds too
    #[arg(long)]
    pub(crate) accept_next_code: bool,
    /// When tokens end, in India
    #[arg(long, value_enum, default_value_t = TokenEnd::Midnight)]
    pub(crate) tokens_end: TokenEnd,
    /// Let a logout end the streams that its session opened
    #[arg(long)]
    pub(crate) logout_ends_streams: bool,
    /// How calls above a rate limit are refused
    #[arg(long, value_enum, default_value_t = RateRefusal::Text)]
    pub(crate) rate_refusal: RateRefusal,
    /// Offer mode 4, twenty levels of depth, which the broker withdrew in 2025
    #[arg(long)]
    pub(crate) depth_20: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenEnd {
    /// At 00:00, as documented
    Midnight,
    /// At 05:00, as some users see it
    #[value(name = "05:00")]
    Five,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RateRefusal {
    /// HTTP 403 and plain text
    Text,
    /// HTTP 200 and the code AB1021 in JSON
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MarketHours {
    /// The recording's: its stamps are now
    Tape,
    /// The clock's: orders out of hours wait for the next session
    Wall,
}

/// The instrument that is played; each is short for `--set instrument.…`.
#[derive(Debug, Default, Args)]
pub(crate) struct InstrumentArgs {
    /// Segment of the played instrument: NSE, NFO, BSE, BFO, MCX [default: NFO]
    #[arg(long, value_name = "NAME")]
    pub(crate) exchange: Option<String>,
    /// Its trading symbol, or an underlying: its share in NSE and BSE, else the call in the middle of its nearest expiry [default: NIFTY]
    #[arg(long, value_name = "SYM")]
    pub(crate) symbol: Option<String>,
    /// Its token [default: the symbol's in the list that is served, else 47338]
    #[arg(long, value_name = "T")]
    pub(crate) token: Option<String>,
    /// Units per lot [default: the symbol's in that list, else 75]
    #[arg(long, value_name = "UNITS")]
    pub(crate) lot_size: Option<String>,
    /// Price step in rupees [default: the symbol's in that list, else 0.05]
    #[arg(long, value_name = "RUPEES", value_parser = price_step)]
    pub(crate) tick_size: Option<f64>,
}

impl InstrumentArgs {
    /// Each as `KEY=VALUE`.
    pub(crate) fn sets(&self) -> Vec<String> {
        let tick_size = self.tick_size.map(|tick_size| tick_size.to_string());
        let Self { exchange, symbol, token, lot_size, .. } = self;
        let all = [
            ("exchange", exchange),
            ("symbol", symbol),
            ("token", token),
            ("lot_size", lot_size),
            ("tick_size", &tick_size),
        ];
        let set = |(key, value): (&str, &Option<String>)| {
            Some(format!("instrument.{key}={}", value.as_ref()?))
        };
        all.into_iter().filter_map(set).collect()
    }
}

/// Shares that were bought before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) symbol: String,
    pub(crate) qty: i64,
    pub(crate) average_paise: i64,
}

impl std::str::FromStr for Held {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut parts = text.rsplitn(3, ':');
            let (price, qty, symbol) = (parts.next()?, parts.next()?, parts.next()?);
            let qty = qty.parse().ok().filter(|qty| (1..=1_000_000_000).contains(qty))?;
            let paise = price.parse::<f64>().ok()? * 100.0;
            let is_price = (1.0..=100_000_000.0).contains(&paise) && is_whole(paise);
            let average_paise = is_price.then(|| paise.round() as i64)?;
            (!symbol.is_empty()).then(|| Self { symbol: symbol.to_owned(), qty, average_paise })
        };
        read().ok_or_else(|| "must be SYMBOL:QUANTITY:PRICE, such as SBIN-EQ:100:780.50".to_owned())
    }
}

/// A whole number of paise.
fn price_step(text: &str) -> Result<f64, String> {
    let whole = |number: f64| (0.01..=1000.0).contains(&number) && is_whole(number * 100.0);
    number_in(text, whole, "a price of whole paise from 0.01 to 1000")
}

fn is_whole(number: f64) -> bool {
    (number - number.round()).abs() < 1e-6
}

/// `2025-10-06`.
fn day(text: &str) -> Result<Day, String> {
    let read = || {
        let mut parts = text.split('-');
        let [year, month, day] = [parts.next()?, parts.next()?, parts.next()?];
        let day = Day::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        parts.next().is_none().then_some(day)
    };
    let day = read().ok_or_else(|| "must be a day such as 2025-10-06".to_owned())?;
    match day.since_monday() {
        0..5 => Ok(day),
        _ => Err("must be a day from Monday to Friday: there is no session at the weekend".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_weekdays_are_played() {
        assert_eq!(day("2025-10-06"), Ok(Day::new(2025, 10, 6).unwrap()));
        for (text, rule) in [
            ("2025-10-05", "weekend"),
            ("2025-02-30", "such as"),
            ("06.10.2025", "such as"),
            ("2025-10-06-1", "such as"),
        ] {
            assert!(day(text).unwrap_err().contains(rule), "{text}");
        }
    }

    #[test]
    fn a_pin_has_four_digits_and_a_delay_is_one_time() {
        assert_eq!(pin("0042"), Ok("0042".to_owned()));
        assert!(["42", "12345", "12a4", ""].iter().all(|text| pin(text).is_err()));
        assert_eq!(delay("1500us"), Ok(Duration::from_micros(1500)));
        assert!(["soon", "1ms..2ms", "2h"].iter().all(|text| delay(text).is_err()));
    }

    #[test]
    fn a_holding_is_a_symbol_a_quantity_and_a_price() {
        let (symbol, qty, average_paise) = ("SBIN-EQ".to_owned(), 100, 78_050);
        assert_eq!("SBIN-EQ:100:780.50".parse(), Ok(Held { symbol, qty, average_paise }));
        for wrong in ["SBIN-EQ", "SBIN-EQ:0:1", "SBIN-EQ:1:0", ":1:1", "A:1:1.001", "A:x:1"] {
            assert!(wrong.parse::<Held>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_price_step_is_a_number_of_paise() {
        for text in ["0.05", "0.01", "1", "1000"] {
            assert_eq!(price_step(text).map(|step| step.to_string()), Ok(text.to_owned()));
        }
        for text in ["0", "0.001", "0.025", "1001", "nan", "five"] {
            assert!(price_step(text).is_err(), "{text}");
        }
    }
}
