/**
 * The floor: what Node and `ws` take for the same messages. Parses each JSON message, sends on as many frames and marks as the gateway did, in messages
 * of the same size, and does nothing else: no pacing, no voice detection, no interruption, no transcript, no checkpoint.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const MARK_EVERY_BYTES = 4_000;
const [realtimeUrl = '', framesPerAppendText = '1', bytesPerMessageText = '320'] = process.argv.slice(2);
const framesPerAppend = Number(framesPerAppendText);
const bytesPerMessage = Number(bytesPerMessageText);

function relay(carrier: WebSocket): void {
  let provider: WebSocket | undefined;
  let head = '';
  let markHead = '';
  let marks = 0;
  let waiting: Buffer[] = [];
  let rest = Buffer.alloc(0);
  let sinceMark = 0;
  const mark = () => {
    sinceMark = 0;
    carrier.send(`${markHead}"${++marks}"}}`);
  };
  const toCaller = (audio: Buffer) => {
    carrier.send(`${head}${audio.toString('base64')}"}}`);
    sinceMark += audio.length;
    if (sinceMark >= MARK_EVERY_BYTES) mark();
  };
  const fromProvider = (text: string) => {
    const event = JSON.parse(text) as { type: string; delta?: string };
    if (event.type === 'session.updated') provider?.send('{"type":"response.create"}');
    else if (event.type === 'response.output_audio.delta') {
      let audio = Buffer.from(event.delta ?? '', 'base64');
      if (rest.length > 0) audio = Buffer.concat([rest, audio]);
      let at = 0;
      for (; at + bytesPerMessage <= audio.length; at += bytesPerMessage) toCaller(audio.subarray(at, at + bytesPerMessage));
      rest = audio.subarray(at);
    } else if (event.type === 'response.output_item.done') {
      if (rest.length > 0) toCaller(rest);
      rest = Buffer.alloc(0);
      mark();
    }
  };
  const begin = (message: { streamSid: string; start: { customParameters: { token: string } } }) => {
    const { streamSid, start } = message;
    head = `{"event":"media","streamSid":"${streamSid}","media":{"payload":"`;
    markHead = `{"event":"mark","streamSid":"${streamSid}","mark":{"name":`;
    const opened = new WebSocket(`${realtimeUrl.replace('http', 'ws')}/v1/realtime`, { perMessageDeflate: false });
    opened.on('open', () => {
      provider = opened;
      opened.send(JSON.stringify({ type: 'session.update', session: { instructions: start.customParameters.token } }));
    });
    opened.on('message', (data) => fromProvider(String(data)));
    opened.on('error', () => undefined);
    carrier.on('close', () => opened.close());
  };
  carrier.on('error', () => undefined);
  carrier.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.event === 'start') begin(message);
    else if (message.event === 'stop') carrier.close(1_000);
    else if (message.event === 'media' && provider) {
      if (framesPerAppend === 1) {
        provider.send(`{"type":"input_audio_buffer.append","audio":"${message.media.payload}"}`);
        return;
      }
      waiting.push(Buffer.from(message.media.payload, 'base64'));
      if (waiting.length < framesPerAppend) return;
      provider.send(`{"type":"input_audio_buffer.append","audio":"${Buffer.concat(waiting).toString('base64')}"}`);
      waiting = [];
    }
  });
}

const server = createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', relay);
server.listen(0, '127.0.0.1', () => {
  process.send?.({ done: 'listening', value: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => process.exit(0));
