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

  /** Every entry of the state dict, in PyTorch's order. */
  stateEntries(prefix = ''): StateEntry[] {
    return this.children().flatMap(([key, child]) => {
      const name = prefix + key;
      if (child instanceof Module) return child.stateEntries(`${name}.`);
      return [{ name, shape: child.shape, kind: child.kind, parameter: child }];
    });
  }
}
