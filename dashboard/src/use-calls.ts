/** The list and its sums, asked for again while somebody looks. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, type Call, type Summary } from './api';

const LIVE_MS = 2_000;
const IDLE_MS = 5_000;

export interface Calls {
  calls: Call[];
  summary: Summary | undefined;
  loading: boolean;
  /** Why what is shown may be old. */
  problem: string | undefined;
  more: (() => void) | undefined;
}

export function useCalls(hours: number): Calls {
  const [first, setFirst] = useState<{ calls: Call[]; next?: string }>();
  const [older, setOlder] = useState<{ calls: Call[]; next?: string }>();
  const [summary, setSummary] = useState<Summary>();
  const [problem, setProblem] = useState<string>();
  const live = useRef(false);

  useEffect(() => {
    const gone = new AbortController();
    let timer: number | undefined;
    const look = async () => {
      try {
        // A page in the background asks nothing.
        if (!document.hidden) {
          const [page, sums] = await Promise.all([api.calls(undefined, gone.signal), api.summary(hours, gone.signal)]);
          live.current = sums.live > 0;
          setFirst(page);
          setSummary(sums);
          setProblem(undefined);
        }
      } catch (error) {
        if (gone.signal.aborted) return;
        setProblem(error instanceof TypeError ? 'The server cannot be reached.' : (error as Error).message);
      }
      if (!gone.signal.aborted) timer = window.setTimeout(look, live.current ? LIVE_MS : IDLE_MS);
    };
    const onShow = () => {
      if (document.hidden) return;
      window.clearTimeout(timer);
      void look();
    };
    document.addEventListener('visibilitychange', onShow);
    void look();
    return () => {
      gone.abort();
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', onShow);
    };
  }, [hours]);

  const next = older ? older.next : first?.next;
  const load = useCallback(() => {
    if (next === undefined) return;
    api
      .calls(next, new AbortController().signal)
      .then((page) => setOlder((before) => ({ calls: [...(before?.calls ?? []), ...page.calls], next: page.next })))
      .catch((error: Error) => setProblem(error.message));
  }, [next]);

  const newest = first?.calls ?? [];
  const known = new Set(newest.map(({ callId }) => callId));
  return {
    calls: [...newest, ...(older?.calls ?? []).filter(({ callId }) => !known.has(callId))],
    summary,
    loading: first === undefined && problem === undefined,
    problem,
    more: next === undefined ? undefined : load,
  };
}
