import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';

type WithoutId<T> = T extends unknown ? Omit<T, 'event_id'> : never;

/** A server event before its id is put on. */
export type ServerEventBody = WithoutId<RealtimeServerEvent>;
