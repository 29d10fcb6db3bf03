//! Emission and the drawings of graphs, over models made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra::build::{Build, Built, files, manifest};
use infra::diagnostics::Code;
use infra::graph;
use infra::names::Name;
use infra::semantics::model::{
    Account, DataPolicy, Head, Instance, InstanceKey, Output, Parameter, ParameterSource, ParameterType, Resource, Use,
};
use infra::semantics::value::{ForeignOutput, Later, LaterExpr, LaterType, Object, Value};
use infra::source::{FileId, Span};
use infra::syntax::ast::Layer;
use infra::template::{self, Template, provenance};
use proptest::prelude::*;
use serde_json::json;

fn at(start: usize) -> Span {
    Span::new(FileId(0), start, start + 1)
}

fn key(stack: &str) -> InstanceKey {
    InstanceKey { stack: stack.into(), env: Some("dev".into()), region: "eu-west-1".into() }
}

fn head(stack: &str, layer: Layer) -> Head {
    let account = Account {
        name: "nonprod".into(),
        id: "111111111111".into(),
        role: None,
        profile: None,
        external_id: None,
        assets: None,
        span: at(0),
    };
    Head {
        key: key(stack),
        layer,
        account: Arc::new(account),
        stack_name: format!("shop-{stack}-dev").into(),
        description: None,
        tags: BTreeMap::from([("infra:project".to_owned(), "shop".to_owned())]),
        termination_protection: false,
        policy: None,
        parameters: Vec::new(),
        outputs: Vec::new(),
        after: Vec::new(),
        uses: Vec::new(),
        assets: Vec::new(),
        bucket: None,
        foreign: None,
        span: at(0),
    }
}

fn instance(resources: Vec<Resource>) -> Instance {
    Instance { head: head("network", Layer::Core), resources, template: None }
}

fn resource(id: &str, ty: &str, properties: Value) -> Resource {
    Resource {
        id: id.into(),
        ty: ty.into(),
        known: None,
        shown: id.into(),
        properties,
        depends_on: Vec::new(),
        on_delete: None,
        on_replace: None,
        within: [].into(),
        protect: None,
        extras: Default::default(),
        description: None,
        span: at(id.len()),
        body: None,
    }
}

fn object(entries: &[(&str, Value)]) -> Value {
    Value::Object(Arc::new(entries.iter().map(|(k, v)| (Name::new(k), v.clone())).collect()))
}

fn text(text: &str) -> Value {
    Value::Str(text.into())
}

fn list(items: &[Value]) -> Value {
    Value::List(items.into())
}

fn later(expr: LaterExpr) -> Value {
    typed(expr, LaterType::String(Vec::new()))
}

fn typed(expr: LaterExpr, ty: LaterType) -> Value {
    Value::Later(Arc::new(Later { expr, ty, origin: at(7), secret: false }))
}

fn texts() -> LaterType {
    LaterType::List(Box::new(LaterType::String(Vec::new())), Some(2))
}

fn reference(id: &str) -> Value {
    later(LaterExpr::Ref(id.into()))
}

fn attribute(id: &str, path: &str) -> Value {
    later(LaterExpr::GetAtt(id.into(), path.into()))
}

fn emitted(value: Value) -> serde_json::Value {
    let template = template::emit(&instance(vec![resource("X", "T", object(&[("P", value)]))]));
    parsed(&template)["Resources"]["X"]["Properties"]["P"].clone()
}

fn parsed(template: &Template) -> serde_json::Value {
    serde_json::from_str(&template.body).unwrap()
}

fn output(name: &str, value: Value, ty: LaterType) -> Output {
    Output { name: name.into(), value, ty, description: None, deprecated: None, export: None, span: at(3) }
}

fn input(name: &str, default: Option<&str>, no_echo: bool) -> Parameter {
    Parameter {
        name: name.into(),
        ty: ParameterType::String,
        no_echo,
        description: None,
        source: ParameterSource::Input { set: None, default: default.map(Into::into) },
        span: at(4),
    }
}

