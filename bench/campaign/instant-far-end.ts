/**
 * Far ends without audio: a phone company that takes every call, and on each a gateway and a person who are done at once. What a call's workflow is told
 * (callbacks, attach, heartbeat, report) is what the real ones tell, through the gateway's own link; no socket and no webhook is opened.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@temporalio/client';
import type { CarrierEvent, ConversationReport } from '../../contracts/call';
import type { CarrierCallStatus } from '../../contracts/carrier';
import { sleep, systemClock } from '../../contracts/clock';
import { GATEWAY_RENEW_MS } from '../../contracts/gateway';
import { WorkflowLink } from '../../media-gateway/workflow-link';
import type { Store } from '../../store/store';

const GATEWAY_ID = 'bench-gateway';
const DEADLINE_MS = 10_000;
const RETRY_MS = 20;
/** `Url=…/twilio/status/<call id>` of the request says which attempt it is. */
const CALL_ID = /\/twilio\/status\/(call_[0-9a-f]{32}_\d+)/;

export class InstantFarEnd {
  url = '';
  readonly failures: string[] = [];
  readonly #server: Server;
  readonly #stopped = new AbortController();
  #link: WorkflowLink | undefined;

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on calls are answered, and there is a gateway with room for them. */
  async open(client: Client, store: Store): Promise<void> {
    this.#link = new WorkflowLink(client, systemClock);
    const renew = () =>
      store.gateways.renew(
        { gatewayId: GATEWAY_ID, publicUrl: this.url, internalUrl: this.url, maxCalls: 10_000, activeCalls: 0, draining: false },
        new Date(),
      );
    await renew();
    void (async () => {
      while (!this.#stopped.signal.aborted) {
        await sleep(systemClock, GATEWAY_RENEW_MS, this.#stopped.signal).catch(() => undefined);
        if (!this.#stopped.signal.aborted) await renew().catch((error: Error) => this.failures.push(error.message));
      }
    })();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const json = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.method !== 'POST' || !request.url?.endsWith('/Calls.json')) {
      json(404, { code: 20_404, message: 'not here', status: 404 });
      return;
    }
    const form = new URLSearchParams(body);
    const sid = `CA${randomBytes(16).toString('hex')}`;
    const callId = CALL_ID.exec(form.get('StatusCallback') ?? '')?.[1];
    json(201, {
      sid,
      account_sid: 'AC00000000000000000000000000000000',
      to: form.get('To'),
      from: form.get('From'),
      status: 'queued',
      date_created: new Date().toUTCString(),
    });
    if (!callId) this.failures.push('a call without a status callback');
    else this.#live(callId, sid).catch((error: Error) => this.failures.push(error.message));
  }

  /** The life of an answered call, in the order in which the real one goes. */
  async #live(callId: string, carrierCallId: string): Promise<void> {
    const link = this.#link as WorkflowLink;
    let sequence = 0;
    const status = async (state: CarrierCallStatus, more: object = {}) => {
      const dedupeKey = `status/${carrierCallId}/${sequence}/${state}`;
      await link.carrierEvent(callId, {
        ...{ kind: 'status', dedupeKey, carrierCallId, at: Date.now(), status: state, sequence: sequence++ },
        ...more,
      } as CarrierEvent);
    };
    const gateway = { gatewayId: GATEWAY_ID, carrierCallId };
    // Of a queued call and of the answer the workflow knows without a signal (media-gateway/webhooks/known-news).
    await link.attach(callId, { ...gateway, ringingAt: Date.now() }, `ringing/${carrierCallId}`, DEADLINE_MS);
    const streamId = `MZ${carrierCallId.slice(2)}`;
    const attached = await link.attach(
      callId,
      { ...gateway, streamId, tokenNonce: carrierCallId, haveSetup: true },
      `stream/${streamId}`,
      DEADLINE_MS,
    );
    if (attached.kind !== 'attached' || !attached.activityId) throw new Error(`not attached: ${JSON.stringify(attached)}`);
    await link.carrierEvent(callId, {
      ...{ kind: 'amd', dedupeKey: `amd/${carrierCallId}/human`, carrierCallId, at: Date.now(), answeredBy: 'human', messageEnd: false },
    });
    const report = reportAt(Date.now());
    await link.heartbeat(callId, attached.activityId, { turns: report.turns, sealedTurns: 0, usage: report.usage, at: Date.now() });
    const until = performance.now() + DEADLINE_MS;
    // Not found: no worker has taken it up yet.
    while ((await link.complete(callId, attached.activityId, report)) === 'not_found') {
      if (performance.now() > until) throw new Error('the conversation was never there');
      await sleep(systemClock, RETRY_MS);
    }
    await status('completed', { durationS: 60 });
  }
}

/** What a short talk leaves. */
function reportAt(now: number): ConversationReport {
  const turn = (role: 'assistant' | 'user', text: string) => ({ role, text, at: now });
  return {
    end: 'agent_ended',
    turns: [
      turn('assistant', 'This is an AI assistant. Hi Ada, your appointment is on Tuesday. Does it suit you?'),
      turn('user', 'Yes, I confirm. I will be there.'),
      turn('assistant', 'Thank you, it is confirmed. Goodbye.'),
    ],
    usage: [
      { provider: 'openai', service: 'realtime', item: 'gpt-realtime', unit: 'input_audio_token', quantity: 600 },
      { provider: 'openai', service: 'realtime', item: 'gpt-realtime', unit: 'output_audio_token', quantity: 900 },
    ],
    startedAt: now,
    endedAt: now,
    toolCalls: [],
  };
}
