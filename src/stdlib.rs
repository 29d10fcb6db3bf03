//! The standard library: components and functions in the language itself, built in.

/// One file: its name, under which errors show it, and its text.
pub type File = (&'static str, &'static str);

/// Every file, sorted by name. Together they are one module, `std`.
pub const FILES: &[File] = &[
    ("std:/alarms.infra", include_str!("../stdlib/alarms.infra")),
    ("std:/buckets.infra", include_str!("../stdlib/buckets.infra")),
    ("std:/build_projects.infra", include_str!("../stdlib/build_projects.infra")),
    ("std:/cluster.infra", include_str!("../stdlib/cluster.infra")),
    ("std:/fargate_service.infra", include_str!("../stdlib/fargate_service.infra")),
    ("std:/github.infra", include_str!("../stdlib/github.infra")),
    ("std:/grants.infra", include_str!("../stdlib/grants.infra")),
    ("std:/instances.infra", include_str!("../stdlib/instances.infra")),
    ("std:/keys.infra", include_str!("../stdlib/keys.infra")),
    ("std:/listener_rules.infra", include_str!("../stdlib/listener_rules.infra")),
    ("std:/load_balancer.infra", include_str!("../stdlib/load_balancer.infra")),
    ("std:/logs.infra", include_str!("../stdlib/logs.infra")),
    ("std:/names.infra", include_str!("../stdlib/names.infra")),
    ("std:/network.infra", include_str!("../stdlib/network.infra")),
    ("std:/pipeline.infra", include_str!("../stdlib/pipeline.infra")),
    ("std:/pipeline_actions.infra", include_str!("../stdlib/pipeline_actions.infra")),
    ("std:/pipeline_artifacts.infra", include_str!("../stdlib/pipeline_artifacts.infra")),
    ("std:/pipeline_sources.infra", include_str!("../stdlib/pipeline_sources.infra")),
    ("std:/pipeline_stacks.infra", include_str!("../stdlib/pipeline_stacks.infra")),
    ("std:/policies.infra", include_str!("../stdlib/policies.infra")),
    ("std:/queues.infra", include_str!("../stdlib/queues.infra")),
    ("std:/repositories.infra", include_str!("../stdlib/repositories.infra")),
    ("std:/roles.infra", include_str!("../stdlib/roles.infra")),
    ("std:/service_scaling.infra", include_str!("../stdlib/service_scaling.infra")),
    ("std:/tables.infra", include_str!("../stdlib/tables.infra")),
    ("std:/task_roles.infra", include_str!("../stdlib/task_roles.infra")),
    ("std:/topics.infra", include_str!("../stdlib/topics.infra")),
];

/// Whether a file declares something of that name, with that word (`fn`, `component`) before it.
pub fn has(word: &str, name: &str) -> bool {
    let declares = |line: &str| {
        let rest = line.strip_prefix(word)?.strip_prefix(' ')?.strip_prefix(name)?;
        Some(!rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    !name.is_empty() && FILES.iter().any(|(_, text)| text.lines().any(|line| declares(line) == Some(true)))
}
