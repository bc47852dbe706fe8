import type { AnsweringSpec } from '../../contracts/answering';
import type { ToolCallRecord, TranscriptTurn } from '../../contracts/call';
import { classifyGreeting } from '../../policy/greeting';
import { heardPrompt, loopOf, type MenuTrail, NEW_TRAIL, pressedKeys } from '../../policy/menu-trail';

/** The agent's way through a phone menu: what it has heard and pressed, on earlier streams too (a press may cost the stream). */
export class MenuWalk {
  #trail: MenuTrail = NEW_TRAIL;
  #lastPressAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly spec: AnsweringSpec,
    turns: readonly TranscriptTurn[],
    tools: readonly ToolCallRecord[],
  ) {
    const heard = turns.filter(({ role, text }) => role === 'user' && classifyGreeting(text) === 'ivr');
    const pressed = tools.filter(({ name, ok }) => name === 'send_dtmf' && ok);
    const past = [
      ...heard.map(({ at, text }) => ({ at, act: () => this.heard(text) })),
      ...pressed.map(({ at }) => ({ at, act: () => this.pressed(at) })),
    ];
    for (const { act } of past.sort((a, b) => a.at - b.at)) act();
  }

  /** Why the walk is given up, or undefined. */
  get loop(): string | undefined {
    return loopOf(this.#trail, { repeats: this.spec.menuRepeats, presses: this.spec.menuPresses });
  }

  heard(text: string): void {
    this.#trail = heardPrompt(this.#trail, text);
  }

  /** @param at epoch ms */
  pressed(at: number): void {
    this.#trail = pressedKeys(this.#trail);
    this.#lastPressAt = at;
  }

  /** How long to wait before the next press. */
  pauseMs(now: number): number {
    return Math.max(0, this.#lastPressAt + this.spec.pressPause - now);
  }
}
