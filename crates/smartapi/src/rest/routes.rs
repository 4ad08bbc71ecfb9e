//! Table: the paths of the REST routes.
//!
//! Source: SmartAPI documentation (July 2026) and the official SDKs, which agree on all of these.

/// POST: client code, PIN and TOTP in, three tokens out.
pub const LOGIN: &str = "/rest/auth/angelbroking/user/v1/loginByPassword";
/// POST: refresh token in, three fresh tokens out.
pub const GENERATE_TOKENS: &str = "/rest/auth/angelbroking/jwt/v1/generateTokens";
/// POST: ends the session.
pub const LOGOUT: &str = "/rest/secure/angelbroking/user/v1/logout";
/// GET: who is logged in.
pub const PROFILE: &str = "/rest/secure/angelbroking/user/v1/getProfile";
/// POST: instruments by words.
pub const SEARCH_SCRIP: &str = "/rest/secure/angelbroking/order/v1/searchScrip";
