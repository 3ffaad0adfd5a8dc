//! Benches: measured against a baseline in the same run, raw results kept. A bar that is missed fails the run.

mod beside;
mod crowd;
mod figures;
mod ground;
mod holds;
mod results;
mod staff;

use std::process::ExitCode;

pub(crate) use holds::run as run_holds;
pub(crate) use staff::{run as run_staff, run_beside};

/// Says which bars were missed, if any.
fn told(missed: &[String]) -> ExitCode {
    for bar in missed {
        eprintln!("missed: {bar}");
    }
    if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
