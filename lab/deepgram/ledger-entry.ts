/** What the lab's Deepgram notes in the ledger, under `deepgram`. Times are epoch milliseconds. */
export interface DeepgramEntry {
  requestId: string;
  api: 'v1' | 'v2';
  /** As asked; repeated parameters as a list. */
  query: Record<string, string | string[]>;
  openedAt: number;
  closedAt?: number;
  closeCode?: number;
  /** `fault`: on demand; `idle`: nothing came for too long; `refused`: never opened. */
  closedBy?: 'client' | 'lab' | 'fault' | 'idle' | 'refused';
  /** Milliseconds of audio received. */
  audioMs: number;
  keepAlives: number;
  finalizes: number;
  configures: number;
  /** Turns as they were told to the client. */
  heard: { text: string; at: number }[];
  errors: { code: string; message: string; at: number }[];
}
