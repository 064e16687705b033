//! Which regimes protect a person, by rules of the configuration: the first that fits holds.

use super::RegimeId;

/// A rule: every list that is not empty must hold the person's word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegimeRule {
    /// Languages, such as `de`.
    pub locales: Vec<String>,
    /// Zones, or their beginnings up to a `/`: `Europe/Berlin`, `Europe/`.
    pub zones: Vec<String>,
    /// Countries by the last label of the address: `de`, `fr`.
    pub countries: Vec<String>,
    /// What then holds.
    pub regimes: Vec<RegimeId>,
}

/// What is known of a person; empty where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Person<'a> {
    /// Language.
    pub locale: &'a str,
    /// Zone.
    pub zone: &'a str,
    /// The last label of the address.
    pub country: &'a str,
}

impl RegimeRule {
    fn fits(&self, person: &Person<'_>) -> bool {
        let holds = |list: &[String], word: &str| {
            list.is_empty() || list.iter().any(|known| known.eq_ignore_ascii_case(word))
        };
        let zone_fits = |known: &String| {
            known == person.zone
                || (known.ends_with('/') && person.zone.starts_with(known.as_str()))
        };
        let zones = self.zones.is_empty() || self.zones.iter().any(zone_fits);
        zones && holds(&self.locales, person.locale) && holds(&self.countries, person.country)
    }
}

/// The regimes of the first rule that fits; `None` when none does.
#[must_use]
pub fn by_rule<'a>(rules: &'a [RegimeRule], person: &Person<'_>) -> Option<&'a [RegimeId]> {
    rules.iter().find(|rule| rule.fits(person)).map(|rule| rule.regimes.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_holds() {
        let id = |text| RegimeId::parse(text).expect("an id");
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let rules = [
            RegimeRule {
                countries: words(&["de", "fr"]),
                regimes: vec![id("eu-gdpr")],
                ..RegimeRule::default()
            },
            RegimeRule {
                zones: words(&["Europe/Berlin", "America/"]),
                locales: words(&["en"]),
                regimes: vec![id("ru-152fz"), id("eu-gdpr")],
                ..RegimeRule::default()
            },
        ];
        for (locale, zone, country, expected) in [
            ("ru", "Europe/Moscow", "DE", Some(1)),
            ("en", "Europe/Berlin", "com", Some(2)),
            ("en", "America/New_York", "com", Some(2)),
            ("ru", "Europe/Berlin", "com", None),
            ("en", "Europe/Moscow", "ru", None),
            ("", "", "", None),
        ] {
            let person = Person { locale, zone, country };
            assert_eq!(by_rule(&rules, &person).map(<[_]>::len), expected, "{person:?}");
        }
    }
}
