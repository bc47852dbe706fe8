/** How long the person waited for each answer, and for what. */
import type { Turn } from './api';
import { milliseconds, percentile } from './format';

const PARTS = [
  { key: 'sttMs', name: 'hearing' },
  { key: 'llmMs', name: 'thinking' },
  { key: 'ttsMs', name: 'speaking' },
] as const;

export function LatencyChart({ turns }: { turns: readonly Turn[] }) {
  const waits = turns.flatMap(({ latency }) => latency ?? []);
  if (waits.length === 0) return null;
  const totals = waits.map(({ totalMs }) => totalMs);
  const longest = Math.max(...totals, 1);
  const share = (ms: number) => (100 * ms) / longest;
  return (
    <section>
      <h3>Answer times</h3>
      <p className="quiet">
        Median {milliseconds(percentile(totals, 0.5) ?? 0)}, 95 % within {milliseconds(percentile(totals, 0.95) ?? 0)}
      </p>
      <ul className="legend">
        {PARTS.map(({ key, name }) => (
          <li key={key}>
            <span className={key} /> {name}
          </li>
        ))}
      </ul>
      <ol className="waits">
        {waits.map((wait, index) => {
          const spoken = PARTS.map(({ key, name }) => `${name} ${milliseconds(wait[key])}`).join(', ');
          let left = 0;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: their place is their name
            <li key={index} title={spoken}>
              <svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={`${milliseconds(wait.totalMs)}: ${spoken}`}>
                {PARTS.map(({ key }) => {
                  const x = left;
                  left += share(wait[key]);
                  return <rect key={key} className={key} x={x} width={share(wait[key])} height="8" />;
                })}
              </svg>
              <span>{milliseconds(wait.totalMs)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
