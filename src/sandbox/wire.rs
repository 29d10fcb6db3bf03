//! What comes in and what goes out: an HTTP request as far as the simulator looks at it, the
//! parameters of the AWS query protocol, and the XML of the answers.

use std::collections::BTreeMap;

use crate::sandbox::{images, objects};

/// A request as either front door saw it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The `authorization` header, from which account, region and service are read.
    pub authorization: Option<String>,
    /// The query part of the address, without `?`.
    pub query: String,
    /// The form-encoded body; of an upload, the object.
    pub body: Vec<u8>,
    /// `POST`, or whatever it is to S3.
    pub method: String,
    /// The name of the machine that is asked, without a port; the bucket may be part of it.
    pub host: String,
    /// The path of the address, as it is sent.
    pub path: String,
    /// The headers whose names begin with `x-amz-` or `if-`, in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Request {
    /// `111111111111 eu-west-1 DescribeStacks shop-api-dev`: who asks what of which stack.
    pub(crate) fn brief(&self) -> String {
        let scope = Scope::of(self).unwrap_or_default();
        if let Some((operation, bucket, key)) = objects::named(self, &scope) {
            return format!("{} {} {operation} {bucket}/{key}", scope.access_key, scope.region);
        }
        if let Some((operation, repository)) = images::named(self, &scope) {
            return format!("{} {} {operation} {repository}", scope.access_key, scope.region);
        }
        let params = Params::of(self);
        let of_set = || params.get("ChangeSetName").filter(|name| name.starts_with("arn:"));
        let stack = params.get("StackName").or_else(of_set).unwrap_or_default();
        // Of an ARN the part that people gave.
        let name = stack.split('/').nth(1).filter(|_| stack.starts_with("arn:")).unwrap_or(stack);
        let words = [&scope.access_key, &scope.region, params.get("Action").unwrap_or_default(), name];
        let plain = |word: &str| word.chars().filter(|c| !c.is_control()).collect::<String>();
        words.map(plain).join(" ").trim_end().to_owned()
    }
}

/// The headers that the simulator looks at.
pub(crate) fn looked_at<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> BTreeMap<String, String> {
    let lower = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    lower.filter(|(name, _)| name.starts_with("x-amz-") || name.starts_with("if-")).collect()
}

/// An answer, not yet tied to one HTTP library.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `x-amzn-requestid`.
    pub request_id: String,
    /// XML.
    pub body: String,
    /// What else is told.
    pub headers: Vec<(&'static str, String)>,
}

/// Who signed a request and for what: the credential scope of SigV4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    /// Reads `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let header = request.authorization.as_deref()?;
        let (_, rest) = header.split_once("Credential=")?;
        let end = rest.find([',', ' ']).unwrap_or(rest.len());
        let mut parts = rest.get(..end)?.split('/');
        let access_key = parts.next()?.to_owned();
        let _date = parts.next()?;
        Some(Self { access_key, region: parts.next()?.to_owned(), service: parts.next()?.to_owned() })
    }
}

/// The parameters of one call, flat as the query protocol sends them.
#[derive(Debug)]
pub(crate) struct Params {
    given: BTreeMap<String, String>,
    /// What lies at its TemplateURL.
    pub(crate) template: Option<String>,
}

impl Params {
    pub(crate) fn of(request: &Request) -> Self {
        let pairs = form_urlencoded::parse(request.query.as_bytes()).chain(form_urlencoded::parse(&request.body));
        let given = pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        Self { given, template: None }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(String::as_str)
    }

    /// A value that is given and not empty.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.get(key).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// `NAME.member.1`, `NAME.member.2`, …
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        (1..).map_while(|index: usize| self.get(&format!("{name}.member.{index}")).map(str::to_owned)).collect()
    }

    pub(crate) fn list_is_empty(&self, name: &str) -> bool {
        let first = format!("{name}.member.1");
        !self.given.range(first.clone()..).next().is_some_and(|(key, _)| key.starts_with(&first))
    }

    /// The structures `NAME.member.N.FIELD`, each as a map from field to value.
    pub(crate) fn structures(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        (1..)
            .map_while(|index: usize| {
                let prefix = format!("{name}.member.{index}.");
                let fields: BTreeMap<String, String> = self
                    .given
                    .range(prefix.clone()..)
                    .take_while(|(key, _)| key.starts_with(&prefix))
                    .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())))
                    .collect();
                (!fields.is_empty()).then_some(fields)
            })
            .collect()
    }

    /// A digest input: everything but the parameters named.
    pub(crate) fn without(&self, skip: &[&str]) -> String {
        let kept = self.given.iter().filter(|(key, _)| !skip.contains(&key.as_str()));
        kept.map(|(key, value)| format!("{key}={value}\n")).collect()
    }
}

