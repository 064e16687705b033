//! Tests of the whole: the house itself, the harness, and the flows on real servers.
//!
//! One binary, since linking costs more than running. The flows drive the built program.

mod architecture;
mod campaign_crashes;
mod campaign_desk;
mod campaign_feedback;
mod campaign_mails;
mod campaign_on_servers;
mod campaign_refusals;
mod campaign_relay;
mod clinic;
mod command_line;
mod crashes;
mod demo;
mod faults;
mod hostile;
mod inbound;
mod licences;
mod lists_opt_in;
mod packaging;
mod pages;
mod restored;
mod servers;
mod shared;
mod stories;
mod systemd;
