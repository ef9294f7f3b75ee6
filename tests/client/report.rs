//! A `main` that returns a `Report` prints what to do, in a program of its own on a real socket.

use std::process::Command;

use cqhttp::mock::MockServer;
use cqhttp::{Connect, Report};

/// The program: a bot as the READMEs show it. The tests below start it with an address; by itself it does nothing.
#[tokio::test]
async fn program() -> Result<(), Report> {
    if std::env::var_os("CQHTTP_WS_URL").is_none() {
        return Ok(());
    }
    let (client, _events) = Connect::from_env()?.await?;
    println!("logged in as {}", client.get_login_info().await?.user_id);
    Ok(())
}

/// Runs the program with a token, and returns whether it succeeded and its output.
async fn run(url: &str, token: &str) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "report::program", "--nocapture"])
        .env("CQHTTP_WS_URL", url)
        .env("CQHTTP_ACCESS_TOKEN", token);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.success(), [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat())
}

#[tokio::test]
async fn a_wrong_token_is_named_in_the_output() {
    let at_the_upgrade = MockServer::builder().access_token("right").start().await.unwrap();
    let after_it = MockServer::builder().access_token("right").refuse_after_upgrade(1403).start().await.unwrap(); // as NapCat does
    for server in [&at_the_upgrade, &after_it] {
        let (succeeded, output) = run(&server.ws_url(), "wrong").await;
        assert!(!succeeded);
        let report = output.lines().find(|line| line.starts_with("Error: ")).unwrap();
        assert!(report.contains("the access token is missing or wrong"), "{report}");
        assert!(report.contains("`Connect::access_token`"), "it says where to set the token: {report}");
        if std::ptr::eq(server, &at_the_upgrade) {
            for page in [include_str!("../../README.md"), include_str!("../../README.zh-CN.md")] {
                assert!(page.contains(report), "the READMEs show {report}");
            }
        }
    }
}

#[tokio::test]
async fn with_the_right_token_it_runs() {
    let server = MockServer::builder().access_token("right").start().await.unwrap();
    let (succeeded, output) = run(&server.ws_url(), "right").await;
    assert!(succeeded && output.contains("logged in as "), "{output}");
}

#[test]
fn every_error_and_every_text_becomes_a_report() {
    fn convert() -> Result<(), Report> {
        Err("no group is given")?;
        Ok(())
    }
    let report = convert().unwrap_err();
    assert_eq!(report.to_string(), "no group is given");
    assert_eq!(format!("{report:?}"), report.to_string());

    let report = Report::from("x".parse::<i64>().unwrap_err());
    assert!(report.error().is::<std::num::ParseIntError>());
    assert_eq!(report.to_string(), "invalid digit found in string");
}