/// Writes XML into a string; text is always escaped.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// An element with children.
    pub(crate) fn within(&mut self, name: &str, children: impl FnOnce(&mut Self)) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        children(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element with text.
    pub(crate) fn put(&mut self, name: &str, text: impl AsRef<str>) {
        self.within(name, |xml| xml.escape(text.as_ref()));
    }

    /// An element with text, left out where there is none.
    pub(crate) fn maybe(&mut self, name: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.put(name, text);
        }
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.put(name, if value { "true" } else { "false" });
    }

    /// A list in the manner of the query protocol: one `member` for each item.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.within(name, |xml| {
            for item in items {
                xml.within("member", |xml| each(xml, item));
            }
        });
    }

    /// A list of texts.
    pub(crate) fn texts<T: AsRef<str>>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        self.list(name, items, |xml, item| xml.escape(item.as_ref()));
    }

    /// XML that was written before.
    pub(crate) fn raw(&mut self, xml: String) {
        self.0.push_str(&xml);
    }

    pub(crate) fn escape(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\r' => self.0.push_str("&#xD;"),
                // XML 1.0 has no way to write the other control characters.
                letter if letter.is_control() && !matches!(letter, '\n' | '\t') => self.0.push('?'),
                letter => self.0.push(letter),
            }
        }
    }
}

/// The whole answer of a call that went well.
pub(crate) fn envelope(action: &str, namespace: &str, request_id: &str, result: Option<String>) -> String {
    let mut xml = Xml::default();
    xml.0.push_str(&format!("<{action}Response xmlns=\"{namespace}\">"));
    if let Some(result) = result {
        xml.0.push_str(&format!("<{action}Result>{result}</{action}Result>"));
    }
    xml.within("ResponseMetadata", |xml| xml.put("RequestId", request_id));
    xml.0.push_str(&format!("</{action}Response>"));
    xml.finish()
}

/// The whole answer of a call that was refused.
pub(crate) fn refusal(code: &str, status: u16, message: &str, namespace: &str, request_id: &str) -> String {
    let mut xml = Xml::default();
    xml.0.push_str(&format!("<ErrorResponse xmlns=\"{namespace}\">"));
    xml.within("Error", |xml| {
        xml.put("Type", if status < 500 { "Sender" } else { "Receiver" });
        xml.put("Code", code);
        xml.put("Message", message);
    });
    xml.put("RequestId", request_id);
    xml.0.push_str("</ErrorResponse>");
    xml.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_credential_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-west-1/cloudformation/aws4_request, SignedHeaders=host, Signature=ab";
        let scope = Scope::of(&Request { authorization: Some(header.into()), ..Request::default() }).unwrap();
        assert_eq!(
            (scope.access_key.as_str(), scope.region.as_str(), scope.service.as_str()),
            ("111122223333", "eu-west-1", "cloudformation")
        );
        assert_eq!(Scope::of(&Request { authorization: Some("Credential=a".into()), ..Request::default() }), None);
    }

    #[test]
    fn reads_lists_and_structures_in_order_past_nine() {
        let body: String =
            (1..=11).map(|n| format!("T.member.{n}.Key=k{n}&T.member.{n}.Value=v{n}&L.member.{n}=x{n}&")).collect();
        let params = Params::of(&Request { body: body.into_bytes(), ..Request::default() });
        assert_eq!(params.list("L").last().unwrap(), "x11");
        assert_eq!(params.structures("T").len(), 11);
        assert_eq!(params.structures("T")[10]["Value"], "v11");
    }

    #[test]
    fn text_cannot_leave_its_element() {
        let mut xml = Xml::default();
        xml.put("A", "<b>&\u{7}");
        assert_eq!(xml.finish(), "<A>&lt;b&gt;&amp;?</A>");
    }
}
