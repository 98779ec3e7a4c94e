import type { PoolGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import type { Emitter, Operand } from '../codegen/emitter.js';
import { type Expression, elementwise, floatText, fromStored, moved } from '../codegen/expression.js';
import { Index } from '../codegen/index.js';
import type { Draft } from '../plan/draft.js';
import type { Lowerings } from './lowering.js';
import { addReduction } from './reduce.js';
import { overOutputs, overWindow, type Sliding } from './window.js';

function sliding({ kernel, stride, padding }: PoolGeometry): Sliding {
  return { size: kernel, stride, padding, dilation: [1, 1] };
}

function each(at: Emitter, statement: string): void {
  at.line(`LANES(${at.lanes}) { ${statement} }`);
}

/** Whether there is one window, and it holds all of an image, without padding. */
function isWhole({ kernel, padding }: PoolGeometry, image: Shape, result: Shape): boolean {
  return (
    kernel[0] === image[2] &&
    kernel[1] === image[3] &&
    padding.every((p) => p === 0) &&
    result[2] === 1 &&
    result[3] === 1
  );
}

function meanOf(draft: Draft, xValue: ValueId, value: ValueId): void {
  addReduction(draft, { x: draft.expression(xValue), axes: [2, 3], fn: 'mean', value });
}

/** dy [N,C,1,1], spread evenly. */
function spreadEvenly(draft: Draft, dyValue: ValueId, value: ValueId): void {
  const shape = draft.shapeOf(value);
  const share = floatText(1 / (shape[2]! * shape[3]!));
  draft.define(
    value,
    elementwise(shape, [draft.expression(dyValue)], (dy) => `${dy} * ${share}`),
  );
}

function averagePool(x: Expression, shape: Shape, geometry: PoolGeometry): Expression {
  const share = floatText(1 / (geometry.kernel[0] * geometry.kernel[1]));
  return moved([x], shape, (at, [n, c, h, w]) => {
    const total = at.changing('0.0f');
    overWindow(at, sliding(geometry), [h!, w!], [x.shape[2]!, x.shape[3]!], ({ row, column }) => {
      each(at, `${total.text} += ${x.load(at, [n!, c!, row, column]).text};`);
    });
    return at.apply([total], (sum) => `${sum} * ${share}`);
  });
}

/** The largest element of a window; NaN is larger than all. */
function largest(
  at: Emitter,
  x: Expression,
  [n, c, h, w]: readonly Index[],
  geometry: PoolGeometry,
): Operand {
  const most = at.changing(floatText(Number.NEGATIVE_INFINITY));
  overWindow(at, sliding(geometry), [h!, w!], [x.shape[2]!, x.shape[3]!], ({ row, column }) => {
    each(at, `${most.text} = larger(${x.load(at, [n!, c!, row, column]).text}, ${most.text});`);
  });
  return most;
}

/**
 * The gradient toward an element of x: of every window that it is in, the result's if it is the first of the greatest there. NaN is greater
 * than all, and the last NaN than the others.
 */
function maximumGrad(dy: Expression, x: Expression, geometry: PoolGeometry): Expression {
  const shape = x.shape;
  return moved([dy, x], shape, (at, index) => {
    const [n, c, h, w] = index as readonly [Index, Index, Index, Index];
    const own = x.load(at, index);
    const total = at.changing('0.0f');
    overOutputs(at, sliding(geometry), [h, w], [dy.shape[2]!, dy.shape[3]!], (window) => {
      const isFirst = at.changing('1', 'int');
      overWindow(
        at,
        sliding(geometry),
        [window.row, window.column],
        [shape[2]!, shape[3]!],
        ({ row, column }) => {
          const other = x.load(at, [n, c, row, column]).text;
          const place = `(${row.text()}) * ${shape[3]} + (${column.text()})`;
          const ownPlace = `(${h.text()}) * ${shape[3]} + (${w.text()})`;
          const before = at.value(`${place} < ${ownPlace}`, false, 'int').text;
          const after = at.value(`${place} > ${ownPlace}`, false, 'int').text;
          const isUndefined = `${own.text} != ${own.text}`;
          each(
            at,
            `if ((${before} && !(${isUndefined}) && !(${own.text} > ${other})) || (${after} && (${other} > ${own.text} || ${other} != ${other}))) ${isFirst.text} = 0;`,
          );
        },
      );
      const gradient = dy.load(at, [n, c, window.row, window.column]);
      each(at, `if (${isFirst.text}) ${total.text} += ${gradient.text};`);
    });
    return total;
  });
}

/** Windows of an adaptive average: rows of a result's row `i`, as texts. */
function adaptiveBounds(i: string, size: number, windows: number): readonly [start: string, end: string] {
  return [`(${i}) * ${size} / ${windows}`, `(((${i}) + 1) * ${size} + ${windows - 1}) / ${windows}`];
}

function adaptiveAverage(x: Expression, shape: Shape): Expression {
  return moved([x], shape, (at, [n, c, h, w]) => {
    const [rows, columns] = ([h!, w!] as const).map((each_, i) =>
      adaptiveBounds(each_.text('first'), x.shape[i + 2]!, shape[i + 2]!),
    ) as [readonly [string, string], readonly [string, string]];
    const total = at.changing('0.0f');
    const [row, column] = [at.name('h'), at.name('w')];
    at.block(`for (int ${row} = ${rows[0]}; ${row} < ${rows[1]}; ++${row})`, () => {
      at.block(`for (int ${column} = ${columns[0]}; ${column} < ${columns[1]}; ++${column})`, () => {
        const value = x.load(at, [
          n!,
          c!,
          Index.counter(row, x.shape[2]!),
          Index.counter(column, x.shape[3]!),
        ]);
        each(at, `${total.text} += ${value.text};`);
      });
    });
    const area = `((float)((${rows[1]} - ${rows[0]}) * (${columns[1]} - ${columns[0]})))`;
    return at.apply([total], (sum) => `${sum} / ${area}`);
  });
}

function adaptiveGrad(dy: Expression, shape: Shape): Expression {
  return moved([dy], shape, (at, [n, c, h, w]) => {
    const total = at.changing('0.0f');
    const [row, column] = [at.name('h'), at.name('w')];
    const along = (name: string, position: Index, axis: 2 | 3, body: () => void): void => {
      const [size, windows] = [shape[axis]!, dy.shape[axis]!];
      const [start, end] = adaptiveBounds(name, size, windows);
      at.block(`for (int ${name} = 0; ${name} < ${windows}; ++${name})`, () => {
        const place = position.text('first');
        at.block(`if (${start} <= ${place} && ${place} < ${end})`, body);
      });
    };
    along(row, h!, 2, () => {
      along(column, w!, 3, () => {
        const [rows, columns] = [
          adaptiveBounds(row, shape[2]!, dy.shape[2]!),
          adaptiveBounds(column, shape[3]!, dy.shape[3]!),
        ];
        const area = `((float)((${rows[1]} - ${rows[0]}) * (${columns[1]} - ${columns[0]})))`;
        const value = dy.load(at, [
          n!,
          c!,
          Index.counter(row, dy.shape[2]!),
          Index.counter(column, dy.shape[3]!),
        ]);
        each(at, `${total.text} += ${value.text} / ${area};`);
      });
    });
    return total;
  });
}

/** A value whose elements several of its readers' read: in memory. */
function inMemory(draft: Draft, value: ValueId): Expression {
  return fromStored(draft.stored(value));
}

/** Pooling: windows are gone through by the kernel that writes the result. */
export const poolLowerings: Lowerings<
  | 'avgPool2d'
  | 'avgPool2dGrad'
  | 'maxPool2d'
  | 'maxPool2dGrad'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: (draft, { attributes, inputs, outputs }) => {
    const shape = draft.shapeOf(outputs[0]!);
    if (isWhole(attributes, draft.shapeOf(inputs[0]!), shape)) return meanOf(draft, inputs[0]!, outputs[0]!);
    draft.compute(outputs[0]!, averagePool(inMemory(draft, inputs[0]!), shape, attributes));
  },
  avgPool2dGrad: (draft, { attributes, inputs, outputs }) => {
    const { inputShape, ...geometry } = attributes;
    if (isWhole(geometry, inputShape, draft.shapeOf(inputs[0]!)))
      return spreadEvenly(draft, inputs[0]!, outputs[0]!);
    const dy = inMemory(draft, inputs[0]!);
    const share = floatText(1 / (geometry.kernel[0] * geometry.kernel[1]));
    const expression = moved([dy], inputShape, (at, [n, c, h, w]) => {
      const total = at.changing('0.0f');
      overOutputs(at, sliding(geometry), [h!, w!], [dy.shape[2]!, dy.shape[3]!], ({ row, column }) => {
        each(at, `${total.text} += ${dy.load(at, [n!, c!, row, column]).text};`);
      });
      return at.apply([total], (sum) => `${sum} * ${share}`);
    });
    draft.compute(outputs[0]!, expression);
  },
  maxPool2d: (draft, { attributes, inputs, outputs }) => {
    const x = inMemory(draft, inputs[0]!);
    const shape = draft.shapeOf(outputs[0]!);
    draft.compute(
      outputs[0]!,
      moved([x], shape, (at, index) => largest(at, x, index, attributes)),
    );
  },
  maxPool2dGrad: (draft, { attributes, inputs, outputs }) => {
    const [dy, x] = [inMemory(draft, inputs[0]!), inMemory(draft, inputs[1]!)];
    draft.compute(outputs[0]!, maximumGrad(dy, x, attributes));
  },
  adaptiveAvgPool2d: (draft, { inputs, outputs }) => {
    const shape = draft.shapeOf(outputs[0]!);
    if (shape[2] === 1 && shape[3] === 1) return meanOf(draft, inputs[0]!, outputs[0]!);
    draft.compute(outputs[0]!, adaptiveAverage(inMemory(draft, inputs[0]!), shape));
  },
  adaptiveAvgPool2dGrad: (draft, { attributes, inputs, outputs }) => {
    const [height, width] = attributes.outputSize;
    if (height === 1 && width === 1) return spreadEvenly(draft, inputs[0]!, outputs[0]!);
    draft.compute(outputs[0]!, adaptiveGrad(inMemory(draft, inputs[0]!), attributes.inputShape));
  },
};
