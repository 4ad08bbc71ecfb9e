"""Receives packets through the official SDK, and says when its callback had each of them.

stdin: one JSON line with the sandbox's address, the subscription, how many packets to take, and how
many seconds that may last.
stdout: one JSON line, [[sequence number, nanoseconds of the monotonic clock], …].
"""

import json
import os
import signal
import sys
import time

import pyotp
from SmartApi import SmartConnect
from SmartApi.smartWebSocketV2 import SmartWebSocketV2


def log_in(address):
    """The stream of a fresh session, made as the SDK's own examples do."""
    account = SmartConnect(address["api_key"], root=address["rest_url"])
    code = pyotp.TOTP(address["totp_secret"]).now()
    session = account.generateSession(address["client_id"], address["password"], code)
    if not session.get("status"):
        sys.exit("the sandbox refused the login")
    token, feed = session["data"]["jwtToken"], account.getfeedToken()
    SmartWebSocketV2.ROOT_URI = address["stream_url"]
    return SmartWebSocketV2(token, address["api_key"], address["client_id"], feed)


def main():
    asked = json.loads(sys.stdin.readline())
    wanted = asked["count"]
    signal.alarm(asked["limit_s"])
    stream = log_in(asked["address"])
    received = []
    now, clock = time.clock_gettime_ns, time.CLOCK_MONOTONIC

    def on_data(_, packet):
        received.append((packet["sequence_number"], now(clock)))
        if len(received) == wanted:
            sys.stdout.write(json.dumps(received) + "\n")
            sys.stdout.flush()
            # The SDK would connect again after a close of ours.
            os._exit(0)

    def on_open(_):
        tokens = [{"exchangeType": asked["exchange_type"], "tokens": [asked["token"]]}]
        stream.subscribe("bench", stream.SNAP_QUOTE, tokens)

    stream.on_data = on_data
    stream.on_open = on_open
    stream.connect()


main()
