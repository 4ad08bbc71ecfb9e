//! Instruments by words, and their prices of this moment.

use smartapi::rest::{
    Contract, Exchange, LastPrice, LtpRequest, MOST_QUOTE_TOKENS, QuoteFault, QuoteMode,
    QuoteRequest, Quotes, Scrip, SearchRequest,
};

use super::Broker;
use super::calls;
use super::error::BrokerError;

impl Broker {
    /// The instruments of `exchange` (such as `NFO`) that match `words`; none is not an error.
    pub async fn search(&self, exchange: &str, words: &str) -> Result<Vec<Scrip>, BrokerError> {
        let body = SearchRequest { exchange: exchange.to_owned(), searchscrip: words.to_owned() };
        self.list(&calls::SEARCH, &body).await
    }

    /// The last price of one instrument.
    pub async fn ltp(&self, contract: Contract<'_>) -> Result<LastPrice, BrokerError> {
        let body = LtpRequest {
            exchange: contract.exchange,
            tradingsymbol: contract.tradingsymbol.to_owned(),
            symboltoken: contract.symboltoken.to_owned(),
        };
        self.session.read(&calls::LTP, &body).await
    }

    /// The prices of any number of instruments, fifty a call; an unknown token is in `unfetched`.
    ///
    /// Errors: [`BrokerError::Quote`] for no token or an empty one; the first call that fails.
    pub async fn quotes(
        &self,
        mode: QuoteMode,
        tokens: &[(Exchange, &str)],
    ) -> Result<Quotes, BrokerError> {
        if tokens.is_empty() {
            return Err(QuoteFault::Count { was: 0 }.into());
        }
        let chunks = tokens.chunks(MOST_QUOTE_TOKENS);
        let requests = chunks.map(|chunk| QuoteRequest::new(mode, chunk.iter().copied()));
        let requests = requests.collect::<Result<Vec<QuoteRequest>, QuoteFault>>()?;
        let mut all = Quotes::default();
        for request in &requests {
            let some: Quotes = self.session.read(&calls::QUOTES, request).await?;
            all.fetched.extend(some.fetched);
            all.unfetched.extend(some.unfetched);
        }
        Ok(all)
    }
}
