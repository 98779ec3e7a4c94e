import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mpirun, mpirunArguments } from '../../src/cli/launch/mpirun.js';

/** A link between two machines. */
export interface Link {
  /** Bits a second each way; 0: as many as can be. */
  readonly bitrate: number;
  /** Seconds that a packet is delayed each way. */
  readonly delay: number;
}

/** A link that does not limit anything. */
export const OPEN_LINK: Link = { bitrate: 0, delay: 0 };

const ADDRESSES = ['10.77.0.1', '10.77.0.2'] as const;
const DEVICE = 'mpi0';

/** Bytes of a packet: long ones cost the relay little. */
const MTU = 32_768;

/** Share of a link's bytes that is TCP's payload: a packet has 20 bytes of IP and 32 of TCP. */
export const PAYLOAD = (MTU - 52) / MTU;

/** What mpirun calls instead of ssh: `agent [-x…] HOST COMMAND…`. */
const AGENT = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"
`;

const relay = fileURLToPath(new URL('./relay.js', import.meta.url));

/** Two network namespaces of this machine, joined by a link. Needs Linux, root, `ip` and `tc` (iproute2) and `unshare`. */
export class Namespaces {
  /** Names of the namespaces, which are host names of two machines to MPI; of this process alone. */
  readonly hosts = [`biasloss-${process.pid}-a`, `biasloss-${process.pid}-b`] as const;
  private readonly folder = mkdtempSync(join(tmpdir(), 'biasloss-netns-'));
  private readonly agent = join(this.folder, 'agent.sh');
  private relay: ChildProcess | undefined;

  /** Makes them, with an open link. @throws Error when that is not permitted */
  async make(): Promise<void> {
    this.remove();
    writeFileSync(this.agent, AGENT);
    chmodSync(this.agent, 0o755);
    const names = this.hosts.map((host, i) => `${ADDRESSES[i]} ${host}\n`).join('');
    this.hosts.forEach((host, i) => {
      ip('netns', 'add', host);
      ip('-n', host, 'tuntap', 'add', 'dev', DEVICE, 'mode', 'tun');
      ip('-n', host, 'addr', 'add', `${ADDRESSES[i]}/24`, 'dev', DEVICE);
      ip('-n', host, 'link', 'set', 'lo', 'up');
      ip('-n', host, 'link', 'set', DEVICE, 'mtu', String(MTU), 'up');
      // `ip netns exec` puts it over /etc/hosts.
      mkdirSync(join('/etc/netns', host), { recursive: true });
      writeFileSync(join('/etc/netns', host, 'hosts'), `127.0.0.1 localhost\n${names}`);
    });
    await this.shape(OPEN_LINK);
  }

  /** Gives the link a bandwidth and a delay. */
  async shape({ bitrate, delay }: Link): Promise<void> {
    await this.cut();
    for (const host of this.hosts) limit(host, bitrate);
    const args = [relay, ...this.hosts, DEVICE, String(delay)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.relay = child;
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'close').then(() => {
        throw new Error('the link between the namespaces could not be made');
      }),
    ]);
  }

  /** Takes the link down: packets are lost. */
  async cut(): Promise<void> {
    const child = this.relay;
    this.relay = undefined;
    if (child?.exitCode !== null || !child.kill('SIGKILL')) return;
    await once(child, 'close');
  }

  /** Variables for mpirun, by which it reaches the other namespace, over TCP alone. */
  environment({ kind }: Pick<Mpirun, 'kind'>): Record<string, string> {
    return kind === 'Open MPI'
      ? {
          OMPI_MCA_plm_rsh_agent: this.agent,
          OMPI_MCA_btl: 'self,tcp',
          OMPI_MCA_btl_tcp_if_include: DEVICE,
          OMPI_MCA_oob_tcp_if_include: DEVICE,
        }
      : {
          HYDRA_LAUNCHER: 'rsh',
          HYDRA_LAUNCHER_EXEC: this.agent,
          HYDRA_IFACE: DEVICE,
          UCX_TLS: 'tcp,self',
        };
  }

  /** A command as it is run in the first namespace. */
  inFirst(command: readonly string[]): [string, string[]] {
    const [host] = this.hosts;
    const inside = [`hostname ${host}; exec "$@"`, 'sh', ...command];
    return ['ip', ['netns', 'exec', host, 'unshare', '--uts', 'sh', '-c', ...inside]];
  }

  /** Program and arguments that run a command of two ranks, one in each namespace, with {@link environment}. */
  command(mpirun: Mpirun, command: readonly string[]): [string, string[]] {
    const hosts = this.hosts.map((name) => ({ name, slots: 1 }));
    const request = { ranks: 2, hosts, command, variables: ['OMP_NUM_THREADS'], isRoot: true };
    return this.inFirst([mpirun.program, ...mpirunArguments(mpirun, request)]);
  }

  /** Removes namespaces and files. */
  async close(): Promise<void> {
    await this.cut();
    this.remove();
    rmSync(this.folder, { recursive: true });
  }

  private remove(): void {
    for (const host of this.hosts) {
      spawnSync('ip', ['netns', 'del', host]);
      rmSync(join('/etc/netns', host), { recursive: true, force: true });
    }
  }
}

/**
 * Limits what a namespace sends. The queue is where TCP sees it, as of a network card, and does not fill it: behind the packets of a long queue
 * acknowledgements would wait, and halve what both directions get.
 */
function limit(host: string, bitrate: number): void {
  const on = ['-n', host, 'qdisc'];
  if (bitrate === 0) spawnSync('tc', [...on, 'del', 'dev', DEVICE, 'root']);
  else {
    const rate = ['rate', String(Math.round(bitrate)), 'burst', String(2 * MTU), 'limit', '4000000'];
    execFileSync('tc', [...on, 'replace', 'dev', DEVICE, 'root', 'tbf', ...rate]);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
