/** Telnyx' REST API under `/v2`, as far as calls, their recordings and their numbers go. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type Telnyx from 'telnyx';
import type { RequestEntry } from '../ledger';
import { type CommandBody, isAction, perform } from './commands';
import { dialCall } from './dial';
import { TelnyxApiError } from './errors';
import type { Application, TelnyxNetwork } from './network';
import { activeCall, callResource, connectionResource, numberResource, type PageQuery, pageOf } from './resources';

interface ById {
  Params: { id: string };
}

export function registerRest(network: TelnyxNetwork): void {
  const { lab } = network;
  lab.app.register(
    async (scope) => {
      const entries = new WeakMap<FastifyRequest, RequestEntry>();
      scope.addHook('preHandler', async (request) => {
        const params = { ...(request.query as object), ...(request.body as object | undefined) };
        entries.set(
          request,
          lab.ledger.request({ at: lab.clock.now(), method: request.method, path: request.url.replace(/\?.*$/, ''), params }),
        );
        if (request.headers.authorization !== `Bearer ${network.scenario.telnyx.apiKey}`) throw new TelnyxApiError('10009');
      });
      scope.addHook('onResponse', async (request, reply) => {
        const entry = entries.get(request);
        if (entry) entry.status = reply.statusCode;
      });
      scope.setErrorHandler((error: FastifyError | TelnyxApiError, _request, reply) => {
        const known = error instanceof TelnyxApiError ? error : new TelnyxApiError(error.statusCode ? '10015' : '10007', error.message);
        return reply.code(known.status).send(known.body);
      });
      registerCalls(scope, network);
      registerCallEvents(scope, network);
      registerRecordings(scope, network);
      registerAccount(scope, network);
    },
    { prefix: '/v2' },
  );
}

function registerCalls(scope: FastifyInstance, network: TelnyxNetwork): void {
  const { faults } = network.lab;
  scope.post<{ Body: Partial<Telnyx.CallDialParams> | null }>('/calls', (request, reply) => {
    const body = request.body ?? {};
    const subject = { to: typeof body.to === 'string' ? body.to : undefined };
    if (faults.take('create_429', subject)) throw new TelnyxApiError('90103');
    // The same id is the same call, whatever became of the first answer.
    const leg = network.once('dial', body.command_id, () => dialCall(network, body));
    if (faults.take('create_500', subject)) throw new TelnyxApiError('10007');
    if (faults.take('create_hang', subject)) return hang(reply);
    return { data: { ...callResource(leg), ...(leg.line.recorder ? { recording_id: leg.line.recorder.id } : {}) } };
  });

  scope.get<ById>('/calls/:id', ({ params }) => {
    const leg = network.legs.get(params.id);
    if (!leg) throw new TelnyxApiError('10005');
    return { data: callResource(leg) };
  });

  const command = (request: FastifyRequest<{ Params: { id: string; action: string }; Body: CommandBody | null }>, reply: FastifyReply) => {
    const { id, action } = request.params;
    const leg = network.legs.get(id);
    if (!isAction(action)) throw new TelnyxApiError('10005');
    if (!leg) throw new TelnyxApiError('90015');
    const body = request.body ?? {};
    const data = network.once(`${id} ${action}`, body.command_id, () => perform(leg, action, body));
    const subject = { to: leg.params.to, event: action };
    if (faults.take('command_500', subject)) throw new TelnyxApiError('10007');
    if (faults.take('command_hang', subject)) return hang(reply);
    return { data };
  };
  scope.post('/calls/:id/actions/:action', command);
  scope.put('/calls/:id/actions/:action', command);

  scope.get<ById & { Querystring: PageQuery }>('/connections/:id/active_calls', ({ params, query }) => {
    if (!network.application(params.id)) throw new TelnyxApiError('10005');
    const active = [...network.legs.values()].filter((leg) => !leg.isOver && leg.params.connectionId === params.id);
    return pageOf(active.map(activeCall), query);
  });
}

/** Carried out, and no word about it: the customer's request runs into its own deadline. */
function hang(reply: FastifyReply): FastifyReply {
  reply.hijack();
  return reply;
}

/** What Telnyx logs of calls for a day: the webhooks, newest first, each with the raw event in its metadata. */
function registerCallEvents(scope: FastifyInstance, network: TelnyxNetwork): void {
  scope.get<{ Querystring: RecordingQuery }>('/call_events', ({ query }) => {
    const since = Date.parse(query['filter[occurred_at][gte]'] ?? '');
    const found = network.webhooks.log.filter(
      ({ at, to, payload }) =>
        (query['filter[to]'] === undefined || to === query['filter[to]']) &&
        (query['filter[from]'] === undefined || payload.from === query['filter[from]']) &&
        (query['filter[application_session_id]'] === undefined || payload.call_session_id === query['filter[application_session_id]']) &&
        (query['filter[leg_id]'] === undefined || payload.call_leg_id === query['filter[leg_id]']) &&
        (Number.isNaN(since) || at >= since),
    );
    return pageOf(
      found.reverse().map(
        ({ name, at, payload }): Telnyx.CallEventListResponse => ({
          record_type: 'call_event',
          type: 'webhook',
          name,
          call_leg_id: payload.call_leg_id ?? '',
          call_session_id: payload.call_session_id ?? '',
          event_timestamp: new Date(at).toISOString(),
          metadata: { event_type: name, payload },
        }),
      ),
      query,
    );
  });
}

