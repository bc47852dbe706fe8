/** A call without a telephone: the developer types what the caller says, and reads what the agent says. */
import { randomBytes } from 'node:crypto';
import type { CallSetup, TranscriptTurn } from '../../contracts/call';
import { type Clock, systemClock } from '../../contracts/clock';
import type { Outcome } from '../../contracts/outcomes';
import { spokenOf } from '../../media-gateway/engines/pipeline/on-message/on-message';
import { fillAgent } from '../../policy/texts';
import { numbersInTemplate } from '../../policy/transfer-targets';
import { type Config, loadConfig } from '../../runtime/config';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import { createLogger, type Logger } from '../../runtime/log';
import { compileAgent } from '../agent/compile-agent';
import { deliver } from '../callbacks/deliver';
import { DEFAULT_CALLBACK_DEADLINE_MS } from '../callbacks/dispatcher';
import { eventsOf, historyOf } from '../callbacks/events';
import { type CallFacts, factsOfSetup } from '../callbacks/facts';
import { CallControl } from '../options/call-control';
import type { Callback } from '../options/callbacks';
import type { LocalConfigFields } from '../options/constructor';
import type { ResolvedTestOptions } from '../options/serve';
import { bothSpellings } from '../options/spellings';
import { TextAgent } from './text-agent';

export interface TestSessionDeps {
  options: ResolvedTestOptions;
  local: Pick<LocalConfigFields, 'openaiKey' | 'phoneNumber' | 'webhookSecret'>;
  print(line: string): void;
  env?: NodeJS.ProcessEnv;
  clock?: Clock;
}

const E164 = /^\+[1-9]\d{6,14}$/;
/** Whoever types. */
const CALLER = '+15550000001';
const HELP = 'Commands: /history, /transfer <number>, /hangup, /quit.';

export class TestSession {
  readonly #setup: CallSetup;
  readonly #agent: TextAgent;
  readonly #turns: TranscriptTurn[] = [];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #config: Config;
  readonly #fetch: GuardedFetch;
  readonly #startedAt: number;
  #end: { outcome: Outcome; transferredTo?: string } | undefined;

