//! Carrying out a plan, step by step, and undoing it if the release is not well.
//!
//! It must never do anything that the plan does not say, but for taking a refused release away.

use std::{
    io::Write as _,
    time::{Duration, Instant, SystemTime},
};

use tempfile::NamedTempFile;

use super::{
    compose,
    deployment::Deployment,
    engine::InspectedImage,
    gate::{Gate, HealthCheck},
    inputs,
    plan::RolloutPlan,
    problem::Problem,
    release::{self, Labels, Release, tag},
    rollout_step::{SETTLING, Step, Turn},
    settings::BuildPlace,
    swarm::Ending,
    transfer::Sent,
};
use crate::{
    docker::client::Client,
    error::{Error, Result},
    report::Report,
};

/// How many lines of a refused release are shown.
const LINES: usize = 20;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How long requests that the proxy has held may take to get through: a change of the proxy would end them.
const GETTING_THROUGH: Duration = Duration::from_secs(1);

/// Builds the image under a name on the engine that the client speaks to, and gives its id.
pub type Builder<'b> = dyn FnMut(&Client, &str) -> Result<String> + 'b;

/// The outcome of a deployment.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Done {
    /// The release that serves now.
    pub release: String,
    /// Its image.
    pub image: String,
    /// Whether it is another one than before.
    pub is_changed: bool,
    /// The bytes that were sent of an image that was built here.
    pub sent: Option<Sent>,
}

/// The release that is to serve.
enum Candidate {
    /// Not built yet.
    Unknown,
    /// Built, and to be started.
    Built(InspectedImage),
    /// It has its container.
    Made { release: Box<Release>, check: HealthCheck, is_kept: bool },
}

impl Deployment<'_> {
    /// Carries out a plan for what the project is now.
    ///
    /// # Errors
    /// When the build fails, the release is refused, or the server fails. Then the release that served serves on.
    pub fn run(&mut self, plan: &RolloutPlan, build: &mut Builder<'_>, report: &dyn Report) -> Result<Done> {
        let mut run =
            Run { candidate: Candidate::Unknown, labels: None, sent: None, deployment: self, report };
        for step in &plan.steps {
            match step {
                Step::Build { .. } => {
                    run.deployment.check_disk()?;
                    report.step(step.verb(), &step.object());
                    run.build(plan, build)?;
                    if run.is_same(plan) {
                        report.step("Unchanged", "the image is the one that serves");
                        break;
                    }
                }
                step => run.step(plan, step)?,
            }
        }
        run.done(plan)
    }

    /// Carries out a plan for going back to a release.
    ///
    /// # Errors
    /// As [`Deployment::run`].
    pub fn run_back(
        &mut self,
        plan: &RolloutPlan,
        release: Option<&str>,
        report: &dyn Report,
    ) -> Result<Done> {
        let to = self.back(release)?.clone();
        let image = self.image(&to.image)?;
        let mut run = Run {
            candidate: Candidate::Built(image),
            labels: Some(to),
            sent: None,
            deployment: self,
            report,
        };
        for step in &plan.steps {
            run.step(plan, step)?;
        }
        run.done(plan)
    }

    /// Has the proxy send requests to this port; without one they go there anyway.
    fn send_to(&self, port: u16) -> Result<()> {
        self.proxy.as_ref().map_or(Ok(()), |proxy| proxy.send_to(port))
    }

    fn hold_for(&self, port: u16) -> Result<()> {
        let longest = self.settings.longest_gap() + SETTLING;
        self.proxy.as_ref().map_or(Ok(()), |proxy| proxy.hold_for(port, longest))
    }

    fn image(&self, image: &str) -> Result<InspectedImage> {
        Ok(self.engine.image(image)?.ok_or_else(|| Problem::Image {
            what: format!("the engine does not have the image {image}"),
            hint: "deploy again; if it stays so, look at what the engine logs",
        })?)
    }
}

/// How a release is looked at.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// Until it is well, for so long at most.
    Until(Duration),
    /// Whether it stays so.
    AtItsLasting,
}

/// A plan that is being carried out.
struct Run<'r, 'a> {
    candidate: Candidate,
    /// The kept release that is gone back to.
    labels: Option<Release>,
    sent: Option<Sent>,
    deployment: &'r mut Deployment<'a>,
    report: &'r dyn Report,
}

