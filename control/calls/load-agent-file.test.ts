import { parseAgentFile } from './load-agent-file';

// As it stands in a file: no template of ours.
const PLACE = '$' + '{NAME}';
const AGENT = `engine: { type: openai-realtime }\nsystemPrompt: You call ${PLACE}.\n`;
const indented = AGENT.replace(/^/gm, '  ').trimEnd();

test('an agent alone is a file, with values from the environment', () => {
  const file = parseAgentFile(AGENT, 'agent.yaml', { NAME: 'Ada' });
  expect(file).toMatchObject({ carrier: 'twilio', agent: { systemPrompt: 'You call Ada.', engine: { type: 'openai-realtime' } } });
  expect(file).not.toHaveProperty('from');
});

test('of a campaign’s or a line’s file, what belongs to one call is taken and the rest left unread', () => {
  const campaign = `name: x\nfrom: ["+15005550006", "+15005550007"]\ncarrier: telnyx\nretry: { maxAttempts: 9 }\ndialing: { ringTimeout: 40s, cps: 3 }\nagent:\n${indented}\n`;
  const line = `name: x\nnumber: "+15005550008"\nagent:\n${indented}\ntransfer: { to: ["+12125550199"] }\n`;
  expect(parseAgentFile(campaign, 'c.yaml', { NAME: 'a' })).toMatchObject({
    from: '+15005550006',
    carrier: 'telnyx',
    ringTimeoutMs: 40_000,
  });
  expect(parseAgentFile(line, 'l.yaml', { NAME: 'a' })).toMatchObject({ from: '+15005550008', transfer: { to: ['+12125550199'] } });
});

test.each([
  ['a field of the agent', 'engine: { type: openai-realtime }\nsystemPromt: Hi\n', /agent\.yaml:2: .*systemPromt/],
  ['a variable', AGENT, /agent\.yaml:2: \$\{NAME\} is not set/],
  [
    'a built-in tool',
    `${AGENT.replace(PLACE, 'a')}tools:\n  - { name: end_call, webhookUrl: "https://example.com" }\n`,
    /agent\.yaml:4: tools\.0\.name/,
  ],
])('%s that is wrong is named with its line', (_what, text, problem) => {
  expect(() => parseAgentFile(text)).toThrow(
    expect.objectContaining({ code: 'PATTER_AGENT_FILE_INVALID', message: expect.stringMatching(problem) }),
  );
});
