//! The `infra` binary: everything it does lies in the library.
fn main() -> std::process::ExitCode {
    infra::main()
}
