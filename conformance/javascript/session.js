// The official JavaScript SDK, unmodified, through a whole day at the sandbox.
//
// Usage: session.js ADDRESS TOKEN LOT, where ADDRESS is the line that `myquant sandbox --plain` prints;
// started in a folder where the SDK may write its log, with NODE_PATH at the SDK's node_modules.
// Prints one line for each thing that holds; the first that does not ends the program with status 1.
'use strict';

const crypto = require('crypto');

const address = JSON.parse(process.argv[2]);
const token = process.argv[3];
const lot = Number(process.argv[4]);

// Without a network the SDK's look-up of the public address rejects, and nobody catches it.
process.on('unhandledRejection', () => {});

const { CONSTANTS } = require('smartapi-javascript/config/constant');
CONSTANTS.websocketURL = address.stream_url;
CONSTANTS.wsclientupdatesURL = address.order_stream_url;
const { SmartAPI, WebSocketV2, WSOrderUpdates } = require('smartapi-javascript');

// Longer than several heartbeats of 10 s and the SDK's own watchdog of 20 s.
const HEARTBEATS_MS = 62000;
// Longer than anything here takes on a loaded machine.
const DEADLINE_MS = 60000;

function holds(what, truth, seen) {
  if (!truth) {
    console.log(`FAILED ${what}: ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  console.log(`ok ${what}`);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, look) {
  const end = Date.now() + DEADLINE_MS;
  let seen = await look();
  while (!seen && Date.now() < end) {
    await pause(50);
    seen = await look();
  }
  holds(what, seen, seen);
  return seen;
}

// For routes that allow one call a second.
async function paced(call) {
  await pause(1050);
  return call();
}

function succeeded(what, reply) {
  holds(what, reply && reply.status === true, reply);
  return reply.data;
}

// RFC 6238 with the usual settings; the SDK has none of its own.
function totp(secret) {
  const bits = [...secret.toUpperCase().replace(/=+$/, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const mac = crypto.createHmac('sha1', key).update(step).digest();
  const code = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(code % 1000000).padStart(6, '0');
}

// The nearest lower multiple of five paise.
const tick = (price) => (Math.floor(price * 20) / 20).toFixed(2);

function orderOf(symbol, side, price) {
  return {
    variety: 'NORMAL',
    tradingsymbol: symbol,
    symboltoken: token,
    transactiontype: side,
    exchange: 'NFO',
    ordertype: 'LIMIT',
    producttype: 'INTRADAY',
    duration: 'DAY',
    price,
    squareoff: '0',
    stoploss: '0',
    quantity: String(lot),
  };
}

async function openStreams(session) {
  const params = {
    clientcode: address.client_id,
    jwttoken: session.jwtToken,
    apikey: address.api_key,
    feedtype: session.feedToken,
  };
  const streams = { packets: [], pongs: 0, updates: [], orderPongs: 0 };
  streams.market = new WebSocketV2(params);
  streams.market.on('tick', (packet) => {
    if (packet === 'pong') streams.pongs += 1;
    else streams.packets.push(packet);
  });
  await streams.market.connect();
  streams.begun = Date.now();
  for (const mode of [1, 2, 3]) {
    streams.market.fetchData({ correlationID: 'conform', action: 1, mode, exchangeType: 2, tokens: [token] });
  }
  streams.orders = new WSOrderUpdates(params);
  streams.orders.on('tick', (text) => {
    if (text === 'pong') streams.orderPongs += 1;
    else streams.updates.push(JSON.parse(text));
  });
  await streams.orders.connect();
  return streams;
}

const statuses = (streams, id) =>
  streams.updates.filter((update) => update.orderData.orderid === id).map((update) => update['order-status']);

async function checkPackets(streams) {
  const modes = () => new Set(streams.packets.map((packet) => packet.subscription_mode)).size === 3;
  await until('packets of modes 1, 2 and 3 arrive', modes);
  const snap = streams.packets.find((packet) => packet.subscription_mode === '3');
  holds('packets carry the token, in quotes', snap.token === JSON.stringify(token), snap.token);
  holds('five buys and five sells', snap.best_5_buy_data.length === 5 && snap.best_5_sell_data.length === 5);
}

// What the control address answers.
async function control(path, body) {
  const asked = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  return (await fetch(address.control_url + path, asked)).json();
}

async function checkReads(client) {
  const funds = succeeded('funds', await client.getRMS());
  holds('funds are numbers in text', Number(funds.availablecash) > 0, funds);
  let last;
  for (const [mode, key] of [['LTP', 'ltp'], ['OHLC', 'close'], ['FULL', 'depth']]) {
    const asked = { mode, exchangeTokens: { NFO: [token] } };
    const quote = succeeded(`quote ${mode}`, await paced(() => client.marketData(asked)));
    holds(`quote ${mode} has ${key}`, key in quote.fetched[0], quote);
    last = Number(quote.fetched[0].ltp);
  }
  const day = (await control('/state')).first_exchange_time.slice(0, 10);
  const asked = {
    exchange: 'NFO',
    symboltoken: token,
    interval: 'ONE_MINUTE',
    fromdate: `${day} 09:15`,
    todate: `${day} 15:30`,
  };
  const candles = succeeded('candles', await paced(() => client.getCandleData(asked)));
  holds('candles have rows of the played day', candles.length > 0 && candles[0][0].startsWith(`${day}T09:36`), candles);
  const interest = succeeded('open interest', await paced(() => client.getOIData(asked)));
  holds('open interest has rows', interest.length > 0 && interest[0].oi % lot === 0, interest);
  holds('the last price is positive', last > 0, last);
  return last;
}

async function checkOrders(client, streams, symbol, last) {
  const empty = await paced(() => client.getOrderBook());
  holds('an empty order book is null', empty.status === true && empty.data === null, empty);
  const resting = orderOf(symbol, 'BUY', tick(last * 0.7));
  const placed = succeeded('place', await client.placeOrder(resting));
  const id = placed.orderid;
  await until('the order stream says open', () => statuses(streams, id).includes('AB01'));
  const book = succeeded('order book', await paced(() => client.getOrderBook()));
  holds('the book shows it open', book.find((row) => row.orderid === id).orderstatus === 'open', book);
  succeeded('modify', await client.modifyOrder({ ...resting, orderid: id, price: tick(last * 0.72) }));
  const one = succeeded('one order', await client.indOrderDetails(placed.uniqueorderid));
  holds('one order has the new price', Number(one.price) === Number(tick(last * 0.72)), one);
  succeeded('cancel', await client.cancelOrder({ variety: 'NORMAL', orderid: id }));
  await until('the order stream says cancelled', () => statuses(streams, id).includes('AB02'));

  const bought = succeeded('buy', await client.placeOrder(orderOf(symbol, 'BUY', tick(last * 1.1)))).orderid;
  await until('the order stream says complete', () => statuses(streams, bought).includes('AB05'));
  const trades = succeeded('trade book', await paced(() => client.getTradeBook()));
  const filled = trades.reduce((sum, trade) => sum + Number(trade.fillsize), 0);
  holds('the trade is in the book', filled === lot, trades);
  const { orderid, tradingsymbol, fillprice } = trades[0];
  holds('a trade row names its order', orderid === bought && tradingsymbol === symbol && Number(fillprice) > 0, trades);
  const positions = succeeded('positions', await paced(() => client.getPosition()));
  holds('the position is one lot', Number(positions[0].netqty) === lot, positions);
  const change = {
    ...positions[0],
    oldproducttype: 'INTRADAY',
    newproducttype: 'CARRYFORWARD',
    transactiontype: 'BUY',
    quantity: lot,
    type: 'DAY',
  };
  succeeded('convert', await client.convertPosition(change));
  const back = { ...change, oldproducttype: 'CARRYFORWARD', newproducttype: 'INTRADAY' };
  succeeded('convert back', await client.convertPosition(back));
  const sold = succeeded('sell', await client.placeOrder(orderOf(symbol, 'SELL', tick(last * 0.9)))).orderid;
  await until('the sale completes', () => statuses(streams, sold).includes('AB05'));
}

// MARKET and stop orders, and a rule with two legs.
async function checkOtherOrders(client, streams, symbol, last) {
  const market = { ...orderOf(symbol, 'BUY', '0'), ordertype: 'MARKET' };
  const bought = succeeded('a MARKET order', await client.placeOrder(market)).orderid;
  await until('it completes', () => statuses(streams, bought).includes('AB05'));
  const stop = {
    ...orderOf(symbol, 'SELL', tick(last * 0.6)),
    variety: 'STOPLOSS',
    ordertype: 'STOPLOSS_LIMIT',
    triggerprice: tick(last * 0.61),
  };
  const waiting = succeeded('a stop order', await client.placeOrder(stop)).orderid;
  await until('it waits for its trigger', () => statuses(streams, waiting).includes('AB10'));
  succeeded('cancel a stop order', await client.cancelOrder({ variety: 'STOPLOSS', orderid: waiting }));
  await until('it is cancelled', () => statuses(streams, waiting).includes('AB02'));
  const rule = {
    tradingsymbol: symbol,
    symboltoken: token,
    exchange: 'NFO',
    producttype: 'CARRYFORWARD',
    transactiontype: 'SELL',
    price: tick(last * 1.5),
    qty: String(lot),
    disclosedqty: String(lot),
    triggerprice: tick(last * 1.49),
    timeperiod: '20',
    gttType: 'OCO',
    stoplossprice: tick(last * 0.5),
    stoplosstriggerprice: tick(last * 0.51),
  };
  const { id } = succeeded('an OCO rule', await client.createRule(rule));
  const details = succeeded('details of it', await client.ruleDetails({ id }));
  holds('it has both legs', Number(details.stoplossprice) === Number(rule.stoplossprice), details);
  succeeded('cancel it', await client.cancelRule({ id, symboltoken: token, exchange: 'NFO' }));
  const sold = succeeded('a MARKET sale', await client.placeOrder({ ...market, transactiontype: 'SELL' })).orderid;
  await until('the sale completes too', () => statuses(streams, sold).includes('AB05'));
}

async function checkLimits(client) {
  await paced(() => client.getOrderBook());
  const again = await client.getOrderBook();
  holds('a second order book in a second is refused', again.status === 403 && again.message === 'Forbidden', again);
}

async function checkRules(client, symbol, last) {
  const rule = {
    tradingsymbol: symbol,
    symboltoken: token,
    exchange: 'NFO',
    producttype: 'CARRYFORWARD',
    transactiontype: 'BUY',
    price: tick(last * 0.6),
    qty: String(lot),
    disclosedqty: String(lot),
    triggerprice: tick(last * 0.6),
    timeperiod: '20',
  };
  const { id } = succeeded('a rule', await client.createRule(rule));
  const details = succeeded('details of a rule', await client.ruleDetails({ id }));
  holds('the rule is ours', String(details.symboltoken) === token, details);
  const price = tick(last * 0.61);
  succeeded('modify a rule', await client.modifyRule({ ...rule, id, price, triggerprice: price }));
  const rules = succeeded('rules', await client.ruleList({ status: ['FORALL'], page: 1, count: 10 }));
  holds('the list has it', rules.some((row) => String(row.id) === String(id)), rules);
  succeeded('cancel a rule', await client.cancelRule({ id, symboltoken: token, exchange: 'NFO' }));
}

async function checkRest(client, symbol, last) {
  const margin = {
    exchange: 'NFO',
    qty: lot,
    price: last,
    productType: 'INTRADAY',
    token,
    tradeType: 'BUY',
    orderType: 'LIMIT',
  };
  const data = succeeded('margin', await client.marginApi({ positions: [margin] }));
  holds('margin is a number', Number(data.totalMarginRequired) > 0, data);
  succeeded('holdings', await paced(() => client.getHolding()));
  succeeded('all holdings', await paced(() => client.getAllHolding()));
}

async function checkLists(client, symbol, last) {
  const charge = {
    product_type: 'INTRADAY',
    transaction_type: 'BUY',
    quantity: String(lot),
    price: String(last),
    exchange: 'NFO',
    symbol_name: symbol,
    token,
  };
  const charges = succeeded('charges', await paced(() => client.estimateCharges({ orders: [charge] })));
  holds('charges have a summary', Number(charges.summary.total_charges) > 0, charges);
  const [, day, year] = symbol.match(/^NIFTY(\d\d[A-Z]{3})(\d\d)/);
  const expiry = `${day}20${year}`;
  const greeks = succeeded('greeks', await paced(() => client.optionGreek({ name: 'NIFTY', expirydate: expiry })));
  holds('greeks are those of the played option', greeks.length === 1 && greeks[0].expiry === expiry, greeks);
  const near = { datatype: 'PercOIGainers', expirytype: 'NEAR' };
  const gainers = succeeded('gainers', await paced(() => client.gainersLosers(near)));
  holds('the played option gains open interest', gainers[0].tradingSymbol === symbol, gainers);
  succeeded('OI build-up', await paced(() => client.oIBuildup({ expirytype: 'NEAR', datatype: 'Long Built Up' })));
  const ratios = succeeded('put-call ratio', await paced(() => client.putCallRatio()));
  holds('the ratio is the played option\'s', ratios[0].tradingSymbol === symbol, ratios);
  succeeded('NSE intraday', await paced(() => client.nseIntraday()));
  succeeded('BSE intraday', await paced(() => client.bseIntraday()));
  const dis = succeeded('verifyDis', await paced(() => client.verifyDis({ isin: 'INE242A01010', quantity: '1' })));
  const asked = { ReqId: dis.ReqId };
  const given = (status) => status.TransResDtls.RecordResDtls[0].Status;
  const before = succeeded('getTranStatus', await paced(() => client.getTranStatus(asked)));
  holds('it is not authorised yet', given(before) === '0', before);
  const pin = { dpId: dis.DPId, ReqId: dis.ReqId, boid: dis.BOID, pan: 'P' };
  succeeded('generateTPIN', await paced(() => client.generateTPIN(pin)));
  const after = succeeded('getTranStatus again', await paced(() => client.getTranStatus(asked)));
  holds('it is authorised now', given(after) === '1', after);
}

// The SDK connects again after a drop and repeats what was asked; then one mode is unsubscribed.
async function checkDrop(streams) {
  streams.market.reconnection('simple', 500);
  await control('/faults', { do: 'drop' });
  const connections = async () => (await control('/state')).connections;
  await until('the connection is lost', async () => (await connections()) === 0);
  await until('the SDK connects again', async () => (await connections()) === 1);
  const before = streams.packets.length;
  await until('packets arrive after a drop', () => streams.packets.length > before);
  const request = { correlationID: 'conform', action: 0, mode: 3, exchangeType: 2, tokens: [token] };
  streams.market.fetchData(request);
  const others = () => streams.packets.slice(-20).every((packet) => packet.subscription_mode !== '3');
  await until('mode 3 ends, and the others go on', others);
  streams.market.close();
  await until('close frees its place', async () => (await connections()) === 0);
}

// A refused connection reaches the user only where he asked for errors.
async function checkDoors(session) {
  const params = { clientcode: address.client_id, jwttoken: session.jwtToken, apikey: address.api_key };
  const refused = async (what, feedtype, status) => {
    const stream = new WebSocketV2({ ...params, feedtype });
    stream.customError();
    const error = await stream.connect().then(() => 'opened', (event) => String(event.message));
    holds(what, error.includes(status), error);
  };
  await refused('a wrong feed token is refused', 'wrong', '401');
  const held = [];
  for (let place = 0; place < 3; place += 1) {
    const stream = new WebSocketV2({ ...params, feedtype: session.feedToken });
    await stream.connect();
    held.push(stream);
  }
  await refused('a fourth connection is refused', session.feedToken, '429');
  held.forEach((stream) => stream.close());
}

async function checkHeartbeats(streams) {
  await pause(Math.max(0, streams.begun + HEARTBEATS_MS - Date.now()));
  const before = streams.packets.length;
  await until('packets still arrive after a minute', () => streams.packets.length > before);
  holds('the market stream answered text pings', streams.pongs >= 4, streams.pongs);
  holds('the order stream answered text pings', streams.orderPongs >= 4, streams.orderPongs);
}

async function main() {
  const client = new SmartAPI({ api_key: address.api_key, root: address.rest_url });
  const logIn = () => client.generateSession(address.client_id, address.password, totp(address.totp_secret));
  const session = succeeded('log in', await logIn());
  const profile = succeeded('profile', await client.getProfile());
  holds('the profile is ours', profile.clientcode === address.client_id, profile.clientcode);
  const search = await client.searchScrip({ exchange: 'NFO', searchscrip: 'NIFTY' });
  const found = Array.isArray(search) ? search : search.data;
  const scrip = found.find((row) => row.symboltoken === token);
  holds('search', scrip, search);
  const symbol = scrip.tradingsymbol;
  const streams = await openStreams(session);
  await until('the order stream greets', () => streams.updates.some((update) => update['order-status'] === 'AB00'));
  await checkPackets(streams);
  const last = await checkReads(client);
  await checkOrders(client, streams, symbol, last);
  await checkOtherOrders(client, streams, symbol, last);
  await checkLimits(client);
  await checkRules(client, symbol, last);
  await checkRest(client, symbol, last);
  await checkLists(client, symbol, last);
  await checkHeartbeats(streams);
  await checkDrop(streams);
  succeeded('refresh', await paced(() => client.generateToken(session.refreshToken)));
  // With a stale Authorization header, which a login must not mind.
  const again = succeeded('log in again', await paced(logIn));
  holds('with other tokens', again.feedToken !== session.feedToken);
  await checkDoors(again);
  succeeded('log out', await client.logout(address.client_id));
  console.log('done');
  // The SDK's timers would keep the program alive.
  process.exit(0);
}

main().catch((error) => {
  console.log(`FAILED with ${error.stack}`);
  process.exit(1);
});
