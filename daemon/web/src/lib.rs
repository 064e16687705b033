//! The public pages: the feedback form, the state of a ticket, the lists (subscribe, confirm,
//! unsubscribe), and their JSON endpoints.
//!
//! Called by `consentry`, which passes a listener, the configuration and a [`desk::Desk`]. Here a
//! request is checked for shape and abuse; what follows from it is decided behind the desk.
//! `GET` never changes anything, no page needs a script or sets a cookie, and nothing a person
//! typed reaches a log.

mod asking;
mod assets;
mod caller;
mod challenge;
pub mod config;
pub mod desk;
mod feedback;
mod guard;
mod health;
mod language;
mod limits;
mod lists;
mod network;
mod package;
mod pages;
mod router;
mod rules;
mod serve;
mod status;
mod systems;
mod visitor;
mod web;

pub use config::{Organisation, Policy, PublicUrl, WebConfig};
pub use desk::{
    Act, Agreed, ChallengeAnswer, ChallengeStanding, ChallengeView, ConfirmationState,
    ConfirmationView, ConfirmedList, Desk, DeskError, Health, LeavableList, LeaveAnswer, Leaving,
    OpenList, OpenLists, PackageFile, PackageStanding, PackageView, RequestView, StatusView,
    SystemMessage, SystemMessageAnswer, UnsubscribeView, Visit, Wish, WishAnswer,
};
pub use network::{InvalidNetwork, Network, Peer};
pub use router::router;
pub use rules::{FormRules, InvalidRules, Limit};
pub use serve::{ServeError, serve};
pub use web::{Web, WebError, WebParts};
