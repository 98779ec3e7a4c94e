import { Parameter, type StateKind } from './parameter.js';

/** A named entry of a state dict. */
export interface StateEntry {
  /** PyTorch's name, such as `layer1.0.conv1.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: StateKind;
  readonly parameter: Parameter;
}

/**
 * A part of a model. Own properties that are parameters or modules are its state, named by the
 * property and in the order of definition, as PyTorch's `nn.Module` registers them.
 */
export abstract class Module {
  /** Named parameters and child modules, in order. */
  protected children(): [name: string, child: Module | Parameter][] {
    return Object.entries(this).filter(
      (entry): entry is [string, Module | Parameter] =>
        entry[1] instanceof Module || entry[1] instanceof Parameter,
    );
  }

  /**
   * Names of the entries of parts that are frozen or scaled together: a block is one, and so are layers that follow one another.
   * A module is one part, unless it is a sequence, which has those of its children.
   */
  parts(prefix = ''): string[][] {
    return [this.stateEntries(prefix).map(({ name }) => name)];
  }

  /** The parts of all children, where adjacent layers without blocks between them are one. */
  protected childParts(prefix: string): string[][] {
    const parts: string[][] = [];
    let layers: string[] | undefined;
    for (const [key, child] of this.children()) {
      const name = prefix + key;
      if (child instanceof Module && child.children().some(([, inner]) => inner instanceof Module)) {
        parts.push(...child.parts(`${name}.`));
        layers = undefined;
        continue;
      }
      if (!layers) {
        layers = [];
        parts.push(layers);
      }
      layers.push(
        ...(child instanceof Module ? child.stateEntries(`${name}.`).map((entry) => entry.name) : [name]),
      );
    }
    return parts.filter((names) => names.length > 0);
  }

  /** Every entry of the state dict, in PyTorch's order. */
  stateEntries(prefix = ''): StateEntry[] {
    return this.children().flatMap(([key, child]) => {
      const name = prefix + key;
      if (child instanceof Module) return child.stateEntries(`${name}.`);
      return [{ name, shape: child.shape, kind: child.kind, parameter: child }];
    });
  }
}
