//! Rectangles whose areas are as numbers are: the squarified treemap of Bruls, Huizing and van Wijk.
//!
//! Written here since the crates that do it have not been kept for years; it is one page. Pure.

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    /// The same without a border on all sides and without a strip at its top.
    pub(super) fn inside(self, border: f64, top: f64) -> Self {
        Self {
            x: self.x + border,
            y: self.y + border + top,
            width: (self.width - 2.0 * border).max(0.0),
            height: (self.height - 2.0 * border - top).max(0.0),
        }
    }
}

/// Divides `space` among weights, which come largest first; the rectangles come in their order.
pub(super) fn squarify(weights: &[f64], space: Rect) -> Vec<Rect> {
    let total: f64 = weights.iter().sum();
    let scale = if total > 0.0 { space.width * space.height / total } else { 0.0 };
    let areas: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
    let mut rects = Vec::with_capacity(areas.len());
    let mut free = space;
    let mut start = 0;
    while start < areas.len() {
        let side = free.width.min(free.height);
        let mut end = start + 1;
        while end < areas.len() && worst(&areas[start..=end], side) <= worst(&areas[start..end], side) {
            end += 1;
        }
        free = lay(&areas[start..end], free, &mut rects);
        start = end;
    }
    rects
}

/// The ratio of the sides of the least square rectangle, were these areas laid along a side.
fn worst(areas: &[f64], side: f64) -> f64 {
    let sum: f64 = areas.iter().sum();
    let ratio = |area: &f64| (side * side * area / (sum * sum)).max(sum * sum / (side * side * area));
    areas.iter().map(ratio).fold(0.0, f64::max)
}

/// Lays areas along the shorter side, and gives what is left free.
fn lay(areas: &[f64], free: Rect, rects: &mut Vec<Rect>) -> Rect {
    let sum: f64 = areas.iter().sum();
    let Rect { x, y, width, height } = free;
    let upright = width >= height;
    let depth = if sum > 0.0 { sum / width.min(height) } else { 0.0 };
    let mut at = if upright { y } else { x };
    for area in areas {
        let length = if depth > 0.0 { area / depth } else { 0.0 };
        rects.push(if upright {
            Rect { x, y: at, width: depth, height: length }
        } else {
            Rect { x: at, y, width: length, height: depth }
        });
        at += length;
    }
    if upright {
        Rect { x: x + depth, width: (width - depth).max(0.0), ..free }
    } else {
        Rect { y: y + depth, height: (height - depth).max(0.0), ..free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_as_weights_are_and_nothing_overlaps() {
        let space = Rect { x: 0.0, y: 0.0, width: 600.0, height: 400.0 };
        let weights = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0, 0.0];
        let rects = squarify(&weights, space);
        for (rect, weight) in rects.iter().zip(weights) {
            assert!((rect.width * rect.height - weight * 10_000.0).abs() < 1e-6, "{rect:?} {weight}");
            assert!(rect.x + rect.width <= 600.000_1 && rect.y + rect.height <= 400.000_1, "{rect:?}");
        }
        for (number, a) in rects.iter().enumerate() {
            for b in &rects[number + 1..] {
                assert!(
                    are_apart((a.x, a.width), (b.x, b.width)) || are_apart((a.y, a.height), (b.y, b.height)),
                    "{a:?} {b:?}"
                );
            }
        }
        // The example of the paper: the first two share a column.
        assert_eq!(rects[0], Rect { x: 0.0, y: 0.0, width: 300.0, height: 200.0 });
    }

    fn are_apart((a, a_size): (f64, f64), (b, b_size): (f64, f64)) -> bool {
        a + a_size <= b + 1e-6 || b + b_size <= a + 1e-6
    }

    #[test]
    fn nothing_to_divide_gives_nothing() {
        let space = Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 };
        assert!(squarify(&[], space).is_empty());
        assert_eq!(squarify(&[0.0, 0.0], space).len(), 2);
    }
}
