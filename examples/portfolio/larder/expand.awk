# Makes plain cargo of larder.lock, target/larder/recipes/SLICE/LAYER, with any awk: awk -f larder/expand.awk larder/larder.lock
function fail(why) { if (!bad++) print FILENAME " line " NR ": " why ": run `cargo larder lock`" > "/dev/stderr"; exit 1 }
function rest(count, text) { while (count--) sub(/^[^ ]* /, "", text); return text }
function fits(rule) { if ($0 !~ "^" rule "$") fail("it is no line of a table"); return rest(2, $0) }
function seen(marks,   range, n) { for (; match(marks, /[A-Za-z][0-9-]*/); marks = substr(marks, RSTART + RLENGTH)) { split(substr(marks, RSTART + 1, RLENGTH - 1) "-", range, "-"); n = range[2] == "" ? range[1] + 1 : range[2] + 2; if (n > used[substr(marks, RSTART, 1)]) used[substr(marks, RSTART, 1)] = n } }
function set(word, text) { seen($2); where[word, ++count[word]] = $2; line[word, count[word]] = text }
function write(file, text) { printf "%s", text > file; close(file) }
function holds(marks, letter, layer,   range) { # whether marks such as ab1-c-0 have a layer of a slice: the range's first, from 1
  for (; match(marks, letter "[0-9-]*"); marks = substr(marks, RSTART + RLENGTH)) {
    split(substr(marks, RSTART + 1, RLENGTH - 1) "-", range, "-"); open = range[2] == ""; if (layer >= range[1] + 0 && (open || layer <= range[2] + 0)) return range[1] + 1
  } return 0
}
function some(word, p) { return word ~ /\// ? substr(word, index(word, "/") + 1) : marks[p] } # its own marks, or the line's
function lines(word, letter, layer,   i, text) { while (i++ < count[word]) if (holds(where[word, i], letter, layer)) text = text line[word, i] "\n"; return text }
function range_of(v,   part) { split(v, part, /[-+.]/); return part[1] != "0" ? part[1] : part[2] != "0" ? "0." part[2] : "0.0." part[3] }
function after(v, w,   i, a, b) { split(v, a, /[-+.]/); split(w, b, /[-+.]/); while (i++ < 3) if (a[i] + 0 != b[i] + 0) return a[i] + 0 > b[i] + 0; return 0 }
function named(p,   text) { if (names[name[p]] > 1) text = " " version[p]; if (versions[name[p] text] > 1) text = text " (" substr(from[p], 1, index(from[p] "#", "#") - 1) ")"; return " \"" name[p] text "\",\n" } # as one entry of Cargo.lock names another
function entry(title, v, more, needs) { return "\n[[package]]\nname = \"" title "\"\nversion = \"" v "\"\n" more (needs == "" ? "" : "dependencies = [\n" needs "]\n") }
function pin(p, word, letter, layer,   features, kind, platform, short, alias) {
  if (match(word, /:.*/)) { features = substr(word, RSTART + 1); word = substr(word, 1, RSTART - 1) } if (!holds(some(word, p), letter, layer)) return
  sub(/\/.*/, "", word); kind = substr(word, 1, 1); platform = substr(word, 3); if (kind == "h") build = 1
  short = version[p]; sub(/[+].*/, "", short); alias = short; gsub(/[^A-Za-z0-9-]/, "_", alias); gsub(/,/, "\", \"", features)
  word = (platform == "" ? "" : "target.\"" platform "\".") (kind == "h" ? "build-" : kind == "x" ? "dev-" : "") "dependencies." name[p] "-" alias
  word = word (id[p] == "" ? "" : "-" id[p]) " = { package = \"" name[p] "\", version = \"=" short "\"" said[id[p]] ", default-features = false"
  if (kind == "h") kind = "t"; pins[kind] = pins[kind] word (features == "" ? "" : ", features = [\"" features "\"]") " }\n"; if (last[kind] != p) needs[kind] = needs[kind] named(p); last[kind] = p
}
function stub(dir, kind, title, shape, head) {
  system("mkdir -p " dir "/src" (kind == "p" ? " " dir "/tests" : "")); if (kind == "p") write(dir "/tests/program.rs", empty)
  write(dir "/src/" (kind == "p" ? "main.rs" : "lib.rs"), empty (kind == "p" ? "fn main() {}\n" : shape == "rlib" ? "#![no_std]\n" : ""))
  head = head "package.name = \"" title "\"\npackage.version = \"0.0.0\"\npackage.edition = \"2021\"\npackage.publish = false\n" (kind == "p" ? program : \
    "lib." types[shape] "\nlib.test = " (kind == "x" ? "true" : "false") "\nlib.doctest = " documented "\nlib.bench = false\n")
  write(dir "/Cargo.toml", "# Expanded from larder/larder.lock. It is plain cargo: no tool is needed to build it.\n" head pins[kind])
}
function expand(letter, layer,   dir, i, j, k, n, m, p, q, key, word, shape, kind, title, head, text, some_needs, own, told, h, c, list) {
  split("", names); split("", versions); split("", means); split("", pins); split("", needs); split("", last); split("", known); build = m = 0
  for (p = 1; p <= packages; p++) if (first[p] = holds(marks[p], letter, layer)) { # a range that is open ends before the next of its package
    known[p] = key = name[p] "@" range_of(version[p]) place[id[p]]; ends[p] = open; k = key in means ? means[key] : 0; i = k && first[k] > first[p]
    if (k && (first[k] == first[p] || !ends[i ? p : k])) fail(key " is in one layer twice"); if (!i) means[key] = p
  }
  for (p = 1; p <= packages; p++) if (p in known && means[known[p]] == p) { q[++m] = p; names[name[p]]++; versions[name[p] " " version[p]]++ } for (i = 1; i <= m; i++) { n = split(asks[q[i]], word, " "); for (j = 1; j <= n; j++) pin(q[i], word[j], letter, layer) }
  n = split(stubs[letter], shape, ","); documented = "false"; if (shape[n] == "doctests") { documented = "true"; n-- }
  for (i = 2; i <= n; i++) head = head ", \"" folder[shape[i]] "\""; dir = out slice[letter] "/" layer; system("mkdir -p " dir "/.cargo; rm -f " dir "/build.rs"); if (n > 1) head = "workspace.members = [" substr(head, 3) "]\nworkspace.default-members = [\".\"" head "]\n"
  for (i = 1; i <= n; i++) { kind = i == 1 ? "t" : kinds[shape[i]]; title[i] = "larder-" slice[letter] (i == 1 ? "" : "-" i); own[i] = entry(title[i], "0.0.0", "", needs[kind])
    stub(dir (i == 1 ? "" : "/" folder[shape[i]]), kind, title[i], shape[i], i == 1 ? lines("manifest", letter, layer) head : "")
  }
  text = lines("cargo-lock", letter, layer); if (text !~ /^[0-9]+\n$/) fail("a layer has no line `cargo-lock`, or two")
  if (build) write(dir "/build.rs", "//! Does nothing; it makes cargo build the dependencies of build scripts.\nfn main() {}\n")
  text = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = " text
  for (told = i = 1; i <= m; i++) {
    p = q[i]; some_needs = ""; while (told <= n && title[told] <= name[p]) text = text own[told++]
    j = split(needed[p], word, " "); c = 0; for (k = 1; k <= j; k++) if (holds(some(word[k], p), letter, layer)) {
      sub(/\/.*/, "", word[k]); if (!(word[k] in means)) fail(name[p] " depends on " word[k] ", which is not there")
      for (h = c++; h && list[h] > means[word[k]]; h--) list[h + 1] = list[h]; list[h + 1] = means[word[k]] # in the order of the table
    }
    for (k = 1; k <= c; k++) some_needs = some_needs named(list[k]); text = text entry(name[p], version[p], "source = \"" from[p] "\"\n" (sum[p] == "" ? "" : "checksum = \"" sum[p] "\"\n"), some_needs)
  }
  while (told <= n) text = text own[told++]; write(dir "/Cargo.lock", text lines("unused", letter, layer))
  write(dir "/.cargo/config.toml", "# Expanded from larder/larder.lock.\n" lines("config", letter, layer) lines("env", letter, layer))
}
BEGIN {
  n = split("larder platforms toolchain shared slice env config cargo-lock manifest unused source packages", w, " "); for (; n; n--) order[w[n]] = n
  out = "target/larder/recipes/"; empty = "//! Empty on purpose: only the dependencies matter.\n"; from[""] = "registry+https://github.com/rust-lang/crates.io-index"
  program = "bin = [{ name = \"program\", path = \"src/main.rs\", test = false, bench = false }]\ntest = [{ name = \"program\", path = \"tests/program.rs\" }]\n"
  types["rlib"] = types["tests"] = "crate-type = [\"rlib\"]"; types["both"] = "crate-type = [\"cdylib\", \"rlib\"]"; types["dylib"] = "crate-type = [\"dylib\"]"; types["macro"] = "proc-macro = true"
  n = split("both b object-and-bitcode dylib d dylib macro m proc-macro tests x for-tests program p program", w, " ")
  for (i = 1; i < n; i += 3) { kinds[w[i]] = w[i + 1]; folder[w[i]] = w[i + 2] } t = "[A-Za-z0-9_.-]+"; x = "[0-9a-f]+"; f = "[A-Za-z0-9_+.-]+"
  m = "([A-Za-z]([0-9]*-[0-9]*)?)+"; v = "[0-9]+[.][0-9]+[.][0-9]+([-+][0-9A-Za-z.+-]+)?"; c = "[A-Za-z0-9_][A-Za-z0-9_-]*"
  package = c " " v " " m "( " c "@[0-9.]+(@" x ")?(/" m ")?)* [|]( [thbdmxp](@" t ")?(/" m ")?(:" f "(," f ")*)?)* [|]( " x ")?( " x ")?"
  rule["config"] = "(build[.](rustflags|target-dir)|target[.]\"cfg[(]all[(][)][)]\"[.]rustflags) = .+"; rule["cargo-lock"] = "[0-9]+"
  rule["manifest"] = "(cargo-features = |patch[.]|profile[.]|workspace[.]resolver = ).+"; call = "slice [A-Za-z] [A-Za-z0-9_-]+ [1-9][0-9]? (rlib|both|dylib)(,[a-z]+)* [{].*"
}
length($0) > 262144 { fail("it is longer than 262144 bytes") }
/^(<<<<<<<|[|][|][|][|][|][|][|]|=======|>>>>>>>)/ { fail("it has conflict markers") }
/[[:cntrl:]]/ { fail(/\r$/ ? "it has line ends of Windows (CR LF)" : "it has a control character") }
part == 2 { fail("there is more after `end`") } part == 1 && $0 == "end" { part = 2; next }
part == 1 {
  fits(package); if ($1 "" < name[packages] "" || $1 "" == name[packages] "" && after(version[packages], $2)) fail("it is not sorted"); p = ++packages; name[p] = $1; version[p] = $2; marks[p] = $3; id[p] = ""
  for (i = 4; $i != "|"; i++) needed[p] = needed[p] " " $i; for (i++; $i != "|"; i++) asks[p] = asks[p] " " $i
  for (n = 3; n < i; n++) seen(n == 3 ? $3 : match($n, "/[A-Za-z0-9-]+") ? substr($n, RSTART + 1, RLENGTH - 1) : ""); if ($(i + 1) in place && i < NF) id[p] = $(++i); if (i < NF) sum[p] = $(++i); from[p] = id[p] == "" ? from[""] : from["@" id[p]]
  if (i == NF && (length(sum[p]) == 64 || sum[p] == "")) next; fail("after the last | come a source and a checksum")
}
!part && $1 in order { said_text = rest($1 in rule || /^(env|unused) / ? 2 : 1, $0); if (order[$1] < rank || order[$1] == rank && !/^slice / && said_text "" < former "") fail("it is not sorted"); rank = order[$1]; former = said_text }
/^larder / { format = $2; if (format != 2) fail("its format is not 2"); next } /^(platforms|toolchain) / || (/^#/ && !format) { next }
/^shared (build|env|host|http|net|patch|paths|profile|registr(y|ies)|source|target|unstable)[. ]/ { shared = shared rest(1, $0) "\n"; next }
/^slice / { fits(call); if ($2 in slice || $4 > 64) fail("it is no slice"); letters[++slices] = $2; slice[$2] = $3; layers[$2] = $4; stubs[$2] = $5; next }
/^env / { if ($4 !~ /^"<target>/) set("env", "env.\"" $3 "\" = " rest(1, fits("env " m " [A-Za-z_][A-Za-z0-9_.-]* \"([^\"\\\\]|\\\\.)*\""))); next }
$1 in rule { set($1, fits($1 " " m " " rule[$1])); next }
/^unused / { fits("unused " m " " c " [0-9A-Za-z.+-]+( [^ \"\\\\]+)?"); set($1, "\n[[patch.unused]]\nname = \"" $3 "\"\nversion = \"" $4 "\"" (NF > 4 ? "\nsource = \"" $5 "\"" : "")); next }
/^source / { fits("source " x " " x " [^ \"\\\\]+( .+)?"); from["@" $2] = $4; place[$2] = "@" $3; said[$2] = NF > 4 ? ", " rest(4, $0) : ""; next }
$0 == "packages" { part = 1; if (!format) fail("the line `larder 2` is missing"); next }
{ fail("it is no line of a table") }
END {
  if (bad) exit 1; if (part != 2) fail("it is cut short: the line `end` is missing")
  for (s = 1; s <= slices; s++) { for (layer = 0; layer < layers[letters[s]] && (!layer || layer < used[letters[s]]); layer++) expand(letters[s], layer)
    system("cd ./" out slice[letters[s]] " && for old in [0-9]*; do [ \"$old\" -lt " layer " ] || rm -rf \"$old\"; done") } # layers that there were
  if (shared == "") system("rm -f " out "config.toml"); else write(out "config.toml", "# Expanded from larder/larder.lock: settings that reach dependencies.\n" shared)
}
