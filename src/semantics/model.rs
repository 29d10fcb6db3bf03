//! The model: what a program means for one target, with no trace of syntax but spans.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::data::Node;
use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::package::Package;
use crate::schema::ResourceType;
use crate::semantics::interface::Expected;
use crate::semantics::value::{ForeignOutput, LaterType, Value};
use crate::source::Span;
use crate::syntax::ast::Layer;

/// One instance of a stack. Ordered by stack, place, region.
///
/// Written `stack@env/region`; a stack shared by all environments is `stack@shared/region`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceKey {
    /// Name of the stack.
    pub stack: Name,
    /// The environment; `None` for a shared stack.
    pub env: Option<Name>,
    /// `eu-west-1`
    pub region: Arc<str>,
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env = self.env.map_or("shared", Name::as_str);
        write!(f, "{}@{env}/{}", self.stack, self.region)
    }
}

/// An account as declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its name in the source.
    pub name: Name,
    /// Twelve digits.
    pub id: Arc<str>,
    /// Role to assume there.
    pub role: Option<Arc<str>>,
    /// Profile of the local AWS configuration.
    pub profile: Option<Arc<str>>,
    /// External id for the role.
    pub external_id: Option<Arc<str>>,
    /// Where the assets of stacks go that all environments share.
    pub assets: Option<Buckets>,
    /// Where it is declared.
    pub span: Span,
}

/// Where assets go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Buckets {
    /// One bucket, in the primary region.
    One(Arc<str>),
    /// One in each region, by region.
    Each(BTreeMap<Arc<str>, Arc<str>>),
}

impl Buckets {
    /// The bucket in `region`, of somebody whose primary region is `primary`.
    pub fn at(&self, region: &str, primary: &str) -> Option<&Arc<str>> {
        match self {
            Self::One(bucket) => (region == primary).then_some(bucket),
            Self::Each(all) => all.get(region),
        }
    }
}

/// A file or folder that must lie in a bucket before its instance is deployed.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The bucket, in the instance's account and region.
    pub bucket: Arc<str>,
    /// The key of the object: `assets/DIGEST.zip`.
    pub key: Arc<str>,
    /// What it holds.
    pub package: Arc<Package>,
    /// Where it is asked for.
    pub span: Span,
}

/// What is known of an instance without its resources.
#[derive(Clone, Debug)]
pub struct Head {
    /// Which.
    pub key: InstanceKey,
    /// `core` or `service`.
    pub layer: Layer,
    /// Where it is deployed.
    pub account: Arc<Account>,
    /// Its name in CloudFormation.
    pub stack_name: Arc<str>,
    /// The stack's `///` text.
    pub description: Option<Arc<str>>,
    /// All tags, ours included.
    pub tags: BTreeMap<String, String>,
    /// `@termination_protection`
    pub termination_protection: bool,
    /// `@policy`: the statements of a stack policy, as a JSON list.
    pub policy: Option<Arc<str>>,
    /// Parameters of its template, sorted by name.
    pub parameters: Vec<Parameter>,
    /// Its outputs, sorted by name.
    pub outputs: Vec<Output>,
    /// What it reads of others, sorted; an edge for each.
    pub uses: Vec<Use>,
    /// What it needs in a bucket, sorted by key.
    pub assets: Vec<Asset>,
    /// The bucket of its place, where one is named: what is too large to be sent goes through it.
    pub bucket: Option<Arc<str>>,
    /// What must be deployed before although no value of it is a parameter.
    pub after: Vec<After>,
    /// Name of the stack in the source.
    pub span: Span,
    /// Where others deploy it and we only read it. It has no parameters then, and its outputs have no values.
    pub foreign: Option<Foreign>,
}

/// A stack in AWS that this project only reads.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// An environment binds a stack of ours to it; else the source says that it is of others.
    pub bound: bool,
    /// Where the source says which stack it is.
    pub span: Span,
    /// What its outputs must be.
    pub expected: BTreeMap<Name, Expected>,
}

/// An edge to another instance.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Use {
    /// What is read.
    pub from: ForeignOutput,
    /// The parameter that carries it. Of what is read live, the name under which the metadata of the template has it.
    pub parameter: Name,
    /// `live`: CloudFormation reads it itself.
    pub live: bool,
    /// Where others deploy what is read: which stack in AWS it is.
    pub others: Option<Others>,
    /// Where it is first read.
    pub span: Span,
}

/// An account and region of an environment, or of what all share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// The environment; `None` for what all share.
    pub env: Option<Name>,
    /// Its account.
    pub account: Arc<Account>,
    /// `eu-west-1`
    pub region: Arc<str>,
}

/// A stack in AWS that others deploy; its region is that of its instance.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Others {
    /// Twelve digits.
    pub account: Arc<str>,
    /// Its name in CloudFormation.
    pub name: Arc<str>,
}

/// An instance whose export an existing template imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct After {
    /// Which.
    pub instance: InstanceKey,
    /// Where it is imported.
    pub span: Span,
}

