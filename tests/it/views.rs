//! Views of a plan: complete change data, why it changes, what becomes of data; nothing of the user's gets out of its
//! place.

use std::collections::BTreeSet;
use std::path::Path;

use infra::plan::{Action, Differs, Plan, Replaces, Shown};
use serde_json::{Value, json};

use crate::support::stacks::{World, desired, input, network, reading, stack, text};
use crate::support::town::{PLAN, town, workshop};
use crate::support::venv;

/// So many topics; `display` is what all show.
fn topics(count: usize, display: &str) -> infra::plan::Desired {
    let topic = |n: usize| {
        let properties = json!({"TopicName": format!("topic-{n}"), "DisplayName": display});
        (format!("Topic{n}"), json!({"Type": "AWS::SNS::Topic", "Properties": properties}))
    };
    let mut resources: serde_json::Map<_, _> = (0..count).map(topic).collect();
    let reader = json!({"DisplayName": {"Fn::GetAtt": ["Topic0", "TopicName"]}});
    resources.insert("Reader".into(), json!({"Type": "AWS::SNS::Topic", "Properties": reader}));
    let name = json!({"Fn::Join": ["-", [{"Ref": "Name"}, "x"]]});
    resources.insert("Named".into(), json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}));
    let template = json!({"Parameters": {"Name": {"Type": "String"}}, "Resources": resources});
    desired([input(stack("many", template), "Name", Some(display), false)])
}

#[tokio::test(start_paused = true)]
async fn a_plan_reads_all_pages_of_both_forms() {
    let settings = infra::sandbox::Settings { changes_per_page: 7, ..infra::sandbox::Settings::default() };
    let world = World::of(infra::sandbox::Sandbox::new(settings));
    world.deploy(&topics(100, "old")).await;
    world.calls();
    let plan = world.plan(&topics(100, "new")).await.unwrap();
    let calls = world.calls().into_iter().filter(|call| *call == "DescribeChangeSet").count();
    assert!(calls >= 2 * 15, "{calls} calls: each form has at least 15 pages");
    let changes = &plan.stacks[0].changes;
    assert_eq!(changes.len(), 102, "those of every page");
    let of = |id: &str| changes.iter().find(|c| c.logical_id == id).unwrap();
    // The form with values leaves this one out: what it reads may be another one, and is not.
    assert_eq!(of("Reader").action, Action::None);
    // The form without values cannot tell what is computed.
    let named = &of("Named").properties[0];
    assert_eq!(named.before, Some(Shown::Value(json!("old-x"))));
    assert_eq!(named.after, Some(Shown::Value(json!("new-x"))));
}

#[tokio::test(start_paused = true)]
async fn will_replace_and_may_replace_are_told_apart_with_what_becomes_of_the_data() {
    let world = World::new();
    let parts = |name: &str, policy: Value| {
        let mut table = json!({"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}});
        if !policy.is_null() {
            table["UpdateReplacePolicy"] = policy;
        }
        let template = json!({
            "Parameters": {"NetworkVpc": {"Type": "String"}},
            "Resources": {
                "Table": table,
                "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "NetworkVpc"}}},
                "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                    "GroupDescription": name, "VpcId": {"Ref": "NetworkVpc"}}}
            }
        });
        reading(stack("parts", template), "NetworkVpc", "network@dev/eu-west-1", "Vpc")
    };
    let open = |tag: &str| {
        let mut wanted = network("10.0.0.0/16");
        // Whether an attribute of what changes in place becomes another one is not known before.
        let template = json!({
            "Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {
                "CidrBlock": "10.0.0.0/16", "EnableDnsSupport": tag == "a"}}},
            "Outputs": {"Vpc": {"Value": {"Fn::GetAtt": ["Vpc", "DefaultNetworkAcl"]}}}
        });
        wanted.body = template.to_string();
        stack("network", serde_json::from_str(&wanted.body).unwrap())
    };
    let both = |tag: &str, name: &str, policy: Value| desired([open(tag), parts(name, policy)]);
    world.deploy(&both("a", "one", Value::Null)).await;
    for (policy, fate) in [
        (Value::Null, "        its data is deleted\n"),
        (json!("Retain"), "        the old one stays in AWS, unmanaged\n"),
        (json!("Snapshot"), "        the old one is deleted, a snapshot of its data stays\n"),
    ] {
        let plan = world.plan_allowing(&both("b", "two", policy), &["replace:parts/Table"]).await.unwrap();
        let said = text(&plan);
        assert!(
            said.contains(&format!(
                "  -/+ Table   replace      AWS::DynamoDB::Table\n{fate}        allowed by replace:"
            )),
            "{said}"
        );
        let sure = "  ~/+ Bucket  may replace  AWS::S3::Bucket\n        if it is replaced, its data is deleted\n";
        assert!(said.contains(sure), "{said}");
        assert_eq!((plan.counts().replace, plan.counts().may_replace), (2, 1), "{said}");
        let bucket = &plan.stacks[1].changes.iter().find(|c| c.logical_id == "Bucket").unwrap();
        assert_eq!((bucket.replacement, bucket.properties[0].differs), (Replaces::Maybe, Differs::Maybe));
        assert!(infra::plan::to_markdown(&plan).contains("> may replace `Bucket` (`AWS::S3::Bucket`) of"), "{said}");
    }
}

