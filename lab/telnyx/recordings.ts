/** Finished recordings: the resource, the file behind its link, and the webhook that announces it. */
import { randomBytes } from 'node:crypto';
import type Telnyx from 'telnyx';
import type { Leg } from './leg';
import type { TelnyxNetwork } from './network';
import type { Recorder } from './recorder';

interface Stored {
  resource: Telnyx.RecordingResponseData & { id: string };
  file: Buffer;
}

/** A link to a file is good for so long; the resource makes a new one each time it is asked for. */
const LINK_MS = 10 * 60_000;

export class Recordings {
  private readonly stored = new Map<string, Stored>();
  private readonly links = new Map<string, { id: string; until: number }>();
  private readonly timers = new Set<() => void>();

  constructor(private readonly network: TelnyxNetwork) {}

  save(leg: Leg, recorder: Recorder): void {
    const { lab } = this.network;
    const endedAt = lab.clock.now();
    const common = { ...leg.ids };
    const cancel = lab.clock.after(this.network.scenario.telnyx.savingMs, () => {
      this.timers.delete(cancel);
      if (lab.faults.take('recording_failed', { to: leg.params.to })) {
        leg.tell('call.recording.error', { ...common, reason: 'Internal server error' });
        return;
      }
      const startedAt = new Date(recorder.startedAt).toISOString();
      const at = new Date(endedAt).toISOString();
      const { id } = recorder;
      this.stored.set(id, {
        file: recorder.wav(),
        resource: {
          id,
          record_type: 'recording',
          status: 'completed',
          source: 'call',
          channels: recorder.options.channels,
          call_control_id: leg.callControlId,
          call_leg_id: leg.callLegId,
          call_session_id: leg.callSessionId,
          connection_id: leg.params.connectionId,
          from: leg.params.from,
          to: leg.params.to,
          duration_millis: recorder.durationMs,
          recording_started_at: startedAt,
          recording_ended_at: at,
          created_at: at,
          updated_at: at,
        },
      });
      // As documented, it names neither the call_control_id nor the recording.
      const { call_control_id: _id, ...rest } = common;
      leg.tell('call.recording.saved', {
        ...rest,
        channels: recorder.options.channels,
        recording_started_at: startedAt,
        recording_ended_at: at,
        recording_urls: { wav: this.link(id) },
        public_recording_urls: {},
      });
    });
    this.timers.add(cancel);
  }

  get(id: string): Stored['resource'] | undefined {
    const found = this.stored.get(id);
    return found && { ...found.resource, download_urls: { wav: this.link(id) } };
  }

  /** Newest first. */
  list(): Stored['resource'][] {
    return [...this.stored.keys()].reverse().map((id) => this.get(id) as Stored['resource']);
  }

  /** Undefined where there is none. */
  remove(id: string): Stored['resource'] | undefined {
    const found = this.get(id);
    this.stored.delete(id);
    return found;
  }

  /** Undefined for a link that has expired, or whose recording is gone. */
  file(token: string): Buffer | undefined {
    const link = this.links.get(token);
    if (!link || link.until < this.network.lab.clock.now()) return undefined;
    return this.stored.get(link.id)?.file;
  }

  reset(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.stored.clear();
    this.links.clear();
  }

  private link(id: string): string {
    const token = randomBytes(16).toString('hex');
    this.links.set(token, { id, until: this.network.lab.clock.now() + LINK_MS });
    return `${this.network.lab.url}/lab/telnyx/files/${token}.wav`;
  }
}
