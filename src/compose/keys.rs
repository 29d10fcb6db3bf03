//! Every key of the Compose specification, and what becomes of it.
//!
//! Fact: `schema/compose-spec.json` of compose-spec/compose-spec; what Fargate has not, "Amazon ECS task definition
//! differences for Fargate".

/// What becomes of a key.
pub(super) enum Fate {
    /// Something of the same meaning.
    Carried,
    /// It speaks of the machine of a developer, and means nothing in AWS.
    Local,
    /// It would mean something else: why, and what to do.
    Refused(&'static str, &'static str),
}

use Fate::{Carried, Local, Refused};

/// A key and its fate.
pub(super) type Row = (&'static str, Fate);

const RESOURCES: Fate =
    Refused("a task has CPU units and memory, and nothing finer", "give `deploy.resources.limits`: `cpus`, `memory`");
const HOST: Fate =
    Refused("Fargate gives no access to its hosts", "take it out; in a second file, write `!reset null`");
const RESOLVER: Fate =
    Refused("the resolver of the VPC answers", "take it out; `x-cloudmap` gives services names in the VPC");
const FIND: Fate =
    Refused("tasks have no names but those of Cloud Map", "give the other service `x-network: { x-cloudmap: … }`");
const MACHINE: Fate = Refused("the platform decides that", "take it out; in a second file, write `!reset null`");
const BESIDE: Fate =
    Refused("this is not translated", "declare it in the source beside this stack, and take it out here");
const COMMAND: Fate =
    Refused("ECS starts the container, and nothing else in it", "do it in the entry point of the image");

/// At the top.
pub(super) const TOP: &[Row] = &[
    ("configs", Refused("ECS has no such files", "bake them into the image, or give them as `environment`")),
    ("include", Refused("all files are named in one place", "name them: `compose(\"a.yaml\", \"b.yaml\")`")),
    ("models", BESIDE),
    ("name", Local),
    ("networks", Carried),
    ("secrets", Carried),
    ("services", Carried),
    ("version", Local),
    ("volumes", Carried),
    ("x-acm", BESIDE),
    ("x-alarms", BESIDE),
    ("x-appmesh", BESIDE),
    ("x-aps", BESIDE),
    ("x-cloudmap", Carried),
    ("x-cluster", Carried),
    ("x-cognito_userpool", BESIDE),
    ("x-dashboards", BESIDE),
    ("x-docdb", BESIDE),
    ("x-dynamodb", BESIDE),
    ("x-ecr", BESIDE),
    ("x-efs", BESIDE),
    ("x-elasticache", BESIDE),
    ("x-elbv2", Carried),
    ("x-events", BESIDE),
    ("x-iam", BESIDE),
    ("x-kinesis", BESIDE),
    ("x-kinesis_firehose", BESIDE),
    ("x-kms", BESIDE),
    ("x-msk_cluster", BESIDE),
    ("x-neptune", BESIDE),
    ("x-opensearch", BESIDE),
    ("x-rds", BESIDE),
    ("x-route53", BESIDE),
    ("x-s3", BESIDE),
    ("x-sns", BESIDE),
    ("x-sqs", Carried),
    ("x-ssm_parameter", BESIDE),
    ("x-tags", Carried),
    ("x-vpc", Carried),
    ("x-wafv2_webacl", BESIDE),
];

/// Of a service.
pub(super) const SERVICE: &[Row] = &[
    ("annotations", Local),
    ("attach", Local),
    ("blkio_config", RESOURCES),
    ("build", Local),
    ("cap_add", Carried),
    ("cap_drop", Carried),
    ("cgroup", HOST),
    ("cgroup_parent", HOST),
    ("command", Carried),
    ("configs", Refused("ECS has no such files", "bake them into the image, or give them as `environment`")),
    ("container_name", Local),
    ("cpu_count", RESOURCES),
    ("cpu_percent", RESOURCES),
    ("cpu_period", RESOURCES),
    ("cpu_quota", RESOURCES),
    ("cpu_rt_period", RESOURCES),
    ("cpu_rt_runtime", RESOURCES),
    ("cpu_shares", RESOURCES),
    ("cpus", Carried),
    ("cpuset", RESOURCES),
    ("credential_spec", HOST),
    ("depends_on", Carried),
    ("deploy", Carried),
    ("develop", Local),
    ("device_cgroup_rules", HOST),
    ("devices", HOST),
    ("dns", RESOLVER),
    ("dns_opt", RESOLVER),
    ("dns_search", RESOLVER),
    ("domainname", RESOLVER),
    ("entrypoint", Carried),
    ("env_file", Carried),
    ("environment", Carried),
    ("expose", Carried),
    ("external_links", FIND),
    ("extra_hosts", RESOLVER),
    ("gpus", Refused("Fargate has none", "run it on instances of your own, declared in the source")),
    ("group_add", Refused("ECS sets one user and one group", "give both in `user`: `\"1000:1000\"`")),
    ("healthcheck", Carried),
    ("hostname", RESOLVER),
    ("image", Carried),
    ("init", Carried),
    ("ipc", HOST),
    ("isolation", MACHINE),
    ("label_file", Refused("labels are few", "write them in `labels`")),
    ("labels", Carried),
    ("links", FIND),
    ("logging", Carried),
    ("mac_address", MACHINE),
    ("mem_limit", Carried),
    ("mem_reservation", Carried),
    ("mem_swappiness", RESOURCES),
    ("memswap_limit", RESOURCES),
    ("models", BESIDE),
    (
        "network_mode",
        Refused("every task has a network interface of its own", "take it out; `x-network` says who may reach it"),
    ),
    ("networks", Carried),
    ("oom_kill_disable", RESOURCES),
    ("oom_score_adj", RESOURCES),
    ("pid", HOST),
    ("pids_limit", RESOURCES),
    ("platform", Carried),
    ("ports", Carried),
    ("post_start", COMMAND),
    ("pre_stop", COMMAND),
    ("privileged", HOST),
    ("profiles", Carried),
    ("provider", BESIDE),
    ("pull_policy", Local),
    ("read_only", Carried),
    ("restart", Local),
    ("runtime", MACHINE),
    ("scale", Carried),
    ("secrets", Carried),
    ("security_opt", HOST),
    ("shm_size", Refused("Fargate has no shared memory of another size", "write to a volume instead")),
    ("stdin_open", Carried),
    ("stop_grace_period", Carried),
    ("stop_signal", Refused("ECS sends what the image says", "set `STOPSIGNAL` in the image")),
    ("storage_opt", MACHINE),
    ("sysctls", Carried),
    ("tmpfs", Carried),
    ("tty", Carried),
    ("ulimits", Carried),
    ("use_api_socket", HOST),
    ("user", Carried),
    ("userns_mode", HOST),
    ("uts", HOST),
    ("volumes", Carried),
    ("volumes_from", Refused("volumes are shared by name", "mount a named volume in both services")),
    ("working_dir", Carried),
    ("x-alarms", BESIDE),
    ("x-aws-max_percent", Carried),
    ("x-aws-min_percent", Carried),
    ("x-ecs", BESIDE),
    ("x-iam", Carried),
    ("x-logging", Carried),
    ("x-network", Carried),
    ("x-prometheus", BESIDE),
    ("x-scaling", Carried),
    ("x-xray", BESIDE),
];

/// Of `deploy`.
pub(super) const DEPLOY: &[Row] = &[
    ("endpoint_mode", Local),
    ("labels", Carried),
    ("mode", Carried),
    ("placement", Refused("Fargate has no nodes to choose from", "take it out; in a second file, write `!reset null`")),
    ("replicas", Carried),
    ("resources", Carried),
    ("restart_policy", Local),
    ("rollback_config", Local),
    ("update_config", Carried),
];
