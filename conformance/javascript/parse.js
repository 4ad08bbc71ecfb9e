// What the official JavaScript SDK's parser makes of packets.
//
// Reads packets from standard input, each behind its length in four bytes (little-endian), sends them
// through the SDK's own stream from a server in this process, and prints for each a line of JSON: what
// the SDK hands to its user. Started in a folder where the SDK may write, with NODE_PATH at its modules.
'use strict';

const sdk = require.resolve('smartapi-javascript');
// The same WebSocket library as the SDK's own.
const { WebSocketServer, Server } = require(require.resolve('ws', { paths: [sdk] }));
const { CONSTANTS } = require('smartapi-javascript/config/constant');

process.on('unhandledRejection', () => {});

const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => {
  const bytes = Buffer.concat(chunks);
  const server = new (WebSocketServer || Server)({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  let sent = 0;
  server.on('connection', (socket) => {
    for (let at = 0; at < bytes.length; sent += 1) {
      const length = bytes.readUInt32LE(at);
      socket.send(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
  });
  server.on('listening', async () => {
    CONSTANTS.websocketURL = `ws://127.0.0.1:${server.address().port}/smart-stream`;
    const { WebSocketV2 } = require('smartapi-javascript');
    const stream = new WebSocketV2({ clientcode: 'code', jwttoken: 'token', apikey: 'key', feedtype: 'feed' });
    let parsed = 0;
    const lines = [];
    stream.on('tick', (packet) => {
      lines.push(JSON.stringify(packet));
      parsed += 1;
      if (lines.length === 1000 || parsed === sent) process.stdout.write(`${lines.splice(0).join('\n')}\n`);
      if (parsed === sent) process.stdout.write('', () => process.exit(0));
    });
    await stream.connect();
  });
});
