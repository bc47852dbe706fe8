import type { AgentSpec } from '../../contracts/agent';
import { answeringSchema } from '../../contracts/answering';
import { classifyGreeting } from '../../policy/greeting';
import fc from '../../test/support/property';
import { isBackchannel } from '../turns/backchannel';
import { DtmfCollector } from '../turns/dtmf-collector';
import { Interruption } from '../turns/interruption';
import { AmdWatch } from './amd-watch';
import { LineCache } from './line-cache';
import type { SessionEvent } from './ports';
import { screeningLine } from './screening-line';
import { TurnLog } from './turn-log';
import { UsageMeter } from './usage-meter';

/** A timer that only the test lets run out. */
function manualTimer() {
  let pending: (() => void) | undefined;
  return {
    timer: {
      set: (_ms: number, fn: () => void) => {
        pending = fn;
      },
      clear: () => {
        pending = undefined;
      },
    },
    fire: () => pending?.(),
    armed: () => pending !== undefined,
  };
}

describe('the turn log', () => {
  it('has every turn once, in the order in which they began, whatever order the words came in', () => {
    const log = new TurnLog([]);
    log.begin('u1', 'user', 1);
    log.begin('a1', 'assistant', 2);
    log.settle('a1', 'Fine.');
    log.settle('u1', 'Yes.');
    log.settle('u1', 'Yes.');
    expect(log.turns()).toEqual([
      { role: 'user', text: 'Yes.', at: 1 },
      { role: 'assistant', text: 'Fine.', at: 2 },
    ]);
  });

  it('peer defect 12: keeps short answers, and drops a turn only when it had no words', () => {
    const log = new TurnLog([]);
    for (const [i, text] of ['yes', 'no', 'okay', ''].entries()) {
      log.begin(`u${i}`, 'user', i);
      log.settle(`u${i}`, text);
    }
    expect(log.turns().map((turn) => turn.text)).toEqual(['yes', 'no', 'okay']);
  });

  it('shows what the agent is just saying as far as it was heard', () => {
    const log = new TurnLog([]);
    log.begin('a1', 'assistant', 1);
    expect(log.turns(() => 'Your appoint')).toEqual([{ role: 'assistant', text: 'Your appoint', at: 1, interrupted: true }]);
    expect(log.turns(() => '')).toEqual([]);
  });

  it('seals the oldest turns without losing or repeating one', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 120 }), (sealNow) => {
        const log = new TurnLog([], { sealAbove: 10, keep: 4 });
        const sealed: string[] = [];
        for (const [i, now] of sealNow.entries()) {
          log.begin(`t${i}`, 'user', i);
          log.settle(`t${i}`, `t${i}`);
          if (now) sealed.push(...(log.seal() ?? []).map((turn) => turn.text));
        }
        const all = [...sealed, ...log.turns().map((turn) => turn.text)];
        expect(all).toEqual(sealNow.map((_, i) => `t${i}`));
        expect(log.sealedTurns).toBe(sealed.length);
        expect(log.all().map((turn) => turn.text)).toEqual(all);
      }),
    );
  });

  it('repeats sealed turns in the checkpoint until they have surely arrived', () => {
    const log = new TurnLog([], { sealAbove: 2, keep: 1 });
    for (const id of ['a', 'b', 'c']) {
      log.begin(id, 'user', 0);
      log.settle(id, id);
    }
    log.seal();
    expect(log.checkpoint()).toMatchObject({ sealedTurns: 0, turns: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] });
    log.handedOver(log.sealedTurns);
    expect(log.checkpoint()).toMatchObject({ sealedTurns: 2, turns: [{ text: 'c' }] });
  });

  it('never seals past a turn whose words are still to come', () => {
    const log = new TurnLog([], { sealAbove: 2, keep: 1 });
    log.begin('open', 'user', 0);
    for (let i = 1; i < 9; i++) {
      log.begin(`t${i}`, 'assistant', i);
      log.settle(`t${i}`, 'x');
    }
    expect(log.seal()).toBeUndefined();
  });
});

