//! Tells a process that was started as a compiler from others.

use super::{pretend, stand_in};
use crate::process::Environment;

/// Whether a process with this environment was started as a compiler, so that only [`answer`](super::answer) can know what to do.
pub(crate) fn is_compiler(env: &Environment) -> bool {
    [pretend::SKELETON_VARIABLE, stand_in::HOST_VARIABLE].iter().any(|name| env.get(name).is_some())
}
