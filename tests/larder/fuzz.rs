//! Every parser of text that others wrote takes changed inputs, a second for each; `cargo xtask fuzz` takes longer.

use std::time::Duration;

use larder_tests::{fuzz, seeds::seeds};

#[test]
fn parsers_neither_panic_nor_hang() {
    let seeds = seeds();
    let mut faults = Vec::new();
    for (name, target) in fuzz::targets() {
        let figures = fuzz::run(name, target, seeds[name].clone(), Duration::from_secs(1));
        println!("{name}: {} inputs, the slowest took {:?}", figures.inputs, figures.slowest);
        faults.extend(figures.faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
