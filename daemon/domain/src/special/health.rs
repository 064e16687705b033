//! Words of health, in Russian, English and German, by their stems.
//!
//! A strong word is enough. Weak ones (a doctor, a pill, an allergy) count only when two different
//! ones stand close together: a clinic's ordinary mail speaks of doctors and of treatment.

use super::{Evidence, SpecialKind, Word, words_of};

/// Enough alone: the beginning of a word.
const STRONG: [&str; 79] = [
    "диагноз",
    "беременн",
    "онколог",
    "гепатит",
    "диабет",
    "эпилепс",
    "инсульт",
    "инфаркт",
    "псориаз",
    "экзем",
    "дерматит",
    "химиотерап",
    "анамнез",
    "биопси",
    "лактаци",
    "антидепресс",
    "психиатр",
    "шизофрен",
    "инвалидност",
    "опухол",
    "метастаз",
    "туберкулез",
    "сифилис",
    "выкидыш",
    "аборт",
    "эндометр",
    "гипертони",
    "аритми",
    "астм",
    "варикоз",
    "тромбоз",
    "склероз",
    "гастрит",
    "грыж",
    "аденом",
    "миом",
    "папиллом",
    "герпес",
    "демодекоз",
    "розаце",
    "купероз",
    "меланом",
    "кератоз",
    "гематом",
    "некроз",
    "фиброз",
    "анафилак",
    "pregnan",
    "oncolog",
    "hepatitis",
    "diabet",
    "epilep",
    "psoriasis",
    "eczema",
    "dermatitis",
    "chemotherap",
    "miscarriage",
    "biops",
    "tumour",
    "tumor",
    "schizophren",
    "antidepress",
    "schwanger",
    "laborwert",
    "blutbild",
    "krankengeschicht",
    "patientenakt",
    "rosacea",
    "melanom",
    "asthma",
    "depressi",
    "депресси",
    "заболеван",
    "diagnosis",
    "diagnosed",
    "diagnose",
    "krebserkrank",
    "breastfe",
    "онкоз",
];

/// Strong words that are no beginnings: `вич` must not be found in a surname.
const WHOLE: [&str; 7] = ["вич", "спид", "hiv", "отек", "астма", "грыжа", "mrt"];

/// Two words one after the other that are enough together: the beginnings of both.
const PAIRS: [(&str, &str); 30] = [
    ("результат", "анализ"),
    ("анализ", "кров"),
    ("анализ", "моч"),
    ("сдал", "анализ"),
    ("сдать", "анализ"),
    ("мои", "анализ"),
    ("истори", "болезн"),
    ("медицинск", "карт"),
    ("медицинск", "заключен"),
    ("кормл", "груд"),
    ("кормящ", "мам"),
    ("принима", "антибиотик"),
    ("назначил", "лечени"),
    ("назначил", "препарат"),
    ("лечащ", "врач"),
    ("побочн", "эффект"),
    ("результат", "узи"),
    ("результат", "мрт"),
    ("результат", "биопс"),
    ("состояни", "здоровь"),
    ("blood", "test"),
    ("medical", "record"),
    ("medical", "histor"),
    ("test", "positive"),
    ("health", "condition"),
    ("side", "effect"),
    ("ärztlich", "befund"),
    ("arztlich", "befund"),
    ("больничн", "лист"),
    ("группа", "инвалидн"),
];

/// Count only two at a time: the beginning of a word.
const WEAK: [&str; 44] = [
    "анализ",
    "назначени",
    "симптом",
    "аллерги",
    "препарат",
    "таблетк",
    "рецепт",
    "осложнени",
    "воспален",
    "воспаля",
    "лекарств",
    "болезн",
    "болит",
    "боли",
    "боль",
    "операци",
    "наркоз",
    "противопоказан",
    "узи",
    "мрт",
    "кт",
    "рентген",
    "температур",
    "сыпь",
    "прививк",
    "антибиотик",
    "гормон",
    "укол",
    "шов",
    "швы",
    "терапи",
    "хроническ",
    "symptom",
    "allerg",
    "prescription",
    "medication",
    "surgery",
    "rash",
    "infection",
    "antibiotic",
    "medikament",
    "rezept",
    "befund",
    "beschwerden",
];

/// Weak words that are whole, so that they are not found in others.
const WEAK_WHOLE: [&str; 7] = ["боль", "боли", "кт", "шов", "швы", "узи", "мрт"];

/// How far apart, in words, two weak words still belong together.
const CLOSE: usize = 12;

pub(super) fn find(text: &str) -> Vec<Evidence> {
    let words = words_of(text);
    let mut found = Vec::new();
    let mut weak: Option<(usize, &str)> = None;
    for (at, word) in words.iter().enumerate() {
        if is_strong(&word.folded) {
            found.push(evidence("illness", word));
        }
        if let Some(next) = words.get(at + 1)
            && PAIRS.iter().any(|(first, second)| {
                word.folded.starts_with(first) && next.folded.starts_with(second)
            })
        {
            found.push(evidence("health_phrase", word));
        }
        if is_disease_code(text, &words, at) {
            found.push(evidence("disease_code", word));
        }
        let Some(stem) = weak_stem(&word.folded) else { continue };
        if let Some((before, other)) = weak
            && other != stem
            && at - before <= CLOSE
        {
            found.push(evidence("health_words", word));
        }
        weak = Some((at, stem));
    }
    found
}

fn evidence(rule: &'static str, word: &Word) -> Evidence {
    Evidence { kind: SpecialKind::Health, rule, place: word.place.clone() }
}

fn is_strong(word: &str) -> bool {
    STRONG.iter().any(|stem| word.starts_with(stem)) || WHOLE.contains(&word)
}

fn weak_stem(word: &str) -> Option<&'static str> {
    let found = WEAK.iter().find(|stem| match WEAK_WHOLE.contains(stem) {
        true => word == **stem,
        false => word.starts_with(**stem),
    });
    found.copied()
}

/// A code of the international classification of diseases (`L40.0`), near a word that says so.
fn is_disease_code(text: &str, words: &[Word], at: usize) -> bool {
    let word = &words[at];
    let raw = &text[word.place.clone()];
    let mut chars = raw.chars();
    let letter = chars.next().is_some_and(|c| c.is_ascii_uppercase());
    let is_code = letter && raw.len() == 3 && chars.all(|c| c.is_ascii_digit());
    let near = words[at.saturating_sub(6)..at].iter();
    let said = ["мкб", "icd", "код", "диагн", "diagn"];
    is_code && near.into_iter().any(|word| said.iter().any(|stem| word.folded.starts_with(stem)))
}
