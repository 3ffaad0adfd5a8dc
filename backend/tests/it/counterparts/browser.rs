//! As much of a browser as a sign-in takes: redirects, cookies, forms.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};

/// A sign-in is over long before.
const STEPS_MAX: usize = 12;
/// Where the app waits for its code; nothing listens there, and nothing needs to.
const CALLBACK: &str = "http://127.0.0.1/callback";
/// The published pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Signs `name` in at `issuer` for `audience` and gives the access token.
pub(super) async fn sign_in(issuer: &str, audience: &str, name: &str) -> String {
    let mut browser = Browser::new();
    let code = browser.code(issuer, audience, name).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("resource", audience),
        ("code", &code),
    ];
    let answer = browser
        .http
        .post(format!("{issuer}/token"))
        .form(&form)
        .send()
        .await
        .unwrap();
    let body: serde_json::Value = answer.json().await.unwrap();
    body["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("no token: {body}"))
        .to_owned()
}

struct Browser {
    http: Client,
    /// By name: (path, value).
    cookies: BTreeMap<String, (String, String)>,
}

impl Browser {
    fn new() -> Self {
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            cookies: BTreeMap::new(),
        }
    }

    /// Follows where the provider leads, fills in its two forms (who are you, may this app), and comes back with a code.
    async fn code(&mut self, issuer: &str, audience: &str, name: &str) -> String {
        let mut page = Url::parse_with_params(
            &format!("{issuer}/auth"),
            [
                ("client_id", "app"),
                ("response_type", "code"),
                ("scope", "openid buy"),
                ("redirect_uri", CALLBACK),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("resource", audience),
            ],
        )
        .unwrap();
        for _ in 0..STEPS_MAX {
            if page.as_str().starts_with(CALLBACK) {
                let code = page.query_pairs().find(|(key, _)| key == "code");
                return code.unwrap_or_else(|| panic!("no code: {page}")).1.into_owned();
            }
            let shown = self.send(&page, self.http.get(page.clone())).await;
            let next = match target(&shown) {
                Some(target) => target,
                None => self.fill_in(&page, &shown.text().await.unwrap(), name).await,
            };
            page = page.join(&next).unwrap();
        }
        panic!("the sign-in did not end: {page}")
    }

    async fn fill_in(&mut self, page: &Url, html: &str, name: &str) -> String {
        let prompt = if html.contains(r#"name="prompt" value="login""#) {
            "login"
        } else {
            "consent"
        };
        let form = [("prompt", prompt), ("login", name), ("password", "any")];
        let sent = self.send(page, self.http.post(page.clone()).form(&form)).await;
        target(&sent).unwrap_or_else(|| panic!("the form `{prompt}` led nowhere: {}", sent.status()))
    }

    async fn send(&mut self, page: &Url, request: RequestBuilder) -> Response {
        let ours = self
            .cookies
            .iter()
            .filter(|(_, (path, _))| page.path().starts_with(path.as_str()));
        let cookies: Vec<String> = ours.map(|(name, (_, value))| format!("{name}={value}")).collect();
        let answer = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let mut parts = set.to_str().unwrap().split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
            self.cookies
                .insert(name.to_owned(), (path.to_owned(), value.to_owned()));
        }
        answer
    }
}

fn target(answer: &Response) -> Option<String> {
    let location = answer.headers().get(LOCATION)?;
    Some(location.to_str().unwrap().to_owned())
}
