//! Asking cargo for unit graphs: offline first, and then, if that does not do, with the network.
//!
//! It must never compile anything, nor let a setting reach a build.

use std::sync::PoisonError;

use super::{
    Cargo, CargoLock, Network, Servers,
    invocation::Invocation,
    query::{self, Stable},
    refusal::Refusal,
    stale,
};
use crate::{
    error::{Error, Result},
    process::Cmd,
    shim::stand_in,
};

impl Cargo {
    /// The unit graph of an invocation as JSON, without compiling anything.
    ///
    /// Nothing is asked of the network that is downloaded already. Questions that need it wait for the first of them:
    /// if no server can be reached, cargo would try again and again for each.
    /// Returns the command line with the answer, for error messages.
    ///
    /// # Errors
    /// When cargo refuses the invocation; the caller knows which slice it belongs to.
    pub fn unit_graph(&self, call: &Invocation) -> Result<(String, String)> {
        if self.network == Network::Offline {
            return self.ask_for_graph(call);
        }
        let downloaded =
            self.clone().with_network(Network::Offline).with_cargo_lock(match self.lock_policy {
                CargoLock::Reduced => CargoLock::Reduced,
                CargoLock::AsNeeded | CargoLock::Locked | CargoLock::Untouched => CargoLock::Locked,
            });
        if let Ok((_, graph)) = downloaded.ask_for_graph(call) {
            return Ok((self.graph_line(call), graph));
        }
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if *servers == Servers::Answered {
            drop(servers);
            return self.ask_for_graph(call);
        }
        if let Servers::Silent { stderr } = &*servers {
            let command = self.graph_line(call);
            let status = "not asked again".to_owned();
            return Err(Error::Failed { command, status, code: None, stderr: stderr.clone() });
        }
        let answer = self.ask_for_graph(call);
        match &answer {
            Ok(_) => *servers = Servers::Answered,
            Err(Error::Failed { stderr, .. }) if Refusal::parse(stderr) == Some(Refusal::Network) => {
                *servers = Servers::Silent { stderr: stderr.clone() };
            }
            Err(_) => {}
        }
        answer
    }

    fn ask_for_graph(&self, call: &Invocation) -> Result<(String, String)> {
        let answer = self
            .graph_query(call)
            .args(self.stable_words(call))
            .output()
            .map_err(|error| stale(error, &call.dir));
        match answer {
            Err(Error::Failed { status, code, stderr, .. }) => {
                Err(Error::Failed { command: self.graph_line(call), status, code, stderr })
            }
            answer => Ok((self.graph_line(call), answer?)),
        }
    }

    /// The query as error messages show it.
    fn graph_line(&self, call: &Invocation) -> String {
        let line = self.graph_query(call).line();
        match self.lock_policy {
            CargoLock::Untouched => line.replacen(" --locked", "", 1),
            CargoLock::AsNeeded | CargoLock::Reduced | CargoLock::Locked => line,
        }
    }

    /// `--unit-graph` is unstable, so this one query runs with `RUSTC_BOOTSTRAP=1`; the variable reaches no build.
    fn graph_query(&self, call: &Invocation) -> Cmd {
        let mut env = call.environment(self);
        if self.stable(call).is_some() {
            query::without_unstable(&mut env);
        }
        let mut cmd = Cmd::new(&self.program, &call.dir, &env)
            .args(call.args_of_query())
            .args(self.words())
            .args(["--unit-graph", "-Zunstable-options", "--color=never"])
            .env(query::BOOTSTRAP, "1");
        if let (Some(program), Some(platform)) = (&self.stand_in, &self.pretended) {
            for (name, value) in stand_in::environment(program, &self.rustc(), platform) {
                cmd = cmd.env(name, value);
            }
        }
        cmd
    }

    /// The settings that a stable cargo has to be told in a query.
    fn stable(&self, call: &Invocation) -> Option<&Stable> {
        let stable = self.stable.get_or_init(|| Stable::ask(&self.program, &call.dir, &self.env));
        stable.as_ref().filter(|_| !query::obeys_unstable(&call.env))
    }

    /// The words for it: nothing that a user has to type, so no message shows them.
    fn stable_words(&self, call: &Invocation) -> Vec<String> {
        self.stable(call).map(|stable| stable.words(&call.args)).unwrap_or_default()
    }
}