#[test]
fn a_whole_template() {
    let mut vpc = resource("Vpc", "AWS::EC2::VPC", object(&[("CidrBlock", text("10.0.0.0/16"))]));
    vpc.on_delete = Some(DataPolicy::Retain);
    vpc.on_replace = Some(DataPolicy::Delete);
    vpc.description = Some("a comment must not reach AWS".into());
    let mut routes = resource("Routes", "AWS::EC2::RouteTable", object(&[("VpcId", reference("Vpc"))]));
    routes.depends_on = vec!["Vpc".into(), "Cluster".into()];
    let mut model = instance(vec![vpc, routes, resource("Cluster", "AWS::ECS::Cluster", object(&[]))]);
    model.head.description = Some("The \"network\"\nthat all share.".into());
    model.head.outputs = vec![
        output("Vpc", reference("Vpc"), LaterType::String(Vec::new())),
        output("Zones", list(&[text("a"), text("b")]), texts()),
    ];
    model.head.parameters = vec![input("Image", Some("nginx"), false)];
    let template = template::emit(&model);
    assert_eq!(
        template.body,
        concat!(
            r#"{"AWSTemplateFormatVersion":"2010-09-09","Description":"The \"network\"\nthat all share.","#,
            r#""Metadata":{"infra":{"env":"dev","format_version":1,"id":"network@dev/eu-west-1","kind":"core","#,
            r#""outputs":{"Vpc":"String","Zones":"[String](2)"},"project":"shop","stack":"network","uses":{}}},"#,
            r#""Outputs":{"Vpc":{"Value":{"Ref":"Vpc"}},"Zones":{"Value":"a,b"}},"#,
            r#""Parameters":{"Image":{"Default":"nginx","Type":"String"}},"#,
            r#""Resources":{"Cluster":{"Type":"AWS::ECS::Cluster"},"#,
            r#""Routes":{"DependsOn":["Cluster","Vpc"],"Properties":{"VpcId":{"Ref":"Vpc"}},"Type":"AWS::EC2::RouteTable"},"#,
            r#""Vpc":{"DeletionPolicy":"Retain","Properties":{"CidrBlock":"10.0.0.0/16"},"Type":"AWS::EC2::VPC","#,
            r#""UpdateReplacePolicy":"Delete"}}}"#,
        )
    );
    assert_eq!(template.resources, 3);
    assert_eq!(template.capabilities, [""; 0]);
    assert_eq!(template.sha256.len(), 64);
    assert_eq!(template, template::emit(&model), "two emissions are byte-equal");
}

#[test]
fn the_digest_is_sha256() {
    let template = template::emit(&instance(Vec::new()));
    assert_eq!(
        template.body,
        r#"{"AWSTemplateFormatVersion":"2010-09-09","Metadata":{"infra":{"env":"dev","format_version":1,"id":"network@dev/eu-west-1","kind":"core","outputs":{},"project":"shop","stack":"network","uses":{}}},"Resources":{}}"#
    );
    // From `sha256sum`.
    assert_eq!(template.sha256, "8694d8cb9301045d105c5a3345c242f533dbd9355d87012e1d239ca4671421b2");
}

#[test]
fn functions_of_cloudformation() {
    let cases = [
        (reference("Vpc"), json!({"Ref": "Vpc"})),
        (attribute("Db", "Endpoint.Address"), json!({"Fn::GetAtt": ["Db", "Endpoint.Address"]})),
        (later(LaterExpr::Parameter("NetworkVpc".into())), json!({"Ref": "NetworkVpc"})),
        (
            later(LaterExpr::Join("/".into(), list(&[text("a"), reference("B")]))),
            json!({"Fn::Join": ["/", ["a", {"Ref": "B"}]]}),
        ),
        (typed(LaterExpr::Split(",".into(), reference("B")), texts()), json!({"Fn::Split": [",", {"Ref": "B"}]})),
        (later(LaterExpr::Base64(reference("B"))), json!({"Fn::Base64": {"Ref": "B"}})),
        (typed(LaterExpr::Cidr(reference("B"), 6, 8), texts()), json!({"Fn::Cidr": [{"Ref": "B"}, 6, 8]})),
        (typed(LaterExpr::Zones, texts()), json!({"Fn::GetAZs": ""})),
        (later(LaterExpr::Dynamic("{{resolve:ssm:/a}}".into())), json!("{{resolve:ssm:/a}}")),
    ];
    for (value, expected) in cases {
        assert_eq!(emitted(value), expected);
    }
}

