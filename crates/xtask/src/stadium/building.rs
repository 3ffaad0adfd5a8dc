//! What the five houses have in common: tiers of equal sectors, their stairs, tunnels, cameras and wheelchair places.

use anyhow::{Context, bail};

use super::{PriceCategory, Row, Sector, Snake, Stadium};

/// A top row is never trimmed below this: its stairs stay where those of the rows below are.
const ROW_SEATS_MIN: u32 = 16;

/// A house, by its rules.
pub(super) struct House {
    /// Of the file, and of the command that writes it.
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) city: &'static str,
    /// Seats for sale; technical seats exist in addition.
    pub(super) for_sale: usize,
    pub(super) tiers: &'static [Tier],
    /// Presale and match day, by category from 1.
    pub(super) prices: [(&'static str, &'static str); 4],
}

/// One tier of one stand: equal sectors side by side.
pub(super) struct Tier {
    stand: &'static str,
    code: &'static str,
    name: &'static str,
    sectors: u32,
    rows: u32,
    /// Seats of the lowest row.
    width: u32,
    /// Rows after which a row is one seat wider (a curve opens upwards); 0 in a straight stand.
    widens_every: u32,
    level: Level,
}

/// Where a tier lies in its stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Under another one.
    Lower,
    /// Over another one.
    Upper,
    /// The stand's only one.
    Only,
}

impl Level {
    /// The pitch begins at its first row: wheelchairs come in there.
    fn is_at_the_pitch(self) -> bool {
        self != Level::Upper
    }

    fn is_under_the_roof(self) -> bool {
        self != Level::Lower
    }
}

/// (stand, code, name), sectors, (rows, seats of the lowest, rows after which one is wider).
pub(super) const fn tier(
    (stand, code, name): (&'static str, &'static str, &'static str),
    sectors: u32,
    (rows, width, widens_every): (u32, u32, u32),
    level: Level,
) -> Tier {
    Tier {
        stand,
        code,
        name,
        sectors,
        rows,
        width,
        widens_every,
        level,
    }
}

/// The whole house.
pub(super) fn build(house: &House) -> anyhow::Result<Stadium> {
    let mut plans: Vec<(&Tier, u32, Vec<RowPlan>)> = Vec::new();
    for tier in house.tiers {
        for number in 1..=tier.sectors {
            plans.push((
                tier,
                number,
                (0..tier.rows).map(|row| RowPlan::of(tier, number, row)).collect(),
            ));
        }
    }
    trim_top_rows(&mut plans, house.for_sale).with_context(|| format!("{} does not add up", house.name))?;
    Ok(Stadium {
        name: house.name,
        city: house.city,
        country: "HR",
        capacity: house.for_sale,
        price_categories: (1_u32..)
            .zip(house.prices)
            .map(|(code, (presale_price, match_day_price))| PriceCategory {
                code,
                name: format!("Kategorija {code}"),
                presale_price,
                match_day_price,
            })
            .collect(),
        sectors: plans
            .iter()
            .map(|(tier, number, rows)| sector(tier, *number, rows))
            .collect(),
    })
}

/// The plan is slightly larger than the house: the roof's supports take seats at the end of the top rows under it.
fn trim_top_rows(plans: &mut [(&Tier, u32, Vec<RowPlan>)], for_sale: usize) -> anyhow::Result<()> {
    let planned: usize = plans
        .iter()
        .flat_map(|(_, _, rows)| rows)
        .map(RowPlan::for_sale)
        .sum();
    let mut surplus = planned
        .checked_sub(for_sale)
        .with_context(|| format!("the plan has only {planned} seats"))?;
    while surplus > 0 {
        let before = surplus;
        for top in plans
            .iter_mut()
            .filter(|(tier, _, _)| tier.level.is_under_the_roof())
            .filter_map(|(_, _, rows)| rows.last_mut())
        {
            if surplus > 0 && top.width > ROW_SEATS_MIN {
                top.width -= 1;
                surplus -= 1;
            }
        }
        if surplus == before {
            bail!("{surplus} seats too many: make a tier smaller");
        }
    }
    Ok(())
}

/// How one row is built before it is written down.
struct RowPlan {
    width: u32,
    /// The last seat before the stairs.
    stairs_after: u32,
    /// Seats taken by the tunnel that opens onto the stairs.
    tunnel: bool,
    /// Two camera positions at the right end.
    cameras: bool,
    /// Wheelchair places with a companion seat each, left of everything.
    wheelchairs: u32,
}

impl RowPlan {
    fn of(tier: &Tier, number: u32, row: u32) -> Self {
        let width = tier.width + row.checked_div(tier.widens_every).unwrap_or(0);
        let middle = number == tier.sectors / 2 || number == tier.sectors / 2 + 1;
        Self {
            width,
            stairs_after: width / 2,
            tunnel: number.is_multiple_of(2) && (6..9).contains(&row),
            cameras: middle && row + 2 >= tier.rows && tier.level.is_at_the_pitch(),
            wheelchairs: if tier.level.is_at_the_pitch() && row == 0 && number.is_multiple_of(3) {
                4
            } else {
                0
            },
        }
    }

    /// The row in the grammar of `data/stadiums/README.md`.
    fn spec(&self) -> String {
        let mut runs: Vec<String> = (0..self.wheelchairs)
            .map(|pair| format!("{}W,{}C", 2 * pair + 1, 2 * pair + 2))
            .collect();
        let first = 2 * self.wheelchairs + 1;
        let tunnel_side = if self.tunnel { 2 } else { 0 };
        runs.push(range(first, self.stairs_after - tunnel_side));
        let right_from = self.stairs_after + 1 + tunnel_side;
        if self.cameras {
            runs.push(format!(
                "{},{}T",
                range(right_from, self.width - 2),
                range(self.width - 1, self.width)
            ));
        } else {
            runs.push(range(right_from, self.width));
        }
        runs.join("|")
    }

    fn for_sale(&self) -> usize {
        let lost = if self.tunnel { 4 } else { 0 } + if self.cameras { 2 } else { 0 };
        usize::try_from(self.width - lost).unwrap_or(0)
    }
}

fn range(from: u32, to: u32) -> String {
    if from == to {
        from.to_string()
    } else {
        format!("{from}-{to}")
    }
}

fn sector(tier: &Tier, number: u32, rows: &[RowPlan]) -> Sector {
    let upper = tier.level == Level::Upper;
    let best_row = if upper { 1 } else { tier.rows / 2 };
    Sector {
        code: format!("{}{number}", tier.code),
        name: format!("{} {number}", tier.name),
        stand: tier.stand,
        price_category: price_category(tier, number),
        snake: Snake {
            best_row: best_row.to_string(),
            direction: if upper { "BOTTOM_TO_TOP" } else { "TOP_TO_BOTTOM" },
        },
        rows: (1_u32..)
            .zip(rows)
            .map(|(label, row)| Row {
                label: label.to_string(),
                seats: row.spec(),
            })
            .collect(),
    }
}

/// The middle of the west stand costs most, the curves least.
fn price_category(tier: &Tier, number: u32) -> u32 {
    let middle = number * 10 > tier.sectors * 3 && number * 10 <= tier.sectors * 7;
    match tier.stand {
        "WEST" if middle => 1,
        "WEST" => 2,
        "EAST" if middle => 2,
        "EAST" => 3,
        _ => 4,
    }
}
