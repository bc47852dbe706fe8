import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { SEARCH_ATTRIBUTES } from '../../contracts/campaign-workflow';

export const searchAttributes = {
  outcome: defineSearchAttributeKey('PatterOutcome' satisfies keyof typeof SEARCH_ATTRIBUTES, SearchAttributeType.KEYWORD),
} as const;