/// One instance, whole.
#[derive(Clone, Debug)]
pub struct Instance {
    /// All but its resources.
    pub head: Head,
    /// In the order of the source, loops unrolled. Of an existing template, what is known of them: the names of
    /// their properties, and what each refers to.
    pub resources: Vec<Resource>,
    /// The existing template that is passed on as it is, functions in their long forms.
    pub template: Option<Arc<Node>>,
}

/// A parameter of the template.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its CloudFormation type.
    pub ty: ParameterType,
    /// Masked by CloudFormation.
    pub no_echo: bool,
    /// `///` text.
    pub description: Option<Arc<str>>,
    /// Where its value comes from.
    pub source: ParameterSource,
    /// Where it is declared, or first read.
    pub span: Span,
}

/// CloudFormation's types of parameters, as far as we emit them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterType {
    /// `String`
    String,
    /// `Number`
    Number,
    /// `CommaDelimitedList`
    List,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Debug)]
pub enum ParameterSource {
    /// An `input`: set for this run, else the deployed value, else the default.
    Input {
        /// `--set stack.Name=value`, as the text CloudFormation takes.
        set: Option<Arc<str>>,
        /// The default, as the text CloudFormation takes.
        default: Option<Arc<str>>,
    },
    /// An output of another instance.
    Output(ForeignOutput),
}

/// A resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its logical id.
    pub id: Name,
    /// Its type.
    pub ty: Name,
    /// What the schema knows of it.
    pub known: Option<&'static ResourceType>,
    /// As the source says it: `Public["a"]`.
    pub shown: Arc<str>,
    /// Properties as CloudFormation takes them: an object of plain and later values, no `null`,
    /// no resources. Booleans, numbers and texts are already what the schema asks for.
    pub properties: Value,
    /// Logical ids it must follow, beyond those it references. Sorted.
    pub depends_on: Vec<Name>,
    /// `@on_delete`
    pub on_delete: Option<DataPolicy>,
    /// `@on_replace`
    pub on_replace: Option<DataPolicy>,
    /// `@protect`: why, where said.
    pub protect: Option<Arc<str>>,
    /// What else stands above it.
    pub extras: Extras,
    /// `///` text.
    pub description: Option<Arc<str>>,
    /// Its name in the source.
    pub span: Span,
    /// Its properties in the source.
    pub body: Option<Span>,
    /// The uses of components that it comes from, innermost first.
    pub within: Arc<[Within]>,
}

/// A use of a component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Within {
    /// As the source says it: `App`.
    pub shown: Arc<str>,
    /// Where it is used.
    pub span: Span,
}

impl Within {
    /// Adds where components are used to a diagnostic that tells of something inside them.
    pub fn tell(all: &[Self], diagnostic: Diagnostic) -> Diagnostic {
        // More would hide the problem itself.
        all.iter().take(3).fold(diagnostic, |said, used| said.at(used.span, format!("in `{}`, used here", used.shown)))
    }
}

impl Resource {
    /// Every value that its template text holds.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        let Extras { creation_policy, metadata, update_policy, .. } = &self.extras;
        [Some(&self.properties), creation_policy.as_ref(), metadata.as_ref(), update_policy.as_ref()]
            .into_iter()
            .flatten()
    }
}

/// What CloudFormation takes of a resource beside its properties and what becomes of its data.
#[derive(Clone, Default, Debug)]
pub struct Extras {
    /// `@creation_policy`: an object.
    pub creation_policy: Option<Value>,
    /// `@metadata`: an object.
    pub metadata: Option<Value>,
    /// `@update_policy`: an object.
    pub update_policy: Option<Value>,
    /// `@initial`: paths of properties that keep their deployed value. Sorted.
    pub initial: Vec<Arc<str>>,
    /// `@ignore_drift`: paths of properties that others may change. Sorted.
    pub ignore_drift: Vec<Arc<str>>,
}

/// What becomes of the data of a resource that goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataPolicy {
    /// Stays, unmanaged.
    Retain,
    /// Goes too.
    Delete,
    /// A snapshot stays.
    Snapshot,
}

impl DataPolicy {
    /// As CloudFormation writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retain => "Retain",
            Self::Delete => "Delete",
            Self::Snapshot => "Snapshot",
        }
    }
}

/// An output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: Name,
    /// Its value: plain or later. Lists are joined by commas in the template.
    pub value: Value,
    /// Its type, as consumers see it: everything crosses stacks as text or a list of texts.
    pub ty: LaterType,
    /// `///` text.
    pub description: Option<Arc<str>>,
    /// `@deprecated`: what to do instead.
    pub deprecated: Option<Arc<str>>,
    /// `export`: the name of its CloudFormation export, `{stack name}-{output}`.
    pub export: Option<Arc<str>>,
    /// Where it is declared.
    pub span: Span,
}

/// What `lower` found.
#[derive(Debug)]
pub struct Lowered {
    /// Every instance evaluated, producers before consumers.
    pub heads: Vec<Head>,
    /// Where the project deploys something, or may: the places of all environments, and of what they share.
    pub sites: Vec<Site>,
    /// Everything that is wrong, syntax included. Sorted.
    pub diagnostics: Vec<Diagnostic>,
}
