/** The page in which jax-js trains: its step, gradients and update are one compiled function. */
import * as jax from '@jax-js/jax';
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
import { conv } from './jaxConv.js';

const { numpy: np } = jax;

/** Per block weight [O, 9·C] and scale and shift, or bias, [O, 1]; last the linear layer's. */
type Values = jax.Array[];

/** Values of a block, the shift or bias as the last. */
function countOf({ norm }: Block): number {
  return norm ? 3 : 2;
}

function arrayOf({ values }: Pick<Initial, 'values'>, shape: readonly number[]): jax.Array {
  return np.array(values).reshape(shape);
}

function initialValues(net: Net): Values {
  const { blocks, weight, bias } = parametersOf(net);
  const values = blocks.flatMap((block, i): Values => {
    const { inputs, outputs, norm } = net.blocks[i]!;
    const filter = arrayOf(block.weight, [outputs, inputs * 9]);
    const constant = (value: number) => np.full([outputs, 1], value);
    return norm ? [filter, constant(1), constant(0)] : [filter, arrayOf(block.bias!, [outputs, 1])];
  });
  return [...values, arrayOf(weight, [CLASSES, net.features]), arrayOf(bias, [1, CLASSES])];
}

/** Scales rows [O, N·H·W] to deviation 1 and then by `scale`. */
function normalised(x: jax.Array, scale: jax.Array): jax.Array {
  const centred = x.ref.sub(np.mean(x, 1, { keepdims: true }));
  const variance = np.mean(centred.ref.mul(centred.ref), 1, { keepdims: true });
  return centred.mul(scale.div(np.sqrt(variance.add(EPSILON))));
}

/** A block on images with channels first, [C, N, H, W]. */
function blockOf(
  x: jax.Array,
  { stride, norm, pool, outputs }: Block,
  values: readonly jax.Array[],
): jax.Array {
  const [, n, h, w] = x.shape as [number, number, number, number];
  const [oh, ow] = [h / stride, w / stride];
  const rows = conv(x, values[0]!, stride);
  const scaled = norm ? normalised(rows, values[1]!) : rows;
  const y = jax.nn.relu(scaled.add(values.at(-1)!)).reshape([outputs, n, oh, ow]);
  return pool ? np.mean(y.reshape([outputs, n, oh / 2, 2, ow / 2, 2]), [3, 5]) : y;
}

/** The mean cross-entropy; it uses its arguments up, as functions of jax-js do. */
function lossOf(net: Net, values: Values, images: jax.Array, targets: jax.Array): jax.Array {
  let x = images;
  let used = 0;
  for (const block of net.blocks) {
    const count = countOf(block);
    x = blockOf(x, block, values.slice(used, used + count));
    used += count;
  }
  const seen = net.head === 'average' ? np.mean(x, [2, 3]).transpose([1, 0]) : x.transpose([1, 0, 2, 3]);
  const rows = seen.reshape([net.batch, net.features]);
  const logits = np.matmul(rows, values[used]!.transpose([1, 0])).add(values[used + 1]!);
  return jax.nn
    .logSoftmax(logits, 1)
    .mul(targets)
    .sum()
    .mul(-1 / net.batch);
}

/** One step: the loss and all new values and momenta. */
function stepOf(net: Net) {
  const differentiated = jax.valueAndGrad((values: Values, images: jax.Array, targets: jax.Array) =>
    lossOf(net, values, images, targets),
  );
  return jax.jit((values: Values, momenta: Values, images: jax.Array, targets: jax.Array) => {
    const [loss, gradients] = differentiated(
      values.map(({ ref }) => ref),
      images,
      targets,
    );
    const nextMomenta = momenta.map((momentum, i) => momentum.mul(MOMENTUM).add(gradients[i]!));
    const nextValues = values.map((value, i) => value.sub(nextMomenta[i]!.ref.mul(LEARNING_RATE)));
    return { loss, values: nextValues, momenta: nextMomenta };
  });
}

function train(net: Net): Training {
  const step = stepOf(net);
  let values = initialValues(net);
  let momenta = values.map((value) => np.zeros(value.shape));
  const { batch, channels, imageSize } = net;
  return {
    step: async ({ images, labels }) => {
      const given = arrayOf({ values: images }, [batch, channels, imageSize, imageSize]);
      const targets = arrayOf({ values: oneHot(labels) }, [batch, CLASSES]);
      const result = step(values, momenta, given.transpose([1, 0, 2, 3]), targets);
      ({ values, momenta } = result);
      await jax.blockUntilReady([values, momenta]);
      return (await result.loss.data())[0]!;
    },
    close: async () => {
      for (const each of [...values, ...momenta]) each.dispose();
      step.dispose();
    },
  };
}

declare const navigator: object;

const calls = callsOf(async (threads) => {
  // It takes as many threads as there are cores.
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: threads });
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return { version: `jax-js on WebAssembly (${threads} threads)`, train: async (net) => train(net) };
});

Object.assign(globalThis, { calls });
