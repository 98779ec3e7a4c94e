import type { CapturedGraph, Device } from '../../src/engines/cuda/device.js';

/** A device that remembers what was captured last, so that the step of an executable can be started by itself. */
export interface WatchedDevice {
  readonly device: Device;
  /** @throws Error when nothing was captured */
  captured(): CapturedGraph;
}

/** Watches a device. */
export function watchDevice(device: Device): WatchedDevice {
  let last: CapturedGraph | undefined;
  const capture = (body: () => void): CapturedGraph => {
    last = device.capture(body);
    return last;
  };
  const watched = new Proxy(device, {
    get(target, key): unknown {
      if (key === 'capture') return capture;
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return {
    device: watched,
    captured: () => {
      if (!last) throw new Error('nothing was captured');
      return last;
    },
  };
}
