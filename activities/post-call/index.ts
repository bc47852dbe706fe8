import type { PostCallActivities } from '../../contracts/activities';
import { OpenAiLlm } from '../../providers/llm/openai';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import { type ActivityContext, configOf } from '../context';
import { createDeliverCallWebhook } from './deliver-webhook';
import { createExtract } from './extract';
import { planFor } from './plan';
import { createSummarize } from './summarize';

export function createPostCallActivities(ctx: ActivityContext): PostCallActivities {
  const { store, config } = ctx;
  const llmOf = async (tenantId: string) => {
    const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl } = await configOf(ctx, tenantId);
    return new OpenAiLlm({ apiKey, baseUrl });
  };
  return {
    async planPostCall({ callId, campaignId }) {
      const call = await store.attempts.get(callId);
      const campaign = await store.campaigns.get(campaignId);
      return call && campaign ? planFor(campaign.spec.postCall, call) : { summary: false, extract: false, webhooks: [] };
    },
    summarizeCall: async (input) => createSummarize(ctx, await llmOf(input.tenantId))(input),
    extractFromCall: async (input) => createExtract(ctx, await llmOf(input.tenantId))(input),
    deliverCallWebhook: createDeliverCallWebhook(ctx, new GuardedFetch({ allowPrivate: mayReachPrivate(config) })),
    async finishPostCall({ callId, failedSteps }) {
      await store.attempts.finishPostCall(callId, failedSteps);
    },
  };
}
