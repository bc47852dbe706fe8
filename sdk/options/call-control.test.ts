import { CallControl } from './call-control';

function control(failing = false) {
  const done: string[] = [];
  const one = new CallControl({
    ...{ callId: 'call_1', caller: '+15005550001', callee: '+15005550002', telephonyProvider: 'twilio' },
    signal: new AbortController().signal,
    transfer: async (number) => {
      if (failing) throw new Error('no');
      done.push(number);
    },
    hangup: async () => void done.push('hangup'),
  });
  return { one, done };
}

test('what was requested is seen at once, in both spellings', async () => {
  const { one, done } = control();
  expect([one.isTransferred, one.isHungUp, one.ended, one.call_id, one.telephony_provider]).toEqual([
    false,
    false,
    false,
    'call_1',
    'twilio',
  ]);
  const transferred = one.transfer('+15005550003');
  expect([one.isTransferred, one.is_transferred, one.isHungUp, one.ended]).toEqual([true, true, false, true]);
  await transferred;
  await one.transfer('+15005550004');
  await one.hangup();
  expect(done).toEqual(['+15005550003']);
  expect(one.is_hung_up).toBe(false);
});

test('a transfer that failed leaves the call to be hung up', async () => {
  const { one, done } = control(true);
  await expect(one.transfer('+15005550003')).rejects.toThrow('no');
  expect(one.ended).toBe(false);
  await one.hangup();
  expect([one.isHungUp, one.ended, done]).toEqual([true, true, ['hangup']]);
});
