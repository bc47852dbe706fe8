/** Calls of about a minute with all of their audio, through the lab: what an answered call leaves in the history besides its words. */
import type { PersonaInput } from '../../lab/persona';
import { phoneOf, startWorld } from '../../test/e2e/world';
import { quantile, round } from '../support/numbers';
import type { Row } from '../support/report';

/** As people speak: 30 characters a second. */
const BAUD = 300;
const HOURS =
  'We are open from Monday to Friday, from eight in the morning to six in the evening, and on the first Saturday of every month until noon. ' +
  'You find us in the third street on the left behind the station, next to the bakery, on the second floor. Please bring your insurance card ' +
  'and come ten minutes early, so that we can prepare everything. Do you have another question?';
const PARKING =
  'Parking is free for two hours in the garage across the street, and the bus line number twelve stops right in front of our door every ten ' +
  'minutes. If you come by train, leave the station on the north side, cross the square, and take the second street on the right; it is a ' +
  'walk of about five minutes. There is a lift in the yard, and somebody at the desk who helps you. So, will you be there on Tuesday?';

const TALKS: PersonaInput = {
  kind: 'human',
  answerAfterMs: 400,
  patienceMs: 30_000,
  steps: [
    { say: 'Hello?' },
    { hear: '/suit you/', say: 'What are your opening hours?' },
    { hear: '/another question/', say: 'And where can I park?', waitMs: 800 },
    { hear: '/on tuesday/i', say: 'Yes, I confirm. I will be there.', waitMs: 800 },
    { hear: '/bye|thank|great|confirm/', say: 'Thank you, goodbye.' },
    { hear: '/bye/', orAfterMs: 8_000, waitMs: 400, hangUp: true },
  ],
};

export async function measureTalks(calls: number): Promise<Row> {
  const brain = [
    { when: 'opening hours', say: HOURS },
    { when: 'park', say: PARKING },
  ];
  const world = await startWorld({ default: 'talks', personas: { talks: TALKS }, brain }, { gateways: 1, workers: 1, baud: BAUD });
  try {
    const campaignId = await world.start(
      { name: 'talks', dialing: { cps: 5, maxConcurrent: calls } },
      Array.from({ length: calls }, (_, index) => phoneOf(index)),
    );
    const { report } = await world.end(campaignId);
    const records = report.results.flatMap((result) => result.calls);
    const histories = await Promise.all(
      records.map(async ({ callId }) => {
        const { raw } = await world.ctx.temporal.workflow.getHandle(callId).describe();
        return { events: Number(raw.workflowExecutionInfo?.historyLength), bytes: Number(raw.workflowExecutionInfo?.historySizeBytes) };
      }),
    );
    const words = records.map(({ transcript }) => Buffer.byteLength(transcript.map((turn) => turn.text).join('')));
    const lengths = records.map((call) => (Date.parse(call.endedAt ?? '') - Date.parse(call.answeredAt ?? '')) / 1_000);
    const of = (values: readonly number[]) => `${round(quantile(values, 0.5), 0)} / ${round(quantile(values, 1), 0)}`;
    return {
      calls: records.length,
      outcomes: JSON.stringify(report.outcomes),
      'seconds p50/max': of(lengths),
      'events p50/max': of(histories.map((one) => one.events)),
      'bytes p50/max': of(histories.map((one) => one.bytes)),
      'of these words p50': quantile(words, 0.5),
      // Words are in the history twice: with the report, and with the settlement.
      'bytes without the words twice p50': quantile(
        histories.map((one, index) => one.bytes - 2 * (words[index] as number)),
        0.5,
      ),
    };
  } finally {
    await world.stop();
  }
}
