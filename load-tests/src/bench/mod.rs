//! Benches: measured against a baseline in the same run, raw results kept. A bar that is missed fails the run.

mod beside;
mod crowd;
mod figures;
mod ground;
mod results;
mod staff;

pub(crate) use staff::{run as run_staff, run_beside};
