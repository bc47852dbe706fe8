/** What the AI simulator notes in the lab's ledger, under `realtime`, `speech`, `transcription` and `text`. Times are epoch milliseconds. */

export interface RealtimeEntry {
  sessionId: string;
  model: string;
  openedAt: number;
  closedAt?: number;
  closeCode?: number;
  /** `fault`: dropped on demand; `expired`: its time was over; `refused`: never opened. */
  closedBy?: 'client' | 'lab' | 'fault' | 'expired' | 'refused';
  instructions: string;
  tools: string[];
  /** User turns, read from the audio (`audio`) or injected as text (`text`). */
  heard: { text: string; at: number; via: 'audio' | 'text'; itemId: string }[];
  /** What the model generated; `truncatedTo` is what the client says the caller heard of it. */
  said: { text: string; at: number; status: 'completed' | 'cancelled' | 'incomplete'; itemId: string; truncatedTo?: string }[];
  toolCalls: { callId: string; name: string; arguments: string; at: number; output?: string }[];
  /** Milliseconds of audio received. */
  inputMs: number;
  errors: { code: string | null; message: string; at: number }[];
}

export interface SpeechEntry {
  at: number;
  model: string;
  voice: string;
  text: string;
  characters: number;
  format: string;
}

export interface TranscriptionEntry {
  at: number;
  model: string;
  language?: string | undefined;
  prompt?: string | undefined;
  text: string;
  /** Of the uploaded audio. */
  durationMs: number;
}

export interface TextEntry {
  at: number;
  api: 'responses' | 'chat.completions';
  model: string;
  /** Name of the JSON schema, where one was asked for. */
  schema?: string;
  input: string;
  output: string;
}

/** A streaming chat completion, under `chat`. */
export interface ChatEntry {
  at: number;
  model: string;
  /** As the client sent them. */
  messages: unknown[];
  tools: string[];
  said: string;
  toolCalls: { callId: string; name: string; arguments: string }[];
  /** `aborted`: the client hung up first; `dropped`: on demand. */
  status: 'open' | 'completed' | 'aborted' | 'dropped';
}
