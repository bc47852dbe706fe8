/** The carrier tells who answered once, to one gateway, and that one may be dead: its record of the call is asked. Found by killing gateways (test/chaos, seed 13). */
import type { CarrierCall } from '../../contracts/carrier';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, rules, turn } from './call-world';

const { scenario } = callScenarios();
const MAILBOX = { answeredBy: 'machine', messageEnd: true } as const;

/** What the carrier's record says, each time that it is asked. */
function asked(...verdicts: CarrierCall['amd'][]) {
  let looks = 0;
  return async ({ carrierCallId }: { carrierCallId: string }): Promise<CarrierCall> => {
    const amd = verdicts[Math.min(looks++, verdicts.length - 1)];
    return { carrierCallId, status: 'in_progress', to: '', from: '', ...(amd && { amd }) };
  };
}

/** A message is left for machines; asked, the carrier says so. */
function withMessage(bench: ConstructorParameters<typeof CallWorld>[0], ...verdicts: CarrierCall['amd'][]): CallWorld {
  return new CallWorld(bench, { dial: async () => placed({ voicemailMessage: 'Call us back.' }), fetchCarrierCall: asked(...verdicts) });
}

function orders(world: CallWorld) {
  const commands = world.inputsOf('commandGateway').map((input) => (input as { command: { kind: string } }).command);
  return commands.filter(({ kind }) => kind !== 'reattach');
}

/** Lost, or shut down: either way the carrier has nobody to tell. */
async function changeHands(world: CallWorld): Promise<void> {
  await world.answer();
  await world.report('drained', { turns: [turn('user', 'Miller, dental technician.')] });
  await world.nextInstruction();
  await world.stream('MZ2', { gatewayId: 'gw-2' });
}

describe('a verdict that went to a gateway that was lost', () => {
  scenario('bug: seed 13: the mailbox was talked to, and reported as completed', 'verdict_asked_for', (bench) => {
    // The detection takes longer than the other gateway.
    const world = withMessage(bench, undefined, MAILBOX);
    return {
      world,
      async play() {
        await world.answer();
        await world.heartbeat(1, { turns: [turn('user', 'Miller, dental technician.')] });
        // The gateway is killed here; its heartbeat's time-out tells.
        await world.nextInstruction();
        await world.stream('MZ2', { gatewayId: 'gw-2' });
        const alive = setInterval(() => void world.heartbeat(2, {}).catch(() => undefined), 300);
        try {
          await world.ranOnce('fetchCarrierCall', 2);
          // The first one asks the lost gateway whether it lives.
          await world.ranOnce('commandGateway', 2);
        } finally {
          clearInterval(alive);
        }
        // Its greeting has been over for a while, or a person speaks: who does not pause is listened to.
        expect(orders(world)).toMatchObject([{ kind: 'drop_voicemail', streamId: 'MZ2', text: 'Call us back.', waitForSilence: true }]);
        await world.report('voicemail_left', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', answeredBy: 'machine', voicemailLeft: true });
        // It has told, and is left in peace.
        expect(world.inputsOf('fetchCarrierCall')).toHaveLength(2);
      },
    };
  });

  scenario('without a message to leave nobody is hung up on for it; the record says what answered', 'verdict_no_message', (bench) => {
    const world = new CallWorld(bench, { fetchCarrierCall: asked(MAILBOX) });
    return {
      world,
      async play() {
        await changeHands(world);
        await world.ranOnce('fetchCarrierCall');
        await world.gatewayEvent({ kind: 'machine_suspected', evidence: 'long_speech' }, 'MZ2');
        await world.report('idle', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', answeredBy: 'machine' });
        expect(orders(world)).toEqual([]);
      },
    };
  });

  scenario('a person who came on the line meanwhile is believed', 'verdict_person', (bench) => {
    const world = withMessage(bench, MAILBOX);
    return {
      world,
      async play() {
        await changeHands(world);
        await world.ranOnce('commandGateway');
        await world.gatewayEvent({ kind: 'human_confirmed', text: 'Hello? Who is speaking?' }, 'MZ2');
        await world.ranOnce('commandGateway', 2);
        await world.report('agent_ended', { turns: [turn('user', 'Hello? Who is speaking?')] }, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', answeredBy: 'human' });
        expect(orders(world).map(({ kind }) => kind)).toEqual(['drop_voicemail', 'human']);
      },
    };
  });

  scenario('a gateway that had died before the answer', 'verdict_gateway_dead_at_answer', (bench) => {
    const world = withMessage(bench, MAILBOX);
    return {
      world,
      async play() {
        await world.ranOnce('dial');
        expect(await world.nextInstruction()).toEqual({ kind: 'stream', attachment: 1 });
        await world.stream('MZ1', { gatewayId: 'gw-2' });
        await world.ranOnce('commandGateway');
        expect(orders(world)).toMatchObject([{ kind: 'drop_voicemail', waitForSilence: true }]);
        await world.report('voicemail_left');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail' });
      },
    };
  });

  scenario('before the call is settled at the latest', 'verdict_asked_at_end', (bench) => {
    const world = new CallWorld(bench, { fetchCarrierCall: asked(MAILBOX) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('idle', { turns: [turn('user', 'Miller, dental technician.')] });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', answeredBy: 'machine' });
      },
    };
  });

  scenario("Telnyx' record is asked only when the call is over", 'verdict_telnyx', (bench) => {
    const { setup } = rules({ voicemailMessage: 'Call us back.' });
    const world = new CallWorld(bench, {
      dial: async () => placed({ setup: { ...setup, carrier: 'telnyx' } }),
      fetchCarrierCall: asked(MAILBOX),
    });
    return {
      world,
      async play() {
        await changeHands(world);
        await world.report('idle', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail' });
        expect(world.inputsOf('fetchCarrierCall')).toHaveLength(1);
        expect(orders(world)).toEqual([]);
      },
    };
  });
});

describe('a carrier that has told, or that need not tell', () => {
  scenario('is not asked: not with the next gateway, and not at the end', 'verdict_known', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.carrier({ kind: 'amd', answeredBy: 'human', messageEnd: false });
        await world.report('drained');
        await world.nextInstruction();
        await world.stream('MZ2', { gatewayId: 'gw-2' });
        await world.report('agent_ended', {}, 2);
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', answeredBy: 'human' });
        expect(world.inputsOf('fetchCarrierCall')).toEqual([]);
      },
    };
  });

  scenario('is not asked where nobody detects machines', 'verdict_not_wanted', (bench) => {
    const { setup } = rules();
    const world = new CallWorld(bench, { dial: async () => placed({ setup: { ...setup, machineDetection: false } }) });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('agent_ended');
        await world.status('completed');
        await world.settled();
        expect(world.inputsOf('fetchCarrierCall')).toEqual([]);
      },
    };
  });
});
