//! Authorisation to sell holdings without a power of attorney.

use serde::de::IgnoredAny;
use smartapi::rest::{Dis, DisRequest, DisResult, DisStatus, DisStatusRequest, TpinRequest};

use super::Broker;
use super::calls;
use super::error::BrokerError;
use super::outcome::Outcome;

impl Broker {
    /// Begins an authorisation, once; what is accepted is the form for the depository's page.
    ///
    /// Errors: as [`place`](Self::place). Who is authorised for today already is refused with AG1000.
    pub async fn authorise_sale(&self, request: &DisRequest) -> Result<Outcome<Dis>, BrokerError> {
        self.session.write(&calls::EDIS_VERIFY, request).await
    }

    /// Has the depository send its PIN to the owner, once.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn send_tpin(&self, request: &TpinRequest) -> Result<Outcome<()>, BrokerError> {
        let outcome = self.session.write::<_, IgnoredAny>(&calls::EDIS_TPIN, request).await?;
        Ok(outcome.map(drop))
    }

    /// What became of an authorisation.
    pub async fn sale_authorisation(&self, req_id: &str) -> Result<DisResult, BrokerError> {
        let body = DisStatusRequest { req_id: req_id.to_owned() };
        let status: DisStatus = self.session.read(&calls::EDIS_STATUS, &body).await?;
        Ok(status.result)
    }
}
