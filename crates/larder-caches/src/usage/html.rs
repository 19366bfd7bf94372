//! The page of `usage --html`: one file that needs no network, with a treemap and the table.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use larder::text::{
    columns::{age, bytes},
    visible,
};

use super::{
    cache::{Cache, CacheState},
    row::Usage,
    treemap::{Rect, squarify},
};

const STYLE: &str = include_str!("page.css");
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 640.0;

/// Hues of caches, in their order; used again from the start if there are more.
const HUES: [u32; 8] = [212, 28, 150, 280, 340, 190, 48, 105];

/// The whole page. `title` names the project; ages are as of `now`.
pub fn page(usage: &Usage, title: &str, now: SystemTime) -> String {
    let title = escape(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Caches of {title}</title>\n<style>\n{STYLE}</style>\n<h1>Caches of {title}</h1>\n"
    );
    let _ = writeln!(
        page,
        "<p>{} on disk, {} apparent. Areas are sizes on disk; each file counts once, whatever number of names it has.</p>",
        bytes(usage.total.on_disk),
        bytes(usage.total.apparent)
    );
    page.push_str(LEGEND);
    let _ = writeln!(
        page,
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Treemap of the caches\">"
    );
    let mut map = Map { text: &mut page, now };
    map.level(&usage.caches, Rect { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT }, None);
    page.push_str("</svg>\n");
    table(&mut page, usage, now);
    page.push_str("</html>\n");
    page
}

const LEGEND: &str = "<p class=\"legend\"><span><i style=\"background:hsl(212 65% 42%)\"></i>of use to the next builds</span>\
<span><i style=\"background:hsl(212 8% 50%)\"></i>of no use to them</span>\
<span><i style=\"background:hsl(212 40% 80%)\"></i>nothing tells</span></p>\n";

struct Map<'a> {
    text: &'a mut String,
    now: SystemTime,
}

impl Map<'_> {
    fn level(&mut self, caches: &[Cache], space: Rect, hue: Option<u32>) {
        let mut caches: Vec<(u32, &Cache)> = caches
            .iter()
            .zip(HUES.iter().cycle())
            .map(|(cache, own)| (hue.unwrap_or(*own), cache))
            .filter(|(_, cache)| cache.size().on_disk > 0)
            .collect();
        caches.sort_by_key(|(_, cache)| std::cmp::Reverse(cache.size().on_disk));
        #[expect(clippy::cast_precision_loss, reason = "a drawing needs no byte")]
        let weights: Vec<f64> = caches.iter().map(|(_, cache)| cache.size().on_disk as f64).collect();
        for ((hue, cache), rect) in caches.into_iter().zip(squarify(&weights, space)) {
            self.cell(cache, rect, hue);
        }
    }

    fn cell(&mut self, cache: &Cache, rect: Rect, hue: u32) {
        /// Nothing smaller can be seen.
        const SMALLEST: f64 = 1.5;
        const STRIP: f64 = 17.0;
        if rect.width < SMALLEST || rect.height < SMALLEST {
            return;
        }
        let Rect { x, y, width, height } = rect;
        let label = format!("{} {}", cache.name, bytes(cache.size().on_disk));
        let _ = write!(
            self.text,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
            escape(&facts(cache, self.now)),
            colour(cache, hue)
        );
        // A nested image clips what it holds.
        let _ = write!(
            self.text,
            "<svg x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><text{} x=\"4\" y=\"13\">{}</text></svg>",
            (width - 3.0).max(0.0),
            if cache.share().is_none() { " class=\"dark\"" } else { "" },
            if height < STRIP || width < 30.0 { String::new() } else { escape(&label) }
        );
        self.level(&cache.parts, rect.inside(2.0, STRIP), Some(hue));
        self.text.push_str("</g>\n");
    }
}

/// The more of it is of use, the more colour.
fn colour(cache: &Cache, hue: u32) -> String {
    match cache.share() {
        Some(share) => format!("hsl({hue} {}% {}%)", 8 + share * 57 / 100, 50 - share * 8 / 100),
        None => format!("hsl({hue} 40% 80%)"),
    }
}

fn facts(cache: &Cache, now: SystemTime) -> String {
    let mut facts = vec![cache.name.clone()];
    facts.extend(cache.path.as_ref().map(|path| path.display().to_string()));
    facts.push(format!("{} on disk, {} apparent", bytes(cache.size().on_disk), bytes(cache.size().apparent)));
    facts.extend(cache.share().map(|share| format!("{share} % of use to the next builds")));
    facts.extend(since(cache, now).map(|since| format!("last used {} ago", age(since))));
    facts.push(format!("filled by: {}", cache.filled_by));
    facts.push(format!("to shrink it: {}", cache.shrink));
    facts.join("\n")
}

fn since(cache: &Cache, now: SystemTime) -> Option<Duration> {
    cache.last_use.map(|time| now.duration_since(time).unwrap_or_default())
}

fn table(page: &mut String, usage: &Usage, now: SystemTime) {
    page.push_str(
        "<table><thead><tr><th>Cache<th class=\"n\">On disk<th class=\"n\">Apparent<th class=\"n\">Of use\
         <th class=\"n\">Last used<th>Filled by<th>To shrink it</tr></thead><tbody>\n",
    );
    usage.caches.iter().for_each(|cache| row(page, cache, 0, now));
    page.push_str("</tbody></table>\n");
}

fn row(page: &mut String, cache: &Cache, depth: usize, now: SystemTime) {
    let note = match (&cache.state, &cache.path) {
        (CacheState::Absent { reason }, _) => format!("<small>{}</small>", escape(reason)),
        (_, Some(path)) => format!("<small>{}</small>", escape(&path.display().to_string())),
        _ => String::new(),
    };
    let present = !matches!(cache.state, CacheState::Absent { .. });
    let sizes = [cache.size().on_disk, cache.size().apparent];
    let [on_disk, apparent] = sizes.map(|size| if present { bytes(size) } else { dash() });
    let _ = writeln!(
        page,
        "<tr{}><td style=\"padding-left:{:.1}rem\">{}{note}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td>{}<td>{}",
        if depth == 0 { " class=\"top\"" } else { "" },
        1.2 * f64::from(u32::try_from(depth).unwrap_or_default()),
        escape(&cache.name),
        on_disk,
        apparent,
        cache.share().map_or_else(dash, |share| format!("{share} %")),
        since(cache, now).map_or_else(dash, age),
        escape(&cache.filled_by),
        escape(&cache.shrink),
    );
    cache.parts.iter().for_each(|part| row(page, part, depth + 1, now));
}

/// The cell of what is not known.
fn dash() -> String {
    "–".to_owned()
}

fn escape(text: &str) -> String {
    visible::text(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