/// Compares with a file of `views/`; `UPDATE_SNAPSHOTS=1` writes it.
#[track_caller]
fn is_as_kept(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/views").join(name);
    let text = format!("{}\n", text.trim_end());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return std::fs::write(path, text).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == text, "{name} is different now:\n{text}");
}

#[test]
fn a_plan_says_why_at_which_line_and_what_it_grants() {
    let project = town();
    let said = project.infra(PLAN).ended(0).out;
    for line in said.lines() {
        assert!(line.chars().count() <= 80 && !line.contains('\u{1b}') && line == line.trim_end(), "{line:?}");
    }
    // Identifiers and the digest are others each time the world is made.
    let steady: String = said
        .lines()
        .filter(|line| !line.starts_with("digest "))
        .map(|line| {
            let mut line = line.to_owned();
            for start in ["\"vpc-", "\"sg-"] {
                if let Some((before, rest)) = line.clone().split_once(start) {
                    line = format!("{before}{start}1\"{}", rest.split_once('"').unwrap().1);
                }
            }
            line + "\n"
        })
        .collect();
    is_as_kept("town.txt", &steady);

    // The file keeps the lines; the digest goes without them.
    project.infra(&format!("{PLAN} -o plan.json")).ended(0);
    let shown = project.infra("show plan.json").ended(0).out;
    assert_eq!(shown, said);
    let path = "services/shop.infra";
    let source = std::fs::read_to_string(project.path(path)).unwrap();
    project.write(path, format!("// A line more.\n{source}"));
    let moved = project.infra(PLAN).ended(0).out;
    let digest = |text: &str| text.lines().find(|line| line.starts_with("digest ")).unwrap().to_owned();
    assert_eq!(digest(&moved), digest(&said));
    assert!(moved.contains("services/shop.infra:7\n"), "{moved}");
}

