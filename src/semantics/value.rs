//! What expressions evaluate to.

use std::sync::Arc;

use crate::names::Name;
use crate::package::Package;
use crate::schema::{Identifier, ResourceType};
use crate::semantics::components::ComponentId;
use crate::semantics::model::InstanceKey;
use crate::semantics::units::UnitId;
use crate::source::Span;

/// A value. Copies are cheap: what is large is shared.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`: a property left out, an absent resource.
    Null,
    /// `true`
    Bool(bool),
    /// Whole number.
    Int(i64),
    /// Number.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// List.
    List(Arc<[Value]>),
    /// Object, map or record.
    Object(Arc<Object>),
    /// A resource of this instance, by name.
    Resource(Arc<ResourceRef>),
    /// Resources made in a loop, by key.
    Resources(Arc<Collection>),
    /// A component of this instance, by name.
    Component(Arc<ComponentRef>),
    /// A stack by name, before one of its outputs is asked for; with the place chosen by `[…]`.
    Stack(Arc<StackRef>),
    /// A resource or component of an instance, as a test sees it.
    Seen(Arc<Seen>),
    /// An environment by name: a record that also names itself.
    Env(Arc<EnvRef>),
    /// A file or folder that will lie in a bucket: which one is known where it is used.
    Asset(Arc<AssetRef>),
    /// Known when deploying.
    Later(Arc<Later>),
    /// An error that is already reported; everything made of it is this too, silently.
    Unknown,
}

/// Keys and values in the order of the source; keys are unique.
#[derive(Clone, Default, Debug)]
pub struct Object {
    entries: Vec<(Name, Value)>,
    /// The call of the function that made it, in the source of whoever uses the library. What is made of it by
    /// spreading keeps it, so that a problem of the whole can be shown where its part was written.
    call: Option<Span>,
}

impl Object {
    /// The value under `key`.
    pub fn get(&self, key: Name) -> Option<&Value> {
        self.entries.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// Sets `key`; a later value takes the place of an earlier one.
    pub fn insert(&mut self, key: Name, value: Value) {
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Appends a key known to be new.
    pub(crate) fn push_new(&mut self, key: Name, value: Value) {
        self.entries.push((key, value));
    }

    /// Entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Name, &Value)> {
        self.entries.iter().map(|(k, v)| (*k, v))
    }

    /// The call that made it, where a function did.
    pub fn call(&self) -> Option<Span> {
        self.call
    }

    /// Says which call made it, unless that is known.
    pub(crate) fn made_by(&mut self, call: Option<Span>) {
        self.call = self.call.or(call);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<(Name, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Name, Value)>>(entries: I) -> Self {
        let mut object = Self::default();
        for (key, value) in entries {
            object.insert(key, value);
        }
        object
    }
}

/// A resource of this instance.
#[derive(Debug)]
pub struct ResourceRef {
    /// Its logical id.
    pub id: Name,
    /// Its type as written.
    pub ty: Name,
    /// What the schema knows of it; `None` for unknown types.
    pub known: Option<&'static ResourceType>,
    /// Where it is declared.
    pub span: Span,
    /// As the source says it: `Public["a"]`.
    pub shown: Arc<str>,
}

/// A component of this instance: what it is made of is evaluated when it is asked for.
#[derive(Debug)]
pub struct ComponentRef {
    /// Which of the instance's units it is.
    pub(crate) unit: UnitId,
    /// Which component.
    pub(crate) id: ComponentId,
    /// The component, as its path is written.
    pub component: Name,
    /// Where it is declared.
    pub span: Span,
    /// As the source says it: `App`, `Api["a"]`.
    pub shown: Arc<str>,
}

/// Something in an instance that a test looks at.
#[derive(Debug)]
pub struct Seen {
    /// Which of the planned instances it is in.
    pub(crate) instance: usize,
    /// What it is there.
    pub(crate) thing: Thing,
    /// As a test says it: `network.Public["a"]`.
    pub shown: Arc<str>,
}

/// What a test can look at.
#[derive(Debug)]
pub(crate) enum Thing {
    Resource(Arc<ResourceRef>),
    Component(Arc<ComponentRef>),
}

/// Resources made in a loop.
#[derive(Debug)]
pub struct Collection {
    /// The name in the source.
    pub name: Name,
    /// Key as written (a string, or the text of a number) and resource or component, in loop order.
    pub items: Vec<(Value, Value)>,
    /// Where it is declared.
    pub span: Span,
}

/// A stack, and which of its instances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackRef {
    /// Its name.
    pub stack: Name,
    /// Environment chosen by `[prod]`.
    pub env: Option<Name>,
    /// Region chosen by `["us-east-1"]`.
    pub region: Option<Arc<str>>,
}

/// An environment.
#[derive(Debug)]
pub struct EnvRef {
    /// Its name.
    pub name: Name,
    /// Its fields, `name` among them.
    pub fields: Object,
}

/// A file or folder that will lie in a bucket.
#[derive(Clone, Debug)]
pub struct AssetRef {
    /// What is in it.
    pub package: Arc<Package>,
    /// Where it is asked for.
    pub span: Span,
}

/// A value known when deploying.
#[derive(Debug)]
pub struct Later {
    /// What CloudFormation is to compute.
    pub expr: LaterExpr,
    /// Of what type.
    pub ty: LaterType,
    /// Where it became *later*: for the error of a value known too late.
    pub origin: Span,
    /// Made of a secret: may only flow into a property.
    pub secret: bool,
}

impl Later {
    /// The items of a list whose length is known: an `Fn::Select` each. `None` for anything else.
    pub fn items(self: &Arc<Self>) -> Option<Vec<Value>> {
        let LaterType::List(item, Some(length)) = &self.ty else { return None };
        Some((0..*length).map(|at| self.select(at, item)).collect())
    }

