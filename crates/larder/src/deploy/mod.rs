//! An image on a server: brought there, started beside the release that serves, found to be well, and only then given the
//! requests.
//!
//! Reading order: `settings`, `session` (the one connection) and its `script`, `release` (labels), `rollout_step` and
//! `plan` (the steps, a function of facts), `deployment` (the facts), `steps` (carrying them out), `making`
//! (containers), `transfer` (an image that was built here). All state is in labels on the server, so any machine can
//! go on. It must never take requests from a release that serves before another one was found to be well.

mod address;
mod archive;
mod compose;
mod deployment;
mod engine;
mod gate;
mod half;
mod inputs;
mod making;
mod plan;
mod ports;
pub(crate) mod problem;
mod proxy;
mod refusal;
mod registry;
mod release;
mod rollout_step;
mod script;
mod session;
pub mod settings;
mod socket;
mod steps;
mod swarm;
mod target;
mod transfer;

pub use self::{
    compose::{ComposeReader, compose},
    deployment::{Deployment, settings},
    half::ChangingPart,
    plan::RolloutPlan,
    problem::Problem,
    release::{Halves, Labels, Release},
    rollout_step::{Step, Turn},
    steps::{Builder, Done},
    transfer::Sent,
};
