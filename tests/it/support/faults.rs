//! A network that loses, cuts and refuses, between the real SDK client and the simulator.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::script::error;

/// What happens to one call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It never arrives.
    LostBefore,
    /// It is carried out; the answer is lost.
    LostAfter,
    /// It is carried out; the answer is cut off in the middle, without a sign of it.
    Cut,
    /// It is refused because there were too many.
    Throttled,
    /// It is carried out; a server on the way says 503.
    Unavailable,
}

/// The network. Faults strike in order, each the first call of its operation that comes.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    inner: SharedHttpClient,
    faults: Arc<Mutex<VecDeque<(&'static str, Fault)>>>,
}

impl Faulty {
    pub(crate) fn new(inner: SharedHttpClient, faults: impl IntoIterator<Item = (&'static str, Fault)>) -> Self {
        Self { inner, faults: Arc::new(Mutex::new(faults.into_iter().collect())) }
    }

    pub(crate) fn http(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// How many faults have not struck.
    pub(crate) fn left(&self) -> usize {
        self.faults.lock().unwrap().len()
    }

    fn strike(&self, request: &HttpRequest) -> Option<Fault> {
        let fields = form_urlencoded::parse(request.body().bytes().unwrap_or_default()).into_owned();
        let action = match request.method() {
            "HEAD" => "HeadObject".to_owned(),
            "PUT" => "PutObject".to_owned(),
            _ => fields.into_iter().find(|(name, _)| name == "Action")?.1,
        };
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(operation, _)| *operation == action)?;
        faults.remove(at).map(|(_, fault)| fault)
    }
}

impl HttpClient for Faulty {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Wire { faulty: self.clone(), inner: self.inner.http_connector(settings, components) })
    }
}

#[derive(Debug)]
struct Wire {
    faulty: Faulty,
    inner: SharedHttpConnector,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fault = self.faulty.strike(&request);
        let lost = || Err(ConnectorError::io("the connection was reset".into()));
        match fault {
            None => self.inner.call(request),
            Some(Fault::LostBefore) => HttpConnectorFuture::ready(lost()),
            Some(Fault::Throttled) => {
                HttpConnectorFuture::ready(Ok(response(400, &error("Throttling", "Rate exceeded"))))
            }
            Some(after) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    let answer = inner.call(request).await?;
                    match after {
                        Fault::LostAfter => lost(),
                        Fault::Unavailable => Ok(response(503, "")),
                        _ => {
                            let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).into_owned();
                            Ok(response(answer.status().as_u16(), &body[..body.len() / 2]))
                        }
                    }
                })
            }
        }
    }
}

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}
