import type { PersonaInput } from '../../lab/persona';
import { LAB_TELNYX } from '../../lab/scenario';
import { FROM, TelnyxHarness, TO } from './telnyx-harness';

let harness: TelnyxHarness;
afterEach(() => harness.stop());

const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [] };
const types = (callControlId: string) =>
  harness.webhooks.filter(({ payload }) => payload.call_control_id === callControlId).map(({ type }) => type);

test('a call is announced, answered and hung up on, each webhook signed so that the vendor package believes it', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ client_state: Buffer.from('call-1').toString('base64') });
  await harness.webhook('streaming.started', id);
  await harness.client.calls.actions.hangup(id, {});
  const hangup = await harness.webhook('call.hangup', id);
  expect(new Set(types(id))).toEqual(new Set(['call.initiated', 'call.answered', 'streaming.started', 'streaming.stopped', 'call.hangup']));
  expect(harness.webhooks.every(({ verified }) => verified)).toBe(true);
  const initiated = await harness.webhook('call.initiated', id);
  expect(initiated).toMatchObject({
    path: '/calls',
    meta: { attempt: 1, delivered_to: `${harness.customerUrl}/calls` },
    payload: {
      call_control_id: expect.stringMatching(/^v3:/),
      connection_id: LAB_TELNYX.connectionId,
      client_state: Buffer.from('call-1').toString('base64'),
      direction: 'outgoing',
      from: FROM,
      to: TO,
      state: 'parked',
    },
  });
  expect(hangup.payload).toMatchObject({ hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' });
  expect(harness.entry(id)).toMatchObject({ carrier: 'telnyx', direction: 'outbound', finalStatus: 'completed', endedBy: 'api' });
});
