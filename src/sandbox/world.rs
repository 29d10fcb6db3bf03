//! All accounts and regions, and the way from a request to its answer.

use std::collections::BTreeMap;

use crate::sandbox::Settings;
use crate::sandbox::access::{self, Documents};
use crate::sandbox::api;
use crate::sandbox::clock::{Pace, Time};
use crate::sandbox::engine::{self, Context};
use crate::sandbox::facts::{self, Answer};
use crate::sandbox::ids;
use crate::sandbox::images;
use crate::sandbox::model::{Region, Stack};
use crate::sandbox::objects::{self, Buckets};
use crate::sandbox::rate::Allowances;
use crate::sandbox::script::Script;
use crate::sandbox::store::Store;
use crate::sandbox::wire::{self, Params, Request, Response, Scope};

/// The simulated world.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) time: Time,
    pub(crate) script: Script,
    /// By account and region.
    pub(crate) regions: BTreeMap<(String, String), Region>,
    pub(crate) calls: BTreeMap<String, u64>,
    /// Access keys handed out by AssumeRole, with the ARN of the session.
    pub(crate) sessions: BTreeMap<String, String>,
    pub(crate) store: Option<Store>,
    pub(crate) buckets: Buckets,
    /// What each account may call; everything where there is no document.
    pub(crate) policies: Documents,
    pub(crate) allowances: Allowances,
    requests: u64,
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) arn: String,
}

