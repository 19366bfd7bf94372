//! Reads a table that somebody may have edited, merged or made up: whatever is not what Larder writes is one error with
//! a line. It must never panic, and believes no name, path or number before it is checked.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{camino::Utf8Path, semver::Version};

use super::{
    cooked::odd_setting,
    text::{HEADER, Sections, SliceCall, word},
};
use crate::{
    cargo::platform::{self, Platform},
    error::{Error, Result},
    recipe::{
        config,
        layer::{Layer, Package, PackageId, PackageOrigin, PinPlace, Unused},
        lock_file::{LockFile, LockedSlice, VERSION},
        manifest,
        marks::{self, TableLayout, TableSection},
        pins::PinKind,
        quoting,
        stub::Shape,
    },
    slice::{Name, Slice},
};

/// A longer line is none of Larder's: web-sys with all its features has a tenth of this.
const LONGEST_LINE: usize = 256 * 1024;
/// More layers than anybody sets.
pub(in super::super) const MOST_LAYERS: usize = 64;

type Outcome<T> = std::result::Result<T, String>;

/// The lock file in the bytes of `path`.
///
/// # Errors
/// [`Error::Table`] with the line, [`Error::RecipeVersion`] for a newer format.
pub(in super::super) fn read(path: &Utf8Path, bytes: &[u8]) -> Result<LockFile> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        error_at(path, before.split(|byte| *byte == b'\n').count(), "it is not UTF-8")
    })?;
    if let Some(found) = version(text).filter(|found| *found > VERSION) {
        return Err(Error::RecipeVersion { path: path.into(), found, known: VERSION });
    }
    let mut reader = Reader::default();
    for (index, line) in text.split_terminator('\n').enumerate() {
        reader.line(line).map_err(|reason| error_at(path, index + 1, reason))?;
    }
    let lines = text.lines().count();
    let file = reader.finish().map_err(|reason| error_at(path, lines, reason))?;
    // The same recipes have one text alone.
    let canonical = file.text();
    match canonical.lines().zip(text.lines()).position(|(one, other)| one != other) {
        Some(index) => Err(error_at(path, index + 1, "it is not what `cargo larder lock` would write")),
        None if canonical != text => {
            Err(error_at(path, lines, "it does not end as `cargo larder lock` would write it"))
        }
        None => Ok(file),
    }
}

fn error_at(path: &Utf8Path, line: usize, reason: impl Into<String>) -> Error {
    Error::Table { path: path.into(), line, reason: reason.into() }
}

/// The text without conflict markers, with the side of the branch that was merged into.
pub(in super::super) fn ours(text: &str) -> String {
    let mut side = true;
    let mut kept = String::new();
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<" | ">>>>>>>") => side = true,
            Some("|||||||" | "=======") => side = false,
            _ if side => {
                kept.push_str(line);
                kept.push('\n');
            }
            _ => {}
        }
    }
    kept
}

fn version(text: &str) -> Option<u64> {
    text.lines().take(HEADER.lines().count() + 1).find_map(|line| line.strip_prefix("larder ")?.parse().ok())
}

/// The part of the text that a line is in.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum TablePart {
    #[default]
    Head,
    Packages,
    End,
}

#[derive(Default)]
struct Reader {
    part: TablePart,
    has_version: bool,
    toolchain: Option<String>,
    platforms: Vec<Platform>,
    shared: BTreeSet<String>,
    slices: Vec<LockedSlice>,
    layout: TableLayout,
    origins: BTreeMap<String, PackageOrigin>,
    rows: Vec<PackageLine>,
}