#[test]
fn an_exact_plan_draws_policies_scripts_and_documents() {
    let said = workshop().infra("plan --sandbox").ended(0).out;
    let (shown, _) = said.split_once("\ndigest ").unwrap();
    is_as_kept("workshop.txt", shown);
    for line in said.lines() {
        assert!(line.chars().count() <= 80 && line == line.trim_end(), "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_begins_at_what_somebody_set_or_wrote() {
    let world = World::new();
    let with = |cidr: &str, output: &str| {
        let template = json!({
            "Parameters": {"Cidr": {"Type": "String"}},
            "Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Ref": "Cidr"}}}},
            "Outputs": {"Vpc": {"Value": {"Fn::GetAtt": ["Vpc", output]}}}
        });
        let network = input(stack("network", template), "Cidr", Some(cidr), false);
        // Two resources read the same: a chain of several lines is told once.
        let group = json!({"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "GroupDescription": "jobs", "VpcId": {"Ref": "NetworkVpcOfTheWholeCompany"}}});
        let template = json!({
            "Parameters": {"NetworkVpcOfTheWholeCompany": {"Type": "String"}},
            "Resources": {"One": group, "Two": group}
        });
        let jobs = reading(stack("jobs", template), "NetworkVpcOfTheWholeCompany", "network@dev/eu-west-1", "Vpc");
        desired([network, jobs])
    };
    world.deploy(&with("10.0.0.0/16", "VpcId")).await;
    let said = text(&world.plan(&with("10.9.0.0/16", "VpcId")).await.unwrap());
    let chain = "          because input Cidr of network -> Vpc.CidrBlock -> output Vpc ->\n          parameter \
        NetworkVpcOfTheWholeCompany\n";
    assert_eq!(said.matches(chain).count(), 1, "{said}");
    let again = "          because parameter NetworkVpcOfTheWholeCompany, as above\n";
    assert_eq!(said.matches(again).count(), 1, "{said}");
    // The output itself is another one: nothing before it is to blame.
    let said = text(&world.plan(&with("10.0.0.0/16", "DefaultNetworkAcl")).await.unwrap());
    assert!(
        said.contains("          because output Vpc of network -> parameter NetworkVpcOfTheWholeCompany\n"),
        "{said}"
    );
    // Only the producer is deployed: the plan of the consumer alone knows no more than that.
    world
        .apply(
            &with("10.9.0.0/16", "VpcId"),
            &world.plan_of(&with("10.9.0.0/16", "VpcId"), &["network@dev/eu-west-1"]).await.unwrap(),
        )
        .await;
    let said = text(&world.plan_of(&with("10.9.0.0/16", "VpcId"), &["jobs@dev/eu-west-1"]).await.unwrap());
    assert!(said.contains("because output Vpc of network -> parameter NetworkVpcOfTheWholeCompany\n"), "{said}");
}

#[test]
fn signs_stand_at_the_margin_of_a_block_of_markdown() {
    let markdown = workshop().infra("plan --sandbox --format markdown").ended(0).out;
    for line in [
        "~   Access   update       AWS::SQS::QueuePolicy  workshop.infra:26",
        "-           principal Service sns.amazonaws.com",
        "+           principal *",
        "            resource QueueWithAVeryLongNameThatFillsTheLineOnItsOwn.Arn",
        "-         serve --port 80",
        "+         serve --port 8080",
        "                - make test",
    ] {
        assert!(markdown.lines().any(|found| found == line), "{line}\n{markdown}");
    }
}

/// Gets out of Markdown, HTML and logs, if anything does.
const HOSTILE: &str = "HOSTILE</code></summary></details></pre>\"'><img src=x onerror=alert(1)><script>alert(2)</script>\
    <!-- ```` ~~~~ `` ` @team #1 [l](javascript:alert(3)) ![i](http://x) | x |\n::error::no\n# heading\n\u{1b}[31m\u{202e}&amp;";