#[test]
fn imported_lists() {
    let expr = LaterExpr::Parameter("Subnets".into());
    let whole = Arc::new(Later { expr, ty: texts(), origin: at(1), secret: false });
    let item = later(LaterExpr::Select(1, Arc::clone(&whole)));
    assert_eq!(emitted(item), json!({"Fn::Select": [1, {"Ref": "Subnets"}]}));
    assert_eq!(emitted(Value::Later(whole)), json!({"Ref": "Subnets"}));
}

#[test]
fn text_with_later_pieces() {
    let concat = |pieces: &[Value]| emitted(later(LaterExpr::Concat(pieces.to_vec())));
    let sub = |text: &str| json!({"Fn::Sub": text});
    assert_eq!(concat(&[text("http://"), attribute("Lb", "DNSName"), text("/\n")]), sub("http://${Lb.DNSName}/\n"));
    assert_eq!(concat(&[text("a"), Value::Int(3), Value::Bool(true), reference("B")]), sub("a3true${B}"));
    assert_eq!(concat(&[text("a"), text("b")]), json!("ab"));
    assert_eq!(concat(&[]), json!(""));
    assert_eq!(concat(&[reference("B")]), json!({"Ref": "B"}));
    assert_eq!(
        concat(&[later(LaterExpr::Concat(vec![text("a"), reference("B")])), text("c")]),
        sub("a${B}c"),
        "texts inside texts are one text"
    );
    assert_eq!(
        concat(&[later(LaterExpr::Dynamic("{{resolve:ssm:/a}}".into())), text(":"), reference("B")]),
        sub("{{resolve:ssm:/a}}:${B}")
    );
    let join = |items: serde_json::Value| json!({"Fn::Join": ["", items]});
    assert_eq!(concat(&[text("${HOME}"), reference("B")]), join(json!(["${HOME}", {"Ref": "B"}])));
    assert_eq!(concat(&[text("$"), text("{x"), reference("B")]), join(json!(["${x", {"Ref": "B"}])));
    assert_eq!(concat(&[text("cost: $"), reference("B")]), join(json!(["cost: $", {"Ref": "B"}])));
    assert_eq!(
        concat(&[text("a"), later(LaterExpr::Base64(reference("B")))]),
        join(json!(["a", {"Fn::Base64": {"Ref": "B"}}]))
    );
}

#[test]
fn outputs_are_text() {
    let mut model = instance(vec![resource("A", "T", object(&[]))]);
    let parameter = typed(LaterExpr::Parameter("Subnets".into()), texts());
    model.head.outputs = vec![
        output("Bool", Value::Bool(true), LaterType::Bool),
        output("Float", Value::Float(1.5), LaterType::Float),
        output("Int", Value::Int(7), LaterType::Int),
        output("Later", list(&[reference("A"), Value::Int(1)]), texts()),
        output("Passed", parameter, texts()),
        output("Plain", list(&[text("a"), Value::Int(1)]), texts()),
    ];
    let outputs = parsed(&template::emit(&model))["Outputs"].clone();
    assert_eq!(
        outputs,
        json!({
            "Bool": {"Value": "true"}, "Float": {"Value": "1.5"}, "Int": {"Value": "7"},
            "Later": {"Value": {"Fn::Join": [",", [{"Ref": "A"}, "1"]]}},
            "Passed": {"Value": {"Fn::Join": [",", {"Ref": "Subnets"}]}},
            "Plain": {"Value": "a,1"},
        })
    );
}

