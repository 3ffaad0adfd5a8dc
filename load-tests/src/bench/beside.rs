//! What fans in a running on-sale feel of a publication.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;
use uuid::Uuid;

use super::crowd::{Buyer, Crowd, admit};
use super::figures::{Summary, Times};
use super::staff::Desk;
use crate::clock::{pause, wall_now};
use crate::stack::Stack;

/// Fans in the sale.
const FANS: usize = 16;
/// Windows of each kind.
const WINDOWS: usize = 16;
/// A match is announced so long before its sale opens: what every open sale costs by itself is another matter.
const LEAD: TimeDelta = TimeDelta::days(10);
/// The first moments of a process are not measured.
const WARM_UP: Duration = Duration::from_secs(3);

/// Hold latencies in windows of a running sale, without and with a publication of 50,000 seats in them.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    fans: usize,
    window_seconds: u64,
    /// Every hold of all windows of a kind.
    quiet: Summary,
    publishing: Summary,
    /// p99 of the one over p99 of the other.
    ratio: f64,
    /// The same of two halves of the quiet windows: what this machine does by itself.
    noise: f64,
    publications: Summary,
    quiet_windows: Vec<Summary>,
    publishing_windows: Vec<Summary>,
}

/// How much later a hold may come beside a publication: p99 over p99.
const RATIO_MAX: f64 = 1.10;

impl Beside {
    /// What is missed, in words.
    pub(super) fn missed(&self) -> Option<String> {
        let Self { ratio, noise, .. } = self;
        (*ratio > RATIO_MAX).then(|| {
            format!("holds beside a publication took x{ratio:.2} of x{RATIO_MAX:.2} (this machine by itself: x{noise:.2})")
        })
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "holds of {} fans, p99: {:.2} ms without a publication and {:.2} ms beside one ({} and {} holds): x{:.3}; \
             quiet windows among themselves: x{:.3}; a publication took {:.0} ms",
            self.fans,
            self.quiet.p99_ms,
            self.publishing.p99_ms,
            self.quiet.count,
            self.publishing.count,
            self.ratio,
            self.noise,
            self.publications.p50_ms
        )
    }
}

/// Windows of the running sale of a match, in turns: quiet, publishing, publishing, quiet, so that neither kind is always the
/// later one.
pub(super) async fn measure(
    desk: &Desk,
    stack: &Stack,
    (sale, seconds): (Uuid, u64),
) -> anyhow::Result<Beside> {
    desk.until_queue_is_there(sale).await?;
    let buyers = admit(stack, &desk.http, (sale, FANS)).await?;
    let stadium_id = desk.stadium_of(sale).await?;
    let warm = Crowd::start(&buyers);
    pause(WARM_UP).await;
    warm.stop().await?;
    let (mut quiet, mut publishing) = (Vec::new(), Vec::new());
    let mut publications = Times::default();
    for window in 1..=WINDOWS {
        eprintln!("» a sale beside a publication, {window} of {WINDOWS}");
        let is_first = window % 2 == 0;
        for publishes in [is_first, !is_first] {
            if publishes {
                let match_id = desk.draft(&stadium_id, wall_now() + LEAD).await?;
                let publication = publications.of(desk.publish(match_id));
                publishing.push(busy_window(&buyers, seconds, publication).await?);
            } else {
                quiet.push(busy_window(&buyers, seconds, async { Ok(()) }).await?);
            }
        }
    }
    let halves = quiet.iter().zip(quiet.iter().skip(1)).step_by(2);
    let (odd, even): (Vec<&Times>, Vec<&Times>) = halves.unzip();
    let (all_quiet, all_publishing) = (Times::of_all(&quiet), Times::of_all(&publishing));
    let p99_over = |one: &Times, other: &Times| one.percentile(99) / other.percentile(99);
    Ok(Beside {
        fans: FANS,
        window_seconds: seconds,
        ratio: p99_over(&all_publishing, &all_quiet),
        noise: p99_over(&Times::of_all(odd), &Times::of_all(even)),
        quiet: all_quiet.summary(),
        publishing: all_publishing.summary(),
        publications: publications.summary(),
        quiet_windows: quiet.iter().map(Times::summary).collect(),
        publishing_windows: publishing.iter().map(Times::summary).collect(),
    })
}

/// Fans hold and give back while something else happens.
async fn busy_window(
    buyers: &[Buyer],
    seconds: u64,
    meanwhile: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Times> {
    let crowd = Crowd::start(buyers);
    let (done, ()) = tokio::join!(meanwhile, pause(Duration::from_secs(seconds)));
    done?;
    crowd.stop().await
}
