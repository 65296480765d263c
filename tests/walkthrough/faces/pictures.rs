//! The page's pictures: each fills the room that it takes, and each colour follows the reader's choice of light or dark.

use reference::vocab::Reading;
use walkthrough as step;
use worlds::generate::list;

/// The pages of worlds that are drawn: the number line of finite ones, the densities of a continuous one.
fn pages() -> Vec<String> {
    let finite = ["teaching", "fig3"].map(|name| list::named(name).unwrap());
    let pages = finite.map(|world| step::html(&world, "a world", Reading::Joint).unwrap());
    #[cfg(feature = "lapack")]
    let curves = {
        let world = list::named_gaussian(list::CURVES).unwrap();
        vec![step::html(&world, "curves", Reading::Pointwise).unwrap()]
    };
    #[cfg(not(feature = "lapack"))]
    let curves: Vec<String> = Vec::new();
    pages.into_iter().chain(curves).collect()
}

/// What stands in each element's start tag, from its name on.
fn tags(svg: &str) -> impl Iterator<Item = &str> {
    let tags = svg.split('<').filter_map(|part| part.split('>').next());
    tags.filter(|tag| tag.starts_with(char::is_alphabetic))
}

fn pictures(page: &str) -> Vec<&str> {
    let each = page
        .split("<svg")
        .skip(1)
        .map(|rest| rest.split("</svg>").next().unwrap());
    let each: Vec<&str> = each.collect();
    assert!(!each.is_empty());
    each
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn number(tag: &str, name: &str) -> Option<f64> {
    attribute(tag, name)?.parse().ok()
}

/// The corners of what an element draws, as far as its attributes say.
fn corners(tag: &str) -> Vec<(f64, f64)> {
    let of = |name| number(tag, name).unwrap_or(0.0);
    match tag.split([' ', '/']).next().unwrap() {
        "text" => vec![(of("x"), of("y"))],
        "line" => vec![(of("x1"), of("y1")), (of("x2"), of("y2"))],
        "rect" => vec![(of("x"), of("y")), (of("x") + of("width"), of("y") + of("height"))],
        "circle" => vec![
            (of("cx") - of("r"), of("cy") - of("r")),
            (of("cx") + of("r"), of("cy") + of("r")),
        ],
        "polyline" | "polygon" => {
            let points = attribute(tag, "points").unwrap_or_default().split_whitespace();
            let pairs = points.map(|point| point.split_once(',').unwrap());
            pairs.map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).collect()
        }
        "g" | "path" => Vec::new(), // a group has no place, and the arc of a jump lies between two marks
        other => panic!("a test that does not know <{other}>"),
    }
}

#[test]
fn a_picture_fills_the_room_that_it_takes() {
    for page in pages() {
        for svg in pictures(&page) {
            let (open, drawing) = svg.split_once('>').unwrap();
            let view = attribute(open, "viewBox").unwrap().split(' ');
            let view: Vec<f64> = view.map(|part| part.parse().unwrap()).collect();
            let [_, _, width, height] = view[..] else {
                panic!("{open}")
            };
            let drawn: Vec<(f64, f64)> = tags(drawing).flat_map(corners).collect();
            let spread = |of: fn(&(f64, f64)) -> f64| {
                let all = drawn.iter().map(of);
                let (low, high) = (all.clone().fold(f64::INFINITY, f64::min), all.fold(0.0, f64::max));
                (low, high)
            };
            for ((low, high), size) in [(spread(|point| point.0), width), (spread(|point| point.1), height)] {
                assert!(low >= 0.0 && high <= size, "{low} to {high} of {size}: {open}");
                assert!(high - low >= 0.75 * size, "{low} to {high} of {size}: {open}");
            }
            // A size of its own has the shape of what it shows, or half of the room stays empty.
            if let (Some(own_width), Some(own_height)) = (number(open, "width"), number(open, "height")) {
                assert!((own_width * height - own_height * width).abs() < width, "{open}");
                assert!(
                    own_width <= 1000.0,
                    "no larger than a page where no style says how wide: {open}"
                );
            }
        }
        let sized = rules(&page).filter(|(selector, body)| *selector == "svg" && body.contains("width:"));
        assert!(
            sized.into_iter().all(|(_, body)| body.contains("height: auto")),
            "scaled in both directions"
        );
        assert_eq!(
            page.matches("<svg role=\"img\" aria-label=\"").count(),
            pictures(&page).len()
        );
    }
}

/// The innermost rules of the page's style, selector and declarations.
fn rules(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    style.split('}').filter_map(|rule| {
        let (before, body) = rule.rsplit_once('{')?;
        Some((before.rsplit('{').next().unwrap().trim(), body.trim()))
    })
}

/// The values that declarations give to `fill` and `stroke`.
fn paints(body: &str) -> Vec<&str> {
    let declarations = body.split(';').filter_map(|declaration| declaration.split_once(':'));
    let paints = declarations.filter(|(name, _)| ["fill", "stroke"].contains(&name.trim()));
    paints.map(|(_, value)| value.trim()).collect()
}

fn follows_the_reader(paint: &str) -> bool {
    paint == "none" || paint.starts_with("var(--")
}

/// Whether one of the rules, or one of a rule's selectors, is for just that.
fn is_ruled(rules: &[(&str, &str)], selector: &str) -> bool {
    let selectors = rules.iter().flat_map(|(selectors, _)| selectors.split(','));
    selectors.into_iter().any(|known| known.trim() == selector)
}

#[test]
fn no_colour_is_fixed_on_a_background_that_changes() {
    for page in pages() {
        let painting: Vec<(&str, &str)> = rules(&page).filter(|(_, body)| !paints(body).is_empty()).collect();
        for (selector, body) in &painting {
            assert!(
                paints(body).into_iter().all(follows_the_reader),
                "{selector} {{ {body} }}"
            );
            // A rule for every picture would win over the colours that a drawing brings along.
            assert!(selector.contains(".nats "), "{selector} {{ {body} }}");
        }
        for svg in pictures(&page) {
            let (open, drawing) = svg.split_once('>').unwrap();
            let by_rule = attribute(open, "class") == Some("nats");
            for tag in tags(drawing).filter(|tag| !tag.starts_with('g')) {
                let name = tag.split([' ', '/']).next().unwrap();
                if by_rule {
                    let class = attribute(tag, "class").unwrap_or("now");
                    let known = [
                        format!("{name}.{class}"),
                        format!(".{class}"),
                        format!(".{class} {name}"),
                        name.to_owned(),
                    ];
                    let ruled = |known: &String| is_ruled(&painting, &format!(".nats {known}"));
                    assert!(known.iter().any(ruled), "no rule paints <{tag}>");
                } else {
                    let own = [attribute(tag, "fill"), attribute(tag, "stroke")];
                    let visible = own.iter().flatten().any(|paint| paint.starts_with("var(--"));
                    assert!(visible && own.into_iter().flatten().all(follows_the_reader), "<{tag}>");
                    assert!(own[0].is_some(), "what has no fill is filled with black: <{tag}>");
                }
            }
        }
    }
}
