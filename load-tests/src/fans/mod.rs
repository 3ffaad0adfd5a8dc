//! The simulated crowd: every fan is a client of its own, with its own decisions, that buys tickets as a person would.

mod buying;
pub(crate) mod character;
pub(crate) mod history;
mod life;
mod mischief;
mod paying;
mod shopping;
pub(crate) mod tally;
mod waiting;
pub(crate) mod web;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::clock::RunClock;
use crate::fans::character::Character;
use crate::fans::history::History;
use crate::fans::life::Fan;
use crate::fans::tally::Tally;
use crate::fans::web::Web;
use crate::people::People;
use crate::stack::Stack;

/// What all fans share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) web: Web,
    pub(crate) people: People,
    pub(crate) tally: Tally,
    pub(crate) seed: u64,
    /// From the start of the run: then everybody goes home.
    pub(crate) ends_after: Duration,
    /// The pass of some fan, for whoever wants to misuse it.
    pub(crate) lost_pass: Mutex<Option<String>>,
}

impl World {
    pub(crate) fn clock(&self) -> RunClock {
        self.web.clock()
    }

    fn lose_pass(&self, pass: &str) {
        *self.lost_pass.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass.to_owned());
    }

    fn found_pass(&self) -> Option<String> {
        self.lost_pass
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.clock().elapsed() >= self.ends_after
    }
}

/// Lets the crowd in and waits until everybody has gone.
pub(crate) async fn run(world: &Arc<World>, characters: Vec<Character>) -> Vec<History> {
    let mut fans = JoinSet::new();
    for (index, character) in characters.into_iter().enumerate() {
        let fan = Fan::new(world.clone(), index, character);
        fans.spawn(fan.live());
    }
    let mut histories = Vec::new();
    while let Some(ended) = fans.join_next().await {
        match ended {
            Ok(history) => histories.push(history),
            Err(error) => eprintln!("load-tests: a simulated fan broke: {error}"),
        }
    }
    histories.sort_by_key(|history| history.fan);
    histories
}
