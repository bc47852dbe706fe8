/** A mailbox: greeting, beep, then it keeps what it hears until nothing comes any more. */
import { FRAME_MS } from '../contracts/g711';
import { tone } from './audio';
import type { VoicemailPersona } from './persona';
import type { Ear, Mouth, Script } from './persona-runner';

type State =
  | { kind: 'picked_up' }
  | { kind: 'greeting' }
  | { kind: 'gap'; leftMs: number }
  | { kind: 'beep' }
  | { kind: 'recording'; from: number; forMs: number; silentMs: number }
  | { kind: 'done' };

export class VoicemailScript implements Script {
  private state: State = { kind: 'picked_up' };

  constructor(
    private readonly persona: VoicemailPersona,
    private readonly ear: Ear,
    private readonly mouth: Mouth,
    /** What is in the box so far. */
    private readonly onRecorded: (text: string) => void,
  ) {}

  tick(): void {
    const { persona } = this;
    switch (this.state.kind) {
      case 'picked_up':
        this.mouth.say(persona.greeting);
        this.state = { kind: 'greeting' };
        return;
      case 'greeting':
        if (!this.mouth.busy) this.state = { kind: 'gap', leftMs: persona.beepAfterMs };
        return;
      case 'gap':
        this.state.leftMs -= FRAME_MS;
        if (this.state.leftMs > 0) return;
        if (persona.beepMs > 0) this.mouth.play(tone(persona.beepHz, persona.beepMs));
        this.state = { kind: 'beep' };
        return;
      case 'beep':
        if (this.mouth.busy) return;
        this.mouth.beeped();
        this.state = { kind: 'recording', from: this.ear.text.length, forMs: 0, silentMs: 0 };
        return;
      case 'recording': {
        const { state } = this;
        state.forMs += FRAME_MS;
        state.silentMs = this.ear.quietMs === 0 ? 0 : state.silentMs + FRAME_MS;
        this.onRecorded(this.ear.text.slice(state.from));
        if (state.silentMs < persona.endSilenceMs && state.forMs < persona.maxRecordMs) return;
        this.state = { kind: 'done' };
        this.mouth.hangUp();
        return;
      }
      case 'done':
        return;
    }
  }
}
