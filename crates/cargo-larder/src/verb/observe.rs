//! `cargo larder observe`: which slices a build driver's calls of cargo are.

use larder::{
    Report as _,
    cargo::shown,
    slice::{Slice, observed, written_down},
};

use crate::{
    cli,
    context::VerbContext,
    exit::VerbOutcome,
    recorded::{self, Command},
    schema::observe::{Observed, ObservedSlice},
    ui::terminal,
};

pub(crate) fn run(context: &VerbContext, args: &cli::Observe) -> anyhow::Result<VerbOutcome> {
    let recorder = recorded::recorder(context)?;
    let command = Command::of_user(context, &args.command);
    context.terminal.step("Observing", &command.line());
    let code = command.run(&recorder)?;
    if code != 0 {
        return Ok(VerbOutcome::Child(code));
    }
    let (project, calls) = (&context.project, recorder.calls()?);
    let slices = observed::slices(&project.cargo, &project.workspace, &project.slices, &calls)?;
    let left_out: Vec<&str> = observed::left_out(&project.workspace, &calls).into_iter().collect();
    if !left_out.is_empty() {
        context.terminal.note(&format!(
            "paths of this machine are in no slice: {}; build scripts that read them run again, unless cooking has \
             them as well",
            left_out.join(", ")
        ));
    }
    let host = project.host()?;
    let seen: Vec<ObservedSlice<'_>> = slices
        .into_iter()
        .map(|slice| {
            let known = observed::known(&project.slices, &slice, &host);
            ObservedSlice { known: known.map(|known| known.name.as_str()), slice }
        })
        .collect();
    if args.write {
        write(context, &seen)?;
    }
    if args.json {
        terminal::print_json(&Observed { slices: &seen })?;
    } else {
        print(&seen);
    }
    Ok(VerbOutcome::Done)
}

fn print(seen: &[ObservedSlice<'_>]) {
    for ObservedSlice { slice, known } in seen {
        match known {
            Some(name) => {
                terminal::print_line(&format!("# known as `{name}`: cargo {}", shown::line(&slice.args)));
                terminal::print_line("");
            }
            None => terminal::print(&(written_down::as_toml(slice) + "\n")),
        }
    }
    if seen.is_empty() {
        terminal::print_line("# no call of cargo that builds this workspace was seen");
    }
}

fn write(context: &VerbContext, seen: &[ObservedSlice<'_>]) -> anyhow::Result<()> {
    let new: Vec<&Slice> = seen.iter().filter(|seen| seen.known.is_none()).map(|seen| &seen.slice).collect();
    if new.is_empty() {
        context.terminal.step("Kept", "Cargo.toml: every slice is known");
        return Ok(());
    }
    written_down::add(&context.project.workspace, &new)?;
    let names: Vec<&str> = new.iter().map(|slice| slice.name.as_str()).collect();
    context
        .terminal
        .step("Wrote", &format!("Cargo.toml: {}; run `cargo larder lock` next", names.join(", ")));
    Ok(())
}
