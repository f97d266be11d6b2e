//! Polygons as SVG: paths of straight lines, polygons and rectangles.

use roxmltree::{Document, Node};
use svgtypes::{PathParser, PathSegment, PointsParser, ViewBox};

use super::Read;
use super::fill::Shape;

/// What is said of a shape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Inspect,
    Ignore,
}

pub(super) fn read(text: &str) -> Result<Read, String> {
    let document = Document::parse(text).map_err(|error| format!("it is no SVG: {error}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err("it is no SVG: its first element is another".to_owned());
    }
    let mut read = Read {
        image: Some(image(root)?),
        ..Read::default()
    };
    for node in root.descendants().filter(Node::is_element) {
        // Who drew it does not see it.
        if is_hidden(node) {
            continue;
        }
        let name = node.tag_name().name();
        let shape = match name {
            "path" => path(attribute(node, "d")?),
            "polygon" => polygon(attribute(node, "points")?),
            "rect" => rectangle(node),
            _ if own_role(node).is_some() && !["g", "svg"].contains(&name) => {
                Err("only paths of straight lines, polygons and rectangles are read".to_owned())
            }
            _ => continue,
        };
        let about = |reason: String| format!("its <{name}>{}: {reason}", id(node));
        let Some(role) = node.ancestors().find_map(own_role) else {
            let reason = "it has neither the class nor the id inspect or ignore";
            return Err(about(reason.to_owned()));
        };
        if node.ancestors().any(|node| node.has_attribute("transform")) {
            let reason = "it is transformed, which is not read: draw it without";
            return Err(about(reason.to_owned()));
        }
        let shape = shape.map_err(about)?;
        match role {
            Role::Inspect => read.inspect.push(shape),
            Role::Ignore => read.ignore.push(shape),
        }
    }
    Ok(read)
}

/// What an element's class, id or label says, as "inspect" or "ignore-2".
fn own_role(node: Node) -> Option<Role> {
    let named = |name: &str| {
        let word = |word: &str| match word.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "inspect" => Some(Role::Inspect),
            "ignore" => Some(Role::Ignore),
            _ => None,
        };
        let mut attributes = node.attributes().filter(|one| one.name() == name);
        attributes.find_map(|one| one.value().split_whitespace().find_map(word))
    };
    named("class")
        .or_else(|| named("id"))
        .or_else(|| named("label"))
}

/// Whether a shape is not shown: it or what it lies in is switched off, or the nearest that says so calls it hidden.
fn is_hidden(node: Node) -> bool {
    let is_off = |node: Node| says(node, "display") == Some("none");
    let visibility = node.ancestors().find_map(|node| says(node, "visibility"));
    node.ancestors().any(is_off) || matches!(visibility, Some("hidden" | "collapse"))
}

/// What an element's style says of a property, or its attribute: the style outranks that.
fn says<'a>(node: Node<'a, '_>, property: &str) -> Option<&'a str> {
    let style = node.attribute("style").unwrap_or_default();
    let stated = style.split(';').filter_map(|one| one.split_once(':'));
    let mut stated = stated.filter(|(name, _)| name.trim().eq_ignore_ascii_case(property));
    let value = stated.next_back().map(|(_, value)| value);
    value
        .or_else(|| node.attribute(property))?
        .split_whitespace()
        .next()
}

fn id(node: Node) -> String {
    let id = node.attribute("id").map(|id| format!(" '{id}'"));
    id.unwrap_or_default()
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str, String> {
    let missing = || format!("its <{}>{} has no {name}", node.tag_name().name(), id(node));
    node.attribute(name).ok_or_else(missing)
}

/// Where the image begins in the file's units, and its sides.
fn image(root: Node) -> Result<([f64; 2], [f64; 2]), String> {
    if let Some(text) = root.attribute("viewBox") {
        let ViewBox { x, y, w, h } =
            (text.parse()).map_err(|_| format!("its viewBox is '{text}'"))?;
        return Ok(([x, y], [w, h]));
    }
    let sides = ["width", "height"].map(|name| {
        let text = root.attribute(name)?.trim();
        text.strip_suffix("px").unwrap_or(text).parse().ok()
    });
    match sides {
        [Some(width), Some(height)] => Ok(([0.0; 2], [width, height])),
        _ => Err("it does not say how large the image is: it lacks a viewBox".to_owned()),
    }
}

fn polygon(points: &str) -> Result<Shape, String> {
    Ok(vec![
        PointsParser::from(points).map(|(x, y)| [x, y]).collect(),
    ])
}

fn rectangle(node: Node) -> Result<Shape, String> {
    let number = |name: &str, otherwise: Option<f64>| {
        let text = node.attribute(name);
        let parsed = text.map_or(otherwise, |text| {
            text.trim().trim_end_matches("px").parse().ok()
        });
        parsed.ok_or_else(|| format!("it has no usable {name}"))
    };
    let (x, y) = (number("x", Some(0.0))?, number("y", Some(0.0))?);
    let (width, height) = (number("width", None)?, number("height", None)?);
    let (right, bottom) = (x + width, y + height);
    Ok(vec![vec![[x, y], [right, y], [right, bottom], [x, bottom]]])
}

fn path(text: &str) -> Result<Shape, String> {
    let mut shape = Shape::new();
    let [mut here, mut start] = [[0.0; 2]; 2];
    let mut closed = false;
    for segment in PathParser::from(text) {
        let segment = segment.map_err(|error| error.to_string())?;
        let from = |abs: bool| if abs { [0.0; 2] } else { here };
        let to = match segment {
            PathSegment::MoveTo { abs, x, y } => {
                start = [from(abs)[0] + x, from(abs)[1] + y];
                here = start;
                shape.push(vec![here]);
                closed = false;
                continue;
            }
            PathSegment::ClosePath { .. } => {
                here = start;
                closed = true;
                continue;
            }
            PathSegment::LineTo { abs, x, y } => [from(abs)[0] + x, from(abs)[1] + y],
            PathSegment::HorizontalLineTo { abs, x } => [from(abs)[0] + x, here[1]],
            PathSegment::VerticalLineTo { abs, y } => [here[0], from(abs)[1] + y],
            PathSegment::CurveTo { .. } => return Err(curved("C")),
            PathSegment::SmoothCurveTo { .. } => return Err(curved("S")),
            PathSegment::Quadratic { .. } => return Err(curved("Q")),
            PathSegment::SmoothQuadratic { .. } => return Err(curved("T")),
            PathSegment::EllipticalArc { .. } => return Err(curved("A")),
        };
        here = to;
        match shape.last_mut() {
            // After the end of a ring the next begins where that began.
            Some(_) if closed => shape.push(vec![start, here]),
            Some(ring) => ring.push(here),
            None => return Err("it begins with no M".to_owned()),
        }
        closed = false;
    }
    Ok(shape)
}

fn curved(letter: &str) -> String {
    format!("it has a curve ({letter}), which is not read: draw straight lines (M, L, H, V, Z)")
}
