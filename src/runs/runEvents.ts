import type { Measuring } from '../engines/engine.js';
import { type SettingText, withKeys } from '../errors.js';

/** What is reported while a run is opened and prepared, besides its trainer's events. */
export type RunEvent =
  | {
      /** What was assumed, left out or changed. */
      readonly event: 'notice';
      readonly subject: 'data' | 'weights' | 'settings';
      /** One human-readable sentence; settings are named by their keys. */
      readonly text: string;
      /** The sentence with other names for the settings, such as flags. */
      readonly named: SettingText;
    }
  | {
      /** Bytes of a download so far. */
      readonly event: 'download';
      readonly data: string;
      readonly received: number;
      /** Undefined if the server does not say. */
      readonly total?: number | undefined;
    }
  | {
      /** Archives at URLs of which it is known what they hold. */
      readonly event: 'indexing';
      readonly done: number;
      readonly total: number;
    }
  /** Convolutions that the engine times, at the start or within the run: where training goes on in bf16, say. */
  | ({ readonly event: 'measuring' } & Measuring);

/** Takes the events of {@link RunEvent}; called in order, never awaited. */
export type RunListener = (event: RunEvent) => void;

/** The event of a notice. */
export function noticeEvent(
  subject: (RunEvent & { readonly event: 'notice' })['subject'],
  named: SettingText,
): RunEvent {
  return { event: 'notice', subject, text: withKeys(named), named };
}
