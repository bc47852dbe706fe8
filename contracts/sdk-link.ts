/** What control processes say to each other: whose programs are connected where, and what goes to them and comes from them. JSON over one WebSocket each way. */
import { z } from 'zod';
import { sdkClientMessage, sdkServerMessage } from './sdk-protocol';

/** Signed with PATTER_SECRET_KEY, over the path with its query. */
export const SDK_LINK_PATH = '/internal/sdk/link';

const program = z.looseObject({ clientId: z.string(), connection: z.number() });

export const sdkLinkFrame = z.discriminatedUnion('type', [
  /** From where the program is connected. */
  program.extend({ type: z.literal('here'), tenantId: z.string(), number: z.string() }),
  program.extend({ type: z.literal('gone') }),
  /** Who was connected before the link has been named. */
  z.object({ type: z.literal('told') }),
  z.looseObject({ type: z.literal('from'), clientId: z.string(), message: sdkClientMessage }),
  /** To where the program is connected. */
  z.looseObject({ type: z.literal('to'), clientId: z.string(), message: sdkServerMessage }),
]);
export type SdkLinkFrame = z.output<typeof sdkLinkFrame>;
