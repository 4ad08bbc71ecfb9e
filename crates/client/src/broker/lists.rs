//! Lists that the broker compiles about the market.

use serde::Serialize;
use serde::de::DeserializeOwned;
use smartapi::rest::{
    BuildUpRequest, BuildUpRow, CautionaryRequest, CautionaryRow, Consent, GreeksRequest,
    GreeksRow, IntradayRow, MoverRow, MoversRequest, PutCallRow,
};
use smartapi::wire::Rows;

use super::Broker;
use super::calls::{self, Call};
use super::error::BrokerError;

impl Broker {
    /// The greeks of all options of one underlying and expiry; NSE only.
    pub async fn greeks(&self, request: &GreeksRequest) -> Result<Vec<GreeksRow>, BrokerError> {
        self.list(&calls::GREEKS, request).await
    }

    /// The derivatives that gained or lost most.
    pub async fn movers(&self, request: &MoversRequest) -> Result<Vec<MoverRow>, BrokerError> {
        self.list(&calls::MOVERS, request).await
    }

    /// Puts over calls of each underlying.
    pub async fn put_call_ratios(&self) -> Result<Vec<PutCallRow>, BrokerError> {
        self.list(&calls::PUT_CALL, &()).await
    }

    /// The derivatives whose open interest builds up or unwinds.
    pub async fn build_up(&self, request: &BuildUpRequest) -> Result<Vec<BuildUpRow>, BrokerError> {
        self.list(&calls::BUILD_UP, request).await
    }

    /// NSE shares that may be traded intraday.
    pub async fn nse_intraday(&self) -> Result<Vec<IntradayRow>, BrokerError> {
        self.list(&calls::NSE_INTRADAY, &()).await
    }

    /// BSE shares that may be traded intraday.
    pub async fn bse_intraday(&self) -> Result<Vec<IntradayRow>, BrokerError> {
        self.list(&calls::BSE_INTRADAY, &()).await
    }

    /// Shares that the exchanges warn of.
    pub async fn cautionary(&self) -> Result<Vec<CautionaryRow>, BrokerError> {
        self.list(&calls::CAUTIONARY, &CautionaryRequest { scripconsent: Consent::Yes }).await
    }

    /// A list that is null where it is empty.
    pub(super) async fn list<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: &'static Call,
        body: &B,
    ) -> Result<Vec<T>, BrokerError> {
        let Rows(rows) = self.session.read(call, body).await?;
        Ok(rows)
    }
}
