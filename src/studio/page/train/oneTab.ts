/** Of all tabs of a site one trains at a time: the browser keeps one training. */
const NAME = 'biasloss training';

let channel: BroadcastChannel | undefined;

/** Tells of trainings that other tabs start. The last caller alone is told. */
export function onOtherTab(started: () => void): void {
  channel ??= new BroadcastChannel(NAME);
  channel.onmessage = started;
}

/** Browsers have locks under HTTPS and on this machine alone; elsewhere a newer training ends the keeping of an older one. */
function locks(): LockManager | undefined {
  return 'locks' in navigator ? navigator.locks : undefined;
}

/** Trains unless another tab does. @returns false, without a call of `train`, if one does */
export async function trainAlone(train: () => Promise<void>): Promise<boolean> {
  const attempt = async (lock: Lock | null): Promise<boolean> => {
    if (lock === null) return false;
    channel?.postMessage('started');
    await train();
    return true;
  };
  const found = locks();
  if (found) return found.request(NAME, { ifAvailable: true }, attempt);
  await train();
  return true;
}

/** Whether a tab trains. */
export async function isTraining(): Promise<boolean> {
  const { held = [] } = (await locks()?.query()) ?? {};
  return held.some(({ name, mode }) => name === NAME && mode === 'exclusive');
}

/** Waits until no tab trains. */
export async function untilNoneTrains(): Promise<void> {
  await locks()?.request(NAME, { mode: 'shared' }, () => undefined);
}
