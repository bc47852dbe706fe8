/** Whoever picks up and is neither a person nor a mailbox. The commands are the workflow's; what leads to them is in its own tests. */
import { answeringSchema } from '../../contracts/answering';
import { SessionWorld, said, type TestCall } from './session-phone';

const SCREENER = 'Record your name and reason for calling, and I will see if this person is available.';
const INTRODUCTION = 'This is an AI assistant calling. This is Acme Dental.';
const MENU = 'For sales, press one. For support, press two.';
const DISCLOSURE = 'I am an AI.';
const FIRST = 'Hi Ada! This is Acme Dental. Is Friday fine?';

describe('neither a person nor a mailbox', () => {
  // They wait for one another's silences, and do so side by side.
  let starting: Promise<SessionWorld> | undefined;
  const theWorld = () => {
    starting ??= SessionWorld.start({
      brain: [
        { when: 'press one', call: { tool: 'send_dtmf', args: { digits: '1' } }, thenSay: 'So.' },
        { when: 'friday', say: 'Friday is noted.' },
      ],
    });
    return starting;
  };
  afterAll(async () => (await starting)?.stop());

  const answered = async (answering: Record<string, unknown> = {}) => {
    const world = await theWorld();
    const agent = { disclosure: DISCLOSURE, firstMessage: FIRST };
    return world.call(world.setup({ machineDetection: true, answering: answeringSchema.parse(answering), agent }));
  };
  let commands = 0;
  const envelope = () => ({ commandId: `c${++commands}`, callId: 'x', streamId: 'x' });
  const is = ({ session }: TestCall, callee: 'ivr' | 'call_screening') => session.onCommand({ ...envelope(), kind: 'callee', is: callee });
  const told = ({ events, phone }: TestCall, kind: string, times = 1) =>
    phone.until(() => events.filter((event) => event.kind === kind).length >= times, `${times} × ${kind}`);
  const pressed = (call: TestCall) => call.events.filter((event) => event.kind === 'send_digits');

  async function screened(answering: Record<string, unknown> = {}): Promise<TestCall> {
    const call = await answered(answering);
    call.phone.say(SCREENER);
    await told(call, 'callee_suspected');
    expect(call.events).toEqual([{ kind: 'callee_suspected', is: 'call_screening', text: SCREENER }]);
    is(call, 'call_screening');
    await call.phone.untilHeard(new RegExp(`${INTRODUCTION}$`));
    return call;
  }

  it.concurrent('a call screener is told who calls and why; the person who comes hears the disclosure and the first message', async () => {
    const call = await screened();
    const { phone, events, session } = call;
    phone.say('Please stay on the line.');
    phone.play(new Int16Array(8 * 900));
    await phone.untilSaid();
    expect(phone.heard.endsWith(INTRODUCTION)).toBe(true);
    expect(events).toHaveLength(1);
    phone.say('Hello, Ada speaking.');
    await phone.untilHeard(new RegExp(`${INTRODUCTION}${DISCLOSURE.replaceAll('.', '\\.')}${FIRST.replace('?', '\\?')}$`));
    expect(events.at(-1)).toEqual({ kind: 'human_confirmed', text: 'Hello, Ada speaking.' });
    await phone.untilSilent();
    phone.say('Yes, Friday.');
    await phone.untilHeard(/Friday is noted\.$/);
    phone.hangUp();
    expect(await session.done).not.toHaveProperty('unreached');
  });

  it.concurrent('a screener that asks again is answered again; its tones are no wish; nobody comes: the call ends without a word more', async () => {
    const call = await screened({ screeningWait: 1_500 });
    const { phone, session, events } = call;
    phone.press('9');
    phone.say('Please say why you are calling.');
    const report = await session.done;
    expect(phone.heard.split(INTRODUCTION)).toHaveLength(3);
    expect(phone.heard.endsWith(INTRODUCTION)).toBe(true);
    expect(report).toMatchObject({ end: 'agent_ended', unreached: { because: 'call_screening' } });
    expect(events.map(({ kind }) => kind)).not.toContain('opt_out');
  });

  it.concurrent('a screener that turns into a mailbox gets the message', async () => {
    const call = await screened();
    const { phone, session } = call;
    phone.say('Nobody is here. Please leave a message after the tone.');
    await told(call, 'machine_suspected');
    session.onCommand({ ...envelope(), kind: 'drop_voicemail', text: 'Please call Acme.', waitForSilence: true });
    expect((await session.done).end).toBe('voicemail_left');
    expect(phone.heard.endsWith(`${INTRODUCTION}Please call Acme.`)).toBe(true);
  });

  it.concurrent('a menu is walked through by keys with a pause between them, and given up when it begins for the third time', async () => {
    const call = await answered({ pressPause: 1_000 });
    const { phone, session } = call;
    phone.say(MENU);
    await told(call, 'callee_suspected');
    is(call, 'ivr');
    const at: number[] = [];
    for (const times of [1, 2]) {
      await phone.until(() => pressed(call).length === times, `${times} presses`);
      at.push(Date.now());
      const asked = pressed(call).at(-1);
      if (!asked) throw new Error('nothing was asked');
      session.onCommand({ ...envelope(), kind: 'tool_answer', requestId: asked.requestId, ok: true, result: 'sent' });
      phone.say(MENU);
    }
    const report = await session.done;
    expect(report).toMatchObject({ end: 'agent_ended', unreached: { because: 'ivr_loop', detail: 'the same menu was heard 3 times' } });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(900);
    expect(said(report, 'user')).toEqual([MENU, MENU, MENU]);
  });

  it.concurrent('the person behind a menu hears who speaks', async () => {
    const call = await answered();
    const { phone } = call;
    phone.say('Press nine for anything else.');
    await told(call, 'callee_suspected');
    is(call, 'ivr');
    await phone.untilSilent(300);
    phone.say('Sales, who is this?');
    await told(call, 'human_confirmed');
    await phone.untilHeard(new RegExp(`${DISCLOSURE.replaceAll('.', '\\.')}${FIRST.replace('?', '\\?')}$`));
  });

  it.concurrent('a menu that was walked through on an earlier stream is still the same menu on the next one', async () => {
    const turns = [MENU, MENU].map((text, index) => ({ role: 'user' as const, text, at: Date.now() - 10_000 + index }));
    const world = await theWorld();
    const call = world.call(world.setup({ machineDetection: true }), {
      history: turns,
      resume: 'digits_sent',
      digits: { digits: '1', sent: true },
    });
    is(call, 'ivr');
    call.phone.say(MENU);
    expect(await call.session.done).toMatchObject({ unreached: { because: 'ivr_loop' } });
  });

  it.concurrent('the tone of a fax machine is told', async () => {
    const call = await answered();
    call.phone.play(Int16Array.from({ length: 8 * 1_400 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * 2_100 * i) / 8_000)));
    await told(call, 'callee_suspected');
    expect(call.events).toContainEqual({ kind: 'callee_suspected', is: 'fax' });
  });

  it.concurrent('who says nothing is greeted once more, and then let go', async () => {
    const call = await answered({ silence: 700 });
    const { phone, session, events } = call;
    const report = await session.done;
    expect(report).toMatchObject({ end: 'idle', unreached: { because: 'silence' } });
    expect(phone.heard.split(FIRST)).toHaveLength(3);
    expect(phone.heard).toMatch(/Goodbye\.$/);
    expect(events).toEqual([{ kind: 'callee_suspected', is: 'silence' }]);
  });

  it.concurrent('who speaks after the second greeting is talked to', async () => {
    const call = await answered({ silence: 700 });
    const { phone, events } = call;
    await phone.until(() => phone.heard.split(FIRST).length === 3, 'the second greeting');
    phone.say('Friday, yes.');
    await phone.untilHeard(/Friday is noted\.$/);
    expect(events.at(-1)).toMatchObject({ kind: 'human_confirmed' });
  });
});
