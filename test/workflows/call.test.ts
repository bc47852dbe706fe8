import { Context } from '@temporalio/activity';
import { callScenarios } from './call-scenario';
import { CallWorld, placed, rules, turn } from './call-world';

const { scenario, theBench } = callScenarios();

describe('nobody answers', () => {
  scenario("busy: one settlement with the carrier's word", 'busy', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('busy', { sipCode: 486 });
        expect(await world.settled()).toMatchObject({
          outcome: 'busy',
          consumed: true,
          carrierCallId: 'CA1',
          turns: [],
          voicemailLeft: false,
        });
      },
    };
  });

  scenario(
    'no answer, with callbacks out of order and repeated: the end counts, and the ringing before it is kept',
    'no_answer',
    (bench) => {
      let told = () => {};
      const ready = new Promise<void>((resolve) => {
        told = resolve;
      });
      const world = new CallWorld(bench, {
        dial: async () => {
          await ready;
          return placed();
        },
      });
      return {
        world,
        async play() {
          const end = { kind: 'status', status: 'no_answer', sequence: 3, dedupeKey: 'end', at: 9_000 } as const;
          await world.carrier(end);
          await world.carrier(end);
          await world.carrier({ kind: 'status', status: 'ringing', sequence: 1, dedupeKey: 'ring', at: 2_000 });
          told();
          expect(await world.settled()).toMatchObject({ outcome: 'no_answer', ringingAt: 2_000, endedAt: 9_000 });
        },
      };
    },
  );

  scenario('a number that does not exist', 'invalid_number', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('failed', { sipCode: 404 });
        expect(await world.settled()).toMatchObject({ outcome: 'invalid_number', consumed: true });
      },
    };
  });

  scenario('declined: SIP 603 is a rejection although the carrier calls it busy', 'rejected', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('busy', { sipCode: 603 });
        expect(await world.settled()).toMatchObject({ outcome: 'rejected' });
      },
    };
  });

  scenario('SIP 607 opts the number out', 'opted_out_by_carrier', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('failed', { sipCode: 607 });
        expect(await world.settled()).toMatchObject({ outcome: 'opted_out', optOut: { by: 'carrier' } });
      },
    };
  });

  scenario(
    'the carrier never tells of an end: the call is hung up after the ring time-out and not counted when it never rang',
    'canceled_backstop',
    (bench) => {
      let status: 'queued' | 'canceled' = 'queued';
      const call = (carrierCallId: string) => ({ carrierCallId, status, to: '+15005550001', from: '+15005550006' });
      const world: CallWorld = new CallWorld(bench, {
        fetchCarrierCall: async ({ carrierCallId }) => call(carrierCallId),
        hangupCall: async ({ carrierCallId }) => {
          status = 'canceled';
          return call(carrierCallId);
        },
      });
      return {
        world,
        async play() {
          expect(await world.settled()).toMatchObject({ outcome: 'canceled', consumed: false });
          expect(world.inputsOf('hangupCall')).toEqual([{ callId: world.callId, carrierCallId: 'CA1' }]);
        },
      };
    },
  );
});