#[test]
fn a_masked_default_is_not_in_the_text() {
    let mut model = instance(Vec::new());
    model.head.parameters = vec![input("Token", Some("hunter2"), true)];
    let template = template::emit(&model);
    assert!(!template.body.contains("hunter2"));
    assert_eq!(parsed(&template)["Parameters"], json!({"Token": {"NoEcho": true, "Type": "String"}}));
}

#[test]
fn what_another_stack_gives() {
    let mut model = instance(Vec::new());
    let from = ForeignOutput { instance: key("base"), output: "Subnets".into() };
    model.head.parameters = vec![Parameter {
        name: "BaseSubnets".into(),
        ty: ParameterType::List,
        no_echo: false,
        description: None,
        source: ParameterSource::Output(from.clone()),
        span: at(1),
    }];
    model.head.uses = vec![Use { from, parameter: "BaseSubnets".into(), live: false, others: None, span: at(1) }];
    let body = parsed(&template::emit(&model));
    assert_eq!(
        body["Parameters"]["BaseSubnets"],
        json!({"Description": "Subnets of base@dev/eu-west-1", "Type": "CommaDelimitedList"})
    );
    assert_eq!(
        body["Metadata"]["infra"]["uses"],
        json!({"BaseSubnets": {"name": "Subnets", "stack": "base@dev/eu-west-1"}})
    );
}

#[test]
fn null_and_the_remains_of_errors_are_left_out() {
    let value = object(&[
        ("A", Value::Null),
        ("B", Value::Unknown),
        ("C", list(&[Value::Null, Value::Int(1), Value::Unknown])),
        ("D", Value::Float(f64::NAN)),
        ("E", Value::Float(f64::INFINITY)),
    ]);
    assert_eq!(emitted(value), json!({"C": [1]}));
}

#[test]
fn capabilities() {
    let of = |ty: &str, properties: &[(&str, Value)]| {
        template::emit(&instance(vec![resource("X", ty, object(properties))])).capabilities
    };
    assert_eq!(of("AWS::IAM::Role", &[]), ["CAPABILITY_IAM"]);
    assert_eq!(of("AWS::IAM::Policy", &[("PolicyName", text("p"))]), ["CAPABILITY_IAM"]);
    assert_eq!(of("AWS::IAM::AccessKey", &[("UserName", text("u"))]), ["CAPABILITY_IAM"]);
    assert_eq!(of("AWS::IAM::Role", &[("RoleName", text("r"))]), ["CAPABILITY_NAMED_IAM"]);
    assert_eq!(of("AWS::IAM::ManagedPolicy", &[("ManagedPolicyName", text("m"))]), ["CAPABILITY_NAMED_IAM"]);
    assert_eq!(of("AWS::IAM::Role", &[("RoleName", Value::Null)]), ["CAPABILITY_IAM"]);
    assert!(of("AWS::SQS::Queue", &[("QueueName", text("q"))]).is_empty());
}

fn limits(model: &Instance) -> Vec<String> {
    let found = template::limits(model, &template::emit(model));
    assert!(found.iter().all(|d| d.code == Code::LimitExceeded && d.help.is_some() && d.span().is_some()));
    found.into_iter().map(|d| format!("{}; {}", d.message, d.help.unwrap())).collect()
}

