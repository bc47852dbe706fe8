import { decodeMulaw } from '../../contracts/g711';
import { openCallerFilter } from '../audio/audio-hooks';
import { FaxDetector } from '../audio/fax-detector';
import { type CallerFilter, NoiseSuppressor } from '../audio/noise-suppressor';
import { VoiceActivity } from '../audio/voice-activity';
import type { CallParts } from './call-parts';
import type { CallStage } from './call-state';
import type { CallSessionOptions } from './ports';
import type { VoicemailDrop } from './voicemail-drop';

/** What changes the caller's audio before anybody hears it. */
export function callerFilter({ code, log, setup }: CallSessionOptions): CallerFilter | undefined {
  const { callId, agent } = setup;
  const own = openCallerFilter(code?.hooks, { callId, language: agent.language }, log);
  return own ?? (agent.noiseSuppression ? new NoiseSuppressor() : undefined);
}

/** The caller's audio on its way to the vendor: listened to for machines, filtered, and measured for voice and silence. */
export class CallerAudio {
  #agentSpeaks = false;
  readonly #activity = new VoiceActivity();
  readonly #fax: FaxDetector | undefined;

  constructor(
    private readonly filter: CallerFilter | undefined,
    private readonly parts: CallParts,
    private readonly stage: CallStage,
    private readonly voicemail: VoicemailDrop,
    machineDetection: boolean,
  ) {
    this.#fax = machineDetection ? new FaxDetector() : undefined;
  }

  /** Of the caller's silence until now. */
  get silentMs(): number {
    return this.#activity.silentMs;
  }

  push(mulaw: Uint8Array): void {
    const { filter, stage, voicemail } = this;
    const { amd, link, conversation, deaf } = this.parts;
    // A beep is steady, as noise is: it is listened for before the filter.
    if (stage.kind === 'voicemail' || amd.listening) voicemail.listen(decodeMulaw(mulaw));
    if (this.#fax?.push(decodeMulaw(mulaw))) amd.faxTone();
    const heard = filter?.process(mulaw) ?? mulaw;
    this.#activity.push(heard);
    this.#tellWhoSpeaks();
    if (!voicemail.speaking) {
      link.hear(heard);
      conversation.voiced(this.#activity.runMs);
      deaf.voiced(this.#activity.runMs);
      amd.voiced(this.#activity.runMs);
    }
    voicemail.silentFor(this.#activity.silentMs);
  }

  /** For an engine that finds the turns itself: the agent's voice is no pause of the caller's. */
  #tellWhoSpeaks(): void {
    const { speaker, link } = this.parts;
    if (this.#agentSpeaks === speaker.speaking) return;
    this.#agentSpeaks = speaker.speaking;
    link.engine.agentSpeaking?.(this.#agentSpeaks);
  }
}
