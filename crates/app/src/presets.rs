//! Table: instrument settings by underlying, as of November 2025; the broker's list has the last word.

use crate::failure::Failure;

/// Name and TOML text.
const PRESETS: [(&str, &str); 7] = [
    (
        "NIFTY",
        "[instrument]\nsymbol = \"NIFTY\"\nexchange = \"NFO\"\nlot_size = 75\ntick_size = 0.05\n",
    ),
    (
        "BANKNIFTY",
        "[instrument]\nsymbol = \"BANKNIFTY\"\nexchange = \"NFO\"\nlot_size = 35\ntick_size = 0.05\n",
    ),
    (
        "FINNIFTY",
        "[instrument]\nsymbol = \"FINNIFTY\"\nexchange = \"NFO\"\nlot_size = 65\ntick_size = 0.05\n",
    ),
    (
        "MIDCPNIFTY",
        "[instrument]\nsymbol = \"MIDCPNIFTY\"\nexchange = \"NFO\"\nlot_size = 140\ntick_size = 0.05\n",
    ),
    (
        "SENSEX",
        "[instrument]\nsymbol = \"SENSEX\"\nexchange = \"BFO\"\nlot_size = 20\ntick_size = 0.05\n",
    ),
    (
        "BANKEX",
        "[instrument]\nsymbol = \"BANKEX\"\nexchange = \"BFO\"\nlot_size = 30\ntick_size = 0.05\n",
    ),
    (
        "cash",
        "[instrument]\nsymbol = \"CASH\"\nexchange = \"NSE\"\nlot_size = 1\ntick_size = 0.05\n",
    ),
];

/// The text of a preset.
///
/// Errors: status 2 for a name that there is not.
pub(crate) fn text(name: &str) -> Result<&'static str, Failure> {
    let found = PRESETS.iter().find(|(preset, _)| preset.eq_ignore_ascii_case(name));
    found.map(|(_, text)| *text).ok_or_else(|| {
        let known: Vec<&str> = PRESETS.iter().map(|(preset, _)| *preset).collect();
        Failure::usage(
            format!("--preset {name}: there is no such preset"),
            format!("use one of {}", known.join(", ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use engine::config::{Source, load};

    use super::*;

    #[test]
    fn every_preset_is_an_allowed_configuration() {
        for (name, text) in PRESETS {
            load(&[Source::File { name, text }]).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(super::text(&name.to_lowercase()).ok(), Some(text));
        }
        assert!(text("DOW").is_err());
    }
}
