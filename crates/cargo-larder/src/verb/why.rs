//! `cargo larder why`: what a build would compile, or did, and why.

use larder::{
    slice::{self, Variant, environment},
    why::{self, Answer},
};
use serde_json::json;

use super::print_json;
use crate::{cli, context::Context, exit::Outcome};

pub(crate) fn run(context: &Context, args: &cli::Why) -> anyhow::Result<Outcome> {
    let variant = if args.dev { Variant::Dev } else { Variant::Release };
    for slice in slice::select(&context.project.slices, &args.slices, variant)? {
        let project = &context.project;
        let mut env = context.process.env.clone();
        for (name, value) in environment::of_slice(&project.cargo, &project.workspace, slice)?.iter() {
            env.set(name, value);
        }
        let words: Vec<String> = slice.args_with(project.cargo.words().map(str::to_owned));
        let dir = slice.target_dir.resolve(&project.workspace);
        let t = std::time::Instant::now();
        let call =
            why::Call {
                cargo: project.cargo.program(),
                args: &words,
                dir: project.workspace.root().as_ref(),
                env: &env,
                root: project.workspace.root().as_ref(),
                program: &context.process.program,
            };
        let skeleton = call.skeleton(dir.as_ref())?;
        anstream::eprintln!("skeleton {:?}", t.elapsed());
        let answer = why::ask(&skeleton, &call)?;
        anstream::eprintln!("asked {:?}", t.elapsed());
        print(&slice.name, &answer);
        if args.json {
            print_json(&json!({"a": answer}))?;
        }
    }
    Ok(Outcome::Done)
}

fn print(name: &str, answer: &Answer) {
    anstream::println!("{name}: {} of {} units would be compiled", answer.units.len(), answer.total);
    for cause in &answer.causes {
        anstream::println!("  {}: {} {}", cause.text, cause.units, cause.chain.join(" → "));
    }
}
