//! What is refused, with AWS's codes and words.

use aws_sdk_cloudformation::types::ChangeSetType;
use serde_json::json;

use super::*;

async fn create(client: &Client, body: &str) -> Result<String, (String, String)> {
    let made = client
        .create_change_set()
        .stack_name("s")
        .change_set_name("c")
        .change_set_type(ChangeSetType::Create)
        .template_body(body)
        .send()
        .await;
    match made {
        Ok(made) => Ok(made.stack_id().unwrap_or_default().to_owned()),
        Err(error) => {
            Err((error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned()))
        }
    }
}

#[tokio::test]
async fn bad_templates() {
    let (_, client) = world();
    let many =
        |count: usize| (0..count).map(|at| (format!("Q{at}"), queue(json!({})))).collect::<serde_json::Map<_, _>>();
    let q = queue(json!({}));
    let cases = [
        ("{", "Template format error: JSON not well-formed. (line 1, column 1)".to_owned()),
        ("[]", "Template format error: unsupported structure.".to_owned()),
        ("{}", "Template format error: At least one Resources member must be defined.".to_owned()),
        (r#"{"Resources":{"A":3}}"#, "Template format error: Any Resources member must be an object.".to_owned()),
        (
            r#"{"Resources":{"A":{}}}"#,
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.".to_owned(),
        ),
        (
            r#"{"Resources":{"A-B":{"Type":"AWS::SQS::Queue"}}}"#,
            "Template format error: Resource name A-B is non alphanumeric.".to_owned(),
        ),
        (
            r#"{"Resources":{"A":{"Type":"AWS::SQS::Queue","Invalid":1}}}"#,
            "Invalid template resource property 'Invalid'".to_owned(),
        ),
        (
            r#"{"Resources":{"A":{"Type":"AWS::Bogus::Thing"}}}"#,
            "Template format error: Unrecognized resource types: [AWS::Bogus::Thing]".to_owned(),
        ),
        (
            &json!({ "Resources": { "A": q }, "Outputs": { "O": {} } }).to_string(),
            "Template format error: Every Outputs member must contain a Value object".to_owned(),
        ),
        (
            &json!({ "Resources": { "A": q }, "Outputs": { "O": { "Value": null } } }).to_string(),
            "[/Outputs/O/Value] 'null' values are not allowed in templates".to_owned(),
        ),
        (
            &json!({ "Resources": { "A": q }, "Stuff": {} }).to_string(),
            "Invalid template property or properties [Stuff]".to_owned(),
        ),
        (
            &resources(json!({ "A": queue(json!({ "QueueName": { "Ref": "Nope" } })) })),
            "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template"
                .to_owned(),
        ),
        (
            &json!({ "Resources": { "A": q }, "Outputs": { "O": { "Value": { "Fn::GetAtt": ["Nope", "Arn"] } } } })
                .to_string(),
            "Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template"
                .to_owned(),
        ),
        (
            &resources(
                json!({ "A": queue(json!({ "QueueName": { "Ref": "B" } })), "B": { "Type": "AWS::SQS::Queue", "DependsOn": ["A"] }, "C": queue(json!({ "QueueName": { "Ref": "A" } })) }),
            ),
            "Circular dependency between resources: [A, B]".to_owned(),
        ),
        (
            &resources(many(501).into()),
            "Template format error: Number of resources, 501, is greater than maximum allowed, 500".to_owned(),
        ),
    ];
    for (body, wanted) in cases {
        assert_eq!(create(&client, body).await, Err(("ValidationError".to_owned(), wanted)), "{body}");
    }
    assert!(client.describe_stacks().stack_name("s").send().await.is_err(), "a refused change set leaves no shell");
    let long =
        json!({ "Description": "x".repeat(900), "Resources": { "A": q }, "Metadata": { "Fill": "y".repeat(51_200) } })
            .to_string();
    let (code, message) = create(&client, &long).await.unwrap_err();
    assert_eq!(code, "ValidationError");
    assert!(message.ends_with(
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200"
    ));
    let validated =
        client.validate_template().template_body(r#"{"Resources":{"A":{"Type":"AWS::Bogus::Thing"}}}"#).send().await;
    assert_eq!(refusal(validated).0, "ValidationError");
}

#[tokio::test]
async fn bad_parameters() {
    let (_, client) = world();
    let body = json!({
        "Parameters": {
            "N": { "Type": "Number", "MinValue": 2, "Default": 3 },
            "A": { "Type": "String", "AllowedValues": ["x", "y"], "Default": "x" },
            "P": { "Type": "String", "AllowedPattern": "[a-z]+", "Default": "abc" },
            "Q": { "Type": "String" },
        },
        "Resources": { "A": queue(json!({})) },
    })
    .to_string();
    let big = "x".repeat(4097);
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[], "Parameters: [Q] must have values"),
        (&[("Q", "q"), ("Z", "z")], "Parameters: [Z] do not exist in the template"),
        (&[("Q", "q"), ("N", "many")], "Parameter 'N' must be a number."),
        (&[("Q", "q"), ("N", "1")], "Parameter 'N' must be a number not less than 2"),
        (&[("Q", "q"), ("A", "z")], "Parameter 'A' must be one of AllowedValues"),
        (
            &[("Q", "q"), ("P", "abc1")],
            "Parameter P failed to satisfy constraint: Parameter value abc1 does not match pattern [a-z]+",
        ),
        (&[("Q", &big)], "Parameter 'Q' must contain at most 4096 characters"),
    ];
    for (given, wanted) in cases {
        let list = given
            .iter()
            .map(|(key, value)| Parameter::builder().parameter_key(*key).parameter_value(*value).build())
            .collect();
        let made = client.create_stack().stack_name("s").template_body(&body).set_parameters(Some(list)).send().await;
        assert_eq!(refusal(made).1, wanted);
    }
    let previous = Parameter::builder().parameter_key("Q").use_previous_value(true).build();
    let made = client.create_stack().stack_name("s").template_body(&body).parameters(previous).send().await;
    assert!(refusal(made).1.starts_with("Invalid input for parameter key Q."));
}

