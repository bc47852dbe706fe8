/** What the rest of the program may ask of Postgres. One interface per noun; `openStore` (./open) gives them all. */

import type { CallSettlement } from '../contracts/activities';
import type { Variables } from '../contracts/agent';
import type { DeliveryCursor } from '../contracts/callbacks';
import type { CampaignEdit, CampaignSpec, CampaignState } from '../contracts/campaign';
import type { CarrierName } from '../contracts/carrier';
import type { LegPrice, PriceState } from '../contracts/carrier-price';
import type { GateVerdict } from '../contracts/gate';
import type { GatewayRegistration } from '../contracts/gateway';
import type { LineSpec } from '../contracts/line';
import type { Outcome } from '../contracts/outcomes';
import type { ErasureCounts } from '../contracts/privacy';
import type { RecordingFile, RecordingTrack } from '../contracts/recording';
import type { ScheduleDefinition } from '../contracts/schedule';
import type { SingleOptions } from '../contracts/single-call';
import type {
  apiKeys,
  attempts,
  CampaignKind,
  campaigns,
  contacts,
  deliveries,
  erasures,
  providerCredentials,
  recordings,
  rejectedRows,
  schedules,
} from './schema';

export type CampaignRow = typeof campaigns.$inferSelect;
export type ContactRow = typeof contacts.$inferSelect;
export type AttemptRow = typeof attempts.$inferSelect;
export type RejectedRow = typeof rejectedRows.$inferSelect;

export interface NewContact {
  line: number;
  phone: string;
  timezones: string[];
  variables: Variables;
  dueAt: Date;
  waitReason: string | null;
}

export interface CampaignStore {
  create(row: {
    tenantId: string;
    name: string;
    spec: CampaignSpec;
    windowOffsetMs: number;
    importKey?: string;
    now: Date;
  }): Promise<CampaignRow>;
  get(campaignId: string): Promise<CampaignRow | undefined>;
  /** Whatever has become of it. */
  byImportKey(tenantId: string, importKey: string): Promise<CampaignRow | undefined>;
  /** The start of that key goes on with a campaign that was not started yet; whoever was at it before may not any more. False: it was started. */
  takeImport(campaignId: string, importKey: string | null): Promise<boolean>;
  /** The newest campaign of that name; as everywhere below, lines are none. */
  latestByName(tenantId: string, name: string): Promise<CampaignRow | undefined>;
  list(tenantId: string): Promise<CampaignRow[]>;
  /** Of all tenants: started before a moment, and not over. */
  underWay(startedBefore: Date): Promise<CampaignRow[]>;
  markStarted(campaignId: string, startedAt: Date, endsAt: Date | null): Promise<void>;
  setState(campaignId: string, state: CampaignState, reason: string | null): Promise<void>;
  edit(campaignId: string, edit: CampaignEdit): Promise<void>;
  finish(campaignId: string, state: 'completed' | 'canceled', endedAt: Date): Promise<void>;
  recordImport(campaignId: string, counts: { total: number; rejected: number; duplicates: number }): Promise<void>;
  /** Micro-dollars of all calls of the campaign, those under way as 0. */
  spentMicros(campaignId: string): Promise<number>;
  progress(campaignId: string): Promise<CampaignProgress>;
  /** What a dispatcher asks several times a second: cheap. */
  slots(campaignId: string): Promise<CampaignSlots>;
  /** When the gate was last asked for a call of the campaign: what a new dispatcher paces on from. */
  lastDialAt(campaignId: string): Promise<Date | null>;
}

export interface CampaignProgress {
  contacts: number;
  waiting: number;
  /** claimed and active: slots in use. */
  active: number;
  done: number;
  outcomes: Partial<Record<Outcome, number>>;
  /** Calls that counted. */
  attempts: number;
  costMicros: number;
  /** Calls in whose cost the carrier's part is by our own list: the carrier has not told its price, or not in dollars. */
  estimatedCalls: number;
  /** Calls whose post-call work is not finished. */
  postCallOpen: number;
  /** Earliest due moment of those who wait. */
  nextDueAt: Date | null;
}

