//! Looks at every answer before its content is believed.
//!
//! The XML reader of the SDK takes a body that is cut off for a shorter one, and does not look at the body at all
//! where the operation returns nothing. So a broken proxy could shorten a plan, and its login page could pass for
//! "deleted".

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cloudformation::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextMut,
};
use aws_sdk_cloudformation::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudformation::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::{Metadata, OrchestratorError};

/// Host of the last request of a client, for error messages.
pub(crate) type LastHost = Arc<Mutex<Option<String>>>;

/// Notes the host of an address that is asked.
pub(super) fn note(last: &LastHost, uri: &str) {
    let host = uri.split_once("://").map_or(uri, |(_, rest)| rest).split('/').next().unwrap_or(uri);
    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(host.to_owned());
}

/// The interceptor.
#[derive(Debug)]
pub(crate) struct WholeAnswer {
    /// Where the host is noted.
    pub(crate) host: LastHost,
}

/// Why an answer is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unbelievable {
    /// The body ends before its end; trying again may help.
    CutOff,
    /// Something else answered.
    NotAws,
}

impl fmt::Display for Unbelievable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOff => "the answer is cut off",
            Self::NotAws => "the answer did not come from AWS",
        })
    }
}

impl std::error::Error for Unbelievable {}

#[dyn_dispatch_hint]
impl Intercept for WholeAnswer {
    fn name(&self) -> &'static str {
        "whole answer"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        note(&self.host, context.request().uri());
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let verdict = context.response().and_then(|response| {
            let operation = config.load::<Metadata>().map_or("", Metadata::name);
            look_at(response.status().as_u16(), response.body().bytes()?, operation)
        });
        if let (Some(why), Some(result)) = (verdict, context.output_or_error_mut()) {
            *result = Err(match why {
                // A response error is tried again, anything else is not.
                Unbelievable::CutOff => OrchestratorError::response(Box::new(why)),
                Unbelievable::NotAws => OrchestratorError::other(why),
            });
        }
        Ok(())
    }
}

/// Whether an answer to `operation` can be what AWS sent, whole. `None` is a yes.
pub(crate) fn look_at(status: u16, body: &[u8], operation: &str) -> Option<Unbelievable> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let Some((root, whole)) = root_element(text) else {
        // An empty or unopened body: of an error, the status alone is told; of a success, all is missing.
        return match (status, text.is_empty() || text.starts_with("<?xml") || text.starts_with('<')) {
            (200..=299, true) => Some(Unbelievable::CutOff),
            (200..=299, false) => Some(Unbelievable::NotAws),
            _ => None,
        };
    };
    if status < 300 && root.strip_suffix("Response") != Some(operation) {
        return Some(Unbelievable::NotAws);
    }
    let closed = whole
        || text
            .strip_suffix('>')
            .and_then(|text| text.trim_end().strip_suffix(root))
            .is_some_and(|text| text.ends_with("</"));
    // An error page of a proxy need not be well-formed; its status is believed.
    let ours = status < 300 || root == "ErrorResponse" || root == "Response";
    (ours && !closed).then_some(Unbelievable::CutOff)
}

/// Name of the first element, and whether its start tag closes it; `None` where no whole start tag is there.
fn root_element(mut text: &str) -> Option<(&str, bool)> {
    loop {
        text = text.trim_start_matches('\u{feff}').trim_start();
        let rest = text.strip_prefix('<')?;
        if let Some(comment) = rest.strip_prefix("!--") {
            text = comment.split_once("-->")?.1;
        } else if rest.starts_with(['?', '!']) {
            let (declaration, after) = rest.split_once('>')?;
            if declaration.to_ascii_lowercase().starts_with("!doctype html") {
                return Some(("html", false));
            }
            text = after;
        } else {
            let (tag, _) = rest.split_once('>')?;
            return Some((tag.trim_end_matches('/').split_whitespace().next()?, tag.ends_with('/')));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"<?xml version="1.0"?>
<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
<Stacks><member><StackName>a</StackName></member></Stacks></DescribeStacksResult></DescribeStacksResponse>
"#;

    #[test]
    fn every_prefix_of_an_answer_is_cut_off() {
        assert_eq!(look_at(200, WHOLE.as_bytes(), "DescribeStacks"), None);
        for end in 0..WHOLE.trim_end().len() {
            let part = WHOLE.as_bytes().get(..end).unwrap_or_default();
            assert_eq!(look_at(200, part, "DescribeStacks"), Some(Unbelievable::CutOff), "{end}");
        }
    }

    #[test]
    fn a_login_page_is_not_aws() {
        for page in ["<!DOCTYPE html><html><body>Log in</body></html>", "<html></html>", "<HTML>", "{\"ok\":true}"] {
            assert_eq!(look_at(200, page.as_bytes(), "DeleteStack"), Some(Unbelievable::NotAws), "{page}");
        }
        assert_eq!(look_at(200, WHOLE.as_bytes(), "DeleteStack"), Some(Unbelievable::NotAws));
    }

    #[test]
    fn errors_are_looked_at_too() {
        let whole = "<ErrorResponse><Error><Code>ValidationError</Code></Error></ErrorResponse>";
        assert_eq!(look_at(400, whole.as_bytes(), "DescribeStacks"), None);
        assert_eq!(look_at(400, whole.split_at(40).0.as_bytes(), "DescribeStacks"), Some(Unbelievable::CutOff));
        assert_eq!(look_at(502, b"<html><h1>Bad gateway", "DescribeStacks"), None);
        assert_eq!(look_at(503, b"", "DescribeStacks"), None);
    }
}
