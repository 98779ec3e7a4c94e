/** Names that timm gives the tensors of models that torchvision has, too: its EfficientNet-like networks. */

/** What a network is made of. */
export interface TimmLayout {
  /** Blocks of each stage; those of the first have no expansion. */
  readonly depths: readonly number[];
  /** Whether the blocks have squeeze-and-excitation. Default false. */
  readonly excite?: boolean;
}

/** Modules with tensors before and after the stages. */
const BEFORE = ['conv_stem', 'bn1'];
const AFTER = ['conv_head', 'bn2', 'classifier'];

/** Modules of a block, where `se` stands for {@link EXCITE}. */
const SEPARABLE = ['conv_dw', 'bn1', 'se', 'conv_pw', 'bn2'];
const INVERTED = ['conv_pw', 'bn1', 'conv_dw', 'bn2', 'se', 'conv_pwl', 'bn3'];
const EXCITE = ['se.conv_reduce', 'se.conv_expand'];

/** timm's modules with tensors, in the order of its state dict. */
function modulesOf({ depths, excite = false }: TimmLayout): string[] {
  const blocks = depths.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, block) =>
      (stage === 0 ? SEPARABLE : INVERTED)
        .flatMap((part) => (part === 'se' ? (excite ? EXCITE : []) : [part]))
        .map((part) => `blocks.${stage}.${block}.${part}`),
    ),
  );
  return [...BEFORE, ...blocks.flat(), ...AFTER];
}

/**
 * timm's names of a network that torchvision has with the same layers in the same order.
 *
 * @returns the function that gives torchvision's names by timm's, given torchvision's in the state dict's order
 */
export function timmNames(layout: TimmLayout): (names: readonly string[]) => ReadonlyMap<string, string> {
  return (names) => {
    const split = names.map((name) => /^(.*)\.(\w+)$/.exec(name)!);
    const own = [...new Set(split.map(([, module]) => module!))];
    const theirs = modulesOf(layout);
    if (own.length !== theirs.length) throw new Error(`timm has ${theirs.length} modules, not ${own.length}`);
    const renamed = new Map(own.map((module, i) => [module, theirs[i]!]));
    return new Map(split.map(([name, module, tensor]) => [`${renamed.get(module!)}.${tensor}`, name]));
  };
}