export interface CampaignSlots {
  /** Slots in use by a claim that is not a call yet. */
  claimed: number;
  /** Slots in use by a call. */
  active: number;
  /** Earliest due moment of those who wait; null when nobody does. */
  nextDueAt: Date | null;
}

export interface ContactStore {
  /** Inserts what is not there yet (campaign and phone are unique); returns the lines that were duplicates of earlier rows or of an earlier import. */
  import(campaign: { tenantId: string; campaignId: string }, rows: NewContact[]): Promise<{ inserted: number; duplicates: number }>;
  importRejected(
    campaign: { tenantId: string; campaignId: string },
    rows: { line: number; phone: string; code: string; reason: string }[],
  ): Promise<void>;
  rejected(campaignId: string): Promise<RejectedRow[]>;
  countRejected(campaignId: string): Promise<number>;
  get(contactId: string): Promise<ContactRow | undefined>;
  /** Rows in `claimed` first (a dispatcher that died left them), then due ones, claimed now. At most `limit`. */
  claimDue(campaignId: string, limit: number, now: Date): Promise<ContactRow[]>;
  /** claimed → active, when the workflow has been started. No-op in any other status. */
  markActive(contactId: string, sequence: number): Promise<void>;
  /**
   * Back to waiting without an attempt having been spent. No-op unless claimed or active with this sequence, and while the call of this sequence is
   * open. A workflow that was started for it all the same is stopped by `openIntent`.
   */
  putBack(contactId: string, sequence: number, dueAt: Date, waitReason: string): Promise<void>;
  /**
   * Puts off those who wait, are due and may be in these time zones, without a look at each: some thousands at a time.
   * @returns how many; 0: nobody is left
   */
  putOff(campaignId: string, timezones: readonly string[], now: Date, until: Date, waitReason: string): Promise<number>;
  /** Contacts claimed or active since before a moment, oldest first: the sweeper asks whether their calls' workflows are there. */
  inProgress(campaignId: string, claimedBefore: Date): Promise<ContactRow[]>;
  /** Those who wait, or are claimed and not called yet, get their last outcome, with what they waited for as the reason. Returns counts. */
  closeRemaining(campaignId: string, outcome: 'expired' | 'canceled', now: Date): Promise<{ closed: number; stillActive: number }>;
  /** Contacts whose outcome no call's post-call workflow delivers (expired, canceled, skipped), not delivered yet. */
  undelivered(campaignId: string, limit: number): Promise<ContactRow[]>;
  markDelivered(contactId: string): Promise<void>;
  /** In keyset pages ordered by line, for reports of any size. */
  page(campaignId: string, afterLine: number, limit: number): Promise<ContactRow[]>;
}

export interface DialIntent {
  tenantId: string;
  campaignId: string;
  contactId: string;
  callId: string;
  fromNumber: string;
  carrier: string;
  now: Date;
  /** No request may be sent after this. */
  dialBy: Date;
  deadline: Date;
}

/** What the gate judges, read under lock inside the dial's transaction. */
export interface GateFacts {
  campaign: CampaignRow;
  contact: ContactRow;
  suppression: { source: string; reason: string; createdAt: Date } | undefined;
  /** Counted calls to this number by the tenant, over all campaigns, that began in the last 24 hours: their starts, oldest first. */
  callsLastDay: Date[];
  /** Another call that holds the number. */
  numberLease: { callId: string } | undefined;
  spentMicros: number;
  /** Other open calls of this campaign, whose cost is not known yet. */
  openCalls: number;
  /** Live gateways with room, least loaded first; those that died or drain are not in it. */
  gateways: GatewayRegistration[];
  /** The row of this very attempt, when an earlier try of the activity wrote it. */
  existing: AttemptRow | undefined;
}

export interface CallTotals {
  calls: number;
  /** Under way, whenever they began. */
  live: number;
  answered: number;
  /** From answer to end, of the calls that have ended. */
  talkMs: number;
  costMicros: number;
}

