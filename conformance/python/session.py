"""The official Python SDK, unmodified, through a whole day at the sandbox.

Usage: session.py ADDRESS FOLDER TOKEN LOT, where ADDRESS is the line that `myquant sandbox --plain`
prints and FOLDER is where the SDK may write its log. Prints one line for each thing that holds; the first that
does not ends the program with status 1.
"""

import json
import os
import re
import sys
import threading
import time
import urllib.request

ADDRESS = json.loads(sys.argv[1])
os.chdir(sys.argv[2])

import pyotp  # noqa: E402  the SDK makes its log folder where it is imported
import websocket  # noqa: E402
from SmartApi import SmartConnect  # noqa: E402
from SmartApi.smartExceptions import DataException  # noqa: E402
from SmartApi.smartWebSocketOrderUpdate import SmartWebSocketOrderUpdate  # noqa: E402
from SmartApi.smartWebSocketV2 import SmartWebSocketV2  # noqa: E402

SmartConnect._rootUrl = ADDRESS["rest_url"]
SmartWebSocketV2.ROOT_URI = ADDRESS["stream_url"]
SmartWebSocketOrderUpdate.WEBSOCKET_URI = ADDRESS["order_stream_url"]

# Longer than the heartbeat's first 20 s and several rounds of 10 s.
HEARTBEATS_S = 62
# Longer than anything here takes on a loaded machine.
DEADLINE_S = 60


def holds(what, truth, seen=None):
    """Says that something holds, or ends the program with what was seen instead."""
    if not truth:
        print(f"FAILED {what}: {seen!r}", flush=True)
        os._exit(1)
    print(f"ok {what}", flush=True)


def until(what, look):
    """Looks again until there is something to see."""
    end = time.monotonic() + DEADLINE_S
    seen = look()
    while not seen and time.monotonic() < end:
        time.sleep(0.05)
        seen = look()
    holds(what, seen, seen)
    return seen


def paced(call, *arguments):
    """Makes a call whose route allows one a second."""
    time.sleep(1.05)
    return call(*arguments)


def succeeded(what, reply):
    holds(what, isinstance(reply, dict) and reply.get("status") is True, reply)
    return reply["data"]


def control(path, body=None):
    """What the control address answers."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(ADDRESS["control_url"] + path, data) as answer:
        return json.load(answer)


def log_in(client):
    code = pyotp.TOTP(ADDRESS["totp_secret"]).now()
    session = client.generateSession(ADDRESS["client_id"], ADDRESS["password"], code)
    data = succeeded("log in", session)
    holds("the profile is ours", data["clientcode"] == ADDRESS["client_id"], data.get("clientcode"))
    holds("the SDK prefixes the token", data["jwtToken"].startswith("Bearer "))
    return data


class Streams:
    """The market stream in all three modes and the order stream, each on a thread."""

    def __init__(self, session, token):
        self.packets = []
        self.orders = []
        self.market = SmartWebSocketV2(
            session["jwtToken"], ADDRESS["api_key"], ADDRESS["client_id"], session["feedToken"]
        )
        self.token = token
        self.market.on_open = self.subscribe
        self.market.on_data = lambda _socket, packet: self.packets.append(packet)
        self.market_errors = []
        self.market.on_error = lambda *error: self.market_errors.append(error)
        self.order = SmartWebSocketOrderUpdate(
            session["jwtToken"], ADDRESS["api_key"], ADDRESS["client_id"], session["feedToken"]
        )
        self.order.on_message = lambda _socket, message: self.orders.append(message)
        for stream in (self.market, self.order):
            threading.Thread(target=stream.connect, daemon=True).start()
        self.begun = time.monotonic()

    def subscribe(self, _socket):
        for mode in (1, 2, 3):
            # A list of its own for each: the SDK keeps it, and extends it.
            tokens = [{"exchangeType": 2, "tokens": [self.token]}]
            self.market.subscribe("conform", mode, tokens)

    def updates(self):
        """The updates of the order stream; a pong's payload comes the same way and is empty."""
        return [json.loads(text) for text in self.orders if isinstance(text, str) and text]

    def statuses(self, order_id):
        mine = [u for u in self.updates() if u["orderData"]["orderid"] == order_id]
        return [update["order-status"] for update in mine]


