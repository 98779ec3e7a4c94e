import { roundHalfEven } from '../images/geometry.js';
import type { RgbImage } from '../images/image.js';

/** Standard deviations that are chosen from, in pixels: torchvision's default. */
export const BLUR_SIGMA: readonly [number, number] = [0.1, 2];

/** Width of the kernel, an odd number: a tenth of the image's size, as SimCLR has it, at least 3. 23 for 224 pixels. */
export function blurKernelSize(imageSize: number): number {
  return Math.max(3, 2 * Math.floor(imageSize / 20) + 1);
}

/** Weights of torchvision's kernel along one axis, which add up to 1. */
function kernelOf(size: number, sigma: number): Float64Array {
  const half = (size - 1) / 2;
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** A place outside of an axis, mirrored at the outermost pixel. */
function reflect(at: number, length: number): number {
  const inside = Math.abs(at);
  return inside < length ? inside : Math.max(0, 2 * (length - 1) - inside);
}

/**
 * Blurs an image in place, as torchvision's gaussian_blur: mirrored at the borders, rounded, halves to the even number.
 *
 * @param kernelSize odd, and below twice the image's height and width
 * @param sigma standard deviation in pixels
 */
export function gaussianBlur(image: RgbImage, kernelSize: number, sigma: number): void {
  const { data, width, height } = image;
  const kernel = kernelOf(kernelSize, sigma);
  const half = (kernelSize - 1) / 2;
  const across = new Float32Array(data.length);
  const padded = new Float32Array(3 * (width + 2 * half));
  for (let y = 0; y < height; y++) {
    for (let x = -half; x < width + half; x++) {
      const from = 3 * (y * width + reflect(x, width));
      for (let c = 0; c < 3; c++) padded[3 * (x + half) + c] = data[from + c]!;
    }
    weigh(across.subarray(3 * y * width, 3 * (y + 1) * width), padded, kernel);
  }
  const sums = new Float64Array(3 * width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = 0; k < kernelSize; k++) {
      const from = 3 * width * reflect(y + k - half, height);
      for (let i = 0; i < sums.length; i++) sums[i]! += kernel[k]! * across[from + i]!;
    }
    for (let i = 0; i < sums.length; i++) data[3 * y * width + i] = roundHalfEven(sums[i]!);
  }
}

/** out[i] = Σ over k of kernel[k] · padded[i + 3k]: a row of pixels of three colours. */
function weigh(out: Float32Array, padded: Float32Array, kernel: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = 0, at = i; k < kernel.length; k++, at += 3) sum += kernel[k]! * padded[at]!;
    out[i] = sum;
  }
}
