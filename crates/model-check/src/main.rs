//! Tries every order in which fans, lanes, payments, crashes and the clock can come, over the decisions that production takes
//! (`domain`). `cargo run -p model-check` prints what was tried; its tests are run with all others.
//!
//! What is modelled: two or three fans and three seats of one zone; requests that come twice; two lanes, each a process of its own that
//! can die between any two of its steps; payments that are captured at any time and told twice; locks that run out. A transaction's
//! statement is one step, as Postgres runs it: what it sees is what others have committed, and row locks are skipped (`lane`) or
//! waited for (`payment`).
//!
//! What is not: SQL itself, the waiting room, refunds, people's identities. That the statements do what their steps here do is for the
//! tests on a real Postgres.

mod lane;
mod payment;
mod promises;
mod sale;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use stateright::{Checker, Expectation, Model};

use sale::Sale;

fn main() -> ExitCode {
    let (mut broken, mut met) = (Vec::new(), BTreeSet::new());
    for (name, sale) in sales() {
        let began = Instant::now();
        let checker = sale.checker().threads(threads()).spawn_bfs().join();
        println!(
            "{name}: {} states, {} of them different, {} steps deep, {:.1} s",
            checker.state_count(),
            checker.unique_state_count(),
            checker.max_depth(),
            began.elapsed().as_secs_f64()
        );
        for property in checker.model().properties() {
            let found = checker.discovery(property.name);
            match (property.expectation, found) {
                (Expectation::Sometimes, Some(_)) => _ = met.insert(property.name),
                (Expectation::Always | Expectation::Eventually, Some(path)) => {
                    broken.push(format!("{}: {:?}", property.name, path.into_actions()));
                }
                (_, None) => {}
            }
        }
    }
    for promise in promises::all() {
        match promise.expectation {
            Expectation::Sometimes if met.contains(promise.name) => println!("happened: {}", promise.name),
            Expectation::Sometimes => broken.push(format!("never: {}", promise.name)),
            Expectation::Always | Expectation::Eventually => println!("always: {}", promise.name),
        }
    }
    broken.iter().for_each(|one| println!("BROKEN {one}"));
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What is tried, by name.
fn sales() -> [(&'static str, Sale); 3] {
    [
        (
            "two fans, two lanes, one request twice",
            Sale::of(&[(0, 2), (0, 2), (1, 2)], 2),
        ),
        (
            "three fans for three seats, one lane",
            Sale::of(&[(0, 2), (1, 1), (2, 1)], 1),
        ),
        (
            "one fan on two devices, and another",
            Sale::of(&[(0, 2), (0, 1), (1, 1)], 2),
        ),
    ]
}