export interface AttemptStore {
  /**
   * Decision 1: in one transaction locks the contact, reads the facts, asks `judge`, writes the verdict, and on `allow` counts the attempt, takes the
   * lease, reserves the gateway and writes the intent. `skip` ends the contact, `defer` puts it back. Two dials of one number serialise here.
   *
   * When the row of this call exists already (an earlier run of the dial wrote it), nothing is judged or written: `facts.existing` and `attempt` are that
   * row and the verdict is its. It may have been sent: reconcile. A commit of this very run whose answer was lost does not count as such.
   * A call that is superseded (the contact has been put back, ended, or is on a later sequence) is deferred with the rule `campaign_state` and
   * nothing is written; `attempt` is undefined.
   */
  openIntent(
    intent: DialIntent,
    judge: (facts: GateFacts) => { verdict: GateVerdict; gatewayId?: string },
  ): Promise<{ verdict: GateVerdict; facts: GateFacts; attempt?: AttemptRow }>;
  get(callId: string): Promise<AttemptRow | undefined>;
  /** True while the lease lives, `dialBy` is not over and the campaign runs: asked right before the request. */
  mayStillDial(callId: string, now: Date): Promise<boolean>;
  /** The first carrier call of an attempt stands; a later one changes nothing. */
  markPlaced(callId: string, carrierCallId: string): Promise<void>;
  /** Intent → unknown. */
  markUnknown(callId: string): Promise<void>;
  /** Surely not dialled: gives the attempt and the lease back; the row stays as a record, the contact stays active until `settle` or `putBack`. */
  markNotPlaced(callId: string, reason: string, now: Date): Promise<void>;
  /**
   * Writes the call record and the contact's next state, frees the lease, all in one transaction and once: a second settlement of a call changes nothing
   * and returns the first's result. `next` comes from the retry policy. `decide` sees the contact as it will be (`attempts` holds this call when it
   * is consumed) and, as history, the contact's other counted calls, oldest first. A call that its contact has left behind is recorded, and
   * `decide` prices it, but the contact stays as it is.
   */
  settle(
    settlement: CallSettlement,
    decide: (facts: { campaign: CampaignRow; contact: ContactRow; history: AttemptRow[] }) => {
      next: { kind: 'done'; outcome: Outcome; reason?: string } | { kind: 'retry'; at: Date; waitReason: string };
      costMicros: number;
      costLines: { label: string; micros: number }[];
      /** Those of the lines that the carrier's own price will stand in for, and when it is first asked for that. */
      carrierEstimate?: { label: string; micros: number }[];
      priceDueAt?: Date | null;
    },
    now: Date,
  ): Promise<{ contactOutcome?: Outcome; nextAttemptAt?: Date; alreadySettled: boolean }>;
  /** Attempts that have not ended: intent, placed or unknown. */
  open(campaignId: string): Promise<AttemptRow[]>;
  /** Leases of the tenant, in any campaign, that are past their deadline: their calls' workflows may be gone. */
  overdueLeases(tenantId: string, now: Date): Promise<{ callId: string; contactId: string; campaignId: string; phone: string }[]>;
  /** The call goes on at another gateway. */
  moveGateway(callId: string, gatewayId: string): Promise<void>;
  /** Ended calls whose post-call work has not been finished. */
  postCallOpen(campaignId: string, endedBefore: Date, limit: number): Promise<AttemptRow[]>;
  byContact(contactIds: string[]): Promise<AttemptRow[]>;
  byCarrierCallId(carrierCallId: string): Promise<AttemptRow | undefined>;
  /** Calls of a tenant, of every kind unless one is named, newest first; `before` goes on from the last one of a page. */
  recent(query: {
    tenantId: string;
    kind?: CampaignKind;
    limit: number;
    before?: { createdAt: Date; callId: string };
  }): Promise<{ attempt: AttemptRow; campaign: CampaignRow; contact: ContactRow }[]>;
  /** Of a tenant's calls that were placed, or are about to be, since then. */
  totals(tenantId: string, since: Date): Promise<CallTotals>;
  /** Adds to the call's cost. A line replaces one of the same label, so that a retried step costs once. */
  addUsageCost(callId: string, lines: { label: string; micros: number }[]): Promise<void>;
  saveSummary(callId: string, summary: string): Promise<void>;
  saveExtraction(callId: string, extraction: Record<string, unknown>): Promise<void>;
  finishPostCall(callId: string, failures: string[]): Promise<void>;
  /** Writes the transfer once; returns the row that stands. */
  recordTransfer(row: {
    tenantId: string;
    callId: string;
    transferNumber: number;
    toNumber: string;
    now: Date;
  }): Promise<{ toNumber: string; existed: boolean }>;
  transfer(
    callId: string,
    transferNumber: number,
  ): Promise<{ toNumber: string; requestedAt: Date; humanCallId: string | null } | undefined>;
  /** The first leg of a transfer stands; a later one changes nothing. */
  noteHumanLeg(callId: string, transferNumber: number, humanCallId: string): Promise<void>;
  /** Whether some transfer has that leg. */
  isHumanLeg(carrierCallId: string): Promise<boolean>;
  /** Transfers to a number since a moment of which no leg is known: how many. */
  unknownTransfersTo(toNumber: string, since: Date): Promise<number>;
}