#[tokio::test]
async fn names_and_strangers() {
    let (_, client) = world();
    let body = resources(json!({ "A": queue(json!({})) }));
    let bad = client.create_stack().stack_name("*@x_$").template_body(&body).send().await;
    assert_eq!(
        refusal(bad).1,
        "1 validation error detected: Value '*@x_$' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
    );
    assert_eq!(
        refusal(client.describe_change_set().stack_name("none").change_set_name("c").send().await).1,
        "Stack [none] does not exist"
    );
    assert_eq!(
        refusal(client.describe_change_set().change_set_name("c").send().await).1,
        "StackName must be specified if ChangeSetName is not specified as an ARN."
    );
    assert_eq!(
        refusal(client.create_change_set().stack_name("none").change_set_name("c").template_body(&body).send().await).1,
        "Stack [none] does not exist"
    );
    assert_eq!(
        refusal(client.list_stack_resources().stack_name("none").send().await).1,
        "Stack with id none does not exist"
    );
    assert_eq!(
        refusal(client.describe_stack_events().stack_name("none").send().await).1,
        "Stack [none] does not exist"
    );
    client.delete_stack().stack_name("none").send().await.unwrap();

    let made = deploy(&client, Ask { stack: "s", body: &body, ..Ask::default() }).await;
    let again = client
        .create_change_set()
        .stack_name("s")
        .change_set_name("c")
        .change_set_type(ChangeSetType::Create)
        .template_body(&body)
        .send()
        .await;
    assert_eq!(refusal(again).1, "Stack [s] already exists and cannot be created again with the changeSet [c].");
    let other = resources(json!({ "A": topic(json!({})) }));
    let kind = client.create_change_set().stack_name("s").change_set_name("c").template_body(&other).send().await;
    assert_eq!(
        refusal(kind).1,
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [A]"
    );
    let missing = client.describe_stack_resource().stack_name("s").logical_resource_id("Zz").send().await;
    assert_eq!(refusal(missing).1, "Resource Zz does not exist for stack s");

    client.delete_stack().stack_name("s").send().await.unwrap();
    settled(&client, made.stack_id().unwrap()).await;
    let dead = client
        .create_change_set()
        .stack_name(made.stack_id().unwrap())
        .change_set_name("c")
        .template_body(&body)
        .send()
        .await;
    assert_eq!(
        refusal(dead).1,
        format!("Stack:{} is in DELETE_COMPLETE state and can not be updated.", made.stack_id().unwrap())
    );
}

