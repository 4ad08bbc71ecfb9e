//! What the system did to the calling thread.

use engine::probe::Disturbances;

/// What has happened to the calling thread since it began; `None` where the system does not say.
///
/// It costs one system call.
#[cfg(target_os = "linux")]
pub(crate) fn disturbances() -> Option<Disturbances> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let faults = usage.minor_page_faults() + usage.major_page_faults();
    Some(Disturbances {
        page_faults: faults as u64,
        involuntary_switches: usage.involuntary_context_switches() as u64,
    })
}

/// What has happened to the calling thread since it began; `None` where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn disturbances() -> Option<Disturbances> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_faults_of_this_thread_are_seen() {
        let before = disturbances().expect("Linux says");
        let touched = std::hint::black_box(vec![1u8; 4 << 20]);
        let between = disturbances().expect("Linux says").since(before);
        let pages = touched.len() as u64 / 4096;
        // Large pages may serve many at once, but never none.
        assert!((1..=2 * pages).contains(&between.page_faults), "{between:?}");
    }
}
