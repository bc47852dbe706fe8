import { prewarmSession } from '../../media-gateway/session';
import { SessionWorld, said } from './session-phone';

describe('the beginning of a call', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) => SessionWorld.during({}, test);

  it.concurrent('says the disclosure and the first message word by word, then answers the caller and ends with the farewell', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call();
      await phone.untilHeard(/come on Friday\?$/);
      await phone.untilSilent();
      phone.say('Yes.');
      await phone.untilHeard(/anything else.*\?$/);
      await phone.untilSilent();
      phone.say('No, that is all.');
      const report = await session.done;
      expect(report.end).toBe('agent_ended');
      expect(phone.heard).toMatch(/^This is an AI\.Hi Ada\. Can you come on Friday\?.*Goodbye\.$/);
      expect(said(report, 'assistant').slice(0, 2)).toEqual(['This is an AI.', 'Hi Ada. Can you come on Friday?']);
      expect(said(report, 'user')).toEqual(['Yes.', 'No, that is all.']);
      expect(said(report, 'assistant').join('')).toBe(phone.heard);
      expect(report.turns.some((turn) => turn.interrupted)).toBe(false);
      expect(report.usage.map((line) => `${line.service}/${line.unit}`)).toEqual(
        expect.arrayContaining([
          'tts/character',
          'realtime/output_audio_token',
          'realtime/input_audio_token',
          'transcription/input_audio_token',
        ]),
      );
    }));

  it.concurrent('peer defect 14: tells the model the first message as its own words, never as the caller said it', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call();
      await phone.untilHeard(/come on Friday\?$/);
      await phone.untilSilent();
      // The lab knows only its conversation: what it asks again is what the agent asked.
      phone.say('What? Can you repeat that?');
      await phone.untilHeard(/Can you come on Friday\?.*Can you come on Friday\?$/);
      phone.hangUp();
      await session.done;
      const [vendor] = await world.realtime();
      expect(vendor?.heard.map((entry) => entry.text)).toEqual(['What? Can you repeat that?']);
    }));

  it.concurrent('peer defect 21: a call has one session with the vendor, whoever opened it and however often it is started', () =>
    inWorld(async (world) => {
      const setup = world.setup();
      const prewarmed = prewarmSession(setup, world.deps);
      const { phone, session } = world.call(setup, { prewarmed });
      session.start();
      await phone.untilHeard(/come on Friday\?$/);
      prewarmed.dispose();
      phone.say('Yes.');
      await phone.untilHeard(/anything else/);
      phone.hangUp();
      await session.done;
      expect(await world.realtime()).toHaveLength(1);
      expect(phone.heard.match(/This is an AI/g)).toHaveLength(1);
    }));

  it.concurrent('gives up the socket of a phone that nobody answered', () =>
    inWorld(async (world) => {
      const prewarmed = prewarmSession(world.setup(), world.deps);
      prewarmed.dispose();
      const { phone, session } = world.call(world.setup(), { prewarmed });
      await phone.untilHeard(/This is an AI\./);
      phone.hangUp();
      expect((await session.done).end).toBe('caller_hung_up');
    }));

  it.concurrent('lets the model say the lines when the synthesiser fails', () =>
    inWorld(async (world) => {
      await world.fault({ kind: 'provider_error', event: 'speech', status: 500 });
      const { phone, session } = world.call();
      await phone.untilHeard(/This is an AI\..*Hi Ada\. Can you come on Friday\?$/);
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant')).toEqual(['This is an AI.', 'Hi Ada. Can you come on Friday?']);
    }));

  it.concurrent('goes on where the call was when there is a history: no disclosure, no greeting, each turn told once', () =>
    inWorld(async (world) => {
      const at = Date.now() - 10_000;
      const history = [
        { role: 'assistant' as const, text: 'Hi Ada. Can you come on Friday?', at },
        { role: 'user' as const, text: 'Yes.', at: at + 2_000 },
        { role: 'assistant' as const, text: 'Fine. Shall we send a letter?', at: at + 4_000 },
      ];
      const { phone, session } = world.call(world.setup(), { history });
      await phone.untilHeard(/I am back\. Shall we send a letter\?$/);
      await phone.untilSilent();
      phone.say('Can you repeat that?');
      await phone.untilHeard(/a letter\?.*a letter\?$/);
      phone.hangUp();
      const report = await session.done;
      expect(phone.heard).not.toMatch(/This is an AI/);
      expect(said(report, 'user')).toEqual(['Can you repeat that?']);
      expect((await world.realtime())[0]?.heard.map((entry) => entry.text)).toEqual(['Yes.', 'Can you repeat that?']);
    }));

  it.concurrent('says that nobody was there after a transfer that nobody took', () =>
    inWorld(async (world) => {
      const history = [{ role: 'assistant' as const, text: 'One moment, I will connect you.', at: Date.now() }];
      const { phone } = world.call(world.setup(), { history, resume: 'transfer_unanswered' });
      await phone.untilHeard(/nobody can take the call/);
    }));
});
