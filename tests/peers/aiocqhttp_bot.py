"""A bot on aiocqhttp. What all these bots do is in drive.py."""

import asyncio
import json
import os

from aiocqhttp import ActionFailed, CQHttp, Event, Message, MessageSegment

transport, server, port = os.environ["TRANSPORT"], os.environ["SERVER"], int(os.environ["PORT"])


def report(**what):
    print("bot>", json.dumps(what), flush=True)


over_http = {"api_root": server, "secret": os.environ["SECRET"]} if transport == "http" else {}
bot = CQHttp(access_token=os.environ["TOKEN"], message_class=Message, **over_http)


@bot.on_meta_event
async def meta(event: Event):
    report(connected=str(event.self_id))
    if event.detail_type == "heartbeat":
        report(heartbeat=event["interval"], online=event["status"]["online"])


@bot.on_message("private")
async def private(event: Event):
    return {"reply": "heard: " + event.message.extract_plain_text(), "auto_escape": True}


@bot.on_message("group")
async def group(event: Event):
    face = next(segment["data"]["id"] for segment in event.message if segment["type"] == "face")
    text = "".join(segment["data"]["text"] for segment in event.message if segment["type"] == "text")
    report(text=text, face=face, user=str(event.user_id), group=str(event.group_id))
    report(card=event.sender["card"], role=event.sender["role"])
    # This client lets its users send ids and numbers as they like; here they are texts.
    group = str(event.group_id)

    sent = await bot.send(event, MessageSegment.text("pong, a[1]&") + MessageSegment.face(6))
    read = await bot.get_msg(message_id=sent["message_id"])
    report(read_back=Message(read["message"]).extract_plain_text().strip())
    await bot.send_group_msg(group_id=group, message="code [CQ:at,qq=10086] &#91;2&#93;")
    await bot.send_group_msg(group_id=group, message="[CQ:face,id=1]", auto_escape="true")

    report(login=await bot.get_login_info())
    members = await bot.get_group_member_list(group_id=group)
    report(members={str(member["user_id"]): member["role"] for member in members})
    users = ["1", "10010", "10086", "3000000000"]
    infos = await asyncio.gather(*(bot.get_group_member_info(group_id=group, user_id=user) for user in users))
    report(in_order=[str(info["user_id"]) for info in infos])
    await bot.set_group_ban(group_id=group, user_id="3000000000", duration="60")
    try:
        await bot.set_group_kick(group_id=group, user_id="1")
    except ActionFailed as failed:
        report(refused=failed.retcode, why=failed.result["msg"])
    report(done=True)


@bot.on_notice("group_ban")
async def ban(event: Event):
    report(banned=str(event.user_id), by=str(event.operator_id), seconds=event["duration"])


bot.run(host="127.0.0.1", port=port)
