import { prewarmSession } from '../../media-gateway/session';
import { said, SessionWorld } from './session-phone';

describe('the beginning of a call', () => {
  let world: SessionWorld;
  beforeEach(async () => {
    world = await SessionWorld.start();
  });
  afterEach(() => world.stop());

  it('says the disclosure and the first message word by word, then answers the caller and ends with the farewell', async () => {
    const { phone, session } = world.call();
    await phone.untilHeard(/come on Friday\?$/);
    await phone.untilSilent();
    phone.say('Yes.');
    await phone.untilHeard(/anything else.*\?$/);
    await phone.untilSilent();
    phone.say('No, that is all.');
    const report = await session.done;
    expect(report.end).toBe('agent_ended');
    expect(phone.heard).toMatch(/^This is an AI\.Hi Ada\. Can you come on Friday\?.*Goodbye\.$/);
    expect(said(report, 'assistant').slice(0, 2)).toEqual(['This is an AI.', 'Hi Ada. Can you come on Friday?']);
    expect(said(report, 'user')).toEqual(['Yes.', 'No, that is all.']);
    expect(said(report, 'assistant').join('')).toBe(phone.heard);
    expect(report.turns.some((turn) => turn.interrupted)).toBe(false);
    expect(report.usage.map((line) => `${line.service}/${line.unit}`)).toEqual(
      expect.arrayContaining(['tts/character', 'realtime/output_audio_token', 'realtime/input_audio_token', 'transcription/input_audio_token']),
    );
  });
});