/// The same plan in which every text that anybody could choose is hostile.
pub(crate) fn hostile(plan: &Plan) -> Plan {
    /// Keys whose values are from closed sets.
    const CLOSED: &[&str] =
        &["action", "certainty", "reason", "replacement", "data", "differs", "replaces", "purpose", "origin"];
    fn walk(value: &mut Value, closed: bool) {
        match value {
            Value::String(text) if !closed => text.push_str(HOSTILE),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, closed)),
            Value::Object(entries) => {
                for (key, value) in entries.iter_mut() {
                    let is_word = value.is_string() && (CLOSED.contains(&key.as_str()));
                    // `"hidden"` stands for itself.
                    let is_hidden = matches!(key.as_str(), "before" | "after") && value.is_string();
                    walk(value, is_word || is_hidden);
                }
                // Names of inputs are keys.
                if let Some(Value::Object(parameters)) = entries.get_mut("parameters") {
                    *parameters = parameters.iter().map(|(k, v)| (format!("{k}{HOSTILE}"), v.clone())).collect();
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(plan).unwrap();
    walk(&mut value, false);
    serde_json::from_value(value).unwrap_or_else(|e| panic!("{e}"))
}

/// A plan with about all that a plan can hold.
pub(crate) fn rich() -> Plan {
    let project = town();
    let shown = project.infra(&format!("{PLAN} --format json")).ended(0);
    let mut plan: Plan = serde_json::from_str(&shown.out).unwrap();
    plan.stacks[0].notes.push("a note with `code`".into());
    plan.stacks[1].attributes();
    plan
}

/// Fills what the sandbox does not make.
trait Fill {
    fn attributes(&mut self);
}

impl Fill for infra::plan::StackPlan {
    fn attributes(&mut self) {
        self.tags.push(infra::plan::ValueChange {
            name: "team".into(),
            before: None,
            after: Some(Shown::Value(json!("blue"))),
            cause: None,
        });
        self.settings.push(infra::plan::Setting::StackPolicy {
            protects: vec!["Group".into()],
            own: None,
            lifts: vec![],
        });
    }
}

/// What of Markdown is no code: without fenced blocks and code spans, as CommonMark reads them.
fn outside_of_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<usize> = None;
    for line in markdown.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(open) if ticks >= open && line.trim_end().len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                let mut rest = line;
                while let Some(at) = rest.find('`') {
                    out.push_str(&rest[..at]);
                    let run = rest[at..].chars().take_while(|c| *c == '`').count();
                    let after = &rest[at + run..];
                    let mut from = 0;
                    let end = loop {
                        let Some(next) = after[from..].find('`').map(|n| n + from) else { break None };
                        let length = after[next..].chars().take_while(|c| *c == '`').count();
                        if length == run {
                            break Some(next + length);
                        }
                        from = next + length;
                    };
                    rest = end.map_or(after, |end| &after[end..]);
                }
                out.push_str(rest);
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "every block ends");
    out
}

#[test]
fn no_name_gets_out_of_its_code_in_markdown() {
    let markdown = infra::plan::to_markdown(&hostile(&rich()));
    assert!(markdown.contains("HOSTILE"));
    let outside = outside_of_code(&markdown);
    for line in outside.lines().filter(|line| line.contains("HOSTILE")) {
        // The titles of folded parts are HTML: there, it is escaped.
        assert!(line.starts_with("<details><summary><code>"), "{line}");
        assert!(line.contains("HOSTILE&lt;/code&gt;") && line.matches('<').count() == 5, "{line}");
        assert!(!line.contains("@team") || line.contains("<code>"), "{line}");
    }
    assert!(!outside.contains("@team") || outside.matches("@team").count() == outside.matches("<summary>").count());
    assert!(!markdown.contains('\u{1b}') && !markdown.contains('\u{202e}'));
    assert!(markdown.lines().all(|line| !line.starts_with("::") && !line.starts_with("# ")), "{markdown}");
    let first = markdown.lines().nth(2).unwrap();
    assert!(first.starts_with("**4 of 5 stacks: 2 to create"), "the summary is first: {first}");
    let text = infra::plan::to_text(&hostile(&rich()), infra::plan::Style { colour: false, width: 80 });
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && text.contains("HOSTILE"));
    assert!(text.lines().all(|line| !line.starts_with("::")), "{text}");
}

/// Reads a page as browsers do, and tells each element with its attributes; fails where they are not nested.
const PARSER: &str = r#"
import html.parser, json, sys
VOID = {"meta"}
class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.found, self.text = [], [], []
    def handle_starttag(self, tag, attrs):
        self.found.append([tag, dict(attrs), "/".join(self.open)])
        if tag not in VOID:
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.found.append([tag, dict(attrs), "/".join(self.open)])
    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()
    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)
    def handle_comment(self, data):
        raise AssertionError("a comment: " + data)
    def handle_pi(self, data):
        raise AssertionError("an instruction: " + data)
