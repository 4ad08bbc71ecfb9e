//! What the pages of a run share: their look, and charts as paths and places.

use std::io;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

/// Width and height of every chart in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 300.0;

/// A page as text: `template` may include `style.css`, and `chart.html` for a variable `plot`.
pub(crate) fn render(template: &str, page: impl Serialize) -> io::Result<String> {
    let mut environment = Environment::new();
    let parts = [
        ("style.css", include_str!("style.css")),
        ("chart.html", include_str!("chart.html")),
        ("page.html", template),
    ];
    for (name, text) in parts {
        environment.add_template(name, text).map_err(io::Error::other)?;
    }
    let template = environment.get_template("page.html").map_err(io::Error::other)?;
    template.render(Serde(page)).map_err(io::Error::other)
}

/// A chart: lines in its own units, the rest in per cent of its width and height. The template draws
/// it without text inside, so that it may stretch.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) rows: Vec<Label>,
    /// The longest text of the rows, which makes room for them.
    pub(crate) widest: String,
    pub(crate) columns: Vec<Label>,
}

/// An SVG path; its class says what it shows.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) path: String,
}

/// Something at one place of a chart.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    class: &'static str,
    left: String,
    top: String,
    about: String,
}

impl Mark {
    /// A mark at these shares of the chart's width and height, from its upper left corner.
    pub(crate) fn new(class: &'static str, (left, top): (f64, f64), about: String) -> Self {
        Self { class, left: per_cent(left), top: per_cent(top), about }
    }
}

/// A text at an axis.
#[derive(Debug, Serialize)]
pub(crate) struct Label {
    at: String,
    text: String,
    /// On which side the text would leave the chart, if it stood in the middle of its place.
    edge: &'static str,
}

impl Label {
    /// A text at this share of the axis.
    pub(crate) fn new(share: f64, text: String) -> Self {
        Self { at: per_cent(share), text, edge: edge(share) }
    }
}

fn edge(share: f64) -> &'static str {
    match share {
        ..0.06 => "first",
        0.94.. => "last",
        _ => "",
    }
}

impl Plot {
    /// An empty chart with these labels at its vertical axis.
    pub(crate) fn with_rows(rows: Vec<Label>) -> Self {
        let widest = rows.iter().map(|row| &row.text).max_by_key(|text| text.chars().count());
        Self { widest: widest.cloned().unwrap_or_default(), rows, ..Self::default() }
    }
}

/// A line through points, each in shares of the chart's width and height.
pub(crate) fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (number, (x, y)) in points.enumerate() {
        path.push(if number == 0 { 'M' } else { 'L' });
        path.push_str(&format!("{:.1} {:.1}", x * WIDTH, y * HEIGHT));
    }
    path
}

/// A share of 1 as the number of a length in per cent.
pub(crate) fn per_cent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

/// Labels of a horizontal axis, the most important first, without those that would touch one before
/// them on a phone.
pub(crate) fn apart(wanted: impl IntoIterator<Item = (f64, String)>) -> Vec<Label> {
    /// What one letter takes of a chart's width there, and what stays free beside a text.
    const LETTER: f64 = 0.025;
    const FREE: f64 = 0.03;
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let mut labels = Vec::new();
    for (share, text) in wanted {
        let width = text.chars().count() as f64 * LETTER + FREE;
        let from = match edge(share) {
            "first" => share,
            "last" => share - width,
            _ => share - width / 2.0,
        };
        if taken.iter().all(|(begin, end)| from >= *end || from + width <= *begin) {
            taken.push((from, from + width));
            labels.push(Label::new(share, text));
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(wanted: &[(f64, &str)]) -> Vec<String> {
        let wanted = wanted.iter().map(|(share, text)| (*share, (*text).to_owned()));
        apart(wanted).into_iter().map(|label| label.text).collect()
    }

    #[test]
    fn labels_that_would_touch_an_earlier_one_are_left_out() {
        assert_eq!(shown(&[(0.0, "0"), (0.5, "90"), (1.0, "99")]), ["0", "90", "99"]);
        assert_eq!(shown(&[(0.5, "90"), (0.52, "91"), (0.9, "99")]), ["90", "99"]);
        assert_eq!(shown(&[(0.97, "99.999"), (0.85, "99.99")]), ["99.999"], "it grows to the left");
        assert_eq!(shown(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_page_escapes_and_includes() {
        let page = "<style>{% include \"style.css\" %}</style>{{ name }}\
                    {% for plot in plots %}{% include \"chart.html\" %}{% endfor %}";
        let plot =
            Plot { title: "<t>".to_owned(), ..Plot::with_rows(apart([(0.5, "1".to_owned())])) };
        let view = serde_json::json!({ "name": "<b>", "plots": [plot] });
        let text = render(page, view).expect("a page");
        assert!(text.contains("&lt;b&gt;") && text.contains("aria-label=\"&lt;t&gt;\""), "{text}");
        assert!(text.contains("--page:") && !text.contains("<t>"));
    }
}
