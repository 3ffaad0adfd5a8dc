//! The crowd outside has half of the connections, so that those who are buying do not wait behind it. Who is known to this
//! process passes by: an account is looked up once, then remembered.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// A fan at the door waits so long for a connection, far longer than a buyer: a place in this line costs next to nothing, and who
/// is turned away comes again and costs a whole request each time (measured in ADR 0009).
const PATIENCE: Duration = Duration::from_secs(12);

/// So many wait at most, each with an open connection: about what one process serves within their patience.
const WAITING_MAX: usize = 6_000;

/// Where accounts and profiles wait for a connection, in the order of their coming.
#[derive(Debug)]
pub struct Entrance {
    line: Semaphore,
    places: Semaphore,
}

impl Entrance {
    /// For a pool of so many connections.
    #[must_use]
    pub fn to_pool_of(connections: u32) -> Self {
        let half = usize::try_from(connections / 2).unwrap_or(1);
        Self {
            line: Semaphore::new(WAITING_MAX),
            places: Semaphore::new(half.max(1)),
        }
    }

    /// Permission to take one connection from the pool and to keep it while this is held.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] after twelve seconds, or at once if too many wait: the answer is 503.
    pub async fn place(&self) -> Result<SemaphorePermit<'_>, sqlx::Error> {
        let _in_line = self.line.try_acquire().map_err(|_| sqlx::Error::PoolTimedOut)?;
        let place = timeout(PATIENCE, self.places.acquire()).await;
        place
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_crowd_fills_half_of_the_pool_and_who_waits_too_long_is_turned_away() {
        let entrance = Entrance::to_pool_of(4);
        let first = entrance.place().await.unwrap();
        let second = entrance.place().await.unwrap();

        assert!(matches!(entrance.place().await, Err(sqlx::Error::PoolTimedOut)));

        drop(first);
        assert!(entrance.place().await.is_ok());
        drop(second);
    }

    #[tokio::test]
    async fn the_smallest_pool_lets_one_in() {
        assert!(Entrance::to_pool_of(1).place().await.is_ok());
    }
}
