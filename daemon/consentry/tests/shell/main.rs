//! The built program at the command line.

mod command_line;
mod local;
mod understanding;
