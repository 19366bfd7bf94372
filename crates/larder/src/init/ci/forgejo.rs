//! The workflow for Forgejo. Its runners have no cache service that today's actions speak with, so units come from the
//! team's store, which may be in the forge's own registry of images, and without one every run compiles them.
//!
//! Actions are programs for Node, which the compiler's image does not have: the checkout is made by git.

use std::fmt::Write as _;

use super::{
    parts::PipelineParts,
    script::{self, TOOLS_AT_HOME},
    yaml,
};

/// Its variables beside those that both kinds of workflow have.
const ENV: &str = "  # Nothing is built twice here.
  CARGO_INCREMENTAL: 0
";

const CHECKOUT: &str = r#"      - name: Checkout
        env:
          TOKEN: ${{ github.token }}
        run: |
          git init --quiet .
          login=$(printf 'token:%s' "$TOKEN" | base64 -w 0)
          git -c "http.extraHeader=Authorization: Basic $login" fetch --quiet --depth=1 "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" "$GITHUB_SHA"
          git checkout --quiet FETCH_HEAD
"#;
/// The address of a submodule may start from that of the repository. Those on the forge itself are got with its token.
const SUBMODULES: &str = r#"          git remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
          git -c "http.$GITHUB_SERVER_URL.extraHeader=Authorization: Basic $login" submodule --quiet update --init --recursive
"#;

/// The whole file.
pub(super) fn text(parts: &PipelineParts) -> String {
    let mut text = yaml::head("", "", ENV, parts);
    if !parts.has_remote {
        text.push_str(
            "  # Units are kept from run to run by a store of the team's: `remote` in [workspace.metadata.larder.store],\n  \
             # such as oci:// and an image in the registry of this forge.\n",
        );
    }
    let groups: Vec<&str> = parts.groups.iter().map(|group| group.slices.as_str()).collect();
    let _ = write!(
        text,
        "\njobs:\n  larder:\n    runs-on: docker\n    container:\n      image: rust:1\n    timeout-minutes: 90\n    \
         strategy:\n      fail-fast: false\n      matrix:\n        # Each of these is cooked, then built, tested or \
         linted.\n        slices: [\"{}\"]\n    env:\n      SLICES: ${{{{ matrix.slices }}}}\n    steps:\n{CHECKOUT}",
        groups.join("\", \"")
    );
    text.push_str(if parts.has_submodules { SUBMODULES } else { "" });
    let mut lines: Vec<String> = script::packages(parts, "").into_iter().collect();
    lines.extend(script::toolchain(parts));
    lines.extend(script::install(parts, TOOLS_AT_HOME));
    lines.push(format!(r#"echo "{TOOLS_AT_HOME}/bin" >> "$GITHUB_PATH""#));
    step(&mut text, "Tools", "", &lines);
    let below = if parts.prefix.is_empty() {
        String::new()
    } else {
        format!("        working-directory: \"{}\"\n", parts.prefix)
    };
    step(&mut text, "Build", &below, &["cargo larder build --locked $SLICES".to_owned()]);
    if parts.has_remote {
        let condition = "        if: github.event_name == 'push'\n";
        let secret = "        env:\n          LARDER_STORE_KEY: ${{ secrets.LARDER_STORE_KEY }}\n";
        let keys = format!("{condition}{below}{secret}");
        text.push_str(
            "      # Forgejo does not say whether a branch is protected; this workflow starts on these branches alone.\n",
        );
        step(&mut text, "Units for the team", &keys, &[script::if_key(script::PUSH_UNTOLD)]);
    }
    text.push_str("      # Stale recipes are slower, never wrong, so this comes last.\n");
    step(&mut text, "Recipes are right", &below, &script::checks(parts, "GITHUB_HEAD_REF"));
    text
}

fn step(text: &mut String, name: &str, keys: &str, lines: &[String]) {
    let _ = write!(
        text,
        "      - name: {name}\n{keys}        run: |\n          {}\n",
        lines.join("\n          ")
    );
}
