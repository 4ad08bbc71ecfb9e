"""Times the official SDK's packet parser.

Arguments: a file of packets and the length of one. First it prints a checksum of everything it parsed;
then, for each line that holds a number of repetitions, how many nanoseconds one packet took.
"""

import json
import sys
import time

from SmartApi.smartWebSocketV2 import SmartWebSocketV2

# The order in which the other side adds them up.
KEYS = (
    "subscription_mode",
    "exchange_type",
    "sequence_number",
    "exchange_timestamp",
    "last_traded_price",
    "last_traded_quantity",
    "average_traded_price",
    "volume_trade_for_the_day",
    "total_buy_quantity",
    "total_sell_quantity",
    "open_price_of_the_day",
    "high_price_of_the_day",
    "low_price_of_the_day",
    "closed_price",
    "last_traded_timestamp",
    "open_interest",
    "open_interest_change_percentage",
    "upper_circuit_limit",
    "lower_circuit_limit",
    "52_week_high_price",
    "52_week_low_price",
)
DEPTH = ("flag", "quantity", "price", "no of orders")


def values(parsed):
    """Every value of a packet, as whole numbers."""
    yield int(parsed["token"])
    for key in KEYS:
        yield int(parsed[key])
    for row in parsed["best_5_buy_data"] + parsed["best_5_sell_data"]:
        for key in DEPTH:
            yield row[key]


def checksum(packets):
    """One number that changes when any value of any packet does."""
    total = 0
    for parsed in packets:
        for value in values(parsed):
            total = (total * 31 + value) % 2**64
    return total


def main():
    path, length = sys.argv[1], int(sys.argv[2])
    with open(path, "rb") as file:
        data = file.read()
    packets = [data[at : at + length] for at in range(0, len(data), length)]
    # The parser is a method of the client; these credentials go nowhere.
    parse = SmartWebSocketV2("none", "none", "none", "none")._parse_binary_data
    print(json.dumps(checksum(map(parse, packets))), flush=True)
    for line in sys.stdin:
        repetitions = int(line)
        begin = time.perf_counter_ns()
        for _ in range(repetitions):
            for packet in packets:
                parse(packet)
        took = time.perf_counter_ns() - begin
        print(json.dumps(took / (repetitions * len(packets))), flush=True)


main()
