/**
 * Does a gateway grow over thousands of talks? Talks with all of their parts (media socket, vendor's socket, session, ledger, heartbeats, report) in batches, one batch
 * after the other through one gateway process; what it holds after a collection is noted every thousand.
 */
import { sleep, systemClock } from '../../contracts/clock';
import type { Child } from '../support/child';
import { round } from '../support/numbers';
import { openFiles, residentKb } from '../support/process-meter';
import type { Row } from '../support/report';
import type { CallToOpen } from './far-ends';

interface Memory {
  heapUsed: number;
  external: number;
}

export interface Succession {
  gateway: Child;
  temporalPid: number;
  /** Talks in all, and of them at once. */
  talks: number;
  atOnce: number;
  talkMs: number;
  startCalls(count: number): Promise<CallToOpen[]>;
  open(calls: CallToOpen[]): Promise<boolean>;
  close(): Promise<void>;
  tell(line: string): void;
}

const NOTE_EVERY = 1_000;
/** Reports are delivered, sockets closed. */
const SETTLE_MS = 1_000;

export async function measureSuccession(of: Succession): Promise<Row[]> {
  const rows: Row[] = [];
  let unheard = 0;
  const note = async (talks: number) => {
    await sleep(systemClock, 2_000);
    const { value } = await of.gateway.ask<{ value: Memory }>({ probe: 'memory' }, (said) => said.probe === 'memory');
    rows.push({
      'talks so far': talks,
      'batches not all heard': unheard,
      'gateway heap MB': round(value.heapUsed / 1_000_000, 1),
      'off the heap MB': round(value.external / 1_000_000, 1),
      'gateway MB': round(residentKb(of.gateway.pid) / 1_000, 0),
      'gateway files': openFiles(of.gateway.pid),
      'Temporal MB': round(residentKb(of.temporalPid) / 1_000, 0),
    });
    of.tell(`${talks} talks: ${round(value.heapUsed / 1_000_000, 1)} MB of heap, ${openFiles(of.gateway.pid)} files`);
  };
  await note(0);
  for (let done = 0, noted = 0; done < of.talks; ) {
    const count = Math.min(of.atOnce, of.talks - done);
    if (!(await of.open(await of.startCalls(count)))) unheard++;
    await sleep(systemClock, of.talkMs);
    await of.close();
    await sleep(systemClock, SETTLE_MS);
    done += count;
    if (done - noted < NOTE_EVERY && done < of.talks) continue;
    noted = done;
    await note(done);
  }
  return rows;
}
