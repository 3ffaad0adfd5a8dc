//! One waiting room per test: its own database, its own queues, ephemeral ports.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use contracts::room::{CreateQueue, Opening, Queue, QueueMode, QueueStats, RoomFrame};
use contracts::tokens::{JOIN_GRANT_TYP, JoinGrantClaims, SERVICE_TYP, ServiceClaims, WAITING_ROOM_AUDIENCE};
use futures_util::StreamExt;
use platform::keys::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;
use waiting_room::settings::Settings;
use waiting_room::{Running, admin, start};

pub(crate) const TENANT: &str = "tribina";
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Room {
    pub(crate) settings: Settings,
    pub(crate) db: PgPool,
    pub(crate) key: SigningKey,
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) sockets: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

pub(crate) struct Fan {
    pub(crate) user: Uuid,
    pub(crate) ticket: Uuid,
    pub(crate) token: String,
    pub(crate) joined: Value,
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Runs `body` against a fresh waiting room, and tidies up however it ends.
pub(crate) fn room<F>(body: impl FnOnce(Arc<Room>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    upgraded_room(async |_| {}, body);
}

/// The same, with a database that `fill` had in use before all migrations ran.
pub(crate) fn upgraded_room<F>(fill: impl AsyncFnOnce(&PgPool), body: impl FnOnce(Arc<Room>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let admin_url = required(
            "WAITING_ROOM_TEST_DATABASE_URL",
            "an address that may create databases",
        );
        let redis_url = required("TEST_REDIS_URL", "the address of a Redis");
        let name = format!("room_it_{}", Uuid::now_v7().simple());
        let admin = PgPool::connect(&admin_url)
            .await
            .expect("WAITING_ROOM_TEST_DATABASE_URL can be reached");
        run_sql(&admin, format!("CREATE DATABASE {name}")).await;

        let settings = settings(&with_database(&admin_url, &name), &redis_url);
        let key = SigningKey::from_seed_base64(&STANDARD.encode([7; 32])).unwrap();
        let db = PgPool::connect(&with_database(&admin_url, &name)).await.unwrap();
        fill(&db).await;
        admin::migrate(&settings).await.unwrap();
        admin::register_tenant(&settings, TENANT, &key.public_base64())
            .await
            .unwrap();
        let running = start(&settings).await.unwrap();
        let room = Arc::new(Room {
            db,
            key,
            http: platform::http_client(Duration::from_secs(10)).unwrap(),
            base: format!("http://{}", running.api_address),
            sockets: format!("ws://{}", running.sockets_address),
            settings,
        });
        let outcome = tokio::spawn(body(Arc::clone(&room))).await;

        running.stop().await;
        room.db.close().await;
        run_sql(&admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        if let Err(failure) = outcome {
            std::panic::resume_unwind(failure.into_panic());
        }
    });
}

fn required(variable: &str, what: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("set {variable} to {what}; `cargo xtask test` does"))
}

async fn run_sql(db: &PgPool, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(db).await.unwrap();
}

fn with_database(admin_url: &str, name: &str) -> String {
    let (server, _) = admin_url.rsplit_once('/').expect("an address with a database");
    format!("{server}/{name}")
}

fn settings(database: &str, redis: &str) -> Settings {
    serde_json::from_value(json!({
        "http": {
            "listen": "127.0.0.1:0", "public_url": "http://room.test",
            "sockets_listen": "127.0.0.1:0", "sockets_public_url": "ws://sockets.room.test", "workers": 1,
        },
        "database": { "url": database, "max_connections": 4 },
        "redis": { "url": redis },
        "signing": { "issuer": "room-under-test", "key": STANDARD.encode([9; 32]) },
    }))
    .unwrap()
}

/// Asks again and again, until there is an answer.
pub(crate) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "did not happen in time: {what}");
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

impl Room {
    /// Settings of a queue that is open, with room for `cap`, and minutes for everything.
    pub(crate) fn queue_with(cap: u32) -> CreateQueue {
        CreateQueue {
            reference: format!("match-{}", Uuid::now_v7()),
            mode: QueueMode::Capacity,
            max_active_sessions: cap,
            admissions_per_minute: None,
            session_ttl_seconds: 120,
            ticket_ttl_seconds: 600,
            openings: vec![Opening {
                opens_at: Utc::now() - chrono::TimeDelta::minutes(1),
                closes_at: None,
            }],
        }
    }

    pub(crate) async fn open_queue(&self, queue: CreateQueue) -> Queue {
        let answer = self.as_tenant(Method::POST, "/queues", Some(json!(queue))).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        serde_json::from_value(answer.body).unwrap()
    }

    pub(crate) fn service_token(&self) -> String {
        self.service_token_at(Utc::now())
    }

    pub(crate) fn service_token_at(&self, now: DateTime<Utc>) -> String {
        let claims = ServiceClaims {
            iss: TENANT.to_owned(),
            aud: WAITING_ROOM_AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: now.timestamp() + 60,
        };
        self.key.sign(SERVICE_TYP, &claims).unwrap()
    }

    pub(crate) fn grant(&self, queue: Uuid, user: Uuid) -> String {
        self.grant_at(queue, user, Utc::now())
    }

    pub(crate) fn grant_at(&self, queue: Uuid, user: Uuid, now: DateTime<Utc>) -> String {
        self.grant_from(queue, user, (now, None))
    }

