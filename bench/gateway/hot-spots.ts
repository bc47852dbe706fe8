/** Where a CPU profile's time went: self time by function, the largest first. */

import { round } from '../support/numbers';
import type { Row } from '../support/report';

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

export function hotSpots(profile: Profile, most = 25): Row[] {
  const self = new Map<string, number>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const frame = byId.get(id)?.callFrame;
    const took = profile.timeDeltas[index] ?? 0;
    if (!frame || frame.functionName === '(idle)') return;
    busy += took;
    const file = frame.url.replace(/^file:\/\//, '').replace(/^.*\/(dist|node_modules)\//, '');
    const name = `${frame.functionName || '(anonymous)'}${file ? ` ${file}:${frame.lineNumber + 1}` : ''}`;
    self.set(name, (self.get(name) ?? 0) + took);
  });
  return [...self]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([name, took]) => ({ 'self time %': round((100 * took) / busy), function: name }));
}
