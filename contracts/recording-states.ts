/** `off`: nothing was asked of the carrier. `stopped`: the call is over, or it was ended before. `failed`: the carrier did not record. */
export const RECORDING_STATES = ['off', 'starting', 'recording', 'paused', 'stopped', 'failed'] as const;
export type RecordingState = (typeof RECORDING_STATES)[number];

/** `waiting`: the carrier has not finished it. `at_carrier`: finished, and not to be fetched. `absent`: the carrier has none. */
export const RECORDING_FILE_STATES = ['waiting', 'at_carrier', 'stored', 'absent', 'failed'] as const;
export type RecordingFileState = (typeof RECORDING_FILE_STATES)[number];
