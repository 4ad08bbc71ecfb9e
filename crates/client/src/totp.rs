//! The six-digit codes of a login, and the moments at which to use them.

use totp_rs::{Builder, Secret, Totp};

use crate::clock::Wall;

const STEP_MS: u64 = 30_000;
/// A code with less time left than this could be late at the broker.
const LEAST_LEFT_MS: u64 = 3_000;

/// Makes codes from the secret; prints as redacted.
///
/// Source: RFC 6238 with HMAC-SHA1, 30 s and six digits, as smartapi.angelone.in/enable-totp gives.
#[derive(Clone, Debug)]
pub(crate) struct Codes(Totp);

impl Codes {
    /// Reads a base32 secret as people paste it: with spaces, in lower case, with or without `=`.
    pub(crate) fn from_base32(text: &str) -> Option<Self> {
        let kept = text.chars().filter(|letter| !letter.is_whitespace());
        let kept: String = kept.map(|letter| letter.to_ascii_uppercase()).collect();
        let secret = Secret::try_from_base32(kept.trim_end_matches('=')).ok()?;
        if secret.is_empty() {
            return None;
        }
        // Not `build`, which refuses the short secrets that brokers do hand out.
        Some(Self(
            Builder::new()
                .with_step_duration(STEP_MS / 1000)
                .with_secret(secret)
                .build_noncompliant(),
        ))
    }

    /// The code of the step that `now` is in, leading zeros kept.
    pub(crate) fn at(&self, now: Wall) -> String {
        self.0.generate(now.seconds()).to_string()
    }
}

/// `now`, or the start of the next step if this one is nearly over.
pub(crate) const fn usable_from(now: Wall) -> Wall {
    let next = next_step(now);
    if next.0.saturating_sub(now.0) < LEAST_LEFT_MS { next } else { now }
}

/// The start of the step after the one that `now` is in.
pub(crate) const fn next_step(now: Wall) -> Wall {
    Wall((now.0 / STEP_MS).saturating_add(1).saturating_mul(STEP_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_values_of_rfc_6238_come_out() {
        let codes = Codes::from_base32(SECRET).expect("a secret");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(codes.at(Wall(seconds * 1000)), code, "at {seconds}");
        }
    }

    #[test]
    fn a_secret_may_be_pasted_as_it_is_shown() {
        for text in [
            "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
            " GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ\n",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ======",
        ] {
            let codes = Codes::from_base32(text).expect(text);
            assert_eq!(codes.at(Wall(59_000)), "287082", "{text}");
        }
        assert!(Codes::from_base32("MFRGG").is_some(), "short and without its padding");
        for text in ["", "  ", "===", "A", "not base32!", "GEZ1", "é"] {
            assert!(Codes::from_base32(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_code_that_is_nearly_over_is_not_used() {
        assert_eq!(usable_from(Wall(30_000)), Wall(30_000));
        assert_eq!(usable_from(Wall(57_000)), Wall(57_000));
        assert_eq!(usable_from(Wall(57_001)), Wall(60_000));
        assert_eq!(next_step(Wall(59_999)), Wall(60_000));
        assert_eq!(next_step(Wall(60_000)), Wall(90_000));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let printed = format!("{:?}", Codes::from_base32(SECRET));
        assert!(!printed.contains("GEZD") && !printed.contains("1234567890"), "{printed}");
    }
}
