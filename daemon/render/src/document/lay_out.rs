//! Where everything stands on which page. Pure: blocks in, places of texts and lines out.

use domain::language::Locale;

use super::metrics::{Cut, Metrics};
use super::{Block, Document, Item, Sheet, Table};

/// Points to a millimetre.
const MM: f32 = 72.0 / 25.4;
const BODY: f32 = 10.0;
const CELL: f32 = 7.5;
/// From one line to the next, in sizes.
const LEADING: f32 = 1.32;
const PADDING: f32 = 3.0;

/// Something to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A text with the left end of its base line.
    Text { x: f32, y: f32, size: f32, cut: Cut, text: String },
    /// A thin line.
    Line { from: (f32, f32), to: (f32, f32) },
}

/// A page with what stands on it.
pub(super) type Page = Vec<Mark>;

/// The size of the sheet in points.
pub(super) fn sheet_size(sheet: Sheet) -> (f32, f32) {
    match sheet {
        Sheet::Portrait => (210.0 * MM, 297.0 * MM),
        Sheet::Landscape => (297.0 * MM, 210.0 * MM),
    }
}

/// Lays a document out on pages, each with its number at the foot.
pub(super) fn lay_out(document: &Document, metrics: &Metrics<'_>) -> Vec<Page> {
    let mut sheet = Layout::new(document, metrics);
    sheet.head(document);
    for block in &document.blocks {
        match block {
            Block::NewPage => sheet.turn(),
            Block::Heading(text) => sheet.heading(text),
            Block::Paragraph(text) => {
                sheet.text(text, Cut::Regular, BODY, sheet.left, sheet.room());
                sheet.y += 4.0;
            }
            Block::Items(items) => items.iter().for_each(|item| sheet.item(item)),
            Block::Table(table) => sheet.table(table),
            Block::Signatures(hands) => sheet.hands(hands, document.locale),
        }
    }
    sheet.feet(document)
}

