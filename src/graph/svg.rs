//! The graph as a picture: waves from left to right, every arrow pointing at what is needed.

use std::fmt::Write as _;

use super::Drawing;
use super::layers::{Place, Plane, plane};

/// How a node is dressed besides its two lines.
#[derive(Clone, Default, Debug)]
pub struct Dress {
    /// Classes for its colours, without anything of the user's in it.
    pub class: &'static str,
    /// Where a click leads.
    pub link: Option<String>,
}

/// Characters of a line in a node; what is longer is cut, the whole is its tooltip.
const LONGEST: usize = 44;
/// Width of a character: monospace at 12 pixels.
const CHARACTER: f64 = 7.3;
const HEIGHT: f64 = 42.0;
/// Height of a passage: room for one line.
const PASSAGE: f64 = 6.0;
const BETWEEN_ROWS: f64 = 14.0;
const BETWEEN_COLUMNS: f64 = 64.0;
const MARGIN: f64 = 12.0;
/// Room for the number of the wave.
const HEAD: f64 = 22.0;

/// The colours of a picture that stands alone.
const STYLE: &str = "\
svg{color-scheme:light dark;background:#fff}\
text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1d1d1f}\
.wave,.kind{font-size:11px;fill:#57606a}\
rect{fill:#f4f4f4;stroke:#707070}\
.core rect{fill:#dce8f6;stroke:#4a73a8}\
.service rect{fill:#e2f1e0;stroke:#4f8a4a}\
path{fill:none;stroke:#8c959f}marker path{fill:#8c959f}.order{stroke-dasharray:4 3}\
@media (prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.wave,.kind{fill:#9198a1}\
rect{fill:#21262d;stroke:#8b949e}.core rect{fill:#12304f;stroke:#6ea8e8}.service rect{fill:#143a1c;stroke:#6cc070}}";

/// A picture that stands alone.
pub(super) fn draw(drawing: &Drawing) -> String {
    let dress = |at: usize| {
        let kind = drawing.nodes.get(at).map(|node| node.kind.as_str());
        Dress { class: kind.filter(|k| *k == "core").map_or("service", |_| "core"), link: None }
    };
    let plain = |at: usize| {
        let known = drawing.nodes.get(at).is_some_and(|node| matches!(node.kind.as_str(), "core" | "service"));
        if known { dress(at) } else { Dress::default() }
    };
    part(drawing, &plain, &format!("<style>{STYLE}</style>"))
}

/// A picture inside of a page that has the colours.
pub(super) fn part(drawing: &Drawing, dress: &dyn Fn(usize) -> Dress, style: &str) -> String {
    let widths: Vec<f64> = drawing.nodes.iter().map(|node| width(&node.name).max(width(&node.kind))).collect();
    let plane = plane(drawing, PASSAGE, HEIGHT, BETWEEN_ROWS);
    let columns = columns(&plane, &widths);
    let right = columns.last().map_or(0.0, |(x, width)| x + width) + MARGIN;
    let bottom = HEAD + plane.height + 2.0 * MARGIN;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{right:.0}\" height=\"{bottom:.0}\" \
         viewBox=\"0 0 {right:.0} {bottom:.0}\" role=\"img\" aria-label=\"Who needs whom, wave after wave\">{style}\
         <defs><marker id=\"needs\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto-start-reverse\"><path d=\"M0 0L8 4L0 8Z\"/></marker></defs>"
    );
    for (wave, (x, _)) in columns.iter().enumerate() {
        let _ = writeln!(out, "<text class=\"wave\" x=\"{x:.1}\" y=\"{:.1}\">wave {wave}</text>", MARGIN + 8.0);
    }
    for (edge, way) in drawing.edges.iter().zip(&plane.ways) {
        let class = if edge.is_order() { " class=\"order\"" } else { "" };
        let _ = writeln!(
            out,
            "<path{class} d=\"{}\" marker-end=\"url(#needs)\"><title>{}</title></path>",
            line(way, &plane, &columns, &widths),
            escape(&edge.labels.join(", "))
        );
    }
    for (at, node) in drawing.nodes.iter().enumerate() {
        let (Some(place), Some(width)) = (plane.places.get(at), widths.get(at)) else { continue };
        let Some((x, _)) = columns.get(place.column) else { continue };
        let y = top(place);
        let Dress { class, link } = dress(at);
        let (open, close) = match &link {
            Some(link) => (format!("<a href=\"{}\">", escape(link)), "</a>"),
            None => (String::new(), ""),
        };
        let _ = writeln!(
            out,
            "{open}<g class=\"node {class}\"><title>{} {}</title>\
             <rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT:.0}\" rx=\"6\"/>\
             <text class=\"name\" x=\"{tx:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"kind\" x=\"{tx:.1}\" y=\"{:.1}\">{}</text></g>{close}",
            escape(&node.name),
            escape(&node.kind),
            y + 17.0,
            escape(&cut(&node.name)),
            y + 33.0,
            escape(&cut(&node.kind)),
            tx = x + 10.0,
        );
    }
    out.push_str("</svg>\n");
    out
}

fn top(place: &Place) -> f64 {
    HEAD + MARGIN + place.top
}

/// Left edge and width of each column.
fn columns(plane: &Plane, widths: &[f64]) -> Vec<(f64, f64)> {
    let mut widest = vec![40.0_f64; plane.columns];
    for (place, width) in plane.places.iter().zip(widths) {
        if let Some(column) = widest.get_mut(place.column) {
            *column = column.max(*width);
        }
    }
    let mut left = MARGIN;
    let mut columns = Vec::new();
    for width in widest {
        columns.push((left, width));
        left += width + BETWEEN_COLUMNS;
    }
    columns
}

/// From the left side of what needs, through the passages, to the right side of what is needed.
fn line(way: &[usize], plane: &Plane, columns: &[(f64, f64)], widths: &[f64]) -> String {
    let mut out = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (step, at) in way.iter().enumerate() {
        let Some(place) = plane.places.get(*at) else { continue };
        let (left, column) = columns.get(place.column).copied().unwrap_or_default();
        let is_node = *at < widths.len();
        let y = top(place) + if is_node { HEIGHT } else { PASSAGE } / 2.0;
        let width = widths.get(*at).copied().unwrap_or(column);
        // What passes goes straight through its column.
        let (enter, leave) = (left + width, left);
        match last {
            None => {
                let _ = write!(out, "M{leave:.1} {y:.1}");
                last = Some((leave, y));
            }
            Some((x, from)) => {
                let bend = ((x - enter) / 2.0).max(24.0);
                let _ = write!(out, "C{:.1} {from:.1} {:.1} {y:.1} {enter:.1} {y:.1}", x - bend, enter + bend);
                if step + 1 < way.len() {
                    let _ = write!(out, "L{leave:.1} {y:.1}");
                }
                last = Some((leave, y));
            }
        }
    }
    out
}

fn width(text: &str) -> f64 {
    // No text is so long that its length is no exact number.
    let characters = u32::try_from(cut(text).chars().count()).unwrap_or(0);
    f64::from(characters) * CHARACTER + 20.0
}

fn cut(text: &str) -> String {
    match text.chars().count() > LONGEST {
        true => text.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// As text and as the value of an attribute; what XML cannot hold, and what turns the reading direction, is shown
/// by its number.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
                || matches!(c, '\u{fffe}' | '\u{ffff}') =>
            {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
