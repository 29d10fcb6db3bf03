//! The first front door: the HTTP client of the AWS SDK, without a network behind it.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::sandbox::Sandbox;
use crate::sandbox::wire::{self, Request};

#[derive(Clone)]
struct Connector(Sandbox);

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("sandbox connector")
    }
}

impl Sandbox {
    /// The HTTP client to hand to a configuration of the AWS SDK: real signed requests go in, real XML comes out.
    #[must_use]
    pub fn connector(&self) -> SharedHttpClient {
        SharedHttpClient::new(Connector(self.clone()))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(respond(&self.0, &request))
    }
}

fn respond(sandbox: &Sandbox, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let Some(body) = request.body().bytes() else {
        return Err(ConnectorError::user("the sandbox reads no streams".into()));
    };
    let query = request.uri().split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
    let authorization = request.headers().get("authorization").map(str::to_owned);
    let (host, path) = address(request.uri());
    let answer = sandbox.answer(&Request {
        authorization,
        query,
        body: body.to_vec(),
        method: request.method().to_owned(),
        host,
        path,
        headers: wire::looked_at(request.headers().iter()),
    });
    let mut response = http::Response::builder()
        .status(answer.status)
        .header("content-type", "text/xml")
        .header("x-amzn-requestid", &answer.request_id);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    let response = response.body(SdkBody::from(answer.body)).map_err(|error| ConnectorError::user(Box::new(error)))?;
    HttpResponse::try_from(response).map_err(|error| ConnectorError::user(Box::new(error)))
}

/// Host without port, and path, of an address.
fn address(uri: &str) -> (String, String) {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    (host.to_owned(), format!("/{path}"))
}
