import { z } from 'zod';
import type { BuiltInTool } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import type { EngineTool } from '../engines/engine';

/** What the model may ask of the call itself. */
export type BuiltInCall =
  | { name: 'transfer_call'; reason: string; number?: string }
  | { name: 'end_call'; farewell: string | undefined }
  | { name: 'opt_out' }
  | { name: 'schedule_callback'; when: string; at: string | undefined }
  | { name: 'send_dtmf'; digits: string }
  | { name: 'leave_voicemail' }
  | { name: 'set_recording'; wanted: RecordingWish };

export type RecordingWish = 'paused' | 'recording' | 'stopped';

const text = z.string().trim().min(1).max(1_000);
const ARGUMENTS = {
  transfer_call: z.object({
    reason: text.catch('The caller asked for a person.'),
    // Whatever it is, it is compared with the developer's numbers: nothing here makes it one of them.
    number: z
      .string()
      .nullish()
      .catch('not a number')
      .transform((number) => number?.trim() || undefined),
  }),
  end_call: z.object({ farewell: text.optional().catch(undefined) }),
  opt_out: z.object({}),
  schedule_callback: z.object({ when: text, at: z.iso.datetime({ offset: true }).optional().catch(undefined) }),
  send_dtmf: z.object({
    digits: z.coerce.string().regex(/^[0-9*#A-Dw]{1,64}$/, 'keys are 0-9, *, #, A-D, and w for a pause of half a second'),
  }),
  leave_voicemail: z.object({}),
  set_recording: z
    .object({ paused: z.boolean().optional(), stopped: z.boolean().optional() })
    .refine(({ paused, stopped }) => paused !== undefined || stopped === true, 'say `paused` (true or false) or `stopped: true`'),
} as const satisfies Record<BuiltInTool, z.ZodType>;

const string = (description: string) => ({ type: 'string', description });

const DEFINITIONS: Record<BuiltInTool, EngineTool> = {
  transfer_call: {
    name: 'transfer_call',
    description:
      'Connects the caller with a person. Use it when the caller asks for one or when you cannot help. Say first that you will connect them.',
    parameters: {
      type: 'object',
      properties: { reason: string('What the caller wants, in one sentence, for the person who takes over.') },
      required: ['reason'],
    },
  },
  end_call: {
    name: 'end_call',
    description:
      'Hangs up. Use it when the conversation is over. Either say goodbye before, or give the last words in `farewell`; not both.',
    parameters: { type: 'object', properties: { farewell: string('Last words, spoken exactly so before the call ends.') } },
  },
  opt_out: {
    name: 'opt_out',
    description:
      'Use it at once when the caller asks not to be called again. It is recorded, confirmed to the caller and ends the call; say nothing about it yourself.',
    parameters: { type: 'object', properties: {} },
  },
  schedule_callback: {
    name: 'schedule_callback',
    description: 'Notes that the caller wants to be called at another time. Confirm the time, then end the call.',
    parameters: {
      type: 'object',
      properties: {
        when: string('When, in the words of the caller.'),
        at: string('The same as ISO 8601 with offset, if it can be told for sure.'),
      },
      required: ['when'],
    },
  },
  send_dtmf: {
    name: 'send_dtmf',
    description:
      'Presses keys of the phone, as in a menu ("press 1 for …") or for an extension. Finish your sentence first. Then wait for what the other side says.',
    parameters: {
      type: 'object',
      properties: { digits: string('0-9, *, #, A-D; w is a pause of half a second.') },
      required: ['digits'],
    },
  },
  leave_voicemail: {
    name: 'leave_voicemail',
    description:
      'Use it at once when an answering machine or a mailbox speaks instead of a person. The message is left after its tone and ends the call; say nothing yourself.',
    parameters: { type: 'object', properties: {} },
  },
  set_recording: {
    name: 'set_recording',
    description:
      'Pauses the recording of this call, goes on with it, or stops it for good. Pause before anything secret is said, such as a card number, wait for the answer, and go on right after it. Stop it when the caller does not want to be recorded; then it cannot be started again.',
    parameters: {
      type: 'object',
      properties: {
        paused: { type: 'boolean', description: 'true pauses, false goes on.' },
        stopped: { type: 'boolean', description: 'true stops it for good. Leave it out otherwise.' },
      },
    },
  },
};

export function builtInTools({
  canTransfer,
  transferNumbers,
  recording,
  direction,
}: Pick<CallSetup, 'canTransfer' | 'transferNumbers' | 'recording' | 'direction'>): EngineTool[] {
  const { transfer_call, set_recording, leave_voicemail, ...others } = DEFINITIONS;
  return [
    ...(canTransfer ? [withNumbers(transfer_call, transferNumbers)] : []),
    ...Object.values(others),
    // Who calls us is no machine.
    ...(direction === 'outbound' ? [leave_voicemail] : []),
    ...(recording?.pausable ? [set_recording] : []),
  ];
}

/** The model may choose where the developer's prompt names several people. */
function withNumbers(tool: EngineTool, numbers: readonly string[] | undefined): EngineTool {
  if (!numbers) return tool;
  const number = { ...string('Whom to connect with: one of the numbers of your instructions.'), enum: numbers };
  return { ...tool, parameters: { ...tool.parameters, properties: { ...(tool.parameters.properties as object), number } } };
}

export function isBuiltInTool(name: string): name is BuiltInTool {
  return Object.hasOwn(ARGUMENTS, name);
}

/** Lenient where a wrong argument must not keep a person on the line. @throws ZodError for `schedule_callback` without a time, and for keys that no phone has */
export function parseBuiltInCall(name: BuiltInTool, args: unknown): BuiltInCall {
  const given = typeof args === 'object' && args !== null ? args : {};
  switch (name) {
    case 'transfer_call':
      return { name, ...ARGUMENTS.transfer_call.parse(given) };
    case 'end_call':
      return { name, farewell: ARGUMENTS.end_call.parse(given).farewell };
    case 'opt_out':
    case 'leave_voicemail':
      return { name };
    case 'schedule_callback': {
      const { when, at } = ARGUMENTS.schedule_callback.parse(given);
      return { name, when, at };
    }
    case 'send_dtmf':
      return { name, ...ARGUMENTS.send_dtmf.parse(given) };
    case 'set_recording':
      return { name, wanted: wishOf(ARGUMENTS.set_recording.parse(given)) };
    default:
      return name satisfies never;
  }
}

/** Whoever does not want to be recorded is not, whatever else is said. */
function wishOf({ paused, stopped }: { paused?: boolean | undefined; stopped?: boolean | undefined }): RecordingWish {
  if (stopped) return 'stopped';
  return paused ? 'paused' : 'recording';
}
