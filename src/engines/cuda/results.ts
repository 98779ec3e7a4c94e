import type { Delivery } from './device.js';

/** Turns of the thread between two questions, of some microseconds each: the driver's threads share locks. */
const TURNS = 4;

/**
 * Waits for what comes back from a device in the order of its work, with a thread that has more to do: as long as nothing is ready behind
 * the work that the device does, the thread takes up messages between its questions, since the next one may start more work.
 */
export class Results {
  private readonly awaited: Delivery[] = [];

  /** Resolves when the arrays of a delivery are filled. */
  async of(delivery: Delivery): Promise<void> {
    this.awaited.push(delivery);
    try {
      for (let turn = 0; turn % TURNS !== 0 || !delivery.isDone(); turn++) {
        if (this.awaited[0] === delivery && this.awaited.length > 1) {
          delivery.wait();
          return;
        }
        await messages();
      }
    } finally {
      this.awaited.splice(this.awaited.indexOf(delivery), 1);
    }
  }
}

/** Lets the thread take up the messages that are there. */
function messages(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
