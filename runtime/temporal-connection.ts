/** How this product connects to a Temporal frontend, and what it makes sure of there. */
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../contracts/campaign-workflow';
import { sleep, systemClock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import type { Logger } from './log';
import type { TemporalSecurity } from './temporal-security';

export const CONNECT_DEADLINE_MS = 10_000;
const REQUEST_DEADLINE_MS = 10_000;
const VISIBLE_DEADLINE_MS = 20_000;
const RETENTION_MS = 7 * 24 * 3_600_000;
/** gRPC status codes. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

/** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE */
export async function connectTo(address: string, deadlineMs = CONNECT_DEADLINE_MS, security: TemporalSecurity = {}): Promise<Connection> {
  try {
    // A server that comes back is found again within a second, however long it was away: callers are on the line.
    const channelArgs = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 1_000 };
    return await Connection.connect({ address, connectTimeout: deadlineMs, channelArgs, ...security });
  } catch (cause) {
    throw unreachable(address, cause);
  }
}

export interface NamespaceState {
  /** Names that are not registered and could not be registered by us. */
  missing: string[];
}

/**
 * Registers what is missing where we may; safe to call from every process at every start, also at the same time. Where we may not (Temporal Cloud, a
 * locked-down cluster), it warns: starting workflows fails there until somebody has added the attributes.
 */
export async function ensureNamespaceAndSearchAttributes(
  connection: Connection,
  namespace: string,
  log?: Pick<Logger, 'warn' | 'info'>,
): Promise<NamespaceState> {
  await connection.withDeadline(systemClock.now() + VISIBLE_DEADLINE_MS + REQUEST_DEADLINE_MS, async () => {
    await ensureNamespace(connection, namespace, log);
  });
  const giveUpAt = systemClock.monotonic() + VISIBLE_DEADLINE_MS;
  let missing: string[] = Object.keys(SEARCH_ATTRIBUTES);
  for (;;) {
    try {
      missing = await missingSearchAttributes(connection, namespace, log);
      if (missing.length === 0) return { missing };
      if (!(await addSearchAttributes(connection, namespace, missing))) break;
    } catch (error) {
      // The frontend's list of namespaces is some seconds old: one that was just registered is not found yet.
      if (!hasCode(error, NOT_FOUND)) throw error;
    }
    if (systemClock.monotonic() > giveUpAt) break;
    await sleep(systemClock, 100);
  }
  log?.warn({ missing, namespace }, 'search attributes are missing and cannot be registered; ask who runs Temporal to add them as Keyword');
  return { missing };
}

/** @returns false when we may not */
async function addSearchAttributes(connection: Connection, namespace: string, names: string[]): Promise<boolean> {
  try {
    await connection.withDeadline(systemClock.now() + REQUEST_DEADLINE_MS, () =>
      connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(names.map((name) => [name, indexedType(name)])),
      }),
    );
    return true;
  } catch (error) {
    if (hasCode(error, PERMISSION_DENIED, UNIMPLEMENTED)) return false;
    if (!hasCode(error, ALREADY_EXISTS)) throw error;
    return true;
  }
}

/** Without changing anything. Empty as well when the server does not let us look (a warning says so). */
export async function missingSearchAttributes(connection: Connection, namespace: string, log?: Pick<Logger, 'warn'>): Promise<string[]> {
  try {
    const listed = await connection.withDeadline(systemClock.now() + REQUEST_DEADLINE_MS, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    const present = new Set([...Object.keys(listed.customAttributes ?? {}), ...Object.keys(listed.systemAttributes ?? {})]);
    return Object.keys(SEARCH_ATTRIBUTES).filter((name) => !present.has(name));
  } catch (error) {
    if (!hasCode(error, PERMISSION_DENIED, UNIMPLEMENTED)) throw error;
    log?.warn({ namespace }, 'this Temporal does not tell its search attributes; they are assumed to be there');
    return [];
  }
}

async function ensureNamespace(connection: Connection, namespace: string, log?: Pick<Logger, 'warn' | 'info'>): Promise<void> {
  if (await namespaceExists(connection, namespace)) return;
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(RETENTION_MS),
    });
    log?.info({ namespace }, 'Temporal namespace registered');
  } catch (error) {
    if (hasCode(error, PERMISSION_DENIED, UNIMPLEMENTED)) {
      log?.warn({ namespace }, 'the Temporal namespace is missing and cannot be registered; ask who runs Temporal to add it');
      return;
    }
    if (!hasCode(error, ALREADY_EXISTS)) throw error;
  }
}

async function namespaceExists(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch (error) {
    if (hasCode(error, NOT_FOUND)) return false;
    if (hasCode(error, PERMISSION_DENIED, UNIMPLEMENTED)) return true;
    throw error;
  }
}

function indexedType(name: string): number {
  const kind = SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES];
  return temporal.api.enums.v1.IndexedValueType[`INDEXED_VALUE_TYPE_${kind}`];
}

function hasCode(error: unknown, ...codes: number[]): boolean {
  return isGrpcServiceError(error) && codes.includes(error.code);
}

export function unreachable(address: string, cause: unknown): PatterError {
  return new PatterError(
    'PATTER_TEMPORAL_UNAVAILABLE',
    `Temporal does not answer at ${address}. Is it up, are TEMPORAL_ADDRESS and, where it wants TLS or a key, TEMPORAL_TLS* and TEMPORAL_API_KEY right?`,
    {
      cause,
      details: { address },
    },
  );
}