  constructor(private readonly deps: TestSessionDeps) {
    const { options, local, env = process.env, clock = systemClock } = deps;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#log = createLogger('test', env.PATTER_LOG_LEVEL ?? 'warn');
    const { spec, code, credentials } = compileAgent(options.agent, { app: 'test' });
    const openaiKey = credentials.openaiKey ?? local.openaiKey;
    this.#config = loadConfig({ ...env, ...(openaiKey && { OPENAI_API_KEY: openaiKey }) });
    this.#fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(this.#config) });
    const { variables } = spec;
    const transferNumbers = numbersInTemplate(spec.systemPrompt);
    this.#setup = {
      callId: `test_${randomBytes(16).toString('hex')}`,
      ...{ campaignId: '', contactId: '', tenantId: 'default', direction: 'inbound', carrier: 'twilio' },
      ...{ from: CALLER, to: local.phoneNumber || '+15550000000' },
      agent: fillAgent(spec, variables),
      ...{ variables, voicemailMessage: '', machineDetection: false, canTransfer: transferNumbers.length > 0 },
      ...(transferNumbers.length > 0 && { transferNumbers }),
    };
    this.#agent = new TextAgent({
      ...{ setup: this.#setup, code, config: this.#config, clock, log: this.#log },
      history: () => this.#turns,
      tool: (name, args, output) => deps.print(`  [${name}(${args}) → ${output}]`),
      builtIn: (call) => {
        if (call.name === 'end_call') {
          if (call.farewell) this.#say(call.farewell);
          this.#end ??= { outcome: 'completed' };
          return 'The call ends now.';
        }
        if (call.name === 'transfer_call') {
          this.#transfer(call.number ?? transferNumbers[0] ?? '');
          return 'The caller is being connected.';
        }
        if (call.name === 'opt_out') {
          this.#end ??= { outcome: 'opted_out' };
          return 'Noted. The call ends now.';
        }
        return 'There is no telephone in a test session: nothing was done.';
      },
    });
  }

  /** Over by the agent's, the handler's or the caller's doing. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  async start(): Promise<void> {
    const { print, options } = this.deps;
    print(`Test session: type what the caller says. ${HELP}`);
    await this.#tell('start', options.onCallStart as Callback<never> | undefined);
    const { disclosure, firstMessage } = this.#setup.agent;
    for (const line of [disclosure, firstMessage]) {
      if (line === '') continue;
      this.#say(line);
      this.#agent.said(line);
    }
  }

  /** One line that was typed: a command, or what the caller says. */
  async line(typed: string): Promise<void> {
    const text = typed.trim();
    if (text === '' || this.ended) return;
    if (text.startsWith('/')) this.#command(text);
    else await this.#answer(text);
  }

  /** `end`: there is nobody to type any more. */
  async stop(): Promise<void> {
    this.#end ??= { outcome: 'completed' };
    this.#agent.dispose();
    await this.#tell('end', this.deps.options.onCallEnd as Callback<never> | undefined);
    this.deps.print(`The call has ended: ${this.#end.outcome}.`);
    this.#fetch.close();
  }

  #command(text: string): void {
    const { print } = this.deps;
    const [name, argument = ''] = text.split(/\s+/, 2) as [string, string?];
    switch (name) {
      case '/quit':
      case '/hangup':
        this.#end ??= { outcome: 'completed' };
        return;
      case '/history':
        if (this.#turns.length === 0) print('Nothing has been said yet.');
        for (const { role, text: said, timestamp } of historyOf(this.#turns)) print(`  ${timestamp} ${role}: ${said}`);
        return;
      case '/transfer':
        if (E164.test(argument)) this.#transfer(argument);
        else print('Whom to? As +15551234567: /transfer <number>');
        return;
      default:
        print(`There is no command ${name}. ${HELP}`);
    }
  }

  async #answer(text: string): Promise<void> {
    const before = [...this.#turns];
    this.#turns.push({ role: 'user', text, at: this.#clock.now() });
    try {
      const { onMessage } = this.deps.options;
      if (onMessage) await this.#ask(onMessage, text, before);
      else this.#say(await this.#agent.answer(text));
    } catch (error) {
      this.deps.print(`  [no answer: ${error instanceof Error ? error.message : String(error)}]`);
    }
  }

  async #ask(onMessage: NonNullable<ResolvedTestOptions['onMessage']>, text: string, before: readonly TranscriptTurn[]): Promise<void> {
    const { callId, direction, from: caller, to: callee, agent, variables } = this.#setup;
    const abort = new AbortController();
    const control = new CallControl({
      ...{ callId, caller, callee, telephonyProvider: '', signal: abort.signal },
      transfer: async (number) => this.#transfer(number),
      hangup: async () => {
        this.#end ??= { outcome: 'completed' };
      },
    });
    const parties = { callId, caller, callee, direction };
    const message = bothSpellings({ ...parties, customParams: {}, text, history: historyOf(before), language: agent.language, variables });
    const answer = spokenOf(await onMessage(message, control));
    let said = '';
    if (typeof answer === 'string') said = answer;
    else for await (const piece of answer) said += piece;
    this.#say(await this.#agent.judged(said.trim()));
  }

  #transfer(number: string): void {
    this.deps.print(`  [transfer to ${number}]`);
    this.#end ??= { outcome: 'transferred', transferredTo: number };
  }

  #say(text: string): void {
    if (text.trim() === '') return;
    this.#turns.push({ role: 'assistant', text, at: this.#clock.now() });
    this.deps.print(`Agent: ${text}`);
  }

  async #tell(kind: 'start' | 'end', callback: Callback<never> | undefined): Promise<void> {
    if (!callback) return;
    const event = [...eventsOf(this.#facts())].find((each) => each.kind === kind);
    if (!event || event.kind === 'persist') return;
    try {
      await deliver(event, callback, {
        ...{
          deadlineMs: DEFAULT_CALLBACK_DEADLINE_MS,
          secret: this.deps.local.webhookSecret || undefined,
          fetch: this.#fetch,
          clock: this.#clock,
        },
      });
    } catch (error) {
      this.#log.error({ err: error, event: event.id }, 'a callback failed');
    }
  }

  #facts(): CallFacts {
    const facts = factsOfSetup({ ...this.#setup, variables: {} }, this.#turns, this.#startedAt);
    const now = this.#clock.now();
    return {
      ...facts,
      ...(this.#end && {
        ended: {
          outcome: this.#end.outcome,
          reason: undefined,
          answeredBy: 'human',
          endedAt: now,
          durationMs: now - this.#startedAt,
          costLines: [],
          machineDetection: false,
          answered: true,
        },
      }),
    };
  }
}
