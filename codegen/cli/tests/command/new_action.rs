//! From what a server publishes to a typed call, as a person does it: `tests/new_action/run`.

use std::process::Command;

use crate::support::root;

#[test]
#[ignore = "compiles the crate once more: `.ci/run` runs it"]
fn an_action_becomes_a_typed_call_from_what_its_server_publishes() {
    let mut run = Command::new(root("tests/new_action/run"));
    let said = run.env("CQHTTP_CODEGEN", env!("CARGO_BIN_EXE_cqhttp-codegen")).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    let steps: Vec<&str> = out.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(steps, ["== import", "== complete and check", "== generate, and call", "== review"], "{out}");
    assert!(out.contains("the simulated server has received CancelGroupTodo { group_id: GroupId(10001000)"), "{out}");
    assert!(out.ends_with("cancel_group_todo: imported, checked, generated, called and reviewed\n"), "{out}");
}
