"""Lets bots on clients of other makers talk to the simulated server, `cqhttp-mock`, and checks what each side has got.

    drive.py PROGRAM [--python INTERPRETER] [--node NODE_MODULES]

Each bot is a file beside this one. It is told what to do by TRANSPORT, SERVER (the simulated server's address), PORT (where it
listens itself), TOKEN and SECRET, and prints what it gets as lines `bot> {JSON}`. It says when it is connected; answers
a message in a group by messages as segments, as CQ codes and as plain text, by reads, by several calls at once, by a
mute, and by a kick that is refused; and tells of a mute, of heartbeats, and in private what it has heard.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 90  # seconds for any one thing to come
TOKEN, SECRET = "a-token", "a secret"


class Failure(Exception):
    pass


class Program:
    """A program in a process of its own, with the lines that it prints. It ends with its `with`."""

    def __init__(self, name, command, **environment):
        self.name, self.lines, self.ended, self.changed = name, [], False, threading.Condition()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(command, encoding="utf-8", env=os.environ | environment, **pipes)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip())
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, pattern):
        """The match in the first line that has one, among those printed and those to come."""
        deadline, seen = time.monotonic() + PATIENCE, 0
        with self.changed:
            while True:
                for line in self.lines[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self.lines)
                if self.ended:
                    raise Failure(f"{self.name} has ended, and has printed nothing like `{pattern}`")
                if not self.changed.wait(deadline - time.monotonic()):
                    raise Failure(f"{self.name} has printed nothing like `{pattern}` within {PATIENCE} s")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def printed(self):
        return "\n".join([f"--- {self.name} has printed:", *self.lines])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout=10)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# --- what is to come ---

# What every bot tells, in any order.
REPORTS = [
    {"text": "ping from Ann [1] ", "face": "5", "user": "10086", "group": "42"},
    {"card": "Annie", "role": "member"},
    {"read_back": "pong, a[1]&"},
    {"login": {"user_id": 10010, "nickname": "bot"}},
    {"members": {"1": "owner", "10010": "admin", "10086": "member", "3000000000": "member"}},
    {"in_order": ["1", "10010", "10086", "3000000000"]},
    {"banned": "10086", "by": "1", "seconds": 600},
]
REFUSED = {"refused": 100, "why": "NOT_MANAGEABLE"}
HEARTBEAT = {"heartbeat": 1000, "online": True}

PONG = [{"type": "text", "data": {"text": "pong, a[1]&"}}, {"type": "face", "data": {"id": "6"}}]
HEARD = [{"type": "text", "data": {"text": "heard: psst"}}]


def calls(group, ban, kicked):
    """The calls that every bot makes, with ids and numbers as its client sends them, and how each ends."""
    return [
        ("send_group_msg", {"group_id": group, "message": "code [CQ:at,qq=10086] &#91;2&#93;"}, 'ok {"message_id":'),
        ("get_login_info", {}, 'ok {"nickname":"bot","user_id":10010}'),
        ("get_group_member_list", {"group_id": group}, "ok [{"),
        ("set_group_ban", {"group_id": group, **ban}, "ok null"),
        ("set_group_kick", {"group_id": group, "user_id": kicked}, "NOT_MANAGEABLE (100)"),
    ]


NUMBERS = calls(42, {"user_id": 3000000000, "duration": 60}, 1)
TEXTS = calls("42", {"user_id": "3000000000", "duration": "60"}, "1")
REPLY = {"message_type": "group", "group_id": 42, "user_id": 10086, "message": PONG}
ESCAPED = {"group_id": 42, "message": "[CQ:face,id=1]", "auto_escape": True}


class Bot:
    def __init__(self, language, client, file, path, transports, calls, reports):
        self.language, self.client, self.file, self.path = language, client, file, path
        self.transports, self.calls, self.reports = transports, calls, REPORTS + reports


BOTS = [
    Bot(
        *("python", "nonebot", "nonebot_bot.py", "/onebot/v11/"),
        ["forward-ws", "reverse-ws", "http"],
        NUMBERS
        + [
            ("send_msg", REPLY, "ok {"),
            ("send_group_msg", ESCAPED, "ok {"),
            ("send_msg", {"message_type": "private", "user_id": 10086, "message": HEARD}, "ok {"),
        ],
        [REFUSED, HEARTBEAT],
    ),
    # It has no forward WebSocket. What it answers in private goes out as a quick operation.
    Bot(
        *("python", "aiocqhttp", "aiocqhttp_bot.py", {"reverse-ws": "/ws", "http": "/"}),
        ["reverse-ws", "http"],
        TEXTS
        + [
            ("send_msg", REPLY, "ok {"),
            ("send_group_msg", ESCAPED | {"group_id": "42", "auto_escape": "true"}, "ok {"),
            ("send_private_msg", {"user_id": 10086, "message": "heard: psst", "auto_escape": True}, "ok {"),
        ],
        [REFUSED, HEARTBEAT],
    ),
    # It hands on neither heartbeats nor the reason of a refusal, and sends the face's id as a number.
    Bot(
        *("node", "koishi", "koishi_bot.js", "/onebot"),
        ["forward-ws", "reverse-ws", "http"],
        NUMBERS
        + [
            ("send_group_msg", {"group_id": 42, "message": [PONG[0], {"type": "face", "data": {"id": 6}}]}, "ok {"),
            ("send_group_msg", ESCAPED, "ok {"),
            ("send_private_msg", {"user_id": 10086, "message": HEARD}, "ok {"),
        ],
        [{"refused": 100}],
    ),
]
MUTE = {"post_type": "notice", "notice_type": "group_ban", "sub_type": "ban"}
MUTE |= {"group_id": 42, "operator_id": 1, "user_id": 10086, "duration": 600}


# --- how it goes ---


def talk(program, command, environment, bot, transport):
    """One bot over one transport. What was printed comes with a failure."""
    port = free_port()
    path = bot.path if isinstance(bot.path, str) else bot.path[transport]
    options = ["--port", "0", "--token", TOKEN, "--world", str(HERE / "world.json"), "--heartbeat", "1"]
    if transport == "reverse-ws":
        options += ["--reverse", f"ws://127.0.0.1:{port}{path}"]
    if transport == "http":
        options += ["--webhook", f"http://127.0.0.1:{port}{path}", "--secret", SECRET]
    programs = []
    try:
        with Program("the simulated server", [program, *options]) as server:
            programs.append(server)
            http, ws = server.wait(r"^HTTP +(\S+)")[1], server.wait(r"^WebSocket +(\S+)")[1]
            told = {"TRANSPORT": transport, "SERVER": ws if transport == "forward-ws" else http, "PORT": str(port)}
            told |= {"TOKEN": TOKEN, "SECRET": SECRET}
            with Program("the bot", [*command, str(HERE / bot.file)], **environment, **told) as peer:
                programs.append(peer)
                converse(server, peer, bot)
        check(server, peer, bot)
    except (Failure, OSError) as failure:
        raise Failure("\n".join([str(failure), *map(Program.printed, programs)])) from None


def converse(server, peer, bot):
    peer.wait('^bot> .*"connected"')
    peer.wait("(?i)running on|listening at")  # they do in any case, for what comes by HTTP
    server.say("10086@42 ping from Ann &#91;1&#93; [CQ:face,id=5]")
    peer.wait('^bot> .*"done"')
    if HEARTBEAT in bot.reports:
        peer.wait('^bot> .*"heartbeat"')
    server.say(json.dumps(MUTE))
    peer.wait('^bot> .*"banned"')
    server.say("10086 psst")
    server.wait("send_.*heard: psst")


def check(server, peer, bot):
    reports = [json.loads(line.removeprefix("bot>")) for line in peer.lines if line.startswith("bot>")]
    for expected in bot.reports:
        if not any(expected.items() <= report.items() for report in reports):
            raise Failure(f"the bot has not told {expected}")
    made = [call for call in map(call_of, server.lines) if call]
    for action, params, outcome in bot.calls:
        if not any(call[:2] == (action, params) and call[2].startswith(outcome) for call in made):
            raise Failure(f"the simulated server has not logged {action} {json.dumps(params)} -> {outcome}…")


def call_of(line):
    """A call that the simulated server has logged; none where its parameters are cut short."""
    logged = re.match(r"\S+Z (\S+) ({.*}) -> (.*)", line)
    return logged and (logged[1], json.loads(logged[2]), logged[3])


def main():
    arguments = argparse.ArgumentParser(description="Bots of other makers against cqhttp-mock.")
    arguments.add_argument("program", help="cqhttp-mock")
    arguments.add_argument("--python", help="an interpreter with the clients; without it, bots in Python are skipped")
    arguments.add_argument("--node", help="a node_modules with the clients; without it, bots on Node are skipped")
    arguments = arguments.parse_args()
    commands = {
        "python": arguments.python and ([arguments.python, "-u"], {}),
        "node": arguments.node and (["node"], {"NODE_PATH": arguments.node}),
    }
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for bot in BOTS:
        for transport in bot.transports:
            name = f"{bot.language} {bot.client} {transport}"
            if not commands[bot.language]:
                counts["skipped"] += 1
                print(f"SKIPPED {name}", flush=True)
                continue
            command, environment = commands[bot.language]
            try:
                talk(arguments.program, command, environment, bot, transport)
                counts["passed"] += 1
                print(f"ok {name}", flush=True)
            except Failure as failure:
                counts["failed"] += 1
                print(f"FAILED {name}: {failure}", flush=True)
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
