//! The oracle: a second reading of what cargo says, with keys and counts of its own, so that a mistake in Larder's own
//! would show. It must never use the library's reading of unit graphs, messages or package ids, nor its keys.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::Surroundings;

/// Gives every unit that it sees a number, and equal units the same one, whatever graph they are from.
///
/// Units are equal if package, target, profile, platform, mode and features are, and all that they depend on. The
/// compiler, its flags, variables and the mode of link-time optimisation are not in a graph: builds compare these.
#[derive(Debug, Default)]
pub struct Oracle {
    numbers: BTreeMap<String, usize>,
}

/// The external units of one call, with a description of each, by the numbers of one [`Oracle`].
pub type Units = BTreeMap<usize, String>;

impl Oracle {
    /// The external units of a call of cargo: those of packages that no path leads to.
    ///
    /// # Panics
    /// When cargo refuses the call, or its graph cannot be read.
    #[track_caller]
    pub fn units(&mut self, dir: &Path, args: &[&str]) -> Units {
        let args = [args, &["--unit-graph", "-Zunstable-options"]].concat();
        let unstable = [("RUSTC_BOOTSTRAP", "1")];
        let answer = Surroundings::get().run(Path::new("cargo"), dir, &args, &unstable).ok().stdout;
        self.read(&serde_json::from_str(&answer).expect("a unit graph is JSON"))
    }

    fn read(&mut self, graph: &Value) -> Units {
        let units = graph["units"].as_array().expect("a unit graph has units");
        let mut known = vec![None; units.len()];
        let numbers: Vec<usize> = (0..units.len()).map(|at| self.number(units, at, &mut known)).collect();
        let external = units.iter().zip(numbers).filter(|(unit, _)| is_external(&unit["pkg_id"]));
        external.map(|(unit, number)| (number, description(unit))).collect()
    }

    fn number(&mut self, units: &[Value], at: usize, known: &mut [Option<usize>]) -> usize {
        if let Some(number) = known[at] {
            return number;
        }
        let unit = &units[at];
        let below = unit["dependencies"].as_array().into_iter().flatten();
        let below = below.filter_map(|dependency| usize::try_from(dependency["index"].as_u64()?).ok());
        let mut below: Vec<usize> = below.map(|index| self.number(units, index, known)).collect();
        below.sort_unstable();
        let target = &unit["target"];
        let key = json!([
            [unit["pkg_id"], target["kind"], target["name"], unit["profile"]],
            [unit["platform"], unit["mode"], unit["features"]],
            below,
        ]);
        let next = self.numbers.len();
        let number = *self.numbers.entry(key.to_string()).or_insert(next);
        known[at] = Some(number);
        number
    }
}

fn is_external(package: &Value) -> bool {
    !package.as_str().is_some_and(|id| id.starts_with("path+"))
}

fn description(unit: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("host").to_owned();
    let parts = [&unit["pkg_id"], &unit["target"]["kind"][0], &unit["mode"], &unit["platform"]].map(text);
    parts.join(" ")
}

/// A build as its messages tell it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Units that cargo found up to date.
    pub fresh: usize,
    /// Units that were compiled.
    pub compiled: usize,
    /// Those of them that are external.
    pub external: usize,
}

impl Count {
    /// Counts what cargo prints with `--message-format=json`.
    pub fn parse(messages: &str) -> Self {
        let mut count = Self::default();
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for message in messages.filter(|message| message["reason"] == "compiler-artifact") {
            if message["fresh"] == true {
                count.fresh += 1;
            } else {
                count.compiled += 1;
                count.external += usize::from(is_external(&message["package_id"]));
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(package: &str, feature: &str, below: &[usize]) -> Value {
        let below: Vec<Value> = below.iter().map(|index| json!({ "index": index })).collect();
        json!({
            "pkg_id": package, "target": { "kind": ["lib"], "name": "x" }, "profile": {}, "platform": null,
            "mode": "build", "features": [feature], "dependencies": below,
        })
    }

    fn numbers(oracle: &mut Oracle, units: &[Value]) -> Vec<usize> {
        oracle.read(&json!({ "units": units })).into_keys().collect()
    }

    #[test]
    fn a_change_far_below_is_one_of_all_above() {
        let mut oracle = Oracle::default();
        let before = numbers(&mut oracle, &graph("one"));
        assert_eq!(before.len(), 3);
        let after = numbers(&mut oracle, &graph("two"));
        let same: Vec<_> = before.iter().filter(|number| after.contains(number)).collect();
        assert_eq!(same.len(), 1, "{before:?} {after:?}");
        // The order of a graph means nothing.
        let turned = [unit("r+c", "", &[]), unit("r+b", "one", &[]), unit("r+a", "", &[1])];
        assert_eq!(numbers(&mut oracle, &turned), before);
    }

    fn graph(feature: &str) -> [Value; 4] {
        [
            unit("path+app", "", &[1, 3]),
            unit("r+a", "", &[2]),
            unit("r+b", feature, &[]),
            unit("r+c", "", &[]),
        ]
    }

    #[test]
    fn messages_are_counted_by_what_they_say() {
        let artifacts = [
            ("path+file:///app#0.1.0", false),
            ("registry+x#itoa@1.0.0", false),
            ("registry+x#ryu@1.0.0", true),
        ];
        let mut messages: Vec<String> = Vec::new();
        for (package, fresh) in artifacts {
            let message = json!({ "reason": "compiler-artifact", "package_id": package, "fresh": fresh });
            messages.push(message.to_string());
        }
        messages.push("{\"reason\":\"build-finished\",\"success\":true}".into());
        messages.push("   Compiling itoa".into());
        assert_eq!(Count::parse(&messages.join("\n")), Count { fresh: 1, compiled: 2, external: 1 });
    }
}
