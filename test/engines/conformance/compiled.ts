import type { Engine, Executable, Variables } from '../../../src/engines/engine.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import type { TensorData } from '../../../src/graph/tensorType.js';

/** What an engine must do besides computing: each throws where it does not. */
export type Behaviour = (engine: Engine) => Promise<void>;

/** Numbers as an engine takes them. */
export const floats = (...values: number[]): Float32Array => Float32Array.from(values);

/** The numbers of a variable. */
export async function readOne(variables: Variables, name: string): Promise<number[]> {
  return [...(await variables.read([name])).get(name)!];
}

/** A program on an engine, with variables of its own: zeros but for the values given. */
export async function compiled(
  engine: Engine,
  program: Program,
  values: Readonly<Record<string, TensorData>> = {},
): Promise<{ executable: Executable; variables: Variables }> {
  const variables = await engine.variables(variablesOf(program));
  await variables.write(new Map(Object.entries(values)));
  return { executable: await engine.compile(program, { variables }), variables };
}
