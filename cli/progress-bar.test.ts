import type { CampaignSnapshot } from '../control/campaigns/follow';
import { ProgressBar, progressLine } from './progress-bar';

function snapshot(done: number, over: { state?: string; stateReason?: string; final?: boolean } = {}): CampaignSnapshot {
  const campaign = { state: 'running', stateReason: null, ...over };
  const progress = {
    contacts: 10,
    waiting: 9 - done,
    active: 1,
    done,
    outcomes: { completed: done },
    attempts: done,
    costMicros: 1_500 * done,
  };
  return { campaign, progress, final: over.final ?? false } as unknown as CampaignSnapshot;
}

function terminal(interactive: boolean, columns = 200) {
  const written: string[] = [];
  return { written, interactive, columns, err: (text: string) => void written.push(text) };
}

test('the line tells who is done, on the phone and waiting, the cost and the outcomes', () => {
  expect(progressLine(snapshot(4), 10)).toBe('████░░░░░░ 4/10 done, 1 on the phone, 5 waiting, $0.0060  4 completed');
});

test('a paused campaign says so, and why', () => {
  expect(progressLine(snapshot(0, { state: 'paused', stateReason: 'the budget is spent' }), 0)).toContain('PAUSED: the budget is spent');
});

test('a campaign without contacts has a full bar, not a division by zero', () => {
  const empty = snapshot(0);
  empty.progress.contacts = 0;
  expect(progressLine(empty, 4)).toMatch(/^████ 0\/0/);
});

test('on a terminal one line is drawn over, never wider than the terminal, and cleared at the end', () => {
  const tty = terminal(true, 30);
  const bar = new ProgressBar(tty, () => 0);
  bar.show(snapshot(1));
  bar.show(snapshot(2));
  bar.clear();
  for (const text of tty.written) {
    expect(text.startsWith('\r\u001b[2K')).toBe(true);
    expect(text.slice('\r\u001b[2K'.length).length).toBeLessThan(30);
    expect(text).not.toContain('\n');
  }
});

test('elsewhere a line is written when something has changed, not at every look, and always at the end', () => {
  const file = terminal(false);
  let now = 0;
  const bar = new ProgressBar(file, () => now);
  const show = (...args: Parameters<typeof snapshot>) => {
    bar.show(snapshot(...args));
    now += 500;
  };
  show(1);
  show(1);
  show(2);
  show(2);
  show(2);
  show(2);
  show(3, { final: true });
  expect(file.written.map((line) => line.slice(0, 4))).toEqual(['1/10', '2/10', '3/10']);
  expect(file.written.join('')).not.toContain('\u001b');
});
