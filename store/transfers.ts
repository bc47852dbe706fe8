import { and, eq, gte, isNull } from 'drizzle-orm';
import type { Database } from './database';
import { transfers } from './schema';

/** Transfers of calls to people: to whom, and the carrier's leg to them. */
export interface TransferStore {
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

export function transferStore(database: Database): TransferStore {
  return {
    async recordTransfer({ now, ...row }) {
      const inserted = await database.run((db) =>
        db
          .insert(transfers)
          .values({ ...row, requestedAt: now })
          .onConflictDoNothing()
          .returning({ toNumber: transfers.toNumber }),
      );
      if (inserted[0]) return { toNumber: inserted[0].toNumber, existed: false };
      const standing = await this.transfer(row.callId, row.transferNumber);
      return { toNumber: standing!.toNumber, existed: true };
    },

    async transfer(callId, transferNumber) {
      const [row] = await database.run((db) =>
        db
          .select({ toNumber: transfers.toNumber, requestedAt: transfers.requestedAt, humanCallId: transfers.humanCallId })
          .from(transfers)
          .where(and(eq(transfers.callId, callId), eq(transfers.transferNumber, transferNumber))),
      );
      return row;
    },

    async noteHumanLeg(callId, transferNumber, humanCallId) {
      await database.run((db) =>
        db
          .update(transfers)
          .set({ humanCallId })
          .where(and(eq(transfers.callId, callId), eq(transfers.transferNumber, transferNumber), isNull(transfers.humanCallId))),
      );
    },

    async isHumanLeg(carrierCallId) {
      const found = await database.run((db) =>
        db.select({ callId: transfers.callId }).from(transfers).where(eq(transfers.humanCallId, carrierCallId)).limit(1),
      );
      return found.length > 0;
    },

    async unknownTransfersTo(toNumber, since) {
      return database.run((db) =>
        db.$count(transfers, and(eq(transfers.toNumber, toNumber), gte(transfers.requestedAt, since), isNull(transfers.humanCallId))),
      );
    },
  };
}
