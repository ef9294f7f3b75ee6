//! Encoding requests and decoding answers, without a network: generated types against hand-written ones, as a ratio.
//!
//! The data are the schema's examples of ten representative actions, and in a second table those of ten that neither OneBot v11
//! nor go-cqhttp has. A round is one batch through each side in turn, so that other load on the machine affects both; a ratio
//! compares the two batches of one round.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

mod hand_written;
mod hand_written_vendor;

use std::hint::black_box;

use cqhttp::action::*;
use cqhttp::{Action, mock};
use cqhttp_benches::rounds::{Case, measure};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn main() {
    measure("codec", &cases(), true);
    measure("codec, vendor", &vendor_cases(), true);
}

/// Encoding and decoding of action `A`, whose hand-written twins are `Q` and `R`.
fn pair<A, Q, R>() -> [Case; 2]
where
    A: cqhttp::KnownAction + DeserializeOwned,
    Q: Serialize + DeserializeOwned + 'static,
    R: DeserializeOwned + 'static,
{
    let info = mock::action(A::NAME).expect("the action is in the table");
    let ours: A = serde_json::from_str(info.example_params).expect("the example is a request");
    let encoded = serde_json::to_vec(&ours).expect("it encodes");
    let twin: Q = serde_json::from_slice(&encoded).expect("the example is a hand-written request");
    let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("it is JSON");
    assert_eq!(json(&encoded), json(&serde_json::to_vec(&twin).expect("it encodes")), "both sides send the same");
    let answer = info.example_answer;
    let decode = move || read::<A>(answer);
    decode();
    [
        Case::new(
            &format!("encode {}", A::NAME),
            move || drop(black_box(serde_json::to_vec(black_box(&ours)))),
            move || drop(black_box(serde_json::to_vec(black_box(&twin)))),
        ),
        Case::new(&format!("decode {}", A::NAME), decode, move || {
            drop(black_box(serde_json::from_str::<R>(black_box(answer)).expect("it decodes")))
        }),
    ]
}

fn read<A: Action>(answer: &str) {
    drop(black_box(cqhttp::__private::answer_data::<A::Response>(black_box(answer)).expect("it decodes")));
}

fn cases() -> Vec<Case> {
    use hand_written as by_hand;
    [
        pair::<GetLoginInfo, by_hand::Nothing, by_hand::LoginInfo>(),
        pair::<SendGroupMsg, by_hand::SendGroupMsg, by_hand::Sent>(),
        pair::<SetGroupBan, by_hand::SetGroupBan, Option<()>>(),
        pair::<GetGroupList, by_hand::NoCache, Vec<by_hand::Group>>(),
        pair::<GetGroupMemberInfo, by_hand::Member, by_hand::MemberInfo>(),
        pair::<GetGroupHonorInfo, by_hand::Honor, by_hand::HonorInfo>(),
        pair::<GetFriendList, by_hand::Friends, Vec<by_hand::Friend>>(),
        pair::<GetGroupRootFiles, by_hand::InGroup, by_hand::Files>(),
        pair::<GetStatus, by_hand::Nothing, by_hand::Status>(),
        pair::<SetGroupAddRequest, by_hand::AddRequest, Option<()>>(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn vendor_cases() -> Vec<Case> {
    use hand_written_vendor as by_hand;
    [
        pair::<GroupPoke, by_hand::Poke, Option<()>>(),
        pair::<GetRkey, by_hand::Nothing, by_hand::RKeys>(),
        pair::<SetMsgEmojiLike, by_hand::EmojiLike, Option<()>>(),
        pair::<FetchEmojiLike, by_hand::EmojiLikers, by_hand::EmojiLikes>(),
        pair::<GetRecentContact, by_hand::Count, Vec<by_hand::Contact>>(),
        pair::<GetGroupShutList, by_hand::InGroup, Vec<by_hand::Muted>>(),
        pair::<GetAiCharacters, by_hand::Voices, Vec<by_hand::VoiceGroup>>(),
        pair::<GetFile, by_hand::File, by_hand::FileInfo>(),
        pair::<GetProfileLike, by_hand::ProfileLike, by_hand::ProfileLikes>(),
        pair::<GetMiniAppArk, by_hand::MiniApp, by_hand::Card>(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
