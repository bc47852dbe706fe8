/** The backend of `connect()`: sockets of programs, their messages and their events. */
import type { FastifyInstance } from 'fastify';
import { secretKey } from '../../runtime/secret-key';
import type { ControlContext } from '../context';
import { DEFAULT_EVENT_PUMP_OPTIONS, EventPump, type EventPumpOptions } from './event-pump';
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
}

/** Adds the backend to a server that does not listen yet; ends with it. */
export function addBackend(app: FastifyInstance, ctx: ControlContext, { carriersOf, sockets, events }: BackendOptions = {}): void {
  const relay = new MessageRelay(ctx.clock);
  const pump = new EventPump(ctx, relay, { ...DEFAULT_EVENT_PUMP_OPTIONS, ...events });
  const programs = new SdkSockets(ctx, relay, pump, { carriersOf, options: sockets });
  let key: Promise<string> | undefined;
  registerBackend(app, ctx, relay, () => {
    key ??= secretKey(ctx.config);
    return key;
  });
  app.server.on('upgrade', programs.onUpgrade);
  app.addHook('onListen', async () => pump.start());
  app.addHook('preClose', async () => {
    await programs.stop();
    await pump.stop();
    relay.close();
  });
}
