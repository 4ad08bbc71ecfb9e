//! What positions need in margin and what orders cost in charges.

use smartapi::rest::{
    ChargesEstimate, ChargesOrder, ChargesRequest, MOST_MARGIN_POSITIONS, Margin, MarginPosition,
    MarginRequest,
};

use super::Broker;
use super::calls;
use super::error::BrokerError;

impl Broker {
    /// The margin that these positions would need together: 1 to 50 of them.
    ///
    /// Errors: [`BrokerError::Count`] for more, since margins of parts do not add up to that of the whole.
    pub async fn margin(&self, positions: &[MarginPosition]) -> Result<Margin, BrokerError> {
        let (was, most) = (positions.len(), MOST_MARGIN_POSITIONS);
        if !(1..=most).contains(&was) {
            return Err(BrokerError::Count { doing: calls::MARGIN.doing, was, most });
        }
        let body = MarginRequest { positions: positions.to_vec() };
        self.session.read(&calls::MARGIN, &body).await
    }

    /// What these orders would cost in charges and taxes.
    pub async fn charges(&self, orders: &[ChargesOrder]) -> Result<ChargesEstimate, BrokerError> {
        let body = ChargesRequest { orders: orders.to_vec() };
        self.session.read(&calls::CHARGES, &body).await
    }
}