describe('the dial', () => {
  scenario('the gate skips: nothing is settled twice, the contact is done already', 'skipped', (bench) => {
    const world = new CallWorld(bench, { dial: async () => ({ kind: 'skipped', rule: 'suppressed', reason: 'on the list' }) });
    return {
      world,
      async play() {
        expect(await world.handle.result()).toMatchObject({ outcome: 'skipped', phase: 'ended' });
        expect(world.settlements).toEqual([]);
      },
    };
  });

  scenario('peer defect 18: the app of a call that the gate stops hears of its end', 'skipped_app', (bench) => {
    const dial = async () => ({ kind: 'skipped', rule: 'suppressed', reason: 'on the list', app: 'my-app' }) as const;
    const world = new CallWorld(bench, { dial });
    return {
      world,
      async play() {
        expect(await world.handle.result()).toMatchObject({ outcome: 'skipped', phase: 'ended' });
        expect(world.inputsOf('startCallbacks')).toEqual([{ tenantId: 'default', callId: world.callId, app: 'my-app' }]);
      },
    };
  });

  scenario('the gate defers: the contact waits in Postgres, the workflow ends', 'deferred', (bench) => {
    const world = new CallWorld(bench, { dial: async () => ({ kind: 'deferred', rule: 'window', reason: 'closed', until: 1 }) });
    return {
      world,
      async play() {
        expect(await world.handle.result()).toMatchObject({ phase: 'ended' });
        expect(world.settlements).toEqual([]);
      },
    };
  });

  scenario('the carrier refuses: settled by its decision, and the campaign is told to pause', 'refused', (bench) => {
    const world = new CallWorld(bench, {
      dial: async () => ({
        kind: 'refused',
        outcome: 'failed',
        reason: 'the caller id is not verified',
        consumed: false,
        errorCode: 21210,
        pauseCampaign: 'the caller id is not verified',
        campaignWorkflowId: 'campaign/nobody/none',
      }),
    });
    return {
      world,
      async play() {
        expect(await world.settled()).toMatchObject({
          outcome: 'failed',
          consumed: false,
          errorCode: 21210,
          reason: 'the caller id is not verified',
        });
      },
    };
  });

  scenario(
    'an answer that never came is reconciled before anything else, and the call that is found goes on',
    'reconciled_found',
    (bench) => {
      const world: CallWorld = new CallWorld(bench, {
        dial: async () => ({ kind: 'unknown', ...rules() }),
        reconcileDial: async () => ({ kind: 'found', call: { ...world.carrierCall(), status: 'ringing' }, ...rules() }),
      });
      return {
        world,
        async play() {
          await world.ranOnce('reconcileDial');
          await world.status('no_answer');
          expect(await world.settled()).toMatchObject({ outcome: 'no_answer', carrierCallId: 'CA1' });
          expect(world.inputsOf('dial')).toHaveLength(1);
        },
      };
    },
  );

  scenario('surely not dialled: the contact loses no attempt', 'reconciled_not_dialed', (bench) => {
    const world = new CallWorld(bench, {
      dial: async () => ({ kind: 'unknown', ...rules() }),
      reconcileDial: async () => ({ kind: 'not_dialed' }),
    });
    return {
      world,
      async play() {
        expect(await world.settled()).toMatchObject({ outcome: 'failed', consumed: false });
        expect(world.inputsOf('dial')).toHaveLength(1);
      },
    };
  });

  scenario('nobody can tell: the attempt counts and is not repeated', 'reconciled_unknown', (bench) => {
    const world = new CallWorld(bench, { dial: async () => ({ kind: 'unknown', ...rules() }) });
    return {
      world,
      async play() {
        expect(await world.settled()).toMatchObject({ outcome: 'failed', consumed: true });
      },
    };
  });

  scenario(
    'a worker that died after the request: a callback names the call, and the caller is attached without waiting for the time-out',
    'dial_lost',
    (bench) => {
      const world: CallWorld = new CallWorld(bench, {
        dial: () => Context.current().cancelled,
        reconcileDial: async ({ carrierCallId }) => ({
          kind: 'found',
          call: { ...world.carrierCall(carrierCallId), status: 'in_progress' },
          ...rules(),
        }),
      });
      return {
        world,
        async play() {
          await world.status('in_progress');
          expect(await world.stream()).toMatchObject({ kind: 'attached', attachment: 1 });
          await world.report('caller_hung_up', { turns: [turn('user', 'hello?')] });
          await world.status('completed');
          expect(await world.settled()).toMatchObject({ outcome: 'completed', turns: [turn('user', 'hello?')] });
          expect(world.inputsOf('reconcileDial')).toEqual([{ ...world.input, carrierCallId: 'CA1' }]);
        },
      };
    },
  );

  scenario('a second call of the attempt is hung up once and never connected', 'stray_call', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.status('ringing');
        await world.status('ringing', { carrierCallId: 'CA2' });
        await world.status('in_progress', { carrierCallId: 'CA2' });
        expect(await world.stream('MZ9', { carrierCallId: 'CA2' })).toMatchObject({
          kind: 'refused',
          action: 'hangup',
          code: 'PATTER_CALL_DUPLICATE',
        });
        await world.answer();
        await world.report('agent_ended');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', carrierCallId: 'CA1' });
        expect(world.inputsOf('hangupCall')).toEqual([{ callId: world.callId, carrierCallId: 'CA2' }]);
      },
    };
  });
});

