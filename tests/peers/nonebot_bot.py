"""A bot on NoneBot's OneBot adapter. What all these bots do is in drive.py."""

import asyncio
import json
import os

import nonebot
from nonebot.adapters.onebot.v11 import (
    ActionFailed,
    Adapter,
    Bot,
    GroupBanNoticeEvent,
    GroupMessageEvent,
    HeartbeatMetaEvent,
    Message,
    MessageSegment,
    PrivateMessageEvent,
)
from nonebot.compat import type_validate_python

transport, server, port = os.environ["TRANSPORT"], os.environ["SERVER"], int(os.environ["PORT"])


def report(**what):
    print("bot>", json.dumps(what), flush=True)


nonebot.init(
    driver="~fastapi+~httpx+~websockets",
    log_level="INFO",
    host="127.0.0.1",
    port=port,
    onebot_access_token=os.environ["TOKEN"],
    onebot_secret=os.environ["SECRET"] if transport == "http" else None,
    onebot_ws_urls={server} if transport == "forward-ws" else set(),
    onebot_api_roots={"10010": server} if transport == "http" else {},
)
driver = nonebot.get_driver()
driver.register_adapter(Adapter)


@driver.on_bot_connect
async def connected(bot: Bot):
    report(connected=bot.self_id)


@nonebot.on_message().handle()
async def private(bot: Bot, event: PrivateMessageEvent):
    await bot.send(event, "heard: " + event.get_plaintext())


@nonebot.on_message().handle()
async def group(bot: Bot, event: GroupMessageEvent):
    face = event.message["face"][0].data["id"]
    report(text=event.get_plaintext(), face=face, user=str(event.user_id), group=str(event.group_id))
    report(card=event.sender.card, role=event.sender.role)
    group = event.group_id

    sent = await bot.send(event, MessageSegment.text("pong, a[1]&") + MessageSegment.face(6))
    read = await bot.get_msg(message_id=sent["message_id"])
    report(read_back=type_validate_python(Message, read["message"]).extract_plain_text().strip())
    await bot.send_group_msg(group_id=group, message="code [CQ:at,qq=10086] &#91;2&#93;")
    await bot.send_group_msg(group_id=group, message="[CQ:face,id=1]", auto_escape=True)

    report(login=await bot.get_login_info())
    members = await bot.get_group_member_list(group_id=group)
    report(members={str(member["user_id"]): member["role"] for member in members})
    users = [1, 10010, 10086, 3000000000]
    infos = await asyncio.gather(*(bot.get_group_member_info(group_id=group, user_id=user) for user in users))
    report(in_order=[str(info["user_id"]) for info in infos])
    await bot.set_group_ban(group_id=group, user_id=3000000000, duration=60)
    try:
        await bot.set_group_kick(group_id=group, user_id=1)
    except ActionFailed as failed:
        report(refused=failed.info["retcode"], why=failed.info["msg"])
    report(done=True)


@nonebot.on_notice().handle()
async def ban(event: GroupBanNoticeEvent):
    report(banned=str(event.user_id), by=str(event.operator_id), seconds=event.duration)


@nonebot.on_metaevent().handle()
async def heartbeat(event: HeartbeatMetaEvent):
    report(heartbeat=event.interval, online=event.status.online)


nonebot.run()