    pub(crate) fn grant_from(
        &self,
        queue: Uuid,
        user: Uuid,
        (now, nbf): (DateTime<Utc>, Option<i64>),
    ) -> String {
        let claims = JoinGrantClaims {
            iss: TENANT.to_owned(),
            aud: WAITING_ROOM_AUDIENCE.to_owned(),
            sub: user,
            queue_id: queue,
            iat: now.timestamp(),
            nbf,
            exp: now.timestamp() + 600,
        };
        self.key.sign(JOIN_GRANT_TYP, &claims).unwrap()
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn as_tenant(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call(method, path, Some(&self.service_token()), body).await
    }

    pub(crate) async fn post(&self, path: String) -> Answer {
        self.as_tenant(Method::POST, &path, None).await
    }

    pub(crate) async fn try_join(&self, queue: Uuid, user: Uuid) -> Answer {
        let body = json!({ "grant": self.grant(queue, user) });
        self.call(
            Method::POST,
            &format!("/queues/{queue}/tickets"),
            None,
            Some(body),
        )
        .await
    }

    pub(crate) async fn join(&self, queue: Uuid) -> Fan {
        self.join_as(queue, Uuid::now_v7()).await
    }

    pub(crate) async fn join_as(&self, queue: Uuid, user: Uuid) -> Fan {
        let answer = self.try_join(queue, user).await;
        assert!([200, 201].contains(&answer.status), "{}", answer.body);
        Fan {
            user,
            ticket: answer.body["ticket_id"].as_str().unwrap().parse().unwrap(),
            token: answer.body["ticket_token"].as_str().unwrap().to_owned(),
            joined: answer.body,
        }
    }

    pub(crate) async fn ticket(&self, fan: &Fan) -> Value {
        let answer = self
            .call(
                Method::GET,
                &format!("/tickets/{}", fan.ticket),
                Some(&fan.token),
                None,
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    pub(crate) async fn until_state(&self, fan: &Fan, state: &str) -> Value {
        eventually(&format!("ticket in {state}"), || async {
            let ticket = self.ticket(fan).await;
            (ticket["state"] == state).then_some(ticket)
        })
        .await
    }

    pub(crate) async fn until_position(&self, fan: &Fan, position: u64) {
        eventually(&format!("position {position}"), || async {
            (self.ticket(fan).await["position"] == position).then_some(())
        })
        .await;
    }

    pub(crate) async fn access(&self, queue: Uuid, user: Uuid) -> Answer {
        self.as_tenant(
            Method::GET,
            &format!("/access?queue_id={queue}&user_id={user}"),
            None,
        )
        .await
    }

    pub(crate) async fn stats(&self, queue: Uuid) -> QueueStats {
        let answer = self
            .as_tenant(Method::GET, &format!("/queues/{queue}/stats"), None)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_value(answer.body).unwrap()
    }

    pub(crate) async fn until_stats(&self, queue: Uuid, what: &str, holds: impl Fn(&QueueStats) -> bool) {
        eventually(what, || async { holds(&self.stats(queue).await).then_some(()) }).await;
    }

    pub(crate) async fn report_stock(&self, queue: Uuid, [free, held, paying]: [u64; 3]) {
        let stock = json!({ "stock_free": free, "stock_held": held, "stock_paying": paying });
        let path = format!("/queues/{queue}/origin-health");
        assert_eq!(self.as_tenant(Method::POST, &path, Some(stock)).await.status, 204);
    }

    /// The same waiting room, through another node.
    pub(crate) fn beside(room: &Self, node: &Running) -> Self {
        Self {
            settings: room.settings.clone(),
            db: room.db.clone(),
            key: SigningKey::from_seed_base64(&STANDARD.encode([7; 32])).unwrap(),
            http: room.http.clone(),
            base: format!("http://{}", node.api_address),
            sockets: format!("ws://{}", node.sockets_address),
        }
    }

    /// Another node over the same stores.
    pub(crate) async fn another_node(&self) -> Running {
        start(&self.settings).await.unwrap()
    }

    pub(crate) async fn connect(&self, fan: &Fan) -> Socket {
        self.try_connect(fan.ticket, &format!("tribina.v1, {}", fan.token))
            .await
            .unwrap()
    }

    pub(crate) async fn try_connect(
        &self,
        ticket: Uuid,
        protocols: &str,
    ) -> Result<Socket, tungstenite::Error> {
        let mut request = format!("{}/tickets/{ticket}/ws", self.sockets)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", protocols.parse().unwrap());
        let (socket, response) = tokio_tungstenite::connect_async(request).await?;
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "tribina.v1");
        Ok(socket)
    }
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get("content-type")
            .map_or("", |value| value.to_str().unwrap());
        let content_type = content_type.to_owned();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            content_type,
            body,
        }
    }

    /// Checks that this is the problem `code`, in the form of all problems.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> &Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        assert_eq!(self.content_type, "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("https://tribina.dev/problems/{code}"));
        assert!(
            self.body["title"].is_string() && self.body["request_id"].is_string(),
            "{}",
            self.body
        );
        &self.body
    }
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// The next frame of the room.
pub(crate) async fn frame(socket: &mut Socket) -> RoomFrame {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .expect("a frame in time");
        match message.expect("an open socket").unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("expected a frame, got {other:?}"),
        }
    }
}

/// The code with which the room closes the socket, whatever it says before.
pub(crate) async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .expect("a goodbye in time");
        if let Message::Close(frame) = message.expect("a goodbye").unwrap() {
            return frame.expect("a close code").code.into();
        }
    }
}
