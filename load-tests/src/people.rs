//! Test people with valid OIBs, the same ones for the same seed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Ten digits and a check digit make an OIB.
const OIB_BODIES: u64 = 10_000_000_000;
/// Has no factor in common with [`OIB_BODIES`], so that every number gets an OIB of its own.
const SPREAD: u64 = 6_180_339_887;
/// People a fan may name: themselves, companions, replacements for companions who have a ticket already.
pub(crate) const PEOPLE_PER_FAN: u64 = 32;
/// More than any run has fans.
const OUTLAW: u64 = 9_000_000;

const FIRST_NAMES: [&str; 12] = [
    "Ana",
    "Ivo",
    "Marija",
    "Luka",
    "Petra",
    "Ante",
    "Iva",
    "Josip",
    "Lucija",
    "Šime",
    "Đurđa",
    "Krešimir",
];
const LAST_NAMES: [&str; 10] = [
    "Horvat",
    "Kovačević",
    "Babić",
    "Marić",
    "Jurić",
    "Novak",
    "Šarić",
    "Vuković",
    "Đurić",
    "Žanić",
];

/// Somebody who may sit on a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) born: String,
    pub(crate) oib: String,
    pub(crate) email: String,
}

/// All people of one seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    seed: u64,
}

impl People {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed }
    }

    /// The fan's own user name at the identity provider.
    pub(crate) fn username(self, fan: u64) -> String {
        format!("fan-{}-{fan}", self.seed)
    }

    /// Number 0 is the fan, the others are companions.
    pub(crate) fn person(self, fan: u64, number: u64) -> Person {
        let id = fan * PEOPLE_PER_FAN + number % PEOPLE_PER_FAN;
        let pick = |names: &[&str], at: u64| {
            let index = usize::try_from(at)
                .unwrap_or(0)
                .checked_rem(names.len())
                .unwrap_or(0);
            names.get(index).copied().unwrap_or("Ana").to_owned()
        };
        let name = format!("{} {}", pick(&FIRST_NAMES, id), pick(&LAST_NAMES, id / 7));
        let born = format!("{}-{:02}-{:02}", 1955 + id % 45, 1 + id % 12, 1 + id % 28);
        let email = if number == 0 {
            format!("{}@fans.example", self.username(fan))
        } else {
            format!("guest-{}-{fan}-{number}@fans.example", self.seed)
        };
        Person {
            name,
            born,
            oib: oib(self.offset() + mixed(id)),
            email,
        }
    }

    /// Somebody who is on the blacklist and comes to no match: other fans name them.
    pub(crate) fn outlaw(self) -> Person {
        self.person(OUTLAW, 0)
    }

    /// Seeds start far apart, so that runs on one database do not share people.
    fn offset(self) -> u64 {
        self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) % OIB_BODIES
    }
}

fn mixed(id: u64) -> u64 {
    u64::try_from(u128::from(id) * u128::from(SPREAD) % u128::from(OIB_BODIES)).unwrap_or(0)
}

/// ISO 7064 MOD 11-10 over the last ten digits of `number`.
pub(crate) fn oib(number: u64) -> String {
    let body = format!("{:010}", number % OIB_BODIES);
    let remainder = body
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .fold(10, |carry, digit| {
            let sum = (carry + digit) % 10;
            (if sum == 0 { 10 } else { sum }) * 2 % 11
        });
    format!("{body}{}", (11 - remainder) % 10)
}

/// Who was used in a run: written beside the report, read by `scan`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Identities {
    pub(crate) people: Vec<Person>,
}

impl Identities {
    /// `<report>.identities.json`.
    pub(crate) fn beside(report: &Path) -> PathBuf {
        let mut name = report.as_os_str().to_owned();
        name.push(".identities.json");
        PathBuf::from(name)
    }

    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        std::fs::write(file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}; `load-tests on-sale` writes it", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn oibs_have_the_check_digit_of_published_examples() {
        assert_eq!(oib(9_457_740_319), "94577403194");
        assert_eq!(oib(3_339_200_596), "33392005961");
    }

    #[test]
    fn nobody_shares_an_oib() {
        let people = People::of(7);
        let oibs: BTreeSet<String> = (0..500)
            .flat_map(|fan| (0..PEOPLE_PER_FAN).map(move |number| people.person(fan, number).oib))
            .collect();
        assert_eq!(oibs.len(), 500 * usize::try_from(PEOPLE_PER_FAN).unwrap());
    }
}
