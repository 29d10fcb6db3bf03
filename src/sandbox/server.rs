//! The second front door: a port on this machine.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::sandbox::Sandbox;
use crate::sandbox::wire::{self, Request};

/// More than the largest request that CloudFormation takes, and the largest object that is put here.
const BODY_LIMIT: usize = 300 << 20;

/// Hears of every call that was answered: status and call on one line.
pub type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// A sandbox bound to a port, not yet answering.
pub struct Server {
    sandbox: Sandbox,
    listener: TcpListener,
    address: SocketAddr,
    heard: Option<Listener>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "sandbox on {}", self.address)
    }
}

impl Sandbox {
    /// Binds a port for the sandbox; port 0 picks a free one.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn serve(&self, address: SocketAddr) -> std::io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Server { sandbox: self.clone(), listener, address, heard: None })
    }
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells every call to `heard`, before its answer is sent.
    #[must_use]
    pub fn telling(self, heard: Listener) -> Self {
        Self { heard: Some(heard), ..self }
    }

    /// Answers until it is dropped.
    pub async fn run(self) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of descriptors, or a connection that died in the queue: the next may do better.
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                continue;
            };
            let (sandbox, heard) = (self.sandbox.clone(), self.heard.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| respond(sandbox.clone(), heard.clone(), request));
                // A client that hangs up is its own affair.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }
}

async fn respond(
    sandbox: Sandbox,
    heard: Option<Listener>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let host = request.headers().get("host").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned();
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let named = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let headers = wire::looked_at(named);
    let mut response = hyper::Response::new(Full::default());
    let Ok(body) = Limited::new(request.into_body(), BODY_LIMIT).collect().await else {
        *response.status_mut() = hyper::StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let request = Request { authorization, query, body: body.to_bytes().to_vec(), method, host, path, headers };
    let answer = sandbox.answer(&request);
    if let Some(heard) = heard {
        heard(&format!("{} {}", answer.status, request.brief()));
    }
    *response.status_mut() =
        hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("text/xml"));
    if let Ok(id) = hyper::header::HeaderValue::from_str(&answer.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    for (name, value) in answer.headers {
        if let Ok(value) = hyper::header::HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    *response.body_mut() = Full::new(Bytes::from(answer.body));
    Ok(response)
}
