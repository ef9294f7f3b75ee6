//! A call of the new action on the simulated server.

use cqhttp::action::CancelGroupTodo;
use cqhttp::mock::MockServer;
use cqhttp::{Client, Report};

#[tokio::main]
async fn main() -> Result<(), Report> {
    let server = MockServer::start().await?;
    let client = Client::builder(server.url()).build()?;
    client.cancel_group_todo(10001000).message_id(7).await?;
    let call = server.expect::<CancelGroupTodo>().await;
    assert_eq!(call, CancelGroupTodo::new(10001000).message_id(7));
    println!("the simulated server has received {call:?}");
    Ok(())
}
