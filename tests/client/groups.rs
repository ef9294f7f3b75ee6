//! Actions about groups, their albums and files, that go-cqhttp does not have: what they send, and how pages are followed.

use cqhttp::action::{GetGroupAlbumMediaList, GetGroupAlbumMediaListResponse};
use cqhttp::mock::MockServer;
use cqhttp::types::{GroupAddOption, GroupMsgMask};
use cqhttp::{Client, Message, Segment};
use serde_json::{Value, json};

async fn connected() -> (MockServer, Client) {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (server, client)
}

fn sent(server: &MockServer) -> Vec<Value> {
    server.calls().into_iter().map(|call| call.params).collect()
}

#[tokio::test]
async fn an_album_is_followed_to_its_last_page() {
    let (server, client) = connected().await;
    server.on::<GetGroupAlbumMediaList>(|request| {
        let mut answer = GetGroupAlbumMediaListResponse::example();
        // The last page has an empty text on all servers.
        answer.next_attach_info = Some(if request.attach_info.is_none() { "second" } else { "" }.to_owned());
        answer.next_has_more = Some(request.attach_info.is_none());
        Ok(answer)
    });
    let mut pages = client.get_group_album_media_list(10001000, "V61Y").pages();
    let mut images = Vec::new();
    while let Some(page) = pages.next().await {
        let media = page.unwrap().media_list.into_iter().filter_map(|media| media.image?.lloc);
        images.extend(media);
    }
    assert_eq!(images.len(), 2);
    let first = json!({ "group_id": 10001000, "album_id": "V61Y" });
    let second = json!({ "group_id": 10001000, "album_id": "V61Y", "attach_info": "second" });
    assert_eq!(sent(&server), [first, second]);
    // An image of the list is what calls about it take.
    client.del_group_album_media(10001000, "V61Y", &images[0]).await.unwrap();
}

#[tokio::test]
async fn settings_of_a_notice_are_sent_only_if_they_are_set() {
    let (server, client) = connected().await;
    client.send_group_notice(10001000, "hi").await.unwrap();
    client.send_group_notice(10001000, "hi").pinned(true).confirm_required(false).notice_type(20).await.unwrap();
    let plain = json!({ "group_id": 10001000, "content": "hi" });
    let set = json!({ "group_id": 10001000, "content": "hi", "pinned": true, "confirm_required": false, "type": 20 });
    assert_eq!(sent(&server), [plain, set]);
}

#[tokio::test]
async fn settings_of_groups_go_out_under_the_names_and_numbers_of_the_servers() {
    let (server, client) = connected().await;
    client.set_group_kick_members(10001000, [10086.into(), 10010.into()]).await.unwrap();
    client.batch_delete_group_member(10001000, [10086.into(), 10010.into()]).await.unwrap();
    client.set_group_add_option(10001000, GroupAddOption::Nobody).await.unwrap();
    client.set_group_msg_mask(10001000, GroupMsgMask::Silent).await.unwrap();
    client.set_group_todo(10001000, 5).message_seq(7).await.unwrap();
    let expected = [
        json!({ "group_id": 10001000, "user_id": [10086, 10010], "reject_add_request": false }),
        json!({ "group_id": 10001000, "user_ids": [10086, 10010] }),
        json!({ "group_id": 10001000, "add_type": 3 }),
        json!({ "group_id": 10001000, "mask": 4 }),
        json!({ "group_id": 10001000, "message_id": 5, "message_seq": 7 }),
    ];
    assert_eq!(sent(&server), expected);
}

/// A file segment's id is typed as that of a group's file, since it does not know the chat.
#[tokio::test]
async fn actions_about_files_take_the_id_of_a_received_file() {
    let (server, client) = connected().await;
    let received = json!([{ "type": "file", "data": { "file": "march.pdf", "file_id": "1a2b", "file_hash": "EQQR" } }]);
    let message: Message = serde_json::from_value(received).unwrap();
    let Some(Segment::File(file)) = message.first() else { panic!("{message:?}") };
    let id = file.file_id.as_ref().unwrap();
    client.get_private_file_url(id).user_id(10086).file_hash(file.file_hash.clone().unwrap()).await.unwrap();
    client.get_private_file_url(id.clone()).await.unwrap();
    client.get_file(id.as_str()).download(false).await.unwrap();
    client.move_group_file(10001000, id, "/", "/docs").await.unwrap();
    let expected = [
        json!({ "file_id": "1a2b", "user_id": 10086, "file_hash": "EQQR" }),
        json!({ "file_id": "1a2b" }),
        // Names that servers read differently go out together.
        json!({ "file_id": "1a2b", "file": "1a2b", "download": false }),
        json!({
            "group_id": 10001000,
            "file_id": "1a2b",
            "parent_directory": "/",
            "current_parent_directory": "/",
            "target_directory": "/docs",
            "target_parent_directory": "/docs",
        }),
    ];
    assert_eq!(sent(&server), expected);
}
