//! `volumes`, of the files and of services, and `tmpfs`.

use super::super::model::{Mount, Named, Volume};
use super::super::text::Text;
use super::super::{no_such, not_carried};
use super::{Entry, Kind, Node, Reader};

/// What to do with a folder of the machine that compose runs on.
const BAKE: &str = "copy it into the image, or mount a named volume; in a second file, write `volumes: !override […]`";

impl Reader<'_> {
    pub(super) fn volume(&mut self, entry: &Entry) -> Volume {
        let node = &entry.value;
        self.map(node, "a volume");
        self.known("a volume", node, &["driver", "driver_opts", "external", "labels", "name", "x-efs"]);
        let file_system = node.get("x-efs").and_then(|efs| {
            for lookup in efs.entries().iter().filter(|entry| &*entry.key == "Lookup") {
                self.no_lookup("a file system", lookup, "give its id: `x-efs: { Use: fs-0123456789abcdef0 }`");
            }
            self.known("`x-efs`", efs, &["Lookup", "Use"]);
            efs.get("Use").and_then(|node| self.string(node, "`Use`"))
        });
        let is_external = node.get("external").is_some_and(|external| external.kind != Kind::Bool(false));
        let options =
            node.entries().iter().find(|entry| &*entry.key == "driver_opts" && !super::is_nothing(&entry.value));
        let elsewhere =
            options.or_else(|| node.entries().iter().find(|entry| is_external && &*entry.key == "external"));
        if let (Some(elsewhere), None) = (elsewhere, node.get("x-efs")) {
            self.report(not_carried(
                &format!("the volume `{}`", entry.key),
                elsewhere.key_span,
                "it lies outside the task",
                "say which file system of EFS it is: `x-efs: { Use: fs-0123456789abcdef0 }`",
            ));
        }
        Volume { named: Named { name: entry.key.clone(), span: entry.key_span }, file_system }
    }

    pub(super) fn mounts(&mut self, service: &Node) -> Vec<Mount> {
        let mut found: Vec<Mount> = Vec::new();
        let mut add = |mount: Mount| {
            // A later file mounts something else in the same place.
            let path = mount.path.literal();
            found.retain(|known| path.is_none() || known.path.literal() != path);
            found.push(mount);
        };
        for item in service.get("volumes").map_or(&[][..], |node| self.items(node, "`volumes`")) {
            self.mount(item).into_iter().for_each(&mut add);
        }
        for item in service.get("tmpfs").map_or(&[][..], |node| self.items(node, "`tmpfs`")) {
            let path = self.word(item, "`tmpfs`");
            if let Some(path) = path.as_deref().and_then(|path| path.split(':').next()) {
                add(Mount { volume: None, path: Text::plain(path, item.span), read_only: None });
            }
        }
        let volumes: Vec<Named> = found.iter().filter_map(|mount| mount.volume.clone()).collect();
        for volume in volumes {
            if self.volume_names.contains(&volume.name) {
                continue;
            }
            let known: Vec<&str> = self.volume_names.iter().map(|name| &**name).collect();
            let problem = no_such("volume", &volume.name, volume.span, &known);
            self.report(problem);
        }
        found
    }

    fn mount(&mut self, item: &Node) -> Option<Mount> {
        let span = item.span;
        if let Kind::Map(_) = item.kind {
            let known = ["bind", "consistency", "image", "read_only", "source", "target", "tmpfs", "type", "volume"];
            self.known("a volume of a service", item, &known);
            let kind = item.get("type").and_then(|node| self.word(node, "`type`")).unwrap_or_else(|| "volume".into());
            let path = item.get("target").and_then(|node| self.text(node, "`target`"))?;
            let read_only = item.get("read_only").filter(|node| node.kind == Kind::Bool(true)).map(|node| node.span);
            return match &*kind {
                "volume" => {
                    let volume = item.get("source").and_then(|node| self.named(node, "`source`"));
                    Some(Mount { volume, path, read_only })
                }
                "tmpfs" => Some(Mount { volume: None, path, read_only }),
                other => {
                    self.report(not_carried(
                        &format!("a volume of the type `{other}`"),
                        span,
                        "what it mounts lies on the machine that compose runs on",
                        BAKE,
                    ));
                    None
                }
            };
        }
        let word = self.word(item, "a volume of a service")?;
        let mut parts = word.split(':');
        let (first, second, mode) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let Some(path) = second else {
            return Some(Mount { volume: None, path: Text::plain(first, span), read_only: None });
        };
        if first.starts_with(['.', '/', '~']) {
            self.report(not_carried(
                &format!("the folder `{first}`"),
                span,
                "it lies on the machine that compose runs on",
                BAKE,
            ));
            return None;
        }
        let read_only = mode.is_some_and(|mode| mode.split(',').any(|word| word == "ro")).then_some(span);
        Some(Mount { volume: Some(Named { name: first.into(), span }), path: Text::plain(path, span), read_only })
    }
}
