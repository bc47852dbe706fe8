/** What the rest of the program may ask of Postgres. One interface per noun, written where it is kept; `openStore` (./open) gives them all. */
import type { ApiKeyStore, TenantStore } from './api-keys';
import type { AttemptStore } from './attempts';
import type { CampaignStore } from './campaigns';
import type { ContactStore } from './contacts';
import type { ControlStore } from './controls';
import type { ProviderCredentialStore } from './credentials';
import type { DeliveryStore } from './deliveries';
import type { GatewayStore } from './gateways';
import type { LineStore } from './lines';
import type { PresenceStore } from './presence';
import type { PriceStore } from './prices';
import type { PrivacyStore } from './privacy';
import type { RecordingStore } from './recordings';
import type { ScheduleStore } from './schedules';
import type { SdkStore } from './sdk';
import type { SingleStore } from './singles';
import type { SuppressionStore } from './suppressions';

export type { Admission, AdmissionResult } from './admit-inbound';
export type { ApiKeyStore, TenantStore } from './api-keys';
export type { AttemptStore, CallTotals } from './attempts';
export type { CampaignProgress, CampaignSlots, CampaignStore } from './campaigns';
export type { ContactStore, NewContact } from './contacts';
export type { ControlStore } from './controls';
export type { ProviderCredentialStore } from './credentials';
export type { DeliveryStore } from './deliveries';
export type { GatewayStore } from './gateways';
export type { LineRow, LineStore } from './lines';
export type { DialIntent, GateFacts } from './open-intent';
export type { PresenceStore } from './presence';
export type { PriceStore, UnpricedCall } from './prices';
export type { ErasedCall, PersonErasure, PersonPreview, PrivacyStore } from './privacy';
export type { RecordingStore } from './recordings';
export type {
  ApiKeyRow,
  AttemptRow,
  CampaignRow,
  ContactRow,
  DeliveryRow,
  ErasureRow,
  ProviderCredentialRow,
  RecordingRow,
  RejectedRow,
  ScheduleRow,
} from './rows';
export type { ScheduleStore } from './schedules';
export type { SdkStore } from './sdk';
export type { NewSingleCall, SingleCallRows, SingleStore } from './singles';
export type { SuppressionStore } from './suppressions';

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