reader = Reader()
reader.feed(open(sys.argv[1], encoding="utf-8").read())
reader.close()
assert not reader.open, reader.open
print(json.dumps({"elements": reader.found, "text": "".join(reader.text)}))
"#;

fn parsed(html: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.html");
    std::fs::write(&file, html).unwrap();
    serde_json::from_str(&venv::python(PARSER, &[file.to_str().unwrap()])).unwrap()
}

/// Names of the elements, and each attribute with the element it stands at.
fn vocabulary(page: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut elements, mut attributes) = (BTreeSet::new(), BTreeSet::new());
    for element in page["elements"].as_array().unwrap() {
        let name = element[0].as_str().unwrap();
        elements.insert(name.to_owned());
        attributes.extend(element[1].as_object().unwrap().keys().map(|key| format!("{name} {key}")));
    }
    (elements, attributes)
}

#[test]
fn a_page_of_html_is_built_well_and_hostile_names_change_nothing_of_it() {
    let plan = rich();
    let (tame, wild) = (infra::plan::to_html(&plan), infra::plan::to_html(&hostile(&plan)));
    let (page, attacked) = (parsed(&tame), parsed(&wild));
    assert_eq!(vocabulary(&page), vocabulary(&attacked), "no element or attribute comes from a name");
    let (elements, attributes) = vocabulary(&page);
    for name in ["script", "img", "iframe", "link", "object", "form", "base"] {
        assert!(!elements.contains(name), "{name}");
    }
    let foreign = |a: &&String| a.contains(" on") || a.ends_with(" src") || a.ends_with(" style");
    assert_eq!(attributes.iter().filter(foreign).collect::<Vec<_>>(), [] as [&String; 0]);
    assert!(attacked["text"].as_str().unwrap().contains("HOSTILE</code></summary>"), "told as it is");
    assert!(!wild.contains('\u{1b}') && !wild.contains('\u{202e}') && !wild.contains("<!--"));

    // Every link leads somewhere on the page.
    let all = page["elements"].as_array().unwrap();
    let of = |key: &str| all.iter().filter_map(|e| e[1].get(key)?.as_str()).map(str::to_owned).collect::<Vec<_>>();
    let ids = of("id");
    let links = of("href");
    assert!(links.len() > 4, "{links:?}");
    assert!(links.iter().all(|link| ids.contains(&link.trim_start_matches('#').to_owned())), "{links:?} {ids:?}");

    // What is lost comes first; each changed stack is folded by itself, those that lose something open.
    let place = |text: &str| tame.find(text).unwrap_or_else(|| panic!("{text}\n{tame}"));
    assert!(place("id=\"gone\"") < place("<svg") && place("<svg") < place("<details"));
    let folded: Vec<bool> = all.iter().filter(|e| e[0] == "details").map(|e| e[1].get("open").is_some()).collect();
    assert_eq!(folded, [true, true, false, true]);
    let text = page["text"].as_str().unwrap();
    for told in [
        "4 of 5 stacks: 2 to create, 3 to update, 3 to replace, 1 to delete",
        "its data is deleted",
        "because Vpc.CidrBlock of network -> output Vpc -> parameter NetworkVpc of security",
        "+ resource *".replace("+ ", "+   ").as_str(),
        "services/shop.infra:6",
        "~ update: 1 replaced, 1 deleted",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
}

#[test]
fn a_plan_of_nothing_is_a_page_too() {
    let project = crate::support::cli::Project::new(&[(
        "a.infra",
        "project a\naccount main { id: \"111111111111\" }\nenv dev { account: main, regions: [\"eu-west-1\"] }\n\
         service s {\n  resource Q = AWS::SQS::Queue {}\n}\n",
    )]);
    project.infra("apply --env dev --sandbox --yes").ended(0);
    let page = parsed(&project.infra(&format!("{PLAN} --format html")).ended(0).out);
    assert!(page["text"].as_str().unwrap().contains("no changes: 1 stack as the source says"), "{page}");
    assert!(!page["elements"].as_array().unwrap().iter().any(|e| e[0] == "svg" || e[0] == "details"));
}
