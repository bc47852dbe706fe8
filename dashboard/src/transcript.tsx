import { useEffect, useRef } from 'react';
import type { Call } from './api';
import { clockTime, milliseconds } from './format';

export function Transcript({ call }: { call: Call }) {
  const live = call.status !== 'ended';
  const box = useRef<HTMLOListElement>(null);
  const said = call.turns.length;
  const person = call.direction === 'inbound' ? 'Caller' : 'Person called';
  // The newest words stay in sight, unless somebody has scrolled back.
  useEffect(() => {
    const list = box.current;
    if (!live || !list || said === 0) return;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 160;
    if (atEnd) list.scrollTop = list.scrollHeight;
  }, [live, said]);
  if (said === 0) return <p className="quiet">{live ? 'Nobody has spoken yet.' : 'Nobody spoke.'}</p>;
  return (
    <ol className="turns" ref={box} aria-live={live ? 'polite' : 'off'}>
      {call.turns.map((turn, index) => (
        // Turns are never taken away, only known better.
        // biome-ignore lint/suspicious/noArrayIndexKey: their place is their name
        <li key={index} className={turn.role}>
          <p className="who">
            {turn.role === 'assistant' ? 'Agent' : person}
            <time dateTime={new Date(turn.at).toISOString()}>{clockTime(turn.at)}</time>
            {turn.latency && <span title="How long the person waited for the answer">{milliseconds(turn.latency.totalMs)}</span>}
          </p>
          <p className="words">
            {turn.text}
            {turn.interrupted && <span className="cut"> (cut off)</span>}
          </p>
        </li>
      ))}
    </ol>
  );
}