def check_packets(streams):
    def modes():
        seen = {packet["subscription_mode"] for packet in list(streams.packets)}
        return seen == {1, 2, 3}

    until("packets of modes 1, 2 and 3 arrive", modes)
    snap = next(p for p in streams.packets if p["subscription_mode"] == 3)
    holds("packets carry the token", snap["token"] == streams.token, snap["token"])
    holds("five buys and five sells", len(snap["best_5_buy_data"]) == 5 == len(snap["best_5_sell_data"]))
    numbers = [p["sequence_number"] for p in streams.packets if p["subscription_mode"] == 3]
    holds("sequence numbers rise", numbers == sorted(set(numbers)), numbers[:20])


def check_reads(client, symbol, token, lot):
    funds = succeeded("funds", client.rmsLimit())
    holds("funds are numbers in text", float(funds["availablecash"]) > 0, funds)
    ltp = succeeded("last price of one", client.ltpData("NFO", symbol, token))
    holds("the last price is positive", float(ltp["ltp"]) > 0, ltp)
    for mode, key in (("LTP", "ltp"), ("OHLC", "close"), ("FULL", "depth")):
        quote = succeeded(f"quote {mode}", paced(client.getMarketData, mode, {"NFO": [token, "1"]}))
        holds(f"quote {mode} has {key}", key in quote["fetched"][0], quote)
        holds(f"quote {mode} names the unknown token", len(quote["unfetched"]) == 1, quote)
    day = control("/state")["first_exchange_time"][:10]
    asked = {
        "exchange": "NFO",
        "symboltoken": token,
        "interval": "ONE_MINUTE",
        "fromdate": f"{day} 09:15",
        "todate": f"{day} 15:30",
    }
    candles = client.getCandleData(asked)
    rows = succeeded("candles", candles)
    holds("candles have rows of the played day", rows and rows[0][0].startswith(f"{day}T09:36"), rows)
    _, opened, high, low, closed, volume = rows[0]
    holds("a candle's prices are in order", low <= min(opened, closed) <= max(opened, closed) <= high, rows[0])
    holds("a candle's volume is whole lots", volume > 0 and volume % lot == 0, rows[0])
    backwards = client.getCandleData({**asked, "fromdate": f"{day} 15:30", "todate": f"{day} 09:15"})
    holds("candles backwards are refused", backwards["errorcode"] == "AB1004", backwards)
    interest = succeeded("open interest", paced(client.getOIData, asked))
    holds("open interest has rows", interest and interest[0]["oi"] % lot == 0, interest)
    return float(ltp["ltp"])


def order(symbol, token, side, price, lot):
    return {
        "variety": "NORMAL",
        "tradingsymbol": symbol,
        "symboltoken": token,
        "transactiontype": side,
        "exchange": "NFO",
        "ordertype": "LIMIT",
        "producttype": "INTRADAY",
        "duration": "DAY",
        "price": f"{price:.2f}",
        "squareoff": "0",
        "stoploss": "0",
        "quantity": str(lot),
        "ordertag": "conformance",
    }


def tick(price):
    """The nearest lower multiple of five paise."""
    return int(price * 20) / 20


def row(client, order_id):
    book = paced(client.orderBook)["data"] or []
    return next((r for r in book if r["orderid"] == order_id), None)


