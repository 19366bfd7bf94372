//! Helpers shared by the integration tests: one per kind of test.
