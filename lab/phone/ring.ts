/** What happens at the far end of a dialled number, by who is there: the same for every phone company. */
import type { HumanPersona, Persona, VoicemailPersona } from '../persona';

export interface FarEnd {
  /** Calls `fn` after `ms`, unless the call has ended by then. */
  after(ms: number, fn: () => void): void;
  /** The seed's choice. */
  pick(range: number | [number, number]): number;
  rings(): void;
  answers(persona: HumanPersona | VoicemailPersona): void;
  /** `busy`: somebody is there and does not take the call; `failed`: the network cannot place it. */
  refuses(how: 'busy' | 'failed', by: 'carrier' | 'callee', sipCode: number): void;
}

export function ring(persona: Persona, ringAfterMs: number, farEnd: FarEnd): void {
  farEnd.after(ringAfterMs, () => {
    switch (persona.kind) {
      case 'busy':
        farEnd.after(farEnd.pick(persona.afterMs), () => farEnd.refuses('busy', 'carrier', 486));
        return;
      case 'failed':
        farEnd.after(farEnd.pick(persona.afterMs), () => farEnd.refuses('failed', 'carrier', persona.sipCode));
        return;
      case 'invalid':
        farEnd.refuses('failed', 'carrier', 404);
        return;
      case 'rejected':
        farEnd.rings();
        farEnd.after(farEnd.pick(persona.afterMs), () => farEnd.refuses('busy', 'callee', persona.sipCode));
        return;
      case 'no_answer':
        farEnd.rings();
        return;
      case 'human':
      case 'voicemail':
        farEnd.rings();
        farEnd.after(farEnd.pick(persona.answerAfterMs), () => farEnd.answers(persona));
    }
  });
}
