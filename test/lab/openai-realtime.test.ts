import { modulate } from '../../lab/voice';
import { OpenAiLab, PHONE, RealtimeClient, TOOLS } from './openai-harness';

let lab: OpenAiLab;
beforeAll(async () => {
  lab = await OpenAiLab.start();
});
afterAll(() => lab.stop());
afterEach(() => lab.server.reset());

const manual = { ...PHONE, audio: { ...PHONE.audio, input: { ...PHONE.audio?.input, turn_detection: null } } };

describe('who may open a session', () => {
  it('refuses a socket without a key', async () => {
    const socket = new RealtimeClient(lab.server.url, { authorization: '' });
    const status = await new Promise((resolve) => socket.socket.on('unexpected-response', (_, response) => resolve(response.statusCode)));
    expect(status).toBe(401);
  });

  it('refuses the retired beta header with an error and a close', async () => {
    const client = new RealtimeClient(lab.server.url, { 'openai-beta': 'realtime=v1' });
    expect((await client.next('error')).error.code).toBe('beta_api_shape_disabled');
    expect(await client.closed).toBe(4000);
  });
});

describe('session.update', () => {
  it('keeps what it does not name, and tells the whole session', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
    const { session } = await client.next('session.updated');
    expect(session).toMatchObject({
      type: 'realtime',
      model: 'gpt-realtime',
      instructions: 'Be brief.',
      audio: { input: { format: { type: 'audio/pcmu' }, turn_detection: { type: 'server_vad', silence_duration_ms: 500 } } },
    });
  });

  it.each([
    [{ instructions: 'x' }, 'session.type', 'missing_required_parameter'],
    [{ type: 'realtime', voice: 'alloy' }, 'session.voice', 'unknown_parameter'],
    [{ type: 'realtime', modalities: ['audio'] }, 'session.modalities', 'unknown_parameter'],
    [{ type: 'realtime', audio: { input: { format: 'g711_ulaw' } } }, 'session.audio.input.format', 'invalid_type'],
    [
      { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', threshold: 2 } } } },
      'session.audio.input.turn_detection.threshold',
      'invalid_value',
    ],
    [{ type: 'realtime', tools: [{ type: 'function' }] }, 'session.tools[0].name', 'missing_required_parameter'],
    [{ type: 'realtime', output_modalities: ['audio', 'text'] }, 'session.output_modalities', 'invalid_value'],
  ])('names the parameter that is wrong in %j', async (session, param, code) => {
    const client = await lab.realtime();
    client.send({ type: 'session.update', session: session as never, event_id: 'mine' });
    expect((await client.next('error')).error).toMatchObject({ type: 'invalid_request_error', code, param, event_id: 'mine' });
    client.send({ type: 'session.update', session: { type: 'realtime' } });
    await client.next('session.updated');
  });

  it('refuses another voice once it has spoken', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create' });
    await client.next('response.done');
    client.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'marin' } } } });
    expect((await client.next('error')).error).toMatchObject({ code: 'cannot_update_voice', param: 'session.audio.output.voice' });
  });
});

