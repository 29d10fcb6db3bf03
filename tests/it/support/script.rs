//! A connector that answers from a script, behind the real SDK client; and a socket that does the same.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudformation::config::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::http::{HttpConnectorFuture, SharedHttpClient, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

use infra::cloud::aws::{Aws, Settings};
use infra::cloud::{Account, Cloud, Clouds, Target};

/// Answers in order; the last one is given for ever. Keeps what was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<(u16, String)>,
    asked: Vec<BTreeMap<String, String>>,
    headers: Vec<BTreeMap<String, String>>,
    lines: Vec<String>,
}

impl Script {
    /// A script of statuses and bodies.
    pub(crate) fn new<S: Into<String>>(answers: impl IntoIterator<Item = (u16, S)>) -> Self {
        let answers = answers.into_iter().map(|(status, body)| (status, body.into())).collect();
        Self(Arc::new(Mutex::new(State { answers, ..State::default() })))
    }

    /// Fields of each request, retries included.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Headers of each request.
    pub(crate) fn headers(&self) -> Vec<BTreeMap<String, String>> {
        self.0.lock().unwrap().headers.clone()
    }

    /// `PUT https://…` of each request.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().lines.clone()
    }

    /// Settings under which the script answers in place of AWS.
    pub(crate) fn settings(&self) -> Settings {
        let script = self.clone();
        let http: SharedHttpClient = http_client_fn(move |_, _| SharedHttpConnector::new(script.clone()));
        Settings { http: Some(http), sleep: Some(SharedAsyncSleep::new(self.clone())), ..Settings::default() }
    }

    /// The client of one target in which the script answers.
    pub(crate) fn cloud(&self) -> Arc<dyn Cloud> {
        Aws::new(self.settings()).at(&target("111111111111", "eu-west-1"))
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut state = self.0.lock().unwrap();
        let body = request.body().bytes().unwrap_or_default();
        state.asked.push(form_urlencoded::parse(body).into_owned().collect());
        state.headers.push(request.headers().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect());
        state.lines.push(format!("{} {}", request.method(), request.uri()));
        let (status, body) = match state.answers.len() {
            0 | 1 => state.answers.front().cloned().unwrap(),
            _ => state.answers.pop_front().unwrap(),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        response.headers_mut().insert("x-amz-request-id", "r-1");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl AsyncSleep for Script {
    /// Pauses between attempts (at most 15 s) are over at once, timeouts (30 s and more) never strike.
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration <= Duration::from_secs(15) {
            Sleep::new(std::future::ready(()))
        } else {
            Sleep::new(std::future::pending())
        }
    }
}

/// An account that is only known by its id, and a region.
pub(crate) fn target(account: &str, region: &str) -> Target {
    let account = Account { name: format!("a{account}"), id: Some(account.into()), ..Account::default() };
    Target { account, region: region.into() }
}

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// An answer of AWS that is an error.
pub(crate) fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    )
}

/// An answer of AWS to `operation`.
pub(crate) fn answer(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><{operation}Result>\
         {result}</{operation}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>\
         </{operation}Response>"
    )
}

/// Answers raw bytes on a loopback socket, one answer per connection, the last one for ever.
/// Gives the address and the number of connections so far.
pub(crate) fn socket(answers: Vec<Vec<u8>>) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let turn = {
                let mut seen = seen.lock().unwrap();
                *seen += 1;
                *seen - 1
            };
            serve(stream, &answers[turn.min(answers.len() - 1)]);
        }
    });
    (address, count)
}

/// Reads one whole request, writes the answer, hangs up.
fn serve(mut stream: TcpStream, answer: &[u8]) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(n) => request.extend_from_slice(&buffer[..n]),
        }
    }
    let _ = stream.write_all(answer);
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}