#[test]
fn limits_at_their_edges() {
    let many = |n: usize| {
        let mut all: Vec<_> = (0..n).map(|i| resource(&format!("Q{i}"), "AWS::SQS::Queue", object(&[]))).collect();
        all.last_mut().unwrap().ty = "AWS::SNS::Topic".into();
        instance(all)
    };
    assert_eq!(limits(&many(500)), [""; 0]);
    assert_eq!(
        limits(&many(501)),
        ["`network` has 501 resources, and a stack takes at most 500; \
          split the stack; it is made of 500 `AWS::SQS::Queue`, 1 `AWS::SNS::Topic`"]
    );

    let mut model = instance(Vec::new());
    model.head.bucket = Some("shop-assets".into());
    model.head.description = Some("é".repeat(512).into());
    model.head.parameters = (0..200).map(|i| input(&format!("P{i}"), Some(&"x".repeat(4096)), false)).collect();
    model.head.outputs = (0..200).map(|i| output(&format!("O{i}"), text("v"), LaterType::String(Vec::new()))).collect();
    assert_eq!(limits(&model), [""; 0]);
    model.head.description = Some(format!("{}x", "é".repeat(512)).into());
    model.head.parameters.push(input("More", Some(&"x".repeat(4097)), false));
    model.head.outputs.push(output("More", text("v"), LaterType::String(Vec::new())));
    assert_eq!(
        limits(&model).iter().map(|m| m.split(';').next().unwrap()).collect::<Vec<_>>(),
        [
            "`network` has 201 parameters, and a stack takes at most 200",
            "`network` has 201 outputs, and a stack takes at most 200",
            "the description of `network` has 1,025 bytes, and at most 1,024 are allowed",
            "the value of `More` has 4,097 bytes, and at most 4,096 are allowed",
        ]
    );
}

#[test]
fn a_body_of_a_million_bytes() {
    let sized = |n: usize| {
        let mut sized = instance(vec![
            resource("Big", "T", object(&[("P", text(&"x".repeat(n)))])),
            resource("Small", "T", object(&[("P", text("y"))])),
        ]);
        sized.head.bucket = Some("shop-assets".into());
        sized
    };
    let overhead = template::emit(&sized(0)).body.len();
    assert_eq!(limits(&sized(1_000_000 - overhead)), [""; 0]);
    let found = limits(&sized(1_000_001 - overhead));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("the template of `network` has 1,000,001 bytes, and at most 1,000,000 are allowed"));
    assert!(found[0].contains("in bytes: `Big` 999,"), "{}", found[0]);
    assert!(found[0].ends_with("`Small` 40"), "{}", found[0]);
}

#[test]
fn a_body_that_fits_into_a_call_needs_no_bucket() {
    let sized = |n: usize| instance(vec![resource("Big", "T", object(&[("P", text(&"x".repeat(n)))]))]);
    let overhead = template::emit(&sized(0)).body.len();
    assert_eq!(limits(&sized(51_200 - overhead)), [""; 0]);
    let found = limits(&sized(51_201 - overhead));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("the template of `network` has 51,201 bytes"), "{}", found[0]);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::Float),
        any::<String>().prop_map(|t| text(&t)),
        "[\u{0}-\u{7f}]{0,12}".prop_map(|t| text(&t)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| list(&items)),
            prop::collection::vec(("[A-Za-z$\"\\\\{}é]{0,5}", inner), 0..6).prop_map(|entries| {
                let object: Object = entries.iter().map(|(k, v)| (Name::new(k), v.clone())).collect();
                Value::Object(Arc::new(object))
            }),
        ]
    })
}