def check_orders(client, streams, symbol, token, last, lot):
    holds("an empty order book is null", paced(client.orderBook)["data"] is None)
    holds("an empty trade book is null", paced(client.tradeBook)["data"] is None)
    # Far below the market, so that it rests.
    resting = order(symbol, token, "BUY", tick(last * 0.7), lot)
    placed = succeeded("place", client.placeOrderFullResponse(resting))
    resting_id = placed["orderid"]
    holds("an order id has 15 digits", len(resting_id) == 15 and resting_id.isdigit(), resting_id)
    until("the order stream says open", lambda: "AB01" in streams.statuses(resting_id))
    found = row(client, resting_id)
    holds("the book shows it open", found and found["orderstatus"] == "open", found)
    holds("the book keeps our tag", found["ordertag"] == "conformance", found)
    modified = client.modifyOrder({**resting, "orderid": resting_id, "price": f"{tick(last * 0.72):.2f}"})
    holds("modify", modified["status"] is True, modified)
    until("the order stream says modified", lambda: "AB04" in streams.statuses(resting_id))
    one = client.individual_order_details(placed["uniqueorderid"])
    holds("one order", one and one["data"]["orderid"] == resting_id, one)
    holds("one order has the new price", float(one["data"]["price"]) == tick(last * 0.72), one)
    holds("cancel", client.cancelOrder(resting_id, "NORMAL")["status"] is True)
    until("the order stream says cancelled", lambda: "AB02" in streams.statuses(resting_id))

    # Through the book, so that it fills.
    bought = client.placeOrder(order(symbol, token, "BUY", tick(last * 1.1), lot))
    holds("placeOrder returns the id", isinstance(bought, str) and len(bought) == 15, bought)
    until("the order stream says complete", lambda: "AB05" in streams.statuses(bought))
    trades = succeeded("trade book", paced(client.tradeBook))
    holds("the trade is in the book", sum(int(t["fillsize"]) for t in trades) == lot, trades)
    position = succeeded("positions", paced(client.position))
    holds("the position is one lot", int(position[0]["netqty"]) == lot, position)
    convert = {**position[0], "oldproducttype": "INTRADAY", "newproducttype": "CARRYFORWARD"}
    convert |= {"transactiontype": "BUY", "quantity": lot, "type": "DAY"}
    holds("convert", client.convertPosition(convert)["status"] is True)
    back = {**convert, "oldproducttype": "CARRYFORWARD", "newproducttype": "INTRADAY"}
    holds("convert back", client.convertPosition(back)["status"] is True)
    sold = client.placeOrder(order(symbol, token, "SELL", tick(last * 0.9), lot))
    until("the sale completes", lambda: "AB05" in streams.statuses(sold))
    position = succeeded("positions after the sale", paced(client.position))
    holds("the position is flat", int(position[0]["netqty"]) == 0, position)
    odd = client.placeOrderFullResponse(order(symbol, token, "BUY", tick(last), 1))
    refused = odd["status"] is False
    if not refused:
        refused = bool(until("a part of a lot is rejected", lambda: "AB03" in streams.statuses(odd["data"]["orderid"])))
    holds("a part of a lot is refused", refused, odd)


def check_other_orders(client, streams, symbol, token, last, lot):
    """MARKET and stop orders, and a rule with two legs."""
    market = {**order(symbol, token, "BUY", 0, lot), "ordertype": "MARKET", "price": "0"}
    bought = client.placeOrder(market)
    until("a MARKET order completes", lambda: "AB05" in streams.statuses(bought))
    found = row(client, bought)
    holds("it shows as a LIMIT order", found and found["ordertype"] == "LIMIT", found)
    stop = {
        **order(symbol, token, "SELL", tick(last * 0.6), lot),
        "variety": "STOPLOSS",
        "ordertype": "STOPLOSS_LIMIT",
        "triggerprice": f"{tick(last * 0.61):.2f}",
    }
    waiting = client.placeOrder(stop)
    until("a stop order waits for its trigger", lambda: "AB10" in streams.statuses(waiting))
    holds("cancel a stop order", client.cancelOrder(waiting, "STOPLOSS")["status"] is True)
    until("the stop order is cancelled", lambda: "AB02" in streams.statuses(waiting))
    rule = {
        "tradingsymbol": symbol,
        "symboltoken": token,
        "exchange": "NFO",
        "producttype": "CARRYFORWARD",
        "transactiontype": "SELL",
        "price": tick(last * 1.5),
        "qty": lot,
        "disclosedqty": lot,
        "triggerprice": tick(last * 1.49),
        "timeperiod": 20,
        "gttType": "OCO",
        "stoplossprice": tick(last * 0.5),
        "stoplosstriggerprice": tick(last * 0.51),
    }
    made = client.gttCreateRule(rule)
    details = succeeded("details of an OCO rule", client.gttDetails(made))
    holds("it has both legs", float(details["stoplossprice"]) == tick(last * 0.5), details)
    gone = {"id": made, "symboltoken": token, "exchange": "NFO"}
    holds("cancel an OCO rule", client.gttCancelRule(gone)["status"] is True)
    sold = client.placeOrder({**market, "transactiontype": "SELL"})
    until("the MARKET sale completes", lambda: "AB05" in streams.statuses(sold))


