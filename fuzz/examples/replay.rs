//! Runs one input without the fuzzer: `replay answers fuzz/artifacts/answers/crash-…`.

use std::error::Error;
use std::fs;

use cqhttp_fuzz::{answers, cq, events, frames, messages};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [target, file] = args.as_slice() else { return Err("say which target, and which file".into()) };
    let input = fs::read(file)?;
    match target.as_str() {
        "answers" => {
            println!("{}", answers::describe(&input));
            answers::check(&input);
        }
        "events" => events::check(&input),
        "frames" => frames::check(&input),
        "messages" => messages::check(&input),
        "cq" => cq::check(&input),
        other => return Err(format!("there is no target `{other}`").into()),
    }
    println!("nothing to complain of");
    Ok(())
}
