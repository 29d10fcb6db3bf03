//! Two policy documents, statement by statement: what may be done, to what, by whom, that could not before.

use serde_json::{Map, Value};

use crate::plan::policy::{Policy, list};
use crate::plan::view::value::{Line, Sign, brief};

/// Values of an unchanged part that are named.
const NAMED: usize = 3;

/// What differs; a side that is missing has no policy. None where either side is something else.
pub(super) fn lines(before: Option<&Value>, after: Option<&Value>) -> Option<Vec<Line>> {
    let (old, new) = (read(before)?, read(after)?);
    let statements = |policy: &Option<Policy<'_>>| -> Vec<Statement> {
        policy.iter().flat_map(|p| &p.statements).enumerate().map(|(at, one)| Statement::of(at, one)).collect()
    };
    let rest = |policy: &Option<Policy<'_>>| -> Vec<Part> {
        policy.iter().flat_map(|p| &p.rest).map(|(key, value)| (key.clone(), brief(value))).collect()
    };
    let mut out = Vec::new();
    compare_parts(&rest(&old), &rest(&new), "", &mut out);
    let (mut old, mut new) = (statements(&old), statements(&new));
    let all = new.len();
    take_pairs(&mut old, &mut new, |a, b| a.is_same(b).then_some(usize::MAX));
    let same = all - new.len();
    let by_name = |a: &Statement, b: &Statement| (a.sid.is_some() && a.sid == b.sid).then_some(usize::MAX);
    let mut pairs = take_pairs(&mut old, &mut new, by_name);
    pairs.extend(take_pairs(&mut old, &mut new, Statement::likeness));

    let mut told: Vec<(usize, Vec<Line>)> = Vec::new();
    told.extend(old.iter().map(|one| (one.at, one.whole(Sign::Gone))));
    told.extend(new.iter().map(|one| (one.at, one.whole(Sign::New))));
    told.extend(pairs.iter().map(|(a, b)| (b.at, a.against(b))));
    told.sort_by_key(|(at, _)| *at);
    out.extend(told.into_iter().flat_map(|(_, lines)| lines));
    if out.is_empty() {
        out.push(Line::new(Sign::Same, "the same statements, written otherwise"));
    } else if same > 0 {
        let stay = if same == 1 { "1 other statement stays".to_owned() } else { format!("{same} others stay") };
        out.push(Line::new(Sign::Cut, stay));
    }
    Some(out)
}

/// The policy of a side, where there is one; none where it is something else.
fn read(side: Option<&Value>) -> Option<Option<Policy<'_>>> {
    match side {
        Some(value) => Policy::of(value).map(Some),
        None => Some(None),
    }
}

/// What a part says, and one of its values: `("action", "s3:GetObject")`.
type Part = (String, String);

/// One statement.
struct Statement {
    /// Its position, from 0.
    at: usize,
    effect: String,
    sid: Option<String>,
    /// In the order in which people read them.
    parts: Vec<Part>,
}

