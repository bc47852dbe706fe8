/** The conversation over all its streams. Each stream's part is kept apart, so that one that reports late still stands where it belongs. */
import type { Checkpoint, ConversationReport, ToolCallRecord, TranscriptTurn, UsageLine } from '../../contracts/call';
import type { CarrierName } from '../../contracts/carrier';

interface Part {
  sealed: TranscriptTurn[];
  rest: TranscriptTurn[];
  usage: UsageLine[];
  toolCalls: ToolCallRecord[];
}

/** The carrier bills a stream beside the call. */
function streamUsage(carrier: CarrierName, ms: number): UsageLine {
  return { provider: carrier, service: 'voice', item: 'media_stream', unit: 'second', quantity: Math.max(1, Math.ceil(ms / 1_000)) };
}

export class Transcript {
  /** By attachment, from 1. */
  private readonly parts = new Map<number, Part>();

  seal(attachment: number, turns: TranscriptTurn[]): void {
    this.part(attachment).sealed.push(...turns);
  }

  complete(attachment: number, report: ConversationReport, carrier: CarrierName): void {
    const part = this.part(attachment);
    part.rest = report.turns;
    part.usage = [...report.usage, streamUsage(carrier, report.endedAt - report.startedAt)];
    part.toolCalls = report.toolCalls;
  }

  /** From the last heartbeat of a gateway that is lost. It may be older than the last seal: what that holds is not said twice. */
  recover(attachment: number, checkpoint: Checkpoint): void {
    const part = this.part(attachment);
    part.rest = checkpoint.turns.slice(Math.max(0, part.sealed.length - checkpoint.sealedTurns));
    part.usage = checkpoint.usage;
    part.toolCalls = checkpoint.toolCalls ?? [];
  }

  /** The stream goes on under another attachment and will report all of itself: what it has sealed stays, the rest comes again. */
  carryOn(from: number, to: number): void {
    const { sealed } = this.part(from);
    this.parts.delete(from);
    this.part(to).sealed.push(...sealed);
  }

  /** How many turns of one stream have been sealed. */
  sealedOf(attachment: number): number {
    return this.parts.get(attachment)?.sealed.length ?? 0;
  }

  turns(): TranscriptTurn[] {
    return this.ordered().flatMap((part) => [...part.sealed, ...part.rest]);
  }

  usage(): UsageLine[] {
    return this.ordered().flatMap((part) => part.usage);
  }

  toolCalls(): ToolCallRecord[] {
    return this.ordered().flatMap((part) => part.toolCalls);
  }

  private ordered(): Part[] {
    return [...this.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  }

  private part(attachment: number): Part {
    let part = this.parts.get(attachment);
    if (!part) {
      part = { sealed: [], rest: [], usage: [], toolCalls: [] };
      this.parts.set(attachment, part);
    }
    return part;
  }
}
