/** What is reported while a run is opened and prepared, besides its trainer's events. */
export type RunEvent =
  | {
      /** What was assumed, left out or changed. */
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
      /** Undefined if the server does not say. */
      readonly total?: number | undefined;
    };

/** Takes the events of {@link RunEvent}; called in order, never awaited. */
export type RunListener = (event: RunEvent) => void;
