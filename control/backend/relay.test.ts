import type { SdkRelayRequest, SdkServerMessage } from '../../contracts/sdk-protocol';
import { ManualClock } from '../../test/support/manual-clock';
import type { Answerer } from './answerers';
import { MessageRelay } from './relay';

const NUMBER = '+15005550006';

function program(clientId: string, tenantId = 'acme', number = NUMBER, connection = 0) {
  const got: SdkServerMessage[] = [];
  const answerer: Answerer = { clientId, tenantId, number, connection, send: (message) => got.push(message) };
  return { ...answerer, got, ids: () => got.flatMap((message) => (message.type === 'message' ? [message.id] : [])) };
}

function request(id: string, callId = 'call_1', tenantId = 'acme'): SdkRelayRequest {
  const message = {
    text: 'Hello?',
    callId,
    direction: 'inbound',
    caller: '+12125550101',
    callee: NUMBER,
    language: 'en',
    variables: {},
    history: [],
  } as const;
  return { id, tenantId, number: NUMBER, carrier: 'twilio', timeoutMs: 10_000, message: { ...message, history: [] } };
}

function listener() {
  const heard: string[] = [];
  return {
    heard,
    text: (text: string) => heard.push(text),
    done: (endCall: boolean) => heard.push(endCall ? 'done, end' : 'done'),
    failed: (error: Error) => heard.push(`failed: ${error.message}`),
  };
}

function setUp() {
  const clock = new ManualClock();
  return { clock, relay: new MessageRelay(clock) };
}

test('a program that dies before it has answered loses its message to another one, whose answer is the one that is heard', () => {
  const { relay } = setUp();
  const [a, b] = [program('a'), program('b')];
  relay.connected(a);
  const sink = listener();
  relay.ask(request('m1'), sink);
  relay.connected(b);
  expect(a.ids()).toEqual(['m1']);
  expect(b.ids()).toEqual([]);
  relay.disconnected(a);
  expect(b.ids()).toEqual(['m1']);
  relay.answer(b, 'm1', 0, 'From b.', false);
  // It was not dead, only slow.
  relay.answer(a, 'm1', 0, 'From a.', false);
  relay.answer(b, 'm1', 0, 'From b.', false);
  expect(sink.heard).toEqual(['From b.', 'done']);
});

test('the only program gets its message again when it is back', () => {
  const { relay } = setUp();
  const first = program('a');
  relay.connected(first);
  const sink = listener();
  relay.ask(request('m1'), sink);
  relay.disconnected(first);
  const second = program('a');
  relay.connected(second);
  expect(second.ids()).toEqual(['m1']);
  relay.answer(second, 'm1', 0, 'Here I am.', true);
  expect(sink.heard).toEqual(['Here I am.', 'done, end']);
});

test('a connection that was replaced before it was known to be dead takes nothing with it', () => {
  const { relay } = setUp();
  const [old, other] = [program('a'), program('b')];
  relay.connected(old);
  const sink = listener();
  relay.ask(request('m1'), sink);
  const back = program('a');
  relay.connected(back);
  relay.connected(other);
  relay.disconnected(old);
  expect(back.ids()).toEqual(['m1']);
  expect(other.ids()).toEqual([]);
});

test('nobody is connected in time, or nobody answers: said once, and asked again it may go well', () => {
  const { clock, relay } = setUp();
  const sink = listener();
  relay.ask(request('m1'), sink);
  clock.pass(10_000);
  expect(sink.heard).toEqual([expect.stringMatching(/no program is connected to \+15005550006.*connect\(\)/)]);
  const a = program('a');
  relay.connected(a);
  expect(a.ids()).toEqual([]);
  const again = listener();
  relay.ask(request('m1'), again);
  expect(a.ids()).toEqual(['m1']);
  relay.answer(a, 'm1', 0, 'Now.', false);
  expect(again.heard).toEqual(['Now.', 'done']);
});

test('a gateway that asks again with the same id hears the answer from its beginning, and no program is asked twice', () => {
  const { relay } = setUp();
  const a = program('a');
  relay.connected(a);
  const [lost, back] = [listener(), listener()];
  const leave = relay.ask(request('m1'), lost);
  relay.part(a, 'm1', 0, 'One, ');
  leave();
  relay.ask(request('m1'), back);
  relay.part(a, 'm1', 1, 'two.');
  relay.part(a, 'm1', 1, 'two.');
  relay.answer(a, 'm1', 2, '', false);
  expect(lost.heard).toEqual(['One, ']);
  expect(back.heard).toEqual(['One, ', 'two.', 'done']);
  expect(a.ids()).toEqual(['m1']);
});

test('half an answer is not continued by another program', () => {
  const { relay } = setUp();
  const [a, b] = [program('a'), program('b')];
  relay.connected(a);
  const sink = listener();
  relay.ask(request('m1'), sink);
  relay.connected(b);
  relay.part(a, 'm1', 0, 'Well, ');
  relay.disconnected(a);
  expect(sink.heard).toEqual(['Well, ', expect.stringContaining('failed')]);
  expect(b.ids()).toEqual([]);
});

