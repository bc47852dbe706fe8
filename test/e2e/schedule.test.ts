/** Schedules and campaigns whose program is gone: a deployment's workers carry out what needs none of its code, and the rest waits for it. */
import type { PersonaInput } from '../../lab/persona';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { freePort } from '../../runtime/free-port';
import { Patter, type PatterOptions, Twilio } from '../../sdk';
import { until } from '../chaos/until';
import { startWorld, type World } from './world';

const WITHIN_MS = 60_000;
const before = { ...process.env };
const whole = process.env.PATTER_TEST_MATRIX === 'full' ? describe : describe.skip;

whole('a program that is gone', () => {
  let world: World;
  let options: PatterOptions;

  beforeAll(async () => {
    const answers: PersonaInput = {
      ...{ kind: 'human', answerAfterMs: 100 },
      steps: [
        { hear: '/\\?/', say: 'Yes.' },
        { waitMs: 300, hangUp: true },
      ],
    };
    world = await startWorld(
      { personas: { answers }, people: Object.fromEntries([101, 102, 103, 104].map((n) => [`+12125550${n}`, 'answers'])) },
      { gateways: 1 },
    );
    Object.assign(process.env, {
      PATTER_HOME: world.home,
      TWILIO_BASE_URL: world.stack.labUrl,
      OPENAI_BASE_URL: `${world.stack.labUrl}/v1`,
    });
    const carrier = new Twilio({ accountSid: LAB_ACCOUNT.sid, authToken: LAB_ACCOUNT.authToken });
    options = {
      carrier,
      openaiKey: 'lab-openai-key',
      phoneNumber: '+15005550006',
      webhookUrl: `127.0.0.1:${await freePort()}`,
      appId: 'gone',
    };
  }, 180_000);
  afterAll(async () => {
    await world?.stop();
    process.env = before;
  }, 60_000);

  const spec = { systemPrompt: 'You are Acme.', firstMessage: 'Is it you?', disclosure: 'This is an AI.' };

  test('a scheduled call and a campaign without code go on in the deployment', async () => {
    const phone = new Patter(options);
    const agent = phone.agent(spec);
    // Connects; after it a schedule is made at once.
    expect(await phone.schedules.list()).toEqual([]);
    const at = new Date(Date.now() + 10_000);
    await phone.schedule({ id: 'call', at, call: { to: '+12125550101', agent, machineDetection: false } });
    await phone.schedule({
      ...{ id: 'campaign', at },
      campaign: { name: 'nightly', agent, contacts: [{ phone: '+12125550102' }], window: { start: '00:00', end: '24:00' } },
    });
    const campaign = phone.campaign({
      name: 'now',
      agent,
      contacts: [{ phone: '+12125550103' }],
      window: { start: '00:00', end: '24:00' },
    });
    expect(await campaign.start()).toMatchObject({ runBy: 'workers' });
    await phone.disconnect();
    for (const to of ['+12125550101', '+12125550102', '+12125550103']) {
      await until(async () => (await world.calls(to)).length > 0, { withinMs: WITHIN_MS, what: `the call to ${to}` });
    }
    const next = new Patter(options);
    expect((await next.campaigns.get('now').result()).outcomes).toEqual({ completed: 1 });
    await next.disconnect();
  }, 120_000);

  test('a scheduled call whose agent has code waits for its program, and is made once', async () => {
    const asked: string[] = [];
    const agentOf = (phone: Patter) =>
      phone.agent({ ...spec, agentId: 'coded', tools: [{ name: 'look_up', handler: () => void asked.push('asked') }] });
    const to = '+12125550104';
    const first = new Patter(options);
    const at = new Date(Date.now() + 20_000);
    await expect(
      first.schedule({ id: 'coded', at, runBy: 'workers', call: { to, agent: agentOf(first), machineDetection: false } }),
    ).rejects.toMatchObject({ details: { option: 'runBy' } });
    await first.schedule({ id: 'coded', at, call: { to, agent: agentOf(first), machineDetection: false } });
    await first.disconnect();
    const temporal = world.ctx.temporal;
    const pending = async () => {
      for await (const { status } of temporal.workflow.list({ query: `WorkflowType = 'scheduled' AND TaskQueue = 'patter-local-gone'` }))
        return status.name;
      return undefined;
    };
    await until(async () => (await pending()) === 'RUNNING', { withinMs: WITHIN_MS, what: 'the firing' });
    expect(await world.calls(to)).toEqual([]);
    const second = new Patter(options);
    await second.serve(agentOf(second), { port: Number(options.webhookUrl?.split(':')[1]) });
    await until(async () => (await world.calls(to)).length > 0, { withinMs: WITHIN_MS, what: 'the call' });
    await until(async () => (await pending()) === 'COMPLETED', { withinMs: WITHIN_MS, what: 'the end of the firing' });
    await second.disconnect();
    expect(await world.calls(to)).toHaveLength(1);
  }, 120_000);
});
