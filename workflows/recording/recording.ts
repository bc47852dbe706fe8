/** The file of a recorded call. Begun before the carrier is asked to record, so that no death in between can lose it; ends when the file is where it belongs. */
import { condition, log, proxyActivities, setHandler } from '@temporalio/workflow';
import { carrierEventSignal } from '../../contracts/call';
import { callOverSignal, type RecordingActivities, type RecordingInput, type RecordingLook } from '../../contracts/recording';

const { lookForRecordings } = proxyActivities<RecordingActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});
/** A storage may be down for a weekend; the carrier keeps the file meanwhile. */
const { fetchRecording } = proxyActivities<RecordingActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '20s',
  scheduleToCloseTimeout: '72h',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '30m' },
});
const { removeAtCarrier, giveRecordingUp } = proxyActivities<RecordingActivities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '30m' },
});
const { deliverRecordingWebhook } = proxyActivities<RecordingActivities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '12h',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '1h' },
});

/** While the call goes on only its own end, or the carrier, has news; a call whose workflow was terminated tells nobody. */
const LOOK_DURING_CALL_MS = 15 * 60_000;
/** The carrier's callback may be lost: it is asked, soon and then ever less often. */
const FIRST_LOOK_MS = 5_000;
const LAST_LOOK_MS = 10 * 60_000;
/** Carriers have a file within minutes. */
const GIVE_UP_MS = 24 * 3_600_000;

export async function recording(input: RecordingInput): Promise<void> {
  let news = 0;
  setHandler(carrierEventSignal, () => {
    news++;
  });
  setHandler(callOverSignal, () => {
    news++;
  });
  await condition(() => news > 0, LOOK_DURING_CALL_MS);
  let waitMs = FIRST_LOOK_MS;
  let giveUpAt: number | undefined;
  let told = 0;
  for (;;) {
    const known = news;
    const look = await lookForRecordings(input);
    if (look.gone) return;
    if (look.fetch) await fetchAll(input, look);
    if (look.callOver && !look.pending) {
      await tell(input, look);
      return;
    }
    if (look.callOver) {
      giveUpAt ??= Date.now() + GIVE_UP_MS;
      if (Date.now() >= giveUpAt) {
        await giveRecordingUp({ ...input, reason: 'the carrier had no file within a day' });
        await tell(input, look);
        return;
      }
    }
    if (news > told) {
      told = news;
      waitMs = FIRST_LOOK_MS;
    }
    const someMs = look.callOver ? waitMs : LOOK_DURING_CALL_MS;
    await condition(() => news > known, someMs);
    waitMs = Math.min(2 * waitMs, LAST_LOOK_MS);
  }
}

async function fetchAll(input: RecordingInput, look: RecordingLook): Promise<void> {
  for (const recordingId of look.ready) {
    try {
      await fetchRecording({ ...input, recordingId });
      // Only now: until the file is safe, the carrier's is the only one.
      await removeAtCarrier({ ...input, recordingId });
    } catch (error) {
      log.warn('a recording was not fetched', { callId: input.callId, recordingId, error: String(error) });
      await giveRecordingUp({ ...input, recordingId, reason: 'it could not be fetched or stored' });
    }
  }
}

async function tell(input: RecordingInput, { webhooks }: RecordingLook): Promise<void> {
  await Promise.all(
    webhooks.map((webhook) =>
      deliverRecordingWebhook({ ...input, webhook }).catch((error) => {
        log.warn('a webhook did not take the news of a recording', { callId: input.callId, webhook, error: String(error) });
      }),
    ),
  );
}
