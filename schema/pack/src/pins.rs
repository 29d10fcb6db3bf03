//! The pinned packages, fetched with the ordinary clients of their registries.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};

use crate::Result;

/// `sources.toml`
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    #[serde(rename = "cfn-lint")]
    pub lint: LintPin,
    #[serde(rename = "aws-service-spec")]
    pub spec: SpecPin,
}

/// A wheel of PyPI.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LintPin {
    pub registry: String,
    pub version: String,
    /// Of the wheel, in hexadecimal.
    pub sha256: String,
}

/// A package of npm.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecPin {
    pub registry: String,
    pub package: String,
    pub version: String,
    /// As npm writes it: `sha512-` and base64.
    pub integrity: String,
}

const HEADER: &str =
    "# Where the AWS resource types come from. `bump` rewrites this file; a package with another hash is refused.\n\n";

impl Pins {
    pub fn read(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| format!("sources.toml: {e}"))
    }

    pub fn text(&self) -> Result<String> {
        toml::to_string(self).map(|t| format!("{HEADER}{t}")).map_err(|e| e.to_string())
    }

    /// The two packages, checked against their hashes; from `dir` if they are there and need not be fresh.
    pub fn packages(&self, dir: &Path, fresh: bool) -> Result<(Vec<u8>, Vec<u8>)> {
        let kept = if fresh { None } else { self.downloaded(dir).ok() };
        let (wheel, package) = kept.map_or_else(|| self.download(dir), Ok)?;
        let (sha256, integrity) = hashes(&wheel, &package);
        if sha256 != self.lint.sha256 {
            return Err(format!(
                "cfn-lint {} has the hash {sha256}, sources.toml says {}",
                self.lint.version, self.lint.sha256
            ));
        }
        if integrity != self.spec.integrity {
            let (version, pinned) = (&self.spec.version, &self.spec.integrity);
            return Err(format!("aws-service-spec {version} has the hash {integrity}, sources.toml says {pinned}"));
        }
        Ok((wheel, package))
    }

    fn download(&self, dir: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let wheel = format!("cfn-lint=={}", self.lint.version);
        run(
            dir,
            "python3",
            &[
                "-m",
                "pip",
                "download",
                "-q",
                "--disable-pip-version-check",
                "--no-deps",
                "--only-binary=:all:",
                "-d",
                ".",
                &wheel,
            ],
        )?;
        run(dir, "npm", &["pack", "--silent", &format!("{}@{}", self.spec.package, self.spec.version)])?;
        self.downloaded(dir)
    }

    fn downloaded(&self, dir: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
        let package = self.spec.package.trim_start_matches('@').replace('/', "-");
        Ok((
            read(&dir.join(format!("cfn_lint-{}-py3-none-any.whl", self.lint.version)))?,
            read(&dir.join(format!("{package}-{}.tgz", self.spec.version)))?,
        ))
    }

    /// Pins on the newest versions.
    pub fn newest(&self, dir: &Path) -> Result<Self> {
        let mut pins = self.clone();
        let versions =
            run(dir, "python3", &["-m", "pip", "index", "versions", "--disable-pip-version-check", "cfn-lint"])?;
        let newest = versions.lines().next().and_then(|l| l.split(['(', ')']).nth(1));
        pins.lint.version = newest.ok_or("pip names no version of cfn-lint")?.to_owned();
        pins.spec.version = run(dir, "npm", &["view", "--silent", &self.spec.package, "version"])?.trim().to_owned();
        let (wheel, package) = pins.download(dir)?;
        (pins.lint.sha256, pins.spec.integrity) = hashes(&wheel, &package);
        Ok(pins)
    }
}

fn hashes(wheel: &[u8], package: &[u8]) -> (String, String) {
    let sha512 = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(package));
    (sha256(wheel), format!("sha512-{sha512}"))
}

/// In hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn run(dir: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output =
        Command::new(program).args(arguments).current_dir(dir).output().map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}
