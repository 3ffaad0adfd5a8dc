//! A waiting room that admits whom the test says: the contract of the real one towards its tenant, and nothing behind it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use contracts::room::{
    AccessGranted, AccessQuery, ChangeQueue, CreateQueue, OriginHealth, Queue, QueueState, TicketState,
};
use contracts::tokens::{
    JOIN_GRANT_TYP, JoinGrantClaims, SERVICE_TYP, SESSION_PASS_TYP, ServiceClaims, SessionPassClaims,
    WAITING_ROOM_AUDIENCE,
};
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use platform::keys::{SigningKey, VerifyingKey};
use platform::tasks::Tasks;
use serde_json::json;
use uuid::Uuid;

/// The room's name in passes.
pub(crate) const ISSUER: &str = "room-of-this-test";

/// Our name there.
pub(crate) const TENANT: &str = "tribina";

/// A running room.
pub(crate) struct Room {
    /// Where it is.
    pub(crate) base_url: String,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

struct Shared {
    key: SigningKey,
    tenant: VerifyingKey,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// By reference.
    queues: BTreeMap<String, (Queue, CreateQueue)>,
    fans: BTreeMap<Uuid, Standing>,
    completed: Vec<Uuid>,
}

#[derive(Clone)]
enum Standing {
    Admitted { ticket_id: Uuid, until: DateTime<Utc> },
    Over { reason: &'static str },
}

impl Room {
    /// Serves the tenant whose key this is.
    pub(crate) fn start(tasks: &Tasks, tenant: VerifyingKey) -> Self {
        let shared = Arc::new(Shared {
            key: key(77),
            tenant,
            book: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let data = Data::from(shared.clone());
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tasks.spawn("room", async move { server.await.unwrap() });
        Self {
            base_url,
            shared,
            handle,
        }
    }

    /// From now on the fan is in a session until `until`.
    pub(crate) fn admit(&self, user: Uuid, until: DateTime<Utc>) {
        let ticket_id = Ids.next();
        let standing = Standing::Admitted { ticket_id, until };
        self.shared.book.lock().unwrap().fans.insert(user, standing);
    }

    /// From now on the fan's session is over.
    pub(crate) fn end(&self, user: Uuid, reason: &'static str) {
        self.shared
            .book
            .lock()
            .unwrap()
            .fans
            .insert(user, Standing::Over { reason });
    }

    /// The pass that the room would give this fan.
    pub(crate) fn pass(&self, queue_id: Uuid, user: Uuid) -> String {
        let standing = self.shared.book.lock().unwrap().fans.get(&user).cloned();
        let Some(Standing::Admitted { ticket_id, until }) = standing else {
            panic!("{user} is not admitted");
        };
        self.shared.pass((queue_id, user), ticket_id, until)
    }

    /// The claims of a join grant, if the tenant signed it.
    pub(crate) fn read_grant(&self, grant: &str) -> JoinGrantClaims {
        self.shared
            .tenant
            .verify(
                JOIN_GRANT_TYP,
                grant,
                Some(WAITING_ROOM_AUDIENCE),
                SystemClock.now(),
            )
            .unwrap()
    }

    /// The queue that was made under this reference.
    pub(crate) fn queue(&self, reference: &str) -> Option<Uuid> {
        let book = self.shared.book.lock().unwrap();
        book.queues.get(reference).map(|(queue, _)| queue.id)
    }

    /// Everything is sold: the room has closed the queue of this reference.
    pub(crate) fn sells_out(&self, reference: &str) {
        let mut book = self.shared.book.lock().unwrap();
        if let Some((queue, _)) = book.queues.get_mut(reference) {
            queue.state = QueueState::Closed;
        }
    }

    /// That queue as it stands.
    pub(crate) fn queue_as_it_stands(&self, reference: &str) -> Queue {
        let book = self.shared.book.lock().unwrap();
        book.queues[reference].0.clone()
    }

    /// How many queues were made.
    pub(crate) fn queues(&self) -> usize {
        self.shared.book.lock().unwrap().queues.len()
    }

    /// Which sessions the tenant has completed.
    pub(crate) fn completed(&self) -> Vec<Uuid> {
        self.shared.book.lock().unwrap().completed.clone()
    }

    /// Nobody answers any more.
    pub(crate) async fn go_away(&self) {
        self.handle.stop(false).await;
    }
}

/// A key made of one byte: tests have no secrets.
pub(crate) fn key(byte: u8) -> SigningKey {
    SigningKey::from_seed_base64(&seed(byte)).unwrap()
}

/// Its seed.
pub(crate) fn seed(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

impl Shared {
    fn pass(&self, (queue_id, user): (Uuid, Uuid), ticket_id: Uuid, until: DateTime<Utc>) -> String {
        let claims = SessionPassClaims {
            iss: ISSUER.to_owned(),
            aud: TENANT.to_owned(),
            sub: user,
            queue_id,
            ticket_id,
            iat: SystemClock.now().timestamp(),
            exp: until.timestamp(),
            session_expires_at_ms: until.timestamp_millis(),
        };
        self.key.sign(SESSION_PASS_TYP, &claims).unwrap()
    }

    /// Does something with a queue of the tenant, and answers it.
    fn on_queue(
        &self,
        request: &HttpRequest,
        id: Uuid,
        deed: impl FnOnce(&mut Queue, &mut CreateQueue),
    ) -> HttpResponse {
        if !self.is_tenant(request) {
            return HttpResponse::Unauthorized().finish();
        }
        let mut book = self.book.lock().unwrap();
        match book.queues.values_mut().find(|(queue, _)| queue.id == id) {
            Some((queue, set)) => {
                deed(queue, set);
                HttpResponse::Ok().json(&*queue)
            }
            None => HttpResponse::NotFound().json(json!({"code": "no-such-queue"})),
        }
    }

    fn is_tenant(&self, request: &HttpRequest) -> bool {
        let header = request
            .headers()
            .get("Authorization")
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        self.tenant
            .verify::<ServiceClaims>(SERVICE_TYP, token, Some(WAITING_ROOM_AUDIENCE), SystemClock.now())
            .is_ok_and(|claims| claims.iss == TENANT)
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/.well-known/jwks.json", web::get().to(keys))
        .route("/queues", web::post().to(create_queue))
        .route("/queues/{id}", web::patch().to(change_queue))
        .route("/queues/{id}/origin-health", web::post().to(hear_health))
        .route("/queues/{id}/{verb}", web::post().to(turn_queue))
        .route("/access", web::get().to(access))
        .route("/sessions/{id}/complete", web::post().to(complete));
}

async fn keys(room: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"keys": [room.key.jwk()]}))
}

async fn create_queue(
    room: Data<Shared>,
    request: HttpRequest,
    Json(body): Json<CreateQueue>,
) -> HttpResponse {
    if !room.is_tenant(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let mut book = room.book.lock().unwrap();
    let made = Queue {
        id: Ids.next(),
        reference: body.reference.clone(),
        mode: body.mode,
        state: QueueState::Open,
        max_active_sessions: body.max_active_sessions,
        admissions_per_minute: body.admissions_per_minute,
        session_ttl_seconds: body.session_ttl_seconds,
        ticket_ttl_seconds: body.ticket_ttl_seconds,
        openings: body.openings.clone(),
    };
    let (queue, set) = book
        .queues
        .entry(body.reference.clone())
        .or_insert_with(|| (made, body.clone()))
        .clone();
    if set == body {
        HttpResponse::Created().json(queue)
    } else {
        HttpResponse::Conflict().json(json!({"code": "queue-exists", "queue_id": queue.id}))
    }
}

async fn change_queue(
    room: Data<Shared>,
    request: HttpRequest,
    id: Path<Uuid>,
    Json(change): Json<ChangeQueue>,
) -> HttpResponse {
    room.on_queue(&request, *id, |queue, set| {
        queue.max_active_sessions = change.max_active_sessions.unwrap_or(queue.max_active_sessions);
        queue.admissions_per_minute = change
            .admissions_per_minute
            .unwrap_or(queue.admissions_per_minute);
        queue.openings = change.openings.clone().unwrap_or(queue.openings.clone());
        set.max_active_sessions = queue.max_active_sessions;
        set.admissions_per_minute = queue.admissions_per_minute;
        set.openings = queue.openings.clone();
    })
}

async fn turn_queue(room: Data<Shared>, request: HttpRequest, path: Path<(Uuid, String)>) -> HttpResponse {
    let (id, verb) = path.into_inner();
    room.on_queue(&request, id, |queue, _| {
        queue.state = match verb.as_str() {
            "pause" => QueueState::Paused,
            "resume" => QueueState::Open,
            "close" => QueueState::Closed,
            other => panic!("the room has no verb {other}"),
        };
    })
}

async fn hear_health(room: Data<Shared>, request: HttpRequest, _: Json<OriginHealth>) -> HttpResponse {
    if room.is_tenant(&request) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::Unauthorized().finish()
    }
}

async fn access(room: Data<Shared>, request: HttpRequest, asked: Query<AccessQuery>) -> HttpResponse {
    if !room.is_tenant(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let now = SystemClock.now();
    let standing = room.book.lock().unwrap().fans.get(&asked.user_id).cloned();
    match standing {
        None => HttpResponse::NotFound().json(json!({"code": "never-joined", "now": now})),
        Some(Standing::Over { reason }) => {
            HttpResponse::Gone().json(json!({"code": "session-over", "reason": reason, "now": now}))
        }
        Some(Standing::Admitted { ticket_id, until }) => HttpResponse::Ok().json(AccessGranted {
            decision: TicketState::Admitted,
            ticket_id,
            session_expires_at: until,
            decision_version: 1,
            max_age_ms: 5_000,
            pass: room.pass((asked.queue_id, asked.user_id), ticket_id, until),
            now,
        }),
    }
}

async fn complete(room: Data<Shared>, request: HttpRequest, session: Path<Uuid>) -> HttpResponse {
    if !room.is_tenant(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    room.book.lock().unwrap().completed.push(*session);
    HttpResponse::Ok().json(json!({"ticket_id": *session, "state": "COMPLETED"}))
}
