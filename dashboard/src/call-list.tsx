import type { KeyboardEvent } from 'react';
import type { Call } from './api';
import { dollars, duration, fullTime, otherEnd, shortTime, stateOf } from './format';
import { StateTag } from './state-tag';

interface Props {
  calls: Call[];
  loading: boolean;
  more: (() => void) | undefined;
  selected: string | undefined;
}

export function CallList({ calls, loading, more, selected }: Props) {
  if (loading) return <p className="empty">Loading …</p>;
  if (calls.length === 0) {
    return (
      <section className="empty" aria-label="Calls">
        <h2>No calls yet</h2>
        <p>
          They show up here as soon as a phone rings. Place one with <code>patter call</code> or <code>phone.call()</code>, or call your
          number.
        </p>
      </section>
    );
  }
  return (
    <section className="list" aria-label="Calls">
      <ul onKeyDown={moveByArrow}>
        {calls.map((call) => (
          <Row key={call.callId} call={call} selected={call.callId === selected} />
        ))}
      </ul>
      {more && (
        <button type="button" className="button more" onClick={more}>
          Older calls
        </button>
      )}
    </section>
  );
}

function Row({ call, selected }: { call: Call; selected: boolean }) {
  const inbound = call.direction === 'inbound';
  const length = call.durationMs === null ? '' : duration(call.durationMs);
  return (
    <li>
      <a href={`#${call.callId}`} aria-current={selected ? 'true' : undefined}>
        <span className="way" role="img" aria-label={inbound ? 'from' : 'to'} title={inbound ? 'Incoming' : 'Outgoing'}>
          {inbound ? '↙' : '↗'}
        </span>
        <span className="number">{otherEnd(call)}</span>
        <StateTag {...stateOf(call)} />
        <span className="length">{length}</span>
        <span className="cost">{call.costUsd > 0 ? dollars(call.costUsd) : ''}</span>
        <time dateTime={call.createdAt} title={fullTime(call.createdAt)}>
          {shortTime(call.createdAt)}
        </time>
      </a>
    </li>
  );
}

/** Tab goes from link to link by itself; arrows are quicker in a long list. */
function moveByArrow(event: KeyboardEvent<HTMLUListElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const links = [...event.currentTarget.querySelectorAll('a')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const next = links[at + step];
  if (at === -1 || !next) return;
  event.preventDefault();
  next.focus();
}
