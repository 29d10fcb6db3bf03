//! Families: services that are containers of one task.

use super::super::model::{Model, Service, Target};

/// A task: its main container and those beside it.
pub(super) struct Family<'m> {
    /// What its resource is called: as the service of the main container.
    pub(super) resource: String,
    pub(super) main: &'m Service,
    pub(super) beside: Vec<&'m Service>,
    /// The load balancer that it is behind, by its name in the files.
    pub(super) behind: Option<(&'m str, &'m Target)>,
}

impl<'m> Family<'m> {
    pub(super) fn containers(&self) -> impl Iterator<Item = &'m Service> + '_ {
        std::iter::once(self.main).chain(self.beside.iter().copied())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.containers().any(|service| &*service.named.name == name)
    }
}

/// The families in the order of the files. The main container is the one behind a load balancer, else the one that is
/// called as the family, else the first.
pub(super) fn all(model: &Model) -> Vec<Family<'_>> {
    let key = |service: &Service| service.family.as_ref().map(|family| family.name.clone());
    let mut found: Vec<Vec<&Service>> = Vec::new();
    for service in &model.services {
        let same =
            found.iter_mut().find(|group| key(service).is_some() && group.iter().any(|one| key(one) == key(service)));
        match same {
            Some(group) => group.push(service),
            None => found.push(vec![service]),
        }
    }
    let families = found.into_iter().filter_map(|group| {
        let at = group.iter().position(|service| behind(model, service).next().is_some());
        let named = || group.iter().position(|service| key(service).is_some_and(|family| family == service.named.name));
        let at = at.or_else(named).unwrap_or(0);
        let main = *group.get(at)?;
        let beside = group.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, service)| *service).collect();
        let resource = model.names.get("services", &main.named.name)?.to_owned();
        Some(Family { resource, main, beside, behind: behind(model, main).next() })
    });
    families.collect()
}

/// Where a service stands behind load balancers.
pub(super) fn behind<'m>(model: &'m Model, service: &Service) -> impl Iterator<Item = (&'m str, &'m Target)> {
    let name = service.named.name.clone();
    model.balancers.iter().flat_map(move |balancer| {
        let name = name.clone();
        let here = balancer.targets.iter().filter(move |target| target.service.name == name);
        here.map(|target| (&*balancer.named.name, target))
    })
}
