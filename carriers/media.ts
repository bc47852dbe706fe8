/** A carrier's media socket in words that all carriers share: µ-law at 8 kHz in and out, marks, keys, start and stop. */
import type { CarrierName } from '../contracts/carrier';

/** What a stream's socket says. `ignored` is an event that we have no use for; `invalid` breaks the protocol. */
export type MediaStreamMessage =
  | { event: 'connected' }
  /** `parameters.token` is the signed call token, by whichever way the carrier carries it. */
  | { event: 'start'; streamId: string; carrierCallId: string; parameters: Readonly<Record<string, string>> }
  | { event: 'media'; streamId: string; audio: Uint8Array }
  | { event: 'dtmf'; streamId: string; digit: string }
  | { event: 'mark'; streamId: string; name: string }
  | { event: 'stop'; streamId: string }
  | { event: 'ignored'; name: string }
  | { event: 'invalid'; reason: string };

/** Builds the messages to one stream. */
export interface MediaEncoder {
  /** Raw µ-law of any length, no header. */
  media(mulaw: Uint8Array): string;
  mark(name: string): string;
  /** Drops what the carrier has buffered. */
  clear(): string;
}

/** One socket's reader and writer. Stateful where the carrier's frames come out of order, or in more than one encoding. */
export interface MediaCodec {
  /** Delivers what the text says: one message, none (a frame waits for the one before it) or several, in their order. */
  read(text: string, deliver: (message: MediaStreamMessage) => void): void;
  encoder(streamId: string): MediaEncoder;
}

export interface CarrierMedia {
  readonly carrier: CarrierName;
  /** @param url path and query of the upgrade request */
  open(url: string): MediaCodec;
}
