/** Names that the package efficientnet-lite-pytorch gives the tensors of EfficientNet-Lite. */

/** Its modules outside the blocks, by timm's names. */
const OUTSIDE: Readonly<Record<string, string>> = {
  conv_stem: '_conv_stem',
  bn1: '_bn0',
  conv_head: '_conv_head',
  bn2: '_bn1',
  classifier: '_fc',
};

/** Its modules of a block with an expansion. */
const EXPANDED: Readonly<Record<string, string>> = {
  conv_pw: '_expand_conv',
  bn1: '_bn0',
  conv_dw: '_depthwise_conv',
  bn2: '_bn1',
  conv_pwl: '_project_conv',
  bn3: '_bn2',
};

/** Its modules of a block without one, of the first stage. */
const SEPARABLE: Readonly<Record<string, string>> = {
  conv_dw: '_depthwise_conv',
  bn1: '_bn1',
  conv_pw: '_project_conv',
  bn2: '_bn2',
};

/**
 * The package's name of each tensor. It numbers the blocks throughout, and timm within each stage.
 *
 * @param names timm's, in the state dict's order
 * @returns timm's names by the package's
 */
export function efficientnetLiteNames(names: readonly string[]): ReadonlyMap<string, string> {
  const blocks = new Map<string, number>();
  return new Map(
    names.map((name) => {
      const [, block, stage, inner] = /^(blocks\.(\d+)\.\d+)\.(.*)$/.exec(name) ?? [];
      if (block === undefined || inner === undefined) return [renamed(name, OUTSIDE), name];
      if (!blocks.has(block)) blocks.set(block, blocks.size);
      return [`_blocks.${blocks.get(block)}.${renamed(inner, stage === '0' ? SEPARABLE : EXPANDED)}`, name];
    }),
  );
}

/** A name with its first part replaced. */
function renamed(name: string, parts: Readonly<Record<string, string>>): string {
  const dot = name.indexOf('.');
  return `${parts[name.slice(0, dot)]}${name.slice(dot)}`;
}
