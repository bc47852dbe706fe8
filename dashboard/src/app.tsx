import { useEffect, useState } from 'react';
import { api, type Summary } from './api';
import { CallDetail } from './call-detail';
import { CallList } from './call-list';
import { dollars, duration } from './format';
import { useCalls } from './use-calls';

const SPANS = [
  { hours: 24, text: '24 hours' },
  { hours: 24 * 7, text: '7 days' },
  { hours: 24 * 30, text: '30 days' },
] as const;

/** `#call_…` shows that call: a link to it can be kept. */
const selectedByUrl = () => (location.hash.startsWith('#call_') ? location.hash.slice(1) : undefined);

function useSelected(): string | undefined {
  const [selected, setSelected] = useState(selectedByUrl);
  useEffect(() => {
    const onChange = () => setSelected(selectedByUrl());
    window.addEventListener('hashchange', onChange);
    return () => window.removeEventListener('hashchange', onChange);
  }, []);
  return selected;
}

export function App() {
  const [hours, setHours] = useState<number>(24);
  const { calls, loading, more, problem, summary } = useCalls(hours);
  const selected = useSelected();
  return (
    <>
      <header className="top">
        <h1>
          <a href="#calls">Patter</a>
        </h1>
        <label className="span">
          <span>Last</span>
          <select value={hours} onChange={(event) => setHours(Number(event.target.value))}>
            {SPANS.map((span) => (
              <option key={span.hours} value={span.hours}>
                {span.text}
              </option>
            ))}
          </select>
        </label>
        <nav aria-label="Export">
          <a className="button" href={api.exportUrl('csv', hours)} download>
            Export CSV
          </a>
          <a className="button" href={api.exportUrl('json', hours)} download>
            JSON
          </a>
        </nav>
        {summary?.signedIn && (
          <form method="post" action="/dashboard/logout">
            <button className="button" type="submit">
              Sign out
            </button>
          </form>
        )}
      </header>
      <p className="problem" role="status">
        {problem && `${problem} What is shown may be old.`}
      </p>
      <Sums summary={summary} />
      <main className={selected ? 'split' : undefined}>
        <CallList calls={calls} loading={loading} more={more} selected={selected} />
        {selected && <CallDetail key={selected} id={selected} />}
      </main>
    </>
  );
}

function Sums({ summary }: { summary: Summary | undefined }) {
  // Whether somebody has answered is known with a call's end.
  const ended = summary ? summary.calls - summary.live : 0;
  const answered = summary && ended > 0 ? `${Math.round((100 * Math.min(summary.answered, ended)) / ended)} %` : '–';
  const rows: [string, string][] = [
    ['Live now', String(summary?.live ?? '–')],
    ['Calls', String(summary?.calls ?? '–')],
    ['Answered', answered],
    ['Talk time', summary ? duration(summary.talkMs) : '–'],
    ['Cost', summary ? dollars(summary.costUsd) : '–'],
  ];
  return (
    <dl className="sums">
      {rows.map(([name, value]) => (
        <div key={name} className={name === 'Live now' && summary && summary.live > 0 ? 'live' : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