describe('a turn of the caller', () => {
  it('is found in the audio, transcribed from it, and answered in audio that says its transcript', async () => {
    const client = await lab.realtime(PHONE);
    client.write('assistant', 'Does Tuesday still suit you?');
    client.append(new Uint8Array(1_000 * 8).fill(0xff));
    client.speak('Who is calling, please?');
    const started = await client.next('input_audio_buffer.speech_started');
    const stopped = await client.next('input_audio_buffer.speech_stopped');
    const committed = await client.next('input_audio_buffer.committed');
    // Within the block of 5 ms; 300 ms of padding before; 500 ms of silence after.
    expect(Math.abs(started.audio_start_ms - 700)).toBeLessThanOrEqual(15);
    const speechMs = ((12 + 23 * 10 + 2) / 1200) * 1000;
    expect(Math.abs(stopped.audio_end_ms - (1_000 + speechMs + 500))).toBeLessThanOrEqual(15);
    expect(new Set([started.item_id, stopped.item_id, committed.item_id]).size).toBe(1);
    const { item } = await client.next('conversation.item.done');
    expect(item).toMatchObject({ id: committed.item_id, role: 'user', content: [{ type: 'input_audio' }] });

    const completed = await client.next('conversation.item.input_audio_transcription.completed');
    expect(completed).toMatchObject({ item_id: committed.item_id, transcript: 'Who is calling, please?', usage: { type: 'tokens' } });
    const deltas = client.all('conversation.item.input_audio_transcription.delta').map((event) => event.delta);
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.join('')).toBe(completed.transcript);

    const { response } = await client.next('response.done');
    const transcript = client.all('response.output_audio_transcript.done')[0]?.transcript ?? '';
    expect(transcript).toMatch(/^I am an AI assistant\. I am calling about the appointment on Tuesday\. Does Tuesday still suit you\?$/);
    expect(client.heard(response.id)).toBe(transcript);
    expect(
      client
        .all('response.output_audio_transcript.delta')
        .map((event) => event.delta)
        .join(''),
    ).toBe(transcript);
    expect(response).toMatchObject({ status: 'completed', output: [{ type: 'message', content: [{ type: 'output_audio', transcript }] }] });
    expect(lab.sessions[0]).toMatchObject({ heard: [{ text: 'Who is calling, please?', via: 'audio' }], said: [{ text: transcript }] });
  });

  it('comes in 24 kHz audio too, both ways', async () => {
    const client = await lab.realtime({ ...PHONE, audio: { input: { transcription: { model: 'whisper-1' } } } });
    const pcm = modulate('Are you a robot?', { sampleRate: 24000, baud: 1200 });
    const bytes = Buffer.alloc(pcm.length * 2 + 24_000 * 2);
    pcm.forEach((sample, i) => void bytes.writeInt16LE(sample, 2 * i));
    client.send({ type: 'input_audio_buffer.append', audio: bytes.toString('base64') });
    const { response } = await client.next('response.done');
    expect(client.all('conversation.item.input_audio_transcription.completed')[0]?.transcript ?? '').toBe('Are you a robot?');
    expect(client.heard(response.id, 'pcm')).toMatch(/^I am an AI assistant\./);
  });

  it('is the client’s to commit and to answer when turn detection is off', async () => {
    const client = await lab.realtime(manual);
    client.send({ type: 'input_audio_buffer.commit' });
    expect((await client.next('error')).error.code).toBe('input_audio_buffer_commit_empty');
    client.speak('This was never said.');
    client.send({ type: 'input_audio_buffer.clear' });
    await client.next('input_audio_buffer.cleared');
    client.speak('Please repeat that.');
    client.send({ type: 'input_audio_buffer.commit' });
    expect((await client.next('conversation.item.input_audio_transcription.completed')).transcript).toBe('Please repeat that.');
    expect(client.all('input_audio_buffer.speech_started')).toHaveLength(0);
    expect(client.all('response.created')).toHaveLength(0);
  });

  it('is not answered by itself when create_response is off, and audio that is no base64 is refused', async () => {
    const client = await lab.realtime({
      ...PHONE,
      audio: {
        ...PHONE.audio,
        input: { ...PHONE.audio?.input, turn_detection: { type: 'server_vad', create_response: false, interrupt_response: false } },
      },
    });
    client.send({ type: 'input_audio_buffer.append', audio: '***' });
    expect((await client.next('error')).error.param).toBe('audio');
    client.speak('Hello?');
    await client.next('conversation.item.input_audio_transcription.completed');
    expect(client.all('response.created')).toHaveLength(0);
    client.send({ type: 'response.create' });
    await client.next('response.done');
  });
});

