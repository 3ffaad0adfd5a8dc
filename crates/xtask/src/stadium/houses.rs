//! The five houses of the federation's home matches.

use super::building::Level::{Lower, Only, Upper};
use super::building::{House, tier};

/// A friendly price and a price for the big nights.
const FRIENDLY: [(&str, &str); 4] = [
    ("40.00", "50.00"),
    ("30.00", "37.50"),
    ("20.00", "25.00"),
    ("15.00", "18.75"),
];
const BIG_NIGHT: [(&str, &str); 4] = [
    ("60.00", "75.00"),
    ("45.00", "55.00"),
    ("30.00", "37.50"),
    ("20.00", "25.00"),
];

pub(super) const HOUSES: [House; 5] = [
    House {
        file: "maksimir",
        name: "Maksimir",
        city: "Zagreb",
        for_sale: 35_123,
        tiers: &[
            tier(("WEST", "ZD", "Zapad donji"), 9, (14, 28, 0), Lower),
            tier(("WEST", "ZG", "Zapad gornji"), 9, (20, 28, 0), Upper),
            tier(("EAST", "ID", "Istok donji"), 10, (20, 27, 0), Lower),
            tier(("EAST", "IG", "Istok gornji"), 10, (18, 28, 0), Upper),
            tier(("NORTH", "SD", "Sjever donji"), 8, (19, 24, 3), Lower),
            tier(("NORTH", "SG", "Sjever gornji"), 8, (18, 26, 2), Upper),
            tier(("SOUTH", "JD", "Jug donji"), 8, (19, 24, 3), Lower),
            tier(("SOUTH", "JG", "Jug gornji"), 8, (18, 26, 2), Upper),
        ],
        prices: BIG_NIGHT,
    },
    House {
        file: "poljud",
        name: "Poljud",
        city: "Split",
        for_sale: 33_987,
        tiers: &[
            tier(("WEST", "ZD", "Zapad donji"), 10, (16, 29, 0), Lower),
            tier(("WEST", "ZG", "Zapad gornji"), 10, (20, 27, 0), Upper),
            tier(("EAST", "ID", "Istok donji"), 10, (16, 29, 0), Lower),
            tier(("EAST", "IG", "Istok gornji"), 10, (20, 27, 0), Upper),
            tier(("NORTH", "SD", "Sjever donji"), 8, (15, 25, 3), Lower),
            tier(("NORTH", "SG", "Sjever gornji"), 8, (17, 26, 2), Upper),
            tier(("SOUTH", "JD", "Jug donji"), 8, (15, 25, 3), Lower),
            tier(("SOUTH", "JG", "Jug gornji"), 8, (17, 26, 2), Upper),
        ],
        prices: BIG_NIGHT,
    },
    House {
        file: "opus-arena",
        name: "Opus Arena",
        city: "Osijek",
        for_sale: 13_005,
        tiers: &[
            tier(("WEST", "Z", "Zapad"), 8, (21, 24, 0), Only),
            tier(("EAST", "I", "Istok"), 8, (21, 24, 0), Only),
            tier(("NORTH", "S", "Sjever"), 6, (20, 19, 3), Only),
            tier(("SOUTH", "J", "Jug"), 6, (20, 19, 3), Only),
        ],
        prices: BIG_NIGHT,
    },
    House {
        file: "rujevica",
        name: "Rujevica",
        city: "Rijeka",
        for_sale: 8_279,
        tiers: &[
            tier(("WEST", "Z", "Zapad"), 6, (21, 22, 0), Only),
            tier(("EAST", "I", "Istok"), 6, (16, 22, 0), Only),
            tier(("NORTH", "S", "Sjever"), 5, (18, 20, 0), Only),
            tier(("SOUTH", "J", "Jug"), 5, (18, 20, 0), Only),
        ],
        prices: FRIENDLY,
    },
    House {
        file: "varazdin",
        name: "Varaždin",
        city: "Varaždin",
        for_sale: 8_850,
        tiers: &[
            tier(("WEST", "Z", "Zapad"), 7, (20, 20, 0), Only),
            tier(("EAST", "I", "Istok"), 7, (20, 22, 0), Only),
            tier(("NORTH", "S", "Sjever"), 4, (20, 20, 0), Only),
            tier(("SOUTH", "J", "Jug"), 4, (20, 20, 0), Only),
        ],
        prices: FRIENDLY,
    },
];
