import type { PersonaInput } from '../../lab/persona';
import { LAB_TELNYX } from '../../lab/scenario';
import { FROM, speech, TelnyxHarness, TO } from './telnyx-harness';

let harness: TelnyxHarness;
afterEach(() => harness.stop());

const DESK = '+14155550177';
const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [] };
const DESK_PERSON: PersonaInput = {
  kind: 'human',
  answerAfterMs: 50,
  endOfTurnMs: 200,
  steps: [{ say: 'Desk here.' }, { hear: 'help', say: 'Sure. Bye!', hangUp: true }],
};
const NEEDY: PersonaInput = { kind: 'human', answerAfterMs: 0, endOfTurnMs: 200, steps: [{ hear: 'Desk', say: 'I need help.' }] };
const state = (text: string) => Buffer.from(text).toString('base64');

/** The leg that is not `first`. */
const otherThan = (first: string) =>
  harness.until('another leg', () => harness.ledger.calls.find(({ callSid }) => callSid !== first)?.callSid);
const said = (id: string) =>
  harness
    .entry(id)
    .heard.filter(({ via }) => via === 'dial')
    .map(({ text }) => text)
    .join('');

describe('a transfer', () => {
  test('calls the desk, and the two talk; when the desk hangs up the caller is hung up on too', async () => {
    harness = await TelnyxHarness.start({ people: { [TO]: NEEDY, [DESK]: DESK_PERSON } });
    const id = await harness.dial();
    const peer = await harness.peer();
    await harness.client.calls.actions.transfer(id, {
      to: DESK,
      from: FROM,
      client_state: state('caller'),
      target_leg_client_state: state('desk'),
    });
    const desk = await otherThan(id);
    await harness.webhook('call.hangup', id);
    expect(said(id)).toBe('Desk here.Sure. Bye!');
    expect(said(desk)).toBe('I need help.');
    const initiated = await harness.webhook('call.initiated', desk);
    expect(initiated.payload).toMatchObject({
      state: 'bridging',
      direction: 'outgoing',
      to: DESK,
      from: FROM,
      client_state: state('desk'),
      call_session_id: (await harness.webhook('call.initiated', id)).payload.call_session_id,
    });
    expect((await harness.webhook('call.bridged', id)).payload.client_state).toBe(state('caller'));
    await harness.webhook('call.bridged', desk);
    expect((await harness.webhook('call.hangup', desk)).payload).toMatchObject({ hangup_source: 'callee' });
    expect(harness.entry(desk)).toMatchObject({ parentCallSid: id, bridgedAt: expect.any(Number), carrier: 'telnyx' });
    // The stream goes on beside the bridge until somebody stops it.
    expect(peer.heard()).toBe('I need help.');
  });

  test('that nobody takes leaves the caller where they were, with their stream', async () => {
    harness = await TelnyxHarness.start({ people: { [TO]: LISTENER, [DESK]: { kind: 'busy', afterMs: 0 } } });
    const id = await harness.dial();
    const peer = await harness.peer();
    await harness.client.calls.actions.transfer(id, { to: DESK, from: FROM });
    const desk = await otherThan(id);
    expect((await harness.webhook('call.hangup', desk)).payload.hangup_cause).toBe('user_busy');
    peer.audio(speech('Nobody is there.'));
    await harness.until('heard', () => harness.entry(id).heard.at(-1)?.text === 'Nobody is there.');
    expect(harness.of('call.bridged')).toEqual([]);
  });

  test('ends when the caller hangs up before the desk answers', async () => {
    harness = await TelnyxHarness.start({ people: { [TO]: LISTENER, [DESK]: 'no-answer' } });
    const id = await harness.dial();
    await harness.peer();
    await harness.client.calls.actions.transfer(id, { to: DESK, from: FROM });
    const desk = await otherThan(id);
    await harness.client.calls.actions.hangup(id, {});
    expect((await harness.webhook('call.hangup', desk)).payload.hangup_cause).toBe('originator_cancel');
  });

  test('with the same command_id calls the desk once', async () => {
    harness = await TelnyxHarness.start({ people: { [TO]: LISTENER, [DESK]: 'no-answer' } });
    const id = await harness.dial();
    await harness.peer();
    for (let i = 0; i < 2; i++) await harness.client.calls.actions.transfer(id, { to: DESK, from: FROM, command_id: 'transfer-1' });
    expect(harness.ledger.calls.filter(({ to }) => to === DESK)).toHaveLength(1);
  });
});

