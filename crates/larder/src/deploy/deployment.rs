//! A deployment with its connection: the facts that decide its steps, asked for once.
//!
//! It only looks: `steps` changes things.

use std::collections::BTreeMap;

use super::{
    engine::{About, Engine},
    gate::HealthCheck,
    half::{self, ChangingPart},
    inputs,
    plan::{self, DeploymentFacts, RolloutPlan},
    ports,
    problem::Problem,
    proxy::Proxy,
    release::{Halves, Release},
    rollout_step::Turn,
    session::{ServerSession, SessionPurpose},
    settings::{DeploySettings, Update},
    socket,
    target::SshServer,
};
use crate::{
    docker::{client::Client, explain::BuildRecord},
    error::{Error, Result},
    process::{Cmd, Environment},
    project::Project,
};

/// The free space that a deployment takes at least.
const ROOM: u64 = 512 << 20;

/// A deployment with its connection to the server.
#[derive(Debug)]
pub struct Deployment<'a> {
    pub(super) project: &'a Project,
    pub(super) env: &'a Environment,
    pub(super) settings: &'a DeploySettings,
    pub(super) service: String,
    pub(super) session: ServerSession,
    pub(super) engine: Engine,
    pub(super) about: About,
    /// Whether Swarm does the rollout.
    pub(super) is_swarm: bool,
    pub(super) proxy: Option<Proxy>,
    /// Why the proxy cannot be asked: a look at releases needs none, a plan does.
    proxy_trouble: Option<Error>,
    pub(super) releases: Vec<Release>,
    /// Known once a plan was made.
    pub(super) inputs: Option<String>,
    pub(super) halves: Halves,
    /// The text of the environment file; known once a plan was made for what the project is now.
    pub(super) environment: Option<String>,
}

/// The settings of a name, or the only ones.
///
/// # Errors
/// [`Problem::NoDeployment`] and [`Problem::Unnamed`].
pub fn settings<'a>(project: &'a Project, name: Option<&str>) -> Result<(&'a str, &'a DeploySettings)> {
    let all: &BTreeMap<String, DeploySettings> = &project.settings.deploy;
    let found = match name {
        Some(name) => all
            .get_key_value(name)
            .ok_or_else(|| Problem::NoDeployment { name: name.to_owned(), known: names(all) }),
        None if all.len() == 1 => all.first_key_value().ok_or_else(|| Problem::Unnamed { known: names(all) }),
        None => Err(Problem::Unnamed { known: names(all) }),
    };
    let (name, settings) = found?;
    Ok((name, settings))
}

fn names(deployments: &BTreeMap<String, DeploySettings>) -> Vec<String> {
    deployments.keys().cloned().collect()
}

impl<'a> Deployment<'a> {
    /// Connects to change something, which nobody else can until this value is dropped.
    ///
    /// # Errors
    /// As for [`Deployment::look`], and [`Problem::Held`].
    pub fn lock(project: &'a Project, env: &'a Environment, name: Option<&str>) -> Result<Self> {
        Self::open(project, env, name, SessionPurpose::Change)
    }

    /// Connects to look only, whoever deploys meanwhile.
    ///
    /// # Errors
    /// A [`Problem`], naming what is wrong with the server.
    pub fn look(project: &'a Project, env: &'a Environment, name: Option<&str>) -> Result<Self> {
        Self::open(project, env, name, SessionPurpose::Look)
    }

    fn open(
        project: &'a Project,
        env: &'a Environment,
        name: Option<&str>,
        purpose: SessionPurpose,
    ) -> Result<Self> {
        socket::refuse_without()?;
        let (name, settings) = settings(project, name)?;
        let service = settings.service(name).to_owned();
        let target = SshServer::find(env, &settings.to)?;
        let mut session = ServerSession::open(env, &target, &service, settings, purpose)?;
        let engine = Engine::new(env, &session.engine(), session.host())?;
        let about = match engine.about() {
            Ok(about) => about,
            Err(error) => return Err(session.forwarding_trouble()?.unwrap_or(error)),
        };
        // A look is wanted above all if two services are in each other's way.
        if purpose == SessionPurpose::Change {
            ports::check(&engine, session.host(), &service, settings)?;
        }
        let mut releases = engine.releases(&service)?;
        // A service that was deployed before the server managed a Swarm goes on as it was.
        let is_swarm = about.node.is_some() && !engine.has_plain_releases(&service, releases.len())?;
        if is_swarm {
            releases = engine.swarm_releases(&service)?;
        }
        let (proxy, proxy_trouble) = match settings.update {
            _ if is_swarm => (None, None),
            // With `stop` there may be none.
            Update::Stop => (None, None),
            _ => match Proxy::find(session.port(settings.proxy), session.host(), settings.ports) {
                Err(error) if purpose == SessionPurpose::Look => (None, Some(error)),
                found => (Some(found?), None),
            },
        };
        Ok(Self {
            project,
            env,
            settings,
            service,
            session,
            engine,
            is_swarm,
            about,
            proxy,
            proxy_trouble,
            releases,
            inputs: None,
            halves: Halves::default(),
            environment: None,
        })
    }

    /// The steps to what the project is now, whose files are read for it, built with these arguments.
    ///
    /// # Errors
    /// When they cannot be read, and [`Problem::Half`] if more than the part would change.
    pub fn plan(&mut self, part: ChangingPart, build_args: &[String]) -> Result<RolloutPlan> {
        self.check_proxy()?;
        self.environment = inputs::environment(self.project.workspace.root(), self.settings)?;
        let record = inputs::of_image(self.project, &inputs::with_values(self.env, build_args))?;
        half::check(part, record.as_ref(), self.live(), &self.service)?;
        self.inputs = record.as_ref().map(BuildRecord::digest);
        self.halves = record.as_ref().map(Halves::read).unwrap_or_default();
        Ok(self.facts()?.plan())
    }

