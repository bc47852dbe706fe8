/**
 * - `closed`: the caller is heard and written down, but neither interrupts nor gets an answer (disclosure, voicemail, last words).
 * - `greeting`, `leaving`: the caller may interrupt, and is answered when the floor opens.
 * - `open`: turns are answered.
 */
export type FloorMode = 'closed' | 'greeting' | 'leaving' | 'open';

/** What both sides of a talk see of each other. */
export interface Floor {
  readonly mode: FloorMode;
  readonly callerSpeaks: boolean;
  /** The agent has nothing under way: neither speech nor an answer nor a tool. */
  readonly idle: boolean;
  /** The caller is written down, and neither interrupts nor is answered. */
  readonly muted: boolean;
  /** Silences the agent. */
  cut(): void;
  /** Something may have changed. */
  update(): void;
}
