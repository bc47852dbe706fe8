/** Twilio's recordings of calls: start, pause, stop, list, download, delete, and the callback when a file is ready. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Call } from './call';
import { CallRecording } from './call-recording';
import { type Form, field, method } from './create-call';
import { sendError } from './errors';
import type { PhoneNetwork } from './network';
import { rfc2822 } from './rfc2822';

/** From the call's end to the finished file. */
const PROCESSING_MS = 300;

interface Route {
  Params: { callSid: string; recordingSid: string };
  Body: Form;
}

export class Recordings {
  private readonly all = new Map<string, CallRecording>();

  constructor(private readonly network: PhoneNetwork) {}

  register(scope: FastifyInstance, root: string): void {
    scope.post<Route>(`${root}/Calls/:callSid/Recordings.json`, (request, reply) => {
      const call = this.network.calls.get(request.params.callSid);
      if (!call) return sendError(reply, 20404);
      if (call.state.kind !== 'in-progress') return sendError(reply, 21220);
      return reply.code(201).send(this.resource(this.start(call, request.body ?? {})));
    });
    scope.get<Route>(`${root}/Calls/:callSid/Recordings.json`, (request) =>
      this.page(
        request.url,
        [...this.all.values()].filter(({ callSid }) => callSid === request.params.callSid),
      ),
    );
    scope.get<Route>(`${root}/Recordings.json`, (request) => this.page(request.url, [...this.all.values()]));
    scope.post<Route>(`${root}/Calls/:callSid/Recordings/:recordingSid.json`, (request, reply) => {
      const { callSid, recordingSid } = request.params;
      const recording =
        recordingSid === 'Twilio.CURRENT'
          ? [...this.all.values()].find((each) => each.callSid === callSid && each.underWay)
          : this.all.get(recordingSid);
      if (!recording) return sendError(reply, 20404);
      const to = field(request.body ?? {}, 'Status');
      // One that is in that state, or over, cannot be put into it.
      if (!recording.underWay || recording.status === to) return sendError(reply, 21220);
      if (to === 'paused') recording.pause(field(request.body ?? {}, 'PauseBehavior') ?? 'silence');
      else if (to === 'in-progress') recording.resume();
      else if (to === 'stopped') this.finish(recording);
      return this.resource(recording);
    });
    scope.get<Route>(`${root}/Recordings/:recordingSid.wav`, (request, reply) => {
      const recording = this.all.get(request.params.recordingSid);
      if (recording?.status !== 'completed') return sendError(reply, 20404);
      const file = recording.wav();
      reply.type('audio/x-wav');
      const call = this.network.calls.get(recording.callSid);
      if (!this.network.lab.faults.take('recording_stalls', { to: call?.params.to })) return reply.send(file);
      // Half of it, and then nothing more until the customer gives up.
      let sent = false;
      const half = new Readable({
        read() {
          if (!sent) this.push(file.subarray(0, Math.ceil(file.length / 2)));
          sent = true;
        },
      });
      return reply.send(half);
    });
    scope.delete<Route>(`${root}/Recordings/:recordingSid.json`, (request, reply) => {
      if (!this.all.delete(request.params.recordingSid)) return sendError(reply, 20404);
      return reply.code(204).send();
    });
  }

  reset(): void {
    this.all.clear();
  }

  private start(call: Call, form: Form): CallRecording {
    const url = field(form, 'RecordingStatusCallback');
    const events = [form.RecordingStatusCallbackEvent ?? 'completed'].flat().flatMap((names) => names.split(/\s+/));
    const callback = url ? { url, method: method(form, 'RecordingStatusCallbackMethod'), events } : undefined;
    const recording = new CallRecording(call.sid, this.network.lab.clock.now(), callback);
    this.all.set(recording.sid, recording);
    call.recordings.add(recording);
    call.onceOver(() => this.finish(recording));
    return recording;
  }

  private finish(recording: CallRecording): void {
    if (!recording.underWay) return;
    const { lab, callbacks } = this.network;
    recording.status = 'processing';
    lab.clock.after(PROCESSING_MS, () => {
      // Reset, or deleted, meanwhile.
      if (this.all.get(recording.sid) !== recording) return;
      recording.status = recording.durationS === 0 ? 'absent' : 'completed';
      const { callback } = recording;
      if (!callback?.events.includes(recording.status)) return;
      const call = this.network.calls.get(recording.callSid);
      callbacks.send({
        callSid: recording.callSid,
        to: call?.params.to ?? '',
        event: `recording-${recording.status}`,
        url: callback.url,
        method: callback.method,
        params: {
          AccountSid: this.network.accountSid,
          CallSid: recording.callSid,
          RecordingSid: recording.sid,
          RecordingUrl: `${lab.url}/2010-04-01/Accounts/${this.network.accountSid}/Recordings/${recording.sid}`,
          RecordingStatus: recording.status,
          RecordingDuration: String(recording.durationS),
          RecordingChannels: '2',
          RecordingStartTime: rfc2822(recording.startedAt),
          RecordingSource: 'StartCallRecordingAPI',
          RecordingTrack: 'both',
        },
      });
    });
  }

  /** Newest first, all of them on one page. */
  private page(url: string, recordings: CallRecording[]) {
    return {
      recordings: recordings.reverse().map((each) => this.resource(each)),
      page: 0,
      page_size: 50,
      start: 0,
      end: recordings.length,
      uri: url.replace(/\?.*$/, ''),
      next_page_uri: null,
    };
  }

  private resource(recording: CallRecording): Record<string, unknown> {
    const { sid, callSid, status } = recording;
    const done = status === 'completed' || status === 'absent';
    return {
      sid,
      call_sid: callSid,
      account_sid: this.network.accountSid,
      api_version: '2010-04-01',
      status,
      channels: 2,
      duration: done ? String(recording.durationS) : '-1',
      start_time: rfc2822(recording.startedAt),
      date_created: rfc2822(recording.startedAt),
      date_updated: rfc2822(this.network.lab.clock.now()),
      source: 'StartCallRecordingAPI',
      track: 'both',
      price: null,
      price_unit: 'USD',
      conference_sid: null,
      encryption_details: null,
      error_code: null,
      uri: `/2010-04-01/Accounts/${this.network.accountSid}/Calls/${callSid}/Recordings/${sid}.json`,
    };
  }
}
