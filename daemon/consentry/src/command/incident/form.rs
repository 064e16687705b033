//! A notice of a breach as text, page or JSON: to be copied into the authority's own form.

use cases::incidents::FilledForm;
use serde_json::json;

use crate::cli::incident::FormFormat;
use crate::print;

/// Prints a filled form.
///
/// # Errors
/// When standard output is gone.
pub fn print(filled: &FilledForm, format: FormFormat) -> std::io::Result<()> {
    match format {
        FormFormat::Text => print::exactly(&text(filled)),
        FormFormat::Html => print::exactly(&html(filled)),
        FormFormat::Json => print::json_document(&json!({
            "form": filled.form.name(),
            "title": filled.form.title(),
            "law": filled.form.law(),
            "incident": filled.number,
            "detected_at": filled.detected_at,
            "operator": filled.operator,
            "fields": filled.rows.iter()
                .map(|(heading, text)| json!({ "heading": heading, "text": text }))
                .collect::<Vec<_>>(),
        })),
    }
}

fn text(filled: &FilledForm) -> String {
    let mut text = format!(
        "{}\n{}\n\nНомер: {}\nОператор: {}\nВыявлен: {}\n",
        filled.form.title(),
        filled.form.law(),
        filled.number,
        filled.operator.join("; "),
        filled.detected_at
    );
    for (heading, said) in &filled.rows {
        text.push_str(&format!("\n{heading}:\n{}\n", said.trim()));
    }
    text
}

fn html(filled: &FilledForm) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"ru\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>body {{ font: 16px/1.5 serif; max-width: 45em; margin: 2em auto; padding: 0 1em; \
         color-scheme: light dark; }} h2 {{ font-size: 1em; margin-bottom: 0.2em; }} \
         p {{ white-space: pre-line; margin-top: 0; overflow-wrap: anywhere; }}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p>{law}</p>\n<p>Номер: {number}\nОператор: {operator}\nВыявлен: {detected}</p>\n",
        title = escaped(filled.form.title()),
        law = escaped(filled.form.law()),
        number = escaped(&filled.number),
        operator = escaped(&filled.operator.join("; ")),
        detected = escaped(&filled.detected_at),
    );
    for (heading, said) in &filled.rows {
        page.push_str(&format!("<h2>{}</h2>\n<p>{}</p>\n", escaped(heading), escaped(said.trim())));
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push('\n'),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use domain::incident::IncidentForm;

    use super::*;

    #[test]
    fn a_form_says_all_of_it_as_text_and_as_page_and_runs_nothing() {
        let filled = FilledForm {
            form: IncidentForm::First,
            number: "CT-7H2K9MXQ".to_owned(),
            detected_at: "4 декабря 2026 г., 12:30 (московское время)".to_owned(),
            operator: vec!["ООО «Пример»".to_owned(), "privacy@shop.example".to_owned()],
            rows: vec![("Что произошло", "<script>alert(1)</script>\nвторая строка".to_owned())],
        };
        let (text, page) = (text(&filled), html(&filled));
        for said in ["CT-7H2K9MXQ", "ООО «Пример»", "4 декабря 2026", "24 часа", "вторая строка"]
        {
            assert!(text.contains(said) && page.contains(said), "{said}");
        }
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
    }
}
