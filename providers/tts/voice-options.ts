export interface VoiceOptions {
  /** BCP 47, as the agent has it; undefined: the vendor hears it from the text. */
  language: string | undefined;
}