def check_limits(client):
    paced(client.orderBook)
    try:
        again = client.orderBook()
    except DataException as error:
        again = str(error)
    holds("a second order book in a second is refused as text", "exceeding access rate" in str(again), again)


def check_rules(client, symbol, token, last, lot):
    rule = {
        "tradingsymbol": symbol,
        "symboltoken": token,
        "exchange": "NFO",
        "producttype": "CARRYFORWARD",
        "transactiontype": "BUY",
        "price": tick(last * 0.6),
        "qty": lot,
        "disclosedqty": lot,
        "triggerprice": tick(last * 0.6),
        "timeperiod": 20,
    }
    made = client.gttCreateRule(rule)
    holds("a rule by the prefixed path", bool(made), made)
    details = succeeded("details of a rule", client.gttDetails(made))
    holds("the rule is ours", str(details["symboltoken"]) == token, details)
    changed = {**rule, "id": made, "price": tick(last * 0.61), "triggerprice": tick(last * 0.61)}
    holds("modify a rule", str(client.gttModifyRule(changed)) == str(made))
    rules = succeeded("rules", client.gttLists(["FORALL"], 1, 10))
    holds("the list has it", any(str(r["id"]) == str(made) for r in rules), rules)
    gone = {"id": made, "symboltoken": token, "exchange": "NFO"}
    holds("cancel a rule", client.gttCancelRule(gone)["status"] is True)


def check_rest(client, symbol, token, last, lot):
    margin = {
        "exchange": "NFO",
        "qty": lot,
        "price": last,
        "productType": "INTRADAY",
        "token": token,
        "tradeType": "BUY",
        "orderType": "LIMIT",
    }
    data = succeeded("margin", client.getMarginApi({"positions": [margin]}))
    holds("margin is a number", float(data["totalMarginRequired"]) > 0, data)
    charge = {
        "product_type": "INTRADAY",
        "transaction_type": "BUY",
        "quantity": str(lot),
        "price": str(last),
        "exchange": "NFO",
        "symbol_name": symbol,
        "token": token,
    }
    data = succeeded("charges", client.estimateCharges({"orders": [charge]}))
    holds("charges have a summary", float(data["summary"]["total_charges"]) > 0, data)
    holds("holdings", paced(client.holding)["status"] is True)
    holds("all holdings", paced(client.allholding)["status"] is True)
    day, year = re.match(r"NIFTY(\d\d[A-Z]{3})(\d\d)", symbol).groups()
    expiry = f"{day}20{year}"
    greeks = succeeded("greeks", paced(client.optionGreek, {"name": "NIFTY", "expirydate": expiry}))
    holds("greeks are those of the played option", [g["expiry"] for g in greeks] == [expiry], greeks)
    holds("a call's delta is between 0 and 1", 0 < float(greeks[0]["delta"]) < 1, greeks)
    asked = {"datatype": "PercOIGainers", "expirytype": "NEAR"}
    gainers = succeeded("gainers", paced(client.gainersLosers, asked))
    holds("the played option gains open interest", gainers[0]["tradingSymbol"] == symbol, gainers)
    asked = {"expirytype": "NEAR", "datatype": "Long Built Up"}
    holds("OI build-up", paced(client.oIBuildup, asked)["status"] is True)
    dis = succeeded("verifyDis", paced(client.verifyDis, {"isin": "INE242A01010", "quantity": "1"}))
    status = {"ReqId": dis["ReqId"]}
    given = lambda reply: reply["TransResDtls"]["RecordResDtls"][0]["Status"]  # noqa: E731
    before = succeeded("getTranStatus", paced(client.getTranStatus, status))
    holds("it is not authorised yet", given(before) == "0", before)
    pin = {"dpId": dis["DPId"], "ReqId": dis["ReqId"], "boid": dis["BOID"], "pan": "P"}
    holds("generateTPIN", paced(client.generateTPIN, pin)["status"] is True)
    after = succeeded("getTranStatus again", paced(client.getTranStatus, status))
    holds("it is authorised now", given(after) == "1", after)
    for what, call in (
        ("put-call ratio", client.putCallRatio),
        ("NSE intraday", client.nseIntraday),
        ("BSE intraday", client.bseIntraday),
    ):
        holds(what, paced(call)["status"] is True)


