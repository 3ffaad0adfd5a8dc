//! The same rule, written to be seen to be right and not to be fast: it looks at every place where a party could sit.

use std::collections::BTreeSet;

use super::FreeSeat;

/// The seats that a party gets, by their places in `free`, which is in snake order. None: it cannot be seated so.
pub(super) fn together(free: &[FreeSeat], taken: &BTreeSet<usize>, party: usize) -> Option<Vec<usize>> {
    let places: Vec<Vec<usize>> = stretches(free, taken)
        .into_iter()
        .filter(|stretch| stretch.len() >= party)
        .collect();
    let lasting = places.iter().find(|stretch| stretch.len() - party != 1);
    lasting
        .or_else(|| places.first())
        .map(|stretch| stretch[..party].to_vec())
}

/// The same of a party that is torn apart.
pub(super) fn apart(free: &[FreeSeat], taken: &BTreeSet<usize>, party: usize) -> Option<Vec<usize>> {
    let mut taken = taken.clone();
    let mut given = Vec::new();
    while given.len() < party {
        let missing = party - given.len();
        let all = stretches(free, &taken);
        let longest = all.iter().map(|stretch| stretch.len().min(missing)).max()?;
        let piece = all.iter().find(|stretch| stretch.len() >= longest)?[..longest].to_vec();
        taken.extend(&piece);
        given.extend(piece);
    }
    Some(given)
}

/// Neighbours that are left, stretch by stretch.
fn stretches(free: &[FreeSeat], taken: &BTreeSet<usize>) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    for (place, seat) in free
        .iter()
        .enumerate()
        .filter(|(place, _)| !taken.contains(place))
    {
        let continued = all.last_mut().filter(|stretch| {
            stretch.last().is_some_and(|last| {
                free[*last].run_id == seat.run_id && free[*last].snake_rank + 1 == seat.snake_rank
            })
        });
        match continued {
            Some(stretch) => stretch.push(place),
            None => all.push(vec![place]),
        }
    }
    all
}