#[tokio::test]
async fn a_busy_stack_refuses_everything_else() {
    let (_, client) = world();
    let body = |seconds: u32| resources(json!({ "A": queue(json!({ "VisibilityTimeout": seconds })) }));
    deploy(&client, Ask { stack: "s", body: &body(1), ..Ask::default() }).await;
    let next = plan(&client, Ask { stack: "s", body: &body(2), ..Ask::default() }, "next", ChangeSetType::Update).await;
    let id = next.change_set_id().unwrap();
    client.execute_change_set().change_set_name(id).client_request_token("a").send().await.unwrap();
    let suffix = "is in UPDATE_IN_PROGRESS state and can not be updated.";
    let again = client.execute_change_set().change_set_name(id).client_request_token("b").send().await;
    assert_eq!(
        refusal(again),
        ("InvalidChangeSetStatus".into(), "An operation on this ChangeSet is currently in progress.".into(), 400)
    );
    assert!(refusal(client.update_stack().stack_name("s").template_body(body(3)).send().await).1.ends_with(suffix));
    assert!(
        refusal(client.create_change_set().stack_name("s").change_set_name("x").template_body(body(3)).send().await)
            .1
            .ends_with(suffix)
    );
    assert_eq!(
        refusal(client.delete_stack().stack_name("s").send().await).1,
        "Stack [s] cannot be deleted while in status UPDATE_IN_PROGRESS"
    );
    assert_eq!(refusal(client.delete_change_set().change_set_name(id).send().await).0, "InvalidChangeSetStatus");
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_COMPLETE");
}

