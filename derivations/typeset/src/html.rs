//! HTML pages that are one file each.

/// Escapes text so that a browser reads none of it as markup.
#[must_use]
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

/// As [`escape`], and also keeps `ln p(x,y)` on one line.
#[must_use]
pub fn prose(text: &str) -> String {
    escape(text).replace("ln ", "ln&nbsp;")
}

/// A document with its style and script inside; `body` is markup, `title` is text.
#[must_use]
pub fn document(title: &str, style: &str, script: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>\n{style}</style>\n</head>\n<body>\n{body}<script>\n{script}</script>\n</body>\n</html>\n",
        escape(title)
    )
}

#[cfg(test)]
mod tests {
    use super::{document, escape};

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert!(document("<script>", "", "", "").contains("<title>&lt;script&gt;</title>"));
    }
}
