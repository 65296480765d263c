//! The plain text of a formula. The parser's events become a tree, the tree becomes a list of pieces, and the pieces
//! are joined with spaces that depend on their classes.

mod piece;
mod spacing;

use std::iter::Peekable;
use std::vec::IntoIter;

use pulldown_latex::Event;
use pulldown_latex::event::{Content, DelimiterType, Grouping, ScriptType, Visual};
use spacing::{claimed, classify, gap};

use self::piece::{Class, Piece};

/// A node of the tree of a formula.
enum Node {
    Piece(Piece),
    Group(Vec<Self>),
    Fraction(Box<Self>, Box<Self>),
    Script {
        base: Box<Self>,
        below: Option<Box<Self>>,
        above: Option<Box<Self>>,
    },
}

/// The text of a formula. The error is the name of the construct that has no plain form.
pub(super) fn text(events: Vec<Event<'_>>) -> Result<String, String> {
    let mut events = events.into_iter().peekable();
    let mut nodes = Vec::new();
    while events.peek().is_some() {
        nodes.extend(element(&mut events)?);
    }
    Ok(join(&nodes, false))
}

/// Reads the next element of the formula. It is `None` for a change of font, which plain text cannot show.
fn element(events: &mut Peekable<IntoIter<Event<'_>>>) -> Result<Option<Node>, String> {
    let Some(event) = events.next() else {
        return Err("a formula that ends too early".to_owned());
    };
    let node = match event {
        Event::Content(content) => Node::Piece(piece(content)),
        Event::Begin(grouping) => {
            let (open, close) = match grouping {
                Grouping::Normal => (None, None),
                Grouping::LeftRight(open, close) => (open, close),
                other => return Err(format!("{other:?}")),
            };
            let mut nodes: Vec<Node> = open.map(|c| fence(c, Class::Open)).into_iter().collect();
            while !matches!(events.peek(), Some(Event::End) | None) {
                nodes.extend(element(events)?);
            }
            events.next();
            nodes.extend(close.map(|c| fence(c, Class::Close)));
            Node::Group(nodes)
        }
        Event::Visual(Visual::Fraction(_)) => Node::Fraction(Box::new(next(events)?), Box::new(next(events)?)),
        Event::Script { ty, .. } => {
            let base = Box::new(next(events)?);
            let first = Some(Box::new(next(events)?));
            let (below, above) = match ty {
                ScriptType::Subscript => (first, None),
                ScriptType::Superscript => (None, first),
                ScriptType::SubSuperscript => (first, Some(Box::new(next(events)?))),
            };
            Node::Script { base, below, above }
        }
        Event::Space { .. } => Node::Piece(Piece {
            text: " ".to_owned(),
            class: Class::Space,
        }),
        Event::StateChange(_) => return Ok(None),
        other => return Err(format!("{other:?}")),
    };
    Ok(Some(node))
}

fn next(events: &mut Peekable<IntoIter<Event<'_>>>) -> Result<Node, String> {
    loop {
        if let Some(node) = element(events)? {
            return Ok(node);
        }
    }
}

fn fence(delimiter: char, class: Class) -> Node {
    Node::Piece(Piece {
        text: delimiter.to_string(),
        class,
    })
}

fn piece(content: Content<'_>) -> Piece {
    let (text, class) = match content {
        Content::Text(text) => (text.to_owned(), Class::Letter),
        Content::Number(text) => (text.to_owned(), Class::Number),
        Content::Function(text) => (text.to_owned(), Class::Operator),
        Content::Ordinary { content: '|', .. } => ("|".to_owned(), Class::Bar),
        Content::Ordinary { content: '′', .. } => ("′".to_owned(), Class::Prime),
        Content::Ordinary { content: '/', .. } | Content::BinaryOp { content: '/', .. } => ("/".to_owned(), Class::Bar),
        Content::Ordinary { content, .. } => (terminal(content).to_string(), Class::Letter),
        Content::LargeOp { content, .. } => (terminal(content).to_string(), Class::Operator),
        Content::BinaryOp { content, .. } => (terminal(content).to_string(), Class::Binary),
        Content::Relation { content, .. } => {
            let mut buffer = [0; 8];
            let text = String::from_utf8_lossy(content.encode_utf8_to_buf(&mut buffer)).into_owned();
            (text.chars().map(terminal).collect(), Class::Relation)
        }
        Content::Delimiter { content, ty, .. } => (
            content.to_string(),
            match ty {
                DelimiterType::Open => Class::Open,
                DelimiterType::Close => Class::Close,
                DelimiterType::Fence => Class::Bar,
            },
        ),
        Content::Punctuation(content) => (content.to_string(), Class::Comma),
    };
    Piece { text, class }
}

/// Replaces a mathematical character by one that the fonts of terminals have.
const fn terminal(c: char) -> char {
    match c {
        'ϕ' => 'φ',
        '∼' => '~',
        '∑' => 'Σ',
        '⋅' => '·',
        '⋯' => '…',
        other => other,
    }
}

fn join(nodes: &[Node], compact: bool) -> String {
    let mut pieces: Vec<Piece> = Vec::new();
    for node in nodes {
        flatten(node, compact, &mut pieces);
    }
    classify(&mut pieces, compact);
    let mut text = String::new();
    let mut before: Option<Class> = None;
    let mut spaced = false;
    for (k, piece) in pieces.iter().enumerate() {
        if piece.class == Class::Space {
            spaced = !compact;
            continue;
        }
        let gap = before.is_some_and(|class| {
            let room = class != Class::Open && !matches!(piece.class, Class::Close | Class::Comma);
            (spaced && room) || (!compact && gap(class, piece.class))
        });
        if gap {
            text.push(' ');
        }
        if piece.class == Class::Quotient && claimed(&pieces, k) {
            text.push('(');
            text.push_str(&piece.text);
            text.push(')');
        } else {
            text.push_str(&piece.text);
        }
        if piece.class != Class::Prime {
            before = Some(piece.class);
        }
        spaced = false;
    }
    text
}

fn flatten(node: &Node, compact: bool, pieces: &mut Vec<Piece>) {
    match node {
        Node::Piece(piece) => pieces.push(piece.clone()),
        Node::Group(nodes) => nodes.iter().for_each(|node| flatten(node, compact, pieces)),
        Node::Fraction(above, below) => {
            let (above, below) = (one(above, compact), one(below, compact));
            let number = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
            let whole = |text: String| {
                if text.contains([' ', '/']) {
                    format!("({text})")
                } else {
                    text
                }
            };
            pieces.push(if number(&above) && number(&below) {
                Piece {
                    text: format!("{above}/{below}"),
                    class: Class::Number,
                }
            } else {
                Piece {
                    text: format!("{} / {}", whole(above), whole(below)),
                    class: Class::Quotient,
                }
            });
        }
        Node::Script { base, below, above } => {
            let mut base_pieces = Vec::new();
            flatten(base, compact, &mut base_pieces);
            let class = base_pieces.last().map_or(Class::Letter, |piece| piece.class);
            let mut text = one(base, compact);
            for (mark, script) in [('_', below), ('^', above)] {
                if let Some(script) = script {
                    let script = one(script, true);
                    text.push(mark);
                    if script.chars().all(char::is_alphanumeric) {
                        text.push_str(&script);
                    } else {
                        text.push_str(&format!("{{{script}}}"));
                    }
                }
            }
            pieces.push(Piece { text, class });
        }
    }
}

fn one(node: &Node, compact: bool) -> String {
    join(std::slice::from_ref(node), compact)
}
