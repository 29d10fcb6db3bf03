//! SAM through whole commands: deployed to the sandbox, nothing to do after it.

use crate::support::cli::Project;

const PROGRAM: &str = r#"
project shop

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"] }

service api {
  resource Api = AWS::Serverless::Api { StageName: "live" }

  resource Hello = AWS::Serverless::Function {
    CodeUri: "s3://artifacts/hello.zip"
    Handler: "index.handler"
    Runtime: "nodejs22.x"
    MemorySize: 128
    AutoPublishAlias: "live"
    Events: { Get: { Type: "Api", Properties: { RestApiId: Api.ref, Path: "/", Method: "get" } } }
  }

  resource More = AWS::IAM::RolePolicy {
    PolicyName: "more"
    RoleName: HelloRole
    PolicyDocument: { Version: "2012-10-17", Statement: [] }
  }

  output Alias = Hello.Alias
  output Role = HelloRole.Arn
  output Api = Api.RestApiId
  output Stage = "${Api.Stage.ref} of ${Hello.Arn}"
}
"#;

#[test]
fn a_function_behind_an_api() {
    let project = Project::new(&[("main.infra", PROGRAM)]);
    let said = project.infra("plan --env dev --sandbox state").ended(0);
    assert!(said.out.contains("AWS::Serverless-2016-10-31 works on the template"), "{}", said.out);
    project.infra("apply --env dev --yes --sandbox state").ended(0);
    let outputs = project.infra("outputs --env dev --sandbox state --format json").ended(0).json();
    let of = |name: &str| outputs["api"][name].as_str().unwrap_or_default().to_owned();
    assert!(of("Alias").starts_with("arn:aws:lambda:eu-west-1:111111111111:"), "{outputs:#}");
    assert!(of("Role").starts_with("arn:aws:iam::111111111111:role/shop-api-dev-HelloRole-"), "{outputs:#}");
    let again = project.infra("plan --env dev --sandbox state --detailed-exitcode").ended(0);
    assert!(again.out.starts_with("no changes"), "{}", again.out);

    // What SAM makes of a function may become another with it.
    project.write("main.infra", PROGRAM.replace("MemorySize: 128", "MemorySize: 256"));
    let plan = project.infra("plan --env dev --sandbox state --format json").ended(0).json();
    let stack = &plan["stacks"][0];
    let changed: Vec<&str> =
        stack["changes"].as_array().unwrap().iter().map(|c| c["logical_id"].as_str().unwrap()).collect();
    assert!(changed.contains(&"Hello"), "{plan:#}");
    let later: Vec<&str> = stack["outputs"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(later.contains(&"Alias") && !later.contains(&"Api"), "{plan:#}");
    project.infra("apply --env dev --yes --sandbox state").ended(0);
}
