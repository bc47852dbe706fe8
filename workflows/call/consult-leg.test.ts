import { ConsultLeg } from './consult-leg';

const at = (ms: number) =>
  ({ kind: 'consult', dedupeKey: `${ms}`, carrierCallId: 'v3:human', transferNumber: 1, at: 1_000_000 + ms }) as const;

describe('how long a person’s leg lasted', () => {
  it('is the carrier’s word, where it has one', () => {
    const leg = new ConsultLeg(1);
    leg.onEvent({ ...at(0), step: 'answered' });
    leg.onEvent({ ...at(9_000), step: 'ended', status: 'completed', durationS: 12 });
    expect(leg.end).toEqual({ status: 'completed', durationS: 12 });
  });

  it('is reckoned from its answer to its end, where it has none', () => {
    const leg = new ConsultLeg(1);
    leg.onEvent({ ...at(0), step: 'ringing' });
    leg.onEvent({ ...at(4_000), step: 'answered' });
    leg.onEvent({ ...at(5_000), step: 'declined' });
    leg.onEvent({ ...at(9_100), step: 'ended', status: 'completed' });
    expect(leg.end).toEqual({ status: 'completed', durationS: 6 });
  });

  it('is nothing of a leg that nobody answered', () => {
    const leg = new ConsultLeg(1);
    leg.onEvent({ ...at(4_000), step: 'ended', status: 'no_answer' });
    expect(leg.end?.durationS).toBeUndefined();
  });
});
