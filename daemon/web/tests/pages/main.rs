//! The pages over the whole router, with a scripted desk behind them.

mod api;
mod challenge;
mod confirm;
mod feedback;
mod filing;
mod opt_in;
mod package;
mod puzzle;
mod serving;
mod site;
mod stage;
mod status;
mod subscribe;
mod systems;
mod unsubscribe;
