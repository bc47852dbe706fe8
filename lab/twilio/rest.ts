/** Twilio's REST API, as far as calls and their numbers go. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestEntry } from '../ledger';
import type { Call } from './call';
import { type CallFilter, callResource, listCalls } from './call-resource';
import { createCall, type Form, field, method, refusal } from './create-call';
import { sendError } from './errors';
import type { PhoneNetwork } from './network';
import type { PhoneNumbers } from './numbers';
import type { Program } from './program';
import type { Recordings } from './recordings';

const ROOT = '/2010-04-01/Accounts/:accountSid';

interface CallRoute {
  Params: { accountSid: string; callSid: string };
  Body: Form;
}

/** A request that the next one to its number overtakes. */
interface Late {
  form: Form;
  delayMs: number;
}

/** The routes; `programs` is where the program of each call is found, for updates. */
export function registerRest(network: PhoneNetwork, programs: Map<string, Program>, numbers: PhoneNumbers, recordings: Recordings): void {
  const late = new Map<string, Late>();
  network.lab.onReset(() => late.clear());
  network.lab.app.register(async (scope) => {
    const entries = new WeakMap<FastifyRequest, RequestEntry>();
    scope.addHook('preHandler', async (request, reply) => {
      const { ledger, clock } = network.lab;
      const params = { ...(request.query as object), ...(request.body as object | undefined) };
      entries.set(request, ledger.request({ at: clock.now(), method: request.method, path: request.url.replace(/\?.*$/, ''), params }));
      if (!isAuthentic(network, request)) await sendError(reply, 20003);
    });
    scope.addHook('onResponse', async (request, reply) => {
      const entry = entries.get(request);
      if (entry) entry.status = reply.statusCode;
    });

    scope.post<CallRoute>(`${ROOT}/Calls.json`, (request, reply) => create(network, programs, late, request.body ?? {}, reply));
    scope.get<{ Querystring: CallFilter }>(`${ROOT}/Calls.json`, (request) =>
      listCalls(network.calls.values(), request.query, request.url.replace(/\?.*$/, '')),
    );
    scope.get<CallRoute>(`${ROOT}/Calls/:callSid(^[A-Za-z0-9]+).json`, (request, reply) => {
      const call = network.calls.get(request.params.callSid);
      return call ? callResource(call) : sendError(reply, 20404);
    });
    scope.post<CallRoute>(`${ROOT}/Calls/:callSid(^[A-Za-z0-9]+).json`, (request, reply) => {
      const { callSid } = request.params;
      const call = network.calls.get(callSid);
      return call ? update(call, programs.get(callSid), request.body ?? {}, reply) : sendError(reply, 20404);
    });
    numbers.register(scope, ROOT);
    recordings.register(scope, ROOT);
    network.conferences.register(scope, ROOT);
    scope.get('/2010-04-01/Accounts/:accountSid(^[A-Za-z0-9]+).json', () => ({
      sid: network.accountSid,
      friendly_name: 'Patter lab',
      status: 'active',
      type: 'Full',
      date_created: null,
      date_updated: null,
      uri: `/2010-04-01/Accounts/${network.accountSid}.json`,
    }));
  });
}

function isAuthentic(network: PhoneNetwork, request: FastifyRequest): boolean {
  const { sid, authToken } = network.scenario.account;
  const expected = `Basic ${Buffer.from(`${sid}:${authToken}`).toString('base64')}`;
  return request.headers.authorization === expected && (request.params as { accountSid?: string }).accountSid === sid;
}

function create(network: PhoneNetwork, programs: Map<string, Program>, late: Map<string, Late>, form: Form, reply: FastifyReply): unknown {
  const to = field(form, 'To') ?? '';
  const { faults } = network.lab;
  if (faults.take('create_429', { to })) return sendError(reply, 20429);
  const refused = refusal(network, form);
  if (refused) return sendError(reply, refused.code, refused.detail);

  const held = faults.take('create_overtaken', { to });
  if (held) {
    late.set(to, { form, delayMs: held.delayMs });
    reply.hijack();
    return reply;
  }
  const { call, program } = createCall(network, form);
  programs.set(call.sid, program);
  const overtaken = late.get(to);
  if (overtaken) {
    late.delete(to);
    call.after(overtaken.delayMs, () => {
      const second = createCall(network, overtaken.form);
      programs.set(second.call.sid, second.program);
    });
  }
  if (faults.take('create_500', { to })) return sendError(reply, 20500);
  if (faults.take('create_hang', { to })) {
    // Dialled, and no word about it: the customer's request runs into its own deadline.
    reply.hijack();
    return reply;
  }
  return reply.code(201).send(callResource(call));
}

function update(call: Call, program: Program | undefined, form: Form, reply: FastifyReply): unknown {
  if (call.isOver) return sendError(reply, 21220);
  const status = field(form, 'Status');
  const url = field(form, 'Url');
  const twiml = field(form, 'Twiml');
  const inProgress = call.state.kind === 'in-progress';
  if (status === 'canceled') {
    // One that is under way is left alone.
    if (!inProgress) call.end('canceled', 'api');
  } else if (status === 'completed') {
    call.end(inProgress ? 'completed' : 'canceled', 'api');
  } else if (url || twiml) {
    if (!inProgress || !program) return sendError(reply, 21220);
    call.updatedAt = call.network.lab.clock.now();
    program.run(url ? { url, method: method(form, 'Method') } : { twiml: twiml as string });
  }
  return callResource(call);
}
