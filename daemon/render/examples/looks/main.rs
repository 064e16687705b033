//! Writes every letter, page and document as people get them, so that they can be looked at:
//! `cargo run -p render --example looks -- DIRECTORY`.
//!
//! Letters come twice: `rich` with all that a letter of its kind may say, `sparse` with the least.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use domain::language::Locale;
use render::Renderer;

mod case_letters;
mod letters;
mod pages;
mod papers;

const LOCALES: [Locale; 2] = [Locale::Ru, Locale::En];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("say into which directory")?;
    let directory = PathBuf::from(directory);
    let renderer = Renderer::new(&[])?;
    for locale in LOCALES {
        letters::write(&renderer, locale, &directory.join("letters"))?;
        pages::write(&renderer, locale, &directory.join("pages"))?;
    }
    papers::write(&directory.join("papers"))?;
    println!("written to {}", directory.display());
    Ok(())
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    Ok(fs::write(directory.join(name), bytes)?)
}

/// One of two texts.
fn said(ru: &str, en: &str, locale: Locale) -> String {
    match locale {
        Locale::Ru => ru.to_owned(),
        Locale::En => en.to_owned(),
    }
}
