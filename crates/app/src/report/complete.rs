//! Whether a measurement is complete: everything was traced or counted, in every stage.

use engine::probe::Meter;
use engine::tick_path::Frames;

use super::table;
use crate::failure::{Failure, Status};

/// Everything that keeps the figures from being complete, each with status 3.
pub(crate) fn complaints<C>(frames: &Frames, meter: &Meter<C>) -> Vec<Failure> {
    let incomplete = |what: String, hint: &str| Failure::new(Status::Incomplete, what, hint);
    let mut complaints = Vec::new();
    if frames.traced == 0 {
        complaints.push(incomplete(
            format!("nothing was traced: {} frames came{}", frames.frames, table::counted(frames)),
            "let the feed send ticks of the instrument within the session, and fewer --settle frames",
        ));
    }
    if !frames.complete() {
        let what = format!("{} frames came, but traced and counted do not add up", frames.frames);
        complaints.push(incomplete(what, "report this as a bug with the report's folder"));
    }
    for stage in meter.source_stages() {
        let count = meter.stage(stage).count();
        if count != frames.traced {
            complaints.push(incomplete(
                format!("stage {} holds {count} of {} traces", stage.name(), frames.traced),
                "a room does not mark its stage: report this as a bug",
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use engine::probe::{Counter, Filed, Probe as _, Stage, Stamps};
    use engine::tick_path::broker::Tick;
    use engine::tick_path::trader::Decision;

    use super::*;

    struct Still;

    impl Counter for Still {
        fn raw(&self) -> u64 {
            1
        }

        fn nanos(&self, _from: u64, _till: u64) -> u64 {
            0
        }
    }

    fn walked(left_out: Option<Stage>) -> Vec<String> {
        let mut meter = Meter::new(Still, Stage::Broker, 0);
        let mut trace = Stamps::tick(1);
        for stage in Stage::ALL.into_iter().filter(|stage| Some(*stage) != left_out) {
            meter.mark(&mut trace, stage);
        }
        let filed = Filed { sequence: 1, tick: Tick::default(), decision: Decision::Held };
        meter.file(trace, &filed);
        let frames = Frames { frames: 1, traced: 1, ..Frames::default() };
        complaints(&frames, &meter).iter().map(Failure::to_string).collect()
    }

    #[test]
    fn a_whole_measurement_has_no_complaint() {
        assert_eq!(walked(None), Vec::<String>::new());
    }

    #[test]
    fn a_stage_that_was_left_out_is_named() {
        let told = walked(Some(Stage::Signal)).join("\n");
        assert!(told.contains("stage signal holds 0 of 1 traces"), "{told}");
    }

    #[test]
    fn a_run_that_traced_nothing_says_what_came_instead() {
        let frames = Frames { frames: 3, control: 2, malformed: 1, ..Frames::default() };
        let told = complaints(&frames, &Meter::new(Still, Stage::Broker, 0));
        let told = told.first().map(Failure::to_string).unwrap_or_default();
        assert!(told.contains("3 frames came, 2 control, 1 malformed"), "{told}");
        let lost = Frames { frames: 5, traced: 3, ..Frames::default() };
        let told = complaints(&lost, &Meter::new(Still, Stage::Broker, 0));
        assert!(told.iter().any(|told| told.to_string().contains("do not add up")));
    }
}