/** A call that came in, as its webhook told of it. */
export interface Admission {
  callId: string;
  carrier: CarrierName;
  carrierCallId: string;
  /** E.164; undefined where it is withheld. */
  from: string | undefined;
  /** Our number. */
  to: string;
  variables: Variables;
  /** Who holds the call. */
  gatewayId: string;
  now: Date;
  /** When the sweeper looks after it. */
  deadline(campaign: CampaignRow): Date;
}

export type AdmissionResult =
  | { kind: 'admitted'; attempt: AttemptRow; campaign: CampaignRow }
  | { kind: 'no_line' }
  /** No gateway lives that has room. */
  | { kind: 'no_room' };

export interface LineRow {
  number: string;
  tenantId: string;
  carrier: CarrierName;
  /** Under which its calls are kept. */
  campaignId: string;
  name: string;
  spec: CampaignSpec;
  updatedAt: Date;
}

export interface LineStore {
  /** Makes the number's line, or puts another spec in the place of its own: calls of both are kept under one campaign. @throws PatterError PATTER_NUMBER_TAKEN, PATTER_CAMPAIGN_STATE (name) */
  set(request: { tenantId: string; line: LineSpec; now: Date }): Promise<{ line: LineRow; how: 'made' | 'changed' }>;
  get(tenantId: string, number: string): Promise<LineRow | undefined>;
  list(tenantId: string): Promise<LineRow[]>;
  /** Whose the number is. */
  tenantOf(number: string): Promise<string | undefined>;
  /** Whether any tenant has any. */
  any(): Promise<boolean>;
  /** Its calls stay. Calls under way go on. */
  remove(tenantId: string, number: string, now: Date): Promise<boolean>;
  /** In one transaction: line, contact, attempt, lease. Idempotent by `callId`. */
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Newest first. */
  calls(campaignId: string, limit: number): Promise<AttemptRow[]>;
  /** Of all tenants and lines: calls that came in before a moment and have not been settled, oldest first. */
  openCalls(before: Date, limit: number): Promise<{ attempt: AttemptRow; contact: ContactRow }[]>;
  /** Of all lines there ever were: their calls may have post-call work left. */
  campaignIds(): Promise<string[]>;
}

/** A single call as it is to be kept. All ids are given, so that a repetition finds it. */
export interface NewSingleCall {
  tenantId: string;
  campaignId: string;
  contactId: string;
  spec: CampaignSpec;
  single: SingleOptions;
  phone: string;
  timezones: string[];
  variables: Variables;
  windowOffsetMs: number;
  now: Date;
}

export interface SingleCallRows {
  campaign: CampaignRow;
  contact: ContactRow;
}

/** Calls of their own: each a campaign of kind `single` with one contact, claimed from the first moment, which is called once. */
export interface SingleStore {
  /** Writes both rows, or returns those that are there. */
  create(call: NewSingleCall): Promise<SingleCallRows & { created: boolean }>;
  /** Takes a call back that nobody has dialled: its contact is canceled. False when it is too late for that. */
  withdraw(contactId: string, reason: string, now: Date): Promise<boolean>;
  /** By the id of its call; undefined for a call that is not a single one. */
  find(callId: string): Promise<SingleCallRows | undefined>;
  /** Of all tenants: begun before a moment and without an outcome, oldest first. */
  unfinished(claimedBefore: Date, limit: number): Promise<SingleCallRows[]>;
  /** Of all tenants: ended calls, also of campaigns that have ended, whose post-call work has not been finished. */
  postCallOpen(endedBefore: Date, limit: number): Promise<AttemptRow[]>;
  /** Whether anything of the two is there to be looked after. */
  anyOpen(): Promise<boolean>;
}

