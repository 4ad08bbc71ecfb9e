//! The refusal of an address that is not registered, with the address in use.

use std::net::Ipv4Addr;

use smartapi::rest::ApiError;

/// The public address that a refusal of unregistered addresses names, if it does.
pub(super) fn named(cause: &ApiError) -> Option<Ipv4Addr> {
    let ApiError::Refused { message, .. } = cause else { return None };
    if !cause.is_unregistered_address() {
        return None;
    }
    let words = message.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    words.filter_map(|word| word.trim_matches('.').parse().ok()).next()
}

/// What the user can do about an answer of the broker.
pub(super) fn hint(cause: &ApiError) -> String {
    if !cause.is_unregistered_address() {
        return cause.hint().to_owned();
    }
    match named(cause) {
        Some(address) => format!(
            "register {address}, which the broker saw this request come from, for the API key at \
             smartapi.angelone.in"
        ),
        None => format!(
            "{}; to see that address, open https://api.ipify.org from this machine",
            cause.hint()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> ApiError {
        ApiError::Refused { code: code.to_owned(), message: message.to_owned() }
    }

    #[test]
    fn the_address_in_use_is_shown_if_the_broker_names_it() {
        let told = refused("AG7002", "Request IP 203.0.113.7 is not registered.");
        assert_eq!(named(&told), Some(Ipv4Addr::new(203, 0, 113, 7)));
        assert!(hint(&told).contains("register 203.0.113.7"), "{}", hint(&told));
        let at_the_end = refused("AG7002", "not registered: 203.0.113.7.");
        assert_eq!(named(&at_the_end), Some(Ipv4Addr::new(203, 0, 113, 7)));
    }

    #[test]
    fn else_the_hint_says_how_to_find_it() {
        let untold = refused("AG7002", "Unregistered IP, see v2.1");
        assert_eq!(named(&untold), None);
        assert!(hint(&untold).contains("https://api.ipify.org"), "{}", hint(&untold));
        assert_eq!(named(&refused("AB1009", "10.0.0.1")), None, "another refusal");
    }
}
