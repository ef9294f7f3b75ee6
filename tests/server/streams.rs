//! Answers in parts over a connection that the server made.

use cqhttp::mock::{Dial, Fault, MockServer, StreamFault, World};
use support::peer::soon;

use crate::any;

#[tokio::test]
async fn parts_arrive_over_a_reverse_websocket() {
    let world = World::new().content("hello.txt", "Hello World");
    let account = MockServer::builder().world(world).start().await.unwrap();
    let mut bot = any().await.unwrap();
    account.dial(Dial::to(format!("ws://{}", bot.local_addr().unwrap())));
    let client = soon(bot.next()).await.unwrap().client;
    let mut parts = client.download_file_stream().file("hello.txt").chunk_size(4).stream();
    let mut pieces = Vec::new();
    while let Some(part) = soon(parts.next()).await {
        pieces.extend(part.unwrap().data);
    }
    assert_eq!(pieces, ["SGVsbA==", "byBXbw==", "cmxk"]);
    assert_eq!(soon(parts.finish()).await.unwrap().total_bytes, Some(11));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved");
    // The server connects again.
    account.faults(Fault::script([Fault::Stream(StreamFault::Cut(2))]));
    soon(client.save_file("hello.txt").chunk_size(4).to(&path)).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"Hello World");
}
