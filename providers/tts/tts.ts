/** Text to speech, for fixed lines that must be spoken word by word. One file per vendor. */
export interface SpeechSynthesizer {
  /** Samples a second of what `synthesize` returns. */
  readonly sampleRate: 8_000 | 24_000;
  /** What the vendor calls the model: the item of its usage. */
  readonly model: string;
  /**
   * The whole line as 16-bit mono samples.
   * @throws PatterError PATTER_PROVIDER_FAILED, also when the deadline has passed
   */
  synthesize(request: { text: string; voice: string; signal?: AbortSignal }): Promise<Int16Array>;
}
