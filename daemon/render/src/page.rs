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
    /// Something went wrong: what, and what the person can do.
    Problem,
}

impl PageName {
    /// All pages.
    pub const ALL: [Self; 5] =
        [Self::Feedback, Self::FeedbackFiled, Self::Status, Self::StatusShown, Self::Problem];

    /// The name of the template file under `templates/page/`, without endings.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::FeedbackFiled => "feedback_filed",
            Self::Status => "status",
            Self::StatusShown => "status_shown",
            Self::Problem => "problem",
        }
    }
}
