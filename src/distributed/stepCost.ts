/** The network between ranks. */
export interface Network {
  /** Bytes a second from a rank, and at the same time to it. */
  readonly bandwidth: number;
  /** Seconds that a short message takes. */
  readonly latency: number;
  /**
   * Latencies that a long message takes besides its bytes: over TCP 3, since the receiver is asked first; in shared memory and where the network card
   * does it 1. Default 3.
   */
  readonly handshake?: number | undefined;
  /** Bytes a second that a rank adds up. Default 4·10⁹. */
  readonly addition?: number | undefined;
}

/** What a rank does in a training step. */
export interface StepWork {
  /** Seconds of forward pass, backward pass and update of its part of the batch. */
  readonly compute: number;
  /** Bytes of all gradients: 4 times the number of parameters. */
  readonly bytes: number;
  /** Other collectives of a step, which are short: statistics, the loss, its least and greatest variance. Default 4. */
  readonly shortOnes?: number | undefined;
}

/** Seconds of a training step and its parts. */
export interface StepCost {
  readonly compute: number;
  /** Of the gradients' collectives, however much of them is hidden. */
  readonly gradients: number;
  /** Of the other collectives. */
  readonly shortOnes: number;
  /** The whole step. */
  readonly total: number;
  /** Images a second, as a share of what as many ranks would make of an infinitely fast network. */
  readonly efficiency: number;
}

/** Share of a step's computation that is backward pass: twice the forward pass. */
const BACKWARD = 2 / 3;

/**
 * Seconds in which ranks add up an array, each of which gets the sum: halves are exchanged and added, then quarters and so on, and the parts
 * collected likewise (Rabenseifner's algorithm, which Open MPI and MPICH choose for long arrays): 2·log₂N messages, in which each
 * rank sends 2·(N − 1)/N of the array. A number of ranks that is no power of two costs one message more at both ends.
 */
export function reductionSeconds(bytes: number, ranks: number, network: Network): number {
  if (ranks === 1) return 0;
  const { bandwidth, latency, handshake = 3, addition = 4e9 } = network;
  const rest = (ranks - 1) / ranks;
  return messages(ranks) * handshake * latency + rest * bytes * (2 / bandwidth + 1 / addition);
}

/** Messages that follow one another in the reduction of a long array. */
function messages(ranks: number): number {
  const whole = Math.floor(Math.log2(ranks));
  return 2 * whole + (2 ** whole === ranks ? 0 : 2);
}

/**
 * Predicts the seconds of a training step on several ranks, which all compute equally fast.
 *
 * @param buckets undefined (default): gradients are combined after the backward pass, as they are here. A number: in so many equal
 *   parts during the backward pass, by hardware that needs no processor for it: the most that overlapping could save
 */
export function stepCost(
  { compute, bytes, shortOnes = 4 }: StepWork,
  ranks: number,
  network: Network,
  buckets?: number,
): StepCost {
  const short = shortOnes * Math.ceil(Math.log2(ranks)) * network.latency;
  const gradients = (buckets ?? 1) * reductionSeconds(bytes / (buckets ?? 1), ranks, network);
  const seen = buckets === undefined ? gradients : exposed(gradients, compute * BACKWARD, buckets);
  const total = compute + seen + short;
  return { compute, gradients, shortOnes: short, total, efficiency: compute / total };
}

/**
 * What of the reductions comes after the backward pass, of whose buckets each is ready after an equal share: the last one at least; where they
 * take longer than computing, all but what the computing of the later buckets hides.
 */
function exposed(reductions: number, backward: number, buckets: number): number {
  return Math.max(reductions / buckets, reductions - backward * (1 - 1 / buckets));
}
