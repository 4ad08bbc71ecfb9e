//! What a recording says about itself: the key-value metadata of its files.

use engine::units::{Micros, Zone};
use parquet::file::metadata::KeyValue;
use smartapi::packet::{ExchangeType, Mode};

/// The form of our recordings; raised when a column changes its meaning.
const FORM: &str = "1";
/// The key that tells a recording from other Parquet files.
const FORM_KEY: &str = "myquant.recording";

/// The instrument and the run that a recording belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// Where the packets came from: `sandbox` or `angel one`.
    pub(crate) source: String,
    pub(crate) symbol: String,
    pub(crate) exchange_type: ExchangeType,
    /// The broker's token, as text.
    pub(crate) token: String,
    pub(crate) mode: Mode,
    pub(crate) lot_size: i64,
    /// Its dates are the exchange days.
    pub(crate) zone: Zone,
    pub(crate) config_hash: String,
}

/// What the metadata of a Parquet file make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Recording(Label),
    /// A recording of another form, or one that lacks or misspells a key.
    Unknown(String),
    /// Some other Parquet file.
    Foreign,
}

impl Label {
    pub(super) fn metadata(&self) -> Vec<KeyValue> {
        let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        vec![
            pair(FORM_KEY, FORM.to_owned()),
            pair("myquant.source", self.source.clone()),
            pair("myquant.symbol", self.symbol.clone()),
            pair("myquant.exchange_type", self.exchange_type.0.to_string()),
            pair("myquant.token", self.token.clone()),
            pair("myquant.mode", (self.mode as u8).to_string()),
            pair("myquant.lot_size", self.lot_size.to_string()),
            pair("myquant.zone_offset_s", (self.zone.offset.0 / 1_000_000).to_string()),
            pair("myquant.config_hash", self.config_hash.clone()),
        ]
    }

    pub(super) fn find(metadata: &[KeyValue]) -> Found {
        let text = |key: &str| metadata.iter().find(|pair| pair.key == key)?.value.clone();
        match text(FORM_KEY) {
            None => return Found::Foreign,
            Some(form) if form != FORM => {
                return Found::Unknown(format!("{FORM_KEY} was {form}, this program reads {FORM}"));
            }
            Some(_) => {}
        }
        let name = |key: &str| text(&format!("myquant.{key}"));
        let label = || {
            Some(Self {
                source: name("source")?,
                symbol: name("symbol")?,
                exchange_type: ExchangeType(name("exchange_type")?.parse().ok()?),
                token: name("token")?,
                mode: Mode::from_wire(name("mode")?.parse().ok()?)?,
                lot_size: name("lot_size")?.parse().ok()?,
                zone: Zone { offset: Micros::seconds(name("zone_offset_s")?.parse().ok()?) },
                config_hash: name("config_hash")?,
            })
        };
        let unreadable = || Found::Unknown("its myquant.* metadata are incomplete".to_owned());
        label().map_or_else(unreadable, Found::Recording)
    }

    /// The exchange day of an instant as `2025-10-06` and the token, fit for a file's name.
    pub(super) fn file_stem(&self, day: i64) -> String {
        let (year, month, date) = engine::units::civil_from_days(day);
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let token: String = self.token.chars().map(plain).collect();
        format!("{year:04}-{month:02}-{date:02}-{token}")
    }

    /// The number of the exchange day of an instant in microseconds.
    pub(super) const fn day(&self, time_us: i64) -> i64 {
        (time_us + self.zone.offset.0).div_euclid(Micros::DAY.0)
    }
}

#[cfg(test)]
impl Label {
    /// One for tests.
    pub(crate) fn example() -> Self {
        Self {
            source: "sandbox".to_owned(),
            symbol: "NIFTY".to_owned(),
            exchange_type: ExchangeType::NSE_FO,
            token: "47338".to_owned(),
            mode: Mode::SnapQuote,
            lot_size: 75,
            zone: Zone::INDIA,
            config_hash: "0123".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_back_and_anything_else_is_named() {
        let label = Label::example();
        let mut metadata = label.metadata();
        assert_eq!(Label::find(&metadata), Found::Recording(label));
        assert_eq!(Label::find(&metadata[1..]), Found::Foreign);
        assert!(matches!(Label::find(&metadata[..3]), Found::Unknown(_)));
        metadata[0].value = Some("2".to_owned());
        assert!(matches!(Label::find(&metadata), Found::Unknown(why) if why.contains("was 2")));
    }
}
