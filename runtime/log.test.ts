import { maskPhones } from './log';

test.each([
  ['{"msg":"the number +15005550006 is not verified"}', '{"msg":"the number +1500***0006 is not verified"}'],
  ['GET /Calls.json?To=%2B442079460958&Page=0', 'GET /Calls.json?To=%2B4420***0958&Page=0'],
  ['+491234567', '***67'],
  ['2026-11-21T10:00:00.000+00:00 and 1+1', '2026-11-21T10:00:00.000+00:00 and 1+1'],
])('numbers in %s are masked', (text, masked) => {
  expect(maskPhones(text)).toBe(masked);
});
