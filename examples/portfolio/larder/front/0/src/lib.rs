//! Empty on purpose: only the dependencies matter.
