//! Names that the source gives: while the old resource has one, no new one can be made in its place.
//!
//! CloudFormation makes the new one first, and refuses where both would be called the same.

use serde_json::Value;

use crate::plan::{Action, Change, Differs};
use crate::schema::Types;

/// The properties that keep the name of a resource which is to be replaced; none where the new one gets another name,
/// or where the old one goes first. `after` is the template it comes from.
pub(crate) fn kept(change: &Change, after: &Value, types: &Types) -> Option<Vec<&'static str>> {
    let known = types.resource(&change.resource_type).filter(|known| !known.delete_first)?;
    if change.action != Action::Replace || change.attributes.iter().any(|a| a == "Type") {
        return None;
    }
    let properties = after.get("Resources")?.get(&change.logical_id)?.get("Properties")?;
    let names = types.name_of(known, |name| properties.get(name).is_some());
    let stays = |name: &&str| !change.properties.iter().any(|p| p.path == **name && p.differs != Differs::No);
    (!names.is_empty() && names.iter().all(stays)).then_some(names)
}
