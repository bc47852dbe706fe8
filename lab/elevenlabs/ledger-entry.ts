/** What the lab's ElevenLabs notes of its voice in the ledger, under `elevenlabs-tts`. Times are epoch milliseconds. */
export interface ElevenLabsTtsEntry {
  transport: 'websocket' | 'http';
  voiceId: string;
  modelId: string;
  query: Record<string, string>;
  openedAt: number;
  closedAt?: number;
  closeCode?: number;
  /** `fault`: on demand; `idle`: no text came for too long; `refused`: never opened. */
  closedBy?: 'client' | 'lab' | 'fault' | 'idle' | 'refused';
  voiceSettings?: Record<string, unknown>;
  /** What was given to be spoken, message by message. */
  texts: string[];
  /** Single blanks that only kept the socket open. */
  keepAlives: number;
  /** Milliseconds of audio sent. */
  audioMs: number;
  errors: { code: string; message: string; at: number }[];
}
