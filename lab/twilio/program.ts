/** What an answered call does: TwiML, verb by verb, until its end, a hang-up, or an update that puts other TwiML in its place. */
import { speak } from '../audio';
import { fetchWavFrames } from '../phone/wav';
import type { Call } from './call';
import { dial } from './dial';
import { GatherPath } from './gather';
import { PlayerPath } from './media-path';
import { MediaStream } from './media-stream';
import { sendSigned } from './signed-request';
import { type GatherVerb, parseTwiml, type StreamNoun, type Verb } from './twiml';

export type ProgramSource = { twiml: string } | { url: string; method: string };

export interface ProgramFallback {
  url: string;
  method: string;
}

/** A key and the silence after it; a `w`. */
const KEY_MS = 250;
const KEY_PAUSE_MS = 500;

/** A document and where it came from: relative URLs in it are relative to that. */
interface Document {
  verbs: Verb[];
  base: string | undefined;
}

/** An error that ends the program unless there is a fallback URL. Carries Twilio's code. */
class ProgramError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly url: string,
  ) {
    super(message);
  }
}

export class Program {
  private abort = new AbortController();

  constructor(
    private readonly call: Call,
    private readonly fallback: ProgramFallback | undefined,
  ) {}

  /** Begins, or puts something else in the place of what is running. */
  run(source: ProgramSource, params: Record<string, string> = {}): void {
    this.stop();
    this.abort = new AbortController();
    const { signal } = this.abort;
    void this.perform(source, params, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      this.call.network.lab.log.error({ err: error, callSid: this.call.sid }, 'a TwiML program broke');
      this.call.end('completed', 'carrier');
    });
  }

  stop(): void {
    this.abort.abort();
    this.call.connect(undefined);
  }

  private async perform(source: ProgramSource, params: Record<string, string>, signal: AbortSignal): Promise<void> {
    try {
      await this.performDocument(await this.load(source, params, signal), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ProgramError)) throw error;
      const recovered = await this.fallBack(error, signal);
      if (!recovered && !signal.aborted) this.call.end('completed', 'carrier');
    }
    if (!signal.aborted) this.call.end('completed', 'twiml');
  }

  /** False where there is no fallback URL, or what it gave cannot be performed either. */
  private async fallBack(error: ProgramError, signal: AbortSignal): Promise<boolean> {
    this.call.error(error.code, error.message);
    if (!this.fallback) return false;
    try {
      const params = { ErrorCode: String(error.code), ErrorUrl: error.url };
      await this.performDocument(await this.load(this.fallback, params, signal), signal);
      return true;
    } catch (second) {
      if (signal.aborted) return false;
      if (!(second instanceof ProgramError)) throw second;
      this.call.error(second.code, second.message);
      return false;
    }
  }

  /** Verb after verb; one that leads to another document does not come back. */
  private async performDocument(document: Document, signal: AbortSignal): Promise<void> {
    for (const verb of document.verbs) {
      const next = await this.performVerb(verb, document.base, signal);
      if (signal.aborted) return;
      if (next === 'over') return;
      if (next) return this.performDocument(next, signal);
    }
  }

  private async performVerb(verb: Verb, base: string | undefined, signal: AbortSignal): Promise<Document | 'over' | undefined> {
    const { call } = this;
    // A pause before anything else only lets it ring for longer.
    if (verb.kind === 'pause' && call.state.kind === 'ringing') {
      await ringOn(call, verb.ms, signal);
      return undefined;
    }
    if (HEARD.has(verb.kind)) call.pickUp();
    switch (verb.kind) {
      case 'say': {
        const frames = speak(verb.text, call.network.lab.options.baud);
        for (let i = 0; i < Math.max(1, verb.loop) && !signal.aborted; i++) await this.play(new PlayerPath(frames), 'say');
        return undefined;
      }
      case 'play':
        await this.playFile(resolveUrl(verb.url, base), verb.loop, signal);
        return undefined;
      case 'gather':
        return this.gather(verb, base, signal);
      case 'conference': {
        const params = await call.network.conferences.join(call, {
          ...verb.conference,
          statusCallback: verb.conference.statusCallback && resolveUrl(verb.conference.statusCallback, base),
        });
        return verb.action && !signal.aborted
          ? this.load({ url: resolveUrl(verb.action, base), method: verb.method }, params, signal)
          : undefined;
      }
      case 'keys':
        for (const key of verb.digits) {
          // A tone is no audio here: the phone at the other end is told which key it was.
          if (key !== 'w') call.phone?.hearKey(key);
          await this.play(new PlayerPath(undefined, 8 * (key === 'w' ? KEY_PAUSE_MS : KEY_MS)));
          if (signal.aborted) return undefined;
        }
        return undefined;
      case 'pause':
        await this.play(new PlayerPath(undefined, 8 * verb.ms));
        return undefined;
      case 'reject':
        call.end(verb.reason === 'busy' ? 'busy' : 'no-answer', 'twiml', verb.reason === 'busy' ? 486 : 603);
        return 'over';
      case 'hangup':
        call.end('completed', 'twiml');
        return 'over';
      case 'redirect':
        return this.load({ url: resolveUrl(verb.url, base), method: verb.method }, {}, signal);
      case 'connect': {
        await this.stream(verb.stream, base, signal);
        return verb.action && !signal.aborted
          ? this.load({ url: resolveUrl(verb.action, base), method: verb.method }, {}, signal)
          : undefined;
      }
      case 'dial': {
        const params = await dial(call, verb, (url) => resolveUrl(url, base), signal);
        return verb.action && !signal.aborted
          ? this.load({ url: resolveUrl(verb.action, base), method: verb.method }, params, signal)
          : undefined;
      }
      case 'invalid':
        // As the real one: a warning in the debugger, and on with the next verb.
        call.error(verb.code, verb.message);
        return undefined;
    }
  }

  private async play(path: PlayerPath, via?: 'say' | 'play'): Promise<void> {
    this.call.connect(path, via ? { via } : undefined);
    await path.ended;
    this.call.disconnect(path);
  }

  private async stream(noun: StreamNoun, base: string | undefined, signal: AbortSignal): Promise<void> {
    const { call } = this;
    const { network } = call;
    const stream = new MediaStream(
      {
        lab: network.lab,
        accountSid: network.accountSid,
        authToken: network.scenario.account.authToken,
        callSid: call.sid,
        to: call.params.to,
        opened: (entry) => {
          call.entry.streams.push(entry);
          call.listen({ via: 'stream', streamSid: entry.streamSid });
        },
        error: (code, message) => call.error(code, message),
        callback: (event, params) => {
          if (!noun.statusCallback) return;
          const { CallSid = '', AccountSid = '' } = call.fields;
          network.callbacks.send({
            callSid: call.sid,
            to: call.params.to,
            event,
            url: resolveUrl(noun.statusCallback, base),
            method: noun.statusCallbackMethod,
            params: { CallSid, AccountSid, ...params },
          });
        },
      },
      noun,
    );
    call.connect(stream);
    const end = await stream.ended;
    call.disconnect(stream);
    // The caller stays on a dead line until somebody updates the call or it ends.
    if (end === 'broken' && network.scenario.network.onAbnormalClose === 'hold') await aborted(signal);
  }

  /** @throws ProgramError */
  private async load(source: ProgramSource, params: Record<string, string>, signal: AbortSignal): Promise<Document> {
    if ('twiml' in source) return { verbs: this.parse(source.twiml, ''), base: undefined };
    const { call } = this;
    let response: Awaited<ReturnType<typeof sendSigned>>;
    try {
      response = await sendSigned({
        url: source.url,
        method: source.method,
        params: { ...call.fields, ...params },
        authToken: call.network.scenario.account.authToken,
        signal,
      });
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      throw new ProgramError(11_205, `HTTP connection failure: ${(cause as Error).message}`, source.url);
    }
    if (response.status < 200 || response.status >= 300) {
      throw new ProgramError(11_200, `HTTP retrieval failure: status ${response.status}`, source.url);
    }
    if (!/xml|html|text\/plain/.test(response.contentType) && response.body !== '') {
      throw new ProgramError(12_300, `Invalid Content-Type ${response.contentType}`, source.url);
    }
    return { verbs: this.parse(response.body, source.url), base: source.url };
  }

  private parse(source: string, url: string): Verb[] {
    try {
      return parseTwiml(source);
    } catch (error) {
      throw new ProgramError(12_100, `Document parse failure: ${(error as Error).message}`, url);
    }
  }

  /** 0 is for ever. */
  private async playFile(url: string, loop: number, signal: AbortSignal): Promise<void> {
    let frames: Uint8Array;
    try {
      frames = await fetchWavFrames(url, signal);
    } catch (error) {
      this.call.error(11_200, `the audio of <Play> cannot be fetched: ${(error as Error).message}`);
      return;
    }
    for (let i = 0; (loop === 0 || i < loop) && frames.length > 0 && !signal.aborted; i++) await this.play(new PlayerPath(frames), 'play');
  }

  /** Without keys the next verb follows. */
  private async gather(verb: GatherVerb, base: string | undefined, signal: AbortSignal): Promise<Document | undefined> {
    const { call } = this;
    const frames = Buffer.concat(verb.prompts.map((text) => speak(text, call.network.lab.options.baud)));
    const path = new GatherPath(frames, verb);
    call.connect(path, { via: 'say' });
    const digits = await path.ended;
    call.disconnect(path);
    if (digits === '' || !verb.action || signal.aborted) return undefined;
    return this.load({ url: resolveUrl(verb.action, base), method: verb.method }, { Digits: digits, FinishedOnKey: '' }, signal);
  }
}

function resolveUrl(url: string, base: string | undefined): string {
  return base === undefined ? url : new URL(url, base).toString();
}

/** The verbs that answer a call. */
const HEARD: ReadonlySet<Verb['kind']> = new Set(['say', 'play', 'gather', 'keys', 'pause', 'connect', 'dial', 'conference']);

function ringOn(call: Call, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    call.after(ms, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
