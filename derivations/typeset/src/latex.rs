//! LaTeX formulas as `MathML` for pages and as plain text for terminals. Both come from the same parser.

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Event, Parser, Storage, push_mathml};

use super::plain;

/// The reason why a formula could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The parser does not accept the LaTeX.
    #[error("LaTeX `{latex}` does not parse: {reason}")]
    Parse {
        /// The formula.
        latex: String,
        /// The message of the parser.
        reason: String,
    },
    /// The LaTeX holds a construct that no formula of the note uses.
    #[error("LaTeX `{latex}` has no plain form: {what}")]
    Unsupported {
        /// The formula.
        latex: String,
        /// The construct that has no plain form.
        what: String,
    },
}

/// The formula as a `MathML` block.
///
/// # Errors
/// [`RenderError::Parse`]. The message never becomes part of a formula.
pub fn mathml(latex: &str) -> Result<String, RenderError> {
    set(latex, DisplayMode::Block)
}

/// The formula as `MathML` within a sentence.
///
/// # Errors
/// Those of [`mathml`].
pub fn mathml_inline(latex: &str) -> Result<String, RenderError> {
    set(latex, DisplayMode::Inline)
}

/// The formula as plain text: `E_{z~q_φ(z|x)}[ln p_θ(x|y,z)]`.
///
/// A fraction is `3/4` between numbers and `(a + b) / c` otherwise. It stands in parentheses where a neighbour would
/// bind more tightly. There are no spaces inside a subscript or superscript.
///
/// # Errors
/// [`RenderError::Parse`], and [`RenderError::Unsupported`] for roots, matrices and the like.
pub fn plain(latex: &str) -> Result<String, RenderError> {
    let storage = Storage::new();
    plain::text(events(latex, &storage)?).map_err(|what| RenderError::Unsupported {
        latex: latex.to_owned(),
        what,
    })
}

/// As [`plain`], or the LaTeX itself where it has no plain form. It is meant for the formulas of the note, which all
/// have one.
#[must_use]
pub fn plain_or_source(latex: &str) -> String {
    plain(latex).unwrap_or_else(|_| latex.to_owned())
}

fn set(latex: &str, display_mode: DisplayMode) -> Result<String, RenderError> {
    let storage = Storage::new();
    let events = events(latex, &storage)?;
    let config = RenderConfig {
        display_mode,
        ..RenderConfig::default()
    };
    let mut markup = String::new();
    let parse = |reason: String| RenderError::Parse {
        latex: latex.to_owned(),
        reason,
    };
    push_mathml(&mut markup, events.into_iter().map(Ok::<_, std::fmt::Error>), config)
        .map_err(|error| parse(error.to_string()))?;
    if markup.contains("<merror") {
        return Err(parse("the renderer refuses it".to_owned()));
    }
    Ok(markup)
}

fn events<'a>(latex: &'a str, storage: &'a Storage) -> Result<Vec<Event<'a>>, RenderError> {
    Parser::new(latex, storage)
        .collect::<Result<_, _>>()
        .map_err(|error| RenderError::Parse {
            latex: latex.to_owned(),
            reason: error.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
        })
}

#[cfg(test)]
mod tests {
    use super::{RenderError, mathml, mathml_inline, plain, plain_or_source};

    #[test]
    fn plain_text_is_what_a_person_would_type() {
        let cases = [
            (
                r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x) \right]",
                "E_{z~q_φ(z|x)}[ln p_θ(x|y,z) + ln p_ψ(y,z) − ln q_φ(z|x)]",
            ),
            (
                r"\ln \sum_z \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)}\, q_\phi(z|x)",
                "ln Σ_z (p_{θ,ψ}(x,y,z) / q_φ(z|x)) q_φ(z|x)",
            ),
            (
                r"\ln \mathbb{E}_{z \sim q} \left[ \frac{p(x,y,z)}{q(z|x)} \right]",
                "ln E_{z~q}[p(x,y,z) / q(z|x)]",
            ),
            (
                r"\ln \left( p_\theta(x|y,z)\, p_\psi(y,z) \right) - \ln q_\phi(z|x)",
                "ln (p_θ(x|y,z) p_ψ(y,z)) − ln q_φ(z|x)",
            ),
            (
                r"\ln p_\theta(x|y,z) - \beta D_{KL}(q_\phi(y,z|x), p_\psi(y,z))",
                "ln p_θ(x|y,z) − β D_KL(q_φ(y,z|x), p_ψ(y,z))",
            ),
            (
                r"-\ln \sum_{z: q_\phi(z|x) > 0} p(z|x,y)",
                "−ln Σ_{z:q_φ(z|x)>0} p(z|x,y)",
            ),
            (
                r"D_{KL}(q_\phi(z|x), p(z|x,y)|_{q > 0})",
                "D_KL(q_φ(z|x), p(z|x,y)|_{q>0})",
            ),
            (
                r"(\beta - 1)\, D_{KL}(q_\phi(y,z|x), p_\psi(y,z))",
                "(β − 1) D_KL(q_φ(y,z|x), p_ψ(y,z))",
            ),
            (r"r(z) \propto p_\psi(z)\, p_\theta(x|y,z)", "r(z) ∝ p_ψ(z) p_θ(x|y,z)"),
            (
                r"\frac{1}{2} \left( \ln \frac{3}{4} + \ln \frac{1}{6} - \ln \frac{1}{2} \right) + \dots",
                "1/2 (ln 3/4 + ln 1/6 − ln 1/2) + …",
            ),
            (
                r"\ln \left( \frac{1/8}{1/2} \cdot \frac{1}{2} \right)",
                "ln ((1/8) / (1/2) · 1/2)",
            ),
            (r"\frac{a + b}{c}", "(a + b) / c"),
            (r"\ln q_\phi(y',z|x) r(y')", "ln q_φ(y′,z|x) r(y′)"),
            (r"3.1 \cdot 10^{-7}", "3.1 · 10^{−7}"),
            (r"\text{minus infinity}", "minus infinity"),
        ];
        for (latex, expected) in cases {
            assert_eq!(plain(latex).as_deref(), Ok(expected), "{latex}");
        }
    }

    #[test]
    fn bad_latex_is_an_error_and_never_part_of_a_formula() {
        for latex in [r"a \frac", r"\left( x", r"\nosuchcommand", "{x", r"x_"] {
            assert!(matches!(mathml(latex), Err(RenderError::Parse { .. })), "{latex}");
            assert!(
                matches!(mathml_inline(latex), Err(RenderError::Parse { .. })),
                "{latex}"
            );
            assert!(matches!(plain(latex), Err(RenderError::Parse { .. })), "{latex}");
        }
        let root = r"\sqrt{x}";
        assert!(matches!(plain(root), Err(RenderError::Unsupported { .. })));
        assert_eq!(plain_or_source(root), root);
    }
}
