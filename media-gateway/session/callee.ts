import { type AnsweringSpec, DEFAULT_ANSWERING } from '../../contracts/answering';
import type { Said } from './amd-watch';
import type { CallParts } from './call-parts';
import type { CallStage } from './call-state';
import type { Ending } from './ending';
import { MENU_NOTE } from './instructions';
import { MenuWalk } from './menu-walk';
import type { Opening } from './opening';
import { type Phrase, phrase } from './phrases';
import type { CallSessionOptions } from './ports';
import { Screening } from './screening';
import { screeningLine } from './screening-line';
import { SilenceWatch } from './silence-watch';
import { VoicemailDrop } from './voicemail-drop';

/** For a screener that is still asking. */
const SCREENER_SPEAKS_MS = 5_000;

/** Who picked up: a person, or nobody who speaks, a phone menu, a call screener, a mailbox, and what is done about each. One may come after the other. */
export class Callee {
  readonly voicemail: VoicemailDrop;
  readonly silence: SilenceWatch;
  readonly #answering: AnsweringSpec;
  readonly #screening: Screening;
  #menu: MenuWalk | undefined;

  constructor(
    private readonly options: CallSessionOptions,
    private readonly parts: CallParts,
    private readonly stage: CallStage,
    private readonly opening: Opening,
    private readonly ending: Ending,
  ) {
    const { setup, history, clock } = options;
    this.#answering = setup.answering ?? DEFAULT_ANSWERING;
    this.voicemail = new VoicemailDrop(clock, {
      prepare: (text) => parts.lines.prefetch(text),
      say: (text) => {
        parts.conversation.cut({ all: true });
        return parts.reader.say({ text, verbatim: true }, { interruptible: false });
      },
      beeped: () => parts.amd.beep(),
      finished: (end, error) => ending.finish(end, error),
      failed: (error) => ending.failed(error),
    });
    this.silence = new SilenceWatch(clock, setup.machineDetection && history.length === 0, this.#answering.silence, {
      suspected: () => parts.amd.silence(),
      greetAgain: () => ending.run(parts.reader.say(this.#greetingAgain, { interruptible: true })),
      giveUp: () => ending.giveUp({ because: 'silence' }, phrase(setup.agent.language, 'idleGoodbye')),
    });
    this.#screening = new Screening(clock, this.#answering.screeningWait, {
      introduce: () => this.#introduceToScreener(),
      giveUp: (detail) => ending.giveUp({ because: 'call_screening', detail }),
    });
  }

  /** The phone menu that speaks; undefined where none does. */
  get menu(): MenuWalk | undefined {
    return this.#menu;
  }

  /** The vote has it that a person speaks. */
  human(): void {
    const { amd, conversation } = this.parts;
    this.#personCame();
    amd.human();
    conversation.release();
    if (!this.voicemail.waiting) return;
    this.voicemail.withdraw();
    this.opening.talk();
    conversation.respond();
  }

  /** The vote has it that a phone menu speaks. */
  navigate(): void {
    if (!this.#mayTurn) return;
    const { amd, conversation, link, tools, turns } = this.parts;
    const wasTalking = this.stage.kind === 'talking';
    amd.callee('ivr');
    this.voicemail.withdraw();
    this.#screening.stop();
    this.silence.heard();
    const { history, toolCalls = [] } = this.options;
    this.#menu ??= new MenuWalk(this.#answering, [...history, ...turns.turns()], [...toolCalls, ...tools.records]);
    if (!wasTalking) conversation.cut({ all: true });
    link.engine.addUserText(MENU_NOTE);
    if (wasTalking) {
      conversation.release();
      return;
    }
    this.opening.talk();
    conversation.respond();
  }

  /** The vote has it that a call screener speaks. The model is not asked before a person comes. */
  screen(): void {
    if (!this.#mayTurn || this.stage.kind === 'screening') return;
    const { amd, conversation } = this.parts;
    amd.callee('call_screening');
    this.voicemail.withdraw();
    this.silence.heard();
    this.#menu = undefined;
    conversation.cut({ all: true });
    this.stage.enter({ kind: 'screening' });
    conversation.setMode('closed');
    this.#screening.begin();
  }

  /** A mailbox: the message is left on it; an empty one means that it is not worth the time. */
  dropVoicemail(text: string, waitForSilence: boolean): void {
    const { kind } = this.stage;
    if (kind === 'leaving' || kind === 'last_words') return;
    this.#screening.stop();
    this.#menu = undefined;
    if (kind !== 'voicemail') {
      this.parts.conversation.cut({ all: true });
      if (text === '') {
        this.ending.finish('voicemail_skipped');
        return;
      }
      this.stage.enter({ kind: 'voicemail' });
      this.parts.conversation.setMode('closed');
    }
    this.voicemail.order(text, waitForSilence);
  }

  /** A menu, a screener, or the person behind them. */
  said(said: Said, text: string): void {
    if (said === 'human') {
      this.#personCame();
      return;
    }
    this.#screening.heard(said);
    if (said !== 'ivr' || !this.#menu) return;
    this.#menu.heard(text);
    const { loop } = this.#menu;
    if (loop !== undefined) this.ending.giveUp({ because: 'ivr_loop', detail: loop });
  }

  /** The end is decided: no message is left, and no person waited for. */
  withdraw(): void {
    this.voicemail.withdraw();
    this.#screening.stop();
  }

  dispose(): void {
    for (const part of [this.voicemail, this.silence, this.#screening]) part.dispose();
  }

  /** Whatever was being said was said to a machine; a message that is being left is finished. */
  get #mayTurn(): boolean {
    const { kind } = this.stage;
    return kind === 'greeting' || kind === 'talking' || kind === 'screening' || (kind === 'voicemail' && this.voicemail.waiting);
  }

  /** Behind a menu or a screener: nothing that was said before was said to them, the disclosure least of all. */
  #personCame(): void {
    if (!this.#menu && !this.#screening.active) return;
    this.#menu = undefined;
    this.#screening.stop();
    this.parts.amd.human();
    const { kind } = this.stage;
    if (kind !== 'talking' && kind !== 'screening') return;
    this.parts.conversation.cut({ all: true });
    this.opening.greet();
  }

  async #introduceToScreener(): Promise<void> {
    const { reader, conversation, lines } = this.parts;
    const { state } = this.stage;
    const line = screeningLine(this.options.setup);
    if (line.verbatim) lines.prefetch(line.text);
    await reader.until(() => !conversation.callerSpeaks, SCREENER_SPEAKS_MS);
    if (this.stage.at(state)) await reader.say(line, { interruptible: false });
  }

  /** Said once more to somebody who has not said a word. */
  get #greetingAgain(): Phrase {
    const { firstMessage, language } = this.options.setup.agent;
    return firstMessage ? { text: firstMessage, verbatim: true } : phrase(language, 'stillThere');
  }
}