describe('a response', () => {
  it('comes in the order of the protocol', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create' });
    await client.next('response.done');
    const order = client.events.slice(2).map((event) => event.type);
    expect(order.filter((type, i) => type !== order[i - 1] && !type.endsWith('.delta'))).toEqual([
      'response.created',
      'rate_limits.updated',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'conversation.item.done',
      'response.output_item.done',
      'response.done',
    ]);
    expect(new Set(client.events.map((event) => 'event_id' in event && event.event_id)).size).toBe(client.events.length);
  });

  it('is only one at a time', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create' });
    client.send({ type: 'response.create', event_id: 'second' });
    expect((await client.next('error')).error).toMatchObject({ code: 'conversation_already_has_active_response', event_id: 'second' });
    expect((await client.next('response.done')).response.status).toBe('completed');
  });

  it('ends as cancelled by the client, and a second cancel is an error', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create', response: { instructions: `Say: ${'A long story. '.repeat(40)}` } });
    await client.next('response.output_audio.delta');
    client.send({ type: 'response.cancel' });
    const { response } = await client.next('response.done');
    expect(response).toMatchObject({ status: 'cancelled', status_details: { type: 'cancelled', reason: 'client_cancelled' } });
    expect(response.output?.[0]).toMatchObject({ status: 'incomplete' });
    client.send({ type: 'response.cancel' });
    expect((await client.next('error')).error.code).toBe('response_cancel_not_active');
  });

  it('is cancelled by the server when the caller barges in, and the caller is answered', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create', response: { instructions: `Say: ${'A long story. '.repeat(100)}` } });
    await client.next('response.output_audio.delta');
    client.speak('Are you a robot?');
    const first = await client.next('response.done');
    expect(first.response).toMatchObject({ status: 'cancelled', status_details: { reason: 'turn_detected' } });
    const second = await client.next('response.done');
    expect(second.response.status).toBe('completed');
    expect(client.heard(second.response.id)).toContain('I am an AI assistant.');
  });

  it('goes on through the caller’s speech when interrupt_response is off', async () => {
    const client = await lab.realtime({
      ...PHONE,
      audio: {
        ...PHONE.audio,
        input: { ...PHONE.audio?.input, turn_detection: { type: 'server_vad', create_response: false, interrupt_response: false } },
      },
    });
    client.send({ type: 'response.create', response: { instructions: `Say: ${'A story. '.repeat(60)}` } });
    await client.next('response.output_audio.delta');
    client.speak('Wait!');
    await client.next('input_audio_buffer.speech_started');
    expect((await client.next('response.done')).response.status).toBe('completed');
  });

  it('says what this one request orders, apart from the conversation, with its metadata', async () => {
    const client = await lab.realtime(PHONE);
    client.send({
      type: 'response.create',
      response: {
        conversation: 'none',
        instructions: 'Say exactly the following text and nothing else:\n\nGood night.',
        metadata: { why: 'test' },
      },
    });
    const { response } = await client.next('response.done');
    expect(client.heard(response.id)).toBe('Good night.');
    expect(response.metadata).toEqual({ why: 'test' });
    expect(client.all('conversation.item.added')).toHaveLength(0);
  });

  it('is text where text is asked for, and stops at its limit of tokens', async () => {
    const client = await lab.realtime(PHONE);
    client.send({
      type: 'response.create',
      response: { output_modalities: ['text'], max_output_tokens: 3, instructions: 'Say: one two three four five six seven' },
    });
    const { response } = await client.next('response.done');
    expect(response).toMatchObject({ status: 'incomplete', status_details: { reason: 'max_output_tokens' } });
    expect(client.all('response.output_text.done')[0]?.text).toBe('one two ');
  });

  it('counts text, audio and cached tokens, the cached ones within the input', async () => {
    const client = await lab.realtime({ ...PHONE, instructions: 'Instructions that are long enough to be cached. '.repeat(20) });
    client.speak('Hello?');
    const first = (await client.next('response.done')).response.usage;
    client.speak('Please say that again.');
    const second = (await client.next('response.done')).response.usage;
    expect(first?.input_token_details?.cached_tokens).toBe(0);
    expect(first?.input_token_details?.audio_tokens).toBeGreaterThan(0);
    expect(second?.input_token_details?.cached_tokens).toBeGreaterThan(0);
    for (const usage of [first, second]) {
      const { input_token_details: input, output_token_details: output } = usage ?? {};
      expect((input?.text_tokens ?? 0) + (input?.audio_tokens ?? 0)).toBe(usage?.input_tokens);
      expect((output?.text_tokens ?? 0) + (output?.audio_tokens ?? 0)).toBe(usage?.output_tokens);
      expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));
      expect(input?.cached_tokens).toBeLessThanOrEqual(usage?.input_tokens ?? 0);
    }
  });
});

