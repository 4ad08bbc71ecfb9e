//! The day's authorisation to sell holdings: asked for, then given with the depository's PIN.

use engine::units::{EventTime, Zone};

/// One account's authorisation; it ends with the day.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Edis {
    asked: Option<Asked>,
    /// Requests so far.
    requests: u64,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    number: u64,
    day: EventTime,
    given: bool,
}

impl Edis {
    /// Asks for today's authorisation and gives the number of the request.
    ///
    /// Errors: the number of today's request that has been answered already.
    pub(crate) fn ask(&mut self, now: EventTime) -> Result<u64, u64> {
        let day = Zone::INDIA.day_start(now);
        if let Some(asked) = self.asked.filter(|asked| asked.given && asked.day == day) {
            return Err(asked.number);
        }
        self.requests += 1;
        self.asked = Some(Asked { number: self.requests, day, given: false });
        Ok(self.requests)
    }

    /// Gives what was asked for; any other request stays as it is.
    pub(crate) fn give(&mut self, number: u64) {
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.number == number) {
            asked.given = true;
        }
    }

    /// Whether the last request was answered; `None` for any other number.
    pub(crate) fn is_given(&self, number: u64) -> Option<bool> {
        self.asked.filter(|asked| asked.number == number).map(|asked| asked.given)
    }
}

#[cfg(test)]
mod tests {
    use engine::units::Micros;

    use super::*;

    #[test]
    fn it_is_asked_for_until_it_is_given_and_ends_with_the_day() {
        let now = EventTime(1_759_290_318_000_000);
        let mut edis = Edis::default();
        assert_eq!((edis.ask(now), edis.ask(now)), (Ok(1), Ok(2)));
        assert_eq!((edis.is_given(1), edis.is_given(2)), (None, Some(false)));
        edis.give(7);
        edis.give(2);
        assert_eq!((edis.is_given(2), edis.ask(now)), (Some(true), Err(2)));
        assert_eq!(edis.ask(now + Micros::DAY), Ok(3));
    }
}
