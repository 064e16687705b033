//! The program: one TLS provider for the whole process, then the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    consentry::main()
}
