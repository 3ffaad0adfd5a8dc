//! Poljud: eight tiers of equal sectors, their stairs, tunnels, cameras and wheelchair places.

use anyhow::{Context, bail};

use super::{PriceCategory, Row, Sector, Snake, Stadium};

/// Seats for sale at Poljud; technical seats exist in addition.
pub(super) const POLJUD_SEATS_FOR_SALE: usize = 33_987;

/// A top row is never trimmed below this: its stairs stay where those of the rows below are.
const ROW_SEATS_MIN: u32 = 16;

/// One tier of one stand: equal sectors side by side.
struct Tier {
    stand: &'static str,
    code: &'static str,
    name: &'static str,
    sectors: u32,
    rows: u32,
    /// Seats of the lowest row.
    width: u32,
    /// Rows after which a row is one seat wider (a curve opens upwards); 0 in a straight stand.
    widens_every: u32,
    upper: bool,
}

const TIERS: [Tier; 8] = [
    tier(("WEST", "ZD", "Zapad donji"), 10, (16, 29, 0), false),
    tier(("WEST", "ZG", "Zapad gornji"), 10, (20, 27, 0), true),
    tier(("EAST", "ID", "Istok donji"), 10, (16, 29, 0), false),
    tier(("EAST", "IG", "Istok gornji"), 10, (20, 27, 0), true),
    tier(("NORTH", "SD", "Sjever donji"), 8, (15, 25, 3), false),
    tier(("NORTH", "SG", "Sjever gornji"), 8, (17, 26, 2), true),
    tier(("SOUTH", "JD", "Jug donji"), 8, (15, 25, 3), false),
    tier(("SOUTH", "JG", "Jug gornji"), 8, (17, 26, 2), true),
];

/// (stand, code, name), sectors, (rows, seats of the lowest, rows after which one is wider).
const fn tier(
    (stand, code, name): (&'static str, &'static str, &'static str),
    sectors: u32,
    (rows, width, widens_every): (u32, u32, u32),
    upper: bool,
) -> Tier {
    Tier {
        stand,
        code,
        name,
        sectors,
        rows,
        width,
        widens_every,
        upper,
    }
}

/// The whole house.
pub(super) fn poljud() -> anyhow::Result<Stadium> {
    let mut plans: Vec<(&Tier, u32, Vec<RowPlan>)> = Vec::new();
    for tier in &TIERS {
        for number in 1..=tier.sectors {
            plans.push((
                tier,
                number,
                (0..tier.rows).map(|row| RowPlan::of(tier, number, row)).collect(),
            ));
        }
    }
    trim_top_rows(&mut plans)?;
    Ok(Stadium {
        name: "Poljud",
        city: "Split",
        country: "HR",
        capacity: POLJUD_SEATS_FOR_SALE,
        price_categories: price_categories(),
        sectors: plans
            .iter()
            .map(|(tier, number, rows)| sector(tier, *number, rows))
            .collect(),
    })
}

/// The plan is slightly larger than the house: the roof's supports take seats at the end of the upper tiers' top rows.
fn trim_top_rows(plans: &mut [(&Tier, u32, Vec<RowPlan>)]) -> anyhow::Result<()> {
    let planned: usize = plans
        .iter()
        .flat_map(|(_, _, rows)| rows)
        .map(RowPlan::for_sale)
        .sum();
    let mut surplus = planned
        .checked_sub(POLJUD_SEATS_FOR_SALE)
        .with_context(|| format!("the plan has only {planned} seats"))?;
    while surplus > 0 {
        let before = surplus;
        for top in plans
            .iter_mut()
            .filter(|(tier, _, _)| tier.upper)
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
            cameras: middle && row + 2 >= tier.rows && !tier.upper,
            wheelchairs: if !tier.upper && row == 0 && number.is_multiple_of(3) {
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
    let best_row = if tier.upper { 1 } else { tier.rows / 2 };
    Sector {
        code: format!("{}{number}", tier.code),
        name: format!("{} {number}", tier.name),
        stand: tier.stand,
        price_category: price_category(tier, number),
        snake: Snake {
            best_row: best_row.to_string(),
            direction: if tier.upper {
                "BOTTOM_TO_TOP"
            } else {
                "TOP_TO_BOTTOM"
            },
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
    let middle = (4..=7).contains(&number);
    match tier.stand {
        "WEST" if middle => 1,
        "WEST" => 2,
        "EAST" if middle => 2,
        "EAST" => 3,
        _ => 4,
    }
}

fn price_categories() -> Vec<PriceCategory> {
    let category = |code, name, presale_price, match_day_price| PriceCategory {
        code,
        name,
        presale_price,
        match_day_price,
    };
    vec![
        category(1, "Kategorija 1", "60.00", "75.00"),
        category(2, "Kategorija 2", "45.00", "55.00"),
        category(3, "Kategorija 3", "30.00", "37.50"),
        category(4, "Kategorija 4", "20.00", "25.00"),
    ]
}
