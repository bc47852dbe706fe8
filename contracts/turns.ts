/** Who speaks when: every default is explained in docs/turn-taking.md with where it comes from. All durations are milliseconds. */
import { z } from 'zod';

const ms = (least: number, most: number) => z.number().int().min(least).max(most);

/** Of a voice detection of ours. */
const voice = {
  /** Shorter sounds are clicks. */
  minSpeechMs: ms(20, 1_000).default(50),
  /** A shorter gap belongs to the words around it; a longer one is a pause, which the delays are about and is part of them. */
  minSilenceMs: ms(20, 2_000).default(200),
};

const delays = {
  /** The caller's pause after which their turn is over when nothing speaks against it. */
  minDelayMs: ms(100, 10_000).default(500),
  /** The same when the words are unfinished ("my number is …"). */
  maxDelayMs: ms(100, 20_000).default(3_000),
  /** Learns the caller's own pauses and stays between the two. */
  dynamic: z.boolean().default(false),
  /** Looks at the words: an unfinished clause, a filler or a question to come waits for longer. */
  semantic: z.boolean().default(true),
  /** A model that is asked when the words alone do not tell; none: not asked. */
  judgeModel: z.string().optional(),
};

export const endpointingSchema = z.discriminatedUnion('type', [
  /** The engine's own: OpenAI's voice detection, Deepgram's, ElevenLabs'. */
  z.strictObject({ type: z.literal('provider') }),
  /** Our own voice detection on the caller's audio. */
  z.strictObject({ type: z.literal('vad'), ...voice, ...delays }),
  /** Silero's, with a model file that you name; needs the optional package onnxruntime-node. */
  z.strictObject({
    type: z.literal('silero'),
    modelPath: z.string().min(1),
    threshold: z.number().min(0).max(1).default(0.5),
    ...voice,
    ...delays,
  }),
  /** Final transcripts of the pipeline's recogniser, and a wait that follows from how late these come. */
  z.strictObject({ type: z.literal('stt'), ...delays }),
]);
export type EndpointingSpec = z.output<typeof endpointingSchema>;

export const turnsSchema = z.strictObject({
  endpointing: endpointingSchema.default({ type: 'provider' }),
  interruption: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** So much voice while the agent speaks is an interruption, whatever the words are: longer than an "mhm", which takes up to 700 ms. */
      minDurationMs: ms(50, 5_000).default(800),
      /** So many words are needed; 0: duration alone decides. */
      minWords: z.number().int().min(0).max(10).default(0),
      /** The agent goes on after so long when the interruption was none. */
      resumeAfterMs: ms(200, 10_000).default(2_000),
      /** Besides the language's own ("mm-hm", "yeah"). */
      backchannels: z.array(z.string().min(1)).max(100).default([]),
    })
    .prefault({}),
  /** While these last the caller is written down, and neither interrupts nor is answered. `first_message`: also the model's own first words, where none is set. */
  mute: z.array(z.enum(['first_message', 'tools', 'always'])).default([]),
  /** A caller who says nothing. */
  idle: z
    .strictObject({
      afterMs: ms(1_000, 300_000).default(10_000),
      /** Said one after the other, each after another silence, then the goodbye; none: the language's "are you still there?". */
      prompts: z.array(z.string().min(1)).max(5).optional(),
      /** Said before the call is ended; none: the language's own. */
      goodbye: z.string().optional(),
    })
    .prefault({}),
  /** Prepares the answer while it is not yet certain that the caller has finished. Pipeline only; costs more requests. Nothing else has to be set for it. */
  preemptive: z.boolean().default(false),
  /** Said when a tool takes longer than `afterMs`; an empty list: nothing. None: the language's own. */
  fillers: z.strictObject({ afterMs: ms(200, 10_000).default(1_000), phrases: z.array(z.string().min(1)).max(10).optional() }).prefault({}),
  keypad: z
    .strictObject({
      /** Keys that come closer together belong to one input. */
      interDigitMs: ms(200, 10_000).default(2_000),
      /** Ends the input at once. */
      terminator: z
        .string()
        .regex(/^[0-9*#]$/)
        .default('#'),
    })
    .prefault({}),
});
export type TurnsSpec = z.output<typeof turnsSchema>;
