//! `services`

use super::super::draft::Fields;
use super::super::model::{Named, Service, Tier};
use super::super::text::Text;
use super::super::{draft, no_such, not_carried};
use super::secrets::Secrets;
use super::{Entry, Kind, Node, Reader, keys};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Expr;

/// Networks by name, each with the subnets that it stands for.
pub(super) type Tiers = std::collections::BTreeMap<std::sync::Arc<str>, Option<Tier>>;

/// What a container waits for, as compose and as ECS say it.
const CONDITIONS: [(&str, &str); 3] =
    [("service_completed_successfully", "SUCCESS"), ("service_healthy", "HEALTHY"), ("service_started", "START")];

/// What a statement of a policy of a role has.
const STATEMENT: [&str; 7] = ["Action", "Condition", "Effect", "NotAction", "NotResource", "Resource", "Sid"];

impl Reader<'_> {
    /// A service; `None` for one of a profile, which nothing starts by itself.
    pub(super) fn service(&mut self, entry: &Entry, tiers: &Tiers, secrets: &Secrets) -> Option<Service> {
        let (node, what) = (&entry.value, format!("the service `{}`", entry.key));
        let entries = self.map(node, &what);
        if node.get("profiles").is_some_and(|profiles| !profiles.items().is_empty()) {
            return None;
        }
        self.fates(&what, entries.iter(), keys::SERVICE);
        let named = Named { name: entry.key.clone(), span: entry.key_span };
        let image = match node.get("image") {
            Some(image) => self.text(image, "`image`"),
            None => {
                self.no_image(entry);
                None
            }
        };
        // Where there is none, that is said, and the rest is looked at.
        let image = image.unwrap_or_else(|| Text::plain("", entry.key_span));
        let (mut container, size) = (self.container(node), self.size(node));
        let deploy = self.deploy(node);
        let labels = self.labels(node, &deploy.labels);
        container.object("DockerLabels", entry.key_span, labels);
        let (log_days, log_group) = self.logging(node);
        let (secrets, statements) = self.used_secrets(node, secrets);
        let mut service = Service {
            image,
            command: node.get("command").and_then(|node| self.words(node, "`command`")),
            entry_point: node.get("entrypoint").and_then(|node| self.words(node, "`entrypoint`")),
            environment: self.environment(node),
            secrets,
            ports: self.ports(node),
            container,
            mounts: self.mounts(node),
            cpu: size.0,
            memory: size.1,
            size_span: node.get("deploy").and_then(|deploy| deploy.get("resources")).map_or(entry.key_span, |r| r.span),
            count: deploy.count,
            is_arm: self.platform(node),
            tier: self.tier(node, tiers),
            family: deploy.family,
            condition: deploy.condition,
            depends_on: self.depends_on(node),
            deployment: deploy.deployment,
            log_days,
            log_group,
            scaling: node.get("x-scaling").and_then(|node| self.scaling(node)),
            public_ip: None,
            discovery: None,
            ingress: Vec::new(),
            policies: Vec::new(),
            statements,
            boundary: None,
            named,
        };
        self.reach(node, &mut service);
        self.permissions(node, &mut service);
        Some(service)
    }

    fn no_image(&mut self, entry: &Entry) {
        let problem = Diagnostic::new(Code::MissingField, format!("the service `{}` has no `image`", entry.key));
        let built = entry.value.entries().iter().find(|entry| &*entry.key == "build");
        self.report(match built {
            Some(build) => problem
                .at(build.key_span, "built, and nothing says where the image is")
                .help("add the name under which it is pushed: `image: ${REPOSITORY}:${TAG}`"),
            None => problem.at(entry.key_span, "nothing says what runs").help("add `image: NAME:TAG`"),
        });
    }

    /// A command: a list, or a text in the words of a shell.
    fn words(&mut self, node: &Node, what: &str) -> Option<Expr> {
        match &node.kind {
            Kind::Null => None,
            Kind::List(items) => {
                let words = items.iter().filter_map(|item| self.string(item, what)).collect();
                Some(draft::list(node.span, words))
            }
            _ => {
                let text = self.text(node, what)?;
                let words = super::container::shell_words(&text);
                let words = words.iter().map(|word| self.referring(word).expr()).collect();
                Some(draft::list(node.span, words))
            }
        }
    }

    fn labels(&mut self, service: &Node, of_deploy: &Fields) -> Fields {
        let mut labels = Fields::default();
        for entry in service.get("labels").map_or(&[][..], |node| self.map(node, "`labels`")) {
            let value = match entry.value.kind {
                Kind::Null => Some(draft::text(entry.key_span, "")),
                _ => self.string(&entry.value, "a label"),
            };
            if let Some(value) = value {
                labels.at(&entry.key, entry.key_span, value);
            }
        }
        labels.extend(of_deploy.clone());
        labels
    }

    fn depends_on(&mut self, service: &Node) -> Vec<(Named, Option<&'static str>)> {
        let mut found = Vec::new();
        for entry in service.get("depends_on").map_or(&[][..], |node| self.map(node, "`depends_on`")) {
            self.known("`depends_on`", &entry.value, &["condition", "required", "restart"]);
            if !self.service_is_there(&entry.key, entry.key_span) {
                continue;
            }
            let condition = match entry.value.get("condition") {
                None => None,
                Some(node) => {
                    let Some(word) = self.word(node, "`condition`") else { continue };
                    let known = CONDITIONS.iter().find(|(name, _)| *name == &*word);
                    if known.is_none() {
                        self.one_of("`condition`", &word, node.span, &CONDITIONS.map(|(name, _)| name));
                    }
                    known.map(|(_, condition)| *condition)
                }
            };
            found.push((Named { name: entry.key.clone(), span: entry.key_span }, condition));
        }
        found
    }

    /// Where a platform for ARM is asked for.
    fn platform(&mut self, service: &Node) -> Option<Span> {
        let node = service.get("platform")?;
        let word = self.word(node, "`platform`")?;
        match &*word {
            "linux/arm64" | "linux/arm64/v8" => Some(node.span),
            "linux" | "linux/amd64" => None,
            other => {
                self.report(not_carried(
                    &format!("the platform `{other}`"),
                    node.span,
                    "Fargate runs Linux on x86-64 and on 64-bit ARM here",
                    "write `linux/amd64` or `linux/arm64`",
                ));
                None
            }
        }
    }

    /// The subnets that the networks of a service say.
    fn tier(&mut self, service: &Node, tiers: &Tiers) -> Option<Tier> {
        let mut found: Option<(Tier, Span)> = None;
        for entry in service.get("networks").map_or(&[][..], |node| self.map(node, "`networks`")) {
            let Some(tier) = tiers.get(&entry.key) else {
                if &*entry.key != "default" {
                    let known: Vec<&str> = tiers.keys().map(|name| &**name).collect();
                    self.report(no_such("network", &entry.key, entry.key_span, &known));
                }
                continue;
            };
            match (*tier, found) {
                (Some(tier), Some((other, span))) if tier != other => {
                    self.report(
                        not_carried(
                            "a service in two kinds of subnets",
                            entry.key_span,
                            "others than before",
                            "choose one",
                        )
                        .at(span, "these, too"),
                    );
                }
                (Some(tier), _) => found = Some((tier, entry.key_span)),
                (None, _) => {}
            }
        }
        found.map(|(tier, _)| tier)
    }

    /// `x-iam`
    fn permissions(&mut self, node: &Node, service: &mut Service) {
        let Some(iam) = node.get("x-iam") else { return };
        self.map(iam, "`x-iam`");
        self.known("`x-iam`", iam, &["ManagedPolicyArns", "PermissionsBoundary", "Policies"]);
        for item in iam.get("ManagedPolicyArns").map_or(&[][..], |node| self.items(node, "`ManagedPolicyArns`")) {
            service.policies.extend(self.string(item, "the ARN of a policy"));
        }
        for policy in iam.get("Policies").map_or(&[][..], |node| self.items(node, "`Policies`")) {
            self.known("a policy", policy, &["PolicyDocument", "PolicyName"]);
            let document = policy.get("PolicyDocument");
            for statement in document.and_then(|document| document.get("Statement")).map_or(&[][..], Node::items) {
                self.known("a statement", statement, &STATEMENT);
                service.statements.extend(self.verbatim(statement));
            }
        }
        service.boundary = iam.get("PermissionsBoundary").and_then(|node| self.string(node, "`PermissionsBoundary`"));
    }
}
