import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { SEARCH_ATTRIBUTES } from '../../contracts/campaign-workflow';

export const searchAttributes = {
  tenant: defineSearchAttributeKey('PatterTenantId' satisfies keyof typeof SEARCH_ATTRIBUTES, SearchAttributeType.KEYWORD),
  campaign: defineSearchAttributeKey('PatterCampaignId' satisfies keyof typeof SEARCH_ATTRIBUTES, SearchAttributeType.KEYWORD),
  outcome: defineSearchAttributeKey('PatterOutcome' satisfies keyof typeof SEARCH_ATTRIBUTES, SearchAttributeType.KEYWORD),
} as const;
