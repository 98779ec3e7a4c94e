/** The range of a value over images. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** How values are rounded to bytes: x ≈ scale·(byte − zero). */
export interface ByteScale {
  readonly scale: number;
  readonly zero: number;
}

/** The scale of a range, which is widened to have 0. */
export function byteScale({ low, high }: ValueRange): ByteScale {
  const [least, most] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = Math.fround((most - least) / 255) || 1;
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-least / scale))) };
}

/** Weights of a channel in signed bytes, symmetric. */
export interface RoundedWeights {
  readonly bytes: Int8Array;
  /** One per channel. */
  readonly scales: Float32Array;
}

/** Largest magnitude of a rounded bias: sums of products are added to it in 32 bits. */
const MOST_BIAS = 2 ** 30;

/**
 * Rounds weights channel by channel. A channel whose weights are small beside its bias gets a larger scale, so that the bias fits
 * into 32 bits.
 *
 * @param weights [channels, rest], row-major; or [rest, channels] with `axis` 1
 * @param options inputScale: of what the weights are multiplied with
 */
export function roundWeights(
  weights: Float32Array,
  options: {
    readonly channels: number;
    readonly axis: 0 | 1;
    readonly bias: Float32Array | undefined;
    readonly inputScale: number;
  },
): RoundedWeights {
  const { channels, axis, bias, inputScale } = options;
  const length = weights.length / channels;
  const place = (channel: number, i: number): number =>
    axis === 0 ? channel * length + i : i * channels + channel;
  const bytes = new Int8Array(weights.length);
  const scales = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    let most = 0;
    for (let i = 0; i < length; i++) most = Math.max(most, Math.abs(weights[place(channel, i)]!));
    const least = Math.abs(bias?.[channel] ?? 0) / (inputScale * MOST_BIAS);
    const scale = Math.fround(Math.max(most / 127, least)) || 1;
    scales[channel] = scale;
    for (let i = 0; i < length; i++)
      bytes[place(channel, i)] = Math.max(
        -127,
        Math.min(127, Math.round(weights[place(channel, i)]! / scale)),
      );
  }
  return { bytes, scales };
}

/** A bias in the scale of the products, 32-bit. */
export function roundBias(bias: Float32Array, scales: Float32Array): Int32Array {
  return Int32Array.from(bias, (value, channel) => Math.round(value / scales[channel]!));
}
