//! Whether a measurement is complete: everything was traced or counted, in every stage.

use engine::probe::{Meter, Stage};
use engine::tick_path::Frames;

use super::table;
use crate::failure::{Failure, Status};

/// Everything that keeps the figures from being complete, each with status 3.
///
/// Of `unplaced` traces it is known and counted that their first stamp is missing.
pub(crate) fn complaints<C>(frames: &Frames, meter: &Meter<C>, unplaced: u64) -> Vec<Failure> {
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
        let known = if stage == Stage::KernelWait { unplaced } else { 0 };
        if count + known != frames.traced {
            complaints.push(incomplete(
                format!("stage {} holds {count} of {} traces", stage.name(), frames.traced - known),
                "a room does not mark its stage: report this as a bug",
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use engine::probe::{Counter, Disturbances, Filed, Probe as _, Stage, Stamps};
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

        fn disturbances(&self) -> Option<Disturbances> {
            None
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
        complaints(&frames, &meter, 0).iter().map(Failure::to_string).collect()
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
    fn a_missing_kernel_stamp_is_no_complaint_where_it_was_counted() {
        let mut meter = Meter::new(Still, Stage::KernelWait, 0);
        for kernel in [Some(1), None] {
            let mut trace = Stamps::read(kernel, 1, 1);
            Stage::ALL.into_iter().skip(2).for_each(|stage| meter.mark(&mut trace, stage));
            let filed = Filed { sequence: 1, tick: Tick::default(), decision: Decision::Held };
            meter.file(trace, &filed);
        }
        let frames = Frames { frames: 2, traced: 2, ..Frames::default() };
        assert!(complaints(&frames, &meter, 1).is_empty());
        for counted in [0, 2] {
            let told = complaints(&frames, &meter, counted);
            let told = told.first().map(Failure::to_string).unwrap_or_default();
            assert!(told.contains("stage kernel_wait holds 1 of "), "{told}");
        }
    }

    #[test]
    fn a_run_that_traced_nothing_says_what_came_instead() {
        let frames = Frames { frames: 3, control: 2, malformed: 1, ..Frames::default() };
        let told = complaints(&frames, &Meter::new(Still, Stage::Broker, 0), 0);
        let told = told.first().map(Failure::to_string).unwrap_or_default();
        assert!(told.contains("3 frames came, 2 control, 1 malformed"), "{told}");
        let lost = Frames { frames: 5, traced: 3, ..Frames::default() };
        let told = complaints(&lost, &Meter::new(Still, Stage::Broker, 0), 0);
        assert!(told.iter().any(|told| told.to_string().contains("do not add up")));
    }
}
