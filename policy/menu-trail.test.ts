import fc from '../test/support/property';
import { heardPrompt, loopOf, type MenuTrail, NEW_TRAIL, pressedKeys } from './menu-trail';

const LIMITS = { repeats: 3, presses: 5 };
const MAIN = 'For sales, press one. For support, press two.';
const walk = (...steps: string[]): MenuTrail =>
  steps.reduce((trail, step) => (step === '#' ? pressedKeys(trail) : heardPrompt(trail, step)), NEW_TRAIL);

test('the same menu heard for the third time is a loop, also where the recogniser writes it a little differently', () => {
  expect(loopOf(walk(MAIN, '#', MAIN), LIMITS)).toBeUndefined();
  expect(loopOf(walk(MAIN, '#', MAIN, '#', 'For sales press one, for support press 2.'), LIMITS)).toMatch(/same menu/);
});

test('presses without a new prompt are a loop; a new prompt makes them good', () => {
  const presses = ['#', '#', '#', '#'];
  expect(loopOf(walk(MAIN, ...presses, '#'), LIMITS)).toMatch(/presses/);
  expect(loopOf(walk(MAIN, ...presses, 'Please enter your account number.', ...presses), LIMITS)).toBeUndefined();
});

test('a walk on which every prompt is new never ends as a loop, however long', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.string({ minLength: 4, maxLength: 9 }).filter((word) => /^[a-z]+$/.test(word)),
        { maxLength: 30 },
      ),
      (names) => {
        const trail = names.reduce((before, name) => pressedKeys(heardPrompt(before, `${name}one ${name}two ${name}three`)), NEW_TRAIL);
        expect(loopOf(trail, LIMITS)).toBeUndefined();
      },
    ),
    { numRuns: 30 },
  );
});
