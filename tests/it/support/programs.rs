//! Programs made out of bytes: each byte is a choice, so that a shorter row of bytes makes a
//! smaller program. Most are right; a few say odd things on purpose. Also used by `fuzz/`.
//!
//! `ugly` prints the same program as nobody would write it: white space, comments, commas and line
//! breaks wherever the grammar lets them stand.

use std::fmt::Write as _;

/// Choices, taken from a row of bytes; the first of each once the row is used up.
pub(crate) struct Choices<'b> {
    bytes: &'b [u8],
}

impl<'b> Choices<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        if n > 256 { (self.byte() * 256 + self.byte()) % n } else { self.byte() % n.max(1) }
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// What an expression gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Int,
    Bool,
    Texts,
    Ints,
    Object,
    /// Text known when deploying.
    Later,
    /// Whatever there is.
    Any,
}

use Kind::{Any, Bool, Int, Ints, Later, Object, Text, Texts};

/// A resource type: name, properties, an attribute.
type Known = (&'static str, &'static [(&'static str, Kind)], &'static str);

const TYPES: &[Known] = &[
    ("AWS::SSM::Parameter", &[("Value", Text), ("Description", Text), ("Tags", Object)], "Value"),
    ("AWS::SNS::Topic", &[("DisplayName", Text), ("FifoTopic", Bool)], "TopicArn"),
    ("AWS::SQS::Queue", &[("DelaySeconds", Int), ("MessageRetentionPeriod", Int), ("FifoQueue", Bool)], "Arn"),
    ("AWS::New::Kind", &[("A", Any), ("B", Any), ("C", Any), ("D", Texts)], "Thing"),
    ("AWS::S3::Bucket", &[("BucketName", Text)], "Arn"),
    ("AWS::IAM::Role", &[("Description", Text), ("ManagedPolicyArns", Texts)], "Arn"),
    ("AWS::Logs::LogGroup", &[("RetentionInDays", Int), ("LogGroupName", Text)], "Arn"),
    ("AWS::EC2::VPC", &[("EnableDnsSupport", Bool)], "CidrBlock"),
];

const TEXTS: &[&str] = &[
    "a",
    "b-1",
    "",
    "10.0.0.0/16",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "two words",
    "é😀",
    "{{resolve:ssm:x}}",
    "x // y",
    "/* z",
    "{ [ ( , ; : @",
    "]})",
    "if then else",
    "#$%&",
    "$",
];

/// Makes a program out of choices.
pub(crate) struct Maker<'b> {
    choices: Choices<'b>,
    out: String,
    ugly: bool,
    /// Names in scope, innermost last.
    names: Vec<(String, Kind)>,
    /// Resources in scope: name, attribute, and whether it is a map of them.
    resources: Vec<(String, &'static str, bool)>,
    /// Outputs of stacks: `a.Out`.
    outputs: Vec<String>,
    fresh: usize,
    indent: usize,
    depth: usize,
    /// Inside `${…}`, where a line cannot end.
    one_line: usize,
}

/// A project of one file.
pub(crate) fn program(bytes: &[u8], ugly: bool) -> String {
    let mut maker = Maker::new(bytes, ugly);
    maker.project();
    maker.out
}

/// One statement of a stack; the names in it may mean something where it is put.
pub(crate) fn statement(bytes: &[u8]) -> String {
    let mut maker = Maker::new(bytes, false);
    maker.stray_names();
    maker.statement(2);
    maker.out
}

/// One expression.
pub(crate) fn expression(bytes: &[u8]) -> String {
    let mut maker = Maker::new(bytes, false);
    maker.stray_names();
    let kind = maker.choices.pick(&[Any, Text, Int, Bool, Texts, Ints, Object, Later]);
    maker.expr(kind);
    maker.out
}

impl<'b> Maker<'b> {
    fn new(bytes: &'b [u8], ugly: bool) -> Self {
        Self {
            choices: Choices::new(bytes),
            out: String::new(),
            ugly,
            names: Vec::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
            fresh: 0,
            indent: 0,
            depth: 0,
            one_line: 0,
        }
    }

    fn stray_names(&mut self) {
        self.names.extend([("n1".to_owned(), Text), ("n2".to_owned(), Int), ("n3".to_owned(), Texts)]);
        self.resources.extend([("R4".to_owned(), "Arn", false), ("R5".to_owned(), "Arn", true)]);
        self.outputs.push("s1.O2".to_owned());
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&mut self, before: &str) -> String {
        self.fresh += 1;
        format!("{before}{}", self.fresh)
    }

    // ---- white space ----

    /// Blanks that need not be there.
    fn sp(&mut self, plain: &str) {
        let text = match self.ugly {
            true => self.choices.pick(&[plain, "", " ", "   ", "\t", " /* c, } */ "]),
            false => plain,
        };
        self.put(text);
    }

    /// At least one blank.
    fn blank(&mut self) {
        let text = if self.ugly { self.choices.pick(&[" ", "  ", "\t", " /* c */ "]) } else { " " };
        self.put(text);
    }

    /// White space that may cross lines.
    fn gap(&mut self, plain: &str) {
        let text = match self.ugly && self.one_line == 0 {
            true => {
                self.choices.pick(&[plain, "", "\n", " \n\n\n  ", " // c {\n", "\n/* c\n */\n", "\r\n", "\n  // d\n\t"])
            }
            false => plain,
        };
        self.put(text);
    }

    /// Between entries.
    fn separator(&mut self) {
        let text = match self.ugly && self.one_line == 0 {
            true => self.choices.pick(&[", ", ",", "\n", " ,\n", "\n, ", ", // c\n", " // c ]\n\n\n  ", "\r\n\t"]),
            false => ", ",
        };
        self.put(text);
    }

    /// After the last entry, where there is one.
    fn trailing(&mut self, some: bool) {
        if some && self.ugly && self.choices.one_in(4) {
            let text = if self.one_line == 0 { self.choices.pick(&[",", "\n", ",\n", " // c\n"]) } else { "," };
            self.put(text);
        }
    }

    fn line(&mut self) {
        if self.ugly {
            let text = self.choices.pick(&["\n", "\n\n\n", " // c\n", "\r\n", " /* c */\n\t"]);
            self.put(text);
            let blanks = self.choices.below(5);
            self.put(&" ".repeat(blanks));
        } else {
            let indent = self.indent;
            self.put("\n");
            self.put(&"  ".repeat(indent));
        }
    }

    /// A word, a blank, a name.
    fn word(&mut self, word: &str, name: &str) {
        self.put(word);
        self.blank();
        self.put(name);
    }

    fn equals(&mut self) {
        self.sp(" ");
        self.put("=");
        self.sp(" ");
    }

    fn colon(&mut self) {
        self.sp("");
        self.put(":");
        self.sp(" ");
    }

    /// `{`, what `work` makes on lines of its own, `}`.
    fn block(&mut self, work: impl FnOnce(&mut Self)) {
        self.sp(" ");
        self.put("{");
        self.indent += 1;
        let seen = (self.names.len(), self.resources.len());
        work(self);
        self.names.truncate(seen.0);
        self.resources.truncate(seen.1);
        self.indent -= 1;
        self.line();
        self.put("}");
    }

    // ---- declarations ----

    fn project(&mut self) {
        if self.ugly && self.choices.one_in(8) {
            self.put("\u{FEFF}");
        }
        self.put("project p");
        self.line();
        self.put("account a { id: \"111111111111\" }");
        self.line();
        let second = self.choices.one_in(3);
        for (env, azs) in [("dev", 2), ("prod", 3)].into_iter().take(1 + usize::from(second)) {
            let regions = self.choices.pick(&["[\"eu-west-1\"]", "[\"eu-west-1\", \"us-east-1\"]"]);
            write!(self.out, "env {env} {{ account: a, regions: {regions}, azs: {azs}, tier: \"t-{env}\" }}").unwrap();
            self.line();
        }
        for _ in 0..self.choices.below(3) {
            let name = self.name("g");
            let kind = self.choices.pick(&[Text, Int, Texts, Object]);
            self.word("let", &name);
            self.equals();
            self.expr(kind);
            self.names.push((name, kind));
            self.line();
        }
        for _ in 0..1 + self.choices.below(3) {
            self.stack();
            self.line();
        }
        for _ in 0..self.choices.below(3) {
            self.test(second);
            self.line();
        }
    }

    fn test(&mut self, second: bool) {
        self.put("test");
        self.blank();
        let title = self.choices.pick(&["\"what it shows\"", "'raw'", "\"é\""]);
        self.put(title);
        if self.choices.one_in(2) {
            self.blank();
            self.word("for", "dev");
            if second && self.choices.one_in(2) {
                self.sp("");
                self.put(",");
                self.blank();
                self.put("prod");
            }
        }
        self.block(|it| {
            for _ in 0..1 + it.choices.below(5) {
                it.line();
                it.test_statement();
            }
        });
    }

    fn test_statement(&mut self) {
        let stack = self.choices.pick(&["s1", "s2", "s3", "s4"]);
        match self.choices.below(8) {
            0 => {
                self.word("stub", stack);
                self.sp(" ");
                let value = self.choices.pick(&["{}", "{ O2: \"x\", O3: [\"a\"] }"]);
                self.put(value);
            }
            1 => {
                let name = self.choices.pick(&["s1.I2", "s1.I3", "g1"]);
                self.word("set", name);
                self.equals();
                self.expr(Text);
            }
            2 => self.word("fails", "\"assertion-failed\""),
            3 => {
                let name = self.name("n");
                self.word("let", &name);
                self.equals();
                let value = self.choices.pick(&["s1.R2", "s1.R3.id", "outputs(s1)", "resources(s2)"]);
                self.put(value);
                self.names.push((name, Any));
            }
            4 => {
                let item = self.name("i");
                self.word("for", &item);
                self.put(" in resources(");
                self.put(stack);
                self.put(")");
                self.block(|it| {
                    it.line();
                    it.put("assert ");
                    it.put(&item);
                    it.put(".id != \"X\"");
                });
            }
            5 => {
                let value = self.choices.pick(&["len(resources(s1))", "s1.R2.Value", "s2.O5", "len(outputs(s1))"]);
                self.put("assert ");
                self.put(value);
                // In brackets, for a comparison of a comparison is refused.
                self.put(" == (");
                self.expr(Any);
                self.put(")");
            }
            _ => {
                self.put("assert ");
                self.expr(Bool);
            }
        }
    }

    fn stack(&mut self) {
        if self.choices.one_in(3) {
            self.put("/// A stack");
            self.line();
        }
        if self.choices.one_in(4) {
            let decorator = self.choices.pick(&["@regions(env.regions)", "@termination_protection"]);
            self.put(decorator);
            self.line();
        }
        let layer = self.choices.pick(&["core", "service"]);
        let name = self.name("s");
        self.word(layer, &name);
        let mut outputs = Vec::new();
        self.block(|it| {
            for _ in 0..1 + it.choices.below(5) {
                it.line();
                it.statement(0);
            }
            for _ in 0..it.choices.below(3) {
                it.line();
                let out = it.name("O");
                let kind = it.choices.pick(&[Later, Text, Texts, Int]);
                it.word("output", &out);
                it.equals();
                it.expr(kind);
                outputs.push(format!("{name}.{out}"));
            }
        });
        if layer == "core" {
            self.outputs.extend(outputs);
        }
    }

    fn statement(&mut self, nested: usize) {
        match self.choices.below(if nested < 3 { 12 } else { 8 }) {
            0..=3 => self.resource(None),
            4 | 5 => {
                let name = self.name("n");
                let kind = self.choices.pick(&[Text, Int, Bool, Texts, Ints, Object, Later]);
                self.word("let", &name);
                if self.choices.one_in(3) {
                    self.colon();
                    self.ty(kind);
                }
                self.equals();
                self.expr(kind);
                self.names.push((name, kind));
            }
            6 => {
                let (name, kind) = (self.name("I"), self.choices.pick(&[Text, Int]));
                self.word("input", &name);
                self.colon();
                self.put(if kind == Text { "String" } else { "Int" });
                if self.choices.one_in(2) {
                    self.equals();
                    let value = if kind == Text { "\"x\"" } else { "3" };
                    self.put(value);
                }
                self.names.push((name, Later));
            }
            7 => {
                self.put("assert ");
                self.expr(Bool);
                self.put(", \"wrong\"");
            }
            8 | 9 => self.repeat(nested),
            _ => self.branch(nested),
        }
    }

    fn repeat(&mut self, nested: usize) {
        let (kind, item) = self.choices.pick(&[(Texts, Text), (Ints, Int), (Object, Text)]);
        let (key, name) = (self.name("k"), self.name("i"));
        self.put("for ");
        let keyed = kind == Object || self.choices.one_in(2);
        if keyed {
            self.put(&key);
            self.sp("");
            self.put(",");
            self.blank();
        }
        self.put(&name);
        self.put(" in ");
        self.loop_over(kind);
        let by = if keyed { key.clone() } else { name.clone() };
        let mut made = None;
        self.block(|it| {
            it.names.push((name, item));
            if keyed {
                it.names.push((key, if kind == Object { Text } else { Int }));
            }
            it.line();
            it.resource(Some(&by));
            made = it.resources.last().cloned();
            for _ in 0..it.choices.below(2) {
                it.line();
                it.statement(nested + 1);
            }
        });
        self.resources.extend(made);
    }

    /// Something short to run over.
    fn loop_over(&mut self, kind: Kind) {
        let text = match kind {
            Ints => self.choices.pick(&["0..2", "0..env.azs", "[1, 2, 3]", "0..0"]),
            Object => self.choices.pick(&["{ a: \"x\", b: \"y\" }", "{}"]),
            _ => self.choices.pick(&["[\"a\", \"b\"]", "[]", "split(\",\", \"u,v\")", "keys({ x: 1 })"]),
        };
        self.put(text);
    }

    fn branch(&mut self, nested: usize) {
        self.put("if ");
        self.expr(Bool);
        self.block(|it| {
            for _ in 0..it.choices.below(3) {
                it.line();
                it.statement(nested + 1);
            }
        });
        if self.choices.one_in(2) {
            self.gap(" ");
            self.put("else");
            self.block(|it| {
                it.line();
                it.statement(nested + 1);
            });
        }
    }

    fn resource(&mut self, key: Option<&str>) {
        if self.choices.one_in(6) {
            let decorator =
                self.choices.pick(&["@protect(\"why\")", "@on_delete(retain)", "@on_replace(retain)", "@id(\"X\")"]);
            self.put(decorator);
            self.line();
        }
        let (ty, properties, attribute) = self.choices.pick(TYPES);
        let name = self.name("R");
        self.word("resource", &name);
        if let Some(key) = key {
            self.put("[");
            self.gap("");
            self.put(key);
            self.gap("");
            self.put("]");
        }
        self.equals();
        self.put(ty);
        self.sp(" ");
        self.put("{");
        self.gap(" ");
        let fixed = match ty {
            "AWS::SSM::Parameter" => "Type: \"String\"",
            "AWS::EC2::VPC" => "CidrBlock: \"10.0.0.0/16\"",
            "AWS::IAM::Role" => "AssumeRolePolicyDocument: { Version: \"2012-10-17\", Statement: [] }",
            _ => "",
        };
        let mut first = fixed.is_empty();
        self.put(fixed);
        for (at, (property, kind)) in properties.iter().enumerate() {
            if (at > 0 || ty != "AWS::SSM::Parameter") && self.choices.one_in(2) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.separator();
            }
            self.put(property);
            self.colon();
            match *kind {
                Object => self.put("{ k: \"v\", \"a b\": \"c\" }"),
                kind => self.expr(kind),
            }
        }
        self.trailing(!first);
        self.gap(" ");
        self.put("}");
        self.resources.push((name, attribute, key.is_some()));
    }

    fn ty(&mut self, kind: Kind) {
        let text = match kind {
            Text | Later => self.choices.pick(&["String", "String?", "String | Int", "(String)"]),
            Int => self.choices.pick(&["Int", "Int(..1000000)", "Int | Float", "Float"]),
            Bool => "Bool",
            Texts => "[String]",
            Ints => "[Int]",
            Object | Any => self.choices.pick(&["{String: String}", "Json"]),
        };
        self.put(text);
    }

    // ---- expressions ----

    fn expr(&mut self, kind: Kind) {
        self.depth += 1;
        if self.depth > 6 || self.choices.is_empty() {
            self.leaf(kind);
        } else if self.choices.one_in(60) {
            let odd = self
                .choices
                .pick(&["null", "nowhere", "1 / 0", "Json", "env", "[...1]", "(1", "\"${\"", "-\"x\"", "a?.b"]);
            self.put(if self.ugly { "null" } else { odd });
        } else {
            match self.choices.below(8) {
                0..=2 => self.leaf(kind),
                3 => self.choice(kind),
                4 if kind != Any => {
                    self.put("(");
                    self.gap("");
                    self.expr(kind);
                    self.gap("");
                    self.put(")");
                }
                _ => self.compound(kind),
            }
        }
        self.depth -= 1;
    }

    fn leaf(&mut self, kind: Kind) {
        let fitting: Vec<String> =
            self.names.iter().filter(|(_, k)| kind == Any || *k == kind).map(|(n, _)| n.clone()).collect();
        if !fitting.is_empty() && self.choices.one_in(2) {
            let at = self.choices.below(fitting.len());
            self.put(&fitting[at]);
            return;
        }
        match kind {
            Text => self.text(),
            Int => {
                let text =
                    self.choices.pick(&["0", "1", "60", "7", "2", "9223372036854775807", "-1", "1e3", "env.azs"]);
                self.put(text);
            }
            Bool => {
                let text = self.choices.pick(&["true", "false", "env == dev", "env.azs > 2"]);
                self.put(text);
            }
            Texts => self.list(Text),
            Ints => {
                let text = self.choices.pick(&["0..3", "[]", "[1, 2]", "2..1"]);
                self.put(text);
            }
            Object => self.object(),
            Later => self.later(),
            Any => {
                let kind = self.choices.pick(&[Text, Int, Bool, Texts, Object, Later]);
                self.leaf(kind);
            }
        }
    }

    fn later(&mut self) {
        if !self.outputs.is_empty() && self.choices.one_in(3) {
            let at = self.choices.below(self.outputs.len());
            let output = self.outputs[at].clone();
            self.put(&output);
        } else if self.resources.is_empty() {
            let text = self.choices.pick(&["aws.region", "aws.account_id", "aws.stack_name", "aws.partition"]);
            self.put(text);
        } else {
            let at = self.choices.below(self.resources.len());
            let (name, attribute, map) = self.resources[at].clone();
            let text = if map {
                format!("join(\",\", [for r in {name}: r.{attribute}])")
            } else {
                format!("{name}.{attribute}")
            };
            self.put(&text);
        }
    }

    fn choice(&mut self, kind: Kind) {
        if self.choices.one_in(2) {
            self.put("if ");
            self.expr(Bool);
            self.gap(" ");
            self.put(" then ");
            self.expr(kind);
            self.gap(" ");
            self.put(" else ");
            self.expr(kind);
            return;
        }
        self.put("match ");
        self.expr(Int);
        self.sp(" ");
        self.put("{");
        self.gap(" ");
        self.put("0");
        self.colon();
        self.expr(kind);
        self.separator();
        self.put("1");
        self.sp("");
        self.put(",");
        self.gap(" ");
        self.put("2");
        self.colon();
        self.expr(kind);
        self.separator();
        self.put("else");
        self.colon();
        self.expr(kind);
        self.gap(" ");
        self.put("}");
    }

    fn compound(&mut self, kind: Kind) {
        match kind {
            Text => self.made_text(),
            Int => match self.choices.below(4) {
                0 => self.call("len", &[Texts]),
                1 => self.call("sum", &[Ints]),
                _ => {
                    let sign = self.choices.pick(&["+", "-", "*", "/", "%"]);
                    self.binary(Int, sign, Int);
                }
            },
            Bool => match self.choices.below(5) {
                0 => self.binary(Bool, "&&", Bool),
                1 => self.binary(Bool, "||", Bool),
                2 => self.binary(Int, "<=", Int),
                3 => self.call("contains", &[Texts, Text]),
                _ => self.binary(Text, "!=", Text),
            },
            Texts => match self.choices.below(5) {
                0 => self.list_for(Texts, Text, Text),
                1 => self.call("split", &[Text, Text]),
                2 => self.call("keys", &[Object]),
                3 => self.call("distinct", &[Texts]),
                _ => self.list(Text),
            },
            Ints => match self.choices.below(3) {
                0 => self.list_for(Ints, Int, Int),
                1 => self.call("sort", &[Ints]),
                _ => self.list(Int),
            },
            Object => match self.choices.below(3) {
                0 => self.object_for(),
                1 => self.call("merge", &[Object, Object]),
                _ => self.object(),
            },
            Later => match self.choices.below(5) {
                0 => self.call("join", &[Text, Texts]),
                1 => self.call("base64", &[Later]),
                2 => {
                    self.binary(Later, "??", Text);
                }
                3 => self.interpolated(Later),
                _ => self.later(),
            },
            Any => {
                let kind = self.choices.pick(&[Text, Int, Bool, Texts, Ints, Object, Later]);
                self.compound(kind);
            }
        }
    }

    fn binary(&mut self, left: Kind, sign: &str, right: Kind) {
        self.put("(");
        self.expr(left);
        self.put(" ");
        self.put(sign);
        self.blank();
        self.expr(right);
        self.put(")");
    }

    fn call(&mut self, name: &str, kinds: &[Kind]) {
        self.put(name);
        self.put("(");
        self.gap("");
        for (at, kind) in kinds.iter().enumerate() {
            if at > 0 {
                self.separator();
            }
            self.expr(*kind);
        }
        self.trailing(true);
        self.put(")");
    }

    fn list(&mut self, kind: Kind) {
        self.put("[");
        self.gap("");
        let length = self.choices.below(4);
        for at in 0..length {
            if at > 0 {
                self.separator();
            }
            if self.choices.one_in(6) {
                self.put("...");
                self.expr(if kind == Int { Ints } else { Texts });
            } else {
                self.expr(kind);
            }
        }
        self.trailing(length > 0);
        self.put("]");
    }

    fn list_for(&mut self, over: Kind, item: Kind, kind: Kind) {
        let name = self.name("x");
        self.put("[");
        self.gap("");
        self.put("for ");
        self.put(&name);
        self.put(" in ");
        self.loop_over(over);
        self.names.push((name, item));
        if self.choices.one_in(3) {
            self.gap(" ");
            self.put(" if ");
            self.expr(Bool);
        }
        self.sp("");
        self.put(":");
        self.gap(" ");
        self.expr(kind);
        self.names.pop();
        self.gap("");
        self.put("]");
    }

    fn object_for(&mut self) {
        let name = self.name("x");
        self.put("{for ");
        self.put(&name);
        self.put(" in ");
        self.loop_over(Texts);
        self.sp("");
        self.put(":");
        self.gap(" ");
        self.put(&name);
        self.sp("");
        self.put(":");
        self.gap(" ");
        self.names.push((name, Text));
        self.expr(Text);
        self.names.pop();
        self.gap("");
        self.put("}");
    }

    fn object(&mut self) {
        self.put("{");
        self.gap(" ");
        let length = self.choices.below(4);
        for at in 0..length {
            if at > 0 {
                self.separator();
            }
            if self.choices.one_in(6) {
                self.put("...");
                self.expr(Object);
                continue;
            }
            let key = ["k", "\"q r\"", "Key", "'raw'"][at.min(3)];
            let computed = self.choices.one_in(8);
            self.put(if computed { "[\"c\"]" } else { key });
            self.colon();
            self.expr(Text);
        }
        self.trailing(length > 0);
        self.gap(" ");
        self.put("}");
    }

    // ---- text ----

    fn text(&mut self) {
        let text = self.choices.pick(TEXTS);
        match self.choices.below(4) {
            0 if !text.contains('\'') => write!(self.out, "'{text}'").unwrap(),
            1 if self.one_line == 0 => {
                let quotes = self.choices.pick(&["\"\"\"", "'''"]);
                let inside = if quotes == "'''" { text.to_owned() } else { escaped(text) };
                let indent = " ".repeat(self.choices.below(6));
                write!(self.out, "{quotes}\n{indent}{inside}\n{indent}  more\n{indent}{quotes}").unwrap();
            }
            _ => {
                let text = escaped(text);
                write!(self.out, "\"{text}\"").unwrap();
            }
        }
    }

    fn made_text(&mut self) {
        match self.choices.below(7) {
            0 => self.call("upper", &[Text]),
            1 => self.call("replace", &[Text, Text, Text]),
            2 => self.call("json", &[Any]),
            3 => self.call("join", &[Text, Texts]),
            4 => self.call("base64", &[Text]),
            5 => {
                let field = self.choices.pick(&[
                    "env.name",
                    "env.tier",
                    "env?.tier",
                    "{ k: \"v\" }.k",
                    "[\"a\"][0]",
                    "sha256(\"x\")",
                ]);
                self.put(field);
            }
            _ => self.interpolated(Text),
        }
    }

    fn interpolated(&mut self, kind: Kind) {
        self.put("\"");
        self.one_line += 1;
        for _ in 0..1 + self.choices.below(3) {
            let text = self.choices.pick(TEXTS);
            self.put(&escaped(text));
            self.put("${");
            let kind = self.choices.pick(&[kind, Text, Int]);
            self.expr(kind);
            self.put("}");
        }
        let text = self.choices.pick(TEXTS);
        self.put(&escaped(text));
        self.one_line -= 1;
        self.put("\"");
    }
}

/// The text between double quotes that says `text`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${")
}