impl Run<'_, '_> {
    fn step(&mut self, plan: &RolloutPlan, step: &Step) -> Result<()> {
        self.report.step(step.verb(), &step.object());
        match step {
            Step::Mark { release } => {
                let release = self.named(release)?;
                self.deployment.engine.mark_served(&release)
            }
            Step::Remove { release } | Step::Prune { release } => self.remove(release),
            Step::Drain { release } if plan.turn != Turn::Overlap => self.make_room(release),
            Step::Stop { release } | Step::Drain { release } => {
                let release = self.named(release)?;
                self.deployment.engine.stop(&release.container, self.deployment.settings.drain)
            }
            Step::Build { .. } => Ok(()),
            Step::Pin { port } => self.deployment.send_to(*port),
            Step::Hold { port } => self.hold(plan, *port),
            Step::Create { port } => self.make(*port),
            Step::Start { port } => self.start(plan, *port),
            Step::Gate { .. } => {
                let patience = Duration::from_secs(self.deployment.settings.patience);
                self.judge(plan, Look::Until(patience))
            }
            Step::Settle => self.judge(plan, Look::AtItsLasting),
            Step::Confirm => self.confirm(),
            Step::Roll { port } => self.roll(plan, *port),
            Step::RollBack => self.roll_back(),
            Step::Switch { port } => self.switch(plan, *port),
        }
    }

    /// The container of a release that the plan names.
    fn named(&self, name: &str) -> Result<Release> {
        let mut all = self.deployment.releases.iter();
        let found = all.find(|release| release.labels.release == name).cloned();
        Ok(found.ok_or_else(|| self.deployment.no_release(format!("release {name} is not there")))?)
    }

    /// Has the proxy hold requests for a port at which nothing listens yet: whatever does would get them all.
    fn hold(&mut self, plan: &RolloutPlan, port: u16) -> Result<()> {
        let deployment = &mut *self.deployment;
        if deployment.session.port(port).listens(|| deployment.session.round_trip())? {
            return Err(self.despite(self.take_away(), self.deployment.engine.port_taken(port)));
        }
        if let Some(live) = &plan.live {
            self.guard(live)?;
            // Nothing is ended yet. A guarded release would be stopped and started again if we ended now.
            self.deployment.session.guard("")?;
        }
        self.deployment.hold_for(port).map_err(|error| self.despite(self.take_away(), error))
    }

    /// Ends the release that serves, for whichever release comes next.
    fn make_room(&mut self, release: &str) -> Result<()> {
        let release = self.named(release)?;
        self.guard(&release)?;
        self.deployment.engine.stop(&release.container, self.deployment.settings.drain)
    }

    /// Has the server start a release again if we vanish. If it cannot, nothing is held or ended.
    fn guard(&mut self, release: &Release) -> Result<()> {
        let guarded = self.deployment.session.guard(&release.container);
        guarded.map_err(|error| self.despite(self.take_away(), error))
    }

    /// Removes a release with its image. A run that was killed while it got another container has left it twice.
    fn remove(&self, name: &str) -> Result<()> {
        let deployment = &*self.deployment;
        for release in deployment.releases.iter().filter(|release| release.labels.release == name) {
            deployment.engine.remove(&release.container)?;
        }
        deployment.engine.remove_image(&tag(&deployment.service, name));
        Ok(())
    }

    fn build(&mut self, plan: &RolloutPlan, build: &mut Builder<'_>) -> Result<()> {
        let deployment = &mut *self.deployment;
        let name = release::new_name(SystemTime::now(), &deployment.releases);
        let tag = tag(&deployment.service, &name);
        let id = match deployment.settings.build {
            BuildPlace::Server => build(deployment.engine.client(), &tag)?,
            BuildPlace::Local => {
                let own = Client::find(deployment.env)?;
                own.engine_version()?;
                let id = build(&own, &tag)?;
                self.sent = deployment.bring(&own, &id, &tag, self.report)?;
                // An engine with another kind of store has another id for it.
                tag
            }
        };
        let image = deployment.image(&id)?;
        if image.architecture != deployment.about.architecture {
            let what = format!(
                "the image is for {}, and {} is {}",
                image.architecture,
                deployment.session.host(),
                deployment.about.architecture
            );
            let hint = "build it for the server's processor";
            return Err(Problem::Image { what, hint }.into());
        }
        self.labels = Some(Release::planned(Labels {
            service: deployment.service.clone(),
            release: name,
            commit: inputs::commit(deployment.env, deployment.project.workspace.root()),
            time: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            previous: plan.live.as_ref().map(|live| live.labels.release.clone()),
            inputs: deployment.inputs.clone(),
            halves: deployment.halves.clone(),
            configuration: deployment.configuration(),
            port: 0,
        }));
        self.candidate = Candidate::Built(image);
        Ok(())
    }

    /// Whether the image that was built serves already, started in the same way.
    fn is_same(&self, plan: &RolloutPlan) -> bool {
        let Candidate::Built(image) = &self.candidate else { return false };
        let is_same = plan.is_started_alike && plan.live.as_ref().is_some_and(|live| live.image == image.id);
        if is_same && let Some(built) = &self.labels {
            // The same image under one name more.
            self.deployment.engine.remove_image(&tag(&built.labels.service, &built.labels.release));
        }
        is_same
    }

