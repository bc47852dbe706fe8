/** Local or cloud: said, or told by which keys were given. A mix is refused. */
import { PatterValidationError } from '../errors';
import { checkNames, checkOneOf } from './check';
import type { CloudOptions, LocalOptions, PatterOptions } from './constructor';

export const CLOUD_NAMES = ['apiKey', 'backendUrl', 'restUrl'] as const satisfies readonly (keyof CloudOptions)[];
export const LOCAL_NAMES = [
  ...(['carrier', 'twilioSid', 'twilioToken', 'telnyxKey', 'telnyxConnectionId', 'telnyxPublicKey'] as const),
  ...(['openaiKey', 'elevenlabsKey', 'deepgramKey', 'phoneNumber', 'webhookUrl', 'tunnel'] as const),
  ...(['pricing', 'requireSignature', 'persist', 'appId', 'workflows'] as const),
] as const satisfies readonly (keyof LocalOptions)[];

/** @throws PatterValidationError */
export function detectMode(options: PatterOptions): 'local' | 'cloud' {
  checkNames('new Patter()', options, ['mode', ...CLOUD_NAMES, ...LOCAL_NAMES, 'webhookSecret']);
  const mode = options.mode === undefined ? undefined : checkOneOf('mode', options.mode, ['local', 'cloud']);
  const cloud = CLOUD_NAMES.filter((name) => options[name]);
  const local = LOCAL_NAMES.filter((name) => options[name] !== undefined && options[name] !== '');
  if (mode === 'local' && cloud.length > 0) {
    throw new PatterValidationError(
      cloud[0] as string,
      `${cloud.join(', ')} belong${cloud.length === 1 ? 's' : ''} to cloud mode, and mode is 'local': leave ${cloud.length === 1 ? 'it' : 'them'} out, or leave out mode and the keys of carrier and AI providers.`,
    );
  }
  if (local.length > 0 && (mode === 'cloud' || cloud.length > 0)) {
    throw new PatterValidationError(
      local[0] as string,
      `${local.join(', ')} belong${local.length === 1 ? 's' : ''} to local mode, and ${mode === 'cloud' ? "mode is 'cloud'" : `${cloud.join(', ')} to cloud mode`}: give one or the other. In cloud mode the carrier's keys go to connect().`,
    );
  }
  return mode ?? (cloud.length > 0 ? 'cloud' : 'local');
}
