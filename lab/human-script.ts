/** A person who follows the steps of a script: waits for words, thinks, acts. Advanced once per 20 ms of the call. */
import { FRAME_MS } from '../contracts/g711';
import { tone } from './audio';
import type { HumanPersona, Step } from './persona';
import type { Ear, Mouth, Script } from './persona-runner';

type State =
  | { kind: 'waiting'; forMs: number }
  | { kind: 'thinking'; leftMs: number }
  | { kind: 'acting'; action: 'say' | 'press' | 'tone' }
  | { kind: 'done' };

/** Between being addressed and answering, where the step says nothing else. */
const REPLY_MS = 200;

export class HumanScript implements Script {
  private state: State = { kind: 'waiting', forMs: 0 };
  private index = 0;
  /** Characters of all that was heard which belong to earlier steps. */
  private consumed = 0;
  private consumedKeys = 0;
  private mutualSilenceMs = 0;

  constructor(
    private readonly persona: HumanPersona,
    private readonly ear: Ear,
    private readonly mouth: Mouth,
    /** Resolves a step's range of milliseconds; the seed's choice. */
    private readonly choose: (range: number | [number, number], step: number) => number,
  ) {}

  tick(): void {
    this.mutualSilenceMs = this.mouth.busy || this.ear.quietMs === 0 ? 0 : this.mutualSilenceMs + FRAME_MS;
    if (this.mutualSilenceMs >= this.persona.patienceMs) {
      this.mouth.hangUp();
      return;
    }
    switch (this.state.kind) {
      case 'waiting': {
        const step = this.step();
        if (!step) {
          this.state = { kind: 'done' };
          return;
        }
        this.state.forMs += FRAME_MS;
        if (!this.isDue(step, this.state.forMs)) return;
        const wait = step.waitMs ?? (step.hear && step.interruptAfterChars === undefined ? REPLY_MS : 0);
        this.state = { kind: 'thinking', leftMs: this.choose(wait, this.index) };
        this.think();
        return;
      }
      case 'thinking':
        this.state.leftMs -= FRAME_MS;
        this.think();
        return;
      case 'acting':
        if (this.mouth.busy) return;
        if (this.state.action === 'say' && this.step()?.press) {
          this.act('press');
          return;
        }
        this.finish();
        return;
      case 'done':
        return;
    }
  }

  private step(): Step | undefined {
    return this.persona.steps[this.index];
  }

  private isDue(step: Step, waitedMs: number): boolean {
    if (step.orAfterMs !== undefined && waitedMs >= step.orAfterMs) return true;
    const heard = this.ear.text.slice(this.consumed);
    if (step.hearKeys && !step.hearKeys.test(this.ear.keys.slice(this.consumedKeys))) return false;
    const match = step.hear ? step.hear.exec(heard) : undefined;
    if (step.hear && !match) return false;
    if (step.interruptAfterChars !== undefined) {
      return heard.length - (match ? match.index + match[0].length : 0) >= step.interruptAfterChars;
    }
    return !step.hear || this.ear.quietMs >= this.persona.endOfTurnMs;
  }

  private think(): void {
    if (this.state.kind !== 'thinking' || this.state.leftMs > 0) return;
    // What is heard while speaking belongs to the next step: an answer can come at once.
    this.consumed = this.ear.text.length;
    this.consumedKeys = this.ear.keys.length;
    const step = this.step();
    if (step?.say) this.act('say');
    else if (step?.press) this.act('press');
    else if (step?.tone) this.act('tone');
    else this.finish();
  }

  private act(action: 'say' | 'press' | 'tone'): void {
    const step = this.step() as Step;
    if (action === 'say') this.mouth.say(step.say as string);
    else if (action === 'press') this.mouth.press(step.press as string);
    else if (step.tone) this.mouth.play(tone(step.tone.hz, step.tone.ms));
    this.state = { kind: 'acting', action };
  }

  private finish(): void {
    if (this.step()?.hangUp) {
      this.state = { kind: 'done' };
      this.mouth.hangUp();
      return;
    }
    this.index++;
    this.state = { kind: 'waiting', forMs: 0 };
  }
}
