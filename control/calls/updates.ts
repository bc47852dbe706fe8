import type { TranscriptTurn } from '../../contracts/call';
import type { CallSnapshot, CallStatus } from './snapshot';
import type { CallChange } from './watch-call';

/** What a watcher is told, one thing at a time. `ended` is the last. `at` is when it was noticed, epoch milliseconds. */
export type CallUpdate =
  | { type: 'status'; status: CallStatus; at: number }
  /** `index` counts the call's turns from 0; one that comes again is known better than before. */
  | { type: 'turn'; index: number; turn: TranscriptTurn; at: number }
  | { type: 'ended'; call: CallSnapshot; at: number };

export function updatesOf({ snapshot, statusChanged, turnsFrom }: CallChange, at: number): CallUpdate[] {
  const ended = snapshot.status === 'ended';
  const turns = snapshot.turns.slice(turnsFrom).map((turn, index): CallUpdate => ({ type: 'turn', index: turnsFrom + index, turn, at }));
  return [
    ...(statusChanged && !ended ? [{ type: 'status', status: snapshot.status, at } as const] : []),
    ...turns,
    ...(ended ? [{ type: 'ended', call: snapshot, at } as const] : []),
  ];
}
