//! Has Cargo build again when a canned query is added: the folder is embedded as a whole.

fn main() {
    println!("cargo::rerun-if-changed=queries");
}
