//! Rules for what members may ask of external crates.
