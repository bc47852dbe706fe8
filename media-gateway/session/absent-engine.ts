import type { HistoryPlace, VoiceEngine } from '../engines/engine';

const NOWHERE: HistoryPlace = { after: undefined };

/** Stands in while there is no vendor: what would be told to one is part of the history that the next one gets. */
export const ABSENT_ENGINE: VoiceEngine = {
  ready: Promise.resolve(),
  responding: false,
  listen: () => undefined,
  appendAudio: () => undefined,
  commitAudio: () => undefined,
  respond: () => undefined,
  cancel: () => undefined,
  interrupt: () => undefined,
  addAssistantText: () => undefined,
  addUserText: () => undefined,
  place: () => NOWHERE,
  addHistory: () => undefined,
  toolResult: () => undefined,
  close: () => undefined,
};