test('an answer that is not wanted any more is cancelled after the moment in which the gateway may come back', () => {
  const { clock, relay } = setUp();
  const a = program('a');
  relay.connected(a);
  relay.ask(request('m1'), listener())();
  expect(a.got.at(-1)).toMatchObject({ type: 'message' });
  clock.pass(1_000);
  expect(a.got.at(-1)).toEqual({ type: 'cancel', id: 'm1' });
});

test('calls are shared among programs, and each stays with its own', () => {
  const { relay } = setUp();
  const programs = [program('a'), program('b')];
  for (const one of programs) relay.connected(one);
  for (const [index, call] of ['x', 'y', 'x', 'y', 'x', 'y'].entries()) {
    const id = `${call}${index}`;
    relay.ask(request(id, call), listener());
    for (const one of programs) relay.answer(one, id, 0, 'yes', false);
  }
  expect(
    programs
      .map(({ ids }) =>
        ids()
          .map((id) => id[0])
          .join(''),
      )
      .sort(),
  ).toEqual(['xxx', 'yyy']);
});

test('a program that fails is passed over for another; with all failing it is said', () => {
  const { relay } = setUp();
  const [a, b] = [program('a'), program('b')];
  relay.connected(a);
  relay.connected(b);
  const sink = listener();
  relay.ask(request('m1'), sink);
  const [first, second] = a.ids().length > 0 ? [a, b] : [b, a];
  relay.failed(first, 'm1', 'TypeError');
  expect(second.ids()).toEqual(['m1']);
  relay.failed(second, 'm1', 'TypeError');
  expect(sink.heard).toEqual([expect.stringContaining('TypeError')]);
});

test('a tenant’s message goes to its own programs only, and another’s answer is none', () => {
  const { relay } = setUp();
  const [mine, theirs] = [program('mine'), program('theirs', 'other')];
  relay.connected(theirs);
  const sink = listener();
  relay.ask(request('m1'), sink);
  expect(theirs.got).toEqual([]);
  relay.answer(theirs, 'm1', 0, 'Got you.', false);
  relay.connected(mine);
  relay.answer(mine, 'm1', 0, 'Mine.', false);
  expect(sink.heard).toEqual(['Mine.', 'done']);
});

test('a program that only lost its way here is waited for, and says the rest of its answer; one that does not come back loses its message', () => {
  const { clock, relay } = setUp();
  const [a, b] = [program('a'), program('b')];
  relay.connected(a);
  const [said, silent] = [listener(), listener()];
  relay.ask(request('m1'), said);
  relay.ask(request('m2'), silent);
  relay.connected(b);
  relay.part(a, 'm1', 0, 'One, ');
  relay.disconnected(a, true);
  expect(b.ids()).toEqual([]);
  const back = program('a', 'acme', NUMBER, 1);
  relay.connected(back);
  expect(back.ids()).toEqual(['m1', 'm2']);
  relay.part(back, 'm1', 0, 'One, ');
  relay.answer(back, 'm1', 1, 'two.', false);
  expect(said.heard).toEqual(['One, ', 'two.', 'done']);
  relay.disconnected(back, true);
  clock.pass(2_500);
  expect(b.ids()).toEqual(['m2']);
});

test('an earlier connection of a program, heard of late, does not replace the later one', () => {
  const { relay } = setUp();
  const [late, now] = [program('a', 'acme', NUMBER, 1), program('a', 'acme', NUMBER, 2)];
  relay.connected(now);
  relay.connected(late);
  relay.disconnected(late);
  relay.ask(request('m1'), listener());
  expect([late.ids(), now.ids()]).toEqual([[], ['m1']]);
});

test('an answer that never ends is ended, and its program told', () => {
  const { relay } = setUp();
  const a = program('a');
  relay.connected(a);
  const sink = listener();
  relay.ask(request('m1'), sink);
  for (let index = 0; index < 600; index++) relay.part(a, 'm1', index, 'x'.repeat(1_000));
  relay.answer(a, 'm1', 600, '', false);
  expect(sink.heard).toHaveLength(501);
  expect(sink.heard.at(-1)).toContain('longer than 500000 characters');
  expect(a.got.at(-1)).toEqual({ type: 'cancel', id: 'm1' });
});

test('a program that is connected and silent is told apart from none', () => {
  const { clock, relay } = setUp();
  relay.connected(program('a'));
  const sink = listener();
  relay.ask(request('m1'), sink);
  clock.pass(10_000);
  expect(sink.heard).toEqual([expect.stringContaining('onMessage of the program returned nothing within 10000 ms')]);
});

test('a call goes to the program that has placed it, though another has less to do; without it to any', async () => {
  const { relay } = setUp();
  const [a, b] = [program('acme/+15005550006/a'), program('acme/+15005550006/b')];
  relay.connected(a);
  relay.connected(b);
  for (const callId of ['call_0', 'call_1']) await relay.placed({ callId, tenantId: 'acme', number: NUMBER }, 'a');
  await relay.placed({ callId: 'call_2', tenantId: 'acme', number: NUMBER }, 'a');
  relay.ask(request('m2', 'call_2'), listener());
  expect([a.ids(), b.ids()]).toEqual([['m2'], []]);
  relay.disconnected(a);
  expect(b.ids()).toEqual(['m2']);
  relay.ask(request('m3', 'call_0'), listener());
  expect(b.ids()).toEqual(['m2', 'm3']);
});
