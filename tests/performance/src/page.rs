//! A table in markdown.

use std::fmt;

/// Rows and columns appear in the order in which they are first named.
pub struct Page {
    pub title: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

impl Page {
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// The page of this title, at the end of `pages` if it is new.
    pub fn of<'a>(pages: &'a mut Vec<Self>, title: &str) -> &'a mut Self {
        let known = pages.iter().position(|page| page.title == title);
        let index = known.unwrap_or_else(|| {
            pages.push(Self::new(title));
            pages.len() - 1
        });
        &mut pages[index]
    }

    pub fn set(&mut self, row: &str, column: &str, text: impl Into<String>) {
        *self.cell(row, column) = text.into();
    }

    /// Adds to what the cell says, unless it just said so.
    pub fn append(&mut self, row: &str, column: &str, text: &str) {
        let cell = self.cell(row, column);
        if cell.is_empty() {
            cell.push_str(text);
        } else if cell.rsplit(" / ").next() != Some(text) {
            cell.push_str(" / ");
            cell.push_str(text);
        }
    }

    fn cell(&mut self, row: &str, column: &str) -> &mut String {
        let column = position(&mut self.columns, |name| name == column, || column.into());
        let row = position(
            &mut self.rows,
            |(name, _)| name == row,
            || (row.into(), Vec::new()),
        );
        let cells = &mut self.rows[row].1;
        cells.resize(cells.len().max(column + 1), String::new());
        &mut cells[column]
    }
}

impl fmt::Display for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "### {}\n", self.title)?;
        writeln!(formatter, "| | {} |", self.columns.join(" | "))?;
        writeln!(formatter, "|---|{}", "---:|".repeat(self.columns.len()))?;
        for (name, cells) in &self.rows {
            write!(formatter, "| {name} |")?;
            for column in 0..self.columns.len() {
                let cell = cells.get(column).map_or("", String::as_str);
                write!(formatter, " {cell} |")?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

/// Where the first that fits is, or the one that is then added.
fn position<T>(all: &mut Vec<T>, fits: impl FnMut(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    all.iter().position(fits).unwrap_or_else(|| {
        all.push(new());
        all.len() - 1
    })
}
