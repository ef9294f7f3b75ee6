//! Actions of the crate's own against the stand-in server, which answers with the examples of the crate's schema.

use cqhttp::mock::{Server, refuse};
use cqhttp::{Action, Client, Effect, GroupId, RefusalCode};
use custom_actions::action::{Announce, AnnounceResponse};
use custom_actions::prelude::*;
use custom_actions::types::{Announcement, AnnouncementId, Voice};
use custom_actions::{call_to_dinner, mock};

const GROUP: GroupId = GroupId::new(10_001_000);

async fn server() -> (Server, Client) {
    let server = Server::builder().actions(mock::ACTIONS).start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (server, client)
}

#[tokio::test]
async fn an_action_of_our_own_is_a_method_of_the_client() {
    let (server, client) = server().await;
    let answer = client.announce(GROUP, "Dinner is ready").loud(true).await.unwrap();
    assert_eq!(answer, AnnounceResponse::example());
    assert_eq!((answer.announcement_id, answer.listeners), (AnnouncementId::new(7), 3));
    let calls = server.calls();
    assert_eq!(calls[0].action, "announce");
    assert_eq!(calls[0].params["group_id"], 10_001_000);
    assert_eq!(calls[0].params["loud"], true);
    assert!(calls[0].params.get("voice").is_none(), "what is optional is not sent unless it is set");
}

#[tokio::test]
async fn types_of_cqhttp_stand_beside_our_own() {
    let (_server, client) = server().await;
    let announcements: Vec<Announcement> = client.get_announcements(GROUP).await.unwrap();
    assert_eq!(announcements[0].group.group_id, GROUP);
    assert_eq!(announcements[0].group.group_name, "家");
    assert_eq!(announcements[0].voice, Voice::Robot);
    assert_eq!(Announcement::example().voice, Voice::Child);
}

#[tokio::test]
async fn the_stand_in_answers_as_it_is_told() {
    let (server, client) = server().await;
    server.on::<Announce>(|call| {
        let mut answer = AnnounceResponse::example();
        answer.listeners = u32::from(call.loud);
        Ok(answer)
    });
    assert_eq!(client.announce(GROUP, "hush").await.unwrap().listeners, 0);
    assert!(call_to_dinner(&client, GROUP).await.unwrap());

    server.on::<Announce>(|_| Err(refuse(RefusalCode::from("TOO_LATE"))));
    assert!(!call_to_dinner(&client, GROUP).await.unwrap());
    server.on::<Announce>(|_| Err(refuse(RefusalCode::GroupNotFound)));
    let error = call_to_dinner(&client, GROUP).await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::GroupNotFound));
}

/// A handler alone makes an action known; without the table there is no example to answer with.
#[tokio::test]
async fn without_the_table_the_stand_in_knows_what_it_is_told() {
    let server = Server::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let error = client.announce(GROUP, "hello").await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::ApiNotFound));
    server.on::<Announce>(|_| Ok(AnnounceResponse::example()));
    assert_eq!(client.announce(GROUP, "hello").await.unwrap(), AnnounceResponse::example());
}

/// The actions of `cqhttp` are there as ever, and a request is a plain value.
#[tokio::test]
async fn the_rest_stays_as_it_is() {
    let (_server, client) = server().await;
    assert_eq!(client.get_login_info().await.unwrap().nickname, "bot");
    let request = Announce::new(GROUP, "hello").voice(Voice::from("parrot"));
    assert_eq!((request.name(), request.effect()), ("announce", Effect::Send));
    assert_eq!(client.call(request).await.unwrap(), AnnounceResponse::example());
}

#[tokio::test]
async fn every_example_goes_through_its_method() {
    let (server, client) = server().await;
    for info in mock::ACTIONS.iter().copied().flatten() {
        info.call_example(client.clone()).await.unwrap();
        assert_eq!(server.calls().last().unwrap().action, info.name);
    }
    assert_eq!(server.calls().len(), 2);
}
