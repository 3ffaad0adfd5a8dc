//! The sale over time, as an SVG: fans, seats, rates, latency, and what was killed meanwhile.

use std::path::{Path, PathBuf};

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::checker::facts::Facts;
use crate::checker::ownership::end_of;
use crate::fans::history::{History, What};
use crate::report::Run;

const SIZE: (u32, u32) = (1200, 1280);
const MARGIN: u32 = 12;
const X_LABELS: u32 = 34;
const Y_LABELS: u32 = 64;
const TITLE: (&str, u32) = ("sans-serif", 20);
const LABEL: (&str, u32) = ("sans-serif", 14);
/// Told apart also by those who see few colours.
const BLUE_LINE: RGBColor = RGBColor(0, 114, 178);
const ORANGE_LINE: RGBColor = RGBColor(230, 159, 0);
const GREEN_LINE: RGBColor = RGBColor(0, 158, 115);
const KILL: RGBColor = RGBColor(213, 94, 0);
const FAINT: RGBColor = RGBColor(225, 225, 225);
/// Rates and latencies are of so many seconds.
const BUCKET_S: u64 = 5;
const SECOND_US: u64 = 1_000_000;

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A line of a panel: its name, its colour, its points (seconds, value).
struct Line {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

/// `out.svg` for `out.json`.
pub(crate) fn beside(report: &Path) -> PathBuf {
    report.with_extension("svg")
}

/// Draws the whole run.
pub(crate) fn draw(file: &Path, facts: &Facts, run: &Run<'_>) -> anyhow::Result<()> {
    let seconds = run.duration.as_secs().max(1);
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((4, 1));
    let kills: Vec<f64> = run
        .chaos
        .iter()
        .flat_map(|chaos| &chaos.kills)
        .map(|kill| in_seconds(run.clock.us_of(kill.at)))
        .collect();
    let drawn: [(&str, Vec<Line>); 4] = [
        ("Fans", fans(&facts.histories, seconds)),
        ("Seats", seats(facts, run, seconds)),
        ("Per second", rates(&facts.histories, seconds)),
        (
            "Waiting for a hold, ms",
            hold_latencies(&facts.histories, seconds),
        ),
    ];
    for (panel, (title, lines)) in panels.iter().zip(drawn) {
        draw_panel(panel, title, &lines, (in_seconds(seconds * SECOND_US), &kills))?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(
    area: &Area<'_>,
    title: &str,
    lines: &[Line],
    (end, kills): (f64, &[f64]),
) -> anyhow::Result<()> {
    let values = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|(_, value)| *value);
    let top = values.fold(1.0, f64::max) * 1.05;
    let mut chart = ChartBuilder::on(area)
        .caption(title, TITLE)
        .margin(MARGIN)
        .x_label_area_size(X_LABELS)
        .y_label_area_size(Y_LABELS)
        .build_cartesian_2d(0.0..end, 0.0..top)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(FAINT)
        .label_style(LABEL)
        .x_desc("seconds since the first fan")
        .x_label_formatter(&|second| format!("{second:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    draw_kills(&mut chart, kills, top)?;
    for line in lines {
        let colour = line.colour;
        chart
            .draw_series(LineSeries::new(
                line.points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .label_font(LABEL)
        .draw()?;
    Ok(())
}

fn draw_kills(chart: &mut Chart<'_, '_>, kills: &[f64], top: f64) -> anyhow::Result<()> {
    if kills.is_empty() {
        return Ok(());
    }
    let strokes = kills
        .iter()
        .map(|at| PathElement::new([(*at, 0.0), (*at, top)], KILL.mix(0.5)));
    chart
        .draw_series(strokes)?
        .label("something is killed")
        .legend(|(x, y)| PathElement::new([(x + 9, y - 6), (x + 9, y + 6)], KILL));
    Ok(())
}

/// Levels: how many fans wait and shop; and a sum: how many have gone home.
fn fans(histories: &[History], seconds: u64) -> Vec<Line> {
    let (mut waiting, mut shopping, mut home) = (Vec::new(), Vec::new(), Vec::new());
    for history in histories {
        let end = history.steps.last().map_or(0, |step| step.answered_us);
        let mut turns = history
            .steps
            .iter()
            .filter_map(|step| match step.what {
                What::Joined { .. } => Some((step.answered_us, false)),
                What::Admitted { .. } => Some((step.answered_us, true)),
                _ => None,
            })
            .peekable();
        while let Some((from, is_shopping)) = turns.next() {
            let until = turns.peek().map_or(end, |(next, _)| *next);
            let level = if is_shopping { &mut shopping } else { &mut waiting };
            level.extend([(from, 1), (until, -1)]);
        }
        home.push((end, 1));
    }
    vec![
        line("waiting", BLUE_LINE, level(waiting, seconds)),
        line("shopping", ORANGE_LINE, level(shopping, seconds)),
        line("home", GREEN_LINE, level(home, seconds)),
    ]
}

/// Levels: seats in carts, seats with tickets.
fn seats(facts: &Facts, run: &Run<'_>, seconds: u64) -> Vec<Line> {
    let many = |seats: usize| i64::try_from(seats).unwrap_or(i64::MAX);
    let (mut held, mut sold) = (Vec::new(), Vec::new());
    for cart in &facts.carts {
        let seats = many(cart.seat_ids.len());
        held.push((run.clock.us_of(cart.held_at), seats));
        held.push((run.clock.us_of(end_of(cart)), -seats));
    }
    for ticket in &facts.tickets {
        sold.push((run.clock.us_of(ticket.issued_at), 1));
        sold.extend(ticket.owned_until().map(|ended| (run.clock.us_of(ended), -1)));
    }
    vec![
        line("in carts", ORANGE_LINE, level(held, seconds)),
        line("sold", GREEN_LINE, level(sold, seconds)),
    ]
}

fn rates(histories: &[History], seconds: u64) -> Vec<Line> {
    let of = |wanted: fn(&What) -> bool| {
        let mut per_bucket = buckets::<u32>(seconds);
        for step in histories.iter().flat_map(|history| &history.steps) {
            if wanted(&step.what)
                && let Some(bucket) = at_bucket(&mut per_bucket, step.answered_us)
            {
                *bucket += 1;
            }
        }
        let rate = |count: u32| f64::from(count) / in_seconds(BUCKET_S * SECOND_US);
        middles().zip(per_bucket.into_iter().map(rate)).collect()
    };
    vec![
        line(
            "admitted",
            BLUE_LINE,
            of(|what| matches!(what, What::Admitted { .. })),
        ),
        line("holds", ORANGE_LINE, of(|what| matches!(what, What::Held { .. }))),
        line(
            "orders paid",
            GREEN_LINE,
            of(|what| matches!(what, What::CardPaid { .. })),
        ),
    ]
}

fn hold_latencies(histories: &[History], seconds: u64) -> Vec<Line> {
    let mut per_bucket = buckets::<Vec<u64>>(seconds);
    for step in histories.iter().flat_map(|history| &history.steps) {
        if matches!(step.what, What::Held { .. })
            && let Some(bucket) = at_bucket(&mut per_bucket, step.answered_us)
        {
            bucket.push(step.waited_us());
        }
    }
    for bucket in &mut per_bucket {
        bucket.sort_unstable();
    }
    // A time without holds has no latency.
    let quantile = |percent: usize| {
        let of_bucket = |(at, sorted): (f64, &Vec<u64>)| {
            let last = sorted.len().checked_sub(1)?;
            let us = sorted.get(last * percent / 100)?;
            Some((at, in_seconds(*us) * 1000.0))
        };
        middles().zip(&per_bucket).filter_map(of_bucket).collect()
    };
    vec![
        line("slowest of a hundred", ORANGE_LINE, quantile(99)),
        line("median", BLUE_LINE, quantile(50)),
    ]
}

fn line(name: &'static str, colour: RGBColor, points: Vec<(f64, f64)>) -> Line {
    Line { name, colour, points }
}

/// The sum of all changes until the end of each second.
fn level(mut changes: Vec<(u64, i64)>, seconds: u64) -> Vec<(f64, f64)> {
    changes.sort_unstable();
    let mut changes = changes.into_iter().peekable();
    let mut sum = 0_i64;
    let level = |second: u64| {
        while let Some((_, change)) = changes.next_if(|(at, _)| *at <= second * SECOND_US) {
            sum += change;
        }
        let shown = i32::try_from(sum).unwrap_or(i32::MAX);
        (in_seconds(second * SECOND_US), f64::from(shown))
    };
    (0..=seconds).map(level).collect()
}

fn buckets<T: Default + Clone>(seconds: u64) -> Vec<T> {
    let many = usize::try_from(seconds.div_ceil(BUCKET_S)).unwrap_or(1);
    vec![T::default(); many.max(1)]
}

fn at_bucket<T>(buckets: &mut [T], at_us: u64) -> Option<&mut T> {
    buckets.get_mut(usize::try_from(at_us / SECOND_US / BUCKET_S).ok()?)
}

/// The middle of each bucket, seconds.
fn middles() -> impl Iterator<Item = f64> {
    (0..).map(|bucket: u64| in_seconds(bucket * BUCKET_S * SECOND_US + BUCKET_S * SECOND_US / 2))
}

fn in_seconds(us: u64) -> f64 {
    std::time::Duration::from_micros(us).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::RunClock;
    use crate::fans::history::Step;
    use crate::fans::web::Traffic;

    #[test]
    fn a_level_is_the_sum_of_all_changes_so_far() {
        let changes = vec![(2_500_000, -1), (500_000, 1), (1_000_000, 1)];
        let level = level(changes, 3);
        let values: Vec<f64> = level.into_iter().map(|(_, value)| value).collect();
        assert_eq!(format!("{values:?}"), "[0.0, 2.0, 2.0, 1.0]");
    }

    #[test]
    fn the_picture_of_a_run_is_an_svg_with_its_four_panels() {
        let file = std::env::temp_dir().join(format!("tribina-picture-{}.svg", std::process::id()));
        let traffic = Traffic::default();
        let run = Run {
            fans: 1,
            duration: Duration::from_secs(30),
            unsettled: None,
            traffic: &traffic,
            attempts: &[],
            clock: RunClock::start(),
            chaos: None,
        };
        let held = Step {
            sent_us: 1_000_000,
            answered_us: 1_020_000,
            what: What::Held {
                cart_id: uuid::Uuid::nil(),
                seat_ids: Vec::new(),
            },
        };
        let history = History {
            steps: vec![held],
            ..History::default()
        };
        let facts = Facts {
            histories: vec![history],
            ..Facts::default()
        };

        draw(&file, &facts, &run).unwrap();

        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(text.starts_with("<svg"));
        for title in ["Fans", "Seats", "Per second", "Waiting for a hold, ms"] {
            assert!(text.contains(title), "{title}");
        }
    }
}
