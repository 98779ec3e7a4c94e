import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import type { ReferenceExecutable } from '../../src/engines/reference/executable.js';
import type { Values } from '../../src/engines/reference/kernel.js';
import type { Arithmetic, ReferenceVariable } from '../../src/engines/reference/variables.js';
import { type Program, variablesOf } from '../../src/graph/program.js';

/** A program on the reference backend, on the calling thread. */
export interface ReferenceProgram {
  readonly executable: ReferenceExecutable;
  readonly variables: ReadonlyMap<string, ReferenceVariable>;
}

/**
 * Compiles a program for the reference backend.
 *
 * @param values of its variables; others are zeros
 */
export function onReference(
  program: Program,
  values: ReadonlyMap<string, Values> = new Map(),
  arithmetic: Arithmetic = 'f64',
): ReferenceProgram {
  const backend = new ReferenceBackend({ arithmetic });
  const variables = new Map(variablesOf(program).map((type) => [type.name, backend.variable(type)]));
  for (const [name, data] of values) variables.get(name)?.write(data);
  const executable = backend.compile(program, { variables, frozen: false, precision: 'f32' });
  return { executable, variables };
}