export interface SuppressionStore {
  add(row: { tenantId: string; phone: string; source: string; reason: string; callId?: string; now: Date }): Promise<{ added: boolean }>;
  addMany(tenantId: string, phones: string[], source: string, reason: string, now: Date): Promise<{ added: number }>;
  remove(tenantId: string, phone: string): Promise<{ removed: boolean }>;
  check(tenantId: string, phone: string): Promise<{ source: string; reason: string; createdAt: Date } | undefined>;
  checkMany(tenantId: string, phones: string[]): Promise<Set<string>>;
  count(tenantId: string): Promise<number>;
}

export interface GatewayStore {
  /** Inserts or renews the gateway's own row. */
  renew(gateway: GatewayRegistration, now: Date): Promise<void>;
  remove(gatewayId: string): Promise<void>;
  get(gatewayId: string): Promise<GatewayRegistration | undefined>;
  /** Lease not over, not draining, room left counting the leases of calls reserved there; least loaded first. Of this app; without one those that have none. */
  live(now: Date, app?: string | null): Promise<GatewayRegistration[]>;
}

export type ErasureRow = typeof erasures.$inferSelect;

export interface PrivacyStore {
  /** What `erasePerson` would do now. */
  previewPerson(tenantId: string, phone: string): Promise<PersonPreview>;
  /**
   * In one transaction: everything that is known of a number in all campaigns of the tenant, but the fact that it is suppressed. Rows, outcomes and costs
   * stay and name nobody; contacts that wait are canceled. Nothing is changed while the person is in a call. Idempotent: what is erased already
   * is not counted again, and where nothing is found no `erasure` is written.
   */
  erasePerson(request: { tenantId: string; phone: string; now: Date }): Promise<PersonErasure>;
  /** The same for at most `limit` contacts that had their outcome before a moment; undefined when there are none left. */
  eraseEnded(request: { tenantId: string; endedBefore: Date; limit: number; now: Date }): Promise<ErasureRow | undefined>;
  /** Those whose workflows are still to be deleted in Temporal, oldest first. */
  openErasures(tenantId: string, limit: number): Promise<ErasureRow[]>;
  completeErasure(erasureId: string, now: Date): Promise<void>;
}

export interface PersonPreview {
  counts: ErasureCounts;
  suppressed: boolean;
  /** Calls under way: nothing is erased before they have ended. */
  activeCallIds: string[];
}

export type PersonErasure =
  | { kind: 'in_call'; activeCallIds: string[] }
  | {
      kind: 'erased';
      counts: ErasureCounts;
      suppressed: boolean;
      erasure?: ErasureRow /** Under which the carrier knows the calls. */;
      carrierCallIds: string[];
    };

/** Which builds of the worker have a process that lives. */
export interface PresenceStore {
  /** Until it is released, or this process ends in any way. Several may hold one name. It comes back by itself after a restart of the database. */
  hold(name: string): Promise<{ release(): Promise<void> }>;
  /** Somebody holds it, or is just being asked the same. */
  isHeld(name: string): Promise<boolean>;
}

export type RecordingRow = typeof recordings.$inferSelect;

