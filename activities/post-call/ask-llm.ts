import { ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import { priceUsage } from '../../policy/cost';
import type { Llm, LlmAnswer, LlmRequest } from '../../providers/llm/llm';
import { LlmError } from '../../providers/llm/llm-error';
import type { AttemptRow } from '../../store/store';
import type { ActivityContext } from '../context';

/**
 * Asks the model and adds what it cost to the call. The step's name is in the labels of its lines, where a retry replaces them: a step costs once.
 */
export async function askLlm(
  ctx: ActivityContext,
  llm: Llm,
  step: 'summary' | 'extraction',
  call: AttemptRow,
  request: Omit<LlmRequest, 'signal'>,
): Promise<string> {
  let answer: LlmAnswer;
  try {
    answer = await llm.answer({ ...request, signal: cancellationSignal() });
  } catch (error) {
    if (!(error instanceof LlmError)) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !error.retryable, cause: error });
  }
  const { costLines } = priceUsage(answer.usage, ctx.prices);
  await ctx.store.attempts.addUsageCost(
    call.callId,
    costLines.map((line) => ({ ...line, label: `${line.label} (${step})` })),
  );
  return answer.text;
}

/** The conversation as the model reads it. */
export function transcriptText(call: AttemptRow): string {
  return call.turns
    .map((turn) => `${turn.role === 'assistant' ? 'Agent' : 'Callee'}: ${turn.text}${turn.interrupted ? ' [interrupted]' : ''}`)
    .join('\n');
}
