/** Warnings of the package: `process.on('warning')` sees them with a stable code, Node prints them, and `--no-warnings` silences them. */

export type WarningCode =
  | 'PATTER_MODEL_REPLACED'
  | 'PATTER_VOICE_REPLACED'
  | 'PATTER_OPTION_WITHOUT_EFFECT'
  | 'PATTER_PLACEHOLDER_EMPTY'
  | 'PATTER_CONNECT_NOTE'
  | 'PATTER_CALL_NOTE'
  | 'PATTER_DISCONNECTED'
  | 'PATTER_CALLBACK_FAILED'
  | 'PATTER_ON_MESSAGE_FAILED';

export function warn(code: WarningCode, message: string): void {
  process.emitWarning(message, { type: 'PatterWarning', code });
}
