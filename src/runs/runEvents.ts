/** What opening and preparing a run report, besides what its trainer does. */
export type RunEvent =
  | {
      /** Something to know: what was taken for what, what was left out, what changes. */
      readonly event: 'notice';
      readonly subject: 'data' | 'weights' | 'settings';
      /** One human-readable sentence. */
      readonly text: string;
    }
  | {
      /** Bytes of a download so far. */
      readonly event: 'download';
      readonly data: string;
      readonly received: number;
      /** Undefined where the server does not say. */
      readonly total?: number | undefined;
    };

/** Takes the events of {@link RunEvent}; called in order, never awaited. */
export type RunListener = (event: RunEvent) => void;
