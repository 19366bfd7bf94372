//! Rules for profiles, flags and the environment.