describe('a person answers', () => {
  scenario("a talk to its end: sealed turns come before the report's", 'completed', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        expect(await world.warmUp()).toMatchObject({ kind: 'attached', attachment: 1, history: [], setup: { canTransfer: false } });
        await world.answer();
        await world.gatewayEvent({ kind: 'sealed_turns', turns: [turn('assistant', 'one')] }, 'MZ1', 1);
        await world.gatewayEvent({ kind: 'sealed_turns', turns: [turn('assistant', 'one')] }, 'MZ1', 1);
        await world.carrier({ kind: 'amd', answeredBy: 'human', messageEnd: false });
        await world.report('agent_ended', { turns: [turn('user', 'two')] });
        await world.status('completed', { durationS: 21 });
        expect(await world.settled()).toMatchObject({
          outcome: 'completed',
          answeredBy: 'human',
          durationS: 21,
          turns: [turn('assistant', 'one'), turn('user', 'two')],
        });
      },
    };
  });

  scenario(
    'peer defect 6: the end of the call comes before the report: one record, with the report in it',
    'completed_status_first',
    (bench) => {
      const world = new CallWorld(bench);
      return {
        world,
        async play() {
          await world.answer();
          await world.status('completed');
          await world.report('caller_hung_up', { turns: [turn('user', 'bye')] });
          expect(await world.settled()).toMatchObject({ outcome: 'completed', turns: [turn('user', 'bye')] });
        },
      };
    },
  );

  scenario('no terminal callback: the call is ended and its state fetched', 'completed_no_callback', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.report('agent_ended');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', durationS: 20 });
        expect(world.inputsOf('hangupCall')).toHaveLength(1);
      },
    };
  });

  scenario('an opt-out that is told while the call is settled is written before the workflow ends', 'opted_out_late', (bench) => {
    let away = true;
    let triesInVain = 5;
    let written = false;
    const world = new CallWorld(bench, {
      settleCall: async ({ optOut, outcome }) => {
        expect(optOut).toBeUndefined();
        if (away) throw new Error('the database is away');
        return { contactOutcome: outcome };
      },
      recordOptOut: async () => {
        if (triesInVain-- > 0) throw new Error('the database is away');
        written = true;
      },
    });
    return {
      world,
      async play() {
        await world.answer();
        await world.report('caller_hung_up');
        await world.status('completed', { durationS: 20 });
        // The third is an activity of its own.
        await world.ranOnce('settleCall', 3);
        await world.gatewayEvent({ kind: 'opt_out', by: 'voice', text: 'never again' });
        await world.ranOnce('recordOptOut', 3);
        away = false;
        await world.handle.result();
        expect(written).toBe(true);
      },
    };
  });

  scenario('an opt-out is recorded at once and once, while the talk goes on', 'opted_out', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'opt_out', by: 'voice', text: 'never again' });
        await world.gatewayEvent({ kind: 'opt_out', by: 'key' });
        await world.ranOnce('recordOptOut');
        expect(await world.view()).toMatchObject({ phase: 'talking' });
        await world.report('opted_out');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'opted_out', optOut: { by: 'voice', text: 'never again' } });
        expect(world.inputsOf('recordOptOut')).toEqual([{ callId: world.callId, by: 'voice', text: 'never again' }]);
      },
    };
  });

  scenario('a callback is requested', 'callback_requested', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.report('agent_ended', { callback: { when: 'tomorrow at ten' } });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'callback_requested', callback: { when: 'tomorrow at ten' } });
      },
    };
  });

  scenario('the AI provider fails', 'failed', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.report('provider_failed', { error: 'no session' });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'failed', reason: 'no session' });
      },
    };
  });

  scenario('a token opens one stream; the same stream may ask again', 'token_reused', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        expect(await world.stream()).toMatchObject({ kind: 'attached', attachment: 1 });
        expect(await world.stream('MZ2', { tokenNonce: 'nonce-MZ1' })).toMatchObject({
          kind: 'refused',
          action: 'close',
          code: 'PATTER_TOKEN_USED',
        });
        await world.report('agent_ended');
        await world.status('completed');
        await world.settled();
        expect(world.inputsOf('conversation')).toHaveLength(1);
      },
    };
  });

  scenario('a second stream is turned away while the first one is alive', 'second_stream', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        let beating = true;
        const heart = (async () => {
          while (beating) {
            await world.heartbeat(1, {});
            await new Promise((resolve) => setTimeout(resolve, 500));
          }
        })();
        expect(await world.stream('MZ2')).toMatchObject({ kind: 'refused', action: 'close', code: 'PATTER_CALL_DUPLICATE' });
        beating = false;
        await heart;
        await world.report('agent_ended');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed' });
      },
    };
  });

  test('an attach without a nonce is turned away by the validator', async () => {
    const bench = theBench();
    if (!bench) return;
    const world = new CallWorld(bench);
    await bench.run(world.activities, async () => {
      await world.start();
      await expect(world.stream('MZ1', { tokenNonce: '' })).rejects.toMatchObject({ cause: { type: 'PATTER_STREAM_PROTOCOL' } });
      await world.status('busy');
      await world.settled();
    });
  });
});

