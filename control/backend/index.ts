/** The backend of `connect()`: sockets of programs, their messages and their events. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { SDK_LINK_PATH } from '../../contracts/sdk-link';
import { secretKey } from '../../runtime/secret-key';
import type { ControlContext } from '../context';
import { ControlLinks, type LinkOptions } from './control-links';
import { DEFAULT_EVENT_PUMP_OPTIONS, EventPump, type EventPumpOptions } from './event-pump';
import { StoredBook } from './message-book';
import type { CarriersOf } from './register-number';
import { MessageRelay } from './relay';
import { registerBackend } from './routes';
import { SdkSockets, type SocketOptions } from './sockets';

export type { CarriersOf } from './register-number';

export interface BackendOptions {
  /** Tells a carrier where a connected number's calls go. Absent: nobody is told. */
  carriersOf?: CarriersOf;
  sockets?: Partial<SocketOptions>;
  events?: Partial<EventPumpOptions>;
  links?: Partial<LinkOptions>;
}

/** Adds the backend to a server that does not listen yet; ends with it. */
export function addBackend(
  app: FastifyInstance,
  ctx: ControlContext,
  { carriersOf, sockets, events, links: linkOptions }: BackendOptions = {},
): void {
  const controlId = `control_${randomUUID()}`;
  const relay = new MessageRelay(ctx.clock, new StoredBook(ctx.store.sdk, controlId, ctx.clock, ctx.log));
  const pump = new EventPump(ctx, relay, { ...DEFAULT_EVENT_PUMP_OPTIONS, ...events });
  let key: Promise<string> | undefined;
  const keyOf = () => {
    key ??= secretKey(ctx.config);
    return key;
  };
  const links = new ControlLinks(ctx, {
    ...{ controlId, relay, secretKey: keyOf, options: linkOptions },
    acknowledged: ({ callId, event, type }) => pump.answered(callId, event, type === 'ack'),
    gone: (clientId) => pump.clientGone(clientId),
  });
  const programs = new SdkSockets(ctx, relay, pump, links, { carriersOf, options: sockets });
  registerBackend(app, ctx, relay, links, keyOf);
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const to = request.url?.split('?')[0] === SDK_LINK_PATH ? links : programs;
    to.onUpgrade(request, socket, head);
  });
  app.addHook('onListen', async () => {
    pump.start();
    links.start(app.server.address() as AddressInfo);
  });
  app.addHook('preClose', async () => {
    // Before its programs are sent away: to the others they are not gone, but on their way.
    await links.stop();
    await programs.stop();
    await pump.stop();
    relay.close();
  });
}
