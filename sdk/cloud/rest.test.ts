import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '../../test/support/manual-clock';
import { RestClient } from './rest';

test('a stream of events from a backend that fell silent is given up, so that it can be asked for again', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': still here\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const clock = new ManualClock();
    const rest = new RestClient({ apiKey: 'pt_x', restUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, clock);
    const events = rest.stream('/api/calls/call_1/events', new AbortController().signal);
    expect(Buffer.from((await events.next()).value as Uint8Array).toString()).toContain('still here');
    const next = events.next();
    clock.pass(45_000);
    await expect(next).rejects.toThrow('nothing came for 45 s');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
