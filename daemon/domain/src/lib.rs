//! The functional core of Consentry: types, state machines, clocks, the gate and plans.
//!
//! Every decision of the product is made here, by pure functions of facts and `now`. There is no
//! async code, no input or output, no reading of time or randomness: both are arguments, and the
//! shells pass them in through [`ambient::Clock`] and [`ambient::Entropy`].

pub mod act;
pub mod address;
pub mod ambient;
pub mod audit;
pub mod authentication;
pub mod block;
pub mod bounce;
pub mod calendar;
pub mod campaign;
pub mod challenge;
pub mod classification;
pub mod clock;
pub mod consent;
pub mod correction;
pub mod data_file;
pub mod data_map;
pub mod decision;
pub mod delivery;
pub mod digest;
pub mod disclosure;
pub mod filing;
pub mod form;
pub mod gate;
pub mod identity;
pub mod ids;
pub mod incident;
pub mod journal;
pub mod language;
pub mod law;
pub mod letter;
pub mod localisation;
pub mod mail;
pub mod message;
pub mod people;
pub mod plan;
pub mod processing;
pub mod regime;
pub mod request;
pub mod retention;
pub mod segment;
pub mod special;
pub mod subscription;
pub mod ticket;
pub mod ticket_number;
pub mod webhook;
pub mod words;

pub use jiff::Timestamp;