type RecordingQuery = PageQuery & Record<string, string | undefined>;

function registerRecordings(scope: FastifyInstance, network: TelnyxNetwork): void {
  const { recordings } = network;
  scope.get<{ Querystring: RecordingQuery }>('/recordings', ({ query }) => {
    const wanted = (['call_control_id', 'call_leg_id', 'call_session_id', 'connection_id', 'from', 'to'] as const).filter(
      (name) => query[`filter[${name}]`] !== undefined,
    );
    const found = recordings.list().filter((recording) => wanted.every((name) => recording[name] === query[`filter[${name}]`]));
    return pageOf(found, query);
  });
  scope.get<ById>('/recordings/:id', ({ params }) => ({ data: known(recordings.get(params.id)) }));
  scope.delete<ById>('/recordings/:id', ({ params }) => ({ data: known(recordings.remove(params.id)) }));
}

function registerAccount(scope: FastifyInstance, network: TelnyxNetwork): void {
  scope.get<{ Querystring: RecordingQuery }>('/phone_numbers', ({ query }) => {
    const wanted = query['filter[phone_number]']?.replace(/\D/g, '');
    const connection = query['filter[connection_id]'];
    const found = [...network.numbers.values()].filter(
      (owned) => (wanted === undefined || owned.number.includes(wanted)) && (connection === undefined || owned.connectionId === connection),
    );
    return pageOf(
      found.map((owned) => numberResource(network, owned)),
      query,
    );
  });
  scope.get<ById>('/phone_numbers/:id', ({ params }) => ({ data: numberResource(network, numberOf(network, params.id)) }));
  scope.patch<ById & { Body: Telnyx.PhoneNumberUpdateParams | null }>('/phone_numbers/:id', ({ params, body }) => {
    const owned = numberOf(network, params.id);
    const connectionId = body?.connection_id;
    if (connectionId !== undefined) {
      if (connectionId !== '' && !network.application(connectionId)) throw new TelnyxApiError('10017', undefined, '/connection_id');
      owned.connectionId = connectionId === '' ? null : connectionId;
    }
    return { data: numberResource(network, owned) };
  });

  scope.get<{ Querystring: PageQuery }>('/connections', ({ query }) =>
    pageOf([...network.applications.values()].map(connectionResource), query),
  );
  scope.get<ById>('/connections/:id', ({ params }) => ({ data: connectionResource(known(network.application(params.id))) }));
  scope.get<{ Querystring: PageQuery }>('/call_control_applications', ({ query }) => pageOf([...network.applications.values()], query));
  scope.get<ById>('/call_control_applications/:id', ({ params }) => ({ data: known(network.application(params.id)) }));
  scope.patch<ById & { Body: Partial<Telnyx.CallControlApplicationUpdateParams> | null }>(
    '/call_control_applications/:id',
    ({ params, body }) => {
      const application = known(network.application(params.id));
      // The real one demands both, even where only one changes.
      if (!body?.application_name) throw new TelnyxApiError('10004', undefined, '/application_name');
      if (!body.webhook_event_url) throw new TelnyxApiError('10004', undefined, '/webhook_event_url');
      return { data: Object.assign(application, writable(body), { updated_at: new Date(network.lab.clock.now()).toISOString() }) };
    },
  );
  scope.post<{ Body: Partial<Telnyx.CallControlApplicationCreateParams> | null }>('/call_control_applications', ({ body }, reply) => {
    if (!body?.application_name) throw new TelnyxApiError('10004', undefined, '/application_name');
    if (!body.webhook_event_url) throw new TelnyxApiError('10004', undefined, '/webhook_event_url');
    const id = String(BigInt(network.scenario.telnyx.connectionId.replace(/\D/g, '') || '1') + BigInt(network.applications.size));
    const at = new Date(network.lab.clock.now()).toISOString();
    const application: Application = {
      record_type: 'call_control_application',
      active: true,
      webhook_api_version: '2',
      ...writable(body),
      id,
      created_at: at,
      updated_at: at,
    };
    network.applications.set(id, application);
    return reply.code(201).send({ data: application });
  });
}

/** What a customer may write of an application. */
function writable(body: Partial<Telnyx.CallControlApplicationUpdateParams>): Partial<Application> {
  const { active, application_name, webhook_event_url, webhook_event_failover_url, webhook_timeout_secs, call_cost_in_webhooks } = body;
  const fields = { active, application_name, webhook_event_url, webhook_event_failover_url, webhook_timeout_secs, call_cost_in_webhooks };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function numberOf(network: TelnyxNetwork, idOrNumber: string) {
  return known(network.numbers.get(idOrNumber) ?? network.owned(idOrNumber));
}

function known<T>(found: T | undefined): T {
  if (found === undefined) throw new TelnyxApiError('10005');
  return found;
}
