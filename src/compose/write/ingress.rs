//! Who may reach a service: a rule each, so that services may let in each other.

use super::super::draft::{self, Fields};
use super::super::model::{Ingress, Port, Service, Source};
use super::Writer;
use super::family::Family;

impl Writer<'_> {
    pub(super) fn ingress(&mut self, family: &Family<'_>, all: &[Family<'_>]) {
        for service in family.containers() {
            for ingress in &service.ingress {
                let ports: Vec<&Port> = service
                    .ports
                    .iter()
                    .filter(|port| {
                        ingress.ports.is_empty() || ingress.ports.iter().any(|(number, _)| *number == port.number)
                    })
                    .collect();
                for port in &ports {
                    self.rule(family, all, service, ingress, port, ports.len() > 1);
                }
            }
        }
    }

    fn rule(
        &mut self,
        family: &Family<'_>,
        all: &[Family<'_>],
        service: &Service,
        ingress: &Ingress,
        port: &Port,
        has_others: bool,
    ) {
        let span = ingress.span;
        let security = |resource: &str| draft::path(span, resource, &["security_group"]);
        let (property, value, from) = match &ingress.source {
            Source::Given(property, value) => (*property, value.clone(), ingress.name.clone()),
            Source::Itself => ("SourceSecurityGroupId", security(&family.resource), "itself".to_owned()),
            Source::Service(named) => {
                let Some(other) = all.iter().find(|other| other.has(&named.name)) else { return };
                ("SourceSecurityGroupId", security(&other.resource), named.name.to_string())
            }
        };
        let protocol = if port.is_udp { "udp" } else { "tcp" };
        let mut fields = Fields::default();
        fields.put("GroupId", security(&family.resource));
        fields.put(property, value);
        fields.put("IpProtocol", draft::text(span, protocol));
        fields.put("FromPort", draft::int(port.span, port.number)).put("ToPort", draft::int(port.span, port.number));
        let said = format!("from {from} to {}", service.named.name);
        fields.put("Description", ingress.description.clone().unwrap_or_else(|| draft::text(span, &said)));
        let suffix = match (has_others, port.is_udp) {
            (false, _) => String::new(),
            (true, false) => port.number.to_string(),
            (true, true) => format!("{}Udp", port.number),
        };
        let own = self.model.names.get("services", &service.named.name).unwrap_or(&family.resource);
        let name = format!("{own}From{}{suffix}", ingress.name);
        self.resource(span, &name, "AWS::EC2::SecurityGroupIngress", fields);
    }
}