/// The same value as `serde_json` holds it.
fn as_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Float(n) => json!(n),
        Value::Str(t) => json!(&**t),
        Value::List(items) => items.iter().map(as_json).collect(),
        Value::Object(object) => {
            serde_json::Value::Object(object.iter().map(|(k, v)| (k.to_string(), as_json(v))).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// What CloudFormation makes of a value once everything referred to is called by its name.
fn resolved(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(call) => match call.iter().next().unwrap() {
            (name, argument) if name == "Ref" => format!("<{}>", argument.as_str().unwrap()),
            (name, argument) if name == "Fn::GetAtt" => {
                format!("<{}.{}>", argument[0].as_str().unwrap(), argument[1].as_str().unwrap())
            }
            (name, argument) if name == "Fn::Join" => {
                assert_eq!(argument[0], "");
                argument[1].as_array().unwrap().iter().map(resolved).collect()
            }
            (name, argument) if name == "Fn::Sub" => {
                // As CloudFormation reads it: `${!` is a literal `${`, any other `${` a name.
                let mut rest = argument.as_str().unwrap();
                let mut out = String::new();
                while let Some(at) = rest.find("${") {
                    out.push_str(&rest[..at]);
                    let end = rest[at..].find('}').expect("every name is closed") + at;
                    let name = &rest[at + 2..end];
                    assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'), "{name}");
                    out.push_str(&format!("<{name}>"));
                    rest = &rest[end + 1..];
                }
                out + rest
            }
            (name, _) => panic!("{name}"),
        },
        other => panic!("{other}"),
    }
}

/// JSON whose letters beyond ASCII are written by number, as templates are.
fn in_ascii(json: &str) -> String {
    let mut out = String::new();
    for c in json.chars() {
        let mut units = [0; 2];
        match c {
            ' '..='~' => out.push(c),
            c => c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out
}

proptest! {
    #[test]
    fn plain_values_go_round(value in value()) {
        let model = instance(vec![resource("X", "T", object(&[("P", value.clone())]))]);
        let body = template::emit(&model).body;
        let back: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(&back["Resources"]["X"]["Properties"]["P"], &as_json(&value));
        prop_assert_eq!(in_ascii(&serde_json::to_string(&back).unwrap()), body);
    }

    #[test]
    fn texts_mean_what_they_say(pieces in prop::collection::vec(prop_oneof![
        "[a${}!\"\\\\.\n]{0,4}".prop_map(|t| (text(&t), t)),
        Just((reference("B"), "<B>".to_owned())),
        Just((attribute("C", "D.E"), "<C.D.E>".to_owned())),
    ], 0..8)) {
        let expected: String = pieces.iter().map(|(_, shown)| shown.as_str()).collect();
        let value = emitted(later(LaterExpr::Concat(pieces.into_iter().map(|(value, _)| value).collect())));
        prop_assert_eq!(resolved(&value), expected);
    }
}

fn uses(mut head: Head, reads: &[(&str, &str)]) -> Head {
    head.uses = reads
        .iter()
        .enumerate()
        .map(|(i, (stack, output))| Use {
            from: ForeignOutput { instance: key(stack), output: (*output).into() },
            parameter: format!("{stack}{output}").as_str().into(),
            live: false,
            others: None,
            span: at(10 + i),
        })
        .collect();
    head
}

fn shop() -> Vec<Head> {
    vec![
        head("network", Layer::Core),
        uses(head("queue", Layer::Service), &[("network", "Vpc")]),
        uses(
            head("api", Layer::Service),
            &[
                ("network", "Cluster"),
                ("network", "Subnets"),
                ("network", "Vpc"),
                ("network", "Zone"),
                ("queue", "Url"),
            ],
        ),
        head("audit", Layer::Core),
    ]
}

#[test]
fn instances_in_waves() {
    assert_eq!(graph::waves(&shop()), [0, 1, 2, 0]);
    assert_eq!(
        graph::instances(&shop()).to_text(),
        "\
wave 0
  network@dev/eu-west-1  core
  audit@dev/eu-west-1    core
wave 1
  queue@dev/eu-west-1    service
  └─ network@dev/eu-west-1: Vpc
wave 2
  api@dev/eu-west-1      service
  ├─ network@dev/eu-west-1: Cluster, Subnets, Vpc, Zone
  └─ queue@dev/eu-west-1: Url
"
    );
}

#[test]
fn instances_for_mermaid() {
    assert_eq!(
        graph::instances(&shop()).to_mermaid(),
        "\
flowchart TD
  n0[\"network@dev/eu-west-1<br/>core\"]:::core
  n1[\"queue@dev/eu-west-1<br/>service\"]:::service
  n2[\"api@dev/eu-west-1<br/>service\"]:::service
  n3[\"audit@dev/eu-west-1<br/>core\"]:::core
  n1 -->|\"Vpc\"| n0
  n2 -->|\"Cluster<br/>Subnets<br/>Vpc<br/>and 1 more\"| n0
  n2 -->|\"Url\"| n1
  classDef core fill:#dce8f6,stroke:#4a73a8,color:#1d1d1d
  classDef service fill:#e2f1e0,stroke:#4f8a4a,color:#1d1d1d
"
    );
}

#[test]
fn names_are_escaped() {
    let mut odd = resource("PublicA", "AWS::EC2::Subnet", object(&[("VpcId", reference("Vpc"))]));
    odd.shown = r#"Public["a\<b>&#`"]"#.into();
    let drawing = graph::resources(&instance(vec![resource("Vpc", "AWS::EC2::VPC", object(&[])), odd]));
    assert!(
        drawing.to_dot().contains(r#"n1 [label="Public[\"a\\<b>&#`\"]\nAWS::EC2::Subnet"]"#),
        "{}",
        drawing.to_dot()
    );
    let mermaid = drawing.to_mermaid();
    assert!(
        mermaid.contains(r##"n1["Public[#quot;a\#lt;b#gt;#amp;#35;#96;#quot;]<br/>AWS::EC2::Subnet"]"##),
        "{mermaid}"
    );
}

#[test]
fn an_order_is_drawn_dashed() {
    let mut after = resource("B", "T", object(&[]));
    after.depends_on = vec!["A".into()];
    let mut both = resource("C", "T", object(&[("P", reference("A"))]));
    both.depends_on = vec!["A".into()];
    let drawing = graph::resources(&instance(vec![resource("A", "T", object(&[])), after, both]));
    assert!(
        drawing.to_dot().contains("n1 -> n0 [style=dashed];\n  n2 -> n0 [label=\"(order)\\nP\"];"),
        "{}",
        drawing.to_dot()
    );
    assert!(drawing.to_mermaid().contains("n1 -.-> n0\n  n2 -->|\"(order)<br/>P\"| n0"), "{}", drawing.to_mermaid());
}

#[test]
fn a_resource_cycle_with_its_whole_path() {
    let group = |id: &str, other: Option<&str>| {
        let mut rules = vec![("GroupDescription", text("x"))];
        let source = other.map(|other| object(&[("SourceSecurityGroupId", attribute(other, "GroupId"))]));
        rules.extend(source.map(|source| ("SecurityGroupIngress", list(&[source]))));
        resource(id, "AWS::EC2::SecurityGroup", object(&rules))
    };
    let mut after = resource("D", "T", object(&[]));
    after.depends_on = vec!["E".into()];
    let model = instance(vec![
        group("Free", Some("A")),
        group("A", Some("B")),
        group("B", Some("C")),
        group("C", Some("A")),
        after,
        resource("E", "T", object(&[("P", later(LaterExpr::Concat(vec![text("x"), reference("D")])))])),
        resource("Self", "T", object(&[("P", reference("Self"))])),
    ]);
    let found = graph::resource_cycles(&model);
    let shown: Vec<_> = found
        .iter()
        .map(|d| {
            let labels: Vec<_> = d.labels.iter().map(|l| l.text.as_str()).collect();
            format!("{}: {} | {}", d.code, d.message, labels.join("; "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "cycle: these resources need each other: A -> B -> C -> A | `SecurityGroupIngress` of `A` needs `B`; \
             `SecurityGroupIngress` of `B` needs `C`; `SecurityGroupIngress` of `C` needs `A`",
            "cycle: these resources need each other: D -> E -> D | `D` comes after `E`; `P` of `E` needs `D`",
            "cycle: `Self` refers to itself | `P` of `Self` needs `Self`",
        ]
    );
    assert!(found[0].help.as_ref().unwrap().contains("SecurityGroupIngress"));
    // The drawing of a broken stack is still a drawing.
    assert!(graph::resources(&model).to_text().contains("wave 1\n  Free"));
}

#[test]
fn a_long_chain_does_not_exhaust_the_stack() {
    let all = (0..100_000)
        .map(|i| {
            let needs = if i == 0 { object(&[]) } else { object(&[("P", reference(&format!("R{}", i - 1)))]) };
            resource(&format!("R{i}"), "T", needs)
        })
        .collect();
    let model = instance(all);
    assert!(graph::resource_cycles(&model).is_empty());
    assert_eq!(graph::resources(&model).nodes[99_999].wave, 99_999);
}

fn built(head: Head, order: usize) -> Built {
    let model = Instance {
        head: head.clone(),
        resources: vec![resource("Role", "AWS::IAM::Role", object(&[]))],
        template: None,
    };
    Built { head, template: template::emit(&model), order, places: provenance::Index::of(&model) }
}

#[test]
fn a_manifest() {
    let mut api = uses(head("api", Layer::Service), &[("network", "Vpc"), ("network", "Zone")]);
    let from = ForeignOutput { instance: key("network"), output: "Vpc".into() };
    let vpc = Parameter { source: ParameterSource::Output(from), ..input("NetworkVpc", None, false) };
    let set = ParameterSource::Input { set: Some("2".into()), default: Some("1".into()) };
    let secret = ParameterSource::Input { set: Some("hunter2".into()), default: Some("hunter1".into()) };
    api.parameters = vec![
        input("Default", Some("d"), false),
        input("Kept", None, false),
        vpc,
        Parameter { source: set, ..input("Set", None, false) },
        Parameter { source: secret, ..input("Token", None, true) },
    ];
    let mut shared = head("tools", Layer::Core);
    shared.key.env = None;
    let stacks = vec![built(shared, 0), built(head("network", Layer::Core), 0), built(api, 1)];
    let build = Build {
        env: Some("dev".into()),
        stacks,
        read: Vec::new(),
        sites: Vec::new(),
        scope: infra::build::Scope::default(),
        diagnostics: Vec::new(),
        types: infra::schema::Types::aws(),
    };
    let shown = manifest(&build);
    assert_eq!(
        (&shown["format_version"], &shown["project"], &shown["env"]),
        (&json!(1), &json!("shop"), &json!("dev"))
    );
    let keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["env", "format_version", "project", "stacks"]);
    assert_eq!(shown["stacks"][0]["env"], json!(null));
    assert_eq!(shown["stacks"][0]["id"], json!("tools@shared/eu-west-1"));
    assert_eq!(
        shown["stacks"][2],
        json!({
            "id": "api@dev/eu-west-1", "stack": "api", "kind": "service", "env": "dev",
            "account": "111111111111", "region": "eu-west-1", "name": "shop-api-dev",
            "template": "templates/api@dev@eu-west-1.json", "order": 1,
            "capabilities": ["CAPABILITY_IAM"], "tags": {"infra:project": "shop"},
            "parameters": {
                "Default": {"value": "d"}, "Kept": {"value": null},
                "NetworkVpc": {"output": {"stack": "network@dev/eu-west-1", "name": "Vpc"}},
                "Set": {"value": "2"}, "Token": {"value": null},
            },
            "depends_on": ["network@dev/eu-west-1"],
        })
    );
    let files = files(&build);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "templates/api@dev@eu-west-1.json",
            "templates/network@dev@eu-west-1.json",
            "templates/tools@shared@eu-west-1.json",
        ]
    );
    assert!(files.iter().all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains("hunter")));
}

#[test]
fn file_names_never_meet() {
    let name = |stack: &str| built(head(stack, Layer::Core), 0).file_name();
    assert_eq!(name("con"), "templates/con@dev@eu-west-1.json");
    let upper = name("API");
    assert_eq!(upper, upper.to_ascii_lowercase());
    assert_ne!(upper, name("api"));
    assert_ne!(name("Api"), name("aPi"));
    let long = "x".repeat(300);
    assert!(name(&long).len() < 255);
    assert_ne!(name(&long), name(&format!("{long}y")));
}