#[tokio::test]
async fn capabilities_are_asked_for() {
    let (_, client) = world();
    let role = |name: Option<&str>| {
        let mut properties = json!({ "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [] } });
        if let Some(name) = name {
            properties["RoleName"] = name.into();
        }
        resources(json!({ "Role": { "Type": "AWS::IAM::Role", "Properties": properties } }))
    };
    for (body, needed) in [(role(None), "CAPABILITY_IAM"), (role(Some("x")), "CAPABILITY_NAMED_IAM")] {
        let (code, message, _) = refusal(client.create_stack().stack_name("s").template_body(&body).send().await);
        assert_eq!(
            (code.as_str(), message),
            ("InsufficientCapabilitiesException", format!("Requires capabilities : [{needed}]"))
        );
    }
    let less = client
        .create_stack()
        .stack_name("s")
        .template_body(role(Some("x")))
        .capabilities(Capability::CapabilityIam)
        .send()
        .await;
    assert_eq!(refusal(less).0, "InsufficientCapabilitiesException");
    let summary = client.get_template_summary().template_body(role(Some("x"))).send().await.unwrap();
    assert_eq!(summary.capabilities(), [Capability::CapabilityNamedIam]);
    client
        .create_stack()
        .stack_name("s")
        .template_body(role(Some("x")))
        .capabilities(Capability::CapabilityNamedIam)
        .send()
        .await
        .unwrap();
    let made = settled(&client, "s").await;
    assert_eq!(status(&made), "CREATE_COMPLETE");
    assert_eq!(physical(&client, "s").await["Role"], "x");
}

#[tokio::test]
async fn transforms_are_taken_as_they_are() {
    let (_, client) = world();
    let function = json!({ "Type": "AWS::Serverless::Function", "Properties": {
        "InlineCode": "exports.handler = async () => 1", "Handler": "index.handler", "Runtime": "nodejs22.x",
        "AutoPublishAlias": "live",
    } });
    let plain = resources(json!({ "Hello": function }));
    let refused = refusal(client.create_stack().stack_name("s").template_body(&plain).send().await).1;
    assert_eq!(refused, "Template format error: Unrecognized resource types: [AWS::Serverless::Function]");
    let body = json!({
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": { "Function": { "Timeout": 10 } },
        "Resources": { "Hello": function },
        "Outputs": {
            "Role": { "Value": { "Fn::GetAtt": ["HelloRole", "Arn"] } },
            "Alias": { "Value": { "Ref": "Hello.Alias" } },
            "Both": { "Value": { "Fn::Sub": "${HelloRole} ${Hello.Alias}" } },
        },
    })
    .to_string();
    let create = || client.create_stack().stack_name("s").template_body(&body);
    let refused = refusal(create().send().await);
    assert_eq!(refused.0, "InsufficientCapabilitiesException");
    assert_eq!(refused.1, "Requires capabilities : [CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND]");
    let refused = refusal(create().capabilities(Capability::CapabilityIam).send().await);
    assert_eq!(refused.1, "Requires capabilities : [CAPABILITY_AUTO_EXPAND]");
    create()
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await
        .unwrap();
    let made = settled(&client, "s").await;
    assert_eq!(status(&made), "CREATE_COMPLETE");
    let output = |key: &str| {
        let found = made.outputs().iter().find(|o| o.output_key() == Some(key));
        found.and_then(|o| o.output_value()).unwrap_or_default().to_owned()
    };
    let role = output("Role");
    assert!(role.starts_with("arn:aws:iam::111122223333:role/s-HelloRole-"), "{role}");
    let name = role.rsplit('/').next().unwrap();
    assert_eq!(output("Both"), format!("{name} {}", output("Alias")));
    let other = json!({ "Transform": "Mine", "Resources": { "A": queue(json!({})) } }).to_string();
    let refused = refusal(client.create_stack().stack_name("t").template_body(&other).send().await).1;
    assert_eq!(refused, "The transform Mine is not known to this sandbox: it runs no macros");
}

#[tokio::test]
async fn protection_holds() {
    let (_, client) = world();
    let body = resources(json!({ "A": queue(json!({})) }));
    deploy(&client, Ask { stack: "s", body: &body, ..Ask::default() }).await;
    client.update_termination_protection().stack_name("s").enable_termination_protection(true).send().await.unwrap();
    assert_eq!(
        refusal(client.delete_stack().stack_name("s").send().await).1,
        "Stack [s] cannot be deleted while TerminationProtection is enabled"
    );
    assert_eq!(describe(&client, "s").await.enable_termination_protection(), Some(true));
    client.update_termination_protection().stack_name("s").enable_termination_protection(false).send().await.unwrap();
    client.delete_stack().stack_name("s").send().await.unwrap();
}

#[tokio::test]
async fn unsigned_and_unknown_calls() {
    let sandbox = Sandbox::default();
    let request = infra::sandbox::Request { body: b"Action=ListStacks".to_vec(), ..Default::default() };
    assert_eq!(sandbox.answer(&request).status, 403);
    let (_, client) = world();
    assert_eq!(refusal(client.list_stack_sets().send().await).0, "InvalidAction");
    assert_eq!(refusal(client.list_stacks().next_token("7").send().await).1, "Invalid NextToken");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let (_, client) = with(Settings { items_per_page: 3, changes_per_page: 2, ..Settings::default() });
    let many: serde_json::Map<String, Value> = (0..7).map(|at| (format!("Q{at}"), queue(json!({})))).collect();
    let body = resources(many.into());
    let first = plan(&client, Ask { stack: "s0", body: &body, ..Ask::default() }, "c", ChangeSetType::Create).await;
    let mut seen = first.changes().len();
    assert_eq!(seen, 2);
    let mut next = first.next_token().map(str::to_owned);
    while let Some(token) = next {
        let page = client
            .describe_change_set()
            .change_set_name(first.change_set_id().unwrap())
            .next_token(token)
            .send()
            .await
            .unwrap();
        seen += page.changes().len();
        next = page.next_token().map(str::to_owned);
    }
    assert_eq!(seen, 7);
    for name in ["s1", "s2", "s3", "s4"] {
        deploy(&client, Ask { stack: name, body: &body, ..Ask::default() }).await;
    }
    let mut names = Vec::new();
    let mut pages = client.describe_stacks().into_paginator().items().send();
    while let Some(stack) = pages.next().await {
        names.push(stack.unwrap().stack_name().unwrap().to_owned());
    }
    assert_eq!(names, ["s0", "s1", "s2", "s3", "s4"]);
    let all = events(&client, "s1").await;
    let ids: std::collections::BTreeSet<_> = all.iter().map(|event| event.event_id().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    assert!(all.len() > 20);
    let mut rest = client.list_stack_resources().stack_name("s1").into_paginator().items().send();
    let mut count = 0;
    while rest.next().await.is_some() {
        count += 1;
    }
    assert_eq!(count, 7);
}
