//! Documents of proof: acts of destruction, registers. One content, written as HTML and as PDF.
//!
//! A document is made of a few kinds of blocks, so that both forms say the same. It is data of
//! the product, filled by `cases` and the command line; nothing of it is a template.

mod act;
mod html;
mod lay_out;
mod metrics;
mod pdf;
mod register;
mod words;

use domain::language::Locale;

pub use act::{act_document, erasure_record};
pub use pdf::PdfError;
pub use register::{Register, RegisterLine, register_document};

/// How the sheet lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// A4, upright.
    Portrait,
    /// A4, on its side: for wide tables.
    Landscape,
}

/// A document to be written. May hold personal data: prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its language.
    pub locale: Locale,
    /// What it is called.
    pub title: String,
    /// What stands below the title: law, number, date.
    pub subtitle: Vec<String>,
    /// What stands at the foot of every page, beside the page's number.
    pub foot: String,
    /// How the sheet lies.
    pub sheet: Sheet,
    /// What it says.
    pub blocks: Vec<Block>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} blocks)", self.blocks.len())
    }
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading inside.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// Items with their names in front, such as those of an act.
    Items(Vec<Item>),
    /// A table.
    Table(Table),
    /// Places for signatures: name and post; the line is left empty for the hand.
    Signatures(Vec<(String, String)>),
    /// What follows begins a new page.
    NewPage,
}

/// An item with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its mark, such as `а)`; empty when it has none.
    pub mark: String,
    /// What it is.
    pub name: String,
    /// What it says; several lines are several paragraphs.
    pub says: Vec<String>,
}

/// A table whose head is repeated on each page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns with their share of the width.
    pub columns: Vec<(String, u16)>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
}

impl Document {
    /// As one HTML file, without anything from elsewhere.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::write(self)
    }

    /// As PDF with real text and its fonts inside.
    ///
    /// # Errors
    /// [`PdfError`] when the file cannot be made: a defect of the fonts or of the library.
    pub fn to_pdf(&self) -> Result<Vec<u8>, PdfError> {
        pdf::write(self)
    }
}
