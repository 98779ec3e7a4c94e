import { sizeOf } from '../../graph/tensorType.js';
import { type Precision, type ProfileEntry, TYPESCRIPT } from '../engine.js';
import { describeDesc, variantOf } from './describe.js';
import { ARG } from './dnnl.js';
import { elementBytes, type MemoryDesc } from './memoryDesc.js';
import type { Place } from './plan/place.js';
import { type PrimitiveStep, readsOf, type Step, type UpdateStep, writesOf } from './plan/step.js';
import type { PrimitiveSpec } from './primitiveSpec.js';

/** Floating-point operations of a primitive; a multiply-add counts two, and copies none. */
function flopsOf(spec: PrimitiveSpec): number {
  switch (spec.kind) {
    case 'convolution': {
      const { shape } = spec.weights;
      return 2 * sizeOf(spec.dst.shape) * sizeOf(shape.slice(shape.length - 3));
    }
    case 'matmul':
      return 2 * sizeOf(spec.dst.shape) * spec.a.shape.at(-1)!;
    case 'batchNorm':
      return 8 * sizeOf(spec.data.shape);
    case 'eltwise':
    case 'layerNorm':
    case 'logSoftmax':
      return sizeOf(spec.data.shape);
    case 'binary':
      return sizeOf(spec.dst.shape);
    case 'sum':
      return 2 * spec.sources.length * sizeOf(spec.dst.shape);
    case 'reduction':
      return sizeOf(spec.src.shape);
    case 'pooling':
      return Math.max(sizeOf(spec.src.shape), sizeOf(spec.dst.shape));
    case 'reorder':
      return 0;
  }
}

/** Whether a primitive multiplies bf16 numbers; whatever else is of that type is computed in f32. */
function precisionOf(spec: PrimitiveSpec): Precision {
  if (spec.kind === 'convolution') {
    const operands = { weightGradient: [spec.src, spec.dst], inputGradient: [spec.weights, spec.dst] };
    const pass = spec.pass === 'weightGradient' || spec.pass === 'inputGradient' ? spec.pass : undefined;
    return bothBf16(pass ? operands[pass] : [spec.src, spec.weights]);
  }
  return spec.kind === 'matmul' ? bothBf16([spec.a, spec.b]) : 'f32';
}

function bothBf16(operands: readonly MemoryDesc[]): Precision {
  return operands.every(({ type }) => type === 'bf16') ? 'bf16' : 'f32';
}

/** Bytes that a tensor takes, without the gaps between the pieces of a part. */
function bytesOfPlace({ desc, isPart }: Place): number {
  return isPart || desc.strides ? sizeOf(desc.shape) * elementBytes[desc.type] : desc.bytes;
}

/** Bytes of tensors, each once. */
function bytesOf(places: readonly Place[]): number {
  const sizes = new Map(
    places.map((place) => [`${place.buffer.id} ${place.offset} ${place.desc.key}`, bytesOfPlace(place)]),
  );
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}

/** Bytes that a step reads and writes, each tensor once in each direction. */
function trafficOf(step: Step): number {
  const written = writesOf(step);
  const addsOnto = step.kind === 'primitive' && step.spec.postOps?.some(({ kind }) => kind === 'sum');
  const dst = addsOnto ? step.args.filter(({ arg }) => arg === ARG.dst).map(({ place }) => place) : [];
  return bytesOf([...readsOf(step), ...dst]) + bytesOf(written);
}

/** Arguments that say nothing about a primitive's cost. */
const besides: ReadonlySet<number> = new Set([
  ARG.bias,
  ARG.mean,
  ARG.variance,
  ARG.scale,
  ARG.shift,
  ARG.workspace,
  ARG.scratchpad,
  ARG.diffBias,
  ARG.diffScale,
  ARG.diffShift,
]);

function updateDetailOf({ tensors }: UpdateStep): string {
  const numbers = tensors.reduce((total, { gradient: { desc } }) => total + sizeOf(desc.shape), 0);
  return `${numbers} numbers of ${tensors.length} tensors`;
}

/** A step's tensors, human-readable: what it reads → what it writes, with the chosen layouts. */
function detailOf(step: Step): string {
  const tensors = (places: readonly Place[]): string =>
    places.map(({ desc }) => describeDesc(desc)).join(' ');
  if (step.kind === 'update') return updateDetailOf(step);
  if (step.kind !== 'primitive')
    return `${step.kind === 'kernel' ? step.name : ''} ${tensors(readsOf(step))} → ${tensors(writesOf(step))}`.trimStart();
  const shown = step.args.filter(({ arg }) => !besides.has(arg));
  const sides = [false, true].map((written) =>
    tensors(shown.filter((each) => each.written === written).map(({ place }) => place)),
  );
  return `${variantOf(step.spec)} ${sides.join(' → ')}`;
}

/** What computes a step. */
function implementationOf(step: Step): string {
  switch (step.kind) {
    case 'host':
      return TYPESCRIPT;
    case 'kernel':
      return `our kernel, ${step.name}`;
    case 'update':
      return 'our kernel, all at once';
    case 'primitive':
      return `${step.spec.kind} ${step.primitive.implementation}`;
  }
}

/** Floating-point operations of a step. Those of host functions are not counted. */
function operationsOf(step: Step): number {
  if (step.kind === 'primitive') return flopsOf(step.spec);
  return step.kind === 'kernel' ? (step.flops ?? 0) : 0;
}

/** Our kernels compute in what their images are, or count no operations. */
function precisionOfOurs(step: Exclude<Step, PrimitiveStep>): Precision {
  return step.kind === 'kernel' && step.places.src.desc.type === 'bf16' ? 'bf16' : 'f32';
}

/** A step's entry in a profile, but for its time. */
export type StepDescription = Omit<ProfileEntry, 'milliseconds'>;

/** Describes a step for a profile. */
export function describeStep(step: Step): StepDescription {
  return {
    operation: step.operation,
    detail: detailOf(step),
    implementation: implementationOf(step),
    flops: operationsOf(step),
    bytes: trafficOf(step),
    precision: step.kind === 'primitive' ? precisionOf(step.spec) : precisionOfOurs(step),
    ...(step.phase && { phase: step.phase }),
  };
}

/** How many steps a plan has, and how many of them are computed in TypeScript. */
export function describeSteps(steps: readonly Step[]): string {
  const ours = steps.filter(({ kind }) => kind === 'host');
  const largest = Math.max(0, ...ours.map((step) => bytesOf([...readsOf(step), ...writesOf(step)])));
  const size = ours.length > 0 ? `, the largest on ${(largest / 1024).toFixed(1)} KiB` : '';
  return `${steps.length} steps, ${ours.length} of them in TypeScript${size}`;
}
