/** Steps of µ-law above silence that an ear takes for sound: about −43 dB of full scale. */
const AUDIBLE_STEPS = 0x18;

/** Bytes of µ-law up to and with the last sound; 0 in silence. Usually looks at a few bytes only, from the end. */
export function audibleBytes(mulaw: Uint8Array): number {
  for (let end = mulaw.length; end > 0; end--) {
    if ((~(mulaw[end - 1] as number) & 0x7f) > AUDIBLE_STEPS) return end;
  }
  return 0;
}
