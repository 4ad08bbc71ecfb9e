//! The account: who it is, its funds, its positions and holdings.

use serde::de::IgnoredAny;
use smartapi::rest::{AllHoldings, ConvertPosition, Funds, HoldingRow, PositionRow, Profile};

use super::Broker;
use super::calls;
use super::error::BrokerError;
use super::outcome::Outcome;

impl Broker {
    /// Who is logged in.
    pub async fn profile(&self) -> Result<Profile, BrokerError> {
        self.session.read(&calls::PROFILE, &()).await
    }

    /// Cash and margin.
    pub async fn funds(&self) -> Result<Funds, BrokerError> {
        self.session.read(&calls::FUNDS, &()).await
    }

    /// The positions of the day and those carried into it.
    pub async fn positions(&self) -> Result<Vec<PositionRow>, BrokerError> {
        self.list(&calls::POSITIONS, &()).await
    }

    /// Gives a position another product, once; the positions tell what became of an unknown one.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn convert(&self, position: &ConvertPosition) -> Result<Outcome<()>, BrokerError> {
        let outcome = self.session.write::<_, IgnoredAny>(&calls::CONVERT, position).await?;
        Ok(outcome.map(drop))
    }

    /// The shares in the depository account.
    pub async fn holdings(&self) -> Result<Vec<HoldingRow>, BrokerError> {
        self.list(&calls::HOLDINGS, &()).await
    }

    /// The same, with their sums.
    pub async fn all_holdings(&self) -> Result<AllHoldings, BrokerError> {
        let all: Option<AllHoldings> = self.session.read(&calls::ALL_HOLDINGS, &()).await?;
        Ok(all.unwrap_or_default())
    }
}
