export interface VoiceOptions {
  /** BCP 47, as the agent has it. */
  language: string;
}
