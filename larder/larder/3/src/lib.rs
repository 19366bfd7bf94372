//! Empty on purpose: only the dependencies matter.
#![no_std]
