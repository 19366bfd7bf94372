//! The ports that the services of a server have: its proxy tells them apart by their ports alone, so no two may share
//! one.
//!
//! It only looks.

use super::{engine::Engine, problem::Problem, settings::DeploySettings};
use crate::error::Result;

/// Fails if another service of the server has a release on one of these ports, whether it runs or is kept.
pub(super) fn check(engine: &Engine, host: &str, service: &str, settings: &DeploySettings) -> Result<()> {
    const FORMAT: &str = "{{.Label \"larder.service\"}}\t{{.Label \"larder.port\"}}";
    let words = ["ps", "--all", "--filter", "label=larder.service", "--format", FORMAT];
    let all = engine.cmd(&words).output()?;
    let Some((other, port)) = shared(&all, service, settings.used_ports()) else { return Ok(()) };
    let what = format!("port {port} is one of another service's, `{other}`");
    let hint = "set `ports` to two that no other service there has, and give the proxy's site the same ones; \
                or remove the containers of that service if it is gone";
    Err(Problem::Server { host: host.to_owned(), what, hint }.into())
}

/// The first other service that has one of the ports.
fn shared<'a>(all: &'a str, service: &str, ports: &[u16]) -> Option<(&'a str, u16)> {
    let mut services = all.lines().filter_map(service_and_port);
    services.find(|(other, port)| *other != service && ports.contains(port))
}

fn service_and_port(line: &str) -> Option<(&str, u16)> {
    let (service, port) = line.split_once('\t')?;
    Some((service, port.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_another_service_are_its_own() {
        let all = "web\t8102\nblog\t8103\nodd\t\nshop\t8101\n";
        assert_eq!(shared(all, "staging", &[8101, 8102]), Some(("web", 8102)));
        assert_eq!(shared(all, "web", &[8101, 8102]), Some(("shop", 8101)));
        assert_eq!(shared(all, "web", &[8102, 8104]), None);
    }
}