    /// Has Swarm bring what was built.
    fn roll(&mut self, plan: &RolloutPlan, port: u16) -> Result<()> {
        let (Candidate::Built(image), Some(to)) = (&self.candidate, &self.labels) else { return Ok(()) };
        let deployment = &*self.deployment;
        let labels = Labels { port, ..to.labels.clone() };
        let env_file = deployment.environment.as_ref().map(|text| deployment.env_file(text)).transpose()?;
        let env_file = env_file.as_ref().map(|file| file.path().display().to_string());
        let (service, name) = (&deployment.service, tag(&deployment.service, &labels.release));
        let file = compose::Description {
            service,
            settings: deployment.settings,
            port: deployment.inner_port(image)?,
            volume: deployment.project.settings.docker.volume.as_ref().map(AsRef::as_ref),
            env_file: env_file.as_deref(),
            labels: labels.words(),
            source: compose::ImageSource::Node {
                image: &name,
                node: deployment.about.node.as_deref().unwrap_or_default(),
            },
        };
        let mut written = NamedTempFile::new_in(deployment.session.folder())?;
        written.write_all(file.text().as_bytes())?;
        match deployment.engine.roll_out(service, written.path(), self.patience())? {
            Ending::Well => {
                let release = Box::new(Release { image: image.id.clone(), ..Release::planned(labels) });
                let check = HealthCheck::new(None, image);
                self.candidate = Candidate::Made { release, check, is_kept: false };
                Ok(())
            }
            Ending::Refused(why) => {
                let serving = plan.live.as_ref().map_or_else(
                    || "no release serves".to_owned(),
                    |live| format!("release {} serves on", live.labels.release),
                );
                let log = deployment.engine.last_lines_of_task(service, LINES);
                Err(Problem::Refused { release: labels.release, why, serving, log }.into())
            }
        }
    }

    fn roll_back(&mut self) -> Result<()> {
        let Some(to) = &self.labels else { return Ok(()) };
        let Candidate::Built(image) = &self.candidate else { return Ok(()) };
        self.deployment.engine.roll_back(&self.deployment.service, self.patience())?;
        let release = Box::new(Release { image: image.id.clone(), ..to.clone() });
        self.candidate = Candidate::Made { release, check: HealthCheck::new(None, image), is_kept: true };
        Ok(())
    }

    /// How long Swarm may take: for both releases, and for the way back.
    fn patience(&self) -> Duration {
        let settings = self.deployment.settings;
        2 * (Duration::from_secs(settings.patience + settings.drain) + SETTLING)
    }

    /// Makes the container of what was built, or finds that of what was kept.
    fn make(&mut self, port: u16) -> Result<()> {
        let (Candidate::Built(image), Some(to)) = (&self.candidate, &self.labels) else { return Ok(()) };
        let deployment = &*self.deployment;
        let labels = Labels { port, ..to.labels.clone() };
        let is_kept = !to.container.is_empty();
        let container = if is_kept && to.labels.port == port {
            to.container.clone()
        } else if is_kept {
            deployment.make_again(to, image, &labels)?
        } else {
            deployment.make_new(image, &labels)?
        };
        let found = deployment.engine.release(&container)?;
        let release = Box::new(found.ok_or_else(|| deployment.no_release("its container is gone".into()))?);
        let check = HealthCheck::new(deployment.settings.health.as_deref(), image);
        self.candidate = Candidate::Made { release, check, is_kept };
        Ok(())
    }

    fn start(&mut self, plan: &RolloutPlan, port: u16) -> Result<()> {
        self.make(port)?;
        let Candidate::Made { release, is_kept, .. } = &self.candidate else { return Ok(()) };
        let engine = &self.deployment.engine;
        let mut started = engine.start(release);
        if *is_kept {
            // It has served before, and may have another container since.
            started = started.and_then(|()| engine.keep_going(&release.container));
        }
        started.map_err(|error| self.undone(plan, error))
    }

    /// Looks at the release, and takes it away if it is not well.
    fn judge(&mut self, plan: &RolloutPlan, look: Look) -> Result<()> {
        let Candidate::Made { release, check, .. } = &self.candidate else { return Ok(()) };
        let deployment = &mut *self.deployment;
        let address = deployment.session.port(release.labels.port);
        let mut gate = Gate {
            session: &mut deployment.session,
            engine: &deployment.engine,
            container: &release.container,
            address,
            check,
        };
        let verdict = match look {
            Look::Until(patience) => gate.wait(patience),
            Look::AtItsLasting => gate.settle(),
        };
        let why = match verdict {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why,
            // Nobody knows whether it is well.
            Err(error) => return Err(self.undone(plan, error)),
        };
        let log = deployment.engine.last_lines(&release.container, LINES);
        let release = release.labels.release.clone();
        let serving = self.undo(plan).unwrap_or_else(|other| format!("that was not undone: {other}"));
        Err(Problem::Refused { release, why, serving, log }.into())
    }

