//! The HTML page of a plan in a real browser: nothing complains, nothing sticks out, details fold, paper has all.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::town::{PLAN, town};
use crate::views::{hostile, rich};

/// What sticks out of a window: elements that reach further right than it and cannot be scrolled inside of another.
const OUTSIDE: &str = "[...document.querySelectorAll('body *')].filter(e => !e.closest('figure > *') \
    && e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5).map(e => e.outerHTML.slice(0, 120))";

#[test]
fn the_page_works_in_a_browser() {
    let Some(mut browser) = Browser::start() else { return };
    let project = town();
    let page = project.infra(&format!("{PLAN} --format html")).ended(0).out;
    project.write("plan.html", &page);
    for (width, height) in [(400, 800), (1280, 900)] {
        for colours in ["light", "dark"] {
            browser.resize(width, height);
            browser.medium("screen", colours);
            let (console, network) = browser.open(&project.path("plan.html"));
            assert_eq!((console, network), (vec![], vec![]), "{width} {colours}");
            browser.screenshot(&format!("plan-{width}-{colours}.png"));
            let scroll =
                browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(scroll, 0, "{width} {colours}");
            browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
            assert_eq!(browser.evaluate(OUTSIDE), json!([]), "{width} {colours}");
            let contrast = browser.evaluate(CONTRAST);
            assert_eq!(contrast, json!([]), "{width} {colours}: too faint to read");
        }
    }
    browser.medium("screen", "light");
    browser.open(&project.path("plan.html"));
    assert_eq!(browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");

    // The style is in force, so its digest is the one that the page names; a script would not run.
    browser.evaluate("(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); })()");
    assert_eq!(browser.evaluate("typeof window.ran"), "undefined");

    // A click folds and unfolds.
    let shows = "document.querySelector('#stack-0').checkVisibility({contentVisibilityAuto: true}) && document.querySelector('#stack-0').closest('details').open";
    for expected in [true, false, true] {
        assert_eq!(browser.evaluate(shows), expected);
        browser.click("details:has(#stack-0) > summary");
    }
    // A link of the picture leads to its stack, folded or not.
    let late = "document.querySelector('svg a[href=\"#stack-2\"]')";
    assert_eq!(browser.evaluate("document.querySelector('#stack-2').closest('details').open"), false);
    assert!(browser.evaluate(&format!("{late}.textContent")).as_str().unwrap().contains("late@dev/eu-west-1"));
    browser.click("svg a[href=\"#stack-2\"] rect");
    assert_eq!(browser.evaluate("document.querySelector('#stack-2').closest('details').open"), true);

    // Paper has no folds and no scroll bars.
    browser.open(&project.path("plan.html"));
    browser.medium("print", "dark");
    let hidden = "[...document.querySelectorAll('.inside')].filter(e => e.offsetHeight == 0).length";
    assert_eq!(browser.evaluate(hidden), 0);
    assert_eq!(browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    browser.screenshot("plan-print.png");
}

#[test]
fn hostile_names_do_nothing_in_a_browser_and_stick_out_nowhere() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.html");
    std::fs::write(&file, infra::plan::to_html(&hostile(&rich()))).unwrap();
    browser.resize(400, 800);
    let (console, network) = browser.open(&file);
    assert_eq!((console, network), (vec![], vec![]), "nothing was even tried");
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
    browser.screenshot("plan-hostile.png");
    let scroll = browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!((scroll, browser.evaluate(OUTSIDE)), (json!(0), json!([])));
}

/// Texts with less than 4.5:1 between them and what is behind them (WCAG 2.2, 1.4.3).
const CONTRAST: &str = "(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => { const [r, g, b] = rgb(text).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  const faint = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const isText = e.namespaceURI.endsWith('svg');
    if (isText && e.tagName !== 'text') continue;
    const rect = isText && e.parentElement.querySelector('rect');
    const a = light(isText ? getComputedStyle(e).fill : getComputedStyle(e).color);
    const b = light(rect ? getComputedStyle(rect).fill : behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 80));
  }
  return faint;
})()";

#[test]
fn a_picture_of_many_stacks_stands_alone_and_nothing_covers_anything() {
    let Some(mut browser) = Browser::start() else { return };
    let mut source = String::from(
        "project wide\naccount main { id: \"111111111111\" }\nenv dev { account: main, regions: [\"eu-west-1\", \"us-east-1\"] }\n",
    );
    for n in 0..24 {
        // Each needs two of an earlier layer, some of them far before.
        let layer = n / 6;
        let reads: String = [n % 6, (n + 2) % 6]
            .iter()
            .filter(|_| layer > 0)
            .map(|k| format!("    V{k}: s{}.Queue\n", if n % 5 == 0 { *k } else { (layer - 1) * 6 + k }))
            .collect();
        let tags = reads
            .lines()
            .map(|line| {
                format!(
                    "{{ Key: \"{}\", Value: {} }}",
                    line.trim().split(':').next().unwrap(),
                    line.split(": ").nth(1).unwrap()
                )
            })
            .collect::<Vec<_>>()
            .join(", ");
        source +=
            &format!("core s{n} {{\n  resource Queue = AWS::SQS::Queue {{ Tags: [{tags}] }}\n  output Queue\n}}\n");
    }
    let project = crate::support::cli::Project::new(&[("wide.infra", source.as_str())]);
    let svg = project.infra("graph --env dev --format svg").ended(0).out;
    project.write("graph.svg", &svg);
    let (console, network) = browser.open(&project.path("graph.svg"));
    assert_eq!((console, network), (vec![], vec![]));
    browser.screenshot("graph.png");
    let nodes = "[...document.querySelectorAll('.node')]";
    assert_eq!(browser.evaluate(&format!("{nodes}.length")), 24);
    // Every text fits its box, no box touches another, and all lie inside of the picture.
    let outside = format!(
        "{nodes}.filter(n => {{ const r = n.querySelector('rect').getBBox(); return [...n.querySelectorAll('text')]\
         .some(t => {{ const b = t.getBBox(); return b.x < r.x || b.x + b.width > r.x + r.width || b.y + b.height > r.y + r.height; }}); }}).length"
    );
    assert_eq!(browser.evaluate(&outside), 0);
    let boxes = format!("{nodes}.map(n => n.querySelector('rect').getBBox())");
    let touching = format!(
        "(() => {{ const all = {boxes}; return all.filter((a, i) => all.some((b, j) => i < j && a.x < b.x + b.width \
         && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)).length; }})()"
    );
    assert_eq!(browser.evaluate(&touching), 0);
    let beyond = format!(
        "(() => {{ const v = document.documentElement.viewBox.baseVal; return {boxes}.filter(b => b.x < 0 || b.y < 0 || b.x + b.width > v.width || b.y + b.height > v.height).length; }})()"
    );
    assert_eq!(browser.evaluate(&beyond), 0);
}
