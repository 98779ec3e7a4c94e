import { type Network, type StepWork, stepCost } from '../../src/distributed/stepCost.js';

/** Bytes of gradients in a bucket, as PyTorch's DistributedDataParallel has them. */
const BUCKET = 25e6;

/** Networks of the table: Ethernet with TCP, and a network whose cards do the work (InfiniBand, RoCE). */
const NETWORKS: Readonly<Record<string, Network>> = {
  '10 Gbit/s': { bandwidth: 10e9 / 8, latency: 30e-6 },
  '100 Gbit/s': { bandwidth: 100e9 / 8, latency: 5e-6, handshake: 1 },
};

const MACHINES = [2, 8, 64, 512];

/** What the model of a step's cost says of many machines, a Markdown table: milliseconds of a step and the share of ideal speed. */
export function costTable(work: StepWork): string {
  const buckets = Math.max(2, Math.ceil(work.bytes / BUCKET));
  const cell = (network: Network, machines: number, of?: number): string => {
    const { total, efficiency } = stepCost(work, machines, network, of);
    return `${(1000 * total).toFixed(0)} (${(100 * efficiency).toFixed(0)}%)`;
  };
  const header = Object.keys(NETWORKS).flatMap((name) => [name, `${name}, overlapped`]);
  const rows = MACHINES.map((machines) => [
    String(machines),
    ...Object.values(NETWORKS).flatMap((network) => [
      cell(network, machines),
      cell(network, machines, buckets),
    ]),
  ]);
  const lines = [['machines', ...header], ['---', ...header.map(() => '---')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