    /// Undoes what an error has left half done, and gives it back.
    fn undone(&mut self, plan: &RolloutPlan, error: Error) -> Error {
        let undoing = self.undo(plan).map(drop);
        self.despite(undoing, error)
    }

    /// The error, whatever became of undoing it: an undoing that fails as well is the lesser news.
    fn despite(&self, undoing: Result<()>, error: Error) -> Error {
        undoing.unwrap_or_else(|other| self.report.warn(&format!("that was not undone: {other}")));
        error
    }

    /// Takes the release away. One that was kept is only ended.
    fn take_away(&self) -> Result<()> {
        let Candidate::Made { release, is_kept, .. } = &self.candidate else { return Ok(()) };
        let deployment = &*self.deployment;
        self.report.step("Undoing", &format!("release {}", release.labels.release));
        if *is_kept {
            return deployment.engine.stop(&release.container, deployment.settings.drain);
        }
        deployment.engine.remove(&release.container)?;
        deployment.engine.remove_image(&tag(&release.labels.service, &release.labels.release));
        Ok(())
    }

    /// Takes the release away and lets the one before it serve; says which that is.
    fn undo(&mut self, plan: &RolloutPlan) -> Result<String> {
        let Candidate::Made { .. } = &self.candidate else { return Ok(String::new()) };
        self.take_away()?;
        let deployment = &mut *self.deployment;
        let Some(live) = &plan.live else { return Ok("no release serves".into()) };
        if plan.turn != Turn::Overlap {
            deployment.engine.start(live)?;
            let address = deployment.session.port(live.labels.port);
            // A port that was given up meanwhile is asked by nobody.
            if deployment.settings.ports.contains(&live.labels.port) {
                let deadline = Instant::now() + Duration::from_secs(deployment.settings.patience);
                while !address.listens(|| deployment.session.round_trip())? && Instant::now() < deadline {
                    std::thread::sleep(PAUSE);
                }
                std::thread::sleep(GETTING_THROUGH);
                deployment.send_to(live.labels.port)?;
            }
            deployment.session.guard("")?;
        }
        Ok(format!("release {} serves on", live.labels.release))
    }

    fn switch(&mut self, plan: &RolloutPlan, port: u16) -> Result<()> {
        let Candidate::Made { .. } = &self.candidate else { return Ok(()) };
        if plan.turn == Turn::Hold {
            return self.switch_held(plan, port);
        }
        if let Err(error) = self.deployment.send_to(port) {
            self.switch_back(plan)?;
            return Err(self.undone(plan, error));
        }
        self.confirm()
    }

    /// A change that failed may be made in part, or later. So no release is taken away before all requests go to
    /// the one that served; if they cannot be sent there both run on, and the next run tells which of them serves.
    fn switch_back(&self, plan: &RolloutPlan) -> Result<()> {
        let live = plan.live.as_ref().map(|live| live.labels.port);
        // A port that was given up is asked by nobody.
        let port = live.filter(|port| self.deployment.settings.ports.contains(port));
        port.map_or(Ok(()), |port| self.deployment.send_to(port))
    }

    /// Both ports are asked until the very end. So one release serves whenever we end: until nothing is guarded any more
    /// the one before, and from then on this one.
    fn switch_held(&mut self, plan: &RolloutPlan, port: u16) -> Result<()> {
        if !plan.steps.contains(&Step::Settle) {
            std::thread::sleep(GETTING_THROUGH);
        }
        self.confirm()?;
        let Err(error) = self.deployment.send_to(port) else { return Ok(()) };
        if let Some(live) = &plan.live {
            self.deployment.session.guard(&live.container)?;
        }
        Err(self.undone(plan, error))
    }

    /// From now on the release is the one that serves.
    fn confirm(&mut self) -> Result<()> {
        let Candidate::Made { release, .. } = &self.candidate else { return Ok(()) };
        if release.is_new {
            self.deployment.engine.mark_served(release)?;
        }
        self.deployment.session.guard("")
    }

    fn done(self, plan: &RolloutPlan) -> Result<Done> {
        let (served, is_changed) = match (&self.candidate, &plan.live) {
            (Candidate::Made { release, .. }, _) => (release.as_ref(), true),
            (_, Some(live)) => (live, false),
            _ => return Err(self.deployment.no_release("no release serves".into()).into()),
        };
        Ok(Done {
            release: served.labels.release.clone(),
            image: served.image.clone(),
            is_changed,
            sent: self.sent,
        })
    }
}
