import { SessionWorld } from './session-phone';

const MESSAGE = 'This is Acme for Ada. Please call us back.';
const GREETING = 'You have reached Ada. Please leave a message after the beep.';

function tone(ms: number, hz = 1_000): Int16Array {
  return Int16Array.from({ length: 8 * ms }, (_, i) => 8_000 * Math.sin((2 * Math.PI * hz * i) / 8_000));
}

describe('machines', () => {
  /** Each in a world of its own, side by side: they do little but wait for what is said. */
  const inWorld = (test: (world: SessionWorld) => Promise<void>) => SessionWorld.during({}, test);

  const drop = (overrides: { text?: string; waitForSilence?: boolean } = {}) =>
    ({ commandId: 'drop', callId: 'x', streamId: 'x', kind: 'drop_voicemail', text: MESSAGE, waitForSilence: true, ...overrides }) as const;

  const answered = (world: SessionWorld) => world.call(world.setup({ machineDetection: true, agent: { firstMessage: 'Hello.' } }));

  it.concurrent('suspects a machine by its words, does not talk with it, and leaves the message after the beep', () =>
    inWorld(async (world) => {
      const { phone, session, events } = answered(world);
      phone.say(GREETING);
      await phone.until(() => events.length > 0, 'suspicion');
      expect(events[0]).toMatchObject({ kind: 'machine_suspected', evidence: 'transcript', text: GREETING });
      session.onCommand(drop());
      phone.play(new Int16Array(8 * 600));
      phone.play(tone(400));
      const report = await session.done;
      expect(report.end).toBe('voicemail_left');
      expect(phone.heard.endsWith(MESSAGE)).toBe(true);
      expect(phone.heard).not.toMatch(/help|understand|there\?/);
      expect(events).toContainEqual({ kind: 'machine_suspected', evidence: 'beep' });
    }));

  it.concurrent('peer defect 20: leaves each of the messages in the box that it is for, at the same time', () =>
    inWorld(async (world) => {
      const names = ['Ada', 'Ben', 'Cleo'];
      const calls = names.map((name) => ({ name, ...world.call(world.setup({ callId: `call_${name}`, machineDetection: true })) }));
      for (const { phone, session, name } of calls) {
        phone.say(`This is the box of ${name}. Please leave a message after the beep.`);
        session.onCommand(drop({ text: `Acme calls for ${name}.` }));
      }
      for (const { name, phone, session } of calls) {
        expect((await session.done).end).toBe('voicemail_left');
        expect(phone.heard.endsWith(`Acme calls for ${name}.`)).toBe(true);
        for (const other of names) if (other !== name) expect(phone.heard).not.toContain(other);
      }
    }));

  it.concurrent('leaves the message in the silence after a greeting without a beep', () =>
    inWorld(async (world) => {
      const { phone, session } = answered(world);
      phone.say(GREETING);
      session.onCommand(drop());
      const report = await session.done;
      expect(report.end).toBe('voicemail_left');
      expect(phone.heard.endsWith(MESSAGE)).toBe(true);
    }));

  it.concurrent('says the message again when the beep came after it had begun', () =>
    inWorld(async (world) => {
      const { phone, session } = answered(world);
      const text = `${MESSAGE} You can reach us from nine to five on every day of the week. Thank you and goodbye.`;
      session.onCommand(drop({ text, waitForSilence: false }));
      await phone.untilHeard(/This is Acme/);
      phone.play(tone(400));
      const report = await session.done;
      expect(report.end).toBe('voicemail_left');
      expect(phone.heard.split('This is Acme')).toHaveLength(3);
      expect(phone.heard.endsWith(text)).toBe(true);
    }));

  it.concurrent('does not call a message left that the carrier never confirmed, nor one that was cut', () =>
    inWorld(async (world) => {
      const unconfirmed = answered(world);
      unconfirmed.phone.echoesMarks = false;
      unconfirmed.session.onCommand(drop({ waitForSilence: false }));
      const cut = answered(world);
      cut.session.onCommand(drop({ waitForSilence: false }));
      await cut.phone.untilHeard(/This is Acme/);
      cut.phone.hangUp();
      expect((await cut.session.done).end).toBe('voicemail_cut');
      expect((await unconfirmed.session.done).end).toBe('voicemail_cut');
    }));

  it.concurrent('ends at once where there is no message', () =>
    inWorld(async (world) => {
      const { session } = answered(world);
      session.onCommand(drop({ text: '' }));
      expect((await session.done).end).toBe('voicemail_skipped');
    }));

  it.concurrent('tells that a person answered, and talks', () =>
    inWorld(async (world) => {
      const { phone, events } = answered(world);
      await phone.untilHeard(/Hello\.$/);
      await phone.untilSilent();
      phone.say('Yes, who is this?');
      await phone.untilHeard(/AI assistant/);
      expect(events).toEqual([{ kind: 'human_confirmed', text: 'Yes, who is this?' }]);
    }));

  it.concurrent('goes back to talking when the workflow has it that a person speaks', () =>
    inWorld(async (world) => {
      const { phone, session, events } = answered(world);
      await phone.untilHeard(/Hello\.$/);
      await phone.untilSilent();
      phone.say('My mailbox? Who is this?');
      await phone.until(() => events.length > 0, 'suspicion');
      session.onCommand(drop());
      session.onCommand({ commandId: 'h', callId: 'x', streamId: 'x', kind: 'human' });
      await phone.untilHeard(/AI assistant/);
      expect(phone.heard).not.toContain(MESSAGE);
    }));

  it.concurrent('does not stay silent for a person who was taken for a machine', () =>
    inWorld(async (world) => {
      const { phone, events } = answered(world);
      await phone.untilHeard(/Hello\.$/);
      await phone.untilSilent();
      phone.say('My mailbox? Who are you and what is this about?');
      await phone.untilHeard(/AI assistant/);
      expect(events[0]).toMatchObject({ kind: 'machine_suspected' });
    }));
});
