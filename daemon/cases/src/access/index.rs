//! The page of a package as its template prints it: flat, in the order of the law.

use serde::Serialize;

/// What `index.html` shows: flat, since templates nest no deeper than lists of lists.
#[derive(Debug, Clone, Serialize)]
pub struct PackageIndex {
    /// Its title.
    pub title: String,
    /// Whose answer to what, as of when.
    pub lead: Vec<String>,
    /// The sections, for the table of contents.
    pub contents: Vec<IndexLink>,
    /// Headings, sentences and rows, in the order of the law.
    pub parts: Vec<IndexPart>,
}

/// A line of the table of contents.
#[derive(Debug, Clone, Serialize)]
pub struct IndexLink {
    /// The anchor.
    pub id: &'static str,
    /// Its title.
    pub title: String,
}

/// A heading, a sentence, or a row of a table; what it is not is empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IndexPart {
    /// The anchor of a heading.
    pub id: &'static str,
    /// The title of a section.
    pub heading: String,
    /// Article and part.
    pub law: &'static str,
    /// A sentence.
    pub line: String,
    /// The title of a table.
    pub caption: String,
    /// A table begins.
    pub opens_table: bool,
    /// Above its columns.
    pub heads: Vec<String>,
    /// A row of it.
    pub cells: Vec<IndexCell>,
    /// The table ends.
    pub closes_table: bool,
}

/// A cell with the head it stands under, for narrow screens.
#[derive(Debug, Clone, Serialize)]
pub struct IndexCell {
    /// The head.
    pub head: String,
    /// What it says.
    pub text: String,
}

/// One field of the law.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) law: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) tables: Vec<Table>,
}

/// A table of a section.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<IndexCell>>,
}

impl Section {
    /// With a table, if it has rows.
    pub(super) fn with(mut self, table: Table) -> Self {
        if !table.rows.is_empty() {
            self.tables.push(table);
        }
        self
    }

    pub(super) fn flatten(self, parts: &mut Vec<IndexPart>) {
        let heading = self.title;
        parts.push(IndexPart { id: self.id, heading, law: self.law, ..IndexPart::default() });
        parts.extend(self.lines.into_iter().map(|line| IndexPart { line, ..IndexPart::default() }));
        for table in self.tables {
            let (caption, heads) = (table.title, table.heads);
            parts.push(IndexPart { caption, heads, opens_table: true, ..IndexPart::default() });
            let rows = table.rows.into_iter();
            parts.extend(rows.map(|cells| IndexPart { cells, ..IndexPart::default() }));
            parts.push(IndexPart { closes_table: true, ..IndexPart::default() });
        }
    }
}