test.each([
  ['en', 'Hi Ada! This is Acme Dental. Is Friday fine?', 'This is an AI assistant calling. This is Acme Dental.'],
  ['en', 'Hi Ada, your appointment is on Friday. Does it suit you?', 'This is an AI assistant calling. Your appointment is on Friday.'],
  ['en', 'Can you come on Friday?', 'This is an AI assistant calling. Can you come on Friday?'],
  ['en', '', 'This is an AI assistant calling.'],
  ['de', 'Guten Tag Frau Weiß, es geht um Ihren Termin.', 'Hier ruft ein KI-Assistent an. Es geht um Ihren Termin.'],
])('what a call screener is told: %s, %s', (language, firstMessage, text) => {
  expect(screeningLine({ agent: { language, firstMessage } as AgentSpec })).toEqual({ text, verbatim: true });
});

test("what a call screener is told is the developer's own sentence, if there is one", () => {
  const agent = { language: 'en', firstMessage: 'Hi.' } as AgentSpec;
  const answering = answeringSchema.parse({ screening: 'Acme, about your appointment.' });
  expect(screeningLine({ agent, answering })).toEqual({ text: 'Acme, about your appointment.', verbatim: true });
});

describe('who picked up, by the first words', () => {
  it.each([
    ['Please leave your message after the tone.', 'machine'],
    ['Hi, you have reached Bob. I cannot come to the phone right now, so please leave a message.', 'machine'],
    ['Your call has been forwarded to an automatic voice message system.', 'machine'],
    ['Hier ist die Mailbox von Anna. Bitte sprechen Sie nach dem Signalton.', 'machine'],
    ['Deje su mensaje después de la señal.', 'machine'],
    ['Hello?', 'human'],
    ['Yes, speaking.', 'human'],
    ['Schmidt, guten Tag.', 'human'],
    // A colleague, not a machine.
    ['He is not available at the moment.', 'unclear'],
    // A call screener: a person listens.
    ['Please say your name and the reason for your call after the tone.', 'call_screening'],
    ['', 'unclear'],
  ] as const)('%s → %s', (text, verdict) => {
    expect(classifyGreeting(text)).toBe(verdict);
  });

  it('behind a call screener everything that no machine says is a person, also in one breath with the machine', () => {
    const heard = (text: string) => {
      const events: SessionEvent[] = [];
      const watch = new AmdWatch(true, (event) => events.push(event));
      watch.callee('call_screening');
      watch.transcript(text);
      return events.map(({ kind }) => kind);
    };
    expect(heard('Please stay on the line.')).toEqual([]);
    expect(heard('Please stay on the line. Thank you.')).toEqual([]);
    expect(heard('Please stay on the line. Hello, Ada speaking.')).toEqual(['human_confirmed']);
    expect(heard('Yes?')).toEqual(['human_confirmed']);
    expect(heard('Please leave a message.')).toEqual(['machine_suspected']);
  });

  it('tells each kind of evidence once', () => {
    const events: SessionEvent[] = [];
    const watch = new AmdWatch(true, (event) => events.push(event));
    watch.voiced(7_000);
    watch.voiced(8_000);
    watch.transcript('Please leave a message after the beep.');
    watch.beep();
    watch.beep();
    expect(events.map((event) => ('evidence' in event ? event.evidence : event.kind))).toEqual(['long_speech', 'transcript', 'beep']);
    expect(watch.suspected).toBe(true);
    watch.human();
    expect(watch.suspected).toBe(false);
  });

  it('is silent where nobody asked', () => {
    const events: SessionEvent[] = [];
    const watch = new AmdWatch(false, (event) => events.push(event));
    watch.transcript('Please leave a message after the beep.');
    watch.beep();
    expect(events).toEqual([]);
  });
});

