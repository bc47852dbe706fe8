import { formatUsd, usdToMicros } from '../contracts/money';
import { OUTCOMES, type Outcome } from '../contracts/outcomes';
import type { ReportCall } from '../contracts/report';
import type { ReportResult } from '../control/campaigns/campaign-report';
import type { ReportView } from './report-view';
import { type Style, spokenDuration, styler, table } from './terminal';

export interface RenderOptions {
  color: boolean;
  /** Width of the terminal in characters. */
  columns: number;
  /** Shown under "Where to look", in this order. */
  where?: readonly { what: string; place: string }[];
}

const GOOD: readonly Outcome[] = ['completed', 'transferred', 'voicemail', 'callback_requested'];
const BAD: readonly Outcome[] = ['failed', 'rejected', 'invalid_number'];
const MAX_BAR = 28;
const MAX_REJECTED = 8;
const MAX_REASONS = 8;
const MAX_TURNS = 8;

/** The report for a person: what came of it, what it cost, a few conversations, what was left out and why, and where the rest is. */
export function renderReport(view: ReportView, options: RenderOptions): string {
  const paint = styler(options.color);
  const width = Math.max(60, Math.min(options.columns, 110));
  const { head } = view;
  const sections = [
    title(view, paint),
    outcomes(view, paint),
    facts(view),
    section('A few conversations', view.samples.map((sample) => conversation(sample, width, paint)).join('\n\n'), paint),
    section('Not reached, and why', reasons(view), paint),
    section('Rows that were not imported', rejected(view), paint),
    section('Where to look', table((options.where ?? []).map(({ what, place }) => [`  ${what}`, place])), paint),
  ];
  if (head.state === 'paused') sections.splice(1, 0, paint('yellow', '  The campaign is paused.'));
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

type Paint = (style: Style, text: string) => string;

function title({ head }: ReportView, paint: Paint): string {
  const state = paint(head.state === 'completed' ? 'green' : 'yellow', head.state);
  return `${paint('bold', head.name)}  ${state}  ${paint('dim', head.campaignId)}`;
}

function section(name: string, body: string, paint: Paint): string {
  return body === '' ? '' : `${paint('bold', name)}\n${body}`;
}

function outcomes({ head }: ReportView, paint: Paint): string {
  const present = OUTCOMES.filter((outcome) => head.outcomes[outcome]);
  if (present.length === 0) return '  No contact has an outcome yet.';
  const most = Math.max(...present.map((outcome) => head.outcomes[outcome] as number));
  const nameWidth = Math.max(...present.map((outcome) => outcome.length));
  return present
    .map((outcome) => {
      const n = head.outcomes[outcome] as number;
      const style: Style = GOOD.includes(outcome) ? 'green' : BAD.includes(outcome) ? 'red' : 'yellow';
      const bar = '█'.repeat(Math.max(1, Math.round((n / most) * MAX_BAR)));
      return `  ${outcome.padEnd(nameWidth)}  ${String(n).padStart(6)}  ${paint(style, bar)}`;
    })
    .join('\n');
}

function facts({ head }: ReportView): string {
  const { contacts } = head;
  const rows = [
    [
      '  Contacts',
      `${contacts.imported} of ${contacts.total} rows (${contacts.duplicates} duplicates merged, ${contacts.rejected} rejected)`,
    ],
    ['  Attempts', `${head.attempts} calls that counted`],
    ['  Cost', `${formatUsd(usdToMicros(head.costUsd))}${estimatedPart(head.estimatedCalls)}`],
  ];
  if (head.startedAt !== null && head.endedAt !== null) {
    rows.push(['  Duration', spokenDuration(Date.parse(head.endedAt) - Date.parse(head.startedAt))]);
  }
  return table(rows);
}

/** Their carrier has not told its price (yet). */
export function estimatedPart(calls: number | undefined): string {
  return calls ? ` (the carrier's part of ${calls} ${calls === 1 ? 'call' : 'calls'} estimated)` : '';
}

function conversation(result: ReportResult, width: number, paint: Paint): string {
  const call = result.calls.toSorted((a, b) => b.transcript.length - a.transcript.length)[0] as ReportCall;
  const parts = [result.phone, result.outcome ?? 'under way'];
  if (result.attempts > 1) parts.push(`attempt ${call.attempt} of ${result.attempts}`);
  if (call.answeredAt !== null && call.endedAt !== null) {
    parts.push(spokenDuration(Date.parse(call.endedAt) - Date.parse(call.answeredAt)));
  }
  if (call.transferredTo) parts.push(`connected with ${call.transferredTo}`);
  parts.push(formatUsd(usdToMicros(call.costUsd)));
  const lines = [`  ${paint('cyan', parts.join(' · '))}`];
  for (const turn of call.transcript.slice(0, MAX_TURNS)) {
    const who = turn.role === 'assistant' ? 'agent ' : 'caller';
    lines.push(...wrapped(turn.interrupted ? `${turn.text} — (cut off)` : turn.text, `    ${who}  `, width));
  }
  const left = call.transcript.length - MAX_TURNS;
  if (left > 0) lines.push(`    … and ${left} more turns`);
  if (call.summary) lines.push(...wrapped(call.summary, '    summary ', width).map((line) => paint('dim', line)));
  return lines.join('\n');
}

function reasons({ reasons: found }: ReportView): string {
  const rows = found.slice(0, MAX_REASONS).map(({ outcome, reason, contacts }) => [`  ${contacts}`, outcome, reason]);
  const left = found.length - MAX_REASONS;
  return `${table(rows, [0])}${left > 0 ? `\n  … ${left} more reasons in the report` : ''}`;
}

function rejected({ rejected: found }: ReportView): string {
  const rows = found.slice(0, MAX_REJECTED).map(({ line, phone, reason }) => [`  line ${line}`, phone === '' ? '(empty)' : phone, reason]);
  const left = found.length - MAX_REJECTED;
  return `${table(rows)}${left > 0 ? `\n  … ${left} more in the report` : ''}`;
}

/** Lines of at most `width` characters; the first begins with `label`, the others below its text. */
function wrapped(text: string, label: string, width: number): string[] {
  const room = Math.max(20, width - label.length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((content, index) => `${index === 0 ? label : ' '.repeat(label.length)}${content}`);
}
