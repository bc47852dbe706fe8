import type { AttachRequest, AttachResult } from '../contracts/call';
import { sleep } from '../contracts/clock';
import type { StreamOutbox, StreamOutboxDeps } from './stream-outbox';
import type { WorkflowLink } from './workflow-link';

/** One try of the attach; sent again with the same update id, so a slow answer is not lost. */
const TRY_MS = 3_000;
/** As long as the caller is kept in silence; then the carrier goes on to ask another gateway. */
const LIMIT_MS = 10_000;
const RETRY_MS = 200;

export interface AttachmentDeps extends Omit<StreamOutboxDeps, 'outbox'> {
  outbox: StreamOutbox;
  link: WorkflowLink;
  tokenNonce: string;
}

/** One stream's hold on its call: the workflow is asked for it, until it answers, and asked again when it took this gateway for lost. */
export class Attachment {
  /** What is heartbeated and completed; another one after `askAgain`. */
  activityId = '';
  private timesAgain = 0;

  constructor(private readonly deps: AttachmentDeps) {}

  /**
   * Until there is an answer, or the time is up: while they talk, it is not.
   * @param ahead whether they talk without the workflow, since when (epoch ms), and whether they still do; once they have, the attach goes with the report
   */
  async ask(haveSetup: boolean, ahead: () => { since: number; over: boolean } | undefined): Promise<AttachResult | undefined> {
    const { callId, clock, link, log, stream } = this.deps;
    const until = clock.monotonic() + LIMIT_MS;
    for (;;) {
      const talk = ahead();
      const left = talk ? TRY_MS : until - clock.monotonic();
      if (left <= 0 || talk?.over) return undefined;
      const request = { ...this.request(haveSetup), ...(talk && { talkingSince: talk.since }) };
      try {
        return await link.attach(callId, request, `stream/${stream.streamId}`, Math.min(TRY_MS, left));
      } catch (error) {
        // Also when the stream has ended: the attach may have been taken, and then somebody waits for a report.
        log.warn({ err: error }, 'no answer to the attach yet');
        await sleep(clock, RETRY_MS);
      }
    }
  }

  /** For a conversation that goes on while its activity is over. */
  async askAgain(): Promise<'attached' | 'unavailable' | 'lost'> {
    const { callId, link, log, stream } = this.deps;
    this.timesAgain += 1;
    let result: AttachResult;
    try {
      result = await link.attach(callId, this.request(true), `stream/${stream.streamId}/${this.timesAgain}`, TRY_MS);
    } catch (error) {
      log.warn({ err: error }, 'the conversation has no activity, and the workflow does not answer; it goes on');
      return 'unavailable';
    }
    if (result.kind === 'refused') this.refused(result);
    if (result.kind !== 'attached' || !result.activityId) return 'lost';
    log.info({ activityId: result.activityId }, 'attached again');
    this.activityId = result.activityId;
    return 'attached';
  }

  refused({ code, reason, action }: Extract<AttachResult, { kind: 'refused' }>): void {
    this.deps.log.warn({ code, reason, action }, 'attach refused');
    if (action === 'hangup') this.deps.outbox.postHangup();
  }

  request(haveSetup: boolean): AttachRequest {
    const { gatewayId, stream, tokenNonce } = this.deps;
    const { carrierCallId, streamId } = stream;
    return { gatewayId, carrierCallId, streamId, tokenNonce, haveSetup };
  }
}
