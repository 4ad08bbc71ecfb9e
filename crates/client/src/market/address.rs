//! The stream's address: scheme, host, port and path of a `wss://` or `ws://` URL.

use reqwest::Url;

use super::MarketError;

/// Where the stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) is_tls: bool,
    /// A name or an IP address, the latter without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and, if it is not the scheme's own, port.
    pub(super) host_header: String,
    /// Path and query.
    pub(super) path: String,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, MarketError> {
        // The query may hold a token and the part before `@` a password: they are not shown.
        let public = text.split('?').next().unwrap_or_default();
        let shown = || public.rsplit('@').next().unwrap_or_default().to_owned();
        let wrong = |rule| MarketError::Address { rule, shown: shown() };
        let url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
        let is_tls = match url.scheme() {
            "wss" => true,
            "ws" => false,
            _ => return Err(wrong("does not begin with wss:// or ws://")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has a user name, which is not supported"));
        }
        let host = url.host_str().ok_or_else(|| wrong("has no host"))?;
        Ok(Self {
            is_tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or(if is_tls { 443 } else { 80 }),
            host_header: url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")),
            path: url.query().map_or(url.path().to_owned(), |q| format!("{}?{q}", url.path())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_brokers_address_and_local_ones() {
        let broker = Address::parse("wss://smartapisocket.angelone.in/smart-stream").expect("good");
        assert_eq!((broker.is_tls, broker.port), (true, 443));
        assert_eq!(broker.host_header, "smartapisocket.angelone.in");
        let local = Address::parse("ws://[::1]:8080/a?b=c").expect("good");
        assert_eq!((local.is_tls, local.host.as_str(), local.port), (false, "::1", 8080));
        assert_eq!((local.host_header.as_str(), local.path.as_str()), ("[::1]:8080", "/a?b=c"));
    }

    #[test]
    fn refuses_others_without_showing_the_query() {
        for text in
            ["https://host/x?feedToken=SECRET", "no url?feedToken=SECRET", "wss://u:SECRET@h/"]
        {
            let error = Address::parse(text).expect_err("not a stream address");
            assert!(!error.to_string().contains("SECRET") && !error.hint().is_empty(), "{error}");
        }
    }
}
