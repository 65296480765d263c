//! Tables of fractions on a terminal. Each is a block with labelled rows and columns. Blocks stand side by side as long
//! as they fit into 100 columns.

use std::fmt;

use super::fraction::Fraction;

const WIDTH: usize = 100;

/// The lines of one table, all of the same width.
pub(super) type Block = Vec<String>;

/// The block of a matrix. For the axes `y` and `z` its rows are labelled `y0, y1, ..` and its columns `z0, z1, ..`.
pub(super) fn matrix(title: &str, (rows, columns): (char, char), table: &[Vec<Fraction>]) -> Block {
    let labelled = table.iter().enumerate();
    let labelled = labelled.map(|(k, row)| (format!("{rows}{k}"), row.as_slice()));
    block(title, columns, &labelled.collect::<Vec<_>>())
}

/// The block of a vector: a single row without a label.
pub(super) fn vector(title: &str, axis: char, row: &[Fraction]) -> Block {
    block(title, axis, &[(String::new(), row)])
}

/// Prints the blocks in order. The next block goes to the right of those before it if it fits there, else below them.
pub(super) fn shelves(f: &mut fmt::Formatter<'_>, blocks: Vec<Block>) -> fmt::Result {
    let mut lines: Vec<String> = Vec::new();
    for block in blocks {
        let width = |lines: &[String]| lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let indent = width(&lines) + 3;
        if !lines.is_empty() && indent + width(&block) <= WIDTH {
            lines.resize(lines.len().max(block.len()), String::new());
            for (line, right) in lines.iter_mut().zip(block) {
                *line = format!("{line:indent$}{right}");
            }
        } else {
            print_lines(f, &lines)?;
            lines = block;
        }
    }
    print_lines(f, &lines)
}

fn print_lines(f: &mut fmt::Formatter<'_>, lines: &[String]) -> fmt::Result {
    lines.iter().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
}

fn block(title: &str, axis: char, rows: &[(String, &[Fraction])]) -> Block {
    let columns = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
    let mut cells = vec![
        std::iter::once(title.to_owned())
            .chain((0..columns).map(|k| format!("{axis}{k}")))
            .collect::<Vec<_>>(),
    ];
    cells.extend(rows.iter().map(|(label, row)| {
        std::iter::once(label.clone())
            .chain(row.iter().map(ToString::to_string))
            .collect()
    }));
    let width = |k: usize| {
        let cell = |row: &Vec<String>| row.get(k).map_or(0, |cell| cell.chars().count());
        cells.iter().map(cell).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..=columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}"));
        padded.collect::<Vec<_>>().join("  ")
    };
    cells.iter().map(line).collect()
}
