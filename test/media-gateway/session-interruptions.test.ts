import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMulaw } from '../../contracts/g711';
import { wordsHeard } from '../support/words-heard';
import { SessionWorld, said } from './session-phone';

const speech = (name: string) => decodeMulaw(readFileSync(join(__dirname, '..', 'fixtures', 'speech', `${name}.ulaw`)));

const LONG =
  'Your appointment is on Friday at ten in the morning with Doctor Meier in the second floor, and please bring your insurance card with you. Is that right?';

describe('interruptions', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) =>
    SessionWorld.during(
      {
        brain: [
          { when: 'tell me', say: LONG },
          { when: 'stop', say: 'I stop.' },
        ],
      },
      test,
    );

  async function listening(world: SessionWorld) {
    const call = world.call(world.setup({ agent: { firstMessage: 'Hello.' } }));
    await call.phone.untilHeard(/Hello\.$/);
    await call.phone.untilSilent();
    call.phone.say('Please tell me.');
    return call;
  }

  it.concurrent('peer defect 22: cuts the history and the vendor item where the caller stopped hearing, not where the audio received ends', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world);
      await phone.untilHeard(/ten in the/);
      phone.say('Please stop this now, I have to say something.');
      await phone.untilHeard(/I stop\.$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      const cut = report.turns.find((turn) => turn.interrupted);
      expect(cut?.text).toMatch(/^Your appointment is on Friday at ten in/);
      expect(cut?.text.length).toBeLessThan(LONG.length / 2);
      // What the report says was heard: its whole words.
      const heard = /Your appointment.*?(?=I stop)/.exec(phone.heard.replace(/\uFFFD/g, ''))?.[0] ?? '';
      expect(wordsHeard(LONG, heard)).toContain(cut?.text);
      const [vendor] = await world.realtime();
      const item = vendor?.said.find((entry) => entry.text === LONG);
      expect(item?.truncatedTo).toBeDefined();
      // The vendor is told milliseconds: a tenth of a second, at most.
      expect(Math.abs((item?.truncatedTo?.trimEnd().length ?? 0) - heard.trimEnd().length)).toBeLessThan(6);
      expect(vendor?.errors).toEqual([]);
      expect(said(report, 'user')).toEqual(['Please tell me.', 'Please stop this now, I have to say something.']);
    }));

  it.concurrent('goes on where it paused when the caller only hummed, and the caller hears every word once', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world);
      await phone.untilHeard(/ten in the/);
      phone.say('Mhm.');
      await phone.untilHeard(/Is that right\?$/);
      await phone.untilSilent();
      phone.hangUp();
      const report = await session.done;
      expect(phone.clears).toBe(1);
      expect(said(report, 'assistant')).toContain(LONG);
      expect(report.turns.some((turn) => turn.interrupted)).toBe(false);
      const [vendor] = await world.realtime();
      expect(vendor?.said.every((entry) => entry.truncatedTo === undefined)).toBe(true);
      expect(vendor?.errors).toEqual([]);
    }));

  // OpenAI Realtime writes down what was said when the caller has paused: until then there is the voice alone.
  it.concurrent('goes on after a real "mm-hm" at the defaults, and is cut off by a real sentence', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world);
      await phone.untilHeard(/ten in the/);
      phone.play(speech('mhm'));
      await phone.untilHeard(/second floor, and/);
      expect(phone.clears).toBe(1);
      phone.play(speech('no-wait'));
      const truncated = async () => (await world.realtime())[0]?.said.find((entry) => entry.text === LONG)?.truncatedTo;
      for (const deadline = Date.now() + 20_000; (await truncated()) === undefined; )
        if (Date.now() > deadline) throw new Error(`nothing was cut off; heard: ${phone.heard}`);
      phone.hangUp();
      const cut = (await session.done).turns.find((turn) => turn.interrupted);
      expect(cut?.text).toMatch(/^Your appointment is on Friday at ten in .* second floor/);
      expect(cut?.text.length).toBeLessThan(LONG.length);
    }));

  it.concurrent('does not stop for the caller while the disclosure is spoken', () =>
    inWorld(async (world) => {
      const { phone, session } = world.call(world.setup({ agent: { disclosure: LONG, firstMessage: 'Hello.' } }));
      await phone.untilHeard(/Friday at ten/);
      phone.say('Hello, who is there, what do you want from me?');
      await phone.untilHeard(/Is that right\?.*Hello\.$/);
      phone.hangUp();
      const report = await session.done;
      expect(said(report, 'assistant')[0]).toBe(LONG);
      expect(phone.clears).toBe(0);
    }));

  it.concurrent('peer defect 22: cancels nothing when nothing is being generated', () =>
    inWorld(async (world) => {
      const { phone, session } = await listening(world);
      await phone.untilHeard(/ten in the/);
      phone.say('Please stop this now, I have to say something.');
      await phone.untilHeard(/I stop\.$/);
      phone.hangUp();
      await session.done;
      const [vendor] = await world.realtime();
      expect(vendor?.errors.filter((error) => error.code === 'response_cancel_not_active')).toEqual([]);
    }));
});
