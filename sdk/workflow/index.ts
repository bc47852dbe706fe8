/**
 * Calls in a Temporal workflow of your own. Deterministic: import nothing else of this package in workflow code.
 *
 *     import { placeCall } from 'getpatter/workflow';
 *
 *     export async function remind(phone: string): Promise<string> {
 *       const call = await placeCall({ to: phone, agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'Remind them of …' } });
 *       return call.outcome;
 *     }
 *
 * It is registered with `patter worker --workflows ./my-workflows.ts` or `new Patter({ workflows })`.
 */
export { CallFailedError, placeCall, startCall, type WorkflowCall, type WorkflowCallOptions, type WorkflowCallOutcome } from './place-call';
