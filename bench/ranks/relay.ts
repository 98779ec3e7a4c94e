/**
 * A link between two network namespaces, for kernels that cannot delay packets: `relay.js A B DEVICE DELAY` reads the packets of each
 * namespace's TUN device and writes them to the other's after a delay in seconds. It
 * prints a line when it is ready, and runs until its input is closed.
 */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

/** Constants of Linux: net_namespaces(7), if_tun.h, poll(2), sched(7). */
const CLONE_NEWNET = 0x40000000;
const TUNSETIFF = 0x400454ca;
const TUN_WITHOUT_HEADER = 0x1001;
const POLLIN = 1;
const SCHED_FIFO = 1;
const O_NONBLOCK_RDWR = 0x802;

/** Longest packet. */
const MOST_BYTES = 65536;

const libc = koffi.load(null);
const setns = libc.func('int setns(int, int)');
const ioctl = libc.func('int ioctl(int, unsigned long, void *)');
const read = libc.func('intptr_t read(int, void *, size_t)');
const write = libc.func('intptr_t write(int, void *, size_t)');
const ppoll = libc.func('int ppoll(void *, unsigned long, void *, void *)');
const schedule = libc.func('int sched_setscheduler(int, int, void *)');

interface Packet {
  /** Milliseconds of the clock when it arrives. */
  readonly due: number;
  readonly length: number;
  /** A buffer that begins with it. */
  readonly bytes: Buffer;
}

/** Buffers that no packet is in. */
const spare: Buffer[] = [];

/** One direction of the link. */
class Direction {
  private readonly queue: Packet[] = [];

  constructor(
    private readonly from: number,
    private readonly to: number,
    private readonly delay: number,
  ) {}

  /** Takes what the sender has sent. */
  take(): void {
    for (;;) {
      const bytes = spare.pop() ?? Buffer.allocUnsafe(MOST_BYTES);
      const length = Number(read(this.from, bytes, bytes.length));
      if (length <= 0) {
        spare.push(bytes);
        return;
      }
      this.queue.push({ due: performance.now() + this.delay, length, bytes });
    }
  }

  /** Delivers what is due, and says in how many milliseconds the next packet is. */
  deliver(): number {
    let left = Number.POSITIVE_INFINITY;
    let done = 0;
    for (const { due, length, bytes } of this.queue) {
      left = due - performance.now();
      if (left > 0) break;
      write(this.to, bytes, length);
      spare.push(bytes);
      done++;
      left = Number.POSITIVE_INFINITY;
    }
    this.queue.splice(0, done);
    return Math.max(0, left);
  }
}

/** Attaches to a TUN device of a namespace. */
function attach(namespace: string, device: string): number {
  const handle = openSync(`/run/netns/${namespace}`, 'r');
  if (setns(handle, CLONE_NEWNET) !== 0) throw new Error(`namespace ${namespace} cannot be entered`);
  closeSync(handle);
  const tun = openSync('/dev/net/tun', O_NONBLOCK_RDWR);
  const request = Buffer.alloc(40);
  request.write(device, 'latin1');
  request.writeInt16LE(TUN_WITHOUT_HEADER, 16);
  if (ioctl(tun, TUNSETIFF, request) !== 0) throw new Error(`${namespace} has no TUN device ${device}`);
  return tun;
}

const [first = '', second = '', device = '', delay = ''] = process.argv.slice(2);
const ends = [attach(first, device), attach(second, device)] as const;
// Before ranks that wait in a loop: with the usual schedule it would wait for them.
schedule(0, SCHED_FIFO, Int32Array.of(10));
const directions = [ends, ends.toReversed() as [number, number]].map(
  ([from, to]) => new Direction(from, to, 1000 * Number(delay)),
);
const STDIN = 0;
const polled = Buffer.alloc(24);
[...ends, STDIN].forEach((end, i) => {
  polled.writeInt32LE(end, 8 * i);
  polled.writeInt16LE(POLLIN, 8 * i + 4);
});
process.stdout.write('ready\n');
// What happened to the input stands at the end.
while (polled.readInt16LE(22) === 0) {
  for (const direction of directions) direction.take();
  const wait = Math.min(...directions.map((direction) => direction.deliver()));
  const nanoseconds = BigInt(Math.round(1e6 * Math.min(wait, 1000)));
  ppoll(polled, 3, BigInt64Array.of(nanoseconds / 1_000_000_000n, nanoseconds % 1_000_000_000n), null);
}
