/** What is believed of Media Streams: shapes, marks, and what follows the end of a stream. */
import { FRAME_BYTES, FRAME_MS } from '../../contracts/g711';
import {
  allOf,
  asExpected,
  callbacksOf,
  different,
  type Fact,
  type Frame,
  frameFact,
  framesOf,
  isDigits,
  isSid,
  notObserved,
  ofKind,
} from './fact';
import { DEFAULT_PROBE_TIMINGS, endOf, isMark, type ProbeTimings } from './probe-call';
import type { Recorded } from './recording';

const PART = (frame: Frame, name: string) => (frame[name] ?? {}) as Record<string, unknown>;
/** So far from 50 frames a second is still even: networks hold some back and deliver them together. */
const CADENCE_TOLERANCE = 0.15;

export function streamFacts(timings: ProbeTimings = DEFAULT_PROBE_TIMINGS): Fact[] {
  return [
    {
      fact: 'stream.handshake-signature',
      expected: 'the handshake of the media socket is signed for the wss URL',
      judge(recorded) {
        const handshakes = ofKind(recorded, 'handshake');
        if (handshakes.length === 0) return notObserved('no media stream was opened');
        const wrong = handshakes.filter(({ signed }) => !signed).length;
        return wrong === 0
          ? asExpected(`${handshakes.length} of ${handshakes.length}`)
          : different(`${wrong} of ${handshakes.length} are not`);
      },
    },
    frameFact('stream.connected', 'connected', 'connected: protocol Call, version 1.0.0, without a stream SID', (frame) => ({
      'protocol is Call': frame.protocol === 'Call',
      'version is 1.0.0': frame.version === '1.0.0',
      'no streamSid': frame.streamSid === undefined,
    })),
    frameFact('stream.start', 'start', 'start: sequence number as a string, rates as numbers, the token as a custom parameter', (frame) => {
      const start = PART(frame, 'start');
      const format = (start.mediaFormat ?? {}) as Record<string, unknown>;
      return {
        'sequenceNumber is the string "1"': frame.sequenceNumber === '1',
        'streamSid twice': isSid(frame.streamSid, 'MZ') && start.streamSid === frame.streamSid,
        'callSid and accountSid': isSid(start.callSid, 'CA') && isSid(start.accountSid, 'AC'),
        'tracks is ["inbound"]': JSON.stringify(start.tracks) === '["inbound"]',
        'encoding audio/x-mulaw': format.encoding === 'audio/x-mulaw',
        'sampleRate and channels are numbers': format.sampleRate === 8_000 && format.channels === 1,
        'customParameters.token': typeof PART(start as Frame, 'customParameters').token === 'string',
      };
    }),
    frameFact('stream.media', 'media', `media: numbers as strings, ${FRAME_BYTES} bytes of \u00b5-law, track inbound`, (frame) => {
      const media = PART(frame, 'media');
      return {
        'sequenceNumber, chunk and timestamp are strings of digits': [frame.sequenceNumber, media.chunk, media.timestamp].every(isDigits),
        'track is inbound': media.track === 'inbound',
        [`${FRAME_BYTES} bytes`]: Buffer.from(String(media.payload), 'base64').length === FRAME_BYTES,
        streamSid: isSid(frame.streamSid, 'MZ'),
      };
    }),
    {
      fact: 'stream.media-cadence',
      expected: `a frame every ${FRAME_MS} ms, in silence too`,
      judge(recorded) {
        const media = framesOf(recorded, 'media').filter(({ stream }) => stream === 1);
        const first = media[0];
        const last = media.at(-1);
        if (!first || !last || last.sinceMs - first.sinceMs < 1_000) return notObserved('less than a second of audio came');
        const stamps = [first, last].map(({ frame }) => Number(PART(frame, 'media').timestamp));
        const steps = media.length - 1;
        const wholeMs = last.sinceMs - first.sinceMs;
        const seen = `${media.length} frames in ${wholeMs} ms, timestamps ${stamps.join(' to ')}`;
        const even = Math.abs(wholeMs / steps / FRAME_MS - 1) <= CADENCE_TOLERANCE;
        return even && stamps[1]! - stamps[0]! === steps * FRAME_MS ? asExpected(seen) : different(seen);
      },
    },
    frameFact('stream.dtmf', 'dtmf', 'dtmf: track inbound_track, one digit, sequence number as a string', (frame) => ({
      'sequenceNumber is a string of digits': isDigits(frame.sequenceNumber),
      'track is inbound_track': PART(frame, 'dtmf').track === 'inbound_track',
      'one digit': /^[0-9*#A-D]$/.test(String(PART(frame, 'dtmf').digit)),
    })),
    frameFact('stream.mark', 'mark', 'mark: the name as it was sent, sequence number as a string', (frame) => ({
      'sequenceNumber is a string of digits': isDigits(frame.sequenceNumber),
      'a name that was sent': ['played', 'cleared-half', 'cleared-end'].includes(String(PART(frame, 'mark').name)),
      streamSid: isSid(frame.streamSid, 'MZ'),
    })),
    frameFact('stream.stop', 'stop', 'stop: account and call, sequence number as a string', (frame) => ({
      'sequenceNumber is a string of digits': isDigits(frame.sequenceNumber),
      'callSid and accountSid': isSid(PART(frame, 'stop').callSid, 'CA') && isSid(PART(frame, 'stop').accountSid, 'AC'),
    })),
    {
      fact: 'mark.after-played',
      expected: 'a mark echoes when the audio before it has been played, not when it has arrived',
      judge(recorded) {
        const sent = sentMark(recorded, 'played');
        if (!sent) return notObserved('the call ended before the tone');
        const echo = recorded.find((entry) => isMark(entry, 'played'));
        if (!echo) return overBefore(recorded, sent, timings.toneMs + timings.slackMs) ?? different('no echo came');
        const tookMs = echo.sinceMs - sent.sinceMs;
        const seen = `after ${tookMs} ms, for ${timings.toneMs} ms of audio`;
        return tookMs >= timings.toneMs * 0.9 && tookMs <= timings.toneMs + timings.slackMs ? asExpected(seen) : different(seen);
      },
    },
    {
      fact: 'mark.after-clear',
      expected: 'all pending marks echo right after clear',
      judge(recorded) {
        const clear = recorded.find((entry) => entry.kind === 'sent' && entry.message === 'clear');
        if (!clear) return notObserved('the call ended before the clear');
        const deadlineMs = timings.clearedToneMs / 4;
        const echoes = ['cleared-half', 'cleared-end'].map((name) => recorded.find((entry) => isMark(entry, name)));
        const inTime = echoes.filter((echo) => echo && echo.sinceMs >= clear.sinceMs && echo.sinceMs - clear.sinceMs <= deadlineMs);
        const moments = echoes.map((echo) => (echo ? `${echo.sinceMs - clear.sinceMs} ms` : 'never')).join(', ');
        if (inTime.length === echoes.length) return asExpected(`after ${moments}`);
        return (
          overBefore(recorded, clear, deadlineMs) ?? different(`${inTime.length} of ${echoes.length} within ${deadlineMs} ms: ${moments}`)
        );
      },
    },
    goesOn('stream.regular-close', 1, 'closed', 'the call goes on with the next verb after the socket was closed', timings),
    goesOn('stream.abnormal-close', 2, 'terminated', 'the call goes on with the next verb after the connection was cut', timings),
    {
      fact: 'stream.events',
      expected: 'each stream is told of as stream-started and stream-stopped, with an ISO timestamp',
      judge(recorded) {
        const events = callbacksOf(recorded, 'stream').map(({ params }) => params);
        const sids = [...new Set(framesOf(recorded, 'start').map(({ frame }) => frame.streamSid))];
        if (sids.length === 0) return notObserved('no media stream was opened');
        const told = (event: string) =>
          sids.every((sid) => events.some((params) => params.StreamSid === sid && params.StreamEvent === event));
        return allOf(
          {
            'stream-started of each': told('stream-started'),
            'stream-stopped of each': told('stream-stopped'),
            'Timestamp in ISO 8601': events.every(({ Timestamp = '' }) => /^\d{4}-\d\d-\d\dT/.test(Timestamp)),
          },
          events.map(({ StreamEvent, StreamError, Timestamp }) => ({ StreamEvent, StreamError, Timestamp })),
        );
      },
    },
    {
      fact: 'stream.error-event',
      expected: 'a connection that was cut is told of as stream-error 31921',
      judge(recorded) {
        if (!ofKind(recorded, 'ended').some(({ how }) => how === 'terminated')) return notObserved('no connection was cut');
        const errors = callbacksOf(recorded, 'stream').filter(({ params }) => params.StreamEvent === 'stream-error');
        const seen = errors.map(({ params }) => params.StreamError ?? '(no StreamError)').join(', ') || 'no stream-error came';
        return /31921/.test(seen) ? asExpected(seen) : different(seen);
      },
    },
  ];
}

function goesOn(fact: string, stream: number, how: 'closed' | 'terminated', expected: string, timings: ProbeTimings): Fact {
  return {
    fact,
    expected,
    judge(recorded) {
      const ended = ofKind(recorded, 'ended').find((entry) => entry.stream === stream && entry.how === how);
      if (!ended) return notObserved('the call ended before that');
      const restreamed = ofKind(recorded, 'request').find(({ request }) => request === 'restream');
      const asked = callbacksOf(recorded, 'continue').find(({ sinceMs }) => sinceMs >= ended.sinceMs);
      if (asked && !(restreamed && restreamed.sinceMs < asked.sinceMs))
        return asExpected(`asked after ${asked.sinceMs - ended.sinceMs} ms`);
      const brought = restreamed && framesOf(recorded, 'start').some(({ sinceMs }) => sinceMs > restreamed.sinceMs);
      const rescue = restreamed ? `; an update of the call ${brought ? 'brought' : 'did not bring'} the stream back` : '';
      return (
        overBefore(recorded, ended, timings.goOnMs) ?? different(`held in silence: nothing was asked for in ${timings.goOnMs} ms${rescue}`)
      );
    },
  };
}

function sentMark(recorded: readonly Recorded[], name: string): Recorded | undefined {
  return recorded.find((entry) => entry.kind === 'sent' && entry.message === 'mark' && entry.name === name);
}

/** Whoever answered may hang up in the middle: then nothing is known. */
function overBefore(recorded: readonly Recorded[], since: Recorded, ms: number) {
  const end = endOf(recorded);
  return end && end.sinceMs < since.sinceMs + ms ? notObserved('the call ended before that') : undefined;
}