describe('a machine answers', () => {
  scenario('the message is left once its greeting is over', 'voicemail', (bench) => {
    const world = new CallWorld(bench, { dial: async () => placed({ voicemailMessage: 'Call us back.' }) });
    return {
      world,
      async play() {
        await world.answer();
        await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: true });
        await world.ranOnce('commandGateway');
        await world.gatewayEvent({ kind: 'machine_suspected', evidence: 'beep' });
        await world.report('voicemail_left');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', answeredBy: 'machine', voicemailLeft: true });
        expect(world.inputsOf('commandGateway')).toEqual([
          {
            gatewayId: 'gw-1',
            command: {
              commandId: `${world.callId}/1/drop_voicemail`,
              callId: world.callId,
              streamId: 'MZ1',
              kind: 'drop_voicemail',
              text: 'Call us back.',
              waitForSilence: false,
            },
          },
        ]);
      },
    };
  });

  scenario('suspected by its words, and a person after all: the agent is told to talk on', 'voicemail_taken_back', (bench) => {
    const world = new CallWorld(bench, { dial: async () => placed({ voicemailMessage: 'Call us back.' }) });
    return {
      world,
      async play() {
        await world.answer();
        await world.gatewayEvent({ kind: 'machine_suspected', evidence: 'transcript', text: 'you have reached' });
        await world.ranOnce('commandGateway');
        await world.gatewayEvent({ kind: 'human_confirmed' });
        await world.ranOnce('commandGateway', 2);
        expect(world.inputsOf('commandGateway')).toMatchObject([
          { command: { kind: 'drop_voicemail', waitForSilence: true } },
          { command: { kind: 'human' } },
        ]);
        await world.report('agent_ended');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed', answeredBy: 'human' });
      },
    };
  });

  scenario('unknown never hangs up on a person', 'amd_unknown', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.carrier({ kind: 'amd', answeredBy: 'unknown', messageEnd: false });
        await world.report('caller_hung_up', { turns: [turn('user', 'hi')] });
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'completed' });
        expect(world.inputsOf('commandGateway')).toEqual([]);
      },
    };
  });

  scenario('no message is configured: the gateway ends the call', 'voicemail_skipped', (bench) => {
    const world = new CallWorld(bench);
    return {
      world,
      async play() {
        await world.answer();
        await world.carrier({ kind: 'amd', answeredBy: 'machine', messageEnd: true });
        await world.ranOnce('commandGateway');
        await world.report('voicemail_skipped');
        await world.status('completed');
        expect(await world.settled()).toMatchObject({ outcome: 'voicemail', voicemailLeft: false });
      },
    };
  });
});