    /// One item of a later list.
    fn select(self: &Arc<Self>, at: usize, item: &LaterType) -> Value {
        Value::Later(Arc::new(Self {
            expr: LaterExpr::Select(at, Arc::clone(self)),
            ty: item.clone(),
            origin: self.origin,
            secret: self.secret,
        }))
    }

    /// The item at `at` of a later list, whether its length is known or not; `None` for anything else.
    pub fn item(self: &Arc<Self>, at: usize) -> Option<Value> {
        match &self.ty {
            LaterType::List(_, Some(length)) if at >= *length => None,
            LaterType::List(item, _) => Some(self.select(at, item)),
            _ => None,
        }
    }
}

/// The type of a later value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LaterType {
    /// Text; what it identifies, nothing for plain text.
    String(Vec<Identifier>),
    /// Whole number.
    Int,
    /// Number.
    Float,
    /// `true` or `false`.
    Bool,
    /// A list; its length where that is known.
    List(Box<LaterType>, Option<usize>),
    /// An object of which nothing is known.
    Json,
    /// Anything: attributes of types that the schema does not know.
    Any,
}

/// What CloudFormation is to compute.
#[derive(Clone, Debug)]
pub enum LaterExpr {
    /// `Ref` of a resource.
    Ref(Name),
    /// `Fn::GetAtt`
    GetAtt(Name, Arc<str>),
    /// `Ref` of a parameter of the template: an input, or another stack's output.
    Parameter(Name),
    /// Pieces one after the other: interpolation, `json`.
    Concat(Vec<Value>),
    /// `Fn::Join` of values, or of one later list.
    Join(Arc<str>, Value),
    /// `Fn::Split`
    Split(Arc<str>, Value),
    /// `Fn::Select`
    Select(usize, Arc<Later>),
    /// `Fn::Base64`
    Base64(Value),
    /// `Fn::Cidr`: block, count, host bits.
    Cidr(Value, u32, u32),
    /// `Fn::GetAZs` of the region.
    Zones,
    /// `{{resolve:…}}`
    Dynamic(Arc<str>),
    /// `raw { … }`
    Raw(Arc<Raw>),
    /// `live a.B`: `Fn::GetStackOutput`
    StackOutput(Arc<LiveOutput>),
}

/// An output of another stack that CloudFormation reads itself, whenever it deploys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveOutput {
    /// Whose, and which.
    pub from: ForeignOutput,
    /// The stack's name in CloudFormation.
    pub stack_name: Arc<str>,
    /// Its region, where that is another one.
    pub region: Option<Arc<str>>,
    /// The role to take for reading it, where it lies in another account.
    pub role: Option<Arc<str>>,
}

/// JSON that CloudFormation gets as it stands.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Plain and later values, nothing raw among them, no `null`.
    pub value: Value,
    /// The logical ids that functions in it name.
    pub names: Vec<RawName>,
}

/// A logical id that raw JSON names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RawName {
    /// Which; pseudo parameters (`AWS::Region`) among them.
    pub name: Name,
    /// Where it stands, or the JSON that it is in.
    pub span: Span,
}

/// An output of another instance, as this instance gets it: the parameter's source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ForeignOutput {
    /// Whose.
    pub instance: InstanceKey,
    /// Which.
    pub output: Name,
}
