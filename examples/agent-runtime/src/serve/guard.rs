//! Who may ask, and what a browser is told to refuse.
//!
//! Owns the token, the names under which the page is served, and the headers of every answer. Must never
//! know what is asked for.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

/// The longest body of a request, in bytes.
const BODY: usize = 16 << 10;

/// What everyone is told. Scripts and styles are the page's own files, so what an agent said cannot be
/// one even if it came to stand in the page.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// In these, browsers say for whose page they ask, and what is to become of the answer.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What somebody must know to answer requests: 256 random bits as 64 hexadecimal digits.
pub struct Token(String);

impl Token {
    /// A new token.
    ///
    /// # Errors
    /// If the operating system has no random bytes to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The token, to be shown to whoever may answer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request carries it, as `Authorization: Bearer …`. How long that takes does not depend
    /// on what is wrong with it.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let given = given.and_then(|given| given.strip_prefix(b"Bearer "));
        given.is_some_and(|given| given.ct_eq(self.0.as_bytes()).into())
    }
}

/// A router that only answers those who ask for it by its own name, each answer with the headers.
pub(super) fn guarded(router: Router, address: SocketAddr) -> Router {
    let port = address.port();
    let names = Arc::new([address.to_string(), format!("localhost:{port}")]);
    router.layer(DefaultBodyLimit::max(BODY)).layer(from_fn_with_state(names, guard))
}

async fn guard(State(names): State<Arc<[String; 2]>>, request: Request, next: Next) -> Response {
    let mut response = match refused(request.headers(), names.as_ref()) {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        // A picture says for itself how long it holds.
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Why a request is not answered, if it is not.
fn refused(headers: &HeaderMap, names: &[String]) -> Option<(StatusCode, &'static str)> {
    let text =
        |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let is_ours = |host: &str| names.iter().any(|name| name.eq_ignore_ascii_case(host));
    if !text(header::HOST).is_some_and(is_ours) {
        let why = "this page is served under its own address only\n";
        return Some((StatusCode::MISDIRECTED_REQUEST, why));
    }
    // A browser says for whose page it asks. Another one could not read the answer, but it would take the
    // room of those who may. A person who follows a link is let in.
    let foreign = match (text(SITE), text(header::ORIGIN)) {
        (Some(site), _) => !["same-origin", "none"].contains(&site),
        (None, Some(origin)) => !origin.strip_prefix("http://").is_some_and(is_ours),
        (None, None) => false,
    };
    let refused = foreign && text(DESTINATION) != Some("document");
    refused.then_some((StatusCode::FORBIDDEN, "another page asks for this one\n"))
}
