/** Decision 12: whom a caller may be transferred to. Only numbers that the developer wrote, never one of the caller's or of a contact. */
import type { CampaignSpec } from '../contracts/campaign';

/** Not a part of a longer number, and nothing that a variable completes. */
const E164_IN_TEXT = /(?<![\d+}])\+[1-9]\d{6,14}(?![\d{])/g;

/**
 * The E.164 numbers that stand literally in a prompt's template, each once. A number in a variable's value is none of them.
 * @param template as the developer wrote it: never with its variables filled in
 */
export function numbersInTemplate(template: string): string[] {
  return [...new Set(template.match(E164_IN_TEXT) ?? [])];
}

type Spec = Pick<CampaignSpec, 'transfer'> & { agent: Pick<CampaignSpec['agent'], 'systemPrompt'> };

/** `unknown`: a number that the developer did not write. `nobody`: none is named, or all have been tried. */
export type TransferTarget = { kind: 'target'; to: string } | { kind: 'unknown' } | { kind: 'nobody' };

/** Who is tried when nobody is named, in this order. */
export function transferOrder(spec: Spec): readonly string[] {
  return spec.transfer?.to ?? numbersInTemplate(spec.agent.systemPrompt);
}

/** @param named as the model gave it; without one the configured numbers are taken in turn, and a second round begins with the first again */
export function transferTarget(spec: Spec, transferNumber: number, named: string | undefined): TransferTarget {
  if (named !== undefined) {
    return numbersInTemplate(spec.agent.systemPrompt).includes(named) ? { kind: 'target', to: named } : { kind: 'unknown' };
  }
  const inOrder = transferOrder(spec);
  const to = inOrder[(transferNumber - 1) % Math.max(1, inOrder.length)];
  return to === undefined ? { kind: 'nobody' } : { kind: 'target', to };
}

/** What no single field of `transfer` can tell. @param path of the field itself */
export function transferChecks(transfer: CampaignSpec['transfer'], path: PropertyKey[] = []): { path: PropertyKey[]; message: string }[] {
  if (!transfer || transfer.whisper === '' || transfer.mode === 'warm') return [];
  return [{ path: [...path, 'whisper'], message: 'only a warm transfer has a whisper: set mode to warm, or leave it out' }];
}
