//! The parts of NapCat's document 4.18.13 that are known not to fit.

use super::Known;

pub(super) const KNOWN: Known<'_> = Known {
    // `schema/untyped.yaml` has the reasons.
    untyped: &[
        "download_file_image_stream",
        "download_file_record_stream",
        "download_file_stream",
        "test_download_stream",
    ],
    // That example has an empty object as its data.
    shared: &[
        ".handle_quick_operation",
        "_mark_all_as_read",
        "_send_group_notice",
        "_set_model_show",
        "cancel_group_todo",
        "clean_cache",
        "complete_group_todo",
        "delete_msg",
        "forward_friend_single_msg",
        "forward_group_single_msg",
        "friend_poke",
        "get_group_signed_list",
        "get_online_clients",
        "group_poke",
        "mark_group_msg_as_read",
        "mark_msg_as_read",
        "mark_private_msg_as_read",
        "nc_get_packet_status",
        "send_group_ai_record",
        "send_group_sign",
        "send_like",
        "send_poke",
        "set_friend_add_request",
        "set_friend_remark",
        "set_group_add_option",
        "set_group_add_request",
        "set_group_admin",
        "set_group_ban",
        "set_group_card",
        "set_group_kick",
        "set_group_kick_members",
        "set_group_leave",
        "set_group_name",
        "set_group_remark",
        "set_group_robot_add_option",
        "set_group_search",
        "set_group_sign",
        "set_group_special_title",
        "set_group_todo",
        "set_group_whole_ban",
        "set_online_status",
        "set_qq_avatar",
        "set_restart",
    ],
    misfits: &[
        ("_get_group_notice", "data.0.message: no `images`"),
        ("_get_model_show", "data: not of type array"),
        ("clean_stream_temp_file", "data: not of type null"),
        ("get_doubt_friends_add_request", "data: not of type object"),
        ("get_essence_msg_list", "data.0.content: not of type array; data.0: no `msg_random`; data.0: no `msg_seq`"),
        ("get_file", "data.file_size: not of type string"),
        ("get_flash_file_list", "data: not of type object"),
        ("get_group_at_all_remain", "data: no `remain_at_all_count_for_uin`"),
        ("get_group_detail_info", "data: no `group_all_shut`; data: no `group_remark`"),
        (
            "get_group_honor_info",
            "data: no `emotion_list`; data: no `legend_list`; data: no `performer_list`; data: no `strong_newbie_list`",
        ),
        ("get_group_info", "data: no `group_all_shut`; data: no `group_remark`"),
        ("get_group_list", "data.0: no `group_all_shut`; data.0: no `group_remark`"),
        ("get_guild_list", "data: not of type null"),
        ("get_guild_service_profile", "data: not of type null"),
        (
            "get_msg",
            "data.message: not of type object; data: no `font`; data: no `message_seq`; data: no `raw_message`; data: no `user_id`",
        ),
        (
            "get_recent_contact",
            "data.0: no `chatType`; data.0: no `remark`; data.0: no `sendMemberName`; data.0: no `sendNickName`",
        ),
        ("get_share_link", "data: not of type object"),
        (
            "get_stranger_info",
            "data: no `age`; data: no `is_vip`; data: no `is_years_vip`; data: no `login_days`; data: no `long_nick`; data: no `qid`; data: no `qqLevel`; data: no `reg_time`; data: no `remark`; data: no `status`; data: no `uid`; data: no `vip_level`",
        ),
    ],
    unread: &[
        ("fetch_custom_face_detail", "the example: an object where a list is expected", SAYS_NOTHING),
        ("get_clientkey", "the required fields: nothing where the action answers something", NEVER_ABSENT),
        ("get_private_file_url", "the required fields: nothing where the action answers something", NEVER_ABSENT),
        ("send_online_file", "the example: nothing where the action answers something", SAYS_NOTHING),
        ("send_online_folder", "the example: nothing where the action answers something", SAYS_NOTHING),
    ],
    dropped: &[
        ("fetch_emoji_like", "errMsg", QQ_STATUS),
        ("fetch_emoji_like", "result", QQ_STATUS),
        ("get_friend_list", "[].categoryId", NEVER_SENT),
        ("get_friend_list", "[].categoryName", NEVER_SENT),
        ("get_friend_list", "[].login_days", NEVER_SENT),
        ("get_friends_with_category", "[].buddyList[].categoryId", NEVER_SENT),
        ("get_friends_with_category", "[].buddyList[].categoryName", NEVER_SENT),
        ("get_friends_with_category", "[].buddyList[].login_days", NEVER_SENT),
        ("get_group_member_info", "qage", NEVER_SENT),
        ("get_login_info", "age", NEVER_SENT),
        ("get_login_info", "birthday_day", NEVER_SENT),
        ("get_login_info", "birthday_month", NEVER_SENT),
        ("get_login_info", "birthday_year", NEVER_SENT),
        ("get_login_info", "categoryId", NEVER_SENT),
        ("get_login_info", "categoryName", NEVER_SENT),
        ("get_login_info", "category_id", NEVER_SENT),
        ("get_login_info", "email", NEVER_SENT),
        ("get_login_info", "level", NEVER_SENT),
        ("get_login_info", "login_days", NEVER_SENT),
        ("get_login_info", "phone_num", NEVER_SENT),
        ("get_login_info", "qid", NEVER_SENT),
        ("get_login_info", "remark", NEVER_SENT),
        ("get_login_info", "sex", NEVER_SENT),
        ("get_msg", "font", FONT),
        ("get_msg", "user_id", SENDER),
        ("move_group_file", "ok", ALWAYS_TRUE),
        ("rename_group_file", "ok", ALWAYS_TRUE),
        ("set_group_portrait", "errMsg", QQ_STATUS),
        ("set_group_portrait", "result", QQ_STATUS),
        ("trans_group_file", "ok", ALWAYS_TRUE),
    ],
    requests: &[
        ("get_mini_app_ark", "the required parameters: none of the types", MINI_APP),
        ("send_forward_msg", "all parameters: no `message`", MESSAGES),
        ("send_forward_msg", "the required parameters: no `message`", MESSAGES),
        ("send_group_forward_msg", "all parameters: no `message`", MESSAGES),
        ("send_group_forward_msg", "the required parameters: no `message`", MESSAGES),
        ("send_private_forward_msg", "all parameters: no `message`", MESSAGES),
        ("send_private_forward_msg", "the required parameters: no `message`", MESSAGES),
        ("set_qq_profile", "the required parameters: no `nickname`", NICKNAME),
    ],
};

const SAYS_NOTHING: &str =
    "The example is one for several actions, an empty object, and the schema does not name any field.";
const NEVER_ABSENT: &str = "The only field is optional in the schema, and the server's code always sets it.";
const MINI_APP: &str = "With `app_id`, NapCat requires parameters that `type` does not need; the docs name them.";
const MESSAGES: &str = "NapCat takes `messages` as `message` before it compares, and its own example has `messages`.";
const NICKNAME: &str = "The other servers keep a nickname that is not sent; the docs say that NapCat requires it.";
const QQ_STATUS: &str = "QQ's code of success: a failure is a refusal, and of a success it says nothing.";
const NEVER_SENT: &str = "The server's code has no place that sends it.";
const FONT: &str = "The number of a font, always the same, which no client uses.";
const SENDER: &str = "The `sender` has it as well.";
const ALWAYS_TRUE: &str = "The server's code sends `true` alone, and refuses otherwise.";