export interface RecordingStore {
  /** Inserts the row, or extends the track of the one that is there. */
  begin(row: {
    tenantId: string;
    callId: string;
    carrier: CarrierName;
    carrierCallId: string;
    track: RecordingTrack;
    now: Date;
  }): Promise<RecordingRow>;
  /** Nothing happens where the call has no row, or a longer track. */
  extendTrack(callId: string, track: RecordingTrack): Promise<void>;
  get(callId: string): Promise<RecordingRow | undefined>;
  byCalls(callIds: readonly string[]): Promise<RecordingRow[]>;
  /**
   * Under a lock. `change` gets the file as it stands, and returns what it is now; the same object changes nothing.
   * @returns all files; undefined, without a change, when the recording is to be removed
   */
  updateFile(
    callId: string,
    recordingId: string,
    change: (known: RecordingFile | undefined) => RecordingFile,
  ): Promise<RecordingFile[] | undefined>;
  /** Of recordings older than a moment. Returns how many. */
  requestRemoval(request: { tenantId: string; createdBefore: Date; now: Date; limit: number }): Promise<number>;
  /** Those whose files are still to be deleted, oldest request first. */
  toRemove(tenantId: string, limit: number): Promise<RecordingRow[]>;
  markRemoved(callId: string, now: Date): Promise<void>;
  /** False when these keys have been asked for before. */
  firstPress(press: { tenantId: string; callId: string; requestId: string; now: Date }): Promise<boolean>;
}

export interface TenantStore {
  /** Idempotent. */
  ensure(tenantId: string, now: Date): Promise<void>;
  /** Those that were made, `default` or not, in the order of their ids. */
  list(): Promise<{ tenantId: string; createdAt: Date }[]>;
}

export type ApiKeyRow = typeof apiKeys.$inferSelect;

export interface ApiKeyStore {
  create(row: Omit<ApiKeyRow, 'lastUsedAt' | 'revokedAt'>): Promise<ApiKeyRow>;
  /** Oldest first, revoked ones included. */
  list(tenantId: string): Promise<ApiKeyRow[]>;
  /** Also a revoked one. */
  byHash(hash: string): Promise<ApiKeyRow | undefined>;
  /** By its id or what is shown of it; the first revocation stands. @returns undefined where the tenant has none such */
  revoke(tenantId: string, idOrPrefix: string, now: Date): Promise<ApiKeyRow | undefined>;
  noteUse(keyId: string, now: Date): Promise<void>;
}

export type ProviderCredentialRow = typeof providerCredentials.$inferSelect;

export interface ProviderCredentialStore {
  /** In the place of the one that was there. */
  set(row: ProviderCredentialRow): Promise<void>;
  remove(tenantId: string, provider: string): Promise<boolean>;
  of(tenantId: string): Promise<ProviderCredentialRow[]>;
  /** Whether any tenant has any. */
  any(): Promise<boolean>;
  /** Of all tenants: encrypted with another key than this one. */
  notUnder(encryptionKeyId: string, limit: number): Promise<ProviderCredentialRow[]>;
  /** Nothing happens where the row has changed meanwhile. */
  replace(before: ProviderCredentialRow, after: Pick<ProviderCredentialRow, 'encryptionKeyId' | 'sealed'>): Promise<boolean>;
}

export interface SdkStore {
  /** The events of the number's calls are kept from now on. @returns false: it is another tenant's */
  keepEvents(tenantId: string, number: string, now: Date): Promise<boolean>;
  /** Of a tenant, in the order of the numbers. */
  numbers(tenantId: string): Promise<string[]>;
  /** Calls of numbers whose events have not all been taken and that nobody else delivers, oldest first; they are held until `until`. */
  claim(request: {
    holder: string;
    numbers: readonly { tenantId: string; number: string }[];
    now: Date;
    until: Date;
    limit: number;
  }): Promise<{ callId: string; tenantId: string; number: string; acknowledged: number }[]>;
  /** @returns false: somebody else holds the call now */
  renew(callId: string, holder: string, until: Date): Promise<boolean>;
  acknowledge(callId: string, acknowledged: number, done: boolean): Promise<void>;
  release(callId: string, holder: string): Promise<void>;
  /**
   * Notes that a message is given to a program, and that `asker` waits for the answer. One that somebody has been given already stays with whom has it; a
   * later one of the same call goes to the same program where that is `present`.
   * @returns who has it now
   */
  giveMessage(message: {
    callId: string;
    tenantId: string;
    messageId: string;
    clientId: string;
    asker: string;
    present: readonly string[];
    /** It is taken from whoever has it. */
    force: boolean;
    now: Date;
  }): Promise<string>;
  /** The last message of a call. */
  lastMessage(callId: string): Promise<{ messageId: string; clientId: string; asker: string } | undefined>;
  forgetMessages(before: Date): Promise<void>;
}

