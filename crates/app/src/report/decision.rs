//! What came of a tick, in the names that `result.json` has.

use engine::tick_path::position::Refused;
use engine::tick_path::strategy::Strategy;
use engine::tick_path::trader::{Blocked, Decision};

/// A decision with its reason, such as `blocked: warm_up`.
pub(super) fn words<S: Strategy>(decision: Decision) -> String {
    match decision {
        Decision::Blocked(Blocked::Gate(gate)) => format!("blocked: {}", gate.name()),
        Decision::Blocked(Blocked::Strategy(reason)) => {
            let name = S::REASONS.get(usize::from(reason.0));
            format!("blocked: {}", name.copied().unwrap_or("a reason without a name"))
        }
        Decision::Refused(Refused::EntryPrice) => "refused: max_entry_price".to_owned(),
        Decision::Refused(Refused::NoLot) => "refused: no_lot_fits".to_owned(),
        Decision::Entered => "entered".to_owned(),
        Decision::Held => "held".to_owned(),
        Decision::Exited(reason) => format!("exited: {reason}"),
        Decision::Pending => "order on its way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use engine::tick_path::position::ExitReason;
    use engine::tick_path::strategy::{Momentum, Reason};
    use engine::tick_path::trader::Gate;

    use super::*;

    #[test]
    fn decisions_have_the_names_of_the_results() {
        let decisions = [
            Decision::Held,
            Decision::Blocked(Blocked::Gate(Gate::WarmUp)),
            Decision::Blocked(Blocked::Strategy(Reason(0))),
            Decision::Blocked(Blocked::Strategy(Reason(u8::MAX))),
            Decision::Refused(Refused::NoLot),
            Decision::Exited(ExitReason::EndOfData),
        ];
        let told = decisions.map(words::<Momentum>);
        let first = format!("blocked: {}", Momentum::REASONS[0]);
        let expected = [
            "held",
            "blocked: warm_up",
            &first,
            "blocked: a reason without a name",
            "refused: no_lot_fits",
            "exited: End Of Data",
        ];
        assert_eq!(told, expected);
    }
}
