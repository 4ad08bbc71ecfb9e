//! The download of the list: one request without a login, limited in time and size.

use std::time::Duration;

use reqwest::{Client, StatusCode, redirect};

use super::error::InstrumentsError;
use crate::broker::{BrokerError, no_answer, root_cause};
use crate::servers::ListServer;

const CONNECT: Duration = Duration::from_secs(5);
/// The longest silence while the list arrives.
const SILENCE: Duration = Duration::from_secs(15);
/// 40 MB within it need 2 Mbit/s.
const TOTAL: Duration = Duration::from_secs(180);
/// Several times the broker's list of 40 MB.
pub(super) const LARGEST: usize = 256 * 1024 * 1024;
const DOING: &str = "downloading the list of instruments";

/// The file as it is served.
pub(super) async fn download(server: &ListServer) -> Result<Vec<u8>, InstrumentsError> {
    let failed = |error: reqwest::Error| {
        let limit = if error.is_body() { SILENCE } else { TOTAL };
        InstrumentsError::Download(no_answer(DOING, server.name(), &error, [CONNECT, limit]))
    };
    let client = Client::builder()
        .tls_backend_preconfigured(server.tls().as_ref().clone())
        .user_agent(concat!("myquant/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .timeout(TOTAL)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| BrokerError::Http { doing: DOING, cause: root_cause(&error) })?;
    let mut response = client.get(server.url().clone()).send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        let status = response.status().as_u16();
        return Err(InstrumentsError::Status { server: server.name(), status });
    }
    let too_large =
        || BrokerError::TooLarge { doing: DOING, server: server.name(), limit: LARGEST };
    let announced = response.content_length().unwrap_or_default();
    if announced > LARGEST as u64 {
        return Err(too_large().into());
    }
    let mut bytes = Vec::with_capacity(announced as usize);
    while let Some(part) = response.chunk().await.map_err(failed)? {
        if bytes.len() + part.len() > LARGEST {
            return Err(too_large().into());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}