/** Control processes, for each other. */
export interface ControlStore {
  renew(control: { controlId: string; internalUrl: string }, now: Date): Promise<void>;
  remove(controlId: string): Promise<void>;
  live(since: Date): Promise<{ controlId: string; internalUrl: string }[]>;
}

export type DeliveryRow = typeof deliveries.$inferSelect;

/** What a developer's callbacks have been told. At any moment one process delivers a call's events. */
export interface DeliveryStore {
  /**
   * Makes the call's row if there is none, and takes it for `owner` where nobody has it.
   * @param instead an owner that is gone, whose place is taken
   * @returns the row that stands: it is taken when `owner` is the one that was asked for
   */
  claim(row: { tenantId: string; callId: string; app: string; owner: string; now: Date }, instead?: string): Promise<DeliveryRow>;
  /** False when somebody else has taken over. */
  record(row: { callId: string; owner: string; cursor: DeliveryCursor; now: Date }): Promise<boolean>;
  /** Leaves it to others; no-op for whoever has it not. */
  release(row: { callId: string; owner: string; completed: boolean; now: Date }): Promise<void>;
  /** The end, with its reason; the first one stays. False where all has been told, or it was given up before. */
  giveUp(row: { tenantId: string; callId: string; app: string; reason: string; now: Date }): Promise<boolean>;
  get(callId: string): Promise<DeliveryRow | undefined>;
}

export type ScheduleRow = typeof schedules.$inferSelect;

/** What schedules do when they fire; when they fire, Temporal knows. */
export interface ScheduleStore {
  /** Writes it, or writes it anew. `changed` is false where it stood so already. */
  put(row: { tenantId: string; scheduleId: string; definition: ScheduleDefinition; now: Date }): Promise<{ changed: boolean }>;
  get(tenantId: string, scheduleId: string): Promise<ScheduleRow | undefined>;
  /** By their ids. */
  list(tenantId: string): Promise<ScheduleRow[]>;
  remove(tenantId: string, scheduleId: string): Promise<{ removed: boolean }>;
}

/** An ended call whose price is to be asked for, with the legs that we dialled for it. */
export interface UnpricedCall {
  attempt: AttemptRow;
  transferred: boolean;
  humanCallIds: string[];
}

/** What carriers themselves say that calls cost. */
export interface PriceStore {
  /**
   * Calls of all tenants that are due to be asked for, the longest due first. Each is put off at once to the moment that `next` gives, so that nobody else asks meanwhile,
   * and whoever dies before the answer is written only leaves a repetition of the question.
   */
  claimDue(now: Date, limit: number, next: (attempt: AttemptRow) => Date): Promise<UnpricedCall[]>;
  /**
   * Writes the legs down, each once, and lets them stand in the call's cost and in what its campaign has spent as soon as all legs that are known are told, in
   * dollars. A call that has not been settled yet gets its price with its settlement. Idempotent.
   * @returns undefined where the call is not known, or has been erased
   */
  record(callId: string, legs: readonly LegPrice[], now: Date): Promise<PriceState | undefined>;
  /** Nobody asks any more; what is told all the same still counts. */
  giveUp(callId: string): Promise<void>;
  /** What is known of a call's legs, in no order. */
  legs(callId: string): Promise<LegPrice[]>;
}

export interface Store {
  readonly prices: PriceStore;
  readonly schedules: ScheduleStore;
  readonly deliveries: DeliveryStore;
  readonly tenants: TenantStore;
  readonly apiKeys: ApiKeyStore;
  readonly credentials: ProviderCredentialStore;
  readonly sdk: SdkStore;
  readonly controls: ControlStore;
  readonly recordings: RecordingStore;
  readonly campaigns: CampaignStore;
  readonly contacts: ContactStore;
  readonly attempts: AttemptStore;
  readonly suppressions: SuppressionStore;
  readonly lines: LineStore;
  readonly singles: SingleStore;
  readonly gateways: GatewayStore;
  readonly presence: PresenceStore;
  readonly privacy: PrivacyStore;
  /** Creates and migrates the schema, under a lock; safe to call from every process at start. */
  migrate(): Promise<void>;
  /** Names of migrations that are not applied. */
  pendingMigrations(): Promise<string[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
