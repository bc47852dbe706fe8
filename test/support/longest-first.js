const Sequencer = require('@jest/test-sequencer').default;

/** A small file, which a fresh machine would begin last, and which takes over two minutes: the other workers would wait for it. */
const LONGEST = 'test/chaos/random.test.ts';

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => Number(b.path.endsWith(LONGEST)) - Number(a.path.endsWith(LONGEST)));
  }
};
