import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createEngine, type EngineName } from '../../../src/engines/createEngine.js';
import type { Engine, Precision } from '../../../src/engines/engine.js';
import { startThreadEngine } from '../../../src/engines/host/threadEngine.js';
import { errorMessage } from '../../../src/errors.js';
import { variablesOf } from '../../../src/graph/program.js';
import { isMissing } from '../../support/onednn.js';
import { aheadBehaviours } from './ahead.js';
import { conformanceCases } from './cases.js';
import { assertClose, expectedOutputs, tensorData, toleranceOf } from './compare.js';
import { labelBehaviours } from './labels.js';
import { updateBehaviours } from './updates.js';
import { behaviours as variableBehaviours } from './variables.js';

const behaviours = { ...variableBehaviours, ...updateBehaviours, ...aheadBehaviours, ...labelBehaviours };

/** The engine of pages, in Node. */
const WASM = new URL('../onnx/fixtures/wasmBackend.js', import.meta.url);

/** The CUDA engine without a card. */
const EMULATED = new URL('../cuda/fixtures/emulatedBackend.js', import.meta.url);

/** An engine that the suite runs on. */
export interface Subject {
  readonly engine: EngineName | 'wasm' | 'emulated CUDA';
  /** Default f32. */
  readonly precision?: Precision;
  /** Skip, and say why, where the engine's library is not installed: it is no dependency of the package. */
  readonly optional?: boolean;
  /** Default: all. */
  readonly cases?: typeof conformanceCases;
  /** Tests that the engine is known to fail, by name, each with the reason. */
  readonly exclusions?: Readonly<Record<string, string>>;
}

/** Relative error of results in tf32 and bf16, which have 11 and 8 bits: a few roundings. */
const leastTolerance: Readonly<Record<Precision, number>> = { f32: 0, tf32: 4e-3, bf16: 3e-2 };

async function startOrReason({ engine, precision = 'f32', optional }: Subject): Promise<Engine | string> {
  try {
    if (engine === 'wasm')
      return await startThreadEngine({ name: engine, module: WASM }, { threads: 1, precision, choices: {} });
    if (engine === 'emulated CUDA')
      return await startThreadEngine(
        { name: engine, module: EMULATED },
        { threads: 1, precision, choices: {} },
      );
    return await createEngine(engine, { threads: 2, precision });
  } catch (error) {
    if (optional && isMissing(error)) return errorMessage(error);
    throw error;
  }
}

/** Defines the conformance tests of an engine: all cases against the reference in double precision, and behaviour. */
export async function conformanceSuite(subject: Subject): Promise<void> {
  const { precision = 'f32', exclusions = {}, cases = conformanceCases } = subject;
  const title = `${subject.engine} in ${precision}`;
  const engine = await startOrReason(subject);
  if (typeof engine === 'string') {
    test(title, { skip: engine }, () => undefined);
    return;
  }
  describe(title, () => {
    after(() => engine.close());
    const options = (name: string): { skip?: string } => {
      const reason = exclusions[name];
      return reason === undefined ? {} : { skip: reason };
    };
    for (const { name, ...conformanceCase } of cases) {
      test(name, options(name), async () => {
        const { program, inputs, frozen } = conformanceCase;
        const variables = await engine.variables(variablesOf(program));
        if (frozen) await variables.write(new Map(Object.entries(tensorData(Object.fromEntries(frozen)))));
        const executable = await engine.compile(program, { variables, frozen: frozen !== undefined });
        const expected = expectedOutputs({ name, ...conformanceCase });
        const tolerance = toleranceOf(program, leastTolerance[precision]);
        for (let run = 0; run < 2; run++)
          assertClose(await executable.run(tensorData(inputs)), expected, tolerance);
        await executable.close();
        await variables.dispose();
      });
    }
    for (const [name, check] of Object.entries(behaviours)) test(name, options(name), () => check(engine));
    test('exclusions name tests', () => {
      const names = new Set([...conformanceCases.map(({ name }) => name), ...Object.keys(behaviours)]);
      assert.deepEqual(
        Object.keys(exclusions).filter((name) => !names.has(name)),
        [],
      );
    });
  });
}
