/** Where a CPU profile's time went. */
import { round } from '../support/numbers';
import type { Row } from '../support/report';

export interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

/** A sample counts for the first of these that any frame of its stack belongs to. */
const PURPOSES: readonly [name: string, pattern: RegExp][] = [
  ['garbage collection', /^\(garbage collector\)/],
  ['Temporal: heartbeats and their gRPC', /@temporalio|@grpc|protobufjs|internal\/http2|heartbeats\.js|workflow-link\.js/],
  ['Postgres: the registration', /\/pg\/|\/pg-|drizzle|\/store\//],
  ['pacer: timers and what they send', /playback\/pacer\.js/],
  ['from the carrier: parsing, voice detection, sending on', /media-gateway\/media-socket\.js/],
  ['from the provider: socket, parsing, buffering', /engines\/openai-realtime\/socket\.js/],
  ['sockets: reading and framing (ws, Node)', /\/ws\/|node:net|stream_base|node:internal\/streams/],
];

/** By purpose, whole stacks. */
export function purposes(profile: Profile): Row[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const purposeOf = new Map<number, string>();
  for (const { id } of profile.nodes) {
    const stack: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame) stack.push(`${frame.functionName} ${frame.url}`);
    }
    purposeOf.set(id, PURPOSES.find(([, pattern]) => stack.some((frame) => pattern.test(frame)))?.[0] ?? 'the rest of Node');
  }
  return shares(profile, byId, (node) => purposeOf.get(node.id) as string).map(({ name, part }) => ({ '%': part, purpose: name }));
}

/** Self time by function, the largest first. */
export function hotSpots(profile: Profile, most = 20): Row[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const nameOf = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode) => {
    const file = url.replace(/^file:\/\//, '').replace(/^.*\/(dist|node_modules)\//, '');
    return `${functionName || '(anonymous)'}${file ? ` ${file}:${lineNumber + 1}` : ''}`;
  };
  return shares(profile, byId, nameOf)
    .slice(0, most)
    .map(({ name, part }) => ({ 'self %': part, function: name }));
}

function shares(
  profile: Profile,
  byId: ReadonlyMap<number, ProfileNode>,
  nameOf: (node: ProfileNode) => string,
): { name: string; part: number }[] {
  const took = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const node = byId.get(id);
    const delta = profile.timeDeltas[index] ?? 0;
    if (!node || node.callFrame.functionName === '(idle)') return;
    busy += delta;
    const name = nameOf(node);
    took.set(name, (took.get(name) ?? 0) + delta);
  });
  return [...took].sort((a, b) => b[1] - a[1]).map(([name, value]) => ({ name, part: round((100 * value) / busy) }));
}
