//! What the values of a resource identify.

use super::{Attribute, Identifier, Node, RefValue, ResourceType, Types};

/// Types known by an ARN or id that AWS makes, of which no two in one place can have the same name: the property that
/// gives it. "CloudFormation resource custom naming" in the template reference lists some, the services' own pages
/// the others.
const NAMED: &[(&str, &str)] = &[
    ("AWS::EC2::SecurityGroup", "GroupName"),
    ("AWS::ECS::Service", "ServiceName"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::SecretsManager::Secret", "Name"),
    ("AWS::StepFunctions::StateMachine", "StateMachineName"),
];

impl Types {
    /// What `Ref` of that resource identifies; nothing where `Ref` is opaque.
    pub fn ref_identifies(&self, resource: &ResourceType) -> Vec<Identifier> {
        match resource.ref_value {
            RefValue::Property(path) => self.identifies(resource, path),
            RefValue::Opaque => Vec::new(),
        }
    }

    /// What the attribute at `path` identifies: the identifier it is itself, and those its schema names.
    ///
    /// For a list it is what its items identify.
    pub fn attribute_identifies(&self, resource: &ResourceType, path: &str) -> Vec<Identifier> {
        resource.attribute(path).map_or_else(Vec::new, |attribute| self.identifies(resource, attribute.path))
    }

    /// The properties that together name a resource of which `given` says what is set: two of a kind cannot share them.
    /// Empty where AWS makes the name.
    pub fn name_of(&self, resource: &ResourceType, given: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let Node::Object(root) = self.node(resource.root) else { return Vec::new() };
        let is_set = |name: &str| given(name) && root.properties.iter().any(|p| p.name == name && !p.read_only);
        let own = &resource.primary_identifier;
        if !own.is_empty() && own.iter().all(|name| is_set(name)) {
            return own.clone();
        }
        let named = NAMED.iter().filter(|(kind, name)| *kind == resource.name && is_set(name));
        named.map(|(_, name)| *name).collect()
    }

    fn identifies(&self, resource: &ResourceType, path: &'static str) -> Vec<Identifier> {
        let node = match resource.attribute(path) {
            Some(attribute) => Some(self.node(attribute.node)),
            None => self.at_path(resource, &path.split('.').collect::<Vec<_>>()),
        };
        let own = Identifier { resource: resource.name, attribute: path };
        match node {
            Some(Node::String(string)) => with(own, &string.identifies),
            Some(Node::Array { item, .. }) => match self.node(*item) {
                Node::String(string) => string.identifies.clone(),
                _ => Vec::new(),
            },
            Some(Node::Object(_) | Node::Map { .. }) => Vec::new(),
            _ => vec![own],
        }
    }
}

/// `own` and `named`; an attribute that is packed under another name of its type goes by that name alone.
fn with(own: Identifier, named: &[Identifier]) -> Vec<Identifier> {
    let renamed = named.iter().any(|i| i.resource == own.resource);
    (!renamed).then_some(own).into_iter().chain(named.iter().copied()).collect()
}

impl ResourceType {
    /// The attribute at that path.
    pub fn attribute(&self, path: &str) -> Option<&Attribute> {
        let position = self.attributes.binary_search_by(|a| a.path.cmp(path)).ok()?;
        self.attributes.get(position)
    }
}
