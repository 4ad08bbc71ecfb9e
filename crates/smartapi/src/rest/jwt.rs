//! The one claim of the session token that a client reads: when it ends at the latest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The `exp` claim of `token`, unverified: an upper bound, since the broker ends sessions earlier.
///
/// Units:  seconds since 1970 UTC.
/// Source: forum topic 4889 shows the claims: username, roles, usertype, token, API-KEY, iat, exp.
#[must_use]
pub fn expiry(token: &str) -> Option<u64> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.get("exp")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_expiry_with_and_without_padding() {
        // {"username":"A1","exp":1790000000}
        let payload = "eyJ1c2VybmFtZSI6IkExIiwiZXhwIjoxNzkwMDAwMDAwfQ";
        assert_eq!(expiry(&format!("e30.{payload}.sig")), Some(1_790_000_000));
        assert_eq!(expiry(&format!("e30.{payload}==.sig")), Some(1_790_000_000));
    }

    #[test]
    fn knows_nothing_of_an_opaque_token() {
        for token in ["", ".", "..", "abc", "a.b.c", "e30.e30.x", "e30.bnVsbA.x", "e30.éé.x"] {
            assert_eq!(expiry(token), None, "{token}");
        }
    }
}