it('a response does not see what is added after it was asked for', async () => {
  const client = await lab.realtime(PHONE);
  client.write('user', 'Are you a robot?');
  client.send({ type: 'response.create' });
  client.write('user', 'Goodbye.');
  expect(client.heard((await client.next('response.done')).response.id)).toMatch(/^I am an AI assistant/);
});

describe('truncation', () => {
  it('cuts the item where the caller stopped hearing, and the model goes on from there', async () => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create', response: { instructions: 'Say: Your appointment is on Tuesday. Does that suit you?' } });
    const { response } = await client.next('response.done');
    const id = response.output?.[0]?.id ?? '';
    // The preamble of 10 ms, and 20 characters of 8.3 ms.
    client.send({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms: 180 });
    expect(await client.next('conversation.item.truncated')).toMatchObject({ item_id: id, content_index: 0, audio_end_ms: 180 });
    expect(lab.sessions[0]?.said[0]?.truncatedTo).toBe('Your appointment is ');
    client.send({ type: 'conversation.item.retrieve', item_id: id });
    expect((await client.next('conversation.item.retrieved')).item).toMatchObject({ content: [{ type: 'output_audio' }] });
    // The question was not heard, so it is not repeated but asked.
    client.speak('Pardon?');
    expect(client.heard((await client.next('response.done')).response.id)).toBe('May I ask whether it suits you?');
  });

  it.each([
    ['beyond its audio', 'assistant', 60_000, /^Audio content of \d+ms is already shorter than 60000ms$/],
    ['of what the caller said', 'user', 100, /^Only model output audio messages can be truncated$/],
    ['of text', 'text', 100, /^Only model output audio messages can be truncated$/],
    ['of nothing', 'none', 100, /does not exist/],
  ])('%s is refused', async (_, which, audio_end_ms, message) => {
    const client = await lab.realtime(PHONE);
    client.write('assistant', 'This is text.');
    const text = (await client.next('conversation.item.done')).item.id;
    client.speak('Hello?');
    const user = (await client.next('input_audio_buffer.committed')).item_id;
    const assistant = (await client.next('response.done')).response.output?.[0]?.id;
    const item_id = { assistant, user, text, none: 'item_none' }[which] ?? '';
    client.send({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms });
    expect((await client.next('error')).error.message).toMatch(message);
  });
});

describe('items', () => {
  it('are put where the client wants them, told, and deleted', async () => {
    const client = await lab.realtime(PHONE);
    client.send({
      type: 'conversation.item.create',
      item: { id: 'b', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'b' }] },
    });
    expect((await client.next('conversation.item.added')).previous_item_id).toBeNull();
    client.send({
      type: 'conversation.item.create',
      previous_item_id: 'root',
      item: { id: 'a', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] },
    });
    expect((await client.next('conversation.item.added')).previous_item_id).toBeNull();
    client.send({
      type: 'conversation.item.create',
      previous_item_id: 'b',
      item: { id: 'c', type: 'message', role: 'system', content: [{ type: 'input_text', text: 'c' }] },
    });
    expect(await client.next('conversation.item.added')).toMatchObject({ previous_item_id: 'b', item: { id: 'c' } });
    client.send({ type: 'conversation.item.delete', item_id: 'b' });
    expect((await client.next('conversation.item.deleted')).item_id).toBe('b');
    for (const event of [
      { type: 'conversation.item.delete', item_id: 'b' },
      { type: 'conversation.item.retrieve', item_id: 'b' },
    ] as const) {
      client.send(event);
      expect((await client.next('error')).error.code).toMatch(/^item_(delete|retrieve)_invalid_item_id$/);
    }
  });

  it.each([
    [
      'an assistant item of the beta',
      { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'x' }] },
      'item.content[0].type',
    ],
    ['an output of a call that was never made', { type: 'function_call_output', call_id: 'call_x', output: '1' }, 'item.call_id'],
    ['a type that is none', { type: 'note' }, 'item.type'],
  ])('refuse %s', async (_, item, param) => {
    const client = await lab.realtime(PHONE);
    client.send({ type: 'conversation.item.create', item: item as never });
    expect((await client.next('error')).error.param).toBe(param);
  });
});

