//! Reads the two unpacked packages into memory.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

use crate::Result;

/// Both sources.
pub struct Inputs {
    /// Registry schemas by type name.
    pub schemas: BTreeMap<String, Value>,
    /// When cfn-lint fetched them.
    pub schema_date: String,
    /// Types that lose data, as cfn-lint lists them.
    pub stateful: Vec<String>,
    pub cdk: Cdk,
}

/// The database of aws-service-spec.
pub struct Cdk {
    pub resources: BTreeMap<String, Value>,
    pub definitions: BTreeMap<String, Value>,
}

const ROOT: &str = "cfnlint/data/";

/// Reads a wheel of cfn-lint and a package of aws-service-spec.
pub fn read(wheel: &[u8], package: &[u8]) -> Result<Inputs> {
    let files = unzip(wheel)?;
    let json = |path: &str| -> Result<Value> {
        let bytes = files.get(path).ok_or_else(|| format!("cfn-lint has no {path}: its layout changed"))?;
        serde_json::from_slice(bytes).map_err(|e| format!("{path}: {e}"))
    };
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for path in files.keys().filter(|p| p.starts_with("cfnlint/data/schemas/providers/") && p.ends_with(".json")) {
        let region = json(path)?;
        for (name, hash) in region.as_object().ok_or("a region file is no object")? {
            let hash = hash.as_str().ok_or("a schema hash is no string")?;
            if names.insert(name.clone(), hash.to_owned()).is_some_and(|old| old != hash) {
                return Err(format!("{name} has two schemas: regions differ, which this merge does not expect"));
            }
        }
    }
    let mut schemas = BTreeMap::new();
    for (name, hash) in names {
        schemas.insert(name, json(&format!("{ROOT}schemas/resources/{hash}.json"))?);
    }
    let date = json(&format!("{ROOT}schemas/version.json"))?;
    let stateful = json(&format!("{ROOT}AdditionalSpecs/StatefulResources.json"))?;
    Ok(Inputs {
        schemas,
        schema_date: date["schema_date"].as_str().ok_or("version.json without a date")?.to_owned(),
        stateful: stateful["ResourceTypes"]
            .as_object()
            .ok_or("StatefulResources.json changed its shape")?
            .keys()
            .cloned()
            .collect(),
        cdk: cdk(package)?,
    })
}

fn unzip(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|e| format!("wheel: {e}"))?;
    let mut files = BTreeMap::new();
    for i in 0..zip.len() {
        let mut file = zip.by_index(i).map_err(|e| format!("wheel: {e}"))?;
        let name = file.name().map_err(|e| format!("wheel: {e}"))?.into_owned();
        if name.starts_with(ROOT) && name.ends_with(".json") {
            let mut content = Vec::new();
            file.read_to_end(&mut content).map_err(|e| format!("wheel: {e}"))?;
            files.insert(name, content);
        }
    }
    Ok(files)
}

fn cdk(package: &[u8]) -> Result<Cdk> {
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(package));
    for entry in tar.entries().map_err(|e| format!("aws-service-spec: {e}"))? {
        let entry = entry.map_err(|e| format!("aws-service-spec: {e}"))?;
        if entry.path().is_ok_and(|p| p.ends_with("db.json.gz")) {
            let db: Value = serde_json::from_reader(std::io::BufReader::new(flate2::read::GzDecoder::new(entry)))
                .map_err(|e| format!("db.json: {e}"))?;
            return Ok(Cdk {
                resources: by(&db["schema"]["resource"]["entities"], "cloudFormationType")?,
                definitions: by(&db["schema"]["typeDefinition"]["entities"], "$id")?,
            });
        }
    }
    Err("aws-service-spec has no db.json.gz: its layout changed".to_owned())
}

fn by(list: &Value, key: &str) -> Result<BTreeMap<String, Value>> {
    let list = list.as_array().ok_or("db.json changed its shape")?;
    let mut map = BTreeMap::new();
    for entity in list {
        let name = entity[key].as_str().ok_or("db.json changed its shape")?;
        if map.insert(name.to_owned(), entity.clone()).is_some() {
            return Err(format!("db.json has {name} twice"));
        }
    }
    Ok(map)
}