/// Name and generation of a stack: its place in its region.
pub(crate) type Key = (String, u32);

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            time: Time::new(settings.clock.clone(), 0),
            settings,
            script: Script::default(),
            regions: BTreeMap::new(),
            calls: BTreeMap::new(),
            sessions: BTreeMap::new(),
            store: None,
            buckets: Buckets::default(),
            policies: Documents::new(),
            allowances: Allowances::default(),
            requests: 0,
        }
    }

    pub(crate) fn answer(&mut self, request: &Request) -> Response {
        self.requests += 1;
        let request_id = ids::uuid(&["request", &self.requests.to_string()]);
        let scope = Scope::of(request);
        if let Some((operation, bucket, key)) = scope.as_ref().and_then(|scope| objects::named(request, scope)) {
            return self.answer_s3(request, request_id, scope.unwrap_or_default(), operation, &bucket, &key);
        }
        if let Some((operation, repository)) = scope.as_ref().and_then(|scope| images::named(request, scope)) {
            *self.calls.entry(operation.clone()).or_default() += 1;
            let caller = self.caller(&scope.unwrap_or_default());
            let answer = images::call(self, &caller, request, &operation, &repository);
            let kept = self.keep().map_err(|fault| (fault.code, fault.message));
            return images::response(answer.and_then(|answer| kept.map(|()| answer)), request_id);
        }
        let mut params = Params::of(request);
        let action = params.get("Action").unwrap_or_default().to_owned();
        *self.calls.entry(action.clone()).or_default() += 1;
        let namespace = match scope.as_ref().map(|scope| scope.service.as_str()) {
            Some("sts") => "https://sts.amazonaws.com/doc/2011-06-15/",
            _ => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        };
        let answer = scope.ok_or_else(facts::unsigned).and_then(|scope| {
            let caller = self.caller(&scope);
            if let Some(rate) = self.settings.rate.filter(|_| scope.service == "cloudformation") {
                self.allowances.take(rate, &caller, &action, self.time.now())?;
            }
            access::check(self, &caller, &scope.service, &action, &params)?;
            self.catch_up(&caller);
            if let Some(url) = params.text("TemplateURL") {
                params.template = Some(objects::template(self, &caller, &url)?);
            }
            let result = api::call(self, &caller, &scope.service, &action, &params);
            self.keep()?;
            result
        });
        let (status, body) = match answer {
            Ok(result) => (200, wire::envelope(&action, namespace, &request_id, result)),
            Err(fault) => {
                (fault.status, wire::refusal(fault.code, fault.status, &fault.message, namespace, &request_id))
            }
        };
        Response { status, request_id, body, headers: Vec::new() }
    }

    fn answer_s3(
        &mut self,
        request: &Request,
        request_id: String,
        scope: Scope,
        operation: &'static str,
        bucket: &str,
        key: &str,
    ) -> Response {
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let caller = self.caller(&scope);
        let answer = objects::call(self, &caller, request, operation, bucket, key);
        let answer = answer.and_then(|done| self.keep().map(|()| done).map_err(objects::Refusal::from));
        objects::response(answer, request_id, request.method == "HEAD")
    }

    /// Writes what changed before anybody hears that it did.
    fn keep(&mut self) -> Answer<()> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        store
            .keep(&mut self.regions, &self.script, &mut self.buckets)
            .map_err(|error| facts::not_kept(&error.to_string()))
    }

    fn caller(&self, scope: &Scope) -> Caller {
        let key = scope.access_key.as_str();
        let digits = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        // Keys of assumed roles carry their account: they outlive the process that made them.
        let assumed = key.strip_prefix("ASIA").and_then(|rest| rest.get(..12)).filter(|account| digits(account));
        let account = match (digits(key), assumed) {
            (true, _) => key.to_owned(),
            (false, Some(account)) => account.to_owned(),
            (false, None) => self.settings.account.clone(),
        };
        let arn = self.sessions.get(key).cloned().unwrap_or_else(|| match assumed {
            Some(_) => format!("arn:aws:sts::{account}:assumed-role/sandbox/sandbox"),
            None => format!("arn:aws:iam::{account}:user/sandbox"),
        });
        Caller { account, region: scope.region.clone(), arn }
    }

    pub(crate) fn region(&mut self, caller: &Caller) -> &mut Region {
        self.regions.entry((caller.account.clone(), caller.region.clone())).or_default()
    }

    /// Where time drives the steps, all stacks of the region move on at every call.
    fn catch_up(&mut self, caller: &Caller) {
        if matches!(self.settings.pace, Pace::Elapsed { .. }) {
            let busy = |(key, stack): (&Key, &Stack)| stack.operation.is_some().then(|| key.clone());
            let keys: Vec<Key> = self.region(caller).iter().filter_map(busy).collect();
            for key in keys {
                self.visit(caller, &key, |_, _| ());
            }
        }
    }

    /// The stack of that name or ARN. A name finds the living one only.
    pub(crate) fn find(&mut self, caller: &Caller, name_or_arn: &str) -> Option<Key> {
        let region = self.region(caller);
        if let Some((_, tail)) = name_or_arn.split_once(":stack/") {
            let name = tail.split('/').next()?.to_owned();
            let mut named = region.range((name.clone(), 0)..=(name, u32::MAX));
            return named.find(|(_, stack)| stack.place.stack_id == name_or_arn).map(|(key, _)| key.clone());
        }
        let name = name_or_arn.to_owned();
        let mut named = region.range((name.clone(), 0)..=(name, u32::MAX));
        named.find(|(_, stack)| stack.live()).map(|(key, _)| key.clone())
    }

    /// Works on one stack, with the others of its region in view.
    pub(crate) fn visit<T>(
        &mut self,
        caller: &Caller,
        key: &Key,
        work: impl FnOnce(&mut Stack, &mut Context<'_>) -> T,
    ) -> Option<T> {
        self.enter(caller, key, false, work)
    }

    /// Looks at one stack, which lets its operation advance.
    pub(crate) fn poll<T>(
        &mut self,
        caller: &Caller,
        key: &Key,
        work: impl FnOnce(&mut Stack, &mut Context<'_>) -> T,
    ) -> Option<T> {
        self.enter(caller, key, true, work)
    }

    fn enter<T>(
        &mut self,
        caller: &Caller,
        key: &Key,
        polled: bool,
        work: impl FnOnce(&mut Stack, &mut Context<'_>) -> T,
    ) -> Option<T> {
        let pace = self.settings.pace;
        // Taken out for the time, so that the rest of the world can be looked at.
        let place = (caller.account.clone(), caller.region.clone());
        let mut region = self.regions.remove(&place)?;
        let result = region.remove(key).map(|mut stack| {
            let mut context = Context {
                types: self.settings.types,
                time: &mut self.time,
                script: &mut self.script,
                others: &region,
                buckets: &self.buckets,
                elsewhere: &self.regions,
                here: (&caller.account, &caller.region),
            };
            engine::advance(&mut stack, &mut context, pace, polled);
            let result = work(&mut stack, &mut context);
            region.insert(key.clone(), stack);
            result
        });
        self.regions.insert(place, region);
        result
    }

    /// All keys of a region, in order.
    pub(crate) fn keys(&mut self, caller: &Caller) -> Vec<Key> {
        self.region(caller).keys().cloned().collect()
    }
}