impl Statement {
    fn of(at: usize, entries: &Map<String, Value>) -> Self {
        let text = |key: &str| entries.get(key).and_then(Value::as_str);
        let mut parts = Vec::new();
        for (key, word) in [
            ("Action", "action"),
            ("NotAction", "all actions but"),
            ("Resource", "resource"),
            ("NotResource", "all resources but"),
            ("Principal", "principal"),
            ("NotPrincipal", "all principals but"),
        ] {
            for value in entries.get(key).into_iter().flat_map(list) {
                values(word, value, &mut parts);
            }
        }
        for (operator, tests) in entries.get("Condition").and_then(Value::as_object).into_iter().flatten() {
            for (key, wanted) in tests.as_object().into_iter().flatten() {
                let wanted: Vec<String> = list(wanted).map(brief).collect();
                parts.push(("condition".to_owned(), format!("{operator} {key}: {}", wanted.join(", "))));
            }
        }
        const KNOWN: &[&str] = &[
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "NotPrincipal",
            "Condition",
            "Effect",
            "Sid",
        ];
        let others = entries.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str()));
        parts.extend(others.map(|(key, value)| (key.clone(), brief(value))));
        Self {
            at,
            effect: text("Effect").unwrap_or_default().to_lowercase(),
            sid: text("Sid").filter(|sid| !sid.is_empty()).map(str::to_owned),
            parts,
        }
    }

    /// The same, in whatever order it lists its parts.
    fn is_same(&self, other: &Self) -> bool {
        let sorted = |one: &Self| {
            let mut parts = one.parts.clone();
            parts.sort();
            parts
        };
        self.effect == other.effect && self.sid == other.sid && sorted(self) == sorted(other)
    }

    /// How many parts two have in common; none where that makes them no pair.
    fn likeness(&self, other: &Self) -> Option<usize> {
        let common = self.parts.iter().filter(|part| other.parts.contains(part)).count();
        (self.effect == other.effect && common > 0).then_some(common)
    }

    fn title(&self) -> String {
        match &self.sid {
            Some(sid) => format!("{} \"{sid}\"", self.effect),
            None => format!("{} (statement {})", self.effect, self.at + 1),
        }
    }

    /// All of it, as it comes or goes.
    fn whole(&self, sign: Sign) -> Vec<Line> {
        let mut lines = vec![Line::new(sign, self.title())];
        for word in words(&self.parts) {
            lines.push(Line::new(sign, format!("  {word} {}", of(&self.parts, word).join(", "))));
        }
        lines
    }

    /// What of it becomes different in `new`; what stays is told in short.
    fn against(&self, new: &Self) -> Vec<Line> {
        let mut lines = Vec::new();
        if self.title() == new.title() || self.sid.is_none() && new.sid.is_none() && self.effect == new.effect {
            lines.push(Line::new(Sign::Same, new.title()));
        } else {
            lines.push(Line::new(Sign::Gone, self.title()));
            lines.push(Line::new(Sign::New, new.title()));
        }
        compare_parts(&self.parts, &new.parts, "  ", &mut lines);
        lines
    }
}

/// Values of one key of a statement; principals are told with their kind.
fn values(word: &str, value: &Value, parts: &mut Vec<Part>) {
    let kinds = value.as_object().filter(|_| word.contains("principal") && !is_computed(value));
    match kinds {
        Some(kinds) => {
            for (kind, who) in kinds {
                parts.extend(list(who).map(|one| (word.to_owned(), format!("{kind} {}", bare(one)))));
            }
        }
        None => parts.push((word.to_owned(), bare(value))),
    }
}

fn is_computed(value: &Value) -> bool {
    crate::plan::refs::is_intrinsic(value)
}

/// A text without quotes: names and ARNs have no blanks.
fn bare(value: &Value) -> String {
    let text = brief(value);
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.is_empty() && !inner.contains([' ', ','])).map_or(text.clone(), str::to_owned)
}

/// The words of all parts, each once, in their order.
fn words(parts: &[Part]) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for (word, _) in parts {
        if !words.contains(&word.as_str()) {
            words.push(word);
        }
    }
    words
}

fn of<'a>(parts: &'a [Part], word: &str) -> Vec<&'a str> {
    parts.iter().filter(|(w, _)| w == word).map(|(_, value)| value.as_str()).collect()
}

/// Word after word: what stays, what goes, what comes.
fn compare_parts(old: &[Part], new: &[Part], indent: &str, out: &mut Vec<Line>) {
    let mut all = words(new);
    all.extend(words(old).into_iter().filter(|word| !of(old, word).is_empty() && of(new, word).is_empty()));
    let is_top = indent.is_empty();
    for word in all {
        let (a, b) = (of(old, word), of(new, word));
        let stays: Vec<&str> = b.iter().filter(|v| a.contains(v)).copied().collect();
        if !stays.is_empty() && !is_top {
            let mut named: Vec<String> = stays.iter().take(NAMED).map(|v| (*v).to_owned()).collect();
            if stays.len() > NAMED {
                named.push(format!("and {} more", stays.len() - NAMED));
            }
            out.push(Line::new(Sign::Same, format!("{indent}{word} {}", named.join(", "))));
        }
        let gone = a.iter().filter(|v| !b.contains(v)).map(|v| (Sign::Gone, v));
        let come = b.iter().filter(|v| !a.contains(v)).map(|v| (Sign::New, v));
        out.extend(gone.chain(come).map(|(sign, v)| Line::new(sign, format!("{indent}{word} {v}"))));
    }
}

