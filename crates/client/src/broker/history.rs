//! Candles and open interest over any length of time, asked for in pieces that the broker allows.

use serde::de::DeserializeOwned;
use smartapi::clock::Wall;
use smartapi::rest::{Candle, HistoryRequest, OpenInterestRow};
use smartapi::wire::Rows;

use super::Broker;
use super::calls::{self, Call};
use super::error::BrokerError;

const DAY_S: i64 = 86_400;
/// Indian time is this far ahead of UTC.
const IST_S: i64 = 19_800;

impl Broker {
    /// The candles from `fromdate` to `todate`, however far apart, in the order of their times.
    ///
    /// `progress` hears how many pieces are done of how many, and has the rows of the last one as they
    /// came. A piece that fails for a while is asked for again, for a minute if that is the rate limit,
    /// and never left out.
    ///
    /// Errors: [`BrokerError::History`] for what the broker would refuse; the piece that stayed without
    ///         an answer; `progress` has had those before it.
    pub async fn candles(
        &self,
        request: &HistoryRequest,
        progress: impl FnMut(usize, usize, &[Candle]) + Send,
    ) -> Result<Vec<Candle>, BrokerError> {
        self.history(&calls::CANDLES, request, |candle: &Candle| candle.at, progress).await
    }

    /// The open interest of a live derivative, as [`candles`](Self::candles).
    pub async fn open_interest(
        &self,
        request: &HistoryRequest,
        progress: impl FnMut(usize, usize, &[OpenInterestRow]) + Send,
    ) -> Result<Vec<OpenInterestRow>, BrokerError> {
        let at = |row: &OpenInterestRow| row.at;
        self.history(&calls::OPEN_INTEREST, request, at, progress).await
    }

    async fn history<T: DeserializeOwned + Send>(
        &self,
        call: &'static Call,
        request: &HistoryRequest,
        at: impl Fn(&T) -> Wall + Send,
        mut progress: impl FnMut(usize, usize, &[T]) + Send,
    ) -> Result<Vec<T>, BrokerError> {
        let pieces = pieces(request);
        pieces.iter().try_for_each(HistoryRequest::check)?;
        let mut rows = Vec::new();
        progress(0, pieces.len(), &[]);
        for (number, piece) in (1..).zip(&pieces) {
            let Rows(more) = self.session.read(call, piece).await?;
            progress(number, pieces.len(), &more);
            rows.extend(more);
        }
        rows.sort_by_key(&at);
        rows.dedup_by_key(|row| at(row));
        Ok(rows)
    }
}

/// Parts of `request` that the broker allows, one beginning where the one before it ends.
///
/// They meet at midnight in India, when nothing is traded; what both have there is taken once.
fn pieces(request: &HistoryRequest) -> Vec<HistoryRequest> {
    let most = request.interval.most_days() * DAY_S;
    let mut pieces = Vec::new();
    let mut from = request.fromdate;
    while request.todate.0.saturating_sub(from.0) > most {
        let end = from.0 + most;
        let till = Wall(end - (end + IST_S).rem_euclid(DAY_S));
        pieces.push(HistoryRequest { fromdate: from, todate: till, ..request.clone() });
        from = till;
    }
    pieces.push(HistoryRequest { fromdate: from, ..request.clone() });
    pieces
}

#[cfg(test)]
mod tests {
    use smartapi::rest::{Exchange, Interval};

    use super::*;

    /// 2026-11-20 09:15:00 IST.
    const OPENING: i64 = 1_795_146_300;

    fn over(interval: Interval, days: i64) -> HistoryRequest {
        let (exchange, symboltoken) = (Exchange::Nse, "99926000".to_owned());
        let (fromdate, todate) = (Wall(OPENING), Wall(OPENING + days * DAY_S));
        HistoryRequest { exchange, symboltoken, interval, fromdate, todate }
    }

    #[test]
    fn what_is_allowed_at_once_is_one_piece() {
        for days in [0, 1, 30] {
            let whole = over(Interval::OneMinute, days);
            assert_eq!(pieces(&whole), [whole]);
        }
    }

    #[test]
    fn pieces_are_allowed_meet_at_midnight_and_lose_nothing() {
        for (interval, days) in
            [(Interval::OneMinute, 31), (Interval::ThreeMinutes, 500), (Interval::OneDay, 9000)]
        {
            let whole = over(interval, days);
            let pieces = pieces(&whole);
            assert!(pieces.len() as i64 > days / interval.most_days(), "{interval}");
            assert!(pieces.iter().all(|piece| piece.check().is_ok()), "{interval}");
            assert_eq!(pieces.first().map(|piece| piece.fromdate), Some(whole.fromdate));
            assert_eq!(pieces.last().map(|piece| piece.todate), Some(whole.todate));
            for pair in pieces.windows(2) {
                assert_eq!(pair[0].todate, pair[1].fromdate);
                assert_eq!((pair[0].todate.0 + IST_S) % DAY_S, 0, "midnight in India");
            }
        }
    }

    #[test]
    fn the_end_before_the_beginning_is_one_piece_that_is_refused() {
        let pieces = pieces(&over(Interval::OneDay, -1));
        assert!(pieces.len() == 1 && pieces[0].check().is_err());
    }
}
