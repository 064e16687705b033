//! When bounces and complaints stop a campaign that runs, until a person has looked.

/// How much trouble a campaign may make; shares count in thousandths of what was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Fewer refusals than this never stop it.
    pub rejections: i64,
    /// A larger share of refusals stops it.
    pub rejected_permille: i64,
    /// Fewer complaints than this never stop it.
    pub complaints: i64,
    /// A larger share of complaints stops it.
    pub complained_permille: i64,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { rejections: 20, rejected_permille: 100, complaints: 3, complained_permille: 3 }
    }
}

/// What stopped a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tripped {
    /// Too many mails were refused or bounced.
    Rejections,
    /// Too many people complained.
    Complaints,
}

impl BreakerLimits {
    /// Whether so many bad ends stop a campaign of which `tried` mails have ended.
    #[must_use]
    pub fn trips(&self, rejected: i64, complaints: i64, tried: i64) -> Option<Tripped> {
        let over = |bad: i64, least: i64, permille: i64| {
            bad >= least.max(1) && bad.saturating_mul(1000) > tried.saturating_mul(permille)
        };
        if over(complaints, self.complaints, self.complained_permille) {
            Some(Tripped::Complaints)
        } else if over(rejected, self.rejections, self.rejected_permille) {
            Some(Tripped::Rejections)
        } else {
            None
        }
    }

    /// How many mails must have ended well or badly for this trouble to be small: counting
    /// further changes no answer.
    #[must_use]
    pub fn enough(&self, rejected: i64, complaints: i64) -> i64 {
        let needed = |bad: i64, least: i64, permille: i64| {
            if bad < least.max(1) { 0 } else { bad.saturating_mul(1000) / permille.max(1) + 1 }
        };
        needed(rejected, self.rejections, self.rejected_permille).max(needed(
            complaints,
            self.complaints,
            self.complained_permille,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_is_stopped_by_a_large_share_of_trouble_and_never_by_a_few_mails() {
        let limits = BreakerLimits::default();
        for (rejected, complaints, tried, expected) in [
            (19, 2, 19, None),
            (20, 0, 199, Some(Tripped::Rejections)),
            (20, 0, 200, None),
            (0, 3, 999, Some(Tripped::Complaints)),
            (0, 3, 1000, None),
            (500, 3, 999, Some(Tripped::Complaints)),
        ] {
            let found = limits.trips(rejected, complaints, tried);
            assert_eq!(found, expected, "{rejected} {complaints} {tried}");
        }
    }

    #[test]
    fn counting_beyond_enough_changes_no_answer() {
        let limits = BreakerLimits::default();
        for rejected in [0, 19, 20, 33, 101] {
            for complaints in [0, 2, 3, 7] {
                let enough = limits.enough(rejected, complaints);
                let tried_least = rejected.max(complaints);
                for tried in tried_least..tried_least + 5000 {
                    assert_eq!(
                        limits.trips(rejected, complaints, tried),
                        limits.trips(rejected, complaints, tried.min(enough)),
                        "{rejected} {complaints} {tried}"
                    );
                }
            }
        }
    }
}
