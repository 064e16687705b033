//! A document as one HTML file: readable on a screen, in the dark, and on paper.

use domain::language::Locale;

use super::{Block, Document, Item, Sheet, Table};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#9a9a9a;--soft:#f1f1ee}\
@media (prefers-color-scheme:dark){:root{--line:#6d6d6d;--soft:#26282b}}\
body{font:1rem/1.45 'PT Serif',Georgia,'Times New Roman',serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
body.wide{max-width:80rem}\
h1{font-size:1.4rem;text-align:center;margin:0 0 .25rem}\
h2{font-size:1.1rem;margin:2rem 0 .5rem}\
p{overflow-wrap:anywhere}\
header p{text-align:center;margin:.15rem 0}\
dl{display:grid;grid-template-columns:minmax(10rem,16rem) 1fr;gap:.5rem 1.25rem;margin:1.25rem 0}\
dt{font-weight:bold}dd{margin:0;overflow-wrap:anywhere}dd p{margin:0 0 .25rem}\
.scroll{overflow-x:auto}.scroll table{min-width:38rem}.wide .scroll table{min-width:70rem}\
table{border-collapse:collapse;width:100%;font-size:.875rem}\
th,td{border:1px solid var(--line);padding:.3rem .45rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{background:var(--soft);overflow-wrap:normal}\
.hands{margin-top:2rem}.hand{display:grid;grid-template-columns:1fr 12rem;gap:1rem;align-items:end;margin:1.5rem 0}\
.line{border-bottom:1px solid currentColor;height:1.5rem}.line+small{display:block}\
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.5rem;font-size:.85rem}\
@media (max-width:36rem){dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.6rem}.hand{grid-template-columns:1fr}}\
@media print{:root{color-scheme:light;--line:#777;--soft:#eee}body,body.wide{max-width:none;margin:0;padding:0;font-size:10.5pt}\
.scroll table,.wide .scroll table{min-width:0}thead{display:table-header-group}tr,.hand,dt,dd{break-inside:avoid}h2{break-after:avoid}.new{break-before:page}}";

pub(super) fn write(document: &Document) -> String {
    let mut out = String::with_capacity(16 * 1024);
    let page = match document.sheet {
        Sheet::Portrait => "@page{size:A4 portrait;margin:18mm 15mm 18mm 20mm}",
        Sheet::Landscape => "@page{size:A4 landscape;margin:14mm}",
    };
    let class = if document.sheet == Sheet::Landscape { " class=\"wide\"" } else { "" };
    out.push_str(&format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}{page}</style>\n</head>\n<body{class}>\n<main>\n<header>\n<h1>{}</h1>\n",
        document.locale.code(),
        escape(&document.title),
        escape(&document.title),
    ));
    for line in &document.subtitle {
        out.push_str(&format!("<p>{}</p>\n", escape(line)));
    }
    out.push_str("</header>\n");
    let mut new_page = false;
    for block in &document.blocks {
        match block {
            Block::NewPage => {
                new_page = true;
                continue;
            }
            Block::Heading(text) => {
                let class = if new_page { " class=\"new\"" } else { "" };
                out.push_str(&format!("<h2{class}>{}</h2>\n", escape(text)));
            }
            Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>\n", escape(text))),
            Block::Items(items) => write_items(&mut out, items),
            Block::Table(table) => write_table(&mut out, table),
            Block::Signatures(hands) => write_hands(&mut out, hands, document.locale),
        }
        new_page = false;
    }
    out.push_str(&format!(
        "</main>\n<footer>{}</footer>\n</body>\n</html>\n",
        escape(&document.foot)
    ));
    out
}

fn write_items(out: &mut String, items: &[Item]) {
    out.push_str("<dl>\n");
    for item in items {
        let mark = if item.mark.is_empty() { String::new() } else { format!("{} ", item.mark) };
        out.push_str(&format!("<dt>{}{}</dt>\n<dd>", escape(&mark), escape(&item.name)));
        for line in &item.says {
            out.push_str(&format!("<p>{}</p>", escape(line)));
        }
        out.push_str("</dd>\n");
    }
    out.push_str("</dl>\n");
}

fn write_table(out: &mut String, table: &Table) {
    out.push_str("<div class=\"scroll\" tabindex=\"0\">\n<table>\n<thead><tr>");
    for (name, _) in &table.columns {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escape(name)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&format!("<td>{}</td>", escape(cell).replace('\n', "<br>")));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn write_hands(out: &mut String, hands: &[(String, String)], locale: Locale) {
    let (signature, _) = super::words::signature(locale);
    out.push_str("<div class=\"hands\">\n");
    for (name, post) in hands {
        let comma = if name.is_empty() || post.is_empty() { "" } else { ", " };
        out.push_str(&format!(
            "<div class=\"hand\"><div>{}{comma}{}<div class=\"line\"></div></div>\
             <div><div class=\"line\"></div><small>{}</small></div></div>\n",
            escape(name),
            escape(post),
            escape(signature),
        ));
    }
    out.push_str("</div>\n");
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
