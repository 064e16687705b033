//! The pages that have a template, one for all languages; their words are in `page/words/`.

/// A page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageName {
    /// The feedback form, fresh or with errors.
    Feedback,
    /// What is shown after a form was filed.
    FeedbackFiled,
    /// The question for ticket number and code.
    Status,
    /// The state of a ticket.
    StatusShown,
    /// The subscription form, fresh or with errors.
    Subscribe,
    /// What is shown after a subscription form was sent.
    SubscribeSent,
    /// The subscription form as a piece of HTML for another site.
    SubscribeForm,
    /// What a confirmation link stands for, with its button, and what was confirmed.
    SubscribeConfirm,
    /// A confirmation link that is over, or is none of ours.
    SubscribeEnded,
    /// What an unsubscribe link stands for, with its buttons, and what was left.
    Unsubscribe,
    /// An unsubscribe link that is none of ours.
    UnsubscribeUnknown,
    /// The link of a package of a person's own data, with its button.
    Package,
    /// A link of a package that gives no file any more.
    PackageEnded,
    /// What a package says for people: a page of its own, inside the file.
    PackageIndex,
    /// The link of a challenge with its two buttons, and what was answered.
    Challenge,
    /// The question for ticket number and code of a challenge.
    ChallengeCode,
    /// Something went wrong: what, and what the person can do.
    Problem,
}

impl PageName {
    /// All pages.
    pub const ALL: [Self; 17] = [
        Self::Feedback,
        Self::FeedbackFiled,
        Self::Status,
        Self::StatusShown,
        Self::Subscribe,
        Self::SubscribeSent,
        Self::SubscribeForm,
        Self::SubscribeConfirm,
        Self::SubscribeEnded,
        Self::Unsubscribe,
        Self::UnsubscribeUnknown,
        Self::Package,
        Self::PackageEnded,
        Self::PackageIndex,
        Self::Challenge,
        Self::ChallengeCode,
        Self::Problem,
    ];

    /// The name of the template file under `templates/page/`, without endings.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::FeedbackFiled => "feedback_filed",
            Self::Status => "status",
            Self::StatusShown => "status_shown",
            Self::Subscribe => "subscribe",
            Self::SubscribeSent => "subscribe_sent",
            Self::SubscribeForm => "subscribe_form",
            Self::SubscribeConfirm => "subscribe_confirm",
            Self::SubscribeEnded => "subscribe_ended",
            Self::Unsubscribe => "unsubscribe",
            Self::UnsubscribeUnknown => "unsubscribe_unknown",
            Self::Package => "package",
            Self::PackageEnded => "package_ended",
            Self::PackageIndex => "package_index",
            Self::Challenge => "challenge",
            Self::ChallengeCode => "challenge_code",
            Self::Problem => "problem",
        }
    }
}