describe('a tool', () => {
  it('is called, answered, and the talk goes on to its end', async () => {
    const client = await lab.realtime({ ...PHONE, tools: TOOLS });
    client.write('assistant', 'Does Tuesday still suit you?');
    client.speak('Yes, that works.');
    const call = await client.next('response.function_call_arguments.done');
    expect(call).toMatchObject({ name: 'confirm', arguments: '{"date":"Tuesday"}' });
    expect(
      client
        .all('response.function_call_arguments.delta')
        .map((event) => event.delta)
        .join(''),
    ).toBe(call.arguments);
    const { response } = await client.next('response.done');
    expect(response.output).toMatchObject([{ type: 'function_call', call_id: call.call_id, name: 'confirm', status: 'completed' }]);
    // The model waits for the client.
    client.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: call.call_id, output: '{"ok":true}' } });
    client.send({ type: 'response.create' });
    expect(client.heard((await client.next('response.done')).response.id)).toBe(
      'Thank you, that is confirmed. Is there anything else I can do for you?',
    );
    client.speak('No, thank you.');
    expect(await client.next('response.function_call_arguments.done')).toMatchObject({
      name: 'end_call',
      arguments: '{"farewell":"Thank you for your time. Goodbye."}',
    });
    expect(lab.sessions[0]?.toolCalls).toMatchObject([{ name: 'confirm', output: '{"ok":true}' }, { name: 'end_call' }]);
  });

  it('is not called when the request forbids it', async () => {
    const client = await lab.realtime({ ...PHONE, tools: TOOLS });
    client.write('user', 'I want to talk to a person.');
    client.send({ type: 'response.create', response: { tool_choice: 'none' } });
    expect((await client.next('response.done')).response.output).toMatchObject([{ type: 'message' }]);
  });
});

describe('what goes wrong on demand', () => {
  it('drops the socket in the middle of a sentence', async () => {
    lab.server.faults.add({ kind: 'provider_drop', afterMs: 400, delayMs: 0, status: 500, count: 1 });
    const client = await lab.realtime(PHONE);
    client.send({ type: 'response.create', response: { instructions: `Say: ${'A story. '.repeat(30)}` } });
    expect(await client.closed).toBe(1006);
    expect(client.all('response.output_audio.delta')).toHaveLength(2);
    expect(client.all('response.done')).toHaveLength(0);
    expect(lab.sessions[0]?.closedBy).toBe('fault');
  });

  it('ends an expired session with an error and 1001', async () => {
    lab.server.faults.add({ kind: 'provider_expire', afterMs: 20, delayMs: 0, status: 500, count: 1 });
    const client = await lab.realtime();
    expect((await client.next('error')).error.code).toBe('session_expired');
    expect(await client.closed).toBe(1001);
  });

  it('refuses the connection', async () => {
    lab.server.faults.add({ kind: 'provider_refuse', delayMs: 0, status: 503, count: 1 });
    const client = new RealtimeClient(lab.server.url);
    const status = await new Promise((resolve) => client.socket.on('unexpected-response', (_, response) => resolve(response.statusCode)));
    expect(status).toBe(503);
    expect(lab.sessions).toMatchObject([{ closedBy: 'refused' }]);
  });

  it('answers nonsense with errors and stays open', async () => {
    const client = await lab.realtime();
    client.socket.send('{');
    expect((await client.next('error')).error.code).toBe('invalid_json');
    client.socket.send('{}');
    expect((await client.next('error')).error.param).toBe('type');
    client.socket.send('{"type":"response.audio.delta"}');
    expect((await client.next('error')).error.param).toBe('type');
    client.send({ type: 'session.update', session: { type: 'realtime' } });
    await client.next('session.updated');
  });
});
