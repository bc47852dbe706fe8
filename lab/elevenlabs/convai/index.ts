/** ElevenLabs agents: the signed address by REST, and the conversation's socket behind it. */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { LabServer } from '../../lab-server';
import { type BrainRule, callsOf, parseBrainRules } from '../../openai/brain/brain-rules';
import type { FunctionTool } from '../../openai/realtime/session-config';
import { VendorSockets } from '../../vendor-sockets';
import { CLIENT_TOOLS, type ConvaiAgent, convaiAgentSchema } from './agents';
import type { ConvaiEntry } from './ledger-entry';
import { ConvaiSession, type ServerEvent } from './session';

export interface ConvaiOptions {
  agents: Readonly<Record<string, ConvaiAgent>>;
  /** Names of client tools besides those that every agent has. */
  tools: readonly string[];
}

const SOCKET_PATH = '/elevenlabs/v1/convai/conversation';
const INTERNAL_ERROR = 1011;
const GOING_AWAY = 1001;

export function registerConvai(lab: LabServer, options: ConvaiOptions): void {
  const sockets = new VendorSockets(lab);
  const rules = parseBrainRules(lab.options.brain);
  const tools = toolsOf(options.tools, rules);
  /** Addresses that were given out, by signature: each is good for one conversation. */
  const signed = new Map<string, string>();

  lab.app.get<{ Querystring: { agent_id?: string } }>('/elevenlabs/v1/convai/conversation/get-signed-url', (request, reply) => {
    const problem = (code: number, status: string, message: string) => reply.code(code).send({ detail: { status, message } });
    if (!request.headers['xi-api-key']) return problem(401, 'needs_authorization', 'Neither authorization header nor xi-api-key received.');
    const fault = lab.faults.take('provider_error', { event: 'convai', to: request.query.agent_id ?? '' });
    if (fault) return problem(fault.status, 'internal_error', 'Something went wrong.');
    const agentId = request.query.agent_id ?? '';
    if (agentId === '' || agentId.startsWith('unknown')) return problem(404, 'agent_not_found', `Agent with id ${agentId} was not found.`);
    const signature = randomUUID();
    signed.set(signature, agentId);
    const query = new URLSearchParams({ agent_id: agentId, conversation_signature: signature });
    return reply.send({ signed_url: `${lab.url.replace(/^http/, 'ws')}${SOCKET_PATH}?${query}` });
  });

  lab.onUpgrade(SOCKET_PATH, (request, socket, head, url) => {
    const signature = url.searchParams.get('conversation_signature') ?? '';
    const agentId = signed.get(signature);
    signed.delete(signature);
    const refusal = lab.faults.take('provider_refuse', { event: 'convai', ...(agentId !== undefined && { to: agentId }) });
    if (agentId === undefined || refusal) {
      socket.end(`HTTP/1.1 ${refusal?.status ?? 403} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.accept(request, socket, head, (ws) => serve(ws, agentId));
  });

  function serve(ws: WebSocket, agentId: string): void {
    const { clock, faults } = lab;
    const subject = { event: 'convai', to: agentId };
    const agent = options.agents[agentId] ?? convaiAgentSchema.parse({});
    const entry: ConvaiEntry = lab.ledger.note('convai', newEntry(agentId, clock.now()));
    const drop = faults.take('provider_drop', subject);
    const close = faults.take('provider_close', subject);
    let mute = false;
    const end = (by: NonNullable<ConvaiEntry['closedBy']>, code: number, reason: string) => {
      entry.closedBy ??= by;
      ws.close(code, reason);
    };
    const session = new ConvaiSession({
      clock,
      baud: lab.options.baud,
      agent,
      rules,
      tools,
      entry,
      send: (event) => {
        mute ||= faults.take('provider_mute', subject) !== undefined;
        if (mute && event.type !== 'ping') return;
        if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(renamed(event)));
      },
      close: end,
      lateAudio: () => faults.take('late_audio', subject) !== undefined,
      spoke: () => {
        if (drop && entry.audioMs >= (drop.afterMs ?? 300)) {
          entry.closedBy ??= 'fault';
          ws.terminate();
        } else if (close && entry.audioMs >= (close.afterMs ?? 300)) end('fault', INTERNAL_ERROR, '');
      },
    });
    /** One kind of event under another name, as after a change at the vendor's. */
    function renamed(event: ServerEvent): object {
      return faults.take('renamed_event', { ...subject, event: event.type }) ? { ...event, type: `${event.type}_v2` } : event;
    }
    sockets.add(ws, () => end('lab', GOING_AWAY, ''));
    ws.on('error', (error) => lab.log.debug({ err: error, agentId }, 'elevenlabs agent socket error'));
    ws.on('close', (code) => {
      session.stop();
      entry.closedAt = clock.now();
      entry.closeCode = code;
      entry.closedBy ??= 'client';
    });
    if (faults.take('provider_unknown_event', subject)) {
      for (let i = 0; i < 3; i++) ws.send(JSON.stringify({ type: 'something_new', something_new_event: {} }));
    }
    ws.on('message', (data) => session.receive(data.toString()));
  }
}

function toolsOf(names: readonly string[], rules: readonly BrainRule[]): FunctionTool[] {
  const known: FunctionTool[] = CLIENT_TOOLS.map((tool) => ({ type: 'function', ...tool }));
  const more = new Set([...names, ...rules.flatMap((rule) => callsOf(rule).map(({ tool }) => tool))]);
  for (const { name } of known) more.delete(name);
  return [...known, ...[...more].map((name): FunctionTool => ({ type: 'function', name, parameters: { type: 'object', properties: {} } }))];
}

function newEntry(agentId: string, openedAt: number): ConvaiEntry {
  return {
    conversationId: `conv_${randomUUID().replaceAll('-', '')}`,
    agentId,
    openedAt,
    heard: [],
    said: [],
    interruptions: [],
    contextualUpdates: [],
    userMessages: [],
    activities: 0,
    toolCalls: [],
    pings: 0,
    pongs: 0,
    inputMs: 0,
    audioMs: 0,
    errors: [],
  };
}
