/** Rows of the tables as they are read. */
import type {
  apiKeys,
  attempts,
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

export type ErasureRow = typeof erasures.$inferSelect;

export type RecordingRow = typeof recordings.$inferSelect;

export type ApiKeyRow = typeof apiKeys.$inferSelect;

export type ProviderCredentialRow = typeof providerCredentials.$inferSelect;

export type DeliveryRow = typeof deliveries.$inferSelect;

export type ScheduleRow = typeof schedules.$inferSelect;
