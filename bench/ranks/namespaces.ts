import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mpirun } from '../../src/cli/launch/mpirun.js';

/** A link between two machines. */
export interface Link {
  /** Bits a second each way. */
  readonly bitrate: number;
  /** Seconds that a packet is delayed each way. */
  readonly delay: number;
}

/** Network namespaces, which are two machines to MPI, with host names of their own. */
const HOSTS = ['biasloss-a', 'biasloss-b'] as const;
const ADDRESSES = ['10.77.0.1', '10.77.0.2'] as const;
const DEVICE = 'mpi0';

/** What mpirun calls instead of ssh: `agent [-x…] HOST COMMAND…`. */
const AGENT = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"
`;

/** Two network namespaces of this machine, joined by a link. Needs root, `ip` and `tc` (iproute2) and `unshare`. */
export class Namespaces {
  private readonly folder = mkdtempSync(join(tmpdir(), 'biasloss-netns-'));
  private readonly agent = join(this.folder, 'agent.sh');

  /** Makes them. @throws Error when that is not permitted */
  make(): void {
    this.remove();
    writeFileSync(this.agent, AGENT);
    chmodSync(this.agent, 0o755);
    const [a, b] = HOSTS;
    for (const host of HOSTS) ip('netns', 'add', host);
    ip('link', 'add', DEVICE, 'netns', a, 'type', 'veth', 'peer', 'name', DEVICE, 'netns', b);
    const names = HOSTS.map((host, i) => `${ADDRESSES[i]} ${host}\n`).join('');
    HOSTS.forEach((host, i) => {
      ip('-n', host, 'addr', 'add', `${ADDRESSES[i]}/24`, 'dev', DEVICE);
      for (const device of ['lo', DEVICE]) ip('-n', host, 'link', 'set', device, 'up');
      // `ip netns exec` puts it over /etc/hosts.
      mkdirSync(join('/etc/netns', host), { recursive: true });
      writeFileSync(join('/etc/netns', host, 'hosts'), `127.0.0.1 localhost\n${names}`);
    });
  }

  /**
   * Gives the link a bandwidth and a delay.
   *
   * @returns false if the kernel cannot delay packets (it has no netem): nothing has changed then
   */
  shape({ bitrate, delay }: Link): boolean {
    const rate = `${Math.round(bitrate / 1000)}kbit`;
    const netem = ['netem', 'rate', rate, 'delay', `${Math.round(delay * 1e6)}us`, 'limit', '100000'];
    // A bucket of as many bytes as a tick of the clock lets through, or a few packets.
    const burst = String(Math.max(64_000, Math.round(bitrate / 8 / 250)));
    const bucket = ['tbf', 'rate', rate, 'burst', burst, 'latency', '100ms'];
    return this.apply(netem) || (delay === 0 && this.apply(bucket));
  }

  private apply(discipline: readonly string[]): boolean {
    return HOSTS.every((host) => {
      const args = ['-n', host, 'qdisc', 'replace', 'dev', DEVICE, 'root', ...discipline];
      return spawnSync('tc', args).status === 0;
    });
  }

  /** Program and arguments that run a command of two ranks, one in each namespace, over TCP alone. */
  command({ kind, program }: Mpirun, command: readonly string[]): [string, string[]] {
    const own =
      kind === 'Open MPI'
        ? [
            ...['--allow-run-as-root', '--bind-to', 'none', '--mca', 'plm_rsh_agent', this.agent],
            ...['--host', HOSTS.map((host) => `${host}:1`).join(), '--mca', 'btl', 'self,tcp'],
            ...['--mca', 'btl_tcp_if_include', DEVICE, '--mca', 'oob_tcp_if_include', DEVICE],
          ]
        : [
            ...['-launcher', 'rsh', '-launcher-exec', this.agent, '-hosts', HOSTS.join(), '-iface', DEVICE],
            ...['-genv', 'UCX_TLS', 'tcp,self'],
          ];
    const first = ['netns', 'exec', HOSTS[0], 'unshare', '--uts', 'sh', '-c'];
    const inside = [`hostname ${HOSTS[0]}; exec "$@"`, 'sh', program, ...own, '-n', '2', ...command];
    return ['ip', [...first, ...inside]];
  }

  /** Removes namespaces and files. */
  close(): void {
    this.remove();
    rmSync(this.folder, { recursive: true });
  }

  private remove(): void {
    for (const host of HOSTS) {
      spawnSync('ip', ['netns', 'del', host]);
      rmSync(join('/etc/netns', host), { recursive: true, force: true });
    }
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
