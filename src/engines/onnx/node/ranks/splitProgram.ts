import type { RankReduction } from '../../../../graph/op.js';
import type { AnyProgramNode, Program, ValueId } from '../../../../graph/program.js';
import type { TensorType } from '../../../../graph/tensorType.js';
import { isSource } from '../../../fusion/sources.js';
import { type Collective, type Stages, stagesOf } from './stages.js';

/** Tensors that ranks combine, in place, in this order. */
export interface Combination {
  readonly fn: RankReduction;
  /** Names of carried tensors. */
  readonly results: readonly string[];
  /** Carried tensors that are copied into them before; absent: the stage before has written them. */
  readonly from: readonly (string | undefined)[];
}

/** A part of a program, and what ranks combine after it. */
export interface Stage {
  /** Its variables are the program's and carried tensors. */
  readonly program: Program;
  readonly combinations: readonly Combination[];
}

/** A program cut at its collectives. */
export interface SplitProgram {
  readonly stages: readonly Stage[];
  /** Tensors that one stage or the ranks write and later stages read, by name. */
  readonly carried: ReadonlyMap<string, TensorType>;
  /** Inputs of the program that several stages read: names of carried tensors by the input's name. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** Cuts a program at its collectives into programs without. */
export function splitProgram(program: Program): SplitProgram {
  return new Splitting(program).split();
}

/** Carried tensors have names that no variable has. */
const nameOf = (value: ValueId): string => `carried value ${value}`;

class Splitting {
  private readonly stages: Stages;
  private readonly makers: ReadonlyMap<ValueId, AnyProgramNode>;
  private readonly carried = new Map<string, TensorType>();
  /** Values of each stage that are stored for later ones, by the name under which. */
  private readonly stores: Map<string, ValueId>[];
  private readonly uses: Set<ValueId>[];
  private readonly updates: Record<string, ValueId>[];
  private readonly outputs: Record<string, ValueId>[];
  private readonly combinations: Combination[][];

  constructor(private readonly program: Program) {
    this.stages = stagesOf(program);
    this.makers = new Map(program.nodes.flatMap((node) => node.outputs.map((value) => [value, node])));
    const each = <T>(make: () => T): T[] => Array.from({ length: this.stages.count }, make);
    this.stores = each(() => new Map());
    this.uses = each(() => new Set());
    this.updates = each(() => ({}));
    this.outputs = each(() => ({}));
    this.combinations = each(() => []);
  }

  split(): SplitProgram {
    for (const [node, stage] of this.stages.of)
      if (node.kind !== 'allReduce') for (const value of node.inputs) this.use(value, stage);
    this.placeResults();
    for (const node of this.program.nodes) if (node.kind === 'allReduce') this.combine(node);
    const inputs = this.sharedInputs();
    const stages = this.combinations.map((combinations, stage) => ({
      program: this.programOf(stage, inputs),
      combinations,
    }));
    return { stages, carried: this.carried, inputs };
  }

  /** The stage in which a value is made, before ranks combine anything after it; sources are there in any. */
  private readyIn(value: ValueId): number {
    return this.stages.ready.get(value) ?? 0;
  }

  private isSource(value: ValueId): boolean {
    return isSource(this.makers.get(value)!);
  }

  private use(value: ValueId, stage: number): void {
    this.uses[stage]!.add(value);
    if (this.isSource(value) || this.isCombined(value)) return;
    const made = this.readyIn(value);
    if (made < stage) this.stores[made]!.set(this.carry(value), value);
  }

  private carry(value: ValueId): string {
    const name = nameOf(value);
    this.carried.set(name, this.program.values[value]!);
    return name;
  }

  /** Outputs are returned where they are made; a variable gets its new value after the last stage that reads the old one. */
  private placeResults(): void {
    const { outputs, updates, nodes } = this.program;
    for (const [name, value] of Object.entries(outputs)) {
      const stage = this.readyIn(value);
      this.use(value, stage);
      this.outputs[stage]![name] = value;
    }
    const variables = new Map(
      nodes.flatMap((node) => (node.kind === 'variable' ? [[node.attributes.name, node.outputs[0]!]] : [])),
    );
    for (const [name, value] of Object.entries(updates)) {
      const lastRead = this.uses.findLastIndex((used) => used.has(variables.get(name)!));
      const stage = Math.max(this.readyIn(value), lastRead);
      this.use(value, stage);
      this.updates[stage]![name] = value;
    }
  }

  /** Inputs that several stages read, since a run's own array is freed after one. */
  private sharedInputs(): Map<string, string> {
    const shared = new Map<string, string>();
    for (const node of this.program.nodes) {
      if (node.kind !== 'input') continue;
      const value = node.outputs[0]!;
      if (this.uses.filter((used) => used.has(value)).length > 1)
        shared.set(node.attributes.name, this.carry(value));
    }
    return shared;
  }

  private combine(node: Collective): void {
    const stage = this.stages.of.get(node)!;
    const from = node.inputs.map((value, i) => this.operand(value, node.outputs[i]!, stage));
    this.combinations[stage]!.push({
      fn: node.attributes.fn,
      results: node.outputs.map((value) => this.carry(value)),
      from,
    });
  }

  /** Has a stage write what is to be combined into the result's memory, or names the carried tensor that is to be copied there. */
  private operand(value: ValueId, result: ValueId, stage: number): string | undefined {
    if (this.isSource(value) || (this.readyIn(value) === stage && !this.isCombined(value))) {
      this.uses[stage]!.add(value);
      this.stores[stage]!.set(nameOf(result), value);
      return undefined;
    }
    if (!this.isCombined(value)) this.stores[this.readyIn(value)]!.set(this.carry(value), value);
    return nameOf(value);
  }

  private isCombined(value: ValueId): boolean {
    return this.makers.get(value)!.kind === 'allReduce';
  }

  private programOf(stage: number, inputs: ReadonlyMap<string, string>): Program {
    const { program, stages } = this;
    const sources: AnyProgramNode[] = [];
    const carriedIn = (value: ValueId, name: string): AnyProgramNode => ({
      kind: 'variable',
      attributes: { name, ...program.values[value]! },
      inputs: [],
      outputs: [value],
    });
    for (const value of this.uses[stage]!) {
      const maker = this.makers.get(value)!;
      const shared = maker.kind === 'input' ? inputs.get(maker.attributes.name) : undefined;
      if (shared !== undefined) sources.push(carriedIn(value, shared));
      else if (isSource(maker)) sources.push(maker);
      else if (this.isCombined(value) || this.readyIn(value) < stage)
        sources.push(carriedIn(value, nameOf(value)));
    }
    const nodes = program.nodes.filter((node) => node.kind !== 'allReduce' && stages.of.get(node) === stage);
    const stored = Object.fromEntries(this.stores[stage]!);
    return {
      values: program.values,
      nodes: [...sources, ...nodes],
      outputs: this.outputs[stage]!,
      updates: { ...this.updates[stage]!, ...stored },
    };
  }
}
