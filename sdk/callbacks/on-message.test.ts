import { agentSchema } from '../../contracts/agent';
import type { IncomingMessage as Said } from '../../media-gateway/engines/pipeline/on-message/on-message';
import type { CallControl } from '../options/call-control';
import type { IncomingMessage } from '../options/events';
import type { CallFacts } from './facts';
import { messageFunction } from './on-message';

const said: Said = {
  ...{ text: '[DTMF: 1]', callId: 'call_1', campaignId: 'c', contactId: 'ct', direction: 'outbound', language: 'en' },
  // The gateway's `caller` is the person, whoever called.
  ...{ caller: '+15550000002', callee: '+15550000001', variables: { name: 'Ann' }, customParams: {} },
  history: [
    { role: 'assistant', text: 'Yes or no?' },
    { role: 'user', text: 'What?' },
    { role: 'assistant', text: 'Yes or no?' },
  ],
};
const facts: CallFacts = {
  parties: { callId: 'call_1', caller: '+15550000001', callee: '+15550000002', direction: 'outbound' },
  ...{ customParams: { order: '42' }, carrier: 'telnyx', started: true, startedAt: 0, usage: [] },
  agent: agentSchema.parse({ engine: { type: 'pipeline' }, systemPrompt: 'Hi.' }),
  turns: [
    { role: 'assistant', text: 'Yes or no?', at: Date.parse('2025-03-15T10:00:01Z') },
    { role: 'user', text: 'What?', at: Date.parse('2025-03-15T10:00:05Z') },
    { role: 'assistant', text: 'Yes or no?', at: Date.parse('2025-03-15T10:00:06Z') },
    { role: 'user', text: '[DTMF: 1]', at: Date.parse('2025-03-15T10:00:09Z') },
  ],
};

function ask(handler: (message: IncomingMessage, call: CallControl) => string | Promise<string>, live: CallFacts | undefined = facts) {
  const called: unknown[] = [];
  const onMessage = messageFunction(handler, {
    calls: { live: () => live },
    transfer: async (callId, number) => void called.push(['transfer', callId, number]),
    now: () => Date.parse('2025-03-15T10:01:00Z'),
  });
  const answer = onMessage(said, { signal: new AbortController().signal, call: (name) => void called.push([name]) });
  return { answer: Promise.resolve(answer as string | Promise<string>), called };
}

test('the message has who called whom, parameters in both spellings, and a history with the times of its turns', async () => {
  let message: IncomingMessage | undefined;
  const { answer } = ask((given) => {
    message = given;
    return 'Thanks.';
  });
  expect(await answer).toBe('Thanks.');
  expect(message).toMatchObject({
    ...{ text: '[DTMF: 1]', call_id: 'call_1', callId: 'call_1', caller: '+15550000001', callee: '+15550000002' },
    ...{ customParams: { order: '42' }, custom_params: { order: '42' }, variables: { name: 'Ann' } },
    history: [
      { role: 'assistant', text: 'Yes or no?', timestamp: '2025-03-15T10:00:01Z' },
      { role: 'user', text: 'What?', timestamp: '2025-03-15T10:00:05Z' },
      { role: 'assistant', text: 'Yes or no?', timestamp: '2025-03-15T10:00:06Z' },
    ],
  });
});

test('a call that is not known here is described by its message', async () => {
  let message: IncomingMessage | undefined;
  const { answer } = ask((given) => {
    message = given;
    return '';
  }, undefined);
  await answer;
  expect(message).toMatchObject({ caller: '+15550000001', callee: '+15550000002', customParams: {}, history: { length: 3 } });
});

test('the control transfers to any number at once, and hangs up after the answer; only the first of both counts', async () => {
  const { answer, called } = ask(async (_, call) => {
    expect(call.ended).toBe(false);
    await call.transfer('+15550001111');
    await call.hangup();
    return `${call.isTransferred} ${call.is_hung_up} ${call.telephonyProvider}`;
  });
  expect(await answer).toBe('true false telnyx');
  expect(called).toEqual([['transfer', 'call_1', '+15550001111']]);
  const hung = ask(async (_, call) => {
    await call.hangup();
    return 'Goodbye.';
  });
  expect(await hung.answer).toBe('Goodbye.');
  expect(hung.called).toEqual([['end_call']]);
});