/// Takes pairs out of both lists, the likest first; of equals, the first.
fn take_pairs(
    old: &mut Vec<Statement>,
    new: &mut Vec<Statement>,
    likeness: impl Fn(&Statement, &Statement) -> Option<usize>,
) -> Vec<(Statement, Statement)> {
    let mut likes: Vec<(usize, usize, usize)> = Vec::new();
    for a in old.iter() {
        likes.extend(new.iter().filter_map(|b| Some((likeness(a, b)?, a.at, b.at))));
    }
    likes.sort_by(|x, y| y.0.cmp(&x.0).then(x.1.cmp(&y.1)).then(x.2.cmp(&y.2)));
    let mut pairs = Vec::new();
    for (_, a, b) in likes {
        let (Some(i), Some(j)) = (old.iter().position(|s| s.at == a), new.iter().position(|s| s.at == b)) else {
            continue;
        };
        pairs.push((old.remove(i), new.remove(j)));
    }
    pairs
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn drawn(before: &Value, after: &Value) -> String {
        let line = |line: &Line| format!("{}\n", line.plain());
        lines(Some(before), Some(after)).unwrap().iter().map(line).collect()
    }

    fn policy(statements: Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    #[test]
    fn a_statement_tells_what_it_grants_more() {
        let read = json!({"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}});
        let more = json!({"Sid": "Read", "Effect": "Allow", "Action": ["s3:*", "s3:GetObject"],
            "Resource": [{"Fn::Sub": "${Bucket.Arn}/*"}, "*"],
            "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}});
        let other = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"});
        assert_eq!(
            drawn(&policy(json!([read, other])), &policy(json!([other, more]))),
            "  allow \"Read\"
    action s3:GetObject
-   action s3:ListBucket
+   action s3:*
    resource ${Bucket.Arn}/*
+   resource *
+   condition StringEquals aws:SourceAccount: \"111111111111\"
  … 1 other statement stays
"
        );
    }

    #[test]
    fn statements_that_come_and_go_are_told_whole() {
        let old = json!({"Effect": "Allow", "Principal": {"AWS": ["111111111111"], "Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": "*"});
        let new = json!({"Effect": "Deny", "Principal": "*", "NotAction": "sqs:Get*", "Resource": "*"});
        assert_eq!(
            drawn(&policy(json!(old)), &policy(json!([new]))),
            "- allow (statement 1)
-   action sqs:SendMessage
-   resource *
-   principal AWS 111111111111, Service sns.amazonaws.com
+ deny (statement 1)
+   all actions but sqs:Get*
+   resource *
+   principal *
"
        );
    }

    #[test]
    fn a_policy_in_a_text_is_a_policy_and_order_is_no_change() {
        let a = json!({"Effect": "Allow", "Action": ["a:A", "b:B"], "Resource": "*"});
        let b = json!({"Effect": "Allow", "Action": ["b:B", "a:A"], "Resource": ["*"]});
        let text = Value::String(policy(json!([a])).to_string());
        assert_eq!(drawn(&text, &policy(json!([b]))), "  the same statements, written otherwise\n");
        let older = json!({"Version": "2008-10-17", "Statement": [a]});
        assert_eq!(
            drawn(&older, &policy(json!([b]))),
            "- Version \"2008-10-17\"\n+ Version \"2012-10-17\"\n  … 1 other statement stays\n"
        );
        assert!(lines(Some(&json!({"Statement": [{"Priority": 1}]})), Some(&text)).is_none(), "rules of a firewall");
        assert!(lines(None, Some(&text)).unwrap().iter().all(|line| line.sign == Sign::New));
    }
}