def check_heartbeats(streams):
    wait = streams.begun + HEARTBEATS_S - time.monotonic()
    time.sleep(max(0.0, wait))
    before = len(streams.packets)
    until("packets still arrive after a minute", lambda: len(streams.packets) > before)
    holds("no error on the market stream", streams.market_errors == [], streams.market_errors)
    pongs = [message for message in streams.orders if not isinstance(message, str)]
    holds("the order stream answered PING frames", len(pongs) >= 3, len(pongs))


def check_tokens(client, session):
    fresh = paced(client.generateToken, session["refreshToken"])
    holds("refresh", fresh["status"] is True, fresh)
    client.setRefreshToken(fresh["data"]["refreshToken"])
    renewed = paced(client.renewAccessToken)
    holds("renewAccessToken has a fresh refresh token", renewed["refreshToken"] != fresh["data"]["refreshToken"])
    # The SDK keeps the token that this has ended.
    dead = paced(client.rmsLimit)
    holds("and the token before it is dead", dead["errorCode"] == "AG8001", dead)
    # With a stale Authorization header, which a login must not mind.
    return paced(log_in, client)


def check_drop(streams):
    """The SDK connects again 10 s after a drop, and its user subscribes again."""
    control("/faults", {"do": "drop"})
    until("the connection is lost", lambda: control("/state")["connections"] == 0)
    until("the SDK connects again", lambda: control("/state")["connections"] == 1)
    before = len(streams.packets)
    until("packets arrive after a drop", lambda: len(streams.packets) > before)


def check_unsubscribed(streams):
    streams.market.unsubscribe("conform", 3, [{"exchangeType": 2, "tokens": [streams.token]}])
    last = lambda: [p["subscription_mode"] for p in streams.packets[-20:]]  # noqa: E731
    until("mode 3 ends, and the others go on", lambda: 3 not in last())


def check_doors(streams, session):
    """What the SDK makes of 401 and 429: two fixed strings, without the status."""
    streams.market.close_connection()
    until("close_connection frees its place", lambda: control("/state")["connections"] == 0)
    address = (ADDRESS["api_key"], ADDRESS["client_id"])

    def refused(what, feed_token):
        errors = []
        stream = SmartWebSocketV2(session["jwtToken"], *address, feed_token, max_retry_attempt=0)
        stream.on_error = lambda *error: errors.append(error)
        stream.on_open = lambda _socket: errors.append("opened")
        threading.Thread(target=stream.connect, daemon=True).start()
        until(what, lambda: errors)
        holds(f"{what}: in its words", errors[0] == ("Max retry attempt reached", "Connection closed"), errors)

    refused("a wrong feed token is refused", "wrong")
    headers = {
        "Authorization": session["jwtToken"],
        "x-api-key": address[0],
        "x-client-code": address[1],
        "x-feed-token": session["feedToken"],
    }
    held = [websocket.create_connection(ADDRESS["stream_url"], header=headers) for _ in range(3)]
    refused("a fourth connection is refused", session["feedToken"])
    for connection in held:
        connection.close()


def main():
    client = SmartConnect(ADDRESS["api_key"], root=ADDRESS["rest_url"])
    session = log_in(client)
    found = succeeded("search", client.searchScrip("NFO", "NIFTY"))
    scrip = next(r for r in found if r["symboltoken"] == sys.argv[3])
    symbol, token, lot = scrip["tradingsymbol"], scrip["symboltoken"], int(sys.argv[4])
    streams = Streams(session, token)
    until("the order stream greets", lambda: [u for u in streams.updates() if u["order-status"] == "AB00"])
    check_packets(streams)
    last = check_reads(client, symbol, token, lot)
    check_orders(client, streams, symbol, token, last, lot)
    check_other_orders(client, streams, symbol, token, last, lot)
    check_limits(client)
    check_rules(client, symbol, token, last, lot)
    check_rest(client, symbol, token, last, lot)
    check_heartbeats(streams)
    check_drop(streams)
    check_unsubscribed(streams)
    session = check_tokens(client, session)
    check_doors(streams, session)
    holds("log out", client.terminateSession(ADDRESS["client_id"])["status"] is True)
    after = client.rmsLimit()
    holds("the token is dead after it", after.get("errorCode") == "AG8001" or after.get("status") is False, after)
    print("done", flush=True)
    # The SDK connects again after its own close; nothing of it is waited for.
    os._exit(0)


main()
