/**
 * A 3×3 convolution for TensorFlow.js, whose WebAssembly backend has no gradient toward a filter: its own forward convolution,
 * and gradients by what is fastest of what it has. Images are [N, H, W, C], filters [3, 3, C, O].
 */
import * as tf from '@tensorflow/tfjs-core';

const AROUND = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
] as const;

/**
 * dW as a convolution of the transposed images [C, H, W, N] with the transposed gradient [H', W', N, O] as the filter, dilated by the
 * stride.
 */
function filterGradient(dy: tf.Tensor, x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor {
  const [, , c, o] = filter.shape as [number, number, number, number];
  const images = tf.transpose(x, [3, 1, 2, 0]);
  const gradient = tf.transpose(dy, [1, 2, 0, 3]);
  const taps = tf.conv2d(images, gradient, 1, AROUND, 'NHWC', stride);
  const kept = stride === 1 ? taps : tf.slice(taps, [0, 0, 0, 0], [c, 3, 3, o]);
  return tf.transpose(kept, [1, 2, 0, 3]);
}

/** dX: at stride 1 a convolution with the filter turned around, which is faster than the transposed one. */
function inputGradient(dy: tf.Tensor, x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor {
  if (stride !== 1) return tf.conv2dTranspose(dy, filter, x.shape, stride, AROUND);
  return tf.conv2d(dy, tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]), 1, AROUND);
}

/** The convolution of images that are given, which need no gradient. */
export function firstConv(x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor {
  return tf.customGrad<[tf.Tensor]>((w, save) => {
    save([w]);
    return {
      value: tf.conv2d(x, w, stride, AROUND),
      gradFunc: (dy) => [filterGradient(dy, x, filter, stride)],
    };
  })(filter);
}

/** The convolution of what other layers make. */
export function conv(x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor {
  return tf.customGrad<[tf.Tensor, tf.Tensor]>((images, w, save) => {
    save([images, w]);
    return {
      value: tf.conv2d(images, w, stride, AROUND),
      gradFunc: (dy, kept) => [
        inputGradient(dy, images, kept[1]!, stride),
        filterGradient(dy, kept[0]!, filter, stride),
      ],
    };
  })(x, filter);
}
