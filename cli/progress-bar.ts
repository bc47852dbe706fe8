import { formatUsd } from '../contracts/money';
import { OUTCOMES } from '../contracts/outcomes';
import type { CampaignSnapshot } from '../control/campaigns/follow';
import type { Terminal } from './terminal';

/** Without a terminal a line is written when something has changed, and not more often than this. */
const PLAIN_INTERVAL_MS = 2_000;

/** Draws a campaign's progress: one line that is drawn over on a terminal, plain lines elsewhere. */
export class ProgressBar {
  #last = '';
  #lastAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(
    private readonly terminal: Pick<Terminal, 'err' | 'interactive' | 'columns'>,
    /** Milliseconds on a clock that never goes back. */
    private readonly now: () => number,
  ) {}

  show(snapshot: CampaignSnapshot): void {
    const text = progressLine(snapshot, this.terminal.interactive ? 24 : 0);
    if (this.terminal.interactive) {
      this.terminal.err(`\r\u001b[2K${text.slice(0, this.terminal.columns - 1)}`);
      this.#drawn = true;
      return;
    }
    const now = this.now();
    if (text === this.#last || (now - this.#lastAt < PLAIN_INTERVAL_MS && !snapshot.final)) return;
    this.#last = text;
    this.#lastAt = now;
    this.terminal.err(`${text}\n`);
  }

  /** Leaves the line free for other text. */
  clear(): void {
    if (this.#drawn) this.terminal.err('\r\u001b[2K');
    this.#drawn = false;
  }
}

export function progressLine({ campaign, progress }: CampaignSnapshot, barWidth: number): string {
  const { contacts, done, active, waiting } = progress;
  const filled = contacts === 0 ? barWidth : Math.floor((done / contacts) * barWidth);
  const bar = barWidth > 0 ? `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ` : '';
  const parts = [`${done}/${contacts} done`, `${active} on the phone`, `${waiting} waiting`];
  const outcomes = OUTCOMES.filter((outcome) => progress.outcomes[outcome]).map((outcome) => `${progress.outcomes[outcome]} ${outcome}`);
  const state = campaign.state === 'paused' ? `  PAUSED${campaign.stateReason ? `: ${campaign.stateReason}` : ''}` : '';
  return `${bar}${parts.join(', ')}, ${formatUsd(progress.costMicros)}${state}${outcomes.length > 0 ? `  ${outcomes.join(', ')}` : ''}`;
}
