import type { RunToolRequest } from '../../contracts/durable-tool';
import { openBackground } from '../audio/audio-hooks';
import { BackgroundSounds } from '../audio/background';
import type { CallParts } from './call-parts';
import type { CallStage } from './call-state';
import type { Ending } from './ending';
import { greet } from './greeting';
import { answeredNote, pressedNote, resumeInstructions } from './instructions';
import type { CallSessionOptions } from './ports';
import { prepareForTrouble } from './prewarm';

/** How the talk on a stream begins: with disclosure and greeting, or where an earlier stream left off. */
export class Opening {
  constructor(
    private readonly options: CallSessionOptions,
    private readonly parts: CallParts,
    private readonly stage: CallStage,
    private readonly ending: Ending,
  ) {}

  /** @param at epoch ms */
  begin(at: number): void {
    const { setup, history, resume, digits, openTools = [] } = this.options;
    const { link, conversation, lines } = this.parts;
    link.start();
    prepareForTrouble(setup, lines);
    this.#playBackground(at);
    if (history.length === 0) {
      this.greet();
      return;
    }
    this.stage.enter({ kind: 'talking' });
    conversation.setMode('open');
    if (resume === 'machine') return;
    if (resume === 'digits_sent' && digits) {
      link.engine.addUserText(pressedNote(digits));
      if (digits.sent) return;
    }
    conversation.respond({ instructions: resumeInstructions(setup, resume, history, this.parts.unspoken) });
    for (const open of openTools) this.ending.run(this.#goOnWith(open));
  }

  /** Disclosure and first message, for somebody who has not heard them. */
  greet(): void {
    this.ending.run(this.#greet());
  }

  /** The floor is open. */
  talk(): void {
    this.stage.enter({ kind: 'talking' });
    this.parts.conversation.setMode('open');
    this.parts.reader.changed();
  }

  async #greet(): Promise<void> {
    const state = this.stage.enter({ kind: 'greeting' });
    const { setup, emit } = this.options;
    const { reader, conversation, lines, guardrails } = this.parts;
    const { modelBegins } = await greet(setup.agent, {
      reader,
      conversation,
      current: () => this.stage.at(state),
      consent: setup.recording && { text: setup.recording.consent, heard: () => emit({ kind: 'consent_heard' }) },
    });
    if (!this.stage.at(state)) return;
    this.talk();
    if (modelBegins) conversation.begin();
    for (const replacement of guardrails.replacements) lines.prefetch(replacement);
  }

  /** A durable tool outlived the gateway that had called it. */
  async #goOnWith(open: RunToolRequest): Promise<void> {
    const { tools, link, conversation } = this.parts;
    const answer = await tools.goOn(open);
    if (!answer || this.stage.kind !== 'talking') return;
    link.engine.addUserText(answeredNote({ ...open, result: answer.output }));
    conversation.respond();
  }

  #playBackground(at: number): void {
    const { code, log, setup, sounds = new BackgroundSounds() } = this.options;
    const { backgroundAudio, language } = setup.agent;
    const background =
      openBackground(code?.hooks, { callId: setup.callId, language }, log) ?? (backgroundAudio && sounds.open(backgroundAudio, at));
    if (background) this.parts.speaker.playBackground(background);
  }
}