describe('an interruption', () => {
  function setup() {
    const actions: string[] = [];
    const { timer, fire, armed } = manualTimer();
    const interruption = new Interruption(timer, {
      pause: () => actions.push('pause'),
      resume: () => actions.push('resume'),
      cut: () => actions.push('cut'),
    });
    return { actions, interruption, fire, armed };
  }

  it('is more voice than an "mhm" has', () => {
    const { actions, interruption, armed } = setup();
    interruption.begin('u1', false);
    interruption.voiced(780);
    expect(actions).toEqual(['pause']);
    interruption.voiced(800);
    expect(actions).toEqual(['pause', 'cut']);
    expect(armed()).toBe(false);
  });

  it('is a word that means something, however short', () => {
    const { actions, interruption } = setup();
    interruption.begin('u1', false);
    interruption.transcript('u1', 'Stop!');
    expect(actions).toEqual(['pause', 'cut']);
  });

  it('is not an "uh-huh", not a cough, and not a hello into the greeting', () => {
    for (const [text, greeting] of [
      ['Uh-huh.', false],
      ['', false],
      ['Hello?', true],
    ] as const) {
      const { actions, interruption } = setup();
      interruption.begin('u1', greeting);
      interruption.transcript('u1', text);
      expect(actions).toEqual(['pause', 'resume']);
    }
  });

  it('is withdrawn when nothing confirms it', () => {
    const { actions, interruption, fire } = setup();
    interruption.begin('u1', false);
    fire();
    interruption.voiced(900);
    expect(actions).toEqual(['pause', 'resume']);
  });

  it('knows hums from words', () => {
    for (const hum of ['mhm', 'Okay, okay.', 'Ja, genau', 'sí']) expect(isBackchannel(hum)).toBe(true);
    for (const word of ['no', 'wait', 'yes but not on Friday', 'Hello?']) expect(isBackchannel(word)).toBe(false);
  });
});

describe('keys', () => {
  const keypad = { interDigitMs: 1_234, terminator: '#' };
  const collected = (spec: typeof keypad, press: (keys: (text: string) => void, pause: () => void) => void) => {
    const { timer, fire } = manualTimer();
    const waits: number[] = [];
    const done: string[] = [];
    const spied = {
      ...timer,
      set: (ms: number, fn: () => void) => {
        waits.push(ms);
        timer.set(ms, fn);
      },
    };
    const collector = new DtmfCollector(spied, spec, (keys) => done.push(keys));
    press((text) => {
      for (const digit of text) collector.push(digit);
    }, fire);
    return { done, waits };
  };

  it("belong together until a pause, which is the agent's own", () => {
    const { done, waits } = collected(keypad, (keys, pause) => {
      keys('12');
      pause();
      keys('9');
      pause();
    });
    expect(done).toEqual(['12', '9']);
    expect(new Set(waits)).toEqual(new Set([1_234]));
  });

  it('are ended at once by the terminator, which was pressed like the others', () => {
    expect(collected(keypad, (keys) => keys('12#3#')).done).toEqual(['12#', '3#']);
    expect(collected({ ...keypad, terminator: '*' }, (keys) => keys('1#2*')).done).toEqual(['1#2*']);
  });

  it('the terminator with nothing before it is a key of its own', () => {
    const { done } = collected(keypad, (keys, pause) => {
      keys('#');
      pause();
      keys('#21#');
    });
    expect(done).toEqual(['#', '#21#']);
  });

  it('of somebody who does not stop are passed on', () => {
    expect(collected(keypad, (keys) => keys('7'.repeat(65))).done).toEqual(['7'.repeat(64)]);
  });
});

describe('the line cache', () => {
  it('keeps what was used last within its size', () => {
    const cache = new LineCache(100);
    cache.put('v', 'a', new Uint8Array(40));
    cache.put('v', 'b', new Uint8Array(40));
    cache.get('v', 'a');
    cache.put('v', 'c', new Uint8Array(40));
    expect([cache.get('v', 'a')?.length, cache.get('v', 'b')?.length, cache.get('v', 'c')?.length]).toEqual([40, undefined, 40]);
    expect(cache.get('other', 'a')).toBeUndefined();
  });
});

describe('usage', () => {
  it('is added up by what is billed', () => {
    const meter = new UsageMeter();
    const line = { provider: 'openai', service: 'realtime', item: 'gpt-realtime', unit: 'input_text_token' } as const;
    meter.add([{ ...line, quantity: 3 }]);
    meter.add([
      { ...line, quantity: 4 },
      { ...line, unit: 'output_audio_token', quantity: 5 },
    ]);
    expect(meter.lines().map((each) => each.quantity)).toEqual([7, 5]);
  });
});