struct Layout<'a, 'f> {
    metrics: &'a Metrics<'f>,
    pages: Vec<Page>,
    /// Where the next line begins, from the top.
    y: f32,
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl<'a, 'f> Layout<'a, 'f> {
    fn new(document: &Document, metrics: &'a Metrics<'f>) -> Self {
        let (width, height) = sheet_size(document.sheet);
        // Wider at the left: it is filed in a folder.
        let left = if document.sheet == Sheet::Portrait { 20.0 * MM } else { 14.0 * MM };
        let top = 15.0 * MM;
        let (right, bottom) = (width - 14.0 * MM, height - 20.0 * MM);
        Self { metrics, pages: vec![Page::new()], y: top, left, right, top, bottom }
    }

    fn room(&self) -> f32 {
        self.right - self.left
    }

    fn turn(&mut self) {
        self.pages.push(Page::new());
        self.y = self.top;
    }

    /// Turns the page when fewer than `height` points are left.
    fn need(&mut self, height: f32) {
        if self.y + height > self.bottom && self.y > self.top {
            self.turn();
        }
    }

    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32)) {
        self.put(Mark::Line { from, to });
    }

    fn text(&mut self, text: &str, cut: Cut, size: f32, x: f32, room: f32) {
        for line in self.metrics.lines(text, cut, size, room) {
            self.need(size * LEADING);
            let y = self.y + size;
            self.put(Mark::Text { x, y, size, cut, text: line });
            self.y += size * LEADING;
        }
    }

    fn centred(&mut self, text: &str, cut: Cut, size: f32) {
        for line in self.metrics.lines(text, cut, size, self.room()) {
            let x = self.left + (self.room() - self.metrics.width(&line, cut, size)) / 2.0;
            let y = self.y + size;
            self.put(Mark::Text { x, y, size, cut, text: line });
            self.y += size * LEADING;
        }
    }

    fn head(&mut self, document: &Document) {
        self.centred(&document.title, Cut::Bold, 14.0);
        for line in &document.subtitle {
            self.centred(line, Cut::Regular, BODY);
        }
        self.y += 10.0;
    }

    fn heading(&mut self, text: &str) {
        self.y += 6.0;
        // Never alone at the foot of a page.
        self.need(96.0);
        self.text(text, Cut::Bold, 11.5, self.left, self.room());
        self.y += 4.0;
    }

    fn item(&mut self, item: &Item) {
        let mark = if item.mark.is_empty() { String::new() } else { format!("{} ", item.mark) };
        let side = 62.0 * MM;
        let names =
            self.metrics.lines(&format!("{mark}{}", item.name), Cut::Bold, BODY, side - 10.0);
        let room = self.room() - side;
        let says: Vec<String> = item
            .says
            .iter()
            .flat_map(|line| self.metrics.lines(line, Cut::Regular, BODY, room))
            .collect();
        let rows = names.len().max(says.len());
        for row in 0..rows {
            self.need(BODY * LEADING);
            let y = self.y + BODY;
            let columns = [
                (self.left, Cut::Bold, names.get(row)),
                (self.left + side, Cut::Regular, says.get(row)),
            ];
            for (x, cut, text) in columns {
                if let Some(text) = text {
                    self.put(Mark::Text { x, y, size: BODY, cut, text: text.clone() });
                }
            }
            self.y += BODY * LEADING;
        }
        self.y += 5.0;
    }

    /// The left ends of the columns, and the right end of the last.
    fn edges(&self, table: &Table) -> Vec<f32> {
        let all: f32 = table.columns.iter().map(|(_, share)| f32::from(*share)).sum();
        let mut edges = vec![self.left];
        let mut x = self.left;
        for (_, share) in &table.columns {
            x += self.room() * f32::from(*share) / all.max(1.0);
            edges.push(x);
        }
        edges
    }

    fn table(&mut self, table: &Table) {
        let edges = self.edges(table);
        let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
        let head = self.cells(&names, Cut::Bold, &edges);
        self.need(row_height(&head) * 2.0);
        self.row(&head, Cut::Bold, &edges);
        for row in &table.rows {
            let mut rest = self.cells(row, Cut::Regular, &edges);
            loop {
                let page = self.bottom - self.top - row_height(&head);
                if self.y + row_height(&rest) <= self.bottom {
                    self.row(&rest, Cut::Regular, &edges);
                    break;
                }
                if row_height(&rest) <= page {
                    self.turn();
                    self.row(&head, Cut::Bold, &edges);
                    continue;
                }
                // Longer than a page: as much of it as there is room for.
                let fit = ((self.bottom - self.y - 2.0 * PADDING) / (CELL * LEADING)).floor();
                let fit = if fit >= 1.0 { fit as usize } else { 0 };
                if fit > 0 {
                    let later = rest
                        .iter_mut()
                        .map(|cell| cell.split_off(fit.min(cell.len())))
                        .collect::<Vec<_>>();
                    self.row(&rest, Cut::Regular, &edges);
                    rest = later;
                }
                self.turn();
                self.row(&head, Cut::Bold, &edges);
            }
        }
        self.y += 8.0;
    }

    fn cells(&self, row: &[String], cut: Cut, edges: &[f32]) -> Vec<Vec<String>> {
        row.iter()
            .zip(edges.windows(2))
            .map(|(cell, edge)| {
                let room = edge[1] - edge[0] - 2.0 * PADDING;
                self.metrics.lines(cell, cut, CELL, room)
            })
            .collect()
    }

    fn row(&mut self, cells: &[Vec<String>], cut: Cut, edges: &[f32]) {
        let (top, bottom) = (self.y, self.y + row_height(cells));
        for (cell, edge) in cells.iter().zip(edges) {
            let mut y = top + PADDING + CELL;
            for line in cell {
                let text = line.clone();
                self.put(Mark::Text { x: edge + PADDING, y, size: CELL, cut, text });
                y += CELL * LEADING;
            }
        }
        for x in edges {
            self.line((*x, top), (*x, bottom));
        }
        let (first, last) = (self.left, edges.last().copied().unwrap_or(self.right));
        self.line((first, top), (last, top));
        self.line((first, bottom), (last, bottom));
        self.y = bottom;
    }

    fn hands(&mut self, hands: &[(String, String)], locale: Locale) {
        let (signature, name) = super::words::signature(locale);
        for (who, post) in hands {
            self.need(46.0);
            self.y += 20.0;
            let (post_end, hand, hand_end) =
                (self.left + 190.0, self.left + 210.0, self.left + 330.0);
            let name_at = hand_end + 20.0;
            let y = self.y;
            for (x, end, above, below) in [
                (self.left, post_end, post.as_str(), super::words::post(locale)),
                (hand, hand_end, "", signature),
                (name_at, self.right, who.as_str(), name),
            ] {
                let mut lines = self.metrics.lines(above, Cut::Regular, BODY, end - x);
                let text = if lines.is_empty() { String::new() } else { lines.swap_remove(0) };
                self.put(Mark::Text { x, y: y - 2.0, size: BODY, cut: Cut::Regular, text });
                self.line((x, y), (end, y));
                let text = below.to_owned();
                self.put(Mark::Text { x, y: y + 8.0, size: 7.0, cut: Cut::Regular, text });
            }
            self.y += 14.0;
        }
    }

    fn feet(mut self, document: &Document) -> Vec<Page> {
        let count = self.pages.len();
        let y = self.bottom + 9.0 * MM;
        for (place, page) in self.pages.iter_mut().enumerate() {
            let number = super::words::page_of(place + 1, count, document.locale);
            let x = self.right - self.metrics.width(&number, Cut::Regular, 8.0);
            let rule = y - 11.0;
            page.push(Mark::Line { from: (self.left, rule), to: (self.right, rule) });
            let foot = self.metrics.lines(&document.foot, Cut::Regular, 8.0, x - self.left - 10.0);
            let foot = foot.into_iter().next().unwrap_or_default();
            let text = |x, text| Mark::Text { x, y, size: 8.0, cut: Cut::Regular, text };
            page.push(text(self.left, foot));
            page.push(text(x, number));
        }
        self.pages
    }
}

fn row_height(cells: &[Vec<String>]) -> f32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
    f32::from(u16::try_from(lines).unwrap_or(u16::MAX)) * CELL * LEADING + 2.0 * PADDING
}