    /// The steps back to a release; to the one that served before by default.
    ///
    /// # Errors
    /// [`Problem::NoRelease`].
    pub fn plan_back(&mut self, release: Option<&str>) -> Result<RolloutPlan> {
        self.check_proxy()?;
        Ok(self.facts()?.plan_back(self.back(release)?))
    }

    /// The reason for which a look could not ask the proxy which release serves.
    pub fn proxy_trouble(&self) -> Option<&Error> {
        self.proxy_trouble.as_ref()
    }

    /// Fails if a plan cannot be made, since the proxy does not tell what it does.
    fn check_proxy(&mut self) -> Result<()> {
        self.proxy_trouble.take().map_or(Ok(()), Err)
    }

    /// All releases that are there, the newest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The release that serves.
    pub fn live(&self) -> Option<&Release> {
        plan::live(&self.releases, self.serving())
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The server's name, and its engine's version.
    pub fn server(&self) -> (&str, &str) {
        (self.session.host(), &self.about.version)
    }

    /// A client that speaks to the server's engine.
    pub fn client(&self) -> &Client {
        self.engine.client()
    }

    /// The platform of the server, in Docker's words.
    pub fn platform(&self) -> String {
        format!("linux/{}", self.about.architecture)
    }

    /// The call that shows the log of the release that serves; `None` if none does.
    pub fn logs(&self) -> Option<Cmd> {
        let container = &self.live()?.container;
        Some(if self.is_swarm { self.engine.swarm_logs(container) } else { self.engine.logs(container) })
    }

    /// Fails if the disk of the engine has no room.
    ///
    /// # Errors
    /// [`Problem::Disk`].
    pub fn check_disk(&mut self) -> Result<()> {
        match self.session.free_space(&self.about.folder)? {
            Some(free) if free < ROOM => Err(Problem::Disk {
                host: self.session.host().to_owned(),
                free: crate::text::columns::bytes(free),
                folder: self.about.folder.clone(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// The one port that the proxy sends requests to.
    fn serving(&self) -> Option<u16> {
        self.proxy.as_ref().and_then(Proxy::serving)
    }

    fn facts(&self) -> Result<DeploymentFacts> {
        let live_image = self.releases.first().map(|release| release.image.as_str());
        Ok(DeploymentFacts {
            releases: self.releases.clone(),
            serving: self.serving(),
            is_held: self.proxy.as_ref().is_some_and(Proxy::is_held),
            ports: self.settings.ports,
            inputs: self.inputs.clone(),
            configuration: self.configuration(),
            place: self.settings.build,
            turn: self.turn(),
            may_share: self.settings.update == Update::Overlap,
            left_images: self.left_images()?,
            check: self.check_in_words(live_image),
            keep: self.settings.keep,
        })
    }

    /// Releases that have an image and no container. Swarm keeps images as it likes.
    fn left_images(&self) -> Result<Vec<String>> {
        if self.is_swarm {
            return Ok(Vec::new());
        }
        let mut names = self.engine.images_of(&self.service)?;
        names.retain(|name| self.releases.iter().all(|release| release.labels.release != *name));
        Ok(names)
    }

    /// The check of a release; before the first one the image is not known yet.
    fn check_in_words(&self, image: Option<&str>) -> String {
        let known = image.and_then(|image| self.engine.image(image).ok().flatten());
        match (&self.settings.health, known) {
            (Some(path), _) => HealthCheck::Page(path.clone()).to_string(),
            (None, Some(image)) => HealthCheck::new(None, &image).to_string(),
            (None, None) => {
                "the image's health check passes, or it takes connections if there is none".into()
            }
        }
    }

    fn turn(&self) -> Turn {
        match self.settings.update {
            _ if self.is_swarm => Turn::Swarm,
            Update::Stop => Turn::Stop,
            update if update.is_alone(self.volume().as_deref()) => Turn::Hold,
            _ => Turn::Overlap,
        }
    }

    /// The volume, as `NAME:PATH`.
    pub(super) fn volume(&self) -> Option<String> {
        let path = self.project.settings.docker.volume.as_ref()?;
        Some(format!("{}-data:{path}", self.service))
    }

    pub(super) fn configuration(&self) -> String {
        let port = self.project.settings.docker.port.map(|port| port.to_string());
        let environment = self.environment.as_deref().map(|text| inputs::with_variables(self.env, text));
        inputs::of_configuration(&[
            port.as_deref(),
            self.volume().as_deref(),
            self.settings.memory.as_deref(),
            environment.as_deref(),
        ])
    }

    /// The release to go back to.
    pub(super) fn back(&self, name: Option<&str>) -> Result<&Release> {
        let live = self.live();
        let name = match name {
            Some(name) => name.to_owned(),
            None => live
                .ok_or_else(|| self.no_release("no release serves".into()))?
                .labels
                .previous
                .clone()
                .ok_or_else(|| self.no_release("no release served before".into()))?,
        };
        if live.is_some_and(|live| live.labels.release == name) {
            return Err(self.no_release(format!("{name} serves already")).into());
        }
        let mut found = self.releases.iter().filter(|release| !release.is_new);
        let release = found.find(|release| release.labels.release == name);
        let release =
            release.ok_or_else(|| self.no_release(format!("release {name} is not there any more")))?;
        if self.engine.image(&release.image)?.is_none() {
            let what = format!("the image of release {name} ({}) is not there any more", release.image);
            return Err(self.no_release(what).into());
        }
        Ok(release)
    }

    pub(super) fn no_release(&self, what: String) -> Problem {
        Problem::NoRelease { service: self.service.clone(), what }
    }
}
