//! Something else where an address wants an id, such as a name: what the id is called, and where such ids are listed.

use actix_web::HttpRequest;
use actix_web::error::PathError;
use platform::problems::{NO_SUCH_ROUTE, Problem};
use uuid::Uuid;

/// Where ids of stadiums are found.
pub const STADIUMS_LISTED: &str =
    "`backend admin stadium list` and GET /admin/stadiums list the ids of stadiums";
/// Where codes of a stadium's sectors are found.
pub const STADIUM_SECTORS_LISTED: &str =
    "GET /admin/stadiums/{stadium_id} lists the codes of a stadium's sectors";
/// Where ids of matches are found.
pub const MATCHES_LISTED: &str = "`backend admin match list` and GET /admin/matches list the ids of matches";
/// Where codes of a match's sectors are found.
pub const SECTORS_LISTED: &str =
    "`backend admin match show` and GET /admin/matches/{match_id} list the codes of sectors";
/// Where ids of phases are found.
pub const PHASES_LISTED: &str =
    "`backend admin match phase list` and GET /admin/matches/{match_id}/sales-phases list the ids of phases";
/// How somebody's id is found.
pub const USERS_LISTED: &str = "GET /admin/staff lists the ids of everybody with a role; whoever has none yet signs in once and asks \
    GET /admin/staff/me, where `not-staff` says their user_id";

/// Error handler of the staff's addresses: there is nothing there, and why.
pub fn no_such_id(_: &PathError, request: &HttpRequest) -> Problem {
    let is_no_id = |(_, text): &(&str, &str)| text.parse::<Uuid>().is_err();
    let mut named = request.match_info().iter();
    let wrong = named.find(|part| part.0.ends_with("_id") && is_no_id(part));
    let problem = Problem::new(NO_SUCH_ROUTE);
    match wrong {
        Some((name, _)) => problem.detail(format!("this is no {name}{}", listed(name))),
        None => problem,
    }
}

fn listed(name: &str) -> String {
    let place = match name {
        "stadium_id" => STADIUMS_LISTED,
        "match_id" => MATCHES_LISTED,
        "phase_id" => PHASES_LISTED,
        "user_id" => USERS_LISTED,
        "entry_id" => "`backend admin blacklist list` and GET /admin/blacklist list the ids of entries",
        _ => return String::new(),
    };
    format!(": {place}")
}
