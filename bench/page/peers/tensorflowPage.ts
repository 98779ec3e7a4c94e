/** The page in which TensorFlow.js trains. */
import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import {
  type Block,
  CLASSES,
  EPSILON,
  type Initial,
  LEARNING_RATE,
  MOMENTUM,
  type Net,
  oneHot,
  parametersOf,
} from '../nets.js';
import { callsOf, type Training } from '../training.js';
import { conv, firstConv } from './tensorflowConv.js';

/** Parameters of a block, in TensorFlow's order: filter [3, 3, C, O]. */
interface BlockVariables {
  readonly filter: tf.Variable;
  readonly scale: tf.Variable | undefined;
  readonly shift: tf.Variable;
}

interface NetVariables {
  readonly blocks: readonly BlockVariables[];
  readonly weight: tf.Variable;
  readonly bias: tf.Variable;
}

function variable({ values, shape }: Initial, order?: readonly number[]): tf.Variable {
  const given = tf.tensor(values, shape);
  return tf.variable(order ? tf.transpose(given, order) : given);
}

function constant(length: number, value: number): tf.Variable {
  return tf.variable(tf.tensor(new Float32Array(length).fill(value), [length]));
}

function variablesOf(net: Net): NetVariables {
  const { blocks, weight, bias } = parametersOf(net);
  return {
    blocks: blocks.map((block, i): BlockVariables => {
      const { outputs, norm } = net.blocks[i]!;
      return {
        filter: variable(block.weight, [2, 3, 1, 0]),
        scale: norm ? constant(outputs, 1) : undefined,
        shift: block.bias ? variable(block.bias) : constant(outputs, 0),
      };
    }),
    weight: variable(weight),
    bias: variable(bias),
  };
}

function normalised(x: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, [0, 1, 2]));
  const variance = tf.mean(tf.mul(centred, centred), [0, 1, 2]);
  return tf.mul(centred, tf.div(scale, tf.sqrt(tf.add(variance, EPSILON))));
}

function blockOf(
  x: tf.Tensor,
  { stride, pool }: Block,
  variables: BlockVariables,
  first: boolean,
): tf.Tensor {
  const { filter, scale, shift } = variables;
  const y = (first ? firstConv : conv)(x, filter, stride);
  const activated = tf.relu(tf.add(scale ? normalised(y, scale) : y, shift));
  return pool ? tf.avgPool(activated, 2, 2, 'valid') : activated;
}

/** The mean cross-entropy of images [N, H, W, C]. */
function lossOf(net: Net, variables: NetVariables, images: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  let x = images;
  for (const [i, block] of net.blocks.entries()) x = blockOf(x, block, variables.blocks[i]!, i === 0);
  // Features are in the order of the given weights: channels first.
  const seen = net.head === 'average' ? tf.mean(x, [1, 2]) : tf.transpose(x, [0, 3, 1, 2]);
  const rows = tf.reshape(seen, [net.batch, net.features]);
  const logits = tf.add(tf.matMul(rows, variables.weight, false, true), variables.bias);
  return tf.neg(tf.div(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), net.batch));
}

function train(net: Net): Training {
  const variables = tf.tidy(() => variablesOf(net));
  const all = [
    ...variables.blocks.flatMap(({ filter, scale, shift }) => [filter, ...(scale ? [scale] : []), shift]),
    variables.weight,
    variables.bias,
  ];
  const momenta = new Map(
    all.map((each) => {
      const count = each.shape.reduce((product, size) => product * size, 1);
      return [each, tf.tidy(() => tf.variable(tf.tensor(new Float32Array(count), each.shape)))] as const;
    }),
  );
  const { batch, channels, imageSize } = net;
  return {
    step: async ({ images, labels }) => {
      const loss = tf.tidy(() => {
        const given = tf.tensor(images, [batch, channels, imageSize, imageSize]);
        const x = tf.transpose(given, [0, 2, 3, 1]);
        const targets = tf.tensor(oneHot(labels), [batch, CLASSES]);
        const { value, grads } = tf.variableGrads(() => lossOf(net, variables, x, targets), all);
        for (const [each, momentum] of momenta) {
          momentum.assign(tf.add(tf.mul(momentum, MOMENTUM), grads[each.name]!));
          each.assign(tf.sub(each, tf.mul(momentum, LEARNING_RATE)));
        }
        return value;
      });
      const [value] = await loss.data();
      loss.dispose();
      return value!;
    },
    close: async () => {
      for (const each of [...all, ...momenta.values()]) each.dispose();
    },
  };
}

declare const navigator: object;

const calls = callsOf(async (threads) => {
  // It takes at most half as many threads as there are cores.
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads });
  setWasmPaths('/');
  setThreadsCount(threads);
  if (!(await tf.setBackend('wasm'))) throw new Error('TensorFlow.js could not start its wasm backend');
  return {
    version: `TensorFlow.js ${tf.version_core} on WebAssembly (${getThreadsCount()} threads)`,
    train: async (net) => train(net),
  };
});

Object.assign(globalThis, { calls });
