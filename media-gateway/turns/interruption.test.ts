import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MULAW_SILENCE } from '../../contracts/g711';
import { turnsSchema } from '../../contracts/turns';
import { ManualClock } from '../../test/support/manual-clock';
import { VoiceActivity } from '../audio/voice-activity';
import { isBackchannel } from './backchannel';
import { Interruption, interruptionOptions } from './interruption';

/** All that the fixtures have. */
const BACKCHANNELS = ['mhm', 'yeah-en', 'uhhuh-en', 'okay-en', 'genau-de', 'vale-es', 'daccord-fr', 'vabene-it', 'certo-pt'];

const speech = (name: string) => readFileSync(join(__dirname, '..', '..', 'test', 'fixtures', 'speech', `${name}.ulaw`));

function open(spec: object = {}, language = 'en') {
  const clock = new ManualClock();
  const actions: string[] = [];
  let cancel = () => {};
  const timer = {
    set: (ms: number, fn: () => void) => {
      cancel();
      cancel = clock.after(ms, fn);
    },
    clear: () => cancel(),
  };
  const act = (what: string) => () => actions.push(`${what} ${clock.now()}`);
  const interruption = new Interruption(
    timer,
    { pause: act('pause'), resume: act('resume'), cut: act('cut') },
    interruptionOptions(turnsSchema.parse({ interruption: spec }).interruption, language),
  );
  const activity = new VoiceActivity();
  return {
    actions,
    clock,
    interruption,
    /** Over the agent's speech: what the session does with each frame. */
    hear(audio: Buffer) {
      for (let at = 0; at < audio.length; at += 160) {
        clock.pass(20);
        activity.push(audio.subarray(at, at + 160));
        interruption.voiced(activity.runMs);
      }
    },
  };
}

describe('an interruption by the agent’s own rules', () => {
  // As on openai-realtime, whose words come when the caller has paused.
  it.each(BACKCHANNELS)('%s is none by its length alone, and the agent goes on', (name) => {
    const { actions, interruption, hear, clock } = open();
    interruption.begin('u1', false);
    hear(Buffer.concat([speech(name), Buffer.alloc(3_000 * 8, MULAW_SILENCE)]));
    expect(actions).toEqual(['pause 0', 'resume 2000']);
    expect(clock.pending).toBe(0);
  });

  it.each(['no-wait', 'hesitates', 'monologue-en', 'pauses-de'])(
    '%s is one within a second, before a word of it is understood; the agent has been silent since its first sound',
    (name) => {
      const { actions, interruption, hear } = open();
      interruption.begin('u1', false);
      hear(speech(name));
      expect(actions.map((each) => each.split(' ')[0])).toEqual(['pause', 'cut']);
      expect(Number(actions[1]?.split(' ')[1])).toBeLessThanOrEqual(1_000);
    },
  );

  it('has the agent’s own length, where one is set', () => {
    const { actions, interruption, hear } = open({ minDurationMs: 500 });
    interruption.begin('u1', false);
    hear(speech('no-wait'));
    expect(actions).toEqual(['pause 0', expect.stringMatching(/^cut (500|520|540)$/)]);
  });

  it('a long "ja genau" is none once it is understood as that', () => {
    const { actions, interruption, hear } = open({}, 'de');
    interruption.begin('u1', false);
    hear(speech('genau-de').subarray(0, 300 * 8));
    interruption.interim('u1', 'Ja genau');
    hear(speech('genau-de').subarray(300 * 8));
    interruption.transcript('u1', 'Ja, genau.');
    expect(actions.map((each) => each.split(' ')[0])).toEqual(['pause', 'resume']);
  });

  it('with `minWords`, is so many words and no length of voice', () => {
    const { actions, interruption, hear } = open({ minWords: 3 });
    interruption.begin('u1', false);
    hear(speech('no-wait').subarray(0, 1_500 * 8));
    interruption.interim('u1', 'no wait');
    expect(actions).toEqual(['pause 0']);
    interruption.interim('u1', 'no wait I');
    expect(actions.at(-1)).toMatch(/^cut/);
  });

  it('with `minWords`, fewer words in the end are none', () => {
    const { actions, interruption } = open({ minWords: 3 });
    interruption.begin('u1', false);
    interruption.transcript('u1', 'no wait');
    expect(actions).toEqual(['pause 0', 'resume 0']);
  });

  it('resumes after the agent’s own time', () => {
    const { actions, interruption, clock } = open({ resumeAfterMs: 700 });
    interruption.begin('u1', false);
    clock.pass(5_000);
    expect(actions).toEqual(['pause 0', 'resume 700']);
  });
});

describe('a backchannel', () => {
  it.each([
    ['en', 'I see.', true],
    ['en', 'Got it', true],
    ['en', 'Genau', false],
    ['de', 'Ach so, verstehe.', true],
    ['de', 'Alles klar', true],
    ['es', 'De acuerdo', true],
    ['fr', "D'accord", true],
    ['it', 'Va bene', true],
    ['pt', 'Tá bom', true],
    ['nl', 'Ja, precies', true],
    ['en', 'Right, but', false],
    ['en', 'no', false],
    // No list of its own: every language's.
    ['sv', 'yeah', true],
  ] as const)('%s: "%s" → %s', (language, text, expected) => {
    expect(isBackchannel(text, { language })).toBe(expected);
  });

  it('has the agent’s own phrases, of any length', () => {
    expect(isBackchannel('carry on please do go on', { language: 'en', own: ['Carry on, please do go on'] })).toBe(true);
    expect(isBackchannel('roger okay', { language: 'en', own: ['Roger'] })).toBe(true);
  });
});