/// A line of packages, before each layer's dependencies are known.
struct PackageLine {
    id: PackageId,
    checksum: Option<String>,
    sections: Sections,
    dependencies: Vec<(String, Sections)>,
    pins: Vec<(PinPlace, Vec<String>, Sections)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Outcome<()> {
        if line.len() > LONGEST_LINE {
            return Err(format!("it is longer than {LONGEST_LINE} bytes"));
        }
        if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) {
            return Err("it has conflict markers".into());
        }
        if line.ends_with('\r') {
            return Err("it has line ends of Windows (CR LF)".into());
        }
        if let Some(control) = line.chars().find(|c| quoting::is_control(*c)) {
            return Err(format!("it has the control character {control:?}"));
        }
        match self.part {
            TablePart::Head => self.head(line),
            TablePart::Packages if line == "end" => {
                self.part = TablePart::End;
                Ok(())
            }
            TablePart::Packages => self.package(line).map(|row| self.rows.push(row)),
            TablePart::End => Err("there is more after `end`".into()),
        }
    }

    fn head(&mut self, line: &str) -> Outcome<()> {
        if line == "packages" {
            self.part = TablePart::Packages;
            return if self.has_version { Ok(()) } else { Err("the line `larder 2` is missing".into()) };
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            _ if line.starts_with('#') && !self.has_version => Ok(()),
            "larder" => {
                self.has_version = rest == VERSION.to_string();
                if self.has_version { Ok(()) } else { Err(format!("its format is {rest:?}, not {VERSION}")) }
            }
            "platforms" => self.platforms(rest),
            "toolchain" => {
                self.toolchain = Some(json(rest)?);
                Ok(())
            }
            "shared" => {
                self.shared.insert(allowed(rest, &config::SHARED)?);
                Ok(())
            }
            "slice" => self.slice(rest),
            "source" => self.source(rest),
            "env" | "config" | "cargo-lock" | "manifest" | "unused" => self.marked(word, rest),
            _ => Err(format!("{word:?} begins no line of a table")),
        }
    }

    fn platforms(&mut self, rest: &str) -> Outcome<()> {
        for word in rest.split(' ') {
            let platform = Platform::new(word);
            if !platform.is_well_formed() {
                return Err(format!("{word:?} is no platform"));
            }
            self.platforms.push(platform);
            // Beside those that somebody named there are the one for everybody, and the one of who locked.
            if self.platforms.len() > platform::MOST + 2 {
                return Err(format!("it has more than {} platforms", platform::MOST));
            }
        }
        Ok(())
    }

    fn slice(&mut self, rest: &str) -> Outcome<()> {
        let words: Vec<&str> = rest.splitn(5, ' ').collect();
        let [letter, name, layers, stubs, call] = words[..] else {
            return Err("a slice has a letter, a name, its layers, stubs and call".into());
        };
        let mut letters = letter.chars();
        let letter = letters.next().filter(|c| c.is_ascii_alphabetic() && letters.next().is_none());
        let letter = letter.ok_or_else(|| format!("{:?} is no letter of a slice", rest.split(' ').next()))?;
        if self.layout.letters.contains(&letter) {
            return Err(format!("the letter {letter} stands for two slices"));
        }
        let name = Name::new(name).map_err(|reason| format!("{name:?}: {reason}"))?;
        if self.slices.iter().any(|known| known.slice.name == name) {
            return Err(format!("the name {name} stands for two slices"));
        }
        let count = layers.parse().ok().filter(|count| (1..=MOST_LAYERS).contains(count));
        let count: usize = count.ok_or_else(|| format!("{layers:?} is no number of layers"))?;
        let SliceCall { origin, variant, args, target_dir, rustflags, cook } = json(call)?;
        if let Some(word) = odd_setting(&cook, &args) {
            return Err(format!("{word:?} sets something that the slice `{name}` does not"));
        }
        let env = BTreeMap::new();
        let slice = Slice { name, origin, variant, args, target_dir, rustflags, env };
        let stubs = stubs.split(',').filter(|word| *word != "doctests");
        let stubs = stubs.map(|word| Shape::of_word(word).ok_or_else(|| format!("{word:?} is no stub")));
        let stubs = stubs.collect::<Outcome<_>>()?;
        let layers = vec![Layer::default(); count];
        let config = BTreeSet::new();
        self.slices.push(LockedSlice { slice, cook, letter, stubs, config, most: count, layers });
        self.layout.letters.push(letter);
        self.layout.layers.push(count);
        Ok(())
    }

    fn source(&mut self, rest: &str) -> Outcome<()> {
        let (id, rest) = rest.split_once(' ').unwrap_or_default();
        let (_, rest) = rest.split_once(' ').unwrap_or_default();
        let source = rest.split(' ').next().unwrap_or_default();
        if source.contains(['"', '\\']) {
            return Err(format!("{source:?} is no source"));
        }
        let origin = PackageOrigin(source.to_owned());
        if origin.id() != id {
            return Err(format!("{id:?} does not stand for this source"));
        }
        self.origins.insert(id.to_owned(), origin);
        Ok(())
    }

    /// A line that holds for some layers.
    fn marked(&mut self, word: &str, rest: &str) -> Outcome<()> {
        let (marks, rest) = rest.split_once(' ').unwrap_or_default();
        let sections = self.sections(marks)?;
        let slices: BTreeSet<usize> = sections.iter().map(|(slice, _)| *slice).collect();
        match word {
            "env" => {
                let (name, value) = rest.split_once(' ').unwrap_or_default();
                let value: String = json(value)?;
                if !is_variable(name) {
                    return Err(format!("{name:?} is no variable"));
                }
                for slice in slices {
                    self.slices[slice].slice.env.insert(name.to_owned(), value.clone());
                }
            }
            "config" => {
                let line = allowed(rest, &config::KEYS)?;
                for slice in slices {
                    self.slices[slice].config.insert(line.clone());
                }
            }
            "manifest" => {
                let line = allowed(rest, &manifest::KEYS)?;
                self.each(&sections, |layer| {
                    layer.manifest.insert(line.clone());
                });
            }
            "cargo-lock" => {
                let format = rest.parse().map_err(|_| format!("{rest:?} is no format of Cargo.lock"))?;
                self.each(&sections, |layer| layer.cargo_lock = format);
            }
            _ => {
                let unused = unused(rest)?;
                self.each(&sections, |layer| {
                    layer.unused.insert(unused.clone());
                });
            }
        }
        Ok(())
    }

    fn each(&mut self, sections: &Sections, mut change: impl FnMut(&mut Layer)) {
        for (slice, layer) in sections {
            change(&mut self.slices[*slice].layers[*layer]);
        }
    }

    fn sections(&self, marks: &str) -> Outcome<Sections> {
        self.layout.sections_of(marks).ok_or_else(|| format!("{marks:?} marks no layers"))
    }

    fn package(&self, line: &str) -> Outcome<PackageLine> {
        let parts: Vec<&str> = line.split(" |").collect();
        let [first, pins, last] = parts[..] else {
            return Err("a package's line has three parts between |".into());
        };
        let mut words = first.split(' ');
        let (name, version, marks) = (words.next(), words.next(), words.next());
        let name = name.filter(|name| is_name(name)).ok_or("a package has no such name")?;
        let version = version.unwrap_or_default();
        let version = Version::parse(version).map_err(|error| format!("version {version:?}: {error}"))?;
        let sections = self.sections(marks.unwrap_or_default())?;
        let dependencies = words.map(|word| {
            let (word, marks) =
                word.split_once('/').map_or((word, None), |(word, marks)| (word, Some(marks)));
            Ok((word.to_owned(), self.within(&sections, marks)?))
        });
        let dependencies = dependencies.collect::<Outcome<_>>()?;
        let pins = pins.split(' ').skip(1).map(|word| self.pin(word, &sections)).collect::<Outcome<_>>()?;
        let mut last = last.split(' ').skip(1).peekable();
        let origin = last.next_if(|word| self.origins.contains_key(*word));
        let source = origin.map(|id| self.origins[id].clone());
        let checksum = last.next().map(str::to_owned);
        let is_digest =
            |sum: &String| sum.len() == 64 && sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if checksum.as_ref().is_some_and(|sum| !is_digest(sum)) || last.next().is_some() {
            return Err("after the last | come a source and a checksum".into());
        }
        let id = PackageId { name: name.to_owned(), version, source };
        Ok(PackageLine { id, checksum, sections, dependencies, pins })
    }

    fn within(&self, sections: &Sections, marks: Option<&str>) -> Outcome<Sections> {
        let Some(marks) = marks else { return Ok(sections.clone()) };
        let some = self.sections(marks)?;
        if some.is_subset(sections) {
            Ok(some)
        } else {
            Err(format!("{marks:?} goes beyond the line's own marks"))
        }
    }

    fn pin(&self, word: &str, sections: &Sections) -> Outcome<(PinPlace, Vec<String>, Sections)> {
        let (place, features) = word.split_once(':').map_or((word, None), |(place, all)| (place, Some(all)));
        let (place, marks) =
            place.split_once('/').map_or((place, None), |(place, marks)| (place, Some(marks)));
        let (letter, platform) =
            place.split_once('@').map_or((place, None), |(one, other)| (one, Some(other)));
        let kind = PinKind::ALL.into_iter().find(|kind| letter == kind.letter().to_string());
        let kind = kind.ok_or_else(|| format!("{word:?} is no pin"))?;
        let platform = platform.map(Platform::new);
        if platform.as_ref().is_some_and(|platform| !is_target(platform.as_str())) {
            return Err(format!("{word:?} is no pin"));
        }
        let features: Vec<String> =
            features.iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
        if let Some(feature) = features.iter().find(|feature| !is_feature(feature)) {
            return Err(format!("{feature:?} is no feature"));
        }
        Ok((PinPlace { kind, platform }, features, self.within(sections, marks)?))
    }

    /// Ends each range that is open at the layer with which another line of its package begins.
    fn close(&mut self) -> Outcome<()> {
        let mut last: BTreeMap<(TableSection, String), (usize, usize)> = BTreeMap::new();
        let mut closed = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let word = word(&row.id);
            for section in &row.sections {
                let this = (marks::begin(&row.sections, *section), index);
                let other = last.entry((*section, word.clone())).or_insert(this);
                if *other == this {
                    continue;
                }
                let (older, newer) = if other.0 < this.0 { (*other, this) } else { (this, *other) };
                if older.0 == newer.0 || !self.is_open(&self.rows[older.1].sections, *section) {
                    return Err(format!("{word} is in one layer twice"));
                }
                closed.push((older.1, *section));
                *other = newer;
            }
        }
        for (index, section) in closed {
            self.rows[index].sections.remove(&section);
        }
        Ok(())
    }

    /// Whether the range that a layer is in goes up to the chain's end.
    fn is_open(&self, sections: &Sections, (slice, layer): TableSection) -> bool {
        (layer..self.layout.layers[slice]).all(|layer| sections.contains(&(slice, layer)))
    }

    fn finish(mut self) -> Outcome<LockFile> {
        if self.part != TablePart::End {
            return Err("it is cut short: the line `end` is missing".into());
        }
        self.close()?;
        let mut known: BTreeMap<(TableSection, String), PackageId> = BTreeMap::new();
        for row in &self.rows {
            let word = word(&row.id);
            known.extend(row.sections.iter().map(|section| ((*section, word.clone()), row.id.clone())));
        }
        for row in std::mem::take(&mut self.rows) {
            let mut dependencies: BTreeMap<TableSection, BTreeSet<PackageId>> = BTreeMap::new();
            for (word, sections) in row.dependencies {
                for section in sections.intersection(&row.sections) {
                    let section = *section;
                    let id = known.get(&(section, word.clone()));
                    let id =
                        id.ok_or_else(|| format!("{} depends on {word}, which is not there", row.id.name))?;
                    dependencies.entry(section).or_default().insert(id.clone());
                }
            }
            for (slice, layer) in row.sections {
                let dependencies = dependencies.remove(&(slice, layer)).unwrap_or_default();
                let has = |(_, _, sections): &&(PinPlace, Vec<String>, Sections)| {
                    sections.contains(&(slice, layer))
                };
                let pins =
                    row.pins.iter().filter(has).map(|(pin, features, _)| (pin.clone(), features.clone()));
                let package = Package { checksum: row.checksum.clone(), dependencies, pins: pins.collect() };
                self.slices[slice].layers[layer].packages.insert(row.id.clone(), package);
            }
        }
        let Self { toolchain, platforms, shared, mut slices, .. } = self;
        for LockedSlice { layers, .. } in &mut slices {
            while layers.len() > 1 && layers[layers.len() - 1] == layers[layers.len() - 2] {
                layers.pop();
            }
        }
        Ok(LockFile { toolchain, platforms, shared, slices })
    }
}

/// A setting that begins with one of the keys.
fn allowed(line: &str, keys: &[&str]) -> Outcome<String> {
    if keys.iter().any(|key| line.starts_with(key)) {
        return Ok(line.to_owned());
    }
    Err(format!("{line:?} is no setting that a recipe has"))
}

fn unused(rest: &str) -> Outcome<Unused> {
    let mut words = rest.split(' ').map(str::to_owned);
    let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !is_name(&name) || Version::parse(&version).is_err() || rest.contains(['"', '\\']) {
        return Err(format!("{rest:?} is no package"));
    }
    Ok(Unused { name, version, source: words.next() })
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| format!("{text:?}: {error}"))
}

/// Whether a text can be a package's or a slice's name: it becomes a folder's, and part of a key.
pub(in super::super) fn is_name(name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && name.chars().all(inside)
}

/// Whether a text can be a feature's name.
pub(in super::super) fn is_feature(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_+.".contains(c))
}

/// Whether a text can be a variable's name.
pub(in super::super) fn is_variable(name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(inside)
}

/// Whether a text can be a target's triple.
fn is_target(triple: &str) -> bool {
    !triple.is_empty() && triple.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
