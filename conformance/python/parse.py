"""What the official Python SDK's parser makes of packets.

Reads packets from standard input, each behind its length in four bytes (little-endian), and prints for
each a line of JSON: what the SDK returns, doubles as their 64 bits so that nothing is lost on the way.
"""

import json
import os
import struct
import sys

os.chdir(sys.argv[1])

from SmartApi.smartWebSocketV2 import SmartWebSocketV2  # noqa: E402

DOUBLES = ("total_buy_quantity", "total_sell_quantity")


def main():
    parser = SmartWebSocketV2("token", "key", "code", "feed")
    source, sink = sys.stdin.buffer, sys.stdout
    while head := source.read(4):
        packet = source.read(struct.unpack("<I", head)[0])
        parsed = parser._parse_binary_data(packet)
        for name in DOUBLES:
            if name in parsed:
                parsed[name] = struct.unpack("<Q", struct.pack("<d", parsed[name]))[0]
        sink.write(json.dumps(parsed) + "\n")


main()
