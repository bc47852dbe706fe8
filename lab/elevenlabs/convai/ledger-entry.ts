/** What the lab's ElevenLabs notes of a conversation with an agent, under `convai`. Times are epoch milliseconds. */
export interface ConvaiEntry {
  conversationId: string;
  agentId: string;
  openedAt: number;
  closedAt?: number;
  closeCode?: number;
  /** `fault`: on demand; `silent`: a ping was not answered; `agent`: the agent hung up; `refused`: never opened. */
  closedBy?: 'client' | 'lab' | 'fault' | 'silent' | 'agent' | 'refused';
  /** The client's first message, as it came. */
  initiation?: Record<string, unknown>;
  /** The caller's turns, read from the audio. */
  heard: { text: string; at: number }[];
  /** The agent's answers; `correctedTo`: what the vendor believes was heard of one that was interrupted. */
  said: { text: string; at: number; correctedTo?: string }[];
  interruptions: number[];
  contextualUpdates: string[];
  userMessages: string[];
  activities: number;
  toolCalls: { id: string; name: string; arguments: string; result?: string; isError?: boolean }[];
  pings: number;
  pongs: number;
  /** Milliseconds of the caller's audio. */
  inputMs: number;
  /** Milliseconds of audio sent. */
  audioMs: number;
  errors: { code: number; type: string; message: string; at: number }[];
}
