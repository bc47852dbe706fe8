import { ManualClock } from '../../test/support/manual-clock';
import { IdleWatch } from './idle-watch';
import { TimeLimit } from './time-limit';

function limit(maxDurationMs: number, spentMs = 0, warningMs?: number): string[] {
  const clock = new ManualClock();
  const told: string[] = [];
  const timeLimit = new TimeLimit(
    clock,
    maxDurationMs,
    {
      warn: () => told.push(`warn ${clock.now()}`),
      end: () => told.push(`end ${clock.now()}`),
    },
    warningMs,
  );
  timeLimit.start(spentMs);
  clock.pass(maxDurationMs + 10_000);
  return told;
}

describe('the longest duration', () => {
  it('is announced 30 s before, in a call of two minutes and more', () => {
    expect(limit(600_000)).toEqual(['warn 570000', 'end 600000']);
    expect(limit(120_000)).toEqual(['warn 90000', 'end 120000']);
    expect(limit(119_000)).toEqual(['end 119000']);
  });

  it('is announced as long before as the agent has it, or not at all', () => {
    expect(limit(600_000, 0, 120_000)).toEqual(['warn 480000', 'end 600000']);
    expect(limit(600_000, 0, 0)).toEqual(['end 600000']);
    expect(limit(20_000, 0, 5_000)).toEqual(['warn 15000', 'end 20000']);
    expect(limit(19_000, 0, 5_000)).toEqual(['end 19000']);
  });

  it('counts what earlier streams of the call took, and leaves at least five seconds', () => {
    expect(limit(600_000, 500_000)).toEqual(['warn 70000', 'end 100000']);
    expect(limit(600_000, 580_000)).toEqual(['end 20000']);
    expect(limit(600_000, 700_000)).toEqual(['end 5000']);
  });

  it('ends with the call', () => {
    const clock = new ManualClock();
    const timeLimit = new TimeLimit(clock, 600_000, { warn: () => undefined, end: () => undefined });
    timeLimit.start(0);
    timeLimit.dispose();
    expect(clock.pending).toBe(0);
  });
});

describe('a silent caller', () => {
  function silent(spec: { prompts?: string[]; goodbye?: string }, language = 'en') {
    const clock = new ManualClock();
    const told: string[] = [];
    const watch: IdleWatch = new IdleWatch(clock, { afterMs: 10_000, ...spec }, language, {
      prompt: (line) => told.push(`${line.text} ${clock.now()}`),
      goodbye: (line) => told.push(`bye: ${line.text} ${clock.now()}`),
    });
    return { clock, told, watch };
  }

  it('is asked once, by default, and then let go with a word', () => {
    const { clock, told, watch } = silent({}, 'de');
    watch.changed(true);
    clock.pass(10_000);
    watch.changed(true);
    clock.pass(10_000);
    expect(told).toEqual(['Sind Sie noch da? 10000', expect.stringMatching(/^bye: Es scheint .* 20000$/)]);
  });

  it('is asked anew after saying something', () => {
    const { clock, told, watch } = silent({ prompts: ['A?', 'B?'], goodbye: 'Bye.' });
    watch.changed(true);
    clock.pass(10_000);
    watch.changed(false);
    watch.active();
    clock.pass(60_000);
    watch.changed(true);
    clock.pass(10_000);
    expect(told).toEqual(['A? 10000', 'A? 80000']);
  });

  it('is let go without being asked, where there are no prompts', () => {
    const { clock, told, watch } = silent({ prompts: [], goodbye: 'Bye.' });
    watch.changed(true);
    clock.pass(10_000);
    expect(told).toEqual(['bye: Bye. 10000']);
  });
});
