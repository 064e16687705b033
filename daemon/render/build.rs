//! Tells cargo that a new or removed template is a change of this crate: the embedding macro
//! alone notices only changes of the files that it saw last time.

fn main() {
    println!("cargo:rerun-if-changed=../../templates");
}
