import { useEffect, useRef, useState } from 'react';
import { api, type Call } from './api';
import { dayAndTime, dollars, duration, otherEnd, stateOf, words } from './format';
import { LatencyChart } from './latency-chart';
import { StateTag } from './state-tag';
import { Transcript } from './transcript';
import { useCall } from './use-call';

const SECOND_MS = 1_000;

export function CallDetail({ id }: { id: string }) {
  const { call, problem } = useCall(id);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = call !== undefined;
  // Whoever chose it by keyboard goes on from here.
  useEffect(() => {
    if (shown) heading.current?.focus({ preventScroll: true });
  }, [shown]);
  if (!call) {
    return (
      <article className="detail" aria-busy={problem === undefined}>
        {problem === undefined ? <p className="empty">Loading …</p> : <p className="empty">{problem}</p>}
      </article>
    );
  }
  return (
    <article className="detail" aria-label="Call">
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {otherEnd(call)}
        </h2>
        <StateTag {...stateOf(call)} />
        <a className="button" href={api.callUrl(id)} download={`${id}.json`}>
          Export JSON
        </a>
        <a className="button close" href="#calls" aria-label="Close the call">
          ✕
        </a>
      </header>
      {problem !== undefined && (
        <p className="problem" role="status">
          {problem}
        </p>
      )}
      <Facts call={call} />
      {call.summary && (
        <section>
          <h3>Summary</h3>
          <p>{call.summary}</p>
        </section>
      )}
      <section>
        <h3>Transcript</h3>
        <Transcript call={call} />
      </section>
      <LatencyChart turns={call.turns} />
      <Extraction call={call} />
      <Tools call={call} />
      <Cost call={call} />
    </article>
  );
}

function Facts({ call }: { call: Call }) {
  const now = useNow(call.status !== 'ended' && call.answeredAt !== null);
  const talked = call.durationMs ?? (call.answeredAt === null ? 0 : Math.max(0, now - Date.parse(call.answeredAt)));
  const rows: [string, string | null][] = [
    ['From', call.from],
    ['To', call.to],
    ['Started', dayAndTime(call.createdAt)],
    ['Talk time', talked > 0 ? duration(talked) : null],
    ['Cost', call.costUsd > 0 ? `${dollars(call.costUsd)}${call.costEstimated ? ' (estimated)' : ''}` : null],
    ['Answered by', call.answeredBy === null || call.answeredBy === 'unknown' ? null : words(call.answeredBy)],
    ['Transferred to', call.transferredTo],
    ['Why', call.reason],
    ['Carrier', call.carrier],
    ['Kind', call.kind === 'single' ? 'single call' : call.kind === 'inbound' ? 'line' : 'campaign'],
    ['Call id', call.callId],
  ];
  return (
    <dl className="facts">
      {rows.map(
        ([name, value]) =>
          value && (
            <div key={name} className={name === 'Call id' || name === 'Why' ? 'wide' : undefined}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Extraction({ call }: { call: Call }) {
  if (!call.extraction) return null;
  return (
    <section>
      <h3>Extracted</h3>
      <dl className="facts">
        {Object.entries(call.extraction).map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Tools({ call }: { call: Call }) {
  if (call.toolCalls.length === 0) return null;
  return (
    <section>
      <h3>Tool calls</h3>
      <ul className="tools">
        {call.toolCalls.map((tool) => (
          <li key={tool.id}>
            <details>
              <summary>
                <code>{tool.name}</code> <StateTag text={tool.ok ? 'ok' : 'failed'} tone={tool.ok ? 'good' : 'bad'} /> {tool.durationMs} ms
              </summary>
              <pre>{tool.arguments}</pre>
              <pre>{tool.result}</pre>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Cost({ call }: { call: Call }) {
  if (call.costLines.length === 0) return null;
  return (
    <section>
      <h3>Cost</h3>
      <table className="costs">
        <tbody>
          {call.costLines.map(({ label, usd }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{dollars(usd)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td>{dollars(call.costUsd)}</td>
          </tr>
        </tfoot>
      </table>
      <p>{priceNote(call)}</p>
    </section>
  );
}

function priceNote({ carrierPrice: { amount, currency, estimateUsd, state } }: Call): string {
  switch (state) {
    case 'none':
      return '';
    case 'waiting':
      return 'The carrier has not told its price yet: its minutes are estimated.';
    case 'final':
      return `The carrier’s own price; the estimate was ${dollars(estimateUsd)}.`;
    case 'foreign':
      return `The carrier billed ${amount ?? 'several amounts'} ${currency ?? 'in several currencies'}; its minutes are estimated in dollars.`;
    case 'unknown':
      return 'The carrier has told no price: its minutes are estimated.';
    default:
      return state satisfies never;
  }
}

/** Ticks only while something counts up. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return;
    const timer = window.setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => window.clearInterval(timer);
  }, [ticking]);
  return now;
}
