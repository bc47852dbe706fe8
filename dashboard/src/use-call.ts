/** One call: as it stands, then by its events while it goes on, and once more when what follows a call is through. */
import { useEffect, useState } from 'react';
import { api, type Call, type Turn } from './api';

const AGAIN_MS = 3_000;

export interface OneCall {
  call: Call | undefined;
  problem: string | undefined;
}

export function useCall(id: string): OneCall {
  const [state, setState] = useState<OneCall>({ call: undefined, problem: undefined });

  useEffect(() => {
    const gone = new AbortController();
    let events: EventSource | undefined;
    let timer: number | undefined;
    setState({ call: undefined, problem: undefined });
    const change = (edit: (call: Call) => Call) => setState(({ call, problem }) => ({ call: call && edit(call), problem }));

    const follow = () => {
      events = api.events(id);
      events.addEventListener('status', (event) => {
        const { status } = JSON.parse(event.data) as Pick<Call, 'status'>;
        change((call) => ({ ...call, status }));
        // When it rang and when it was answered comes with the call.
        void look(false);
      });
      events.addEventListener('turn', (event) => {
        const { index, turn } = JSON.parse(event.data) as { index: number; turn: Turn };
        change((call) => ({ ...call, turns: [...call.turns.slice(0, index), turn, ...call.turns.slice(index + 1)] }));
      });
      events.addEventListener('ended', (event) => {
        events?.close();
        const { call } = JSON.parse(event.data) as { call: Call };
        setState({ call, problem: undefined });
        afterwards(call);
      });
    };
    /** Summary, extraction and the carrier's price come later. */
    const afterwards = (call: Call) => {
      if (!call.postCallDone) timer = window.setTimeout(() => void look(true), AGAIN_MS);
    };
    const look = async (thenFollow: boolean) => {
      try {
        const call = await api.call(id, gone.signal);
        if (gone.signal.aborted) return;
        setState({ call, problem: undefined });
        if (!thenFollow) return;
        if (call.status === 'ended') afterwards(call);
        else follow();
      } catch (error) {
        if (!gone.signal.aborted) setState((before) => ({ ...before, problem: (error as Error).message }));
      }
    };
    void look(true);
    return () => {
      gone.abort();
      events?.close();
      window.clearTimeout(timer);
    };
  }, [id]);

  return state;
}
