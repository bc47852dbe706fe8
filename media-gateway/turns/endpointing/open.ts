import type { EndpointingSpec } from '../../../contracts/turns';
import { ProviderDetector } from './provider-detector';
import type { TurnDetector, TurnDetectorDeps } from './turn-detector';

/**
 * The agent's way of telling when a turn is over.
 * @throws PatterError PATTER_CREDENTIAL_MISSING when an optional package is not installed, PATTER_CONFIG_INVALID for a model file that cannot be read
 */
export function openTurnDetector(spec: EndpointingSpec, deps: TurnDetectorDeps): TurnDetector {
  switch (spec.type) {
    default:
      return new ProviderDetector(deps);
  }
}
