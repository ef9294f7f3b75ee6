//! Actions of the crate's own against the simulated server, which answers with the examples of the crate's schema.

use std::error::Error;

use cqhttp::mock::{Fault, MockServer, StreamedAnswer, refuse};
use cqhttp::{Action, Client, Effect, Error as CallError, GroupId, Raw, RefusalCode, RefusalKind};
use my_bot::action::{
    Announce, AnnounceCard, AnnounceResponse, RecordRoom, RecordRoomResponse, SearchAnnouncements, StopAnnouncing,
};
use my_bot::call_to_dinner;
use my_bot::prelude::*;
use my_bot::types::{Announcement, AnnouncementId, RecordedMinute, Voice};

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
    assert_eq!(
        names,
        ["announce", "_get_announcements", "AnnounceCard", "search_announcements", "stop_announcing", "record_room"]
    );
    for info in my_bot::mock::ACTIONS.iter().copied().flatten() {
        info.call_example(client.clone()).await?;
    }
    assert_eq!(server.calls().iter().map(|call| &*call.action).collect::<Vec<_>>(), names);
    Ok(())
}

/// `one_of`: a call with none of the parameters, or with both, is not sent; and the simulated server refuses it.
#[tokio::test]
async fn exactly_one_of_two_parameters_is_set() -> Tested {
    let (server, client) = server().await?;
    let neither = client.announce_card(7).await.unwrap_err();
    assert!(
        matches!(neither, CallError::NotSent(_)) && neither.report().contains("`group_id`, `user_id`"),
        "{neither:?}"
    );
    let both = client.announce_card(7).group_id(GROUP).user_id(10_086).await.unwrap_err();
    assert!(matches!(both, CallError::NotSent(_)), "{both:?}");
    assert!(server.calls().is_empty());
    for params in [r#"{"announcement_id":7}"#, r#"{"announcement_id":7,"group_id":1,"user_id":2}"#] {
        let params: cqhttp::serde_json::Value = cqhttp::serde_json::from_str(params)?;
        let refused = client.call(Raw::new("AnnounceCard", params)).await.unwrap_err();
        assert_eq!(refused.refusal(), Some(RefusalKind::BadParams), "{refused:?}");
    }
    client.announce_card(7).user_id(10_086).await?;
    Ok(())
}

/// `at_most_one`, and `also` with the name of the other parameter: a request is read as it was written.
#[tokio::test]
async fn one_of_two_parameters_goes_out_under_both_names() -> Tested {
    let (server, client) = server().await?;
    client.search_announcements().await?;
    client.search_announcements().number(3).await?;
    client.search_announcements().before(8).await?;
    let asked: Vec<_> = server.calls().into_iter().map(|call| call.params.to_string()).collect();
    assert_eq!(asked, ["{}", r#"{"number":3}"#, r#"{"before":8,"number":8}"#]);
    let seen = server.expect::<SearchAnnouncements>().await;
    assert_eq!(seen, SearchAnnouncements::new());
    assert_eq!(server.expect::<SearchAnnouncements>().await, SearchAnnouncements::new().number(3));
    assert_eq!(server.expect::<SearchAnnouncements>().await, SearchAnnouncements::new().before(8));
    let both = client.search_announcements().number(3).before(8).await.unwrap_err();
    assert!(matches!(both, CallError::NotSent(_)), "{both:?}");
    Ok(())
}

/// `soft_failure`: the envelope reports success, and the answer a refusal.
#[tokio::test]
async fn a_result_other_than_0_is_a_refusal() -> Tested {
    let (server, client) = server().await?;
    let answer = r#"{"status":"ok","retcode":0,"data":{"result":110,"errMsg":"no such announcement"}}"#;
    server.fault_once::<AnnounceCard>(Fault::Text(answer.into()));
    let refused = client.announce_card(7).group_id(GROUP).await.unwrap_err();
    assert_eq!((refused.retcode(), refused.explanation()), (Some(110), Some("no such announcement")));
    Ok(())
}

/// `returns: never`: a connection that the server closes is a success.
#[tokio::test]
async fn a_server_that_ends_has_carried_the_call_out() -> Tested {
    let (server, client) = server().await?;
    client.stop_announcing().await?;
    server.fault_once::<StopAnnouncing>(Fault::DropAfter);
    client.stop_announcing().await?;
    Ok(())
}

/// The generated code, which a reviewer may want to see in a snapshot test.
#[test]
fn what_is_generated_can_be_read() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/my_actions.action.rs"));
    assert!(generated.contains("pub struct Announce {"));
}

#[tokio::test]
async fn an_answer_in_parts_is_a_stream() -> Tested {
    let (server, client) = server().await?;
    let mut minutes = client.record_room(GROUP).stream();
    let first = minutes.next().await.unwrap()?;
    assert_eq!(first, RecordedMinute::example());
    assert_eq!((minutes.received(), minutes.total()), (Some(60), None));
    assert_eq!(minutes.finish().await?, RecordRoomResponse::example());

    server.on_stream::<RecordRoom>(|_| Ok(StreamedAnswer::new([], RecordRoomResponse::example())));
    assert!(client.record_room(GROUP).stream().next().await.is_none());
    Ok(())
}
