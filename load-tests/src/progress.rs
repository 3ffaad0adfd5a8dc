//! What the run is doing, for whoever watches: a moving line on a terminal, a plain line every ten seconds elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::clock::pause;
use crate::fans::World;

const REFRESH_EVERY: Duration = Duration::from_millis(250);
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows progress until dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    painter: JoinHandle<()>,
}

impl Progress {
    /// Starts to show.
    pub(crate) fn show(world: &Arc<World>, fans: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(fans));
        let (painted, world) = (bar.clone(), world.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "painting ends with the run; `Drop` aborts it"
        )]
        let painter = tokio::spawn(async move { paint(&world, painted).await });
        Self { bar, painter }
    }

    /// A sentence above the moving line.
    pub(crate) fn say(&self, sentence: &str) {
        match &self.bar {
            Some(bar) => bar.println(sentence),
            None => eprintln!("{sentence}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.painter.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(fans: usize) -> ProgressBar {
    let length = u64::try_from(fans).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} fans home · {msg}");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

async fn paint(world: &World, bar: Option<ProgressBar>) {
    let mut before = 0;
    loop {
        let tally = &world.tally;
        let paid = tally.paid.get();
        let pace = if bar.is_some() {
            REFRESH_EVERY
        } else {
            PLAIN_LINE_EVERY
        };
        let now = format!(
            "{} arrived, {} waiting, {} shopping, {} holds, {} paid, {} gone, {} busy, {} seats left",
            tally.arrived.get(),
            tally.waiting.get(),
            tally.in_session.get(),
            tally.holds.get(),
            paid,
            tally.gone.get(),
            tally.busy.get(),
            tally.seats_left.get(),
        );
        match &bar {
            Some(bar) => {
                bar.set_position(tally.ended.get());
                bar.set_message(now);
            }
            None => {
                let seconds = world.clock().elapsed().as_secs();
                let rate = paid.saturating_sub(before) / PLAIN_LINE_EVERY.as_secs();
                eprintln!(
                    "{seconds:>4} s: {} fans home, {now}, {rate} paid/s",
                    tally.ended.get()
                );
            }
        }
        before = paid;
        pause(pace).await;
    }
}
