//! What stands after the name of a field: the comparison and its values.

use jiff::civil::Date;

use super::{
    DatePart, DateValue, Decimal, FieldType, MOST_VALUES, Order, Segment, Subject, Test, TextMatch,
    grammar::{Named, Read, Reader, joined, negated},
    token::Token,
};

/// Languages that a contact's mail may have.
const LOCALES: [&str; 2] = ["ru", "en"];

/// Everything after the name.
impl Reader<'_> {
    pub(super) fn comparison(&mut self, named: &Named<'_>) -> Read<Segment> {
        let subject = named.subject;
        if self.takes_word("is") {
            let known = Segment::Test(Test::IsKnown(subject));
            if self.takes_word("known") {
                return Ok(known);
            }
            if self.takes_word("unknown") {
                return Ok(Segment::Not(Box::new(known)));
            }
            return Err(self.expected("`known` or `unknown`"));
        }
        if self.takes(&Token::Sign(".")) {
            return self.date_part(named);
        }
        match named.kind {
            FieldType::Text | FieldType::Choice => self.text_test(named),
            FieldType::Number => {
                self.ordered(Self::number, |order, value| Test::Number(subject, order, value))
            }
            FieldType::Date => {
                self.ordered(Self::day, |order, value| Test::Date(subject, order, value))
            }
            FieldType::YesNo => {
                let is_not = self.equality()?;
                let value = if self.takes_word("yes") {
                    true
                } else if self.takes_word("no") {
                    false
                } else {
                    return Err(self.expected("`yes` or `no`"));
                };
                Ok(negated(is_not, Segment::Test(Test::YesNo(subject, value))))
            }
        }
    }

    /// Whether `!=` stands here instead of `=`.
    fn equality(&mut self) -> Read<bool> {
        if self.takes(&Token::Sign("=")) {
            return Ok(false);
        }
        if self.takes(&Token::Sign("!=")) {
            return Ok(true);
        }
        Err(self.expected("`=` or `!=`"))
    }

    fn text_test(&mut self, named: &Named<'_>) -> Read<Segment> {
        let subject = named.subject;
        if self.takes_word("in") {
            let values = self.values(|reader| reader.word_of(named))?;
            return Ok(Segment::Test(Test::Text(subject, TextMatch::Equals, values)));
        }
        for (word, how) in
            [("contains", TextMatch::Contains), ("starts_with", TextMatch::StartsWith)]
        {
            if named.kind == FieldType::Text && self.takes_word(word) {
                let value = self.some_text()?;
                return Ok(Segment::Test(Test::Text(subject, how, vec![value])));
            }
        }
        let is_not = match self.equality() {
            Ok(is_not) => is_not,
            Err(_) if named.kind == FieldType::Text => {
                return Err(
                    self.expected("`=`, `!=`, `in`, `contains`, `starts_with` or `is known`")
                );
            }
            Err(_) => return Err(self.expected("`=`, `!=`, `in` or `is known`")),
        };
        let value = self.word_of(named)?;
        let test = Test::Text(subject, TextMatch::Equals, vec![value]);
        Ok(negated(is_not, Segment::Test(test)))
    }

    fn date_part(&mut self, named: &Named<'_>) -> Read<Segment> {
        if named.kind != FieldType::Date {
            return Err(self.wrong("only a date has a month and a day"));
        }
        let (part, most) = if self.takes_word("month") {
            (DatePart::Month, 12)
        } else if self.takes_word("day") {
            (DatePart::Day, 31)
        } else {
            return Err(self.expected("`month` or `day`"));
        };
        let subject = named.subject;
        self.ordered(
            |reader| {
                let start = reader.next;
                let number = reader.number()?;
                let whole = number.millionths() / 1_000_000;
                match i8::try_from(whole) {
                    Ok(value)
                        if (1..=most).contains(&value) && number.millionths() % 1_000_000 == 0 =>
                    {
                        Ok(value)
                    }
                    _ => {
                        reader.next = start;
                        Err(reader.wrong(&format!("a {} is 1 to {most}", part.name())))
                    }
                }
            },
            |order, value| Test::DatePart(subject, part, order, value),
        )
    }

    /// `< 3`, `!= 3` or `in (1, 2)`.
    fn ordered<V>(
        &mut self,
        value: impl Fn(&mut Self) -> Read<V>,
        test: impl Fn(Order, V) -> Test,
    ) -> Read<Segment> {
        if self.takes_word("in") {
            let values = self.values(value)?;
            let parts =
                values.into_iter().map(|value| Segment::Test(test(Order::Equal, value))).collect();
            return Ok(joined(parts, Segment::Or));
        }
        if self.takes(&Token::Sign("!=")) {
            let equal = Segment::Test(test(Order::Equal, value(self)?));
            return Ok(negated(true, equal));
        }
        for order in Order::ALL {
            if self.takes(&Token::Sign(order.name())) {
                return Ok(Segment::Test(test(*order, value(self)?)));
            }
        }
        Err(self.expected("`=`, `!=`, `<`, `<=`, `>`, `>=`, `in` or `is known`"))
    }

    /// `(a, b)`.
    pub(super) fn values<V>(&mut self, value: impl Fn(&mut Self) -> Read<V>) -> Read<Vec<V>> {
        self.needs("(")?;
        let mut values = vec![value(self)?];
        while self.takes(&Token::Sign(",")) {
            if values.len() == MOST_VALUES {
                return Err(self.wrong(&format!(
                    "`in` takes at most {MOST_VALUES} values; give these contacts a tag instead"
                )));
            }
            values.push(value(self)?);
        }
        self.needs(")")?;
        Ok(values)
    }

    pub(super) fn some_text(&mut self) -> Read<String> {
        match self.peek() {
            Some(Token::Text(text)) if !text.trim().is_empty() => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            Some(Token::Text(_)) => {
                Err(self.wrong("an empty text matches nobody; say `is unknown`"))
            }
            _ => Err(self.expected("a text in \"quotes\"")),
        }
    }

    /// A text that the field may hold; the words of a choice and languages may do without quotes.
    fn word_of(&mut self, named: &Named<'_>) -> Read<String> {
        let choices: Vec<&str> = match (named.subject, named.field) {
            (Subject::Locale, _) => LOCALES.to_vec(),
            (_, Some(field)) if field.kind == FieldType::Choice => {
                field.choices.iter().map(String::as_str).collect()
            }
            _ => return self.some_text(),
        };
        let word = match self.peek() {
            Some(Token::Text(word) | Token::Word(word)) => word.to_lowercase(),
            _ => return Err(self.expected(&format!("one of: {}", choices.join(", ")))),
        };
        let Some(choice) = choices.iter().find(|choice| choice.to_lowercase() == word) else {
            return Err(self.wrong(&format!("it is one of: {}", choices.join(", "))));
        };
        let choice = (*choice).to_owned();
        self.next += 1;
        Ok(choice)
    }

    fn number(&mut self) -> Read<Decimal> {
        let is_negative = self.takes(&Token::Sign("-"));
        let Some(Token::Number(number)) = self.peek() else {
            return Err(self.expected("a number"));
        };
        let number = *number;
        self.next += 1;
        let sign = if is_negative { -1 } else { 1 };
        Ok(Decimal::from_millionths(sign * number.millionths()))
    }

    fn day(&mut self) -> Read<DateValue> {
        if let Some(Token::Date(date)) = self.peek() {
            let date: Date = *date;
            self.next += 1;
            return Ok(DateValue::On(date));
        }
        if !self.takes_word("today") {
            return Err(self.expected("a date such as 2026-01-31, or `today`"));
        }
        let (mut months, mut days) = (0_i32, 0_i32);
        loop {
            let sign = if self.takes(&Token::Sign("-")) {
                -1
            } else if self.takes(&Token::Sign("+")) {
                1
            } else {
                return Ok(DateValue::Today { months, days });
            };
            let count = self.count()?;
            let unit = match self.peek() {
                Some(Token::Word(unit)) => unit.clone(),
                _ => return Err(self.expected("`days`, `weeks`, `months` or `years`")),
            };
            match unit.as_str() {
                "day" | "days" => days = days.saturating_add(sign * count),
                "week" | "weeks" => days = days.saturating_add(sign * count * 7),
                "month" | "months" => months = months.saturating_add(sign * count),
                "year" | "years" => months = months.saturating_add(sign * count * 12),
                _ => return Err(self.expected("`days`, `weeks`, `months` or `years`")),
            }
            self.next += 1;
        }
    }

    /// A whole number up to 10,000.
    fn count(&mut self) -> Read<i32> {
        let start = self.next;
        let millionths = self.number()?.millionths();
        match i32::try_from(millionths / 1_000_000) {
            Ok(count) if count <= 10_000 && millionths % 1_000_000 == 0 && count >= 0 => Ok(count),
            _ => {
                self.next = start;
                Err(self.wrong("a whole number up to 10000 is expected"))
            }
        }
    }
}
