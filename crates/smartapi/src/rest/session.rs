//! Bodies of the session routes: login, refresh, logout and profile.
//!
//! Source: SmartAPI documentation (July 2026), user page; field names as in smartapi-python 1.5.5.
//!
//! Tokens and the PIN are plain text here because this is the wire; whoever keeps them wraps them.
//! None of the types that hold one implements `Debug`, so none can reach a log by accident.

use serde::{Deserialize, Serialize};

use crate::wire::{names, text};

/// Body of [`super::routes::LOGIN`].
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginRequest {
    pub clientcode: String,
    /// The PIN (MPIN), not the web password.
    #[serde(with = "text")]
    pub password: String,
    /// Six digits, leading zeros kept; a number is read as well.
    #[serde(with = "text")]
    pub totp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Data of a login or refresh answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// Without a `Bearer ` prefix on the wire.
    #[serde(rename = "jwtToken")]
    pub jwt: String,
    #[serde(rename = "refreshToken")]
    pub refresh: String,
    #[serde(rename = "feedToken")]
    pub feed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Body of [`super::routes::GENERATE_TOKENS`].
#[derive(Clone, Serialize, Deserialize)]
pub struct RefreshRequest {
    #[serde(rename = "refreshToken")]
    pub refresh: String,
}

/// Body of [`super::routes::LOGOUT`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogoutRequest {
    pub clientcode: String,
}

/// Data of a profile answer; `exchanges` and `products` arrive as a list or as text with brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    #[serde(with = "text")]
    pub clientcode: String,
    #[serde(default, with = "text")]
    pub name: String,
    #[serde(default, with = "text")]
    pub email: String,
    #[serde(default, with = "text")]
    pub mobileno: String,
    #[serde(default, deserialize_with = "names")]
    pub exchanges: Vec<String>,
    #[serde(default, deserialize_with = "names")]
    pub products: Vec<String>,
    #[serde(default, with = "text")]
    pub lastlogintime: String,
    #[serde(default, alias = "broker", with = "text")]
    pub brokerid: String,
}
