//! One Python with boto3 for all tests of this binary: it is asked what the services themselves tell.
//!
//! A Python for each question would take longer than what is asked.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use super::venv;

/// Answers a line with a line, until its standard input is closed: so it ends with the test.
const RUN: &str = r"
import boto3, functools, json, sys, traceback
@functools.cache
def client(service, address, account, region):
    return boto3.client(service, region_name=region, endpoint_url=address,
        aws_access_key_id=account, aws_secret_access_key='x')
for line in sys.stdin:
    at = json.loads(line)
    def c(service): return client(service, at['address'], at['account'], at['region'])
    def queue(name, key): return c('sqs').get_queue_attributes(AttributeNames=['All'],
        QueueUrl=c('sqs').get_queue_url(QueueName=name)['QueueUrl'])['Attributes'][key]
    try:
        told = eval(at['expression'], {'c': c, 'queue': queue, 'json': json})
        answer = {'told': json.dumps(told, default=str, sort_keys=True)}
    except Exception:
        answer = {'failed': traceback.format_exc()}
    print(json.dumps(answer), flush=True)
";

struct Python {
    _process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

static PYTHON: LazyLock<Mutex<Python>> = LazyLock::new(|| {
    let mut process =
        venv::tool("python").args(["-c", RUN]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (to, from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
    Mutex::new(Python { _process: process, to, from })
});

/// What a Python expression gives, as JSON with sorted keys. In it, `c` makes a client of a service, and
/// `queue(name, key)` reads an attribute of a queue. Fails with all that Python says where it fails.
pub(crate) fn ask(address: &str, account: &str, region: &str, expression: &str) -> String {
    let asked = json!({"address": address, "account": account, "region": region, "expression": expression});
    // The lock is given back before a test may fail, so that the others can go on.
    let answer: Value = {
        let mut python = PYTHON.lock().unwrap();
        writeln!(python.to, "{asked}").unwrap();
        let mut line = String::new();
        python.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    match answer["told"].as_str() {
        Some(told) => told.to_owned(),
        None => panic!("{expression}\n{}", answer["failed"].as_str().unwrap()),
    }
}
