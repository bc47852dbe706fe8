/** What the simulated agent remembers. A model reads what it is told between the turns; this one by a few patterns. */
import type { BrainTurn } from '../../openai/brain/brain';

export class AgentMemory {
  readonly turns: BrainTurn[] = [];

  add(turn: BrainTurn): void {
    this.turns.push(turn);
  }

  /** The caller heard no more of the agent's last words than this. */
  correct(spoken: BrainTurn, heard: string): void {
    const index = this.turns.indexOf(spoken);
    if (index < 0) return;
    if (heard === '') this.turns.splice(index, 1);
    else this.turns[index] = { role: 'assistant', text: heard, cut: true };
  }

  /** A contextual update. */
  told(text: string): void {
    const lines = [...text.matchAll(/^(You|Caller): (.*)$/gm)];
    if (lines.length > 0) {
      const turns = lines.map(([, who, said]): BrainTurn => ({ role: who === 'You' ? 'assistant' : 'user', text: said ?? '' }));
      const before = /^Said right before/.test(text) ? this.turns.findLastIndex(({ role }) => role === 'user') : -1;
      this.turns.splice(before < 0 ? this.turns.length : before, 0, ...turns);
      return;
    }
    const heardOnly = /heard only: ([\s\S]*)$/.exec(text)?.[1] ?? (/heard nothing of your last message/.test(text) ? '' : undefined);
    const unheard = /has not heard this message of yours: ([\s\S]*)$/.exec(text)?.[1];
    const about = this.turns.findLast(
      (turn) =>
        turn.role === 'assistant' &&
        (unheard === undefined ? heardOnly?.startsWith(turn.text.slice(0, 5)) || heardOnly === '' : turn.text === unheard),
    );
    if (about && (heardOnly !== undefined || unheard !== undefined)) this.correct(about, heardOnly ?? '');
    else if (heardOnly === undefined && unheard === undefined) this.add({ role: 'system', text });
  }
}
