"""Runs the pipeline of a template as CodePipeline does, stage by stage, against the sandbox on a port.

Takes the address, the template, the folder of the sources, the folder of `infra`, the account of the pipeline, and the
variables of the run; prints what each stage did. Everything that CodePipeline would refuse fails here.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

import boto3

address, template, sources, tool, home, variables = sys.argv[1:]
resources = json.loads(pathlib.Path(template).read_text("utf-8"))["Resources"]
[pipeline] = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::CodePipeline::Pipeline"]
stores = {store["Region"] for store in pipeline["ArtifactStores"]}
home_region = pipeline["ArtifactStores"][0]["Region"]


def client(service, region, account=home, secret="x", token=None):
    return boto3.client(service, region_name=region, endpoint_url=address, aws_access_key_id=account,
                        aws_secret_access_key=secret, aws_session_token=token)


def clients(action):
    """CloudFormation where the action works, as the role that it assumes."""
    region = action.get("Region", home_region)
    assert region in stores, f"no artifact store in {region}"
    if "RoleArn" not in action:
        return client("cloudformation", region)
    role = client("sts", region).assume_role(RoleArn=action["RoleArn"], RoleSessionName="pipeline")["Credentials"]
    return client("cloudformation", region, role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])


known = {"variables": {v["Name"]: v["DefaultValue"] for v in pipeline["Variables"]} | json.loads(variables)}
artifacts, prepared, log = {}, {}, []


def resolved(text):
    if isinstance(text, dict):
        # Of another resource of the template: its name.
        assert text.keys() == {"Ref"} and text["Ref"] in resources, text
        return text["Ref"]
    assert len(text) <= 1000, text
    return re.sub(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9_]+)\}", lambda m: known[m[1]][m[2]], text)


def build(action, configuration):
    [project] = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::CodeBuild::Project"]
    spec = json.loads(project["Source"]["BuildSpec"])
    assert spec["version"] == "0.2" and spec["env"] == {"shell": "bash"}, spec
    commands = [c for phase in ("install", "build") for c in spec["phases"][phase]["commands"]]
    given = {v["name"]: v["value"] for v in json.loads(configuration["EnvironmentVariables"])}
    env = {"PATH": f"{tool}:/usr/bin:/bin", "HOME": "/nonexistent", "CODEBUILD_SRC_DIR": sources,
           "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": home, "AWS_SECRET_ACCESS_KEY": "x"} | given
    done = subprocess.run(["bash", "-e", "-c", "\n".join(commands)], cwd=sources, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    [made] = action["OutputArtifacts"]
    artifacts[made["Name"]] = pathlib.Path(sources, spec["artifacts"]["base-directory"])


def prepare(action, configuration):
    cfn = clients(action)
    inputs = {i["Name"] for i in action["InputArtifacts"]}

    def read(path):
        artifact, file = path.split("::")
        assert artifact in inputs and artifact in artifacts, path
        return (artifacts[artifact] / file).read_text("utf-8")

    body, told = read(configuration["TemplatePath"]), json.loads(read(configuration["TemplateConfiguration"]))
    assert told.keys() <= {"Parameters", "Tags", "StackPolicy"}, told
    # CodePipeline has no way to keep a value: what it is not told, has its default.
    parameters = told["Parameters"] | json.loads(configuration.get("ParameterOverrides", "{}"))
    assert parameters.keys() <= json.loads(body).get("Parameters", {}).keys(), parameters
    stack, name = configuration["StackName"], configuration["ChangeSetName"]
    try:
        [found] = cfn.describe_stacks(StackName=stack)["Stacks"]
        is_new = found["StackStatus"] == "REVIEW_IN_PROGRESS"
        if any(s["ChangeSetName"] == name for s in cfn.list_change_sets(StackName=stack)["Summaries"]):
            cfn.delete_change_set(StackName=stack, ChangeSetName=name)
    except cfn.exceptions.ClientError as e:
        assert "does not exist" in str(e), e
        is_new = True
    made = cfn.create_change_set(
        StackName=stack, ChangeSetName=name, ChangeSetType="CREATE" if is_new else "UPDATE", TemplateBody=body,
        RoleARN=configuration["RoleArn"], Capabilities=configuration.get("Capabilities", "").split(",")
        if "Capabilities" in configuration else [],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Tags=[{"Key": k, "Value": v} for k, v in told["Tags"].items()])
    while True:
        change_set = cfn.describe_change_set(ChangeSetName=made["Id"])
        if change_set["Status"] in ("CREATE_COMPLETE", "FAILED"):
            break
    # An action that finds nothing to change succeeds, and so does the one that executes it.
    empty = change_set["Status"] == "FAILED"
    assert not empty or re.search("didn't contain changes|No updates", change_set["StatusReason"]), change_set
    prepared[action.get("Region"), stack, name, action.get("RoleArn")] = (made["Id"], empty, told.get("StackPolicy"))


def execute(action, configuration):
    cfn = clients(action)
    stack = configuration["StackName"]
    id, empty, policy = prepared.pop((action.get("Region"), stack, configuration["ChangeSetName"], action.get("RoleArn")))
    if not empty:
        cfn.execute_change_set(ChangeSetName=id)
    while True:
        [found] = cfn.describe_stacks(StackName=stack)["Stacks"]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
    assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), found
    if policy:
        cfn.set_stack_policy(StackName=stack, StackPolicyBody=json.dumps(policy, separators=(",", ":")))
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
    return outputs, empty


assert 2 <= len(pipeline["Stages"]) <= 50
assert len({stage["Name"] for stage in pipeline["Stages"]}) == len(pipeline["Stages"])
namespaces = set()
for stage in pipeline["Stages"]:
    actions = stage["Actions"]
    assert 1 <= len(actions) <= 50 and len({a["Name"] for a in actions}) == len(actions), stage
    done = []
    for order in sorted({a.get("RunOrder", 1) for a in actions}):
        produced = {}
        for action in (a for a in actions if a.get("RunOrder", 1) == order):
            assert re.fullmatch(r"[A-Za-z0-9.@_-]{1,100}", action["Name"]), action["Name"]
            configuration = {k: resolved(v) for k, v in action.get("Configuration", {}).items()}
            kind = action["ActionTypeId"]
            outputs, note = {}, action["Name"]
            match kind["Category"], kind["Provider"], configuration.get("ActionMode"):
                case "Source", "S3" | "CodeStarSourceConnection", None:
                    artifacts[action["OutputArtifacts"][0]["Name"]] = pathlib.Path(sources)
                case "Build", "CodeBuild", None:
                    assert all(i["Name"] in artifacts for i in action["InputArtifacts"])
                    build(action, configuration)
                case "Approval", "Manual", None:
                    pass
                case "Deploy", "CloudFormation", "CHANGE_SET_REPLACE":
                    prepare(action, configuration)
                case "Deploy", "CloudFormation", "CHANGE_SET_EXECUTE":
                    outputs, empty = execute(action, configuration)
                    note += " (nothing)" if empty else ""
                case other:
                    sys.exit(f"no such action: {other}")
            if "Namespace" in action:
                assert action["Namespace"] not in namespaces | {"codepipeline", "variables"}, action
                namespaces.add(action["Namespace"])
                produced[action["Namespace"]] = outputs
            done.append(note)
        # Variables are there for what is guaranteed to come later.
        known |= produced
    log.append({stage["Name"]: done})
print(json.dumps(log))
