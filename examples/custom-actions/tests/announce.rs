//! Actions of the crate's own against the simulated server, which answers with the examples of the crate's schema.

use std::error::Error;

use cqhttp::mock::{MockServer, refuse};
use cqhttp::{Action, Client, Effect, GroupId, RefusalCode};
use my_bot::action::{Announce, AnnounceResponse};
use my_bot::call_to_dinner;
use my_bot::prelude::*;
use my_bot::types::{Announcement, AnnouncementId, Voice};

const GROUP: GroupId = GroupId::new(10_001_000);

type Tested = Result<(), Box<dyn Error>>;

async fn server() -> Result<(MockServer, Client), Box<dyn Error>> {
    let server = MockServer::builder().actions(my_bot::mock::ACTIONS).start().await?;
    let client = Client::builder(server.url()).build()?;
    Ok((server, client))
}

#[tokio::test]
async fn an_action_of_our_own_is_a_method_of_the_client() -> Tested {
    let (server, client) = server().await?;
    let answer = client.announce(GROUP, "Dinner is ready").loud(true).await?;
    assert_eq!(answer, AnnounceResponse::example());
    assert_eq!((answer.announcement_id, answer.listeners), (AnnouncementId::new(7), 3));
    let call = &server.calls()[0];
    assert_eq!(call.action, "announce");
    assert_eq!(call.params["group_id"], 10_001_000);
    assert_eq!(call.params["loud"], true);
    assert!(call.params.get("voice").is_none(), "what is optional is not sent unless it is set");
    Ok(())
}

#[tokio::test]
async fn types_of_cqhttp_stand_beside_our_own() -> Tested {
    let (_server, client) = server().await?;
    let announcements: Vec<Announcement> = client.get_announcements(GROUP).await?;
    assert_eq!(announcements[0].group.group_id, GROUP);
    assert_eq!(announcements[0].group.group_name.as_deref(), Some("家"));
    assert_eq!(announcements[0].voice, Voice::Robot);
    assert_eq!(Announcement::example().voice, Voice::Child);
    Ok(())
}

#[tokio::test]
async fn the_stand_in_answers_as_it_is_told() -> Tested {
    let (server, client) = server().await?;
    server.on::<Announce>(|call| {
        let mut answer = AnnounceResponse::example();
        answer.listeners = u32::from(call.loud);
        Ok(answer)
    });
    assert_eq!(client.announce(GROUP, "hush").await?.listeners, 0);
    assert!(call_to_dinner(&client, GROUP).await?);

    server.on::<Announce>(|_| Err(refuse(RefusalCode::from("TOO_LATE"))));
    assert!(!call_to_dinner(&client, GROUP).await?);
    let too_late = client.announce(GROUP, "hush").await.unwrap_err();
    assert!(!too_late.may_have_happened(), "the schema's rule says so");
    server.on::<Announce>(|_| Err(refuse(RefusalCode::GroupNotFound)));
    let refused = call_to_dinner(&client, GROUP).await.unwrap_err();
    assert_eq!(refused.code(), Some(RefusalCode::GroupNotFound));
    Ok(())
}

#[tokio::test]
async fn without_its_table_an_action_is_unknown() -> Tested {
    let server = MockServer::start().await?;
    let client = Client::builder(server.url()).build()?;
    let refused = client.announce(GROUP, "hello").await.unwrap_err();
    assert_eq!(refused.code(), Some(RefusalCode::ApiNotFound));
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "`announce` is an action of another crate")]
async fn a_handler_of_an_unknown_action_is_a_mistake() {
    if let Ok(server) = MockServer::start().await {
        server.on::<Announce>(|_| Ok(AnnounceResponse::example()));
    }
}

/// The actions of `cqhttp` are there as ever, and a request is a plain value.
#[tokio::test]
async fn the_rest_stays_as_it_is() -> Tested {
    let (_server, client) = server().await?;
    assert_eq!(client.get_login_info().await?.nickname.as_deref(), Some("bot"));
    let request = Announce::new(GROUP, "hello").voice(Voice::from("parrot"));
    assert_eq!((request.name(), request.effect()), ("announce", Effect::Send));
    assert_eq!(client.call(request).await?, AnnounceResponse::example());
    Ok(())
}

#[tokio::test]
async fn every_example_goes_through_its_method() -> Tested {
    let (server, client) = server().await?;
    let names: Vec<&str> = my_bot::mock::ACTIONS.iter().copied().flatten().map(|info| info.name).collect();
    assert_eq!(names, ["announce", "_get_announcements"]);
    for info in my_bot::mock::ACTIONS.iter().copied().flatten() {
        info.call_example(client.clone()).await?;
    }
    assert_eq!(server.calls().iter().map(|call| &*call.action).collect::<Vec<_>>(), names);
    Ok(())
}

/// The generated code, which a reviewer may want to see in a snapshot test.
#[test]
fn what_is_generated_can_be_read() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/my_actions.action.rs"));
    assert!(generated.contains("pub struct Announce {"));
}
