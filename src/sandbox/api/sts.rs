//! The two calls of STS that a deployment makes.

use crate::sandbox::api::{Outcome, result};
use crate::sandbox::clock::iso;
use crate::sandbox::facts::{self, invalid};
use crate::sandbox::ids;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Caller, World};

pub(super) fn get_caller_identity(caller: &Caller) -> Outcome {
    result(|xml| {
        xml.put("Arn", &caller.arn);
        xml.put("UserId", format!("AIDA{}", ids::capitals(&[&caller.arn], 17)));
        xml.put("Account", &caller.account);
    })
}

pub(super) fn assume_role(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let role = params.text("RoleArn").unwrap_or_default();
    let session = params.text("RoleSessionName").unwrap_or_default();
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return Err(facts::constraint(&role, "roleArn", "Member must satisfy regular expression pattern"));
    };
    let Some(name) = resource.strip_prefix("role/") else {
        return Err(invalid(format!("{role} is invalid")));
    };
    let forbidden = &world.settings.forbidden_roles;
    if forbidden.iter().any(|one| *one == role || one == account) {
        return Err(facts::not_assumable(&caller.arn, &role));
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(facts::constraint(&role, "roleArn", "Member must satisfy regular expression pattern"));
    }
    let seconds: u64 = params.text("DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(3600);
    let name = name.rsplit('/').next().unwrap_or_default();
    let arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
    // The key tells its account, so that it still does in the next process.
    let key = format!("ASIA{account}{}", ids::capitals(&[&role, &session], 4));
    world.sessions.insert(key.clone(), arn.clone());
    let until = iso(world.time.now().saturating_add(seconds.saturating_mul(1000)));
    result(|xml| {
        xml.within("Credentials", |xml| {
            xml.put("AccessKeyId", &key);
            xml.put("SecretAccessKey", ids::short(&["secret", &key], 40));
            xml.put("SessionToken", ids::short(&["token", &key], 64));
            xml.put("Expiration", &until);
        });
        xml.within("AssumedRoleUser", |xml| {
            xml.put("AssumedRoleId", format!("AROA{}:{session}", ids::capitals(&[&role], 17)));
            xml.put("Arn", &arn);
        });
    })
}
