//! The command `cqhttp-codegen`.

fn main() -> std::process::ExitCode {
    cqhttp_codegen::command::main()
}
