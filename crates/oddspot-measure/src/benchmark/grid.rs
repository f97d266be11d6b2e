//! A table of text in the forms that papers and programs want.

use std::fmt::Write;

/// Forms of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As in a README.
    Markdown,
    /// Comma-separated values, without the caption.
    Csv,
    /// A `table` environment with `booktabs` rules.
    Latex,
}

/// A caption, a line of headings and lines of cells, as many a line as there are headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What the table shows.
    pub caption: String,
    /// The columns' headings.
    pub head: Vec<String>,
    /// The lines; the first column holds names, the others numbers.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// The table in a form.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Markdown => self.markdown(),
            Format::Csv => self.csv(),
            Format::Latex => self.latex(),
        }
    }

    /// Whether a column holds numbers, or nothing in their place.
    pub fn is_number(&self, column: usize) -> bool {
        let number =
            |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit() || "–−+".contains(c));
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        column > 0 && cells.all(|cell| number(cell))
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells = cells.iter().map(|cell| cell.replace('|', "\\|"));
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let rule = "---:|".repeat(self.head.len().saturating_sub(1));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        let caption = &self.caption;
        format!("{caption}\n\n{}|---|{rule}\n{rows}", line(&self.head))
    }

    fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.head).chain(&self.rows) {
            // Numbers as programs write them; an unknown one is an empty cell.
            let plain = row.iter().map(|cell| match cell.as_str() {
                "–" => String::new(),
                cell => cell.replace('−', "-"),
            });
            // Lines of equal length, in memory: nothing can fail.
            let _ = writer.write_record(plain);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }

    fn latex(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| latex_text(cell)).collect();
            format!("{} \\\\\n", cells.join(" & "))
        };
        let columns = "r".repeat(self.head.len().saturating_sub(1));
        let mut text = format!(
            "\\begin{{table}}\n\\caption{{{}}}\n\\begin{{tabular}}{{l{columns}}}\n\\toprule\n{}\\midrule\n",
            latex_text(&self.caption),
            line(&self.head)
        );
        for row in &self.rows {
            text += &line(row);
        }
        text += "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
        text
    }
}

/// Text with all that LaTeX would take for commands written out.
fn latex_text(text: &str) -> String {
    let mut written = String::new();
    for character in text.chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                let _ = write!(written, "\\{character}");
            }
            '\\' => written += "\\textbackslash{}",
            '~' => written += "\\textasciitilde{}",
            '^' => written += "\\textasciicircum{}",
            '±' => written += "$\\pm$",
            '−' => written += "$-$",
            '–' => written += "--",
            '①' => written += "(1)",
            '②' => written += "(2)",
            '③' => written += "(3)",
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        Grid {
            caption: "Table 1, 100 %".to_owned(),
            head: texts(["category", "PRO"]),
            rows: vec![
                texts(["metal_nut", "−1.5"]),
                texts(["a, \"b\" | c", "2.0 ± 0.1"]),
            ],
        }
    }

    #[test]
    fn markdown_keeps_bars_in_their_cells() {
        assert_eq!(
            grid().render(Format::Markdown),
            "Table 1, 100 %\n\n| category | PRO |\n|---|---:|\n| metal_nut | −1.5 |\n\
             | a, \"b\" \\| c | 2.0 ± 0.1 |\n"
        );
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(
            grid().render(Format::Csv),
            "category,PRO\nmetal_nut,-1.5\n\"a, \"\"b\"\" | c\",2.0 ± 0.1\n"
        );
    }

    #[test]
    fn latex_writes_out_its_special_characters() {
        let text = grid().render(Format::Latex);
        assert!(text.contains("\\caption{Table 1, 100 \\%}"), "{text}");
        assert!(text.contains("metal\\_nut & $-$1.5 \\\\"), "{text}");
        assert!(text.contains("{lr}"), "{text}");
        assert!(text.contains("2.0 $\\pm$ 0.1"), "{text}");
    }
}
