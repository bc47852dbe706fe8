import type { CallSettlement } from '../../contracts/activities';
import { campaignFileSchema } from '../../contracts/campaign';
import type { GateVerdict } from '../../contracts/gate';
import { callOf } from '../../store/call-of';
import { openStore } from '../../store/open';
import type { CampaignRow, ContactRow, DialIntent, GateFacts, Store } from '../../store/store';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

export const NOW = new Date('2026-11-20T15:00:00.000Z');
export const later = (ms: number): Date => new Date(NOW.getTime() + ms);

export interface TestStore {
  store: Store;
  url: string;
  close(): Promise<void>;
}

export async function openTestStore(): Promise<TestStore> {
  const database: TestDatabase = await createTestDatabase();
  const store = openStore(database.url);
  await store.migrate();
  return {
    store,
    url: database.url,
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

export function campaignFile(overrides: Record<string, unknown> = {}) {
  return campaignFileSchema.parse({
    name: `test-${Math.random().toString(36).slice(2)}`,
    from: ['+15005550006'],
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call {first_name}.' },
    ...overrides,
  });
}

export async function campaignWith(store: Store, phones: string[], overrides: Record<string, unknown> = {}): Promise<CampaignRow> {
  const spec = campaignFile(overrides);
  const campaign = await store.campaigns.create({ tenantId: 'default', name: spec.name, spec, windowOffsetMs: 0, now: NOW });
  await store.contacts.import(
    campaign,
    phones.map((phone, index) => ({
      line: index + 2,
      phone,
      timezones: ['America/New_York'],
      variables: { first_name: `N${index}` },
      dueAt: NOW,
      waitReason: null,
    })),
  );
  return campaign;
}

export function intentFor(contact: ContactRow, now = NOW): DialIntent {
  return {
    tenantId: contact.tenantId,
    campaignId: contact.campaignId,
    contactId: contact.contactId,
    callId: callOf(contact),
    fromNumber: '+15005550006',
    carrier: 'twilio',
    now,
    dialBy: new Date(now.getTime() + 5_000),
    deadline: new Date(now.getTime() + 60_000),
  };
}

/** The one rule that these tests need of a gate. */
export function allowUnlessInUse(facts: GateFacts): { verdict: GateVerdict; gatewayId?: string } {
  return facts.numberLease
    ? { verdict: { decision: 'defer', rule: 'number_in_use', reason: facts.numberLease.callId, until: later(30_000).getTime() } }
    : { verdict: { decision: 'allow' }, gatewayId: facts.gateways[0]?.gatewayId };
}

export function settlementFor(contact: ContactRow, overrides: Partial<CallSettlement> = {}): CallSettlement {
  return {
    tenantId: contact.tenantId,
    campaignId: contact.campaignId,
    contactId: contact.contactId,
    callId: callOf(contact),
    outcome: 'completed',
    answeredBy: 'human',
    endedAt: later(10_000).getTime(),
    turns: [],
    usage: [],
    toolCalls: [],
    voicemailLeft: false,
    consumed: true,
    ...overrides,
  };
}

export const done =
  (outcome: CallSettlement['outcome'] = 'completed', micros = 0) =>
  () => ({
    next: { kind: 'done' as const, outcome },
    costMicros: micros,
    costLines: micros ? [{ label: 'call', micros }] : [],
  });

export const retryAt =
  (at: Date, micros = 0) =>
  () => ({
    next: { kind: 'retry' as const, at, waitReason: 'busy' },
    costMicros: micros,
    costLines: micros ? [{ label: 'call', micros }] : [],
  });

/** Claimed and active: what a call's workflow meets. */
export async function claimOne(store: Store, campaign: CampaignRow, now = NOW): Promise<ContactRow> {
  const [contact] = await store.contacts.claimDue(campaign.campaignId, 1, now);
  await store.contacts.markActive(contact!.contactId, contact!.sequence);
  return contact!;
}
