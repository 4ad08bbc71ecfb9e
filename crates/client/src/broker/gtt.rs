//! GTT rules: the broker keeps an order until a price is reached.

use smartapi::rest::{CancelRule, CreateRule, ModifyRule, RuleId, RuleListRequest, RuleRow};

use super::Broker;
use super::calls;
use super::error::BrokerError;
use super::outcome::Outcome;

impl Broker {
    /// Makes a rule, once; the list of rules tells what became of an unknown one.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn create_rule(&self, rule: &CreateRule) -> Result<Outcome<RuleId>, BrokerError> {
        rule.check()?;
        self.session.write(&calls::GTT_CREATE, rule).await
    }

    /// Gives a rule other prices, once.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn modify_rule(&self, rule: &ModifyRule) -> Result<Outcome<RuleId>, BrokerError> {
        rule.check()?;
        self.session.write(&calls::GTT_MODIFY, rule).await
    }

    /// Ends a rule, once.
    ///
    /// Errors: as [`place`](Self::place).
    pub async fn cancel_rule(&self, rule: &CancelRule) -> Result<Outcome<RuleId>, BrokerError> {
        rule.check()?;
        self.session.write(&calls::GTT_CANCEL, rule).await
    }

    /// One rule.
    pub async fn rule(&self, id: &str) -> Result<RuleRow, BrokerError> {
        self.session.read(&calls::GTT_DETAILS, &RuleId { id: id.to_owned() }).await
    }

    /// The rules in some states, by pages that are counted from 1.
    pub async fn rules(&self, request: &RuleListRequest) -> Result<Vec<RuleRow>, BrokerError> {
        self.list(&calls::GTT_LIST, request).await
    }
}
