//! Table: the headers that every REST request carries beside its content type.
//!
//! Source: SmartAPI documentation (July 2026), table of request headers; the official SDKs.

/// The API key, a secret.
pub const PRIVATE_KEY: &str = "X-PrivateKey";
/// Always [`USER`]; anything else is answered with AB1005.
pub const USER_TYPE: &str = "X-UserType";
/// Always [`WEB`].
pub const SOURCE_ID: &str = "X-SourceID";
/// Free text.
pub const CLIENT_LOCAL_IP: &str = "X-ClientLocalIP";
/// Free text; the static-IP rule looks at the address that the request comes from.
pub const CLIENT_PUBLIC_IP: &str = "X-ClientPublicIP";
/// Free text.
pub const MAC_ADDRESS: &str = "X-MACAddress";

/// Value of [`USER_TYPE`].
pub const USER: &str = "USER";
/// Value of [`SOURCE_ID`].
pub const WEB: &str = "WEB";
