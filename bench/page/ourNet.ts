import type { Engine } from '../../src/engines/engine.js';
import { relu } from '../../src/graph/ops/elementwise.js';
import { globalAvgPool2d } from '../../src/graph/ops/pooling.js';
import { flatten } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { Model, type ModelOutput } from '../../src/models/model.js';
import { BatchNorm2d, Conv2d, Linear } from '../../src/nn/layers.js';
import type { Initialiser } from '../../src/nn/parameter.js';
import { AvgPool2d } from '../../src/nn/pooling.js';
import { Sequential } from '../../src/nn/sequential.js';
import type { Trace } from '../../src/nn/trace.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import {
  type Block,
  type BlockParameters,
  CLASSES,
  EPSILON,
  type Initial,
  LEARNING_RATE,
  MOMENTUM,
  type Net,
  parametersOf,
} from './nets.js';
import type { Trainer } from './training.js';

function given({ values }: Initial): Initialiser {
  return (target) => target.set(values);
}

/** A net made of this library's layers. */
class OurNet extends Model {
  override readonly classifierEntries = ['fc.weight', 'fc.bias'];
  readonly body: Sequential;
  readonly fc: Linear;
  private readonly head: Net['head'];

  constructor(net: Net) {
    super({ name: `net ${net.name}`, classes: CLASSES, imageSize: net.imageSize, channels: net.channels });
    const { blocks, weight, bias } = parametersOf(net);
    this.body = new Sequential(net.blocks.flatMap((block, i) => layersOf(block, blocks[i]!)));
    this.fc = new Linear(net.features, CLASSES, { weight: given(weight), bias: given(bias) });
    this.head = net.head;
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const features = this.body.forward(images, trace);
    const seen = this.head === 'average' ? globalAvgPool2d(features) : features;
    return { logits: this.fc.forward(flatten(seen), trace), features };
  }
}

function layersOf({ inputs, outputs, stride, norm, pool }: Block, { weight, bias }: BlockParameters) {
  const init = { weightInit: given(weight), ...(bias && { biasInit: given(bias) }) };
  const conv = new Conv2d(inputs, outputs, 3, { stride, bias: !norm, ...init });
  return [
    conv,
    ...(norm ? [new BatchNorm2d(outputs, EPSILON)] : []),
    relu,
    ...(pool ? [new AvgPool2d(2)] : []),
  ];
}

/** This library on one of its engines, in a page or in Node. */
export function ourTrainer(engine: Engine): Trainer {
  return {
    version: engine.description,
    train: async (net) => {
      const learner = await Learner.create({
        engine,
        model: new OurNet(net),
        loss: crossEntropyLoss(),
        optimizer: sgd({ momentum: MOMENTUM, weightDecay: 0 }),
        batchSize: net.batch,
      });
      let step = 0;
      return {
        step: async (batch) =>
          (await learner.step(batch, { learningRate: LEARNING_RATE, step: step++ })).loss,
        close: () => learner.close(),
      };
    },
  };
}
