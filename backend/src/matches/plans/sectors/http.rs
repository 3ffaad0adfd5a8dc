//! `PUT /admin/matches/{match_id}/sectors/{code}`.

use actix_web::put;
use actix_web::web::{Data, Json, Path};
use domain::ids::MatchId;
use platform::body::Body;
use platform::problems::Problem;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions;
use crate::app::App;
use crate::http::fault::Fault;
use crate::http::reasons;
use crate::http::staff::{ManageSectors, Staff};
use crate::matches::plans::body::SectorState;
use crate::matches::plans::http::{PlanView, planner};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(change_sector);
}

/// What becomes of a sector, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectorChange {
    /// ACTIVE, CLOSED, MAINTENANCE or STERILE.
    #[schema(value_type = String, example = "MAINTENANCE")]
    state: SectorState,
    /// 3 to 500 characters; no personal data.
    #[schema(example = "a pipe has burst")]
    reason: String,
}

/// Take a sector of a match from the sale, or give it back: refused while somebody has a seat there.
#[utoipa::path(tag = "matches", request_body = SectorChange,
    params(("match_id" = Uuid, Path), ("code" = String, Path, example = "ZD1")),
    responses((status = 200, body = PlanView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F4")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("matches.sectors"))))]
#[put("/matches/{match_id}/sectors/{code}")]
async fn change_sector(
    app: Data<App>,
    staff: Staff<ManageSectors>,
    path: Path<(MatchId, String)>,
    body: Body<SectorChange>,
) -> Result<Json<PlanView>, Fault<Problem>> {
    let planner = planner(&staff, Some(reasons::parse(&body.reason)?));
    let (match_id, code) = path.into_inner();
    let mut tx = app.db.begin().await?;
    let changed = actions::change_sector(&mut tx, app.ids, &planner, (match_id, &code, body.state)).await;
    let changed = changed.map_err(Fault::told)?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}
