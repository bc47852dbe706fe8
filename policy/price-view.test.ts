import { estimatedCostMicros, type PricedCall, priceView, reportedPrice } from './price-view';

const DETECTION = 7_500;
const estimated: PricedCall = {
  costMicros: 28_000 + DETECTION,
  carrierEstimate: [{ micros: 14_000 }, { micros: 14_000 }],
  ...{ priceState: 'waiting', priceMicros: null, priceCurrency: null, priceToldAt: null },
};
const toldAt = new Date('2026-11-20T16:00:00.000Z');
const final: PricedCall = {
  ...estimated,
  costMicros: 33_000 + DETECTION,
  ...{ priceState: 'final', priceMicros: 33_000, priceCurrency: 'USD', priceToldAt: toldAt },
};
const foreign: PricedCall = { ...estimated, priceState: 'foreign', priceMicros: 31_000, priceCurrency: 'EUR', priceToldAt: toldAt };

test('what was said of a call’s cost at its end can be said again after the carrier has told its price', () => {
  expect([estimated, final, foreign].map(estimatedCostMicros)).toEqual([35_500, 35_500, 35_500]);
});

test('the carrier’s word stands beside our estimate, in its own currency', () => {
  expect(priceView(estimated)).toEqual({ state: 'waiting', amount: null, currency: null, estimateUsd: 0.028, toldAt: null });
  expect(priceView(final)).toEqual({ state: 'final', amount: 0.033, currency: 'USD', estimateUsd: 0.028, toldAt: toldAt.toISOString() });
  expect(priceView(foreign)).toMatchObject({ state: 'foreign', amount: 0.031, currency: 'EUR', estimateUsd: 0.028 });
});

test('a report says which costs are estimates, and nothing of calls that nobody was billed for', () => {
  expect(reportedPrice(final)).not.toHaveProperty('costEstimated');
  expect([estimated, foreign].map((call) => reportedPrice(call).costEstimated)).toEqual([true, true]);
  expect(reportedPrice({ ...estimated, carrierEstimate: [], priceState: 'none' })).toEqual({});
});
