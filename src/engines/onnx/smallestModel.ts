import { DataType } from '../../formats/onnx/modelBuilder.js';
import { GraphBuilder } from './lowering/graphBuilder.js';
import { STANDARD } from './providers.js';

/** A model of one node, whose session shows whether a provider starts. */
export function smallestModel(): Uint8Array {
  const builder = new GraphBuilder(STANDARD);
  builder.output(builder.op('Neg', [builder.input('x', DataType.FLOAT, [1])]), DataType.FLOAT, [1]);
  return builder.build('start');
}
