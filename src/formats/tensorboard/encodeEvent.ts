import { create, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { EventSchema, SessionLog_SessionStatus, type Summary_ValueSchema } from './events_pb.js';
import { encodeRecord, recordsOf } from './record.js';

/** What a chart shows at a step; see `summaries.ts`. */
export type SummaryValue = MessageInitShape<typeof Summary_ValueSchema> & { readonly tag: string };

/** When something happened. */
export interface EventPosition {
  /** Whole number, the chart's horizontal axis. */
  readonly step: number;
  /** Milliseconds since 1970, as Date.now() has them. */
  readonly time: number;
}

/** The record that begins a file. @param time milliseconds since 1970 */
export function encodeFileHeader(time: number): Uint8Array {
  return encodeRecord(
    create(EventSchema, { wallTime: time / 1000, what: { case: 'fileVersion', value: 'brain.Event:2' } }),
  );
}

/** The record of a summary. */
export function encodeSummary(value: SummaryValue, { step, time }: EventPosition): Uint8Array {
  return encodeRecord(
    create(EventSchema, {
      wallTime: time / 1000,
      step: BigInt(step),
      what: { case: 'summary', value: { value: [value] } },
    }),
  );
}

/** The record that begins the session of a resumed run, whose first step it names. */
export function encodeSessionStart({ step, time }: EventPosition): Uint8Array {
  const what = { case: 'sessionLog' as const, value: { status: SessionLog_SessionStatus.START } };
  return encodeRecord(create(EventSchema, { wallTime: time / 1000, step: BigInt(step), what }));
}

/**
 * The records of an event file that a test keeps.
 *
 * @param keep called with each summary's chart and step; records of other kinds stay
 * @returns the same bytes where all stay; a record that was cut off at the end goes
 */
export function filterSummaries(
  bytes: Uint8Array,
  keep: (summary: { readonly tag: string; readonly step: number }) => boolean,
): Uint8Array {
  const kept: Uint8Array[] = [];
  for (const { record, message } of recordsOf(bytes)) {
    const { step, what } = fromBinary(EventSchema, message);
    const [summary] = what.case === 'summary' ? what.value.value : [];
    if (summary === undefined || keep({ tag: summary.tag, step: Number(step) })) kept.push(record);
  }
  const total = kept.reduce((sum, { length }) => sum + length, 0);
  if (total === bytes.length) return bytes;
  const joined = new Uint8Array(total);
  let at = 0;
  for (const part of kept) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
