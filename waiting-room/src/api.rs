//! Mounts the routes; nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as HttpApp, HttpResponse, HttpServer, get, web};
use anyhow::Context;
use platform::documents;
use platform::problems::{self, Problem, UNAVAILABLE};
use platform::requests::name_request;
use platform::settings::BadSettings;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::settings::Http;
use crate::{queues, sessions, tickets};

/// The largest body: a join grant, several times over.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Requests under way when the node stops have so long, seconds.
const STOP_WITHIN_SECONDS: u64 = 2;

#[derive(OpenApi)]
#[openapi(
    info(title = "Tribina waiting room", description = "A fair line in front of a sale. Tenants run queues; fans wait in them."),
    components(schemas(Problem)),
    modifiers(&Schemes)
)]
struct Api;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = |what: &str| {
            let scheme = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some(what));
            SecurityScheme::Http(scheme.build())
        };
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme(
            "service_token",
            bearer("EdDSA token of a tenant's server, signed with its registered key"),
        );
        components.add_security_scheme(
            "ticket_token",
            bearer("The `ticket_token` from the answer to joining"),
        );
    }
}

/// Listens for the API.
pub(crate) fn serve(app: &Arc<App>, http: &Http) -> anyhow::Result<(Server, SocketAddr)> {
    let data = web::Data::new(Arc::clone(app));
    let listening = HttpServer::new(move || {
        HttpApp::new()
            .wrap(from_fn(name_request))
            .into_utoipa_app()
            .openapi(Api::openapi())
            .app_data(data.clone())
            .configure(routes)
            .openapi_service(|mut api| {
                documents::complete(&mut api);
                SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", api)
            })
            .default_service(web::to(problems::no_such_route))
            .into_app()
            .service(web::redirect("/docs", "/docs/"))
            .configure(|config| problems::configure_extractors(config, BODY_BYTES_MAX))
    })
    .workers(http.workers)
    .disable_signals()
    .shutdown_timeout(STOP_WITHIN_SECONDS)
    .bind(http.listen)
    .map_err(|error| BadSettings::unusable_address("http.listen", http.listen, &error))?;
    let address = listening
        .addrs()
        .first()
        .copied()
        .context("no address to listen on")?;
    Ok((listening.run(), address))
}

/// The document that `/openapi.json` serves.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = HttpApp::new()
        .into_utoipa_app()
        .openapi(Api::openapi())
        .configure(routes)
        .split_for_parts();
    documents::complete(&mut document);
    document
}

fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    queues::configure(config);
    tickets::configure(config);
    sessions::configure(config);
    config.service(health);
}

/// Whether this node can serve: both stores answer.
#[utoipa::path(tag = "health", responses((status = 200, description = "Ready"), (status = 503, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F5")),
        ("x-rules" = json!(["ready-with-both-stores"]))))]
#[get("/healthz")]
async fn health(app: web::Data<Arc<App>>) -> Result<HttpResponse, Problem> {
    let broken = |_| Problem::new(UNAVAILABLE).retry_after(1);
    app.store.ping().await.map_err(broken)?;
    app.db.acquire().await.map_err(|error| broken(error.into()))?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ok" })))
}
