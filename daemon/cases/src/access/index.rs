//! The pages of a package as their template prints them: flat, in the order of the law, and as
//! many as it takes to hold everything.

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
    /// The other pages, where one is not enough.
    pub pages: Vec<IndexLink>,
    /// Headings, sentences and rows, in the order of the law.
    pub parts: Vec<IndexPart>,
}

/// A line of the table of contents.
#[derive(Debug, Clone, Serialize)]
pub struct IndexLink {
    /// Where it leads: an anchor, a page, or an anchor on a page.
    pub href: String,
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

/// The most bytes of a page, as they are reckoned here: half of what may be rendered.
const MOST_BYTES: usize = 1024 * 1024;
/// The most parts of a page.
const MOST_PARTS: usize = 5000;

/// The name of a page in the file; the first is 1.
pub(super) fn file_name(page: usize) -> String {
    if page == 1 { "index.html".to_owned() } else { format!("index-{page}.html") }
}

/// Cuts parts into pages. A table that is cut is closed, and goes on under its heads; nothing is
/// left out.
pub(super) fn cut(parts: Vec<IndexPart>) -> Vec<Vec<IndexPart>> {
    let mut pages = Vec::new();
    let mut page: Vec<IndexPart> = Vec::new();
    let mut size = 0;
    let mut open: Option<Vec<String>> = None;
    for part in parts {
        let bytes = part.bytes();
        // Never between the end of a table's rows and its end.
        if !part.closes_table
            && !page.is_empty()
            && (size + bytes > MOST_BYTES || page.len() >= MOST_PARTS)
        {
            if open.is_some() {
                page.push(IndexPart { closes_table: true, ..IndexPart::default() });
            }
            pages.push(std::mem::take(&mut page));
            size = 0;
            if let Some(heads) = open.clone() {
                page.push(IndexPart { heads, opens_table: true, ..IndexPart::default() });
            }
        }
        if part.opens_table {
            open = Some(part.heads.clone());
        }
        if part.closes_table {
            open = None;
        }
        size += bytes;
        page.push(part);
    }
    pages.push(page);
    pages
}

impl IndexPart {
    /// About how many bytes it prints, at most: what stands around it, and every letter escaped.
    fn bytes(&self) -> usize {
        let cells = self.cells.iter().map(|cell| printed(&cell.head) + printed(&cell.text) + 32);
        let heads = self.heads.iter().map(|head| printed(head) + 32);
        let texts = [&self.heading, &self.line, &self.caption];
        64 + cells.chain(heads).chain(texts.map(|text| printed(text))).sum::<usize>()
    }
}

fn printed(text: &str) -> usize {
    let escaped = |c: &char| matches!(c, '<' | '>' | '&' | '"' | '\'' | '`' | '=');
    text.len() + text.chars().filter(escaped).count() * 5
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: String) -> IndexPart {
        let cells = vec![IndexCell { head: "Что".to_owned(), text }];
        IndexPart { cells, ..IndexPart::default() }
    }

    #[test]
    fn whatever_is_cut_holds_every_row_once_and_whole_tables() {
        let heads = vec!["Что".to_owned()];
        let mut parts = vec![IndexPart { id: "held", ..IndexPart::default() }];
        parts.push(IndexPart { heads, opens_table: true, ..IndexPart::default() });
        parts.extend((0..12_000).map(|n| row(format!("{n} {}", "<".repeat(100)))));
        parts.push(IndexPart { closes_table: true, ..IndexPart::default() });
        parts.push(IndexPart { id: "file", ..IndexPart::default() });
        let pages = cut(parts);
        assert!(pages.len() > 2);
        let mut rows = 0;
        for page in &pages {
            assert!(page.len() <= MOST_PARTS + 2);
            assert!(page.iter().map(IndexPart::bytes).sum::<usize>() <= MOST_BYTES + 1024);
            let opened = page.iter().filter(|part| part.opens_table).count();
            assert_eq!(opened, page.iter().filter(|part| part.closes_table).count());
            for part in page.iter().filter(|part| !part.cells.is_empty()) {
                assert!(part.cells[0].text.starts_with(&format!("{rows} ")));
                rows += 1;
            }
        }
        assert_eq!(rows, 12_000);
        assert_eq!(cut(vec![row(String::new())]).len(), 1);
    }
}