describe('a consultation', () => {
  /** A person beside the caller's call, who has answered. */
  async function consult(desk: PersonaInput, caller: PersonaInput = NEEDY): Promise<{ id: string; deskId: string }> {
    harness = await TelnyxHarness.start({ people: { [TO]: caller, [DESK]: desk } });
    const id = await harness.dial();
    await harness.peer();
    const deskId = await harness.dial({ to: DESK, link_to: id, stream_url: undefined, answering_machine_detection: 'premium' });
    await harness.webhook('call.answered', deskId);
    return { id, deskId };
  }

  test('the person hears what it is about, accepts by a key, and only then the caller is there', async () => {
    const { id, deskId } = await consult({
      kind: 'human',
      answerAfterMs: 0,
      endOfTurnMs: 200,
      steps: [
        { hear: 'Press 1', press: '1' },
        { waitMs: 100, say: 'Desk here.' },
        { hear: 'help', hangUp: true },
      ],
    });
    const { actions } = harness.client.calls;
    await actions.gatherUsingSpeak(deskId, { payload: 'Ann wants help. Press 1.', voice: 'female', maximum_digits: 1 });
    expect((await harness.webhook('call.gather.ended', deskId)).payload).toMatchObject({ digits: '1', status: 'valid' });
    expect(harness.entry(deskId).heard[0]).toMatchObject({ via: 'say', text: 'Ann wants help. Press 1.' });
    expect(said(id)).toBe('');
    await actions.bridge(id, { call_control_id_to_bridge_with: deskId, park_after_unbridge: 'self' });
    await harness.webhook('call.bridged', id);
    // Harmless to repeat.
    await actions.bridge(id, { call_control_id_to_bridge_with: deskId, park_after_unbridge: 'self' });
    await harness.webhook('call.hangup', deskId);
    expect(said(id)).toBe('Desk here.');
    expect(said(deskId)).toBe('I need help.');
    expect(harness.of('call.bridged', id)).toHaveLength(1);
    // Parked: the caller stays, and the agent can speak again.
    harness.peers[0]?.audio(speech('Anything else?'));
    await harness.until('heard', () => harness.entry(id).heard.at(-1)?.text === 'Anything else?');
    expect(harness.entry(id).endedAt).toBeUndefined();
  });

  test('a machine on the desk is told, and the caller can hang up on a bridge', async () => {
    const { id, deskId } = await consult(DESK_PERSON);
    await harness.client.calls.actions.bridge(id, { call_control_id_to_bridge_with: deskId });
    await harness.webhook('call.bridged', deskId);
    await harness.client.calls.actions.hangup(id, {});
    expect((await harness.webhook('call.hangup', deskId)).payload.hangup_cause).toBe('normal_clearing');
    expect(harness.entry(deskId)).toMatchObject({ endedBy: 'parent' });
  });

  test('nobody is bridged with a leg that has ended or is not there', async () => {
    const { id, deskId } = await consult({ ...LISTENER, steps: [{ hangUp: true }] });
    await harness.webhook('call.hangup', deskId);
    const { actions } = harness.client.calls;
    await expect(actions.bridge(id, { call_control_id_to_bridge_with: deskId })).rejects.toMatchObject({ status: 422 });
    await expect(actions.bridge(id, { call_control_id_to_bridge_with: 'v3:none' })).rejects.toMatchObject({ status: 422 });
  });
});

describe('somebody who calls', () => {
  const CALLER = '+14155550123';
  const PERSON: PersonaInput = {
    kind: 'human',
    endOfTurnMs: 200,
    steps: [
      { hear: 'Hello', say: 'I want to book.' },
      { hear: 'booked', hangUp: true },
    ],
  };

  test('is announced to the number’s application, waits, is answered, and talks', async () => {
    harness = await TelnyxHarness.start();
    const id = await harness.callIn({ from: CALLER, to: FROM, persona: PERSON });
    const initiated = await harness.webhook('call.initiated', id);
    expect(initiated).toMatchObject({
      path: '/app',
      verified: true,
      payload: { direction: 'incoming', state: 'parked', from: CALLER, to: FROM, connection_id: LAB_TELNYX.connectionId },
    });
    await harness.client.calls.actions.answer(id, {
      stream_url: harness.mediaUrl,
      stream_bidirectional_mode: 'rtp',
      client_state: state('inbound'),
      webhook_url: `${harness.customerUrl}/own`,
    });
    const peer = await harness.peer();
    expect(peer.of('start')[0]?.start).toMatchObject({ call_control_id: id, from: CALLER, to: FROM, client_state: state('inbound') });
    peer.audio(speech('Hello!'));
    await harness.until('an answer', () => peer.heard() === 'I want to book.');
    peer.audio(speech('It is booked.'));
    const hangup = await harness.webhook('call.hangup', id);
    expect(hangup).toMatchObject({ path: '/own', payload: { hangup_source: 'caller', hangup_cause: 'normal_clearing' } });
    expect(harness.entry(id)).toMatchObject({ direction: 'inbound', personaKind: 'human', finalStatus: 'completed' });
    expect(
      harness
        .entry(id)
        .heard.map(({ text }) => text)
        .join(''),
    ).toBe('Hello!It is booked.');
  });

  test.each([
    ['CALL_REJECTED', 'call_rejected'],
    ['USER_BUSY', 'user_busy'],
  ] as const)('can be turned away with %s', async (cause, expected) => {
    harness = await TelnyxHarness.start();
    const id = await harness.callIn({ from: CALLER, to: FROM, persona: PERSON });
    await harness.client.calls.actions.reject(id, { cause });
    expect((await harness.webhook('call.hangup', id)).payload.hangup_cause).toBe(expected);
  });

  test('gives up when nobody answers', async () => {
    harness = await TelnyxHarness.start();
    const id = await harness.callIn({ from: CALLER, to: FROM, persona: PERSON, giveUpAfterMs: 100 });
    expect((await harness.webhook('call.hangup', id)).payload).toMatchObject({
      hangup_cause: 'originator_cancel',
      hangup_source: 'caller',
    });
  });

  test('is whoever the scenario has at that number, and calls only numbers of the account', async () => {
    harness = await TelnyxHarness.start({ people: { [CALLER]: PERSON } });
    const id = await harness.callIn({ from: CALLER, to: FROM });
    expect(harness.entry(id).persona).toBe('(human)');
    await expect(harness.callIn({ from: CALLER, to: '+14155559999' })).rejects.toThrow('not a number of the account');
    await expect(harness.callIn({ from: CALLER, to: FROM, persona: 'busy' })).rejects.toThrow('does not call');
  });
});
